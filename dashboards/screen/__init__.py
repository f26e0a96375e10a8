"""指挥屏: what leaders have on the wall of the operations centre, of the district or a street.

It reads what the boards and the centre's wall count, and counts nothing itself. The wall of a centre is for
those who work there and opens cases; this one is looked at from five metres, and nobody touches it.
"""
