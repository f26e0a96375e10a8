"""Changing a draft's items: with who and why, by who may, all of it or nothing, and never over another's."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from dispatch import editing, lists
from dispatch.errors import BadItem, ListRefused
from dispatch.models import ItemChange, ResponsibilityItem, ResponsibilityList
from tests.cast import LAMP_UNIT, TUESDAY, Person
from tests.dispatch.versions import (
    FOREIGN_ITEM,
    HOUR,
    LAMP_ITEM,
    adopted,
    change,
    item_values,
    live_list,
    new_draft,
    proposal,
    refused,
)

pytestmark = pytest.mark.django_db
Kind = ItemChange.Kind


@pytest.fixture
def draft(steward: Person) -> ResponsibilityList:
    return new_draft(steward)


def problems(action: Callable[[], object]) -> set[tuple[str, str]]:
    with pytest.raises(BadItem) as caught:
        action()
    return {(problem.field, problem.code) for problem in caught.value.problems}


def remove(draft: ResponsibilityList, by: Person, code: str = LAMP_ITEM) -> ItemChange:
    return editing.remove_item(draft=draft, code=code, why="并入另一项", by=by.user, at=TUESDAY)


def restore(draft: ResponsibilityList, by: Person, code: str = LAMP_ITEM) -> ItemChange:
    return editing.restore_item(draft=draft, code=code, why="改错了", by=by.user, at=TUESDAY)


def add(draft: ResponsibilityList, by: Person, code: str = "", **values: object) -> ItemChange:
    """A lamp item with one more condition."""
    given = {**item_values(live_list()), "code": code, "keywords": ["智慧灯杆"], **values}
    return editing.save_item(draft=draft, values=given, why="新设施", by=by.user, at=TUESDAY)


def test_a_change_says_what_who_and_why(draft: ResponsibilityList, steward: Person) -> None:
    before = item_values(draft)
    entry = change(draft, steward, why=" 招标合同第六条 ", handle_limit="9wd")
    assert (entry.kind, entry.item_code, entry.why, entry.by) == (
        Kind.CHANGED,
        LAMP_ITEM,
        "招标合同第六条",
        steward.user,
    )
    assert entry.changes == {"handle_limit": [before["handle_limit"], "9wd"]}
    assert item_values(draft) == {**before, "handle_limit": "9wd"}
    draft.refresh_from_db()
    assert draft.revision == 1


def test_nothing_is_changed_without_a_why(draft: ResponsibilityList, steward: Person) -> None:
    refused("why", lambda: change(draft, steward, why=" "))
    refused("why", lambda: change(draft, steward, why="长" * 201))
    assert lists.changed_kinds(draft) == {}


def test_saving_the_same_again_is_no_change(draft: ResponsibilityList, steward: Person) -> None:
    refused("unchanged", lambda: change(draft, steward, level=item_values(draft)["level"]))
    draft.refresh_from_db()
    assert draft.revision == 0


def test_an_item_that_cannot_stand_is_refused_with_its_fields(
    draft: ResponsibilityList, steward: Person
) -> None:
    told = problems(
        lambda: change(
            draft,
            steward,
            matter_zh="",
            lead_unit="nobody",
            hours="25:00-26:00",
            handle_limit="4 hours",
            accept_minutes=0,
            keywords=["灯", "灯"],
            place_types=["moon"],
        )
    )
    assert told == {
        ("matter_zh", "required"),
        ("lead_unit", "unknown_unit"),
        ("hours", "hours"),
        ("handle_limit", "limit"),
        ("accept_minutes", "minutes"),
        ("keywords", "twice"),
        ("place_types", "unknown"),
    }
    assert lists.changed_kinds(draft) == {}
    assert not ItemChange.objects.exists()


def test_a_new_item_gets_the_next_number_that_no_version_has_used(
    draft: ResponsibilityList, steward: Person, chief_steward: Person
) -> None:
    other = new_draft(chief_steward)
    first, second = add(draft, steward), add(other, chief_steward)
    used = ResponsibilityItem.objects.filter(list=live_list(), category_id="0204").count()
    assert (first.item_code, second.item_code) == (f"0204-{used + 1:03}", f"0204-{used + 2:03}")
    assert (first.kind, lists.changed_kinds(draft)) == (Kind.ADDED, {first.item_code: Kind.ADDED})
    assert first.changes["keywords"] == [None, ["智慧灯杆"]]


@pytest.mark.parametrize(
    ("code", "problem"), [(LAMP_ITEM, "exists"), ("0204/9", "code"), ("0204-1234567890", "code")]
)
def test_a_code_that_is_given_is_free_and_short(
    draft: ResponsibilityList, steward: Person, code: str, problem: str
) -> None:
    assert problems(lambda: add(draft, steward, code)) == {("code", problem)}


def test_what_is_removed_can_be_restored(draft: ResponsibilityList, steward: Person) -> None:
    before = item_values(draft)
    assert remove(draft, steward).kind == Kind.REMOVED
    assert not draft.items.filter(code=LAMP_ITEM).exists()
    assert lists.changed_kinds(draft) == {LAMP_ITEM: Kind.REMOVED}
    refused("not_found", lambda: remove(draft, steward))
    assert restore(draft, steward).kind == Kind.RESTORED
    assert item_values(draft) == before
    assert lists.changed_kinds(draft) == {}


def test_restoring_an_item_that_the_draft_added_takes_it_out(
    draft: ResponsibilityList, steward: Person
) -> None:
    code = add(draft, steward).item_code
    assert restore(draft, steward, code).kind == Kind.RESTORED
    assert not draft.items.filter(code=code).exists()


def test_restoring_what_was_not_changed_is_refused(draft: ResponsibilityList, steward: Person) -> None:
    refused("unchanged", lambda: restore(draft, steward))


def test_a_department_changes_its_own_items_only(draft: ResponsibilityList, lamps_steward: Person) -> None:
    change(draft, lamps_steward)
    code = add(draft, lamps_steward).item_code
    remove(draft, lamps_steward, code)
    refused("not_yours", lambda: change(draft, lamps_steward, FOREIGN_ITEM))
    refused("not_yours", lambda: remove(draft, lamps_steward, FOREIGN_ITEM))
    # It does not help itself to another's item, nor adds one for somebody else.
    refused("not_yours", lambda: change(draft, lamps_steward, FOREIGN_ITEM, lead_unit=LAMP_UNIT))
    refused("not_yours", lambda: add(draft, lamps_steward, lead_unit="water-group"))


def test_a_department_takes_back_what_it_gave_away_by_mistake(
    draft: ResponsibilityList, lamps_steward: Person
) -> None:
    change(draft, lamps_steward, lead_unit="water-group")
    restore(draft, lamps_steward)
    assert item_values(draft)["lead_unit"] == LAMP_UNIT


def test_only_stewards_change_items(draft: ResponsibilityList, dispatcher: Person) -> None:
    refused("not_allowed", lambda: change(draft, dispatcher))
    refused("not_allowed", lambda: remove(draft, dispatcher))
    refused("not_allowed", lambda: restore(draft, dispatcher))


def test_a_form_that_is_older_than_the_item_is_refused(
    draft: ResponsibilityList, steward: Person, chief_steward: Person
) -> None:
    seen = editing.newest_change(draft, LAMP_ITEM)
    change(draft, chief_steward, handle_limit="9wd")

    def late(**given: object) -> ItemChange:
        values = item_values(draft, **given)
        return editing.save_item(
            draft=draft,
            code=LAMP_ITEM,
            values=values,
            why="晚",
            by=steward.user,
            at=TUESDAY,
            seen_change=seen,
        )

    refused("stale", lambda: late(handle_limit="8wd"))
    refused(
        "stale",
        lambda: editing.remove_item(
            draft=draft, code=LAMP_ITEM, why="晚", by=steward.user, at=TUESDAY, seen_change=seen
        ),
    )
    change(draft, steward, FOREIGN_ITEM)  # another's item is no obstacle
    assert item_values(draft)["handle_limit"] == "9wd"


def test_many_items_are_written_together_or_not_at_all(draft: ResponsibilityList, steward: Person) -> None:
    good, bad = item_values(draft, handle_limit="9wd"), item_values(draft, FOREIGN_ITEM, handle_limit="soon")

    def save(*items: dict[str, object], seen: int) -> editing.Saved:
        return editing.save_items(
            draft=draft, items=items, why="导入", by=steward.user, at=TUESDAY, seen_revision=seen
        )

    assert problems(lambda: save(good, bad, seen=0)) == {("handle_limit", "limit")}
    assert lists.changed_kinds(draft) == {}
    assert list(save(good, {**bad, "handle_limit": "8wd"}, seen=0).changes) == [LAMP_ITEM, FOREIGN_ITEM]
    refused("stale", lambda: save(good, seen=0))


def test_a_suggestion_opens_a_draft_and_the_next_joins_it(dispatcher: Person, steward: Person) -> None:
    def suggest(by: Person, **values: object) -> ItemChange:
        return editing.suggest(
            item_code=LAMP_ITEM,
            values=values,
            why="裁定",
            reference="20260707-000001",
            by=by.user,
            at=TUESDAY,
        )

    first = suggest(dispatcher, handle_limit="9wd")  # whoever rules need not be a steward
    second = suggest(dispatcher, accept_minutes=77)
    assert first.list == second.list
    assert first.list.for_suggestions
    assert first.reference == "20260707-000001"
    assert set(lists.changed_codes(first.list)[LAMP_ITEM]) == {"handle_limit", "accept_minutes"}
    lists.propose(draft=first.list, remark="", by=steward.user, at=TUESDAY)
    third = suggest(dispatcher, handle_limit="8wd")  # what is proposed stands still
    assert third.list != first.list
    assert ResponsibilityList.objects.filter(for_suggestions=True, state="draft").count() == 1
    # Sent back while another one collects: it does not collect any more.
    back = lists.send_back(proposed=first.list, remark="再看", by=steward.user, at=TUESDAY)
    assert not back.for_suggestions


def test_suggestions_about_one_item_add_up(dispatcher: Person, steward: Person) -> None:
    words = item_values(live_list())["keywords"]

    def suggest(**values: object) -> ItemChange:
        return editing.suggest(
            item_code=LAMP_ITEM, values=values, why="退件", reference="", by=dispatcher.user, at=TUESDAY
        )

    # Each was thought of while looking at what is live, not at the other.
    suggest(keywords=[*words, "甲灯"])
    second = suggest(keywords=[*words[1:], "乙灯"])
    assert item_values(second.list)["keywords"] == [*words[1:], "甲灯", "乙灯"]
    suggest(handle_limit="9wd")
    refused("unchanged", lambda: suggest(handle_limit="9wd"))
    refused("suggested_otherwise", lambda: suggest(handle_limit="8wd"))
    assert item_values(second.list)["handle_limit"] == "9wd"


def test_a_suggestion_is_about_what_is_live_not_about_an_old_draft(
    dispatcher: Person, steward: Person, chief_steward: Person
) -> None:
    def suggest(**values: object) -> ItemChange:
        return editing.suggest(
            item_code=LAMP_ITEM,
            values=values,
            why="退件",
            reference="",
            by=dispatcher.user,
            at=TUESDAY + HOUR,
        )

    old = suggest(accept_minutes=77).list
    adopted(steward, chief_steward, handle_limit="9wd")
    # The draft still has the limit of before, which nobody suggested.
    assert suggest(handle_limit="8wd").list == old


def test_a_version_that_decided_is_never_edited(steward: Person, chief_steward: Person) -> None:
    went_live = adopted(steward, chief_steward).list
    refused("wrong_state", lambda: change(went_live, steward, handle_limit="8wd"))
    refused("wrong_state", lambda: remove(went_live, steward))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lists_undone")
def test_of_two_who_save_one_item_at_once_one_is_told(steward: Person, chief_steward: Person) -> None:
    draft = new_draft(steward)
    seen = editing.newest_change(draft, LAMP_ITEM)

    def save(by: Person, limit: str) -> None:
        values = item_values(draft, handle_limit=limit)
        editing.save_item(
            draft=draft, code=LAMP_ITEM, values=values, why="同时", by=by.user, at=TUESDAY, seen_change=seen
        )

    told = at_once(lambda: save(steward, "9wd"), lambda: save(chief_steward, "8wd"))
    assert sorted(told) == ["done", "stale"]
    assert ItemChange.objects.filter(list=draft).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lists_undone")
def test_of_two_who_adopt_at_once_one_is_told(steward: Person, chief_steward: Person) -> None:
    one, other = proposal(steward), proposal(steward, handle_limit="7wd")

    def adopt(proposed: ResponsibilityList) -> Callable[[], None]:
        return lambda: void(lists.adopt(proposed=proposed, by=chief_steward.user, at=TUESDAY + HOUR))

    told = at_once(adopt(one), adopt(other))
    assert sorted(told) == ["behind", "done"]
    assert live_list(TUESDAY + HOUR + timedelta(seconds=1)) in (one, other)


def void(_: object) -> None:
    """Only what it does is of interest."""


def at_once(*actions: Callable[[], None]) -> list[str]:
    """Run these in threads that start together; "done" or the refusal's code of each."""
    told: list[str] = []
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], None]) -> None:
        try:
            start.wait()
            action()
            told.append("done")
        except ListRefused as refused:
            told.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told
