"""A register's sheet before it is written: its columns, kinds and owners by their names."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dispatch.models import RegisterImport
from dispatch.registers import categories, facilities, places
from grids.models import Area, Facility, NamedPlace

_FACILITY = ("code", "kind", "owner", "lon", "lat", "plate", "cell", "retired")
_PLACE = ("code", "name", "kind", "aliases", "former_names", "area_id", "numbers", "lon", "lat", "retired")

_CATEGORY = ("code", "name_zh", "name_en", "scope_zh", "successor")
Register = RegisterImport.Register
_FIELDS = {
    Register.FACILITIES.value: _FACILITY,
    Register.PLACES.value: _PLACE,
    Register.CATEGORIES.value: _CATEGORY,
}
_COLUMNS = {
    Register.FACILITIES.value: facilities.COLUMNS,
    Register.PLACES.value: places.COLUMNS,
    Register.CATEGORIES.value: categories.COLUMNS,
}


def label(run: RegisterImport, name: str) -> str:
    """A field as the sheet's column is called: in Chinese as districts write it, else by its own name."""
    if run.register == Register.AREAS:
        return name  # a member of the file's GeoJSON
    if name == "cell":
        return _("Cell")
    name = {"retired": "state", "area_id": "area"}.get(name, name)
    name = {"successor_id": "successor"}.get(name, name)
    return _COLUMNS[run.register].label(name, in_chinese=(get_language() or "").startswith("zh"))


def preview(
    run: RegisterImport, owners: Callable[[Collection[str]], Mapping[str, str]]
) -> dict[str, list[Any]]:
    """The first rows under headings; `owners` names their codes, in one query."""
    if run.register == Register.AREAS:
        return _areas(run)
    is_facility = run.register == Register.FACILITIES
    fields = _FIELDS[run.register]
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


def _areas(run: RegisterImport) -> dict[str, list[Any]]:
    kinds: Mapping[str, Any] = dict(Area.Kind.choices)
    heads = [_("Code"), _("Kind"), pgettext("of a place", "Name"), _("Name until now"), _("Outline")]
    rows = [
        [
            what,
            code,
            kinds.get(kind, kind),
            name,
            was if was != name else "",
            pgettext("outline", "drawn anew") if drawn else "",
        ]
        for what, code, kind, name, was, drawn in run.sample
    ]
    return {"heads": heads if rows else [], "sample": rows}
