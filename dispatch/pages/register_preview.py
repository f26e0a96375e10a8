"""A register's sheet before it is written: its columns, kinds and owners by their names."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from accounts.roles import Role
from dispatch.models import Category, RegisterImport
from dispatch.registers import categories, facilities, people, places, units
from grids.models import Area, Facility, NamedPlace

_FACILITY = ("code", "kind", "owner", "lon", "lat", "plate", "cell", "retired")
_PLACE = ("code", "name", "kind", "aliases", "former_names", "area_id", "numbers", "lon", "lat", "retired")

Register = RegisterImport.Register
_FIELDS = {
    Register.FACILITIES.value: _FACILITY,
    Register.PLACES.value: _PLACE,
}
_COLUMNS = {
    Register.FACILITIES.value: facilities.COLUMNS,
    Register.PLACES.value: places.COLUMNS,
    Register.CATEGORIES.value: categories.COLUMNS,
    Register.UNITS.value: units.COLUMNS,
    Register.PEOPLE.value: people.COLUMNS,
}
# Their previews tell of each row what it changes, field by field.
_TOLD = (Register.CATEGORIES, Register.UNITS, Register.PEOPLE)


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
    if run.register in _TOLD:
        return {"heads": [], "sample": [], "told": _told(run)}
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


def _told(run: RegisterImport) -> list[dict[str, Any]]:
    """Rows with their fields, in words; three queries at most."""
    # A preview of before an upgrade has rows of another kind: it is checked anew when it is applied.
    rows = [row for row in run.sample if len(row) == 4 and isinstance(row[3], list)]
    said = [
        (field, value)
        for _what, _line, _code, fields in rows
        for field, *values in fields
        for value in values
    ]
    names = _names_told(said)
    told = []
    for what, line, code, fields in rows:
        changes = [
            {"label": label(run, field), "was": _worded(field, was, names), "now": _worded(field, now, names)}
            for field, was, now in fields
        ]
        told.append({"what": what, "line": line, "code": code, "changes": changes})
    return told


def _names_told(said: Collection[tuple[str, str]]) -> dict[str, str]:
    """What the units and categories that rows name are called."""
    held = {value for field, value in said if field == "roles"}
    codes = {value for field, value in said if field == "parent"}
    codes |= {part.partition("@")[2] for value in held for part in value.split("; ")}
    successors = {value for field, value in said if field == "successor_id"}
    found = {unit.code: unit.name for unit in OrgUnit.objects.filter(code__in=codes)} if codes else {}
    for category in Category.objects.filter(code__in=successors) if successors else ():
        found[category.code] = f"{category.code} {category.name}"
    return found


def _worded(field: str, value: str, names: Mapping[str, str]) -> str:
    match field:
        case "kind":
            return str(dict(OrgUnit.Kind.choices).get(value, value))
        case "parent" | "successor_id":
            return names.get(value, value)
        case "state":
            return {"on": _("can sign in"), "off": pgettext("person", "switched off")}.get(value, value)
        case "roles":
            roles = dict(Role.choices)
            parts = [part.partition("@") for part in value.split("; ") if part]
            return _(", ").join(
                f"{roles.get(role, role)} · {names.get(unit, unit)}" for role, _at, unit in parts
            )
    return value
