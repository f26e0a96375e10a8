"""Another district's events in our terms."""

import csv
from pathlib import Path

import pytest

from config import pingshan

DISPATCH_DATA = Path(pingshan.__file__).parent.parent / "dispatch" / "data"
COMMUNITIES = {"440307016000": ["440307016001", "440307016002", "440307016003"]}
ROW = {
    "rec_id": "1",
    "create_time": "2018-02-08 15:34:40",
    "event_src_name": "@坪山",
    "event_property_name": "投诉",
    "main_type_name": "公用部件",
    "sub_type_name": "通讯井盖",
    "street_name": "坪山街道",
    "community_name": "六和社区",
    "dispose_unit_name": "坪山联通营业中心",
    "overtime_archive_num": "1",
}


def values(name: str, column: str) -> set[str]:
    with (DISPATCH_DATA / name).open(encoding="utf-8", newline="") as handle:
        return {row[column] for row in csv.DictReader(handle)}


def test_a_row_becomes_a_report():
    event = pingshan.event_of(ROW, COMMUNITIES)
    location = event.report["location"]
    assert location["area"] in COMMUNITIES["440307016000"]
    assert {**event.report, "location": None} == {
        "source": "city_app",
        "external_id": "pingshan-1",
        "text": "公用部件 通讯井盖 通讯井",
        "occurred_at": "2018-02-08T15:34:40+08:00",
        "nature": "complaint",
        "category": "0201",
        "owner": "china-telecom",
        "location": None,
    }
    assert (event.unit_name, event.was_late) == ("坪山联通营业中心", True)


def test_the_same_community_is_always_the_same_of_ours():
    first = pingshan.area_of("坪山街道", "六和社区", COMMUNITIES)
    assert pingshan.area_of("坪山街道", "六和社区", COMMUNITIES) == first


def test_a_place_that_they_did_not_know_is_left_out():
    event = pingshan.event_of({**ROW, "street_name": "-", "community_name": "-"}, COMMUNITIES)
    assert "location" not in event.report


def test_a_sub_type_without_a_row_falls_back_to_its_main_type():
    event = pingshan.event_of({**ROW, "sub_type_name": "没见过的井盖"}, COMMUNITIES)
    assert event.report["category"] == "0201"
    assert event.report["text"] == "公用部件 没见过的井盖"


def test_an_unknown_main_type_is_left_to_its_text():
    event = pingshan.event_of({**ROW, "main_type_name": "没见过", "sub_type_name": "没见过"}, COMMUNITIES)
    assert "category" not in event.report
    assert event.report["text"] == "没见过"


def test_events_come_in_time_order(tmp_path: Path):
    path = tmp_path / "events.csv"
    earlier = {**ROW, "rec_id": "2", "create_time": "2018-01-01 00:00:00"}
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ROW)
        writer.writeheader()
        writer.writerows([ROW, earlier])
    told = [event.report["external_id"] for event in pingshan.events(path, COMMUNITIES)]
    assert told == ["pingshan-2", "pingshan-1"]


def test_a_file_without_a_column_is_refused(tmp_path: Path):
    path = tmp_path / "events.csv"
    path.write_text("rec_id,create_time\n", encoding="utf-8")
    with pytest.raises(ValueError, match="event_src_name"):
        list(pingshan.events(path, COMMUNITIES))


def test_every_category_owner_and_place_type_of_the_table_exists():
    categories = values("categories.csv", "code")
    place_types = {
        word for cell in values("responsibility_items.csv", "place_types") for word in cell.split("|")
    }
    owners = {word for cell in values("responsibility_items.csv", "owners") for word in cell.split("|")}
    for meaning in pingshan.meanings().values():
        assert meaning.category in categories
        assert meaning.place_type in place_types
        assert meaning.owner in owners


def test_every_main_type_has_a_fallback():
    mains = {main for main, _sub in pingshan.meanings()}
    assert all((main, pingshan.ANY_OTHER) in pingshan.meanings() for main in mains)


def test_the_list_changes_hands_and_nothing_else(tmp_path: Path):
    ours = DISPATCH_DATA / "responsibility_items.csv"
    pingshan.write_list(ours, tmp_path / "items.csv")
    with ours.open(encoding="utf-8") as before, (tmp_path / "items.csv").open(encoding="utf-8") as after:
        pairs = list(zip(csv.DictReader(before), csv.DictReader(after), strict=True))
    leads = {(old["lead_unit"], new["lead_unit"]) for old, new in pairs}
    assert {pair for pair in leads if pair[0] != pair[1]} == set(pingshan.units().items())
    untouched = set(pairs[0][0]) - set(pingshan.UNIT_COLUMNS)
    assert all(old[column] == new[column] for old, new in pairs for column in untouched)
