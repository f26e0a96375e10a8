"""Versions of the list: who may do what with them, and that exactly one is live at any instant."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import OrgUnit
from dispatch import editing, lists
from dispatch.edition import REHEARSED_MOST, edition_of
from dispatch.models import ItemChange, ListTerm, ResponsibilityList
from tests.cast import LAMP_UNIT, TUESDAY, Person
from tests.dispatch.versions import (
    DAY,
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
from tests.drawing import lives

pytestmark = pytest.mark.django_db
Standing = ResponsibilityList.Standing


def test_a_draft_has_all_the_items_and_changes_nothing_yet(lamps_steward: Person) -> None:
    live = live_list()
    draft = new_draft(lamps_steward)
    assert (draft.version, draft.based_on) == (live.version + 1, live)
    assert draft.standing(TUESDAY) == Standing.DRAFT
    assert lists.items_of(draft.pk) == lists.items_of(live.pk)
    assert lists.changed_kinds(draft) == {}
    refused("unchanged", lambda: lists.propose(draft=draft, remark="", by=lamps_steward.user, at=TUESDAY))


def test_only_stewards_make_drafts(dispatcher: Person, admin: Person) -> None:
    for somebody in (dispatcher, admin):
        refused("not_allowed", lambda by=somebody: new_draft(by))


def test_what_is_changed_is_told_field_by_field(steward: Person) -> None:
    draft = new_draft(steward)
    change(draft, steward, keywords=["路灯", "灯杆"], handle_limit="9wd")
    before = item_values(live_list())
    assert lists.changed_kinds(draft) == {LAMP_ITEM: ItemChange.Kind.CHANGED}
    assert lists.changed_codes(draft) == {
        LAMP_ITEM: {
            "keywords": [before["keywords"], ["路灯", "灯杆"]],
            "handle_limit": [before["handle_limit"], "9wd"],
        }
    }


def test_what_is_proposed_stands_still(steward: Person) -> None:
    proposed = proposal(steward)
    assert proposed.standing(TUESDAY) == Standing.PROPOSED
    refused("wrong_state", lambda: change(proposed, steward, handle_limit="3wd"))
    refused("wrong_state", lambda: lists.propose(draft=proposed, remark="", by=steward.user, at=TUESDAY))


def test_a_version_with_errors_is_neither_proposed_nor_adopted(
    steward: Person, chief_steward: Person
) -> None:
    draft = new_draft(steward)
    change(draft, steward, supervising_unit=LAMP_UNIT)  # it would supervise itself
    refused("faulty", lambda: lists.propose(draft=draft, remark="", by=steward.user, at=TUESDAY))
    good = proposal(steward)
    OrgUnit.objects.filter(code=LAMP_UNIT).update(is_open=False)  # closed while it waited
    refused("faulty", lambda: lists.adopt(proposed=good, by=chief_steward.user, at=TUESDAY))


def test_a_proposal_goes_back_with_a_word_why(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    proposed = proposal(steward)

    def send_back(by: Person, remark: str = "缺依据") -> ResponsibilityList:
        return lists.send_back(proposed=proposed, remark=remark, by=by.user, at=TUESDAY)

    refused("not_allowed", lambda: send_back(lamps_steward))
    refused("why", lambda: send_back(chief_steward, "  "))
    back = send_back(chief_steward)
    assert (back.state, back.remark) == (ResponsibilityList.State.DRAFT, "缺依据")
    change(back, steward, handle_limit="8wd")  # it can be worked on again


def test_a_department_leads_its_own_drafts_only(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    """Nor does it lead the draft that everybody's suggestions are gathered in."""
    foreign = new_draft(steward)
    change(foreign, steward)
    suggested = editing.suggest(
        item_code=LAMP_ITEM,
        values={"handle_limit": "9wd"},
        why="裁定",
        reference="",
        by=lamps_steward.user,
        at=TUESDAY,
    ).list
    for draft in (foreign, suggested):
        refused(
            "not_allowed",
            lambda draft=draft: lists.propose(draft=draft, remark="", by=lamps_steward.user, at=TUESDAY),
        )
    adopted(steward, chief_steward, handle_limit="7wd")
    for draft in (foreign, suggested):
        refused(
            "not_allowed",
            lambda draft=draft: lists.catch_up(draft=draft, by=lamps_steward.user, at=TUESDAY + HOUR),
        )


def test_a_department_takes_back_what_it_proposed_itself(lamps_steward: Person) -> None:
    mine = proposal(lamps_steward)
    back = lists.send_back(proposed=mine, remark="还要改", by=lamps_steward.user, at=TUESDAY)
    assert back.state == ResponsibilityList.State.DRAFT


def test_a_draft_is_dropped_by_its_maker_or_the_district(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    draft = new_draft(steward)
    refused("not_allowed", lambda: lists.drop(draft=draft, remark="", by=lamps_steward.user, at=TUESDAY))
    gone = lists.drop(draft=draft, remark="重复", by=chief_steward.user, at=TUESDAY)
    assert gone.standing(TUESDAY) == Standing.DROPPED
    refused("wrong_state", lambda: change(draft, steward))
    own = new_draft(lamps_steward)
    lists.drop(draft=own, remark="", by=lamps_steward.user, at=TUESDAY)


def test_two_pairs_of_eyes(
    steward: Person, chief_steward: Person, lamps_steward: Person, settings: Settings
) -> None:
    before, proposed = live_list(), proposal(steward)

    def adopt(by: Person) -> ListTerm:
        return lists.adopt(proposed=proposed, by=by.user, at=TUESDAY)

    refused("four_eyes", lambda: adopt(steward))
    refused("not_allowed", lambda: adopt(lamps_steward))
    adopt(chief_steward)
    assert live_list() == proposed
    assert before.standing(TUESDAY) == Standing.SUPERSEDED
    assert live_list(TUESDAY - HOUR) == before  # what was decided then was decided by that one
    settings.LIST_FOUR_EYES = False
    alone = proposal(steward, TUESDAY + HOUR, handle_limit="7wd")
    lists.adopt(proposed=alone, by=steward.user, at=TUESDAY + HOUR)
    assert live_list(TUESDAY + HOUR) == alone


def test_a_version_goes_live_at_its_date_and_not_before(steward: Person, chief_steward: Person) -> None:
    before, begins = live_list(), TUESDAY + 3 * DAY
    term = adopted(steward, chief_steward, starts_at=begins)
    assert term.list.standing(TUESDAY) == Standing.SCHEDULED
    assert live_list(begins - timedelta(microseconds=1)) == before
    assert live_list(begins) == term.list
    assert term.list.standing(begins) == Standing.LIVE
    assert before.standing(begins) == Standing.SUPERSEDED


@pytest.mark.parametrize(("starts_at", "code"), [(TUESDAY - HOUR, "past"), (TUESDAY + 367 * DAY, "far")])
def test_a_beginning_lies_ahead_but_not_far(
    steward: Person, chief_steward: Person, starts_at: datetime, code: str
) -> None:
    refused(code, lambda: adopted(steward, chief_steward, starts_at=starts_at))


def test_a_beginning_to_come_is_taken_back_and_a_come_one_is_not(
    steward: Person, chief_steward: Person
) -> None:
    before, begins = live_list(), TUESDAY + DAY
    term = adopted(steward, chief_steward, starts_at=begins)
    refused("begun", lambda: lists.withdraw_term(term=term, by=chief_steward.user, at=begins))
    again = lists.withdraw_term(term=term, by=chief_steward.user, at=TUESDAY + HOUR)
    assert again.standing(TUESDAY + HOUR) == Standing.PROPOSED
    assert live_list(begins) == before
    refused("begun", lambda: lists.withdraw_term(term=term, by=chief_steward.user, at=TUESDAY + HOUR))
    lists.adopt(proposed=again, starts_at=begins, by=chief_steward.user, at=TUESDAY + HOUR)
    assert live_list(begins) == again


def test_while_one_is_to_begin_no_other_is_adopted(steward: Person, chief_steward: Person) -> None:
    first = live_list()
    second = adopted(steward, chief_steward).list
    at = TUESDAY + HOUR
    third = adopted(steward, chief_steward, at, starts_at=TUESDAY + DAY, handle_limit="7wd")
    fourth = proposal(steward, at, handle_limit="6wd")
    refused("scheduled", lambda: lists.adopt(proposed=fourth, by=chief_steward.user, at=at))
    # Going back is for emergencies, so it is one step, and nothing begins unseen after it.
    lists.roll_back(to=first, reason="退件激增", by=steward.user, at=at)
    assert live_list(at) == live_list(TUESDAY + 2 * DAY) == first
    assert second.standing(at) == Standing.SUPERSEDED
    third.list.refresh_from_db()
    assert third.list.standing(at) == Standing.PROPOSED


def test_rolling_back_is_making_an_old_version_live_again(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    first = live_list()
    second = adopted(steward, chief_steward).list
    at = TUESDAY + HOUR

    def roll_back(to: ResponsibilityList, by: Person = steward, reason: str = "退件激增") -> ListTerm:
        return lists.roll_back(to=to, reason=reason, by=by.user, at=at)

    refused("not_allowed", lambda: roll_back(first, lamps_steward))
    refused("why", lambda: roll_back(first, reason=""))
    refused("live", lambda: roll_back(second))
    roll_back(first)
    assert live_list(at) == first
    assert live_list(at - timedelta(seconds=1)) == second
    assert second.standing(at) == Standing.SUPERSEDED
    assert ListTerm.objects.filter(list=first).count() == 2


def test_what_never_decided_cannot_be_gone_back_to(steward: Person, chief_steward: Person) -> None:
    term = adopted(steward, chief_steward, starts_at=TUESDAY + DAY)
    refused("never_live", lambda: lists.roll_back(to=term.list, reason="试", by=steward.user, at=TUESDAY))
    draft = new_draft(steward)
    refused("wrong_state", lambda: lists.roll_back(to=draft, reason="试", by=steward.user, at=TUESDAY))


def test_a_draft_that_is_behind_catches_up_before_it_is_proposed(
    steward: Person, chief_steward: Person
) -> None:
    mine = new_draft(steward)
    change(mine, steward, FOREIGN_ITEM, handle_limit="9wd")
    went_live = adopted(steward, chief_steward, handle_limit="7wd").list
    at = TUESDAY + HOUR
    refused("behind", lambda: lists.propose(draft=mine, remark="", by=steward.user, at=at))
    assert lists.catch_up(draft=mine, by=steward.user, at=at) == []
    mine.refresh_from_db()
    assert mine.based_on == went_live
    assert item_values(mine)["handle_limit"] == "7wd"
    assert list(lists.changed_kinds(mine)) == [FOREIGN_ITEM]
    lists.propose(draft=mine, remark="", by=steward.user, at=at)


def test_where_both_changed_one_field_the_drafts_stays_and_is_told(
    steward: Person, chief_steward: Person
) -> None:
    mine = new_draft(steward)
    change(mine, steward, handle_limit="9wd", legal_basis="《甲》")
    adopted(steward, chief_steward, handle_limit="7wd", accept_minutes=77)
    assert lists.catch_up(draft=mine, by=steward.user, at=TUESDAY + HOUR) == [LAMP_ITEM]
    merged = item_values(mine)
    assert (merged["handle_limit"], merged["legal_basis"], merged["accept_minutes"]) == ("9wd", "《甲》", 77)
    newest = ItemChange.objects.filter(list=mine).first()
    assert newest is not None
    assert newest.kind == ItemChange.Kind.TAKEN_OVER
    assert list(newest.changes) == ["accept_minutes"]


def test_a_proposal_that_fell_behind_is_not_adopted(steward: Person, chief_steward: Person) -> None:
    waiting = proposal(steward, handle_limit="9wd")
    adopted(steward, chief_steward, handle_limit="7wd")
    refused("behind", lambda: lists.adopt(proposed=waiting, by=chief_steward.user, at=TUESDAY + HOUR))


def test_the_database_lets_only_drafts_change(steward: Person) -> None:
    live, draft = live_list(), new_draft(steward)
    for statement in (
        "UPDATE dispatch_responsibilityitem SET level = 'A' WHERE list_id = %s",
        f"UPDATE dispatch_responsibilityitem SET list_id = {draft.pk} WHERE list_id = %s",
        "DELETE FROM dispatch_responsibilityitem WHERE list_id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [live.pk])
    assert draft.items.filter(code=LAMP_ITEM).update(level="A") == 1


def test_the_history_is_only_added_to(steward: Person) -> None:
    change(new_draft(steward), steward)
    for statement in ("UPDATE dispatch_itemchange SET why = ''", "DELETE FROM dispatch_itemchange"):
        with (
            pytest.raises((IntegrityError, InternalError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_no_two_versions_begin_at_one_instant(steward: Person) -> None:
    one, other = new_draft(steward), new_draft(steward)
    begins = TUESDAY + DAY
    ListTerm.objects.create(list=one, starts_at=begins, decided_at=TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ListTerm.objects.create(list=other, starts_at=begins, decided_at=TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic():  # a second one from the beginning
        ListTerm.objects.create(list=other, starts_at=None, decided_at=TUESDAY)


def test_what_has_begun_is_never_taken_back(steward: Person) -> None:
    term = ListTerm.objects.create(list=new_draft(steward), starts_at=TUESDAY, decided_at=TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ListTerm.objects.filter(pk=term.pk).update(cancelled_at=TUESDAY + HOUR)


minutes = st.integers(min_value=-60, max_value=60)


@lives(40)
@given(
    terms=st.lists(st.tuples(minutes, st.integers(0, 2), st.booleans()), max_size=8),
    asked=st.lists(minutes, min_size=1, max_size=6),
)
def test_at_any_instant_exactly_one_version_is_live(
    db: None, terms: list[tuple[int, int, bool]], asked: list[int]
) -> None:
    """Whatever terms the constraints let stand, against a slow reading of what a term means."""
    with transaction.atomic():
        first = live_list()
        versions = [
            lists.new_version(title="", based_on=first, by=None, at=TUESDAY, state="adopted")
            for _ in range(3)
        ]
        standing: list[tuple[datetime, ResponsibilityList]] = []
        for minute, which, is_cancelled in terms:
            starts = TUESDAY + timedelta(minutes=minute)
            cancelled = starts - timedelta(seconds=1) if is_cancelled else None
            try:
                with transaction.atomic():
                    ListTerm.objects.create(
                        list=versions[which], starts_at=starts, decided_at=TUESDAY, cancelled_at=cancelled
                    )
            except IntegrityError:
                assert not is_cancelled
                assert starts in [begun for begun, _ in standing]
                continue
            if not is_cancelled:
                standing.append((starts, versions[which]))
        for minute in asked:
            at = TUESDAY + timedelta(minutes=minute)
            begun = [(starts, version) for starts, version in standing if starts <= at]
            expected = max(begun, key=lambda told: told[0])[1] if begun else first
            assert ResponsibilityList.objects.live(at).get() == expected
            told = [version.standing(at) for version in (first, *versions)]
            assert told.count(Standing.LIVE) == 1
        transaction.set_rollback(True)


def test_what_a_draft_would_decide_follows_its_edits(steward: Person) -> None:
    draft = new_draft(steward)
    assert edition_of(draft).index.items[LAMP_ITEM].handle_limit != "9wd"
    change(draft, steward)
    draft.refresh_from_db()
    assert edition_of(draft).index.items[LAMP_ITEM].handle_limit == "9wd"
    assert edition_of(live_list()).index.items[LAMP_ITEM].handle_limit != "9wd"


def test_the_compiled_version_that_was_asked_for_longest_ago_makes_room(
    steward: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    live = live_list()
    for nth in range(REHEARSED_MOST):
        edition_of(live)
        edition_of(new_draft(steward, f"草稿 {nth}"))
    with django_assert_num_queries(1):  # the question whether anything changed; nothing is compiled again
        edition_of(live)
