"""Cells of the tables that people take away."""

from typing import Final

# Some spreadsheets read the full-width signs as the plain ones.
_STARTS: Final = tuple("=+-@\t\r\n＝＋－＠")


def begins_formula(cell: str) -> bool:
    """Would a spreadsheet take this text for a formula?"""
    return cell.startswith(_STARTS)
