"""A spreadsheet's way into a draft: checked by a worker, applied whole or not at all."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from dispatch import lists
from dispatch.errors import ListRefused
from dispatch.models import ColumnMapping, ImportFile, ItemChange, ListImport, ResponsibilityList
from dispatch.spreadsheets import checking, imports
from dispatch.spreadsheets.columns import find_heading, suggest
from dispatch.spreadsheets.grid import TableError
from dispatch.spreadsheets.reading import open_table
from tests.cast import TUESDAY, Person
from tests.dispatch.spreadsheets.files import workbook
from tests.dispatch.spreadsheets.runs import MINUTE, SHEET, applied, asked, begun, checked
from tests.dispatch.versions import adopted, change, item_values, live_list, new_draft

pytestmark = pytest.mark.django_db
State, Kind = ListImport.State, ItemChange.Kind


def refused(code: str, action: Callable[[], object]) -> None:
    with pytest.raises(ListRefused) as caught:
        action()
    assert caught.value.code == code


def test_a_file_becomes_a_preview_and_a_draft(steward: Person) -> None:
    run = checked(steward)
    assert run.state == State.CHECKED
    assert (run.counts["added"], run.counts["changed"], run.counts["problems"]) == (1, 1, 0)
    draft = applied(run, steward)
    assert (draft.state, draft.title, draft.based_on) == ("draft", "导入的清单", live_list())
    assert {code: str(kind) for code, kind in lists.changed_kinds(draft).items()} == {
        "0204-001": "changed",
        run.items.get(kind=Kind.ADDED).code: "added",
    }
    assert item_values(draft)["handle_limit"] == "2h"


def test_every_change_says_who_why_and_from_which_file(steward: Person) -> None:
    draft = applied(checked(steward), steward)
    told = ItemChange.objects.filter(list=draft).values_list("item_code", "why", "reference", "by", "at")
    assert len(told) == 2
    assert {row[1:] for row in told} == {("区里新清单", "清单.xlsx", steward.user.pk, TUESDAY)}
    draft.refresh_from_db()
    assert draft.revision == 1


def test_a_draft_that_is_being_written_takes_the_file_too(steward: Person) -> None:
    draft = new_draft(steward)
    change(draft, steward, code="0101-001", handle_limit="3wd")
    assert applied(checked(steward, target=draft), steward) == draft
    assert set(lists.changed_kinds(draft)) >= {"0101-001", "0204-001"}


def test_nothing_is_imported_while_one_row_has_a_problem(steward: Person) -> None:
    bad = [*SHEET, ["0204-003", "路灯照明", "第三项", "火星管理局", "立即", "x"]]
    run = checked(steward, bad)
    assert list(run.remarks.filter(is_problem=True).values_list("row", "column", "code")) == [
        (4, "D", "unknown_unit"),
        (4, "E", "vague"),
    ]
    before = ResponsibilityList.objects.count()
    refused("problems", lambda: applied(run, steward))
    assert ResponsibilityList.objects.count() == before


def test_nothing_is_imported_when_writing_fails_half_way(
    steward: Person, transactional_db: None, lists_undone: None
) -> None:
    run = checked(steward)
    with connection.cursor() as cursor:  # the database refuses the last row of history
        cursor.execute("ALTER TABLE dispatch_itemchange ADD CONSTRAINT none CHECK (kind <> 'added')")
    try:
        with pytest.raises(Exception, match="none"):
            applied(run, steward)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE dispatch_itemchange DROP CONSTRAINT none")
    run.refresh_from_db()
    assert (run.state, ResponsibilityList.objects.filter(title=run.title).count()) == (State.CHECKED, 0)
    assert applied(run, steward).title == run.title


def test_what_the_file_lacks_stays_unless_said(steward: Person) -> None:
    count = live_list().items.count()
    run = checked(steward)
    assert run.counts["missing"] == count - 1
    assert applied(run, steward).items.count() == count + 1
    whole = checked(steward)
    assert applied(whole, steward, remove_missing=True).items.count() == 2


def test_a_draft_that_was_edited_after_the_check_asks_for_a_new_one(steward: Person) -> None:
    draft = new_draft(steward)
    run = checked(steward, target=draft)
    assert not imports.is_stale(run, TUESDAY)
    change(draft, steward, handle_limit="9wd")
    assert imports.is_stale(run, TUESDAY)
    refused("stale", lambda: applied(run, steward))


def test_a_list_that_went_live_after_the_check_asks_for_a_new_one(
    steward: Person, chief_steward: Person
) -> None:
    run = checked(steward)
    adopted(steward, chief_steward, handle_limit="9wd")
    assert imports.is_stale(run, TUESDAY + MINUTE)
    refused("stale", lambda: applied(run, steward, at=TUESDAY + MINUTE))


def test_a_proposed_draft_takes_no_file(steward: Person) -> None:
    draft = new_draft(steward)
    change(draft, steward)
    run = checked(steward, target=draft)
    lists.propose(draft=draft, remark="请审", by=steward.user, at=TUESDAY)
    refused("stale", lambda: applied(run, steward))


def test_the_same_file_is_applied_once(steward: Person) -> None:
    run = checked(steward)
    draft = applied(run, steward)
    refused("not_checked", lambda: applied(run, steward))
    again = checked(steward, target=draft)
    # The new item has no code in the file: it is known by its name.
    assert (again.counts["added"], again.counts["changed"], again.counts["unchanged"]) == (0, 0, 2)
    refused("unchanged", lambda: applied(again, steward))


def test_a_departments_steward_imports_only_its_own_items(lamps_steward: Person) -> None:
    foreign = [*SHEET, ["0101-001", "暴露垃圾", "改名", "区水务局", "4小时", "x"]]
    run = checked(lamps_steward, foreign)
    assert list(run.remarks.filter(is_problem=True).values_list("row", "code")) == [(4, "not_yours")]
    own = checked(lamps_steward)
    led = live_list().items.filter(lead_unit=lamps_steward.unit).count()
    assert own.counts["missing"] == led - 1
    assert applied(own, lamps_steward).created_by == lamps_steward.user


def test_only_stewards_import_and_only_their_own_files(
    steward: Person, lamps_steward: Person, operator: Person
) -> None:
    refused("not_allowed", lambda: begun(operator))
    run = checked(steward)
    refused("not_allowed", lambda: applied(run, lamps_steward))
    assert run not in imports.visible(lamps_steward.user)
    assert checked(lamps_steward) in imports.visible(steward.user)


def test_a_file_that_cannot_be_read_is_not_kept(steward: Person) -> None:
    with pytest.raises(TableError):
        begun(steward, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert ListImport.objects.count() == 0


def test_the_columns_have_to_name_the_items(steward: Person) -> None:
    refused("columns", lambda: asked(steward, [["责任单位", "处置时限"], ["路灯养护公司", "4小时"]]))


def test_a_mapping_is_remembered_by_its_headings(steward: Person) -> None:
    asked(steward, days_are_working=True)
    [kept] = ColumnMapping.objects.all()
    assert kept.mapping == {
        "0": "code",
        "1": "category",
        "2": "matter_zh",
        "3": "lead_unit",
        "4": "handle_limit",
        "5": "keywords",
    }
    assert kept.options["days_are_working"] is True
    asked(steward)
    assert ColumnMapping.objects.count() == 1


def test_a_preview_is_made_anew_when_the_columns_change(steward: Person) -> None:
    run = checked(steward)
    assert run.items.exists()
    again = asked_again(run, steward)
    assert (again.state, again.items.count(), again.counts) == (State.WAITING, 0, {})


def asked_again(run: ListImport, by: Person) -> ListImport:
    heading = find_heading(open_table(bytes(run.file.data)).grid(run.sheet))
    assert heading is not None
    return imports.ask_check(
        run=run,
        sheet=run.sheet,
        heading=heading,
        mapping=suggest(heading),
        options={},
        target=None,
        title="t",
        language="zh-hans",
        by=by.user,
        at=TUESDAY,
    )


def test_the_file_goes_when_it_is_done_with(steward: Person) -> None:
    applied(checked(steward), steward)
    imports.drop(run=checked(steward), by=steward.user, at=TUESDAY)
    assert ImportFile.objects.count() == 0


def test_what_nobody_came_back_to_goes(steward: Person, chief_steward: Person) -> None:
    forgotten, others = begun(steward), begun(chief_steward)
    later = TUESDAY + imports.FORGOTTEN_AFTER + timedelta(days=1)
    fresh = begun(steward, at=later)
    assert set(ListImport.objects.all()) == {others, fresh}
    assert forgotten.pk not in {others.pk, fresh.pk}


def test_a_long_file_name_keeps_its_ending(steward: Person) -> None:
    run = begun(steward, name="C:\\清单\\" + "长" * 200 + ".xlsx")
    assert len(run.file_name) == 120
    assert run.file_name.endswith("长.xlsx")


# --- the worker -----------------------------------------------------------------------------------------


def test_files_are_checked_in_the_order_in_which_they_were_asked_for(steward: Person) -> None:
    second, first = asked(steward, at=TUESDAY + MINUTE), asked(steward)
    assert checking.check_next(at=TUESDAY)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.CHECKED, State.WAITING)
    assert checking.check_next(at=TUESDAY)
    assert not checking.check_next(at=TUESDAY)


def test_a_file_whose_worker_died_is_checked_by_the_next(steward: Person) -> None:
    run = asked(steward)
    ListImport.objects.filter(pk=run.pk).update(state=State.CHECKING, tries=1, done=7)
    assert checking.check_next(at=TUESDAY)
    run.refresh_from_db()
    assert (run.state, run.tries) == (State.CHECKED, 2)


def test_a_file_that_ends_workers_is_set_aside_and_the_next_is_checked(steward: Person) -> None:
    poison, good = asked(steward), asked(steward, at=TUESDAY + MINUTE)
    ListImport.objects.filter(pk=poison.pk).update(state=State.CHECKING, tries=3)
    while checking.check_next(at=TUESDAY):
        pass
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (poison.state, bool(poison.failure), good.state) == (State.FAILED, True, State.CHECKED)


def test_a_file_that_fails_says_so_and_keeps_nothing(steward: Person) -> None:
    run = asked(steward)
    broken = workbook([["x"]], title="另一张")
    ImportFile.objects.filter(list_import=run).update(data=broken)
    assert checking.check_next(at=TUESDAY)
    run.refresh_from_db()
    assert (run.state, run.items.count()) == (State.FAILED, 0)
    assert run.failure


def test_what_was_dropped_while_it_was_checked_stays_dropped(steward: Person) -> None:
    run = asked(steward)
    plan = checking._planned(run, TUESDAY)
    imports.drop(run=run, by=steward.user, at=TUESDAY)
    checking._keep(run, plan, at=TUESDAY, took=0)
    run.refresh_from_db()
    assert (run.state, run.items.count()) == (State.DROPPED, 0)


@pytest.fixture
def mapped_anew(steward: Person) -> ListImport:
    """An import of two columns that may both be the name: the second is said to be it."""
    rows = [["事项编码", "甲", "乙"], ["0204-001", "甲说", "乙说"]]
    run = begun(steward, rows)
    mapped(run, steward, name_column=1)
    return run


def mapped(run: ListImport, by: Person, *, name_column: int) -> None:
    table = open_table(bytes(run.file.data))
    heading = find_heading(table.grid(table.sheets[0]))
    assert heading is not None
    imports.ask_check(
        run=run,
        sheet=table.sheets[0],
        heading=heading,
        mapping={0: "code", name_column: "matter_zh"},
        options={},
        target=None,
        title="t",
        language="zh-hans",
        by=by.user,
        at=TUESDAY,
    )


def names_read(run: ListImport) -> list[str]:
    return [item.values["matter_zh"] for item in run.items.exclude(kind=Kind.REMOVED)]


def while_taken_up(monkeypatch: pytest.MonkeyPatch, meddle: Callable[[], object]) -> None:
    """Let a person do this when the worker holds the import and has not yet marked it as its own."""
    taken_up = checking._taken_up

    def late(pk: int) -> ListImport | None:
        meddle()
        return taken_up(pk)

    monkeypatch.setattr(checking, "_taken_up", late)


def test_columns_corrected_while_a_worker_takes_the_file_up_are_those_it_reads(
    mapped_anew: ListImport, steward: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_taken_up(monkeypatch, lambda: mapped(mapped_anew, steward, name_column=2))
    assert checking.check_next(at=TUESDAY)
    mapped_anew.refresh_from_db()
    assert mapped_anew.state == State.CHECKED
    assert names_read(mapped_anew) == ["乙说"]


def test_what_was_dropped_while_a_worker_takes_it_up_stays_dropped(
    mapped_anew: ListImport, steward: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_taken_up(monkeypatch, lambda: imports.drop(run=mapped_anew, by=steward.user, at=TUESDAY))
    assert not checking.check_next(at=TUESDAY)
    mapped_anew.refresh_from_db()
    assert (mapped_anew.state, mapped_anew.failure) == (State.DROPPED, "")


def test_a_worker_that_reads_the_old_columns_keeps_nothing_once_another_has_the_new_ones(
    mapped_anew: ListImport, steward: Person
) -> None:
    """It was frozen, lost its session and so its lock: another worker has the file by now."""
    frozen = checking._taken_up(mapped_anew.pk)
    assert frozen is not None
    plan = checking._planned(frozen, TUESDAY)
    mapped(mapped_anew, steward, name_column=2)
    taken = checking._taken_up(mapped_anew.pk)
    checking._keep(frozen, plan, at=TUESDAY, took=0)
    mapped_anew.refresh_from_db()
    assert (mapped_anew.state, mapped_anew.items.count()) == (State.CHECKING, 0)
    assert taken is not None
    checking._check(taken, TUESDAY)
    assert names_read(mapped_anew) == ["乙说"]


def test_asking_anew_gives_a_file_all_its_tries_again(steward: Person) -> None:
    run = asked(steward)
    ListImport.objects.filter(pk=run.pk).update(state=State.CHECKING, tries=3)
    checking.check_next(at=TUESDAY)
    imports.check_again(run=run, by=steward.user, at=TUESDAY)
    checking.check_next(at=TUESDAY)
    run.refresh_from_db()
    assert run.state == State.CHECKED


def test_two_workers_take_two_files(steward: Person, transactional_db: None, lists_undone: None) -> None:
    """One holds the first file; the other finds the second one, and then nothing."""
    first, second = asked(steward), asked(steward, at=TUESDAY + MINUTE)
    seen: list[bool] = []

    def other_worker() -> None:
        try:
            seen.extend([checking.check_next(at=TUESDAY), checking.check_next(at=TUESDAY)])
        finally:
            connection.close()

    with checking._held(first.pk) as is_ours:
        assert is_ours
        worker = threading.Thread(target=other_worker)
        worker.start()
        worker.join()
    assert seen == [True, False]
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, second.state) == (State.WAITING, State.CHECKED)


def test_progress_is_seen_while_a_file_is_checked(
    steward: Person, transactional_db: None, lists_undone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_TELL_EVERY", 0.0)
    rows = [
        SHEET[0],
        *([f"0204-{100 + n}", "路灯照明", f"项 {n}", "路灯养护公司", "4小时", f"词{n}"] for n in range(600)),
    ]
    run = asked(steward, rows)
    seen: list[tuple[str, int, int]] = []
    told = checking._Progress.__call__

    def watched(self: checking._Progress, step: ListImport.Step, done: int, total: int) -> None:
        told(self, step, done, total)
        looker = threading.Thread(target=look)
        looker.start()
        looker.join()

    def look() -> None:
        try:
            row = ListImport.objects.get(pk=run.pk)
            seen.append((row.step, row.done, row.total))
        finally:
            connection.close()

    monkeypatch.setattr(checking._Progress, "__call__", watched)
    assert checking.check_next(at=TUESDAY)
    assert seen[0] == ("reading", 0, 0)
    assert ("comparing", 500, 1200) in seen
    assert seen[-1] == ("comparing", 1200, 1200)
    assert transaction.get_autocommit()
