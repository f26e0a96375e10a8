"""后续修复: made safe by who is near, repaired by whoever owns it; two sendings of one case."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from accounts.roles import Role
from dashboards import rollups
from grids.locate import locate
from incidents import actions, follow_up, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, Incident, OutboxMessage, Outcome, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.pages.choices import Reader
from incidents.pages.wording import limit_words
from tests.cast import TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

# 井口敞开坠落危险: the street's municipal services secure it within two hours, the owner repairs it.
OPEN_MANHOLE, CREW, OWNER = "0201-015", "longgang/municipal-services", "drainage-company"
HOUR = timedelta(hours=1)
End = Assignment.End


@pytest.fixture
def crew(db: None) -> Person:
    return person("crew", Role.HANDLER, CREW)


@pytest.fixture
def repairers(db: None) -> Person:
    return person("repairers", Role.HANDLER, OWNER)


def manhole(dispatcher: Person, crew: Person, owner: str | None = OWNER) -> Incident:
    """An open manhole in the crew's hands since five past ten; its supporting units have been released."""
    case = file_report(
        text="路中间的井盖不见了,井口敞开,有人差点掉下去",
        category="0201",
        place=locate(area="440307016006"),
        urgency="emergency",
        owner=owner,
    )
    if case.item_code != OPEN_MANHOLE:
        act = actions.dispatch if case.status == Status.TRIAGE else actions.redispatch
        act(number=case.number, item_code=OPEN_MANHOLE, reason="井口敞开", actor=dispatcher.actor, at=TUESDAY)
    case = reload(case)
    assert (case.owner_unit_id, case.item_code) == (CREW, OPEN_MANHOLE)
    at = TUESDAY + timedelta(minutes=5)
    actions.accept(number=case.number, actor=crew.actor, at=at)
    for support in case.assignments.filter(role=Assignment.Role.SUPPORT, ended_at__isnull=True):
        actions.release_support(
            number=case.number, unit=support.unit_id, reason="不用", actor=crew.actor, at=at
        )
    return reload(case)


def make_safe(case: Incident, crew: Person, at: object = TUESDAY + HOUR, **given: object) -> Incident:
    told = {"text": "已围挡,专人看守", "attested": True, **given}
    return actions.make_safe(number=case.number, actor=crew.actor, at=at, **told)  # type: ignore[arg-type]


def repaired(case: Incident, repairers: Person, at: object) -> Incident:
    return actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已更换井盖",
        attested=True,
        actor=repairers.actor,
        at=at,  # type: ignore[arg-type]
    )


def standing(case: Incident, kind: Outcome.Kind) -> list[Outcome]:
    return list(case.outcomes.filter(kind=kind, sign=1, reversal__isnull=True))


def test_made_safe_the_repair_is_its_owners_own_sending(dispatcher: Person, crew: Person) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    *_earlier, secured, repair = case.assignments.filter(role=Assignment.Role.LEAD).order_by("pk")
    assert (secured.unit_id, secured.end_reason) == (CREW, End.MADE_SAFE)
    assert secured.resolution is not None
    assert (repair.unit_id, repair.follows, repair.handle_limit) == (OWNER, secured, "5wd")
    assert repair.decision == secured.decision
    assert (case.status, case.owner_unit_id, case.urgency) == (Status.DISPATCHED, OWNER, "routine")
    clock = case.timers.get(kind=Timer.Kind.HANDLING, stopped_at__isnull=True)
    assert (clock.limit, clock.unit_code, clock.started_at) == ("5wd", OWNER, TUESDAY + HOUR)
    assert OutboxMessage.objects.filter(kind="case.repair", receiver=f"unit:{OWNER}").count() == 1
    kinds = list(case.timeline.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["made_safe", "repair_sent"]


def test_the_case_was_due_when_it_had_to_be_safe(dispatcher: Person, crew: Person, repairers: Person) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    (due,) = standing(case, Outcome.Kind.DUE)
    assert (due.unit_code, due.on_time, due.at) == (CREW, True, TUESDAY + 2 * HOUR)
    sweeps.catch_up(at=TUESDAY + timedelta(days=20))  # the repair is late
    assert standing(case, Outcome.Kind.DUE) == [due]


def test_made_safe_too_late_the_breach_stays(dispatcher: Person, crew: Person) -> None:
    case = manhole(dispatcher, crew)
    Incident.objects.filter(pk=case.pk).update(level="D")  # so that nobody above takes it over
    case = make_safe(case, crew, at=TUESDAY + 3 * HOUR)
    (due,) = standing(case, Outcome.Kind.DUE)
    assert (due.unit_code, due.on_time) == (CREW, False)
    assert case.owner_unit_id == OWNER


def test_the_case_is_handled_when_it_is_repaired(
    dispatcher: Person, crew: Person, repairers: Person, operator: Person
) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    assert standing(case, Outcome.Kind.HANDLED) == []
    at = TUESDAY + timedelta(days=1)
    actions.accept(number=case.number, actor=repairers.actor, at=TUESDAY + 2 * HOUR)
    case = repaired(case, repairers, at + HOUR)
    (handled,) = standing(case, Outcome.Kind.HANDLED)
    assert case.dispatched_at is not None
    assert (handled.unit_code, handled.elapsed) == (
        OWNER,
        (at + HOUR - case.dispatched_at).total_seconds(),
    )
    actions.close(number=case.number, reason="现场看过", actor=operator.actor, at=at + 2 * HOUR)
    assert reload(case).status == Status.CLOSED
    assert [str(difference) for difference in rollups.differences()] == []


def test_a_planned_repair_was_rightly_dispatched_the_first_time(
    dispatcher: Person, crew: Person, repairers: Person
) -> None:
    case = manhole(dispatcher, crew)
    began = lead(case)
    is_first = began.sent_at == case.first_dispatched_at
    make_safe(case, crew)
    actions.accept(number=case.number, actor=repairers.actor, at=TUESDAY + 2 * HOUR)
    repaired(case, repairers, TUESDAY + 3 * HOUR)
    (handled,) = standing(case, Outcome.Kind.HANDLED)
    assert is_first
    assert (handled.unit_code, handled.first, handled.automatic) == (OWNER, True, began.automatic)


def test_a_repair_that_did_not_hold_leaves_the_making_safe_as_it_was(
    dispatcher: Person, crew: Person, repairers: Person, operator: Person
) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    at = TUESDAY + timedelta(days=1)
    actions.accept(number=case.number, actor=repairers.actor, at=TUESDAY + 2 * HOUR)
    repaired(case, repairers, at)
    actions.close(number=case.number, reason="现场看过", actor=operator.actor, at=at + HOUR)
    actions.reopen(number=case.number, reason="又松了", actor=operator.actor, at=at + 5 * HOUR)
    case = reload(case)
    assert (case.owner_unit_id, case.status) == (OWNER, Status.HANDLING)
    (due,) = standing(case, Outcome.Kind.DUE)
    assert (due.unit_code, due.on_time) == (CREW, True)
    repaired(case, repairers, at + 6 * HOUR)
    assert standing(case, Outcome.Kind.DUE) == [due]
    assert [str(difference) for difference in rollups.differences()] == []


def test_nobody_knows_the_owner_so_the_desk_decides(dispatcher: Person, crew: Person) -> None:
    case = manhole(dispatcher, crew, owner=None)
    assert case.assignments.filter(role=Assignment.Role.LEAD).latest("pk").follow_up_unit == ""
    case = make_safe(case, crew)
    assert (case.status, case.triage_codes) == (Status.TRIAGE, ["repair"])
    assert [due.unit_code for due in standing(case, Outcome.Kind.DUE)] == [CREW]
    assert [str(difference) for difference in rollups.differences()] == []


def lead(case: Incident) -> Assignment:
    return case.assignments.get(role=Assignment.Role.LEAD, ended_at__isnull=True)


def is_a_repair(case: Incident, unit: str) -> bool:
    """With `unit` as a routine matter, under the limits of a repair, and nobody is sent with it."""
    clock = case.timers.get(kind=Timer.Kind.HANDLING, stopped_at__isnull=True)
    accepting = lead(case).accept_minutes
    helping = case.assignments.filter(role=Assignment.Role.SUPPORT, ended_at__isnull=True)
    assert (case.owner_unit_id, case.urgency, clock.limit, accepting) == (unit, "routine", "5wd", 240)
    assert list(helping) == []
    assert not follow_up.wanted(lead(case))
    return True


def test_a_repair_that_the_desk_sends_is_a_repair(
    dispatcher: Person, crew: Person, repairers: Person, operator: Person
) -> None:
    case = make_safe(manhole(dispatcher, crew, owner=None), crew)
    actions.dispatch(
        number=case.number,
        item_code=OPEN_MANHOLE,
        unit_code=OWNER,
        actor=operator.actor,
        at=TUESDAY + 2 * HOUR,
    )
    case = reload(case)
    assert is_a_repair(case, OWNER)
    assert case.decisions.latest("pk").detail["handle_limit"] == "5wd"
    actions.accept(number=case.number, actor=repairers.actor, at=TUESDAY + 3 * HOUR)
    with pytest.raises(ActionRefused) as refused:
        make_safe(case, repairers, at=TUESDAY + 3 * HOUR)
    assert refused.value.code == "no_follow_up"
    assert repaired(case, repairers, TUESDAY + 4 * HOUR).status == Status.RESOLVED


def test_a_repair_that_the_centre_sends_on_is_a_repair(dispatcher: Person, crew: Person) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    actions.redispatch(
        number=case.number,
        item_code=OPEN_MANHOLE,
        unit_code="water-group",
        reason="产权移交",
        actor=dispatcher.actor,
        at=TUESDAY + 2 * HOUR,
    )
    assert is_a_repair(reload(case), "water-group")


def test_a_repair_that_a_ruling_moves_is_a_repair(
    dispatcher: Person, crew: Person, repairers: Person, supervisor: Person
) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    at = TUESDAY + 2 * HOUR
    actions.accept(number=case.number, actor=repairers.actor, at=at)
    actions.raise_objection(
        number=case.number, reason="已移交", cites="移交协议", actor=repairers.actor, at=at
    )
    actions.rule(
        number=case.number, ruling="归水务集团", unit_code="water-group", actor=supervisor.actor, at=at
    )
    assert is_a_repair(reload(case), "water-group")


def test_the_desk_is_shown_the_limits_of_a_repair(dispatcher: Person, crew: Person) -> None:
    case = make_safe(manhole(dispatcher, crew, owner=None), crew)
    choice = Reader(case).by_item(OPEN_MANHOLE)
    assert choice is not None
    assert limit_words("5wd") in choice.limits


def test_opened_again_before_the_desk_it_may_be_dangerous_again(
    dispatcher: Person, crew: Person, repairers: Person, operator: Person
) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    at = TUESDAY + timedelta(days=1)
    actions.accept(number=case.number, actor=repairers.actor, at=TUESDAY + 2 * HOUR)
    repaired(case, repairers, at)
    actions.close(number=case.number, reason="现场看过", actor=operator.actor, at=at)
    actions.reopen(number=case.number, reason="又敞开了", to_desk=True, actor=operator.actor, at=at + HOUR)
    actions.dispatch(
        number=case.number, item_code=OPEN_MANHOLE, actor=operator.actor, at=at + timedelta(minutes=65)
    )
    case = reload(case)
    assert (case.urgency, lead(case).handle_limit) == ("emergency", "2h")
    assert follow_up.wanted(lead(case))


def test_it_is_made_safe_once(dispatcher: Person, crew: Person, repairers: Person) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    at = TUESDAY + 2 * HOUR
    actions.accept(number=case.number, actor=repairers.actor, at=at)
    with pytest.raises(ActionRefused) as refused:
        make_safe(case, repairers, at=at)
    assert refused.value.code == "no_follow_up"


def test_where_the_item_names_nobody_the_case_itself_is_settled(
    accepted_case: Incident, handler: Person
) -> None:
    with pytest.raises(ActionRefused) as refused:
        make_safe(accepted_case, handler)
    assert refused.value.code == "no_follow_up"


@pytest.mark.parametrize(("given", "field"), [({"attested": False}, "attested"), ({"text": " "}, "text")])
def test_that_nobody_is_in_danger_is_said_and_confirmed(
    dispatcher: Person, crew: Person, given: dict[str, object], field: str
) -> None:
    case = manhole(dispatcher, crew)
    with pytest.raises(InvalidInput) as refused:
        make_safe(case, crew, **given)
    assert refused.value.field == field
    assert reload(case).owner_unit_id == CREW


def test_supporting_units_go_on_and_the_repair_waits_for_them(
    dispatcher: Person, crew: Person, repairers: Person
) -> None:
    case = manhole(dispatcher, crew)
    actions.invite_support(
        number=case.number, units=["police"], actor=crew.actor, at=TUESDAY + timedelta(minutes=9)
    )
    case = make_safe(case, crew)
    at = TUESDAY + 2 * HOUR
    actions.accept(number=case.number, actor=repairers.actor, at=at)
    with pytest.raises(ActionRefused) as refused:
        repaired(case, repairers, at)
    assert refused.value.code == "supporters_open"


@pytest.mark.django_db(transaction=True)
def test_two_who_report_it_safe_at_once_start_one_repair(dispatcher: Person, crew: Person) -> None:
    case = manhole(dispatcher, crew)
    said: list[str] = []

    def attempt(step: Callable[[], object]) -> None:
        try:
            step()
        except ActionRefused as refused:
            said.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(lambda: make_safe(case, crew),)) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1
    assert case.assignments.filter(role=Assignment.Role.LEAD, end_reason=End.MADE_SAFE).count() == 1
    assert case.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True).count() == 1
