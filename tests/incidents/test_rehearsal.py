"""A rehearsal end to end: asked for, done in parts, told against what really happened; it writes no case."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import editing
from dispatch.comparing import Tally
from dispatch.errors import ListRefused
from dispatch.models import ResponsibilityList
from incidents import actions, past_cases, rehearsal
from incidents.models import Incident, Rehearsal, RehearsalPart, RehearsedCase, Text
from incidents.models.incident import ResolutionOutcome, Status
from incidents.past_cases import Sending
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, reload
from tests.dispatch.versions import LAMP_ITEM, change, live_list, new_draft

pytestmark = pytest.mark.django_db
State = Rehearsal.State
LATER = TUESDAY + timedelta(days=3)


@pytest.fixture
def draft(steward: Person) -> ResponsibilityList:
    """Lamps go to the water group: a bad idea."""
    made = new_draft(steward)
    change(made, steward, lead_unit="water-group")
    return fresh(made)


def fresh(draft: ResponsibilityList) -> ResponsibilityList:
    return ResponsibilityList.objects.get(pk=draft.pk)


def ask(draft: ResponsibilityList, by: Person, days: int = 30) -> Rehearsal:
    return rehearsal.start(draft=fresh(draft), days=days, by=by.user, at=LATER)


def work() -> int:
    """Whatever there is to do; answers in how many steps."""
    steps = 0
    while rehearsal.step(at=LATER + timedelta(seconds=steps)):
        steps += 1
    return steps


def rehearse(draft: ResponsibilityList, by: Person, days: int = 30) -> tuple[Rehearsal, Tally]:
    asked = ask(draft, by, days)
    work()
    done = Rehearsal.objects.get(pk=asked.pk)
    assert done.state == State.DONE
    assert done.result is not None
    return done, Tally.from_json(done.result)


def closed(case: Incident, supervisor: Person) -> Incident:
    return actions.close(
        number=case.number, reason="电话核实", actor=supervisor.actor, at=TUESDAY + timedelta(hours=3)
    )


def refused(code: str, action) -> None:
    with pytest.raises(ListRefused) as caught:
        action()
    assert caught.value.code == code


def test_a_case_that_would_go_elsewhere_is_shown_with_what_really_happened(
    draft, resolved_case, supervisor, steward
):
    closed(resolved_case, supervisor)
    done, tally = rehearse(draft, steward)
    assert (tally.looked, tally.decided, tally.changed) == (1, 1, 1)
    assert tally.flows == {(LAMP_UNIT, "water-group"): {"wronged": 1}}
    row = RehearsedCase.objects.get()
    assert (row.incident_id, row.kind, row.turn) == (resolved_case.pk, "unit", "wronged")
    assert (row.before["unit"], row.after["unit"], row.settled_unit) == (LAMP_UNIT, "water-group", LAMP_UNIT)
    assert (row.sent_unit, row.returns, row.before["item"]) == (LAMP_UNIT, 0, LAMP_ITEM)
    assert (done.kept, done.took_ms is not None) == (1, True)


def test_an_open_case_is_open(draft, lamp_case, steward):
    _done, tally = rehearse(draft, steward)
    assert tally.turns == {"open": 1}


def test_a_resolved_case_that_is_not_checked_yet_is_open_too(draft, resolved_case, steward):
    _done, tally = rehearse(draft, steward)
    assert tally.turns == {"open": 1}


def test_no_case_is_ever_written(draft, resolved_case, supervisor, steward):
    closed(resolved_case, supervisor)
    before = Incident.objects.values().get(pk=resolved_case.pk)
    lines, sent = reload(resolved_case).timeline.count(), reload(resolved_case).assignments.count()
    rehearse(draft, steward)
    after = reload(resolved_case)
    assert Incident.objects.values().get(pk=resolved_case.pk) == before
    assert (after.timeline.count(), after.assignments.count(), after.decisions.count()) == (lines, sent, 1)


def test_only_cases_of_the_days_are_looked_at(draft, steward):
    for age in (1, 9, 11):
        file_report(at=LATER - timedelta(days=age), joins="")
    _done, tally = rehearse(draft, steward, days=10)
    assert tally.looked == 2


def test_a_merged_case_is_another_s(draft, lamp_case, operator, supervisor, steward):
    other = file_report(at=TUESDAY + timedelta(days=1), category=None, text="同一盏灯,不知道在哪")
    Incident.objects.filter(pk=lamp_case.pk).update(status=Status.MERGED, merged_into=other)
    asked = ask(draft, steward)
    assert asked.total == 1


def test_a_text_that_was_erased_is_not_read(draft, lamp_case, steward):
    Text.objects.filter(pk=lamp_case.text_id).update(erased_at=TUESDAY)
    _done, tally = rehearse(draft, steward)
    assert (tally.wordless, tally.changed) == (1, 1)


def test_a_case_without_a_machine_s_decision_is_said_to_be_unreadable(draft, lamp_case, steward):
    lamp_case.decisions.update(made_by=steward.user)
    _done, tally = rehearse(draft, steward)
    assert (tally.looked, tally.unreadable, tally.decided) == (1, 1, 0)


def test_cases_of_other_categories_are_looked_at_and_not_fetched(draft, lamp_case, steward):
    file_report(category="0101", text="路边一袋垃圾没人收", at=TUESDAY + timedelta(hours=1))
    part = RehearsalPart.objects.create(
        rehearsal=ask(draft, steward),
        position=99,
        size=2,
        first_at=TUESDAY,
        first_id=0,
        last_at=LATER,
        last_id=2**62,
    )
    told = [case for _pk, case in past_cases.cases_of(part, ["0204"])]
    assert [case is not None and case.facts is not past_cases.UNTOUCHED for case in told] == [True, False]
    assert told[1] is not None
    assert told[1].text is None


def test_nothing_to_look_at_is_a_result_too(draft, steward):
    done, tally = rehearse(draft, steward)
    assert (done.total, tally.looked, tally.changed) == (0, 0, 0)


def test_a_draft_that_changes_nothing_decides_no_case_anew(lamp_case, steward):
    _done, tally = rehearse(new_draft(steward), steward)
    assert (tally.looked, tally.decided) == (1, 0)


def test_a_list_that_is_based_on_none_has_nothing_to_be_compared_with(steward):
    refused("no_base", lambda: ask(live_list(), steward))


@pytest.mark.parametrize("days", [0, 731])
def test_days_have_bounds(draft, steward, days):
    refused("days", lambda: ask(draft, steward, days=days))


def test_only_stewards_rehearse(draft, operator, steward):
    refused("not_allowed", lambda: ask(draft, operator))
    asked = ask(draft, steward)
    refused("not_allowed", lambda: rehearsal.cancel(rehearsal=asked, by=operator.user, at=LATER))


# --- in parts -------------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch) -> None:
    monkeypatch.setattr(rehearsal, "PART", 2)


def five_lamps() -> list[Incident]:
    return [file_report(at=TUESDAY + timedelta(minutes=nth), joins="") for nth in range(5)]


@pytest.mark.usefixtures("small_parts")
def test_every_case_is_in_one_part_also_those_received_at_one_instant(draft, steward):
    for _nth in range(5):
        file_report(joins="")
    done, tally = rehearse(draft, steward)
    assert (done.parts.count(), tally.looked) == (3, 5)


@pytest.mark.usefixtures("small_parts")
def test_progress_is_told_part_by_part(draft, steward):
    five_lamps()
    asked = ask(draft, steward)
    told = [rehearsal.progress(asked)]
    while rehearsal.step(at=LATER):
        told.append(rehearsal.progress(asked))
    assert sorted(set(told)) == [0, 2, 4, 5]
    assert told == sorted(told)


@pytest.mark.usefixtures("small_parts")
def test_one_that_is_called_off_gets_no_further_part(draft, steward):
    five_lamps()
    asked = ask(draft, steward)
    rehearsal.step(at=LATER)
    rehearsal.step(at=LATER)
    rehearsal.cancel(rehearsal=asked, by=steward.user, at=LATER)
    done = rehearsal.progress(asked)
    assert work() == 0
    asked.refresh_from_db()
    assert (asked.state, rehearsal.progress(asked), asked.result) == (State.CANCELLED, done, None)


@pytest.mark.usefixtures("small_parts")
def test_one_whose_draft_is_edited_stops_and_says_so(draft, steward):
    five_lamps()
    asked = ask(draft, steward)
    rehearsal.step(at=LATER)
    rehearsal.step(at=LATER)
    change(draft, steward, at=LATER, handle_limit="1wd")
    work()
    asked.refresh_from_db()
    assert asked.state == State.OVERTAKEN


def test_a_result_is_stale_once_the_draft_is_edited(draft, lamp_case, steward):
    done, _tally = rehearse(draft, steward)
    assert not rehearsal.is_stale(rehearsal.newest_result(draft))
    editing.restore_item(draft=draft, code=LAMP_ITEM, why="还原", by=steward.user, at=LATER)
    assert rehearsal.is_stale(rehearsal.newest_result(fresh(draft)))
    assert rehearsal.newest(draft) == done


def test_asking_twice_is_asking_once_but_for_another_stretch(draft, lamp_case, steward):
    first = ask(draft, steward)
    assert ask(draft, steward) == first
    second = ask(draft, steward, days=90)
    assert second != first
    assert list(Rehearsal.objects.filter(state__in=rehearsal.ACTIVE)) == [second]


def test_the_last_result_stays_until_there_is_another_and_older_ones_go(draft, lamp_case, steward):
    first, _tally = rehearse(draft, steward)
    second, _tally = rehearse(draft, steward)
    third = ask(draft, steward)
    assert set(Rehearsal.objects.all()) == {second, third}
    assert set(RehearsedCase.objects.values_list("rehearsal", flat=True)) == {second.pk}
    assert rehearsal.newest_result(draft) == second
    assert first.pk < second.pk


@pytest.mark.usefixtures("small_parts")
def test_where_not_all_can_be_kept_those_that_turned_wrong_are(
    draft, resolved_case, supervisor, steward, monkeypatch
):
    closed(resolved_case, supervisor)
    file_report(at=TUESDAY + timedelta(minutes=1), joins="")  # open
    monkeypatch.setattr(rehearsal, "KEPT_MOST", 1)
    done, tally = rehearse(draft, steward)
    assert (tally.changed, done.kept) == (2, 1)
    assert RehearsedCase.objects.get().turn == "wronged"


def test_a_part_that_fails_three_times_ends_the_rehearsal_and_names_the_error(draft, lamp_case, steward):
    asked = ask(draft, steward)
    lamp_case.decisions.update(detail={"facts": {"categories": [{"code": "0204"}]}})
    work()
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (State.FAILED, "KeyError")
    assert asked.parts.get().attempts == rehearsal.TRIES
    assert asked.parts.get().last_error == "KeyError"


def test_a_part_takes_a_fixed_number_of_statements(draft, steward):
    def statements() -> int:
        ask(draft, steward)
        rehearsal.step(at=LATER)
        rehearsal.step(at=LATER)  # whatever is compiled for the first time
        ask(draft, steward, days=31)
        rehearsal.step(at=LATER)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            rehearsal.step(at=LATER)
        return len(caught)

    file_report()
    few = statements()
    for nth in range(8):
        file_report(at=TUESDAY + timedelta(days=1, minutes=nth), joins="")
    assert statements() == few


# --- whose it rightly was ------------------------------------------------------------------------------


def sending(pk: int, unit: str, follows: int | None = None, *, resolved: bool = False) -> Sending:
    return Sending(pk, unit, "0204-001", follows, automatic=pk == 1, resolved=resolved)


def test_a_returned_case_was_rightly_the_second_unit_s():
    settled = past_cases.settling("closed", "solved", [sending(1, "a"), sending(2, "b", resolved=True)])
    assert settled is not None
    assert settled.unit == "b"


def test_a_case_that_was_raised_or_made_safe_first_was_rightly_the_first_unit_s():
    chain = [sending(1, "a"), sending(2, "b", 1), sending(3, "c", 2, resolved=True)]
    settled = past_cases.settling("closed", "solved", chain)
    assert settled is not None
    assert settled.unit == "a"


def test_a_case_that_ran_from_one_street_s_level_and_was_then_ruled_elsewhere_is_the_ruled_unit_s():
    chain = [sending(1, "a"), sending(2, "b", 1), sending(3, "c", resolved=True)]
    settled = past_cases.settling("closed", "explained", chain)
    assert settled is not None
    assert settled.unit == "c"


@pytest.mark.parametrize("outcome", ["answered", "not_accepted", "withdrawn", ""])
def test_what_no_unit_settled_was_nobody_s(outcome):
    assert past_cases.settling("closed", outcome, [sending(1, "a", resolved=True)]) is None


@pytest.mark.parametrize("status", [one for one in Status.values if one != "closed"])
def test_what_is_not_closed_is_not_settled(status):
    assert past_cases.settling(status, ResolutionOutcome.SOLVED, [sending(1, "a", resolved=True)]) is None
