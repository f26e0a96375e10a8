"""督办: who orders whom, by when it is to be answered, how it goes up, and what becomes of it."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.roles import Action, Role
from grids.locate import locate
from incidents import actions, policy, supervising, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import FiredStage, Incident, OutboxMessage, Supervision, Timer
from tests.cast import LAMP_POINT, LAMP_UNIT, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db(transaction=True)

NOON = TUESDAY + timedelta(hours=2)
LONG_AFTER = TUESDAY + timedelta(days=60)


def order(case: Incident, by: Person, *, at=NOON, words="今晚八点前必须亮灯", **more) -> Supervision:
    return actions.supervise(number=case.number, words=words, actor=by.actor, at=at, **more)


def elsewhere(n: int) -> Incident:
    """Another lamp, too far away to be the same one."""
    lon, lat = LAMP_POINT
    place = locate(lon=lon + 0.003 * (n % 3 - 1), lat=lat + 0.003 * (n // 3 + 1))
    return file_report(place=place, address=f"{n} 号")


def standing(case: Incident) -> Supervision:
    return Supervision.objects.get(incident=case, ended_at=None)


def receivers(kind: str) -> list[str]:
    return list(OutboxMessage.objects.filter(kind=kind).order_by("pk").values_list("receiver", flat=True))


def kinds(case: Incident) -> list[str]:
    return list(case.timeline.order_by("pk").values_list("kind", flat=True))


def clock_of(case: Incident) -> Timer:
    return Timer.objects.get(incident=case, kind="supervision", stopped_at=None)


# --- ordering by hand -------------------------------------------------------------------------------


def test_an_order_is_numbered_and_stands_on_the_case(accepted_case, supervisor):
    given = order(accepted_case, supervisor)
    case = reload(accepted_case)
    assert re.fullmatch(r"DB20260707-\d{4,}", given.number)
    assert (case.supervision_number, case.supervision_count) == (given.number, 1)
    assert (given.unit_id, given.level, given.cause) == (LAMP_UNIT, 1, "person")


def test_an_order_tells_the_head_and_the_handlers_of_the_unit(accepted_case, supervisor):
    order(accepted_case, supervisor)
    assert receivers("supervision.ordered") == [f"head:{LAMP_UNIT}", f"unit:{LAMP_UNIT}"]


def test_the_rule_says_by_when_it_is_answered(accepted_case, supervisor):
    given = order(accepted_case, supervisor)  # routine: the next working day's close
    assert given.answer_by == clock_of(accepted_case).due_at
    assert given.answer_by.date() == (TUESDAY + timedelta(days=1)).date()


def test_who_orders_may_say_by_when(accepted_case, supervisor):
    by = NOON + timedelta(minutes=90)
    assert order(accepted_case, supervisor, answer_by=by).answer_by == by
    assert clock_of(accepted_case).due_at == by


@pytest.mark.parametrize("away", [timedelta(0), -timedelta(hours=1), timedelta(days=31)])
def test_a_time_that_cannot_be_kept_is_refused(accepted_case, supervisor, away):
    with pytest.raises(InvalidInput) as refused:
        order(accepted_case, supervisor, answer_by=NOON + away)
    assert refused.value.field == "answer_by"
    assert not Supervision.objects.exists()


def test_an_order_says_something(accepted_case, supervisor):
    with pytest.raises(InvalidInput) as refused:
        order(accepted_case, supervisor, words="  ")
    assert refused.value.field == "words"


def test_a_second_order_while_one_is_open_is_refused_with_its_number(accepted_case, supervisor):
    first = order(accepted_case, supervisor)
    with pytest.raises(ActionRefused, match=first.number) as refused:
        order(accepted_case, supervisor)
    assert refused.value.code == "already_ordered"


def test_nobody_is_ordered_where_no_unit_has_the_case(desk_case, resolved_case, supervisor):
    for case in (desk_case, resolved_case):
        with pytest.raises(ActionRefused) as refused:
            order(case, supervisor, at=NOON + timedelta(minutes=1))
        assert refused.value.code == "not_assigned"


def test_the_ruling_clock_stays_the_handling_clock(accepted_case, supervisor):
    before = reload(accepted_case)
    order(accepted_case, supervisor)
    after = reload(accepted_case)
    assert (after.clock_kind, after.due_at) == (before.clock_kind, before.due_at)


# --- answering and lifting --------------------------------------------------------------------------


def test_the_unit_answers_and_who_ordered_is_told(accepted_case, supervisor, handler):
    order(accepted_case, supervisor)
    done = actions.answer_order(
        number=accepted_case.number, text="灯已到货,下午装", actor=handler.actor, at=NOON
    )
    assert (done.end, done.answer.body, done.ended_by) == ("answered", "灯已到货,下午装", handler.user)
    assert reload(accepted_case).supervision_number == ""
    assert not Timer.objects.filter(kind="supervision", stopped_at=None).exists()
    assert receivers("supervision.answered") == [f"user:{supervisor.user.pk}"]


def test_an_answer_to_nothing_is_refused(accepted_case, handler):
    with pytest.raises(ActionRefused) as refused:
        actions.answer_order(number=accepted_case.number, text="好", actor=handler.actor, at=NOON)
    assert refused.value.code == "nothing_ordered"


def test_an_answered_case_can_be_ordered_again(accepted_case, supervisor, handler):
    first = order(accepted_case, supervisor)
    actions.answer_order(number=accepted_case.number, text="在办", actor=handler.actor, at=NOON)
    second = order(accepted_case, supervisor, at=NOON + timedelta(hours=1))
    assert second.number != first.number
    assert reload(accepted_case).supervision_count == 2


def test_lifting_says_why_and_tells_the_unit(accepted_case, supervisor):
    order(accepted_case, supervisor)
    lifted = actions.lift_order(
        number=accepted_case.number, reason="现场已处理", actor=supervisor.actor, at=NOON
    )
    assert lifted.end == "lifted"
    assert receivers("supervision.lifted") == [f"unit:{LAMP_UNIT}"]
    line = accepted_case.timeline.get(kind="supervision_lifted")
    assert line.data["text"]
    order(accepted_case, supervisor, at=NOON + timedelta(minutes=1))
    with pytest.raises(InvalidInput):
        actions.lift_order(
            number=accepted_case.number, reason="", actor=supervisor.actor, at=NOON + timedelta(minutes=2)
        )


# --- going up ---------------------------------------------------------------------------------------


def test_an_unanswered_order_goes_up_to_the_district_and_then_to_the_leader(accepted_case, supervisor):
    given = order(accepted_case, supervisor, answer_by=NOON + timedelta(hours=1))
    sweeps.catch_up(at=given.answer_by)
    up = standing(accepted_case)
    assert up.level == Supervision.Level.DISTRICT
    assert up.answer_by > given.answer_by
    assert receivers("supervision.raised") == ["supervisors", f"unit:{LAMP_UNIT}"]
    sweeps.catch_up(at=up.answer_by)
    top = standing(accepted_case)
    assert top.level == Supervision.Level.LEADER
    assert receivers("supervision.raised")[2:] == ["leaders", f"unit:{LAMP_UNIT}"]
    sweeps.catch_up(at=top.answer_by + timedelta(days=2))
    assert standing(accepted_case).level == Supervision.Level.LEADER
    assert kinds(accepted_case).count("supervision_raised") == 2


def test_a_sweep_that_was_dead_takes_no_time_to_answer_from_anybody(accepted_case, supervisor):
    given = order(accepted_case, supervisor, answer_by=NOON + timedelta(hours=1))
    back = given.answer_by + timedelta(days=1)
    sweeps.catch_up(at=back)
    up = standing(accepted_case)
    assert up.level == Supervision.Level.DISTRICT
    assert up.answer_by > back
    line = accepted_case.timeline.get(kind="supervision_raised")
    assert line.at == given.answer_by  # what happened, happened when the rule says


def test_an_answer_in_time_leaves_nothing_to_raise(accepted_case, supervisor, handler):
    given = order(accepted_case, supervisor)
    actions.answer_order(
        number=accepted_case.number,
        text="在办",
        actor=handler.actor,
        at=given.answer_by - timedelta(seconds=1),
    )
    sweeps.catch_up(at=LONG_AFTER)
    assert "supervision_raised" not in kinds(accepted_case)


def test_who_was_brought_in_is_told_of_the_answer(accepted_case, supervisor, handler):
    given = order(accepted_case, supervisor, answer_by=NOON + timedelta(hours=1))
    late = given.answer_by + timedelta(minutes=5)
    # No sweep has come by: the action itself sees that the order has gone up.
    done = actions.answer_order(number=accepted_case.number, text="在办", actor=handler.actor, at=late)
    assert done.level == Supervision.Level.DISTRICT
    assert receivers("supervision.answered") == [f"user:{supervisor.user.pk}", "supervisors"]


# --- by itself --------------------------------------------------------------------------------------


def breach_orders(case: Incident) -> FiredStage:
    """Let the clock run to the stage that orders."""
    clock = case.timers.get(kind="handling", stopped_at=None)
    when = clock.stage_times[clock.stage_names.index("supervise")]
    sweeps.catch_up(at=when)
    return FiredStage.objects.get(timer=clock, stage="supervise")


def test_a_breach_orders_by_itself_after_a_while(accepted_case):
    fired = breach_orders(accepted_case)
    given = standing(accepted_case)
    assert (given.cause, given.ordered_by, given.ordered_at) == ("breach", None, fired.due_at)
    assert given.timer == fired.timer
    assert reload(accepted_case).supervision_number == given.number


def test_a_breach_orders_once(accepted_case):
    breach_orders(accepted_case)
    sweeps.catch_up(at=LONG_AFTER)
    assert Supervision.objects.count() == 1


def test_a_breach_that_is_taken_up_late_stops_no_clock_before_it_began(accepted_case):
    handling = accepted_case.timers.get(kind="handling", stopped_at=None)
    breach = handling.stage_times[handling.stage_names.index("supervise")]
    silent_until = breach + timedelta(days=1)
    # The sweep was dead for a day, so the order's clock began when it was told ...
    sweeps.catch_up(at=silent_until)
    began = clock_of(accepted_case)
    assert (standing(accepted_case).level, began.started_at) == (Supervision.Level.UNIT, silent_until)
    # ... and the deed of another clock's breach, as long ago, comes only now.
    with transaction.atomic():
        supervising.order_for_breach(reload(accepted_case), timer=handling, actor=SYSTEM)
    began.refresh_from_db()
    assert (began.stop_reason, began.stopped_at) == ("raised", silent_until)
    assert standing(accepted_case).level == Supervision.Level.DISTRICT


def test_an_answer_to_an_order_of_nobody_goes_to_the_supervisors(accepted_case, handler):
    fired = breach_orders(accepted_case)
    at = fired.due_at + timedelta(minutes=1)
    actions.answer_order(number=accepted_case.number, text="在办", actor=handler.actor, at=at)
    assert receivers("supervision.answered") == ["supervisors"]


def test_a_breach_leaves_a_persons_order_as_it_is_and_says_so(accepted_case, supervisor):
    clock = accepted_case.timers.get(kind="handling", stopped_at=None)
    when = clock.stage_times[clock.stage_names.index("supervise")]
    given = order(accepted_case, supervisor, at=when - timedelta(minutes=5))
    sweeps.catch_up(at=when)
    kept = standing(accepted_case)
    assert (kept.number, kept.level, kept.answer_by) == (given.number, 1, given.answer_by)
    noted = accepted_case.timeline.filter(kind="supervised").last()
    assert noted.data["again"] is True


def test_a_resolved_case_is_not_ordered_by_its_old_clock(resolved_case):
    sweeps.catch_up(at=LONG_AFTER)
    assert not Supervision.objects.exists()


# --- when the case moves ----------------------------------------------------------------------------


def returned(case: Incident, handler: Person, dispatcher: Person, *, at) -> None:
    actions.request_return(
        number=case.number, reason="不归我们管", cites="0204-001", actor=handler.actor, at=at
    )
    actions.decide_return(number=case.number, agreed=True, actor=dispatcher.actor, at=at)


def test_an_order_goes_on_to_the_next_unit_with_its_whole_time(lamp_case, supervisor, handler, dispatcher):
    soon = TUESDAY + timedelta(minutes=5)
    given = order(lamp_case, supervisor, at=soon, answer_by=soon + timedelta(hours=30))
    returned(lamp_case, handler, dispatcher, at=soon + timedelta(minutes=1))
    assert standing(lamp_case).number == given.number
    assert not Timer.objects.filter(kind="supervision", stopped_at=None).exists()  # nobody could answer
    with pytest.raises(ActionRefused):
        actions.answer_order(
            number=lamp_case.number, text="在办", actor=handler.actor, at=soon + timedelta(minutes=2)
        )
    later = soon + timedelta(minutes=10)
    actions.dispatch(
        number=lamp_case.number,
        item_code="0204-001",
        unit_code="water-group",
        actor=dispatcher.actor,
        at=later,
    )
    moved = standing(lamp_case)
    assert (moved.number, moved.unit_id, moved.level) == (given.number, "water-group", 1)
    assert moved.answer_by == clock_of(lamp_case).due_at
    assert clock_of(lamp_case).started_at == later
    assert receivers("supervision.ordered")[-2:] == ["head:water-group", "unit:water-group"]
    assert reload(lamp_case).supervision_count == 1  # one order, wherever it went


def test_sending_elsewhere_takes_the_order_along_and_down_again(accepted_case, supervisor, dispatcher):
    given = order(accepted_case, supervisor, answer_by=NOON + timedelta(hours=1))
    sweeps.catch_up(at=given.answer_by)
    assert standing(accepted_case).level == 2
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="water-group",
        reason="换人",
        actor=dispatcher.actor,
        at=given.answer_by + timedelta(minutes=1),
    )
    assert (standing(accepted_case).level, standing(accepted_case).unit_id) == (1, "water-group")


def test_resolving_is_no_answer(accepted_case, supervisor, handler):
    order(accepted_case, supervisor, at=NOON - timedelta(minutes=5))
    actions.resolve(
        number=accepted_case.number,
        outcome="solved",
        text="已换新",
        attested=True,
        actor=handler.actor,
        at=NOON,
    )
    assert reload(accepted_case).supervision_number
    actions.answer_order(number=accepted_case.number, text="已换新", actor=handler.actor, at=NOON)
    assert reload(accepted_case).supervision_number == ""


def test_closing_ends_an_open_order(accepted_case, supervisor, handler, dispatcher):
    order(accepted_case, supervisor, at=NOON - timedelta(minutes=5))
    actions.resolve(
        number=accepted_case.number,
        outcome="solved",
        text="已换新",
        attested=True,
        actor=handler.actor,
        at=NOON,
    )
    actions.close(number=accepted_case.number, reason="电话核实", actor=dispatcher.actor, at=NOON)
    over = Supervision.objects.get()
    assert (over.end, over.ended_at) == ("finished", NOON)
    assert reload(accepted_case).supervision_number == ""
    sweeps.catch_up(at=LONG_AFTER)
    assert "supervision_raised" not in kinds(accepted_case)


def test_a_merged_cases_order_is_given_to_the_case_that_answers_for_it(accepted_case, supervisor, dispatcher):
    other = elsewhere(1)
    given = order(other, supervisor, at=TUESDAY + timedelta(minutes=20))
    at = TUESDAY + timedelta(minutes=30)
    actions.merge(number=other.number, into=accepted_case.number, actor=dispatcher.actor, at=at)
    assert Supervision.objects.get(pk=given.pk).end == "finished"
    passed = standing(accepted_case)
    assert (passed.words_id, passed.ordered_by) == (given.words_id, supervisor.user)
    assert reload(accepted_case).supervision_number == passed.number


def test_a_case_with_an_order_of_its_own_takes_no_second_one_by_merging(
    accepted_case, supervisor, dispatcher
):
    other = elsewhere(1)
    at = TUESDAY + timedelta(minutes=20)
    own = order(accepted_case, supervisor, at=at)
    order(other, supervisor, at=at)
    actions.merge(number=other.number, into=accepted_case.number, actor=dispatcher.actor, at=at)
    assert standing(accepted_case).number == own.number
    assert not Supervision.objects.filter(incident=other, ended_at=None).exists()


# --- urging -----------------------------------------------------------------------------------------


def test_urging_tells_the_unit_at_most_once_an_hour(accepted_case, supervisor):
    actions.nudge(number=accepted_case.number, actor=supervisor.actor, at=NOON)
    assert receivers("supervision.nudged") == [f"unit:{LAMP_UNIT}"]
    with pytest.raises(ActionRefused) as refused:
        actions.nudge(
            number=accepted_case.number, actor=supervisor.actor, at=NOON + timedelta(minutes=59, seconds=59)
        )
    assert refused.value.code == "too_soon"
    actions.nudge(number=accepted_case.number, actor=supervisor.actor, at=NOON + timedelta(hours=1))
    assert len(receivers("supervision.nudged")) == 2
    assert not Supervision.objects.exists()


def test_whoever_has_to_act_is_urged(desk_case, resolved_case, supervisor):
    at = NOON + timedelta(minutes=1)
    actions.nudge(number=desk_case.number, actor=supervisor.actor, at=at)
    actions.nudge(number=resolved_case.number, actor=supervisor.actor, at=at)
    check = resolved_case.verifications.get()
    assert receivers("supervision.nudged") == ["unit:operations-centre", f"unit:{check.unit_id}"]


# --- who may ----------------------------------------------------------------------------------------

SUPERVISORS = {"supervisor"}
MAY = {
    Action.SUPERVISE: SUPERVISORS,
    Action.NUDGE: SUPERVISORS,
    Action.LIFT_ORDER: SUPERVISORS,
    Action.ANSWER_ORDER: {"handler"},
}


@pytest.mark.parametrize("action", list(MAY))
def test_who_may_do_it(
    request, action, accepted_case, operator, dispatcher, handler, other_handler, supervisor, leader, admin
):
    if action in (Action.ANSWER_ORDER, Action.LIFT_ORDER):
        order(accepted_case, supervisor)
    case = reload(accepted_case)
    cast = {
        "operator": operator,
        "dispatcher": dispatcher,
        "handler": handler,
        "other_handler": other_handler,
        "supervisor": supervisor,
        "leader": leader,  # of the district: it comes up to him, he does not answer for the unit
        "admin": admin,
        "street_supervisor": request.getfixturevalue("street_supervisor"),  # of another street
    }
    assert {name for name, one in cast.items() if policy.can(one.user, action, case)} == MAY[action]


def test_the_head_of_the_unit_answers_too(accepted_case, supervisor):
    head = person("head", Role.LEADER, LAMP_UNIT)
    order(accepted_case, supervisor)
    actions.answer_order(number=accepted_case.number, text="我来办", actor=head.actor, at=NOON)
    assert reload(accepted_case).supervision_number == ""


@pytest.fixture
def own_street(db) -> Person:
    """Supervises 龙岗街道, where the lamp stands."""
    return person("own-street", Role.SUPERVISOR, "longgang/operations")


def test_a_street_orders_and_lifts_in_its_own_street(accepted_case, own_street, street_supervisor):
    with pytest.raises(ActionRefused):
        order(accepted_case, street_supervisor)
    order(accepted_case, own_street)
    actions.lift_order(number=accepted_case.number, reason="已办", actor=own_street.actor, at=NOON)
    assert reload(accepted_case).supervision_number == ""


def test_a_street_does_not_lift_what_the_district_ordered(accepted_case, own_street, supervisor):
    order(accepted_case, supervisor)
    assert not policy.can(own_street.user, Action.LIFT_ORDER, reload(accepted_case))
    with pytest.raises(ActionRefused) as refused:
        actions.lift_order(number=accepted_case.number, reason="已办", actor=own_street.actor, at=NOON)
    assert refused.value.code == "not_allowed"


def test_a_street_does_not_lift_what_has_come_up_to_the_district(accepted_case, own_street):
    given = order(accepted_case, own_street, answer_by=NOON + timedelta(hours=1))
    sweeps.catch_up(at=given.answer_by)
    with pytest.raises(ActionRefused):
        actions.lift_order(
            number=accepted_case.number, reason="已办", actor=own_street.actor, at=given.answer_by
        )


# --- races ------------------------------------------------------------------------------------------


def together(*works) -> list[Exception]:
    """Run these at the same time; answers what went wrong."""
    errors: list[Exception] = []
    start = threading.Barrier(len(works))

    def run(work):
        try:
            start.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_answering_while_the_sweep_raises(supervisor, handler):
    """Late by a minute: raised once and then answered, whoever of the two comes first."""
    cases = [elsewhere(n) for n in range(6)]
    at = TUESDAY + timedelta(minutes=5)
    for case in cases:
        order(case, supervisor, at=at, answer_by=at + timedelta(minutes=10))
    late = at + timedelta(minutes=11)
    errors = together(
        lambda: sweeps.catch_up(at=late),
        lambda: [
            actions.answer_order(number=case.number, text="在办", actor=handler.actor, at=late)
            for case in cases
        ],
        lambda: sweeps.catch_up(at=late),
    )
    sweeps.catch_up(at=late)
    assert errors == []
    for case in cases:
        done = Supervision.objects.get(incident=case)
        assert (done.end, done.level) == ("answered", 2)
        assert [kind for kind in kinds(case) if kind.startswith("supervis")] == [
            "supervised",
            "supervision_raised",
            "supervision_answered",
        ]
    assert not Timer.objects.filter(kind="supervision", stopped_at=None).exists()


def test_two_supervisors_at_once_give_one_order(accepted_case, supervisor):
    second = person("second", Role.SUPERVISOR, "operations-centre")
    errors = together(lambda: order(accepted_case, supervisor), lambda: order(accepted_case, second))
    assert [error.code for error in errors] == ["already_ordered"]
    assert Supervision.objects.count() == 1


def test_closing_while_somebody_orders_leaves_no_order_on_a_closed_case(resolved_case, supervisor, handler):
    closing = TUESDAY + timedelta(hours=3)
    dispatcher = person("closer", Role.DISPATCHER, "operations-centre")
    errors = together(
        lambda: actions.close(
            number=resolved_case.number, reason="已核实", actor=dispatcher.actor, at=closing
        ),
        lambda: order(resolved_case, supervisor, at=closing),
    )
    assert [error.code for error in errors] == ["not_assigned"]
    assert not Supervision.objects.filter(ended_at=None).exists()


def test_numbers_are_never_given_twice(supervisor):
    cases = [elsewhere(n) for n in range(8)]
    at = TUESDAY + timedelta(minutes=5)
    errors = together(
        *(
            (lambda batch=cases[half::2]: [order(case, supervisor, at=at) for case in batch])
            for half in range(2)
        )
    )
    assert errors == []
    numbers = set(Supervision.objects.values_list("number", flat=True))
    assert len(numbers) == len(cases)
