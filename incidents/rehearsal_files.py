"""A file of past cases from elsewhere: CSV or JSON Lines, checked row by row, then read like reports.

Nothing of a file is replayed while a row of it is wrong, unless the steward says to leave such rows out.
What was written in it is kept until its part is done, and no longer.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Choices
from django.utils.translation import gettext as _

from dispatch import service
from dispatch.calendar import SHANGHAI
from dispatch.comparing import PastCase
from dispatch.edition import Edition
from dispatch.errors import FactsError
from dispatch.facts import PlaceFacts
from dispatch.vocabulary import PlaceType, Source
from grids.locate import PlaceError, locate

PART = 500  # rows: reading a text takes longer than reading facts
MOST_ROWS = 20_000
MOST_BYTES = 10 * 1024 * 1024
TEXT_MOST = 5_000

# Our name of each column, and what people call it.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("内容", "诉求内容", "问题描述", "描述"),
    "category": ("类别", "事件类别", "类别编码"),
    "source": ("来源", "事件来源"),
    "received_at": ("时间", "受理时间", "上报时间"),
    "area": ("区域", "社区编码", "区域编码"),
    "lon": ("经度",),
    "lat": ("纬度",),
    "address": ("地址", "地点", "事发地址"),
    "place_type": ("场所", "场所类型"),
    "owner": ("权属", "设施权属"),
    "settled_unit": ("办结单位", "实际办结单位", "处置单位"),
}
_TIMES: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d")
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one field of one row; row 1 is a CSV's heading, row 0 the whole file."""

    row: int
    field: str
    code: str
    message: str


class _Bad(ValueError):
    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = (field, code, message)


def read(
    content: bytes, file_name: str, *, now: Edition, at: datetime
) -> tuple[list[dict[str, Any]], list[RowProblem]]:
    """The good rows as JSON, and every problem of the others. A row without a time came at `at`."""
    if len(content) > MOST_BYTES:
        told = _("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024}
        return [], [RowProblem(0, "", "too_large", told)]
    try:
        plain = _decoded(content)
        lines = _json_lines(plain) if _is_json(plain, file_name) else _csv_rows(plain)
        rows: list[dict[str, Any]] = []
        problems: list[RowProblem] = []
        known = _Known(now)
        for number, line in lines:
            if len(rows) + len(problems) >= MOST_ROWS:
                told = _("At most %(most)d rows at once.") % {"most": MOST_ROWS}
                return [], [RowProblem(0, "", "too_many", told)]
            found = line if isinstance(line, RowProblem) else _checked(number, line, known, now, at)
            if isinstance(found, RowProblem):
                problems.append(found)
            else:
                rows.append(found)
    except _Bad as error:
        return [], [RowProblem(0, *error.problem)]
    if not rows and not problems:
        return [], [RowProblem(0, "", "empty", _("The file has no rows."))]
    return rows, problems


def cases_of(rows: Sequence[Mapping[str, Any]], base: Edition) -> list[tuple[int, PastCase | None]]:
    """Row numbers and cases; category and matter are guessed from the text, as they are at intake."""
    requests = [
        service.Request(
            text=row["text"],
            source=row["source"],
            at=datetime.fromisoformat(row["at"]),
            place=PlaceFacts(row["cell"], row["community"], row["street"], row["in_district"]),
            category=row["category"],
            place_type=row["place_type"],
            owner=row["owner"],
        )
        for row in rows
    ]
    return [
        (row["row"], PastCase(str(row["row"]), facts, row["text"], settled_unit=row["settled_unit"]))
        for row, facts in zip(rows, service.read(requests, now=base), strict=True)
    ]


def _decoded(content: bytes) -> str:
    """UTF-8, or the encoding in which a Chinese Excel saves CSV."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _Bad("", "not_text", _("This is no text file: save it as CSV or JSON Lines in UTF-8."))


def _is_json(plain: str, file_name: str) -> bool:
    return file_name.lower().endswith((".jsonl", ".ndjson", ".json")) or plain.lstrip().startswith("{")


def _csv_rows(plain: str) -> Iterator[tuple[int, Mapping[str, str] | RowProblem]]:
    try:
        rows = csv.reader(io.StringIO(plain, newline=""), strict=True)
        heading = [_column(name) for name in next(rows, [])]
        if "text" not in heading:
            raise _Bad("text", "required", _("There is no column “text” (内容)."))
        if len(named := [name for name in heading if name]) != len(set(named)):
            raise _Bad("", "repeated", _("A column stands twice."))
        for number, values in enumerate(rows, start=2):
            if not any(value.strip() for value in values):
                continue
            if len(values) > len(heading):
                told = _("This row has more fields than the heading.")
                yield number, RowProblem(number, "", "too_many_fields", told)
                continue
            yield number, {name: value for name, value in zip(heading, values, strict=False) if name}
    except csv.Error as error:
        raise _Bad("", "not_csv", _("This is no CSV: %(error)s.") % {"error": error}) from error


def _json_lines(plain: str) -> Iterator[tuple[int, Mapping[str, Any] | RowProblem]]:
    # Not splitlines: a text may hold other breaks than the one that ends a line of JSON.
    for number, line in enumerate(plain.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            yield number, RowProblem(number, "", "not_json", _("This line is no JSON."))
            continue
        if not isinstance(told, dict):
            yield number, RowProblem(number, "", "not_an_object", _("Each line must be one JSON object."))
            continue
        named = {_column(str(name)): value for name, value in told.items()}
        yield (
            number,
            {name: "" if value is None else str(value) for name, value in named.items() if name},
        )


def _column(name: str) -> str:
    """Our name of a column; "" for one that says nothing here."""
    plain = name.strip().casefold()
    return next((ours for ours, theirs in COLUMNS.items() if plain == ours or plain in theirs), "")


class _Known:
    """What a field may say: codes, and what they are called, to codes."""

    def __init__(self, now: Edition) -> None:
        units = _called(now.names.units)
        self.by_field: Mapping[str, Mapping[str, str]] = {
            "source": _labelled(Source),
            "place_type": _labelled(PlaceType),
            "category": _called(now.names.categories),
            "settled_unit": units,
            "owner": {**units, "private": "private", "unknown": "unknown"},
        }


def _checked(
    number: int, line: Mapping[str, str], known: _Known, now: Edition, at: datetime
) -> dict[str, Any] | RowProblem:
    told = {name: line.get(name, "").strip() for name in COLUMNS}
    try:
        if not told["text"]:
            raise _Bad("text", "required", _("There is no text."))
        if len(told["text"]) > TEXT_MOST:
            raise _Bad(
                "text", "too_long", _("The text is longer than %(most)d letters.") % {"most": TEXT_MOST}
            )
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in told["text"]):
            raise _Bad("text", "not_text", _("The text holds what is no letter."))
        row: dict[str, Any] = {
            "row": number,
            "text": told["text"],
            "source": _one(told, "source", known) or Source.HOTLINE.value,
            "category": _one(told, "category", known),
            "place_type": _one(told, "place_type", known),
            "owner": _one(told, "owner", known),
            "settled_unit": _one(told, "settled_unit", known),
            "at": _instant(told["received_at"], at).isoformat(),
            **_place(told),
        }
        service.check(
            service.Request(
                text=row["text"],
                source=row["source"],
                at=at,
                category=row["category"],
                place_type=row["place_type"],
                owner=row["owner"],
            ),
            now,
        )
    except _Bad as error:
        return RowProblem(number, *error.problem)
    except FactsError as error:
        return RowProblem(number, error.field, error.code, str(error))
    return row


def _labelled(choices: type[Choices]) -> dict[str, str]:
    return {name: code for code, label in choices.choices for name in (code, str(label))}


def _called(names: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """By code, and by each name that only one has."""
    codes: dict[str, set[str]] = {}
    for code, called in names.items():
        for name in called:
            codes.setdefault(name, set()).add(code)
    single = {name: next(iter(found)) for name, found in codes.items() if len(found) == 1}
    return {**single, **{code: code for code in names}}


def _one(told: Mapping[str, str], field: str, known: _Known) -> str | None:
    if not told[field]:
        return None
    code = known.by_field[field].get(told[field])
    if code is None:
        raise _Bad(field, "unknown", _("“%(value)s” is not known here.") % {"value": told[field][:60]})
    return code


def _instant(told: str, at: datetime) -> datetime:
    """Beijing time where no offset stands."""
    if not told:
        return at
    found = _parsed(told)
    if found is None:
        raise _Bad("received_at", "not_a_time", _("“%(value)s” is no time.") % {"value": told[:60]})
    if found.tzinfo is None:
        found = found.replace(tzinfo=SHANGHAI)
    if not _EARLIEST <= found <= at:
        raise _Bad("received_at", "out_of_range", _("A past case came between 2000 and now."))
    return found.astimezone(UTC)


def _parsed(told: str) -> datetime | None:
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        pass
    for form in _TIMES:
        try:
            return datetime.strptime(told, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    return None


def _place(told: Mapping[str, str]) -> dict[str, Any]:
    try:
        place = locate(
            lon=_degrees(told, "lon"),
            lat=_degrees(told, "lat"),
            address=told["address"] or None,
            area=told["area"] or None,
        )
    except PlaceError as error:
        raise _Bad(error.field, error.code, error.detail) from error
    return {
        "cell": place.cell,
        "community": place.community,
        "street": place.street,
        "in_district": place.in_district,
    }


def _degrees(told: Mapping[str, str], name: str) -> float | None:
    if not told[name]:
        return None
    try:
        return float(told[name])
    except ValueError as error:
        raise _Bad(name, "not_a_number", _("This must be a number of degrees.")) from error
