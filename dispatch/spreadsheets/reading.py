"""A spreadsheet from its bytes: which sheets it has, and what they say."""

from collections.abc import Sequence
from typing import Protocol

from django.utils.translation import gettext as _

from dispatch.spreadsheets.delimited import read_delimited
from dispatch.spreadsheets.grid import FILE_MOST, Grid, TableError
from dispatch.spreadsheets.xlsx import OF_A_LIST, Bounds, Workbook

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of workbooks with a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Table(Protocol):
    """Sheets by name; a CSV file has one, without a name. Reading one raises TableError."""

    @property
    def sheets(self) -> Sequence[str]: ...

    def grid(self, sheet: str, *, most: int | None = None) -> Grid: ...


class _Csv:
    sheets = ("",)

    def __init__(self, data: bytes, rows: int) -> None:
        self._data, self._rows = data, rows

    def grid(self, sheet: str, *, most: int | None = None) -> Grid:
        return read_delimited(self._data, most=most, rows=self._rows)


def open_table(data: bytes, *, most: int = FILE_MOST, bounds: Bounds = OF_A_LIST) -> Table:
    """The table in these bytes, whatever the file is called. Raises TableError.

    `most`: bytes that it may have; `bounds`: what may be in it.
    """
    if not data.strip():
        raise TableError("empty", _("The file is empty."))
    if len(data) > most:
        told = {"most": most // 1024 // 1024}
        raise TableError("file_size", _("The file is larger than %(most)d MB.") % told)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise TableError("encrypted", _("The file is protected by a password: save it without one."))
        raise TableError(
            "old_excel", _("This is the old .xls format: open it in Excel or WPS and save it as .xlsx.")
        )
    if data.startswith(b"PK"):
        return Workbook(data, bounds)
    return _Csv(data, bounds.rows)
