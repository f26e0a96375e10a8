"""What people do to a case, and what must then be true. Each test is one rule."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Membership, OrgUnit
from accounts.roles import Action, Role
from dispatch.edition import work_calendar
from grids.locate import locate
from incidents import actions, policy, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput, StaleFacts
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Assignment, CaseRequest, Incident, Outcome, Timer
from incidents.models.incident import ResolutionOutcome
from incidents.verifying import checkers_for
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, file_report, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=15)
NOON = TUESDAY + timedelta(hours=2)
LAMP_ITEM = "0204-001"
# What a sending starts, where somebody left a number.
CLOCKS = {"acceptance", "first_contact", "handling"}


def kinds(incident):
    return list(incident.timeline.order_by("pk").values_list("kind", flat=True))


def standing(incident, kind):
    facts = Outcome.objects.filter(incident=incident, kind=kind)
    return sum(fact.sign for fact in facts)


# --- the desk ---------------------------------------------------------------------------------


def test_an_operator_dispatches_by_an_item(desk_case, operator):
    lead = actions.dispatch(number=desk_case.number, item_code=LAMP_ITEM, actor=operator.actor, at=SOON)
    case = reload(desk_case)
    assert (case.status, case.owner_unit_id, case.auto_dispatched) == ("dispatched", LAMP_UNIT, False)
    assert lead.decision.made_by == operator.user
    assert kinds(case)[-1] == "dispatched"
    assert {t.kind for t in case.timers.filter(stopped_at=None)} == CLOCKS


def test_dispatch_duration_counts_from_receipt(desk_case, operator):
    actions.dispatch(number=desk_case.number, item_code=LAMP_ITEM, actor=operator.actor, at=SOON)
    fact = Outcome.objects.get(incident=desk_case, kind="dispatched")
    assert (fact.elapsed, fact.automatic, fact.first) == (900, False, True)


def test_a_unit_relative_to_an_unknown_place_must_be_named(desk_case, operator):
    with pytest.raises(InvalidInput) as refused:
        actions.dispatch(number=desk_case.number, item_code="0101-017", actor=operator.actor, at=SOON)
    assert refused.value.code == "unit_unknown"
    actions.dispatch(
        number=desk_case.number,
        item_code="0101-017",
        unit_code="pinghu/municipal-services",
        actor=operator.actor,
        at=SOON,
    )
    assert reload(desk_case).owner_unit_id == "pinghu/municipal-services"


def test_a_handler_may_not_dispatch(desk_case, handler):
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(number=desk_case.number, item_code=LAMP_ITEM, actor=handler.actor, at=SOON)
    assert refused.value.code == "not_allowed"
    assert reload(desk_case).status == "triage"


def test_what_somebody_else_holds_is_not_decided(desk_case, operator, dispatcher):
    actions.claim(number=desk_case.number, actor=operator.actor, at=SOON)
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(number=desk_case.number, item_code=LAMP_ITEM, actor=dispatcher.actor, at=SOON)
    assert refused.value.code == "claimed"


def test_a_forgotten_claim_lapses(desk_case, operator, dispatcher):
    actions.claim(number=desk_case.number, actor=operator.actor, at=SOON)
    actions.claim(number=desk_case.number, actor=dispatcher.actor, at=SOON + timedelta(minutes=11))
    assert reload(desk_case).claimed_by == dispatcher.user


def test_deciding_on_an_old_page_is_refused(desk_case, operator):
    seen = desk_case.version
    actions.note(number=desk_case.number, text="已联系管理处", actor=operator.actor, at=SOON)
    with pytest.raises(StaleFacts):
        actions.dispatch(
            number=desk_case.number,
            item_code=LAMP_ITEM,
            actor=operator.actor,
            at=SOON,
            seen_version=seen,
        )


def test_an_enquiry_is_answered_on_the_spot(operator):
    case = file_report(nature="enquiry", text="请问办理居住证需要带什么材料?", category=None, place=NOWHERE)
    assert case.status == "triage"
    actions.answer(number=case.number, text="带身份证和租赁凭证到社区。", actor=operator.actor, at=SOON)
    case = reload(case)
    assert (case.status, case.outcome) == ("closed", ResolutionOutcome.ANSWERED)
    assert not Outcome.objects.filter(incident=case, kind="handled").exists()
    assert not case.timers.filter(stopped_at=None).exists()


def test_a_rejection_needs_a_reason(desk_case, operator):
    with pytest.raises(InvalidInput):
        actions.reject(number=desk_case.number, reason="  ", actor=operator.actor, at=SOON)
    actions.reject(number=desk_case.number, reason="属本区以外事项", actor=operator.actor, at=SOON)
    assert reload(desk_case).status == "rejected"


# --- bringing together -----------------------------------------------------------------------


def test_a_merged_case_counts_once_and_its_reporters_move(lamp_case, operator):
    twin = file_report(text="路灯一闪一闪的,晃眼睛,睡不着觉")
    actions.merge(number=twin.number, into=lamp_case.number, actor=operator.actor, at=SOON)
    twin, root = reload(twin), reload(lamp_case)
    assert (twin.status, twin.merged_into, root.report_count) == ("merged", root, 2)
    assert standing(twin, "received") == standing(twin, "dispatched") == 0
    assert not twin.timers.filter(stopped_at=None).exists()
    assert not twin.assignments.filter(ended_at=None).exists()


def test_an_unmerged_case_takes_its_reports_back_to_the_desk(lamp_case, operator):
    twin = file_report(text="路灯一闪一闪的,晃眼睛,睡不着觉")
    actions.merge(number=twin.number, into=lamp_case.number, actor=operator.actor, at=SOON)
    actions.unmerge(number=twin.number, actor=operator.actor, at=NOON)
    twin, root = reload(twin), reload(lamp_case)
    assert (twin.status, twin.merged_into, root.report_count) == ("triage", None, 1)
    assert twin.links.filter(unlinked_at=None).count() == 1
    assert standing(twin, "received") == 1


# --- accepting and returning ------------------------------------------------------------------


def test_acceptance_stops_its_clock_and_not_the_handling_clock(accepted_case):
    running = {t.kind for t in accepted_case.timers.filter(stopped_at=None)}
    assert running == CLOCKS - {"acceptance"}
    assert reload(accepted_case).clock_kind == "handling"


def test_another_units_handler_cannot_accept(lamp_case, other_handler):
    with pytest.raises(ActionRefused) as refused:
        actions.accept(number=lamp_case.number, actor=other_handler.actor, at=SOON)
    assert refused.value.code == "not_allowed"


def test_asking_for_a_return_stops_no_clock(lamp_case, handler):
    before = set(lamp_case.timers.values_list("kind", "due_at", "stopped_at"))
    actions.request_return(
        number=lamp_case.number, reason="此灯属小区物业", cites="0204-008", actor=handler.actor, at=SOON
    )
    assert set(lamp_case.timers.values_list("kind", "due_at", "stopped_at")) == before
    case = reload(lamp_case)
    assert (case.status, case.owner_unit_id) == ("dispatched", LAMP_UNIT)


def test_a_return_cites_the_item_or_names_the_unit(lamp_case, handler):
    with pytest.raises(InvalidInput) as refused:
        actions.request_return(number=lamp_case.number, reason="不归我们", actor=handler.actor, at=SOON)
    assert refused.value.field == "cites"


def test_an_accepted_case_cannot_be_returned(accepted_case, handler):
    with pytest.raises(ActionRefused) as refused:
        actions.request_return(
            number=accepted_case.number, reason="不归我们", cites="x", actor=handler.actor, at=NOON
        )
    assert refused.value.code == "already_accepted"


def test_silence_past_the_limit_is_acceptance_even_before_the_sweep_says_so(lamp_case, handler):
    limit = lamp_case.timers.get(kind="acceptance").due_at
    with pytest.raises(ActionRefused) as refused:
        actions.request_return(
            number=lamp_case.number,
            reason="不归我们",
            cites="x",
            actor=handler.actor,
            at=limit + timedelta(minutes=1),
        )
    assert refused.value.code == "already_accepted"


def test_an_agreed_return_runs_the_dispatch_clock_again_and_is_counted(
    lamp_case, handler, dispatcher, operator
):
    actions.request_return(
        number=lamp_case.number,
        reason="属供水集团",
        cites="《城市供水条例》",
        proposed_unit="water-group",
        actor=handler.actor,
        at=SOON,
    )
    actions.decide_return(number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=NOON)
    case = reload(lamp_case)
    assert (case.status, case.owner_unit_id, case.return_count) == ("triage", "operations-centre", 1)
    assert [t.kind for t in case.timers.filter(stopped_at=None)] == ["dispatch"]
    assert standing(case, "dispatched") == 0
    assert standing(case, "returned") == 1
    actions.dispatch(
        number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=NOON + timedelta(hours=2)
    )
    fact = Outcome.objects.filter(incident=case, kind="dispatched", sign=1).latest("pk")
    assert (fact.elapsed, fact.first) == (4 * 3600, False)  # time at the wrong unit included


def test_a_refused_return_leaves_the_case_and_is_kept(lamp_case, handler, dispatcher):
    actions.request_return(
        number=lamp_case.number, reason="不归我们", cites="x", actor=handler.actor, at=SOON
    )
    with pytest.raises(InvalidInput):
        actions.decide_return(number=lamp_case.number, agreed=False, actor=dispatcher.actor, at=SOON)
    actions.decide_return(
        number=lamp_case.number, agreed=False, reason="清单写明归你们", actor=dispatcher.actor, at=SOON
    )
    assert reload(lamp_case).status == "dispatched"
    assert CaseRequest.objects.get(incident=lamp_case).answer == "refused"


def test_the_second_return_is_a_dispute(lamp_case, handler, dispatcher, operator):
    for hour in (1, 2):
        actions.request_return(
            number=lamp_case.number,
            reason="不归我们",
            cites="x",
            actor=handler.actor,
            at=TUESDAY + timedelta(hours=hour),
        )
        actions.decide_return(
            number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=TUESDAY + timedelta(hours=hour)
        )
        if hour == 1:
            actions.dispatch(
                number=lamp_case.number,
                item_code=LAMP_ITEM,
                actor=operator.actor,
                at=TUESDAY + timedelta(hours=hour),
            )
    assert "disputed" in reload(lamp_case).triage_codes


def test_the_centre_sends_a_case_elsewhere(accepted_case, dispatcher):
    actions.redispatch(
        number=accepted_case.number,
        item_code=LAMP_ITEM,
        unit_code="power-grid",
        reason="查明是供电线路",
        actor=dispatcher.actor,
        at=NOON,
    )
    case = reload(accepted_case)
    assert (case.status, case.owner_unit_id, case.return_count) == ("dispatched", "power-grid", 0)
    assert case.assignments.filter(ended_at=None).count() == 1


@pytest.fixture
def street_case(operator):
    """With the municipal services centre of the street it lies in, by an operator's choice."""
    case = file_report(nature="enquiry", category="0101")
    actions.dispatch(number=case.number, item_code="0101-017", actor=operator.actor, at=TUESDAY)
    case = reload(case)
    assert case.owner_unit_id.endswith("/municipal-services")
    return case


def test_inside_a_street_the_handling_clock_goes_on(street_case, dispatcher):
    case = street_case
    before = case.timers.get(kind="handling").due_at
    actions.redispatch(
        number=case.number,
        item_code="0101-017",
        unit_code=case.owner_unit_id.replace("municipal-services", "enforcement"),
        reason="属执法队",
        actor=dispatcher.actor,
        at=SOON,
    )
    assert case.timers.get(kind="handling", stopped_at=None).due_at == before


# --- resolving, checking, closing -------------------------------------------------------------


def test_solved_needs_the_closing_condition_attested(accepted_case, handler):
    with pytest.raises(InvalidInput) as refused:
        actions.resolve(
            number=accepted_case.number, outcome="solved", text="修好了", actor=handler.actor, at=NOON
        )
    assert refused.value.field == "attested"


def test_handling_duration_counts_from_the_sending(resolved_case):
    fact = Outcome.objects.get(incident=resolved_case, kind="handled")
    assert (fact.elapsed, fact.on_time, fact.solved, fact.first) == (7200, True, True, True)
    assert fact.working == 7200


def test_only_solved_counts_as_solved(accepted_case, handler):
    actions.resolve(
        number=accepted_case.number, outcome="explained", text="规划内不设灯", actor=handler.actor, at=NOON
    )
    assert Outcome.objects.get(incident=accepted_case, kind="handled").solved is False


def test_a_parked_case_needs_a_date_and_stays_open_outside_the_rates(accepted_case, handler):
    with pytest.raises(InvalidInput):
        actions.resolve(
            number=accepted_case.number, outcome="parked", text="等材料", actor=handler.actor, at=NOON
        )
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="等材料",
        parked_until=(NOON + timedelta(days=30)).date(),
        actor=handler.actor,
        at=NOON,
    )
    case = reload(accepted_case)
    assert (case.status, case.is_open, case.due_at) == ("parked", True, None)
    assert not Outcome.objects.filter(incident=case, kind="handled").exists()


def test_the_checker_is_outside_the_handlers_street_and_tree(resolved_case):
    asked = resolved_case.verifications.get()
    assert asked.unit.code.endswith("/grid-station")
    assert asked.unit.area_code != resolved_case.street_code


def test_no_checker_ever_stands_in_the_handlers_or_the_supervisors_tree(street_case):
    case = street_case
    lead = case.assignments.get(role="lead")
    lead.supervising_unit = "pingdi"
    named = checkers_for(case, lead)
    trees = {code for unit in OrgUnit.objects.filter(code__in=named) for code in unit.path.split(">")}
    assert named
    assert "pingdi" not in trees
    assert lead.unit.parent_id not in trees


def check(resolved_case, checker_unit, *, fixed, text=""):
    from accounts.roles import Role
    from tests.cast import person

    checker = person("checker", Role.HANDLER, checker_unit)
    return actions.verify(
        number=resolved_case.number,
        fixed=fixed,
        text=text,
        actor=checker.actor,
        at=NOON + timedelta(hours=1),
    )


def test_fixed_closes_the_case(resolved_case):
    check(resolved_case, resolved_case.verifications.get().unit_id, fixed=True)
    case = reload(resolved_case)
    assert case.status == "closed"
    assert case.closed_at is not None
    assert [timer.kind for timer in case.timers.filter(stopped_at=None)] == ["callback"]
    assert not case.assignments.filter(ended_at=None).exists()
    assert standing(case, "closed") == 1


def test_not_fixed_is_rework_under_the_same_clock(resolved_case):
    due_at = resolved_case.timers.get(kind="handling").due_at
    check(resolved_case, resolved_case.verifications.get().unit_id, fixed=False, text="灯还是不亮")
    case = reload(resolved_case)
    assert (case.status, case.rework_count, case.owner_unit_id) == ("handling", 1, LAMP_UNIT)
    assert case.timers.get(kind="handling", stopped_at=None).due_at == due_at
    assert standing(case, "handled") == standing(case, "due") == 0
    assert standing(case, "reworked") == 1


def test_the_handler_cannot_check_its_own_work(resolved_case, handler):
    with pytest.raises(ActionRefused):
        actions.verify(number=resolved_case.number, fixed=True, actor=handler.actor, at=NOON)


def closed(resolved_case):
    return check(resolved_case, resolved_case.verifications.get().unit_id, fixed=True)


def test_reopening_takes_back_what_was_counted(resolved_case, operator):
    case = closed(resolved_case)
    actions.reopen(
        number=case.number, reason="同一盏灯又灭了", actor=operator.actor, at=NOON + timedelta(days=2)
    )
    case = reload(case)
    assert (case.status, case.rework_count) == ("handling", 1)
    assert standing(case, "handled") == standing(case, "closed") == 0
    assert Assignment.objects.get(incident=case, ended_at=None).unit_id == LAMP_UNIT
    clock = Timer.objects.get(incident=case, kind="handling", stopped_at=None)
    assert clock.due_at > NOON + timedelta(days=2)


def test_the_first_rating_stands(resolved_case):
    report = resolved_case.links.get().report
    actions.rate(report=report, result=5, speed=4, at=NOON)
    with pytest.raises(ActionRefused) as refused:
        actions.rate(report=report, result=1, at=NOON)
    assert refused.value.code == "already_rated"
    assert Outcome.objects.get(incident=resolved_case, kind="rated").score == 5


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_rating_is_between_one_and_five(resolved_case, score):
    with pytest.raises(InvalidInput):
        actions.rate(report=resolved_case.links.get().report, result=score, at=NOON)


def test_one_objection_reopens_as_rework(resolved_case, handler):
    case = closed(resolved_case)
    report = case.links.get().report
    actions.object_to(report=report, reason="晚上还是不亮", at=NOON + timedelta(days=1))
    case = reload(case)
    assert (case.status, case.rework_count) == ("handling", 1)


def test_an_objection_comes_within_seven_days(resolved_case):
    case = closed(resolved_case)
    with pytest.raises(ActionRefused) as refused:
        actions.object_to(report=case.links.get().report, reason="不亮", at=NOON + timedelta(days=9))
    assert refused.value.code == "too_late"


def test_every_look_at_a_reporter_is_on_the_timeline(lamp_case, handler):
    report = lamp_case.links.get().report
    contact = actions.unmask(number=lamp_case.number, report_id=report.pk, actor=handler.actor, at=SOON)
    assert (contact.name, contact.phone) == ("王小明", "13812342207")
    assert (contact.masked_name, contact.masked_phone) == ("王**", "138****2207")
    assert kinds(lamp_case)[-1] == "unmasked"


# --- what the database itself refuses ---------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incidents_timelineentry SET kind = 'x'",
        "DELETE FROM incidents_timelineentry",
        "TRUNCATE incidents_timelineentry",
        "UPDATE incidents_outcome SET sign = -1",
        "DELETE FROM incidents_outcome",
    ],
)
def test_the_timeline_and_the_facts_only_grow(lamp_case, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(f"SET CONSTRAINTS ALL IMMEDIATE; {statement}")


def test_a_case_has_one_open_lead(lamp_case):
    lead = lamp_case.assignments.get(role="lead")
    lead.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        lead.save()


def test_an_open_case_without_a_clock_is_refused(lamp_case):
    lamp_case.due_at = None
    with pytest.raises(IntegrityError), transaction.atomic():
        lamp_case.save()


def test_a_resident_is_named_nowhere_but_in_contact(lamp_case):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb')"
            " AND table_name LIKE 'incidents_%'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ~ %s', ["王小明|13812342207"]
            )
            assert cursor.fetchone() == (0,), f"{table}.{column}"


# --- side roads -----------------------------------------------------------------------------------


def test_a_complaint_is_not_answered_away(operator):
    case = file_report(place=NOWHERE, category=None, text="这里有人在吵架,也不知道归谁管")
    with pytest.raises(ActionRefused) as refused:
        actions.answer(number=case.number, text="知道了", actor=operator.actor, at=SOON)
    assert refused.value.code == "not_answerable"


def test_reopening_before_the_desk_takes_back_what_was_in_time(resolved_case, operator):
    case = closed(resolved_case)
    actions.reopen(number=case.number, reason="另有隐情", to_desk=True, actor=operator.actor, at=NOON)
    case = reload(case)
    assert (case.status, case.rework_count) == ("triage", 1)
    assert [standing(case, kind) for kind in ("handled", "due", "closed", "dispatched")] == [0, 0, 0, 0]
    assert standing(case, "reworked") == 1


def test_a_rejected_case_that_is_reopened_was_never_handled(desk_case, operator):
    actions.reject(number=desk_case.number, reason="不属本区", actor=operator.actor, at=SOON)
    actions.reopen(number=desk_case.number, reason="查明属本区", actor=operator.actor, at=NOON)
    case = reload(desk_case)
    assert (case.status, case.rework_count, standing(case, "reworked")) == ("triage", 0, 0)


def test_a_parked_case_comes_back_on_its_date(accepted_case, handler):
    day = (NOON + timedelta(days=30)).date()
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="等材料",
        parked_until=day,
        actor=handler.actor,
        at=NOON,
    )
    morning = NOON.replace(hour=1) + timedelta(days=30)  # 09:00 in Shenzhen
    sweeps.settle(Incident.objects.get(pk=accepted_case.pk), at=morning - timedelta(minutes=1))
    assert reload(accepted_case).status == "parked"
    sweeps.settle(Incident.objects.get(pk=accepted_case.pk), at=morning)
    case = reload(accepted_case)
    assert (case.status, case.parked_until, case.clock_kind) == ("handling", None, "handling")
    # With what the clock had left when the case was parked.
    parked = case.timers.filter(kind="handling").first()
    calendar = work_calendar()
    left = calendar.working_time(NOON, parked.due_at)
    assert case.due_at == calendar.add_working(morning, left)
    assert kinds(case)[-1] == "woken"


def test_what_is_settled_while_parked_stands_outside_the_on_time_rates(accepted_case, handler):
    for outcome, at in (("parked", NOON), ("solved", NOON + timedelta(days=20))):
        actions.resolve(
            number=accepted_case.number,
            outcome=outcome,
            text="材料到了,已办",
            attested=True,
            parked_until=(NOON + timedelta(days=30)).date() if outcome == "parked" else None,
            actor=handler.actor,
            at=at,
        )
    assert Outcome.objects.get(incident=accepted_case, kind="handled").on_time is None
    assert standing(accepted_case, "due") == 0
    assert not accepted_case.timers.filter(kind="parked", stopped_at=None).exists()


def test_a_chain_of_merges_comes_apart_again(operator):
    texts = ("路灯不亮,晚上看不清", "灯杆歪了,要倒", "井盖响,一夜睡不着")
    first, second, third = (file_report(text=text) for text in texts)
    actions.merge(number=first.number, into=second.number, actor=operator.actor, at=SOON)
    actions.merge(number=second.number, into=third.number, actor=operator.actor, at=SOON)
    assert reload(third).report_count == 3
    actions.unmerge(number=first.number, actor=operator.actor, at=NOON)
    actions.unmerge(number=second.number, actor=operator.actor, at=NOON)
    for case in (first, second, third):
        assert case.links.filter(unlinked_at=None).count() == reload(case).report_count == 1


def test_a_case_is_merged_only_into_one_that_the_actor_may_touch(lamp_case, desk_case, street_supervisor):
    # In 平湖, whose centre it is; the lamp is in another street.
    mine = file_report(place=locate(lon=114.12126, lat=22.67708), nature="enquiry")
    assert mine.street_code == "440307003000"
    with pytest.raises(ActionRefused) as refused:
        actions.merge(number=mine.number, into=lamp_case.number, actor=street_supervisor.actor, at=SOON)
    assert refused.value.code == "not_allowed"


def test_a_street_centre_sends_inside_its_street_only(street_supervisor):
    case = file_report(place=locate(lon=114.12126, lat=22.67708), nature="enquiry", category="0101")
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(
            number=case.number,
            item_code="0101-017",
            unit_code="buji/enforcement",
            actor=street_supervisor.actor,
            at=SOON,
        )
    assert refused.value.code == "outside_street"
    actions.dispatch(number=case.number, item_code="0101-017", actor=street_supervisor.actor, at=SOON)
    assert reload(case).owner_unit_id == "pinghu/municipal-services"


def test_a_street_centre_does_not_close_or_take_back_its_own(street_supervisor):
    case = file_report(place=locate(lon=114.12126, lat=22.67708), nature="enquiry")
    for action in (Action.CLOSE, Action.DECIDE_RETURN):
        assert policy.acting_grant(street_supervisor.user, action, case) is None


def test_who_also_works_for_the_handling_unit_does_not_judge_it(resolved_case, handler):
    checker_unit = resolved_case.verifications.get().unit
    Membership.objects.create(user=handler.user, unit=checker_unit, role=Role.HANDLER)
    with pytest.raises(ActionRefused):
        actions.verify(number=resolved_case.number, fixed=True, actor=handler.actor, at=NOON)


def test_upstreams_deadline_holds_for_the_next_unit_too(lamp_case, handler, dispatcher, operator):
    report = lamp_case.links.get().report
    deadline = TUESDAY + timedelta(hours=6)
    told = UpdateDraft(external_id="U1", kind="deadline", due_at=deadline)
    apply_update(report=report, draft=told, actor=SYSTEM, at=TUESDAY)
    actions.request_return(
        number=lamp_case.number, reason="不归我们", cites="x", actor=handler.actor, at=SOON
    )
    actions.decide_return(number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=SOON)
    actions.dispatch(number=lamp_case.number, item_code=LAMP_ITEM, actor=operator.actor, at=NOON)
    assert lamp_case.timers.get(kind="handling", stopped_at=None).due_at == deadline


def test_what_staff_found_is_not_rated(handler):
    case = file_report(source="patrol", nature="finding")
    with pytest.raises(ActionRefused) as refused:
        actions.rate(report=case.links.get().report, result=5, at=NOON)
    assert refused.value.code == "not_ratable"


def test_a_sources_free_attributes_are_not_frozen_with_the_decision():
    case = file_report(attributes={"note": "找王先生 13912345678"})
    assert "13912345678" not in str(case.decisions.get().detail)
