"""A unit is merged: its open cases go on with the other one, with their clocks; nothing is counted twice."""

from datetime import timedelta

import pytest

from accounts.models import OrgUnit
from accounts.roles import Role
from incidents import actions, succession
from incidents.actor import SYSTEM
from incidents.models import Assignment, CaseRequest, Incident, OutboxMessage, Outcome, Timer
from incidents.policy import visible
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload

HOUR = timedelta(hours=1)


@pytest.fixture
def heir(db: None) -> str:
    """Some other department."""
    return "water-affairs"


def merge(to: str) -> None:
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(is_open=False, successor=to)


def run() -> int:
    total = 0
    while done := succession.step(at=TUESDAY + 2 * HOUR):
        total += done
    return total


def clocks(case: Incident) -> list[tuple[str, object, object, int]]:
    open_ones = Timer.objects.filter(incident=case, stopped_at__isnull=True).order_by("kind")
    return [(one.kind, one.started_at, one.due_at, one.run) for one in open_ones]


def test_a_case_in_hand_goes_on_with_the_clock_that_it_has(handler: Person, heir: str) -> None:
    case = file_report()
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + HOUR)
    before, was = clocks(case), reload(case)
    facts = list(Outcome.objects.filter(incident=case).values_list("pk", flat=True))
    merge(heir)
    assert succession.waiting() == {LAMP_UNIT: 1}
    assert run() == 1
    now = reload(case)
    assert (now.owner_unit_id, now.status, now.due_at, now.dispatched_at, now.accepted_at) == (
        heir,
        was.status,
        was.due_at,
        was.dispatched_at,
        was.accepted_at,
    )
    assert clocks(case) == before
    assert set(Timer.objects.filter(incident=case, stopped_at=None).values_list("unit_code", flat=True)) == {
        heir
    }
    assert list(Outcome.objects.filter(incident=case).values_list("pk", flat=True)) == facts
    ended, stands = Assignment.objects.filter(incident=case, role="lead").order_by("pk")
    assert (ended.unit_id, ended.end_reason) == (LAMP_UNIT, Assignment.End.SUCCEEDED)
    assert (stands.unit_id, stands.follows_id, stands.accepted_at) == (heir, ended.pk, ended.accepted_at)
    line = case.timeline.get(kind="unit_succeeded")
    assert line.data | {"assignment": 0} == {"unit": heir, "from": LAMP_UNIT, "leads": True, "assignment": 0}
    # A second worker, and a second run, find nothing.
    assert succession.waiting() == {}
    assert run() == 0
    assert not actions.succeed(
        number=case.number, unit_code=LAMP_UNIT, to=heir, actor=SYSTEM, at=TUESDAY + 2 * HOUR
    )


def test_the_others_people_see_it_and_settle_it(handler: Person, heir: str) -> None:
    case = file_report()
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + HOUR)
    merge(heir)
    run()
    theirs = person("theirs", Role.HANDLER, heir)
    assert Incident.objects.filter(visible(theirs.user), pk=case.pk).exists()
    actions.note(number=case.number, text="接手了", actor=theirs.actor, at=TUESDAY + 3 * HOUR)
    assert reload(case).handler is None  # whose hands it was in works for neither


def test_what_was_asked_does_not_lapse(handler: Person, heir: str) -> None:
    case = file_report()
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + HOUR)
    actions.request_extension(
        number=case.number,
        reason="等配件",
        until=reload(case).due_at + timedelta(days=1),
        actor=handler.actor,
        at=TUESDAY + HOUR,
    )
    merge(heir)
    run()
    asked = CaseRequest.objects.get(incident=case)
    assert asked.answered_at is None
    assert asked.assignment.unit_id == heir


def test_who_waits_for_acceptance_waits_for_the_others(heir: str) -> None:
    case = file_report()
    due = reload(case).due_at
    merge(heir)
    run()
    theirs = person("theirs", Role.HANDLER, heir)
    assert reload(case).due_at == due
    actions.accept(number=case.number, actor=theirs.actor, at=TUESDAY + 2 * HOUR)
    assert Outcome.objects.get(incident=case, kind=Outcome.Kind.ACCEPTED).unit_code == heir


def test_work_that_is_not_good_is_the_others_to_do_again(resolved_case: Incident, heir: str) -> None:
    checker = resolved_case.verifications.get().unit_id
    merge(heir)
    run()
    check = Timer.objects.get(incident=resolved_case, kind="verification", stopped_at=None)
    assert check.unit_code == checker  # whose it is to check has not changed
    actions.verify(
        number=resolved_case.number,
        fixed=False,
        text="还是不亮",
        actor=person("checks", Role.HANDLER, checker).actor,
        at=TUESDAY + 3 * HOUR,
    )
    lead = Assignment.objects.get(incident=resolved_case, role="lead", ended_at=None)
    again = Timer.objects.get(incident=resolved_case, kind="handling", stopped_at=None)
    assert (again.assignment_id, again.unit_code) == (lead.pk, heir)


def test_who_is_to_check_now_is_asked_and_has_the_clock(resolved_case: Incident, heir: str) -> None:
    checker = resolved_case.verifications.get().unit_id
    OrgUnit.objects.filter(pk=checker).update(is_open=False, successor=heir)
    run()
    check = Timer.objects.get(incident=resolved_case, kind="verification", stopped_at=None)
    assert resolved_case.verifications.get().unit_id == check.unit_code == heir
    told = OutboxMessage.objects.filter(incident=resolved_case, kind="verification.asked")
    assert [message.receiver for message in told.order_by("pk")] == [f"check:{checker}", f"check:{heir}"]


def test_what_comes_later_goes_to_the_successor_at_once(heir: str) -> None:
    merge(heir)
    assert file_report().owner_unit_id == heir


def test_of_two_that_support_one_case_one_is_left(supervisor: Person, heir: str) -> None:
    case = file_report()
    actions.invite_support(
        number=case.number,
        units=[heir],
        asked="一起去",
        actor=supervisor.actor,
        at=TUESDAY + timedelta(minutes=1),
        due_at=TUESDAY + 5 * HOUR,
    )
    merge(heir)
    run()
    assert Assignment.objects.filter(incident=case, ended_at=None).values_list("unit", "role").get() == (
        heir,
        Assignment.Role.LEAD,
    )


def test_a_case_that_cannot_go_rests_and_stays_told(heir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = file_report()
    merge(heir)

    def fail(**given: object) -> bool:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(actions, "succeed", fail)
        assert run() == 1  # and no second time at once
        assert succession.waiting() == {LAMP_UNIT: 1}
    assert run() == 0
    succession._later.clear()
    assert run() == 1
    assert reload(case).owner_unit_id == heir
