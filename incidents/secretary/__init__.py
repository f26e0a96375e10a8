"""书记在线: letters to the secretary of the district or of a street, and the signed reply.

A letter is a report that somebody put before a secretary. It changes nothing about its case, which goes
its way to a unit with its clocks; the secretary answers the person, in words of their own.
"""
