"""The registers of places as sheets: facilities and names, checked row by row, written whole or not at all.

The registers themselves are in grids. Their sheets are read here, because what a sheet calls a unit
(中国电信) and how a CSV of Excel's looks are this room's knowledge, and grids may not ask it.
"""
