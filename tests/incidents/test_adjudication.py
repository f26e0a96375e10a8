"""裁定: two returns or an objection put a case before an adjudicator, and the work goes on meanwhile."""

from datetime import timedelta

import pytest
from django.test import override_settings

from accounts.models import Membership
from accounts.roles import Role
from dashboards import rollups
from incidents import actions, outcomes, policy, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Adjudication, Incident, OutboxMessage, Outcome, TimelineEntry
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db
LAMP_ITEM, STREET_ITEM = "0204-001", "0204-003"
SOON, NOON = TUESDAY + timedelta(minutes=20), TUESDAY + timedelta(hours=2)
HOUR = timedelta(hours=1)


def give_back(case: Incident, actor: Person, dispatcher: Person, at, **told) -> Incident:
    told = {"cites": "《城市照明管理规定》", **told}
    actions.request_return(number=case.number, reason="不归我们", actor=actor.actor, at=at, **told)
    actions.decide_return(number=case.number, agreed=True, actor=dispatcher.actor, at=at)
    return reload(case)


@pytest.fixture
def disputed_case(lamp_case, handler, dispatcher, operator) -> Incident:
    """Returned by the lighting company at 10:20 and by the street's services at 11:20."""
    case = give_back(lamp_case, handler, dispatcher, SOON)
    actions.dispatch(number=case.number, item_code=STREET_ITEM, actor=operator.actor, at=SOON)
    second = person("street-services", Role.HANDLER, reload(case).owner_unit_id)
    return give_back(case, second, dispatcher, SOON + HOUR, proposed_unit=LAMP_UNIT)


@pytest.fixture
def contested_case(accepted_case, handler) -> Incident:
    """The lighting company objects at noon, and goes on working."""
    object_to(accepted_case, handler)
    return reload(accepted_case)


def object_to(case: Incident, actor: Person, at=NOON, **told) -> Adjudication:
    told = {"cites": "0204-002", "proposed_unit": "power-grid", **told}
    return actions.raise_objection(
        number=case.number, reason="整条线路停电,属供电", actor=actor.actor, at=at, **told
    )


def ruled(case: Incident, actor: Person, unit: str = "", item: str = LAMP_ITEM, at=NOON + HOUR):
    return actions.rule(
        number=case.number, ruling="产权在路灯公司", item_code=item, unit_code=unit, actor=actor.actor, at=at
    )


def clocks(case: Incident) -> set[str]:
    return set(case.timers.filter(stopped_at=None).values_list("kind", flat=True))


def told(kind: str) -> set[str]:
    return set(OutboxMessage.objects.filter(kind=kind).values_list("receiver", flat=True))


# --- returns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({}, "cites", "required"),
        ({"cites": "0204-999"}, "cites", "unknown"),
        ({"proposed_unit": "water-group"}, "cites", "required"),
        ({"proposed_unit": "nobody", "cites": "第三条"}, "proposed_unit", "unknown"),
        ({"proposed_unit": LAMP_UNIT, "cites": "第三条"}, "proposed_unit", "unknown"),
        ({"proposed_unit": "water-group", "cites": "0204-002"}, "proposed_unit", "not_by_item"),
    ],
)
def test_a_return_cites_what_the_list_bears_out(lamp_case, handler, given, field, code):
    with pytest.raises(InvalidInput) as refused:
        actions.request_return(
            number=lamp_case.number, reason="不归我们", actor=handler.actor, at=SOON, **given
        )
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize(
    ("given", "cites", "unit"),
    [
        ({"cites": "《电力法》第三条"}, "《电力法》第三条", None),
        ({"cites": "《电力法》", "proposed_unit": "water-group"}, "《电力法》", "water-group"),
        ({"cites": "见 0204-002", "proposed_unit": "power-grid"}, "见 0204-002", "power-grid"),
        # the item that it was sent under does not fit: the list itself is in question
        ({"cites": LAMP_ITEM, "proposed_unit": "water-group"}, LAMP_ITEM, "water-group"),
        # naming a unit that leads an item of this category here is citing that item
        ({"proposed_unit": "transport"}, "0204-014", "transport"),
    ],
)
def test_a_return_keeps_what_it_cites(lamp_case, handler, given, cites, unit):
    asked = actions.request_return(
        number=lamp_case.number, reason="不归我们", actor=handler.actor, at=SOON, **given
    )
    assert (asked.cites, asked.proposed_unit_id) == (cites, unit)


def test_a_refused_return_is_counted_for_the_unit_that_asked(lamp_case, handler, dispatcher):
    actions.request_return(
        number=lamp_case.number, reason="不归我们", cites=LAMP_ITEM, actor=handler.actor, at=SOON
    )
    actions.decide_return(
        number=lamp_case.number, agreed=False, reason="清单写明", actor=dispatcher.actor, at=SOON
    )
    assert list(outcomes.standing(lamp_case, Outcome.Kind.REFUSED).values_list("unit_code", "item_code")) == [
        (LAMP_UNIT, LAMP_ITEM)
    ]
    assert reload(lamp_case).return_count == 0


def test_inside_a_street_nothing_is_returned_however_often_it_moves(operator, dispatcher):
    case = file_report(nature="enquiry", category="0101")
    actions.dispatch(number=case.number, item_code="0101-017", actor=operator.actor, at=TUESDAY)
    street = reload(case).owner_unit_id.partition("/")[0]
    for team in ("enforcement", "municipal-services", "enforcement"):
        actions.redispatch(
            number=case.number,
            item_code="0101-017",
            unit_code=f"{street}/{team}",
            reason="街道内调整",
            actor=dispatcher.actor,
            at=SOON,
        )
    assert reload(case).return_count == 0
    assert not Outcome.objects.filter(incident=case, kind__in=["returned", "refused"]).exists()
    assert not case.adjudications.exists()


# --- opening ----------------------------------------------------------------------------------


def test_one_return_is_no_dispute(lamp_case, handler, dispatcher):
    case = give_back(lamp_case, handler, dispatcher, SOON)
    assert not case.adjudications.exists()
    assert clocks(case) == {"dispatch"}


def test_the_second_return_opens_an_adjudication_under_a_clock_of_its_own(disputed_case):
    dispute = disputed_case.adjudications.get()
    assert (dispute.cause, dispute.is_open) == ("returns", True)
    assert set(dispute.parties) == {LAMP_UNIT, dispute.asked_by_unit_id}
    assert dispute.proposed_unit_id == LAMP_UNIT
    assert disputed_case.triage_codes == ["disputed", "returned"]
    assert clocks(disputed_case) == {"adjudication"}
    assert (disputed_case.clock_kind, disputed_case.due_at) == ("adjudication", dispute.timer.due_at)
    assert dispute.timer.limit == "2wd"
    assert told("adjudication.opened") == {"unit:operations-centre"}


def test_the_district_says_how_many_returns_make_a_dispute(settings, request):
    settings.ADJUDICATE_AFTER_RETURNS = 3
    case = request.getfixturevalue("disputed_case")
    assert case.return_count == 2
    assert not case.adjudications.exists()


@pytest.mark.parametrize(("urgency", "limit"), [("routine", "2wd"), ("urgent", "4h"), ("emergency", "1h")])
def test_the_more_urgent_the_sooner_it_is_ruled(handler, urgency, limit):
    case = file_report(urgency=urgency)
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY)
    assert object_to(case, handler, SOON).timer.limit == limit


def test_a_unit_objects_after_acceptance_and_goes_on_working(contested_case, handler):
    dispute = contested_case.adjudications.get()
    assert (dispute.cause, dispute.asked_by_unit_id) == ("objection", LAMP_UNIT)
    assert set(dispute.parties) == {LAMP_UNIT, "power-grid"}
    # 先办后议: it stays the owner, in hand, and the handling clock runs
    assert (contested_case.status, contested_case.owner_unit_id) == ("handling", LAMP_UNIT)
    assert {"handling", "adjudication"} <= clocks(contested_case)
    assert contested_case.clock_kind == "handling"
    actions.resolve(
        number=contested_case.number,
        outcome="solved",
        text="先修好了",
        attested=True,
        actor=handler.actor,
        at=NOON + HOUR,
    )
    assert reload(contested_case).status == "resolved"
    assert contested_case.adjudications.get().is_open


def test_silence_past_the_acceptance_limit_leaves_the_objection(lamp_case, handler):
    limit = lamp_case.timers.get(kind="acceptance").due_at
    dispute = object_to(lamp_case, handler, limit + timedelta(minutes=5))
    assert dispute.disputed.acceptance == "deemed"


def test_before_acceptance_a_unit_returns_and_does_not_object(lamp_case, handler):
    with pytest.raises(ActionRefused) as refused:
        object_to(lamp_case, handler, SOON)
    assert refused.value.code == "wrong_state"


def test_an_objection_cites_like_a_return(accepted_case, handler):
    with pytest.raises(InvalidInput) as refused:
        object_to(accepted_case, handler, cites="", proposed_unit="")
    assert refused.value.field == "cites"


def test_nobody_objects_twice(contested_case, handler):
    with pytest.raises(ActionRefused) as refused:
        object_to(contested_case, handler)
    assert refused.value.code == "already_disputed"


def test_only_the_unit_that_has_it_objects(accepted_case, other_handler):
    with pytest.raises(ActionRefused) as refused:
        object_to(accepted_case, other_handler)
    assert refused.value.code == "not_allowed"


def test_an_objection_can_be_taken_back_but_not_made_again(contested_case, handler):
    actions.withdraw_objection(
        number=contested_case.number, reason="已与供电协商", actor=handler.actor, at=NOON + HOUR
    )
    case = reload(contested_case)
    assert case.adjudications.get().outcome == "withdrawn"
    assert "adjudication" not in clocks(case)
    with pytest.raises(ActionRefused) as refused:
        object_to(case, handler, NOON + 2 * HOUR)
    assert refused.value.code == "objected_already"


# --- who rules --------------------------------------------------------------------------------


def test_the_desk_sends_a_disputed_case_nowhere(disputed_case, operator):
    assert not policy.can(operator.user, policy.Action.DISPATCH, disputed_case)
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(number=disputed_case.number, item_code=LAMP_ITEM, actor=operator.actor, at=NOON)
    assert refused.value.code == "disputed"


def test_a_contested_case_is_not_sent_on_before_the_ruling(contested_case, dispatcher):
    with pytest.raises(ActionRefused) as refused:
        actions.redispatch(
            number=contested_case.number,
            item_code=LAMP_ITEM,
            unit_code="power-grid",
            reason="属供电",
            actor=dispatcher.actor,
            at=NOON,
        )
    assert refused.value.code == "disputed"


@pytest.mark.parametrize("who", ["handler", "operator", "leader", "street_supervisor"])
def test_only_the_district_rules(disputed_case, who, request):
    with pytest.raises(ActionRefused) as refused:
        ruled(disputed_case, request.getfixturevalue(who))
    assert refused.value.code == "not_allowed"


@pytest.mark.parametrize("unit", [LAMP_UNIT, "power-grid"])
def test_nobody_of_a_unit_that_it_is_between_rules(contested_case, dispatcher, unit):
    assert policy.can(dispatcher.user, policy.Action.RULE, contested_case)
    Membership.objects.create(user=dispatcher.user, unit_id=unit, role=Role.HANDLER)
    del dispatcher.user._viewer
    assert not policy.can(dispatcher.user, policy.Action.RULE, contested_case)
    with pytest.raises(ActionRefused) as refused:
        ruled(contested_case, dispatcher)
    assert refused.value.code == "party"


def test_work_for_a_third_unit_bars_nobody(contested_case, dispatcher):
    Membership.objects.create(user=dispatcher.user, unit_id="water-group", role=Role.HANDLER)
    ruled(contested_case, dispatcher)
    assert contested_case.adjudications.get().outcome == "confirmed"


def test_the_desk_itself_is_no_ruling(disputed_case, supervisor):
    with pytest.raises(InvalidInput) as refused:
        ruled(disputed_case, supervisor, "operations-centre")
    assert refused.value.field == "unit"


# --- the ruling -------------------------------------------------------------------------------


def test_a_ruling_starts_the_work_at_once(disputed_case, supervisor):
    first = disputed_case.first_dispatched_at
    dispute = ruled(disputed_case, supervisor, LAMP_UNIT)
    case = reload(disputed_case)
    assert (dispute.outcome, dispute.unit_id, dispute.item_code) == ("ruled", LAMP_UNIT, LAMP_ITEM)
    assert dispute.ruled_by == supervisor.user
    assert (case.status, case.owner_unit_id) == ("handling", LAMP_UNIT)
    assert case.first_dispatched_at == first  # the case is as old as it was
    lead = case.assignments.get(ended_at=None)
    assert (lead.acceptance, lead.accepted_at, lead.handle_limit) == ("ruled", NOON + HOUR, "2wd")
    assert clocks(case) - {"first_contact"} == {"handling"}
    assert case.timers.filter(kind="acceptance").latest("pk").stop_reason == "met"


def test_a_ruling_is_frozen_with_item_and_version(disputed_case, supervisor):
    dispute = ruled(disputed_case, supervisor, "power-grid")
    record = disputed_case.assignments.get(ended_at=None).decision
    assert record == dispute.decision
    assert (record.unit_code, record.item_code, record.made_by) == ("power-grid", LAMP_ITEM, supervisor.user)
    assert record.responsibility_list.version == 1
    assert (record.detail["by"], record.detail["unit_by_list"]) == ("adjudication", LAMP_UNIT)


def test_everything_about_a_dispute_is_on_the_timeline(disputed_case, supervisor):
    dispute = ruled(disputed_case, supervisor, LAMP_UNIT)
    lines = TimelineEntry.objects.filter(incident=disputed_case).order_by("pk")
    assert [line.kind for line in lines][-3:] == ["disputed", "ruled", "accepted"]
    said = lines.get(kind="ruled")
    assert (said.actor, said.data["text"]) == (supervisor.user, dispute.ruling_id)
    assert said.data["adjudication"] == dispute.pk
    assert told("adjudication.ruled") == {f"unit:{dispute.asked_by_unit_id}"}
    assert told("case.ruled") == {f"unit:{LAMP_UNIT}"}


def test_what_was_ruled_is_neither_returned_nor_objected_to(disputed_case, supervisor, handler):
    ruled(disputed_case, supervisor, LAMP_UNIT)
    later = NOON + 2 * HOUR
    with pytest.raises(ActionRefused) as refused:
        actions.request_return(
            number=disputed_case.number, reason="不归我们", cites="x", actor=handler.actor, at=later
        )
    assert refused.value.code == "already_accepted"
    with pytest.raises(ActionRefused) as refused:
        object_to(disputed_case, handler, later)
    assert refused.value.code == "already_ruled"
    assert not policy.can(handler.user, policy.Action.OBJECT, reload(disputed_case))


def test_dispatch_duration_counts_from_receipt_wrong_units_included(disputed_case, supervisor):
    ruled(disputed_case, supervisor, LAMP_UNIT)
    fact = outcomes.standing(disputed_case, Outcome.Kind.DISPATCHED).get()
    assert (fact.unit_code, fact.elapsed, fact.first) == (LAMP_UNIT, 3 * 3600, False)
    assert outcomes.standing(disputed_case, Outcome.Kind.RETURNED).count() == 2
    assert [str(one) for one in rollups.differences()] == []


def test_a_contested_case_goes_to_the_unit_that_is_ruled(contested_case, supervisor, handler):
    dispute = ruled(contested_case, supervisor, "power-grid", "0204-002")
    case = reload(contested_case)
    assert dispute.outcome == "ruled"
    assert (case.status, case.owner_unit_id, case.return_count) == ("handling", "power-grid", 0)
    lead = case.assignments.get(ended_at=None)
    assert (lead.acceptance, lead.handle_limit) == ("ruled", "12h")
    before = case.assignments.get(unit=LAMP_UNIT)
    assert before.end_reason == "redispatched"
    fact = outcomes.standing(case, Outcome.Kind.DISPATCHED).get()
    assert (fact.unit_code, fact.elapsed) == ("power-grid", 3 * 3600)
    assert case.timers.get(kind="handling", stopped_at=None).started_at == NOON + HOUR


def test_a_contested_case_may_be_confirmed_where_it_is(contested_case, supervisor):
    before = contested_case.timers.get(kind="handling").due_at
    dispute = ruled(contested_case, supervisor)
    case = reload(contested_case)
    assert told("adjudication.ruled") == {f"unit:{LAMP_UNIT}"}
    assert dispute.outcome == "confirmed"
    assert (case.status, case.owner_unit_id) == ("handling", LAMP_UNIT)
    assert case.timers.get(kind="handling", stopped_at=None).due_at == before
    assert case.assignments.count() == 1
    assert dispute.decision.unit_code == LAMP_UNIT
    assert outcomes.standing(case, Outcome.Kind.DISPATCHED).get().elapsed == 0


@pytest.mark.parametrize("rest", ["suspended", "parked"])
def test_a_ruling_ends_a_rest(contested_case, supervisor, handler, rest):
    at = NOON + HOUR
    if rest == "parked":
        actions.resolve(
            number=contested_case.number,
            outcome="parked",
            text="待立项",
            parked_until=(at + timedelta(days=30)).date(),
            actor=handler.actor,
            at=at,
        )
    else:
        actions.request_suspension(
            number=contested_case.number,
            until=at + timedelta(days=3),
            reason="等备件",
            actor=handler.actor,
            at=at,
        )
        actions.decide_suspension(number=contested_case.number, agreed=True, actor=supervisor.actor, at=at)
    assert reload(contested_case).status == rest
    ruled(contested_case, supervisor, "power-grid", "0204-002", at + HOUR)
    case = reload(contested_case)
    assert (case.status, case.owner_unit_id) == ("handling", "power-grid")
    assert (case.parked_until, case.pause_kind, case.paused_until) == (None, "", None)
    assert clocks(case) - {"first_contact"} == {"handling"}
    assert not case.pauses.filter(ended_at=None).exists()


def test_what_has_been_dealt_with_meanwhile_stays_and_the_ruling_is_for_the_next_time(
    contested_case, supervisor, handler
):
    actions.resolve(
        number=contested_case.number,
        outcome="solved",
        text="先修好了",
        attested=True,
        actor=handler.actor,
        at=NOON,
    )
    dispute = ruled(contested_case, supervisor, "power-grid", "0204-002")
    case = reload(contested_case)
    assert (dispute.outcome, dispute.unit_id) == ("ruled", "power-grid")
    assert (case.status, case.owner_unit_id) == ("resolved", LAMP_UNIT)
    assert outcomes.standing(case, Outcome.Kind.HANDLED).get().unit_code == LAMP_UNIT


def test_between_teams_of_one_street_a_ruling_buys_no_time(operator, supervisor):
    case = file_report(nature="enquiry", category="0101")
    actions.dispatch(number=case.number, item_code="0101-017", actor=operator.actor, at=TUESDAY)
    unit = reload(case).owner_unit_id
    team = person("team", Role.HANDLER, unit)
    actions.accept(number=case.number, actor=team.actor, at=SOON)
    before = case.timers.get(kind="handling").due_at
    other = unit.replace("municipal-services", "enforcement")
    object_to(case, team, cites="《条例》", proposed_unit=other)
    ruled(case, supervisor, other, "0101-017")
    case = reload(case)
    assert case.owner_unit_id == other
    assert case.timers.get(kind="handling", stopped_at=None).due_at == before


def test_after_a_ruling_the_returns_are_counted_anew(
    disputed_case, supervisor, handler, dispatcher, operator
):
    ruled(disputed_case, supervisor, LAMP_UNIT)
    at = NOON + 2 * HOUR
    actions.redispatch(
        number=disputed_case.number,
        item_code=LAMP_ITEM,
        unit_code="power-grid",
        reason="线路故障",
        actor=dispatcher.actor,
        at=at,
    )
    grid = person("grid", Role.HANDLER, "power-grid")
    case = give_back(disputed_case, grid, dispatcher, at + timedelta(minutes=5))
    assert case.return_count == 3
    assert not case.adjudications.filter(ended_at=None).exists()
    actions.dispatch(
        number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=at + timedelta(minutes=10)
    )
    case = give_back(case, handler, dispatcher, at + timedelta(minutes=15))
    assert case.adjudications.get(ended_at=None).cause == "returns"


def test_a_dispute_ends_with_its_case(disputed_case, operator):
    actions.reject(number=disputed_case.number, reason="不属本区", actor=operator.actor, at=NOON)
    assert disputed_case.adjudications.get().outcome == "withdrawn"
    assert clocks(disputed_case) == set()


# --- nobody rules in time ---------------------------------------------------------------------


def due(case: Incident):
    return case.adjudications.get(ended_at=None).timer.due_at


def test_nobody_named_in_time_the_fallback_unit_has_it(disputed_case):
    at = due(disputed_case)
    sweeps.catch_up(at=at + timedelta(minutes=1))
    case = reload(disputed_case)
    dispute = case.adjudications.get()
    assert (dispute.outcome, dispute.ruled_by, dispute.ended_at) == ("fallback", None, at)
    # the street of the place, by the setting
    assert (case.status, case.owner_unit_id) == ("handling", "longgang")
    assert case.assignments.get(ended_at=None).acceptance == "ruled"
    assert told("adjudication.missed") == {"supervisors", "leaders"}
    assert [str(one) for one in rollups.differences()] == []


@pytest.mark.parametrize("setting", ["", "@owner", "no-such-unit"])
def test_without_a_fallback_unit_whoever_had_it_first_stays_responsible(disputed_case, setting):
    with override_settings(FALLBACK_UNIT=setting):
        sweeps.catch_up(at=due(disputed_case))
    assert reload(disputed_case).owner_unit_id == LAMP_UNIT


def test_nobody_rules_in_time_on_an_objection_and_the_unit_keeps_it(contested_case):
    handling = contested_case.timers.get(kind="handling").due_at
    at = due(contested_case)
    sweeps.catch_up(at=at)
    case = reload(contested_case)
    dispute = case.adjudications.get()
    assert (dispute.outcome, dispute.unit_id, dispute.ruled_by) == ("confirmed", LAMP_UNIT, None)
    assert case.owner_unit_id == LAMP_UNIT
    assert case.timers.filter(kind="handling").latest("pk").due_at == handling


def test_the_desk_is_warned_before_time_is_up(disputed_case):
    timer = disputed_case.adjudications.get().timer
    assert timer.stage_names == ["warn_50", "warn_80", "breach", "fall_back"]
    sweeps.catch_up(at=timer.stage_times[1])
    warned = OutboxMessage.objects.filter(kind="timer.warned", data__clock="adjudication")
    assert set(warned.values_list("receiver", flat=True)) == {"unit:operations-centre"}


def test_a_late_sweep_changes_nothing_about_a_missed_ruling(disputed_case, supervisor):
    at = due(disputed_case) + timedelta(minutes=1)
    with pytest.raises(ActionRefused) as refused:  # no sweep has run
        ruled(disputed_case, supervisor, "power-grid", at=at)
    assert refused.value.code == "nothing_disputed"


def test_the_clock_does_nothing_after_the_ruling(disputed_case, supervisor):
    at = due(disputed_case)
    ruled(disputed_case, supervisor, "power-grid", at=at - timedelta(minutes=1))
    sweeps.catch_up(at=at + timedelta(minutes=1))
    assert reload(disputed_case).owner_unit_id == "power-grid"
    assert disputed_case.adjudications.get().outcome == "ruled"
