"""A register's sheet before it is written: its columns, kinds and owners by their names."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dispatch.models import RegisterImport
from dispatch.registers import facilities, places
from grids.models import Facility, NamedPlace

_FACILITY = ("code", "kind", "owner", "lon", "lat", "plate", "cell", "retired")
_PLACE = ("code", "name", "kind", "aliases", "former_names", "area_id", "numbers", "lon", "lat", "retired")


def label(run: RegisterImport, name: str) -> str:
    """A field as the sheet's column is called: in Chinese as districts write it, else by its own name."""
    if name == "cell":
        return _("Cell")
    name = {"retired": "state", "area_id": "area"}.get(name, name)
    columns = facilities.COLUMNS if run.register == RegisterImport.Register.FACILITIES else places.COLUMNS
    return columns.label(name, in_chinese=(get_language() or "").startswith("zh"))


def preview(
    run: RegisterImport, owners: Callable[[Collection[str]], Mapping[str, str]]
) -> dict[str, list[Any]]:
    """The first rows under headings; `owners` names their codes, in one query."""
    is_facility = run.register == RegisterImport.Register.FACILITIES
    fields = _FACILITY if is_facility else _PLACE
    if not run.sample or any(len(row) != len(fields) + 1 for row in run.sample):
        return {"heads": [], "sample": run.sample}
    kinds: Mapping[str, Any] = dict((Facility if is_facility else NamedPlace).Kind.choices)
    words: dict[str, Mapping[str, Any]] = {
        "kind": kinds,
        "retired": {"True": pgettext("rows", "Retired"), "False": ""},
    }
    if is_facility:
        words["owner"] = owners({row[1 + fields.index("owner")] for row in run.sample})
    return {
        "heads": [label(run, name) for name in fields],
        "sample": [
            [
                row[0],
                *(words.get(name, {}).get(cell, cell) for name, cell in zip(fields, row[1:], strict=True)),
            ]
            for row in run.sample
        ],
    }
