"""People who are not there: the demo's staff, residents' reports in their rhythm, and what units do.

They act through the same public actions as everybody else, at times that they are told.
"""
