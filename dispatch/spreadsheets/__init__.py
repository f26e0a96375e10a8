"""The responsibility list as Excel and CSV: reading a district's own spreadsheet, and writing ours.

What is read stays pure until it is applied: bytes → grid → header → mapping → plan.
"""
