"""DOMAIN.md's known pains: pushing away, staying silent, being many, and who must not know or judge."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Action, Role
from dashboards.scope import Names
from dashboards.scoring.formulas import BY_VERSION
from dashboards.scoring.ranking import rank
from incidents import actions, policy, sweeps
from incidents.errors import ActionRefused
from incidents.models import Assignment, EmergencyAlarm, Incident
from incidents.models.incident import ResolutionOutcome
from tests.browsers import As
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload
from tests.dashboards.fair.figures import YEAR, counts, handling, of_all, of_unit, scored

pytestmark = pytest.mark.django_db

LAMP_ITEM = "0204-001"


def test_silence_is_acceptance(lamp_case: Incident) -> None:
    lead = lamp_case.assignments.get(role=Assignment.Role.LEAD)
    clock = handling(lamp_case)
    sweeps.catch_up(at=TUESDAY + timedelta(days=2))
    lead.refresh_from_db()
    assert reload(lamp_case).status == "handling"
    assert lead.accepted_at is not None
    # and the clock has run since the sending
    assert clock.started_at == lead.sent_at
    sweeps.catch_up(at=clock.due_at + timedelta(minutes=1))
    assert counts(of_unit(), "due", "due_met") == {"due": 1}


def test_a_return_before_the_breach_gains_nothing(
    lamp_case: Incident, handler: Person, dispatcher: Person
) -> None:
    received = lamp_case.received_at
    # The last moment at which a return can be asked for: before acceptance, within its limit.
    asked = TUESDAY + timedelta(minutes=20)
    actions.request_return(
        number=lamp_case.number, reason="不归我们", cites="第三条", actor=handler.actor, at=asked
    )
    # Asking stops nothing.
    assert reload(lamp_case).timers.filter(kind="handling", stopped_at__isnull=True).exists()
    agreed = asked + timedelta(minutes=30)
    actions.decide_return(number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=agreed)
    again = agreed + timedelta(hours=3)
    actions.dispatch(
        number=lamp_case.number,
        item_code=LAMP_ITEM,
        unit_code="water-group",
        reason="应由水务",
        actor=dispatcher.actor,
        at=again,
    )
    # The return is counted; the time at the wrong unit is in the dispatch time, which runs from receipt.
    assert counts(of_unit(), "returned", "dispatched") == {"returned": 1}
    water = of_unit("water-group")
    assert water.seconds["dispatch"] == (again - received).total_seconds()
    # The first sending is kept beside it, and so is how old the case is since then.
    assert of_all()["first_sent"] == 1
    case = reload(lamp_case)
    assert case.first_dispatched_at is not None
    assert case.dispatched_at is not None
    assert case.first_dispatched_at < asked < case.dispatched_at


def test_a_return_in_vain_is_counted_and_the_clock_has_run_on(
    lamp_case: Incident, handler: Person, dispatcher: Person
) -> None:
    due_at = handling(lamp_case).due_at
    asked = TUESDAY + timedelta(minutes=20)
    actions.request_return(
        number=lamp_case.number, reason="不归我们", cites="第三条", actor=handler.actor, at=asked
    )
    actions.decide_return(
        number=lamp_case.number, agreed=False, reason="清单写明", actor=dispatcher.actor, at=asked
    )
    assert handling(lamp_case).due_at == due_at
    assert lamp_case.outcomes.filter(kind="refused", unit_code=LAMP_UNIT).count() == 1
    assert counts(of_unit(), "returned") == {}


def test_after_acceptance_nothing_is_returned(accepted_case: Incident, handler: Person) -> None:
    with pytest.raises(ActionRefused):
        actions.request_return(
            number=accepted_case.number,
            reason="不归我们",
            cites="第三条",
            actor=handler.actor,
            at=TUESDAY + timedelta(hours=1),
        )


def test_a_breach_stays_counted_whatever_is_given_or_done_later(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    due_at = handling(accepted_case).due_at
    actions.request_extension(
        number=accepted_case.number,
        until=due_at + timedelta(days=2),
        reason="等备件",
        actor=handler.actor,
        at=due_at - timedelta(hours=1),
    )
    sweeps.catch_up(at=due_at)
    late = due_at + timedelta(hours=1)
    actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=late)
    actions.resolve(
        number=accepted_case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已换灯头",
        attested=True,
        actor=handler.actor,
        at=late,
    )
    assert counts(of_unit(), "due", "due_met", "handled") == {"due": 1, "handled": 1}


def test_a_case_that_others_settled_before_it_was_late_is_nobodys_breach(
    lamp_case: Incident, handler: Person, dispatcher: Person
) -> None:
    # A reworked case is not met any more, but a breach that never was is not invented either.
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=15))
    actions.redispatch(
        number=lamp_case.number,
        item_code=LAMP_ITEM,
        unit_code="water-group",
        reason="裁定",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    sweeps.catch_up(at=TUESDAY + timedelta(days=30))
    assert counts(of_unit(), "due", "dispatched") == {}
    assert counts(of_unit("water-group"), "due", "due_met", "dispatched") == {"due": 1, "dispatched": 1}


def test_enquiries_answered_on_the_spot_enter_no_ranking_of_handling(
    enquiry_case: Incident, operator: Person
) -> None:
    actions.answer(number=enquiry_case.number, text="请带身份证", actor=operator.actor, at=TUESDAY)
    told = counts(of_all(), "received", "dispatched", "handled", "due", "closed")
    assert told == {"received": 1, "closed": 1}


def test_twenty_reports_of_one_thing_are_one_case(lamp_case: Incident, operator: Person) -> None:
    for number in range(3):
        other = file_report(
            at=TUESDAY + timedelta(minutes=number), place=NOWHERE, category=None, text="同一盏灯,不知道在哪"
        )
        if other.pk != lamp_case.pk:
            actions.merge(
                number=other.number,
                into=lamp_case.number,
                actor=operator.actor,
                at=TUESDAY + timedelta(minutes=20),
            )
    assert of_all()["received"] == 1
    assert of_unit()["dispatched"] == 1


def test_matters_of_110_119_and_120_are_left_out_of_rankings_and_counted_beside(
    lamp_case: Incident, handler: Person, dispatcher: Person
) -> None:
    fire = file_report(text="路灯杆着火了,火很大", joins="")
    assert fire.urgency == "emergency"
    if fire.status == "triage":
        actions.dispatch(
            number=fire.number, item_code=LAMP_ITEM, unit_code=LAMP_UNIT, actor=dispatcher.actor, at=TUESDAY
        )
    unit = reload(fire).owner_unit_id
    sweeps.catch_up(at=TUESDAY + timedelta(days=30))
    # Boards count its breach; a score does from the third version on not, for the unit nor for the district.
    fell_due = of_unit(unit)["due"]
    row = scored(unit, formula=BY_VERSION["2"])
    assert (row.counts["due"], "rescue" in row.counts) == (fell_due, False)
    new = rank(YEAR, BY_VERSION["3"], Names(), closed_by=TUESDAY)
    assert new.district.counts["due"] == of_all()["due"] - 1
    assert (new.district.counts["rescue"], len(new.district.cases_out)) == (1, 0)
    # That there was no danger is said by a person, and then it counts like any.
    EmergencyAlarm.objects.filter(incident=fire).update(false_at=TUESDAY)
    again = rank(YEAR, BY_VERSION["3"], Names(), closed_by=TUESDAY)
    assert (again.district.counts["due"], again.district.counts["rescue"]) == (of_all()["due"], 0)


def test_nobody_rules_on_a_dispute_of_their_own(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    actions.raise_objection(
        number=accepted_case.number,
        reason="不归我们",
        cites="第三条",
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    both = person("both", Role.SUPERVISOR, "operations-centre")
    both.user.memberships.create(unit_id=LAMP_UNIT, role=Role.HANDLER)
    given = {"ruling": "归水务", "item_code": LAMP_ITEM, "unit_code": "water-group"}
    later = TUESDAY + timedelta(hours=2)
    with pytest.raises(ActionRefused) as refused:
        actions.rule(number=accepted_case.number, **given, actor=both.actor, at=later)
    assert refused.value.code == "party"
    # Work has gone on meanwhile, and its clock.
    assert reload(accepted_case).timers.filter(kind="handling", stopped_at__isnull=True).exists()
    actions.rule(number=accepted_case.number, **given, actor=supervisor.actor, at=later)
    assert counts(of_unit("water-group"), "dispatched") == {"dispatched": 1}


@pytest.mark.parametrize("given", [{"nature": "tip_off"}, {"category": "1501", "text": "工地拖欠工资三个月"}])
def test_who_tipped_off_is_never_known_to_who_handles(
    given: dict[str, str], handler: Person, operator: Person
) -> None:
    case = file_report(**given)
    if case.status == "triage":
        actions.dispatch(
            number=case.number, item_code=LAMP_ITEM, unit_code=LAMP_UNIT, actor=operator.actor, at=TUESDAY
        )
    case = reload(case)
    assert case.owner_unit_id == LAMP_UNIT or policy.protects_reporter(case)
    assert policy.protects_reporter(case)
    inside = person("inside", Role.HANDLER, case.owner_unit_id)
    report = case.links.get().report
    assert not policy.can(inside.user, Action.UNMASK, case)
    with pytest.raises(ActionRefused):
        actions.unmask(number=case.number, report_id=report.pk, actor=inside.actor, at=TUESDAY)
    # Contact runs through the centre.
    assert not case.timers.filter(kind="first_contact").exists()


def test_pages_of_what_was_told_in_confidence_carry_their_viewers_name(
    browse: As, lamp_case: Incident
) -> None:
    told = file_report(nature="tip_off", joins="")
    for case, is_marked in ((told, True), (lamp_case, False)):
        inside = person(f"inside-{case.pk}", Role.HANDLER, reload(case).owner_unit_id)
        page = browse(inside).get(reverse("case", args=[case.number])).content.decode()
        assert ('class="watermark"' in page) is is_marked
        assert (f"· {inside.user.username}</text>" in page) is is_marked
