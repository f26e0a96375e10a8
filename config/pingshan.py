"""The events of another Shenzhen district, Pingshan in 2018, in our terms: for `manage.py replay`.

Their file has one closed event a row: time, source, nature, type, street, community, the unit that
did it, and whether it was in time; no text. The tables beside this file say what their words mean
here. They were made by reading what each type means, not by fitting single rows: where a type says
more than its category (inside an estate, a telecom carrier's cover), it says so as words, place type
and owner. The type's own name goes in as the text.
"""

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

DATA: Final = Path(__file__).parent / "data"
ZONE: Final = ZoneInfo("Asia/Shanghai")
ANY_OTHER: Final = "*"
UNIT_COLUMNS: Final = ("lead_unit", "support_units", "follow_up_unit", "supervising_unit")
COLUMNS: Final = (
    "rec_id",
    "create_time",
    "event_src_name",
    "event_property_name",
    "main_type_name",
    "sub_type_name",
    "street_name",
    "community_name",
    "dispose_unit_name",
    "overtime_archive_num",
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a type of theirs is here. An empty string leaves the matter to the text."""

    category: str
    text: str
    place_type: str
    owner: str


@dataclass(frozen=True, slots=True)
class Event:
    """One row: the report that it makes, when, and what really became of it."""

    at: datetime
    report: Mapping[str, Any]
    unit_name: str  # who did it, in their words
    was_late: bool


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@lru_cache(maxsize=1)
def meanings() -> Mapping[tuple[str, str], Meaning]:
    """By main and sub type; sub type `*` is any other of that main type."""
    return {
        (row["main_type_name"], row["sub_type_name"]): Meaning(
            row["category_code"], row["text"], row["place_type"], row["owner"]
        )
        for row in _table("pingshan_types.csv")
    }


@lru_cache(maxsize=1)
def words() -> Mapping[tuple[str, str], str]:
    """Sources, natures and streets: (kind, their word) to ours."""
    return {(row["kind"], row["theirs"]): row["ours"] for row in _table("pingshan_words.csv")}


@lru_cache(maxsize=1)
def units() -> Mapping[str, str]:
    """Our unit's code to that of the unit which held its work there: where the two divide it otherwise."""
    return {row["unit_code"]: row["instead"] for row in _table("pingshan_units.csv")}


def write_list(ours: Path, target: Path) -> None:
    """Our responsibility list with the work divided as theirs was, for `load_items` in a replay's database.

    Only units change hands (config/data/pingshan_units.csv); conditions and limits stay.
    """
    with ours.open(encoding="utf-8", newline="") as source:
        reader = csv.DictReader(source)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        for column in UNIT_COLUMNS:
            held = (units().get(unit, unit) for unit in row[column].split("|"))
            row[column] = "|".join(dict.fromkeys(held))
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def events(path: Path, communities: Mapping[str, Sequence[str]]) -> Iterator[Event]:
    """The file's events in time order. `communities` are our streets' codes with their communities'.

    Raises ValueError for a file that lacks a column.
    """
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            raise ValueError(f"{path.name} lacks the columns {', '.join(missing)}")
        rows = sorted(reader, key=lambda row: (row["create_time"], row["rec_id"]))
    for row in rows:
        yield event_of(row, communities)


def event_of(row: Mapping[str, str], communities: Mapping[str, Sequence[str]]) -> Event:
    """One row as the report that POST reports/ takes."""
    main, sub = row["main_type_name"], row["sub_type_name"]
    at = datetime.strptime(row["create_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    meaning = meanings().get((main, sub)) or meanings().get((main, ANY_OTHER))
    name = main if main == sub else f"{main} {sub}"
    report: dict[str, Any] = {
        "source": words().get(("source", row["event_src_name"]), "hotline"),
        "external_id": f"pingshan-{row['rec_id']}",
        "text": f"{name} {meaning.text}".strip() if meaning else name,
        "occurred_at": at.isoformat(),
    }
    if nature := words().get(("nature", row["event_property_name"])):
        report["nature"] = nature
    if meaning:
        report["category"] = meaning.category
        report.update({key: value for key, value in _hints(meaning) if value})
    if area := area_of(row["street_name"], row["community_name"], communities):
        report["location"] = {"area": area}
    return Event(at, report, row["dispose_unit_name"], row["overtime_archive_num"] == "1")


def _hints(meaning: Meaning) -> tuple[tuple[str, str], ...]:
    return ("place_type", meaning.place_type), ("owner", meaning.owner)


def area_of(street_name: str, community_name: str, communities: Mapping[str, Sequence[str]]) -> str | None:
    """A community of ours for one of theirs: always the same, in the street that stands for its street."""
    street = words().get(("street", street_name))
    choice = communities.get(street or "")
    if not street or not choice:
        return None
    return choice[zlib.crc32(community_name.encode()) % len(choice)] if community_name else street
