"""Reference files: loaded whole or refused whole, and loading twice changes nothing."""

from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.reference import BadFile, read_rows
from config import clock
from dispatch.calendar_book import newest_book
from dispatch.loading import DATA, is_kept_by_hand, load_categories, load_items
from dispatch.models import CalendarDay, CalendarYear, Category, ResponsibilityItem, ResponsibilityList
from dispatch.workdays import load_calendar
from tests.cast import TUESDAY, Person
from tests.dispatch.versions import DAY, adopted, live_list

pytestmark = pytest.mark.django_db
ITEMS = DATA / "responsibility_items.csv"


def edited(tmp_path: Path, old: str, new: str, source: Path = ITEMS) -> Path:
    """The reference file with the first `old` replaced."""
    text = source.read_text("utf-8")
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(BadFile) as caught:
        load_items(path, at=clock.now(), title="test")
    return [str(bad) for bad in caught.value.rows]


def test_the_districts_reference_data_is_complete() -> None:
    live = ResponsibilityList.objects.live(clock.now()).get()
    assert Category.objects.count() == 146
    assert Category.objects.values("domain_code").distinct().count() == 20
    assert live.items.count() == 2374
    assert sum(item.is_catch_all for item in live.items.all()) == 146


def test_loading_the_same_list_again_changes_nothing() -> None:
    before = ResponsibilityList.objects.live(clock.now()).get()
    version, is_new = load_items(ITEMS, at=clock.now(), title="again")
    assert (version, is_new) == (before, False)
    assert ResponsibilityList.objects.count() == 1


def test_a_changed_list_becomes_the_next_version_and_the_old_one_stays(tmp_path: Path) -> None:
    before = ResponsibilityList.objects.live(clock.now()).get()
    path = edited(tmp_path, ",routine,120,60,4wh,", ",routine,120,60,6wh,")
    version, is_new = load_items(path, at=clock.now(), title="next")
    before.refresh_from_db()
    assert is_new
    assert version.version == before.version + 1
    assert before.standing(clock.now()) == ResponsibilityList.Standing.SUPERSEDED
    assert before.items.count() == version.items.count() == 2374


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (",routine,120,60,4wh,", ",whenever,120,60,4wh,", "row 2, column urgency: “whenever” is not known"),
        (
            ",routine,120,60,4wh,",
            ",routine,soon,60,4wh,",
            "column dispatch_minutes: A whole number of minutes",
        ),
        (
            ",routine,120,60,4wh,",
            ",routine,120,60,4 hours,",
            "column handle_limit: “4 hours” is not a limit",
        ),
        ("main_road|side_road", "main_road|moon", "row 2, column place_types: “moon” is not known"),
        (
            ",sanitation-company,@street/municipal",
            ",nobody,@street/municipal",
            "column lead_unit: “nobody” is not a unit",
        ),
        (",@street/municipal-services,", ",@street/poets,", "“@street/poets” is not a unit"),
        ("袋垃圾|袋装垃圾", "袋垃圾||袋装垃圾", "column keywords: There is an empty word"),
        ("22:00-06:00", "22:00-26:00", "column hours: “22:00-26:00” is not a stretch of the day"),
        ("0101-002,0101", "0101-001,0101", "row 3, column code: '0101-001' is already used by row 2"),
        ("0101-002,0101", "0101-002,9901", "row 3, column category_code: “9901” is not known"),
        ("0101-001,0101,主次干道散落生活垃圾", "0101-001,0101,", "column matter_zh: This is needed"),
    ],
)
def test_a_bad_row_names_file_row_column_and_reason(tmp_path: Path, old: str, new: str, told: str) -> None:
    said = complaints(edited(tmp_path, old, new))
    assert any(told in one and one.startswith("responsibility_items.csv, row ") for one in said), said


def test_nothing_of_a_file_with_a_bad_row_is_loaded(tmp_path: Path) -> None:
    before = ResponsibilityItem.objects.count()
    path = edited(tmp_path, ",routine,120,60,4wh,", ",whenever,120,60,6wh,")
    with pytest.raises(BadFile, match="Nothing of this file was loaded"):
        call_command("load_items", path)
    assert ResponsibilityItem.objects.count() == before
    assert ResponsibilityList.objects.count() == 1


def test_all_complaints_are_collected_and_twenty_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "responsibility_items.csv"
    path.write_text(ITEMS.read_text("utf-8").replace(",routine,", ",lazy,"), "utf-8")
    with pytest.raises(BadFile) as caught:
        load_items(path, at=clock.now(), title="test")
    assert len(caught.value.rows) == 1576
    assert str(caught.value).count("is not known") == 20
    assert "and 1556 more" in str(caught.value)


def test_a_category_without_its_general_item_is_refused(tmp_path: Path) -> None:
    lines = ITEMS.read_text("utf-8").splitlines(keepends=True)
    path = tmp_path / "responsibility_items.csv"
    path.write_text("".join(line for line in lines if not line.startswith("0101-017")), "utf-8")
    kept = [line for line in lines if line.startswith("0101-")]
    last = kept[-1].split(",")[0]
    path.write_text("".join(line for line in lines if not line.startswith(last)), "utf-8")
    assert any("0101 has no item without conditions" in one for one in complaints(path))


def test_categories_load_twice_and_correct_a_name(tmp_path: Path) -> None:
    path = DATA / "categories.csv"
    assert load_categories(path) == (0, 146)
    assert load_categories(edited(tmp_path, "Exposed garbage", "Garbage about", path)) == (1, 146)
    assert Category.objects.get(code="0101").name_en == "Garbage about"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"code,name\n1,\xff\n", "row 2: is not UTF-8"),
        (b"code,nam\n1,a\n", "row 1, column name: is missing in the header"),
        (b"code,name,name\n1,a,b\n", "row 1, column name: stands there twice"),
        (b"code,name\n1,a\n2\n", "row 3: has 1 cells where the header has 2"),
        (b'code,name\n1,"a\n', "is not well-formed CSV"),
        (b"code,name\n1,a\x00b\n", "NUL"),
        (b"", "row 1, column code: is missing in the header"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"some\.csv") as caught:
        read_rows(path, ("code", "name"))
    assert told in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_rows(tmp_path / "none.csv", ("code",))


def test_the_calendar_knows_make_up_days_and_which_years_are_forecasts() -> None:
    assert CalendarDay.objects.get(date="2026-10-10").is_working
    assert not CalendarDay.objects.get(date="2026-10-01").is_working
    assert CalendarYear.objects.get(year=2018).confirmed
    assert not CalendarYear.objects.get(year=2030).confirmed
    assert 2030 in newest_book().district.unconfirmed_years
    # New Year's Day 2019 was worked off in 2018.
    assert CalendarDay.objects.get(date="2018-12-29").is_working


def test_loading_the_calendar_again_changes_nothing() -> None:
    assert load_calendar()[0] == 0


def test_a_year_that_a_person_confirmed_is_left_alone() -> None:
    CalendarYear.objects.filter(year=2030).update(confirmed=True)
    CalendarDay.objects.filter(year_id=2030).delete()
    assert load_calendar([2030]) == (0, 1)
    assert not CalendarDay.objects.filter(year_id=2030).exists()


def test_a_release_leaves_a_list_alone_that_somebody_keeps_here(
    steward: Person, chief_steward: Person
) -> None:
    assert not is_kept_by_hand(TUESDAY)
    adopted(steward, chief_steward, starts_at=TUESDAY + DAY)
    assert is_kept_by_hand(TUESDAY)  # what is to begin rests on what is live now
    edited_here = live_list(TUESDAY + DAY)
    call_command("load_items")
    assert live_list(clock.now()) == edited_here
