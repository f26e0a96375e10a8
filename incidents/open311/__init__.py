"""Open311 GeoReport v2: what is reported here, in the words of other cities' apps.

Like residents' pages it reaches the core through incidents.public alone.
"""
