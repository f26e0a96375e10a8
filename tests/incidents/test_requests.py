"""More time and a second look: extensions before the case is due, appeals after a breach."""

from datetime import timedelta

import pytest

from incidents import actions, clock_rules, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import UpdateDraft, apply_update
from incidents.models import CaseRequest, ClockRule, FiredStage, OutboxMessage, Outcome
from tests.cast import LAMP_UNIT, TUESDAY, file_report, reload

pytestmark = pytest.mark.django_db

ASKED = TUESDAY + timedelta(hours=1)


def handling(case):
    return case.timers.filter(kind="handling").latest("pk")


def ask(case, handler, *, until=None, at=ASKED):
    until = until or handling(case).due_at + timedelta(days=1)
    return actions.request_extension(
        number=case.number, until=until, reason="要等供电停电窗口", actor=handler.actor, at=at
    )


def agree(case, supervisor, *, at=ASKED, **more):
    return actions.decide_extension(number=case.number, agreed=True, actor=supervisor.actor, at=at, **more)


def test_asking_moves_nothing(accepted_case, handler):
    due_at = handling(accepted_case).due_at
    ask(accepted_case, handler)
    assert reload(accepted_case).due_at == due_at
    told = OutboxMessage.objects.get(kind="request.asked")
    assert (told.receiver, told.data["request"]) == ("supervisors", "extension")


def test_an_agreed_extension_brings_its_own_warnings(accepted_case, handler, supervisor):
    clock = handling(accepted_case)
    half, until = clock.stage_times[0], clock.due_at + timedelta(days=1)
    sweeps.catch_up(at=half)
    ask(accepted_case, handler, until=until, at=half)
    agree(accepted_case, supervisor, at=half)
    assert reload(accepted_case).due_at == until
    sweeps.catch_up(at=until)
    fired = FiredStage.objects.filter(timer=clock, stage__in=["warn_50", "warn_80", "breach"])
    assert list(fired.order_by("pk").values_list("run", "stage")) == [
        (1, "warn_50"),
        (2, "warn_50"),
        (2, "warn_80"),
        (2, "breach"),
    ]


def test_a_refusal_says_why_and_changes_nothing(accepted_case, handler, supervisor):
    due_at = handling(accepted_case).due_at
    ask(accepted_case, handler)
    with pytest.raises(InvalidInput):
        actions.decide_extension(number=accepted_case.number, agreed=False, actor=supervisor.actor, at=ASKED)
    actions.decide_extension(
        number=accepted_case.number, agreed=False, reason="备件已到", actor=supervisor.actor, at=ASKED
    )
    assert handling(accepted_case).due_at == due_at
    assert CaseRequest.objects.get().answer == "refused"


def test_it_is_asked_for_before_the_case_is_due(accepted_case, handler):
    due_at = handling(accepted_case).due_at
    with pytest.raises(ActionRefused) as refused:
        ask(accepted_case, handler, until=due_at + timedelta(days=1), at=due_at)
    assert refused.value.code == "overdue"


def test_twice_and_no_more(accepted_case, handler, supervisor):
    for _time in range(2):
        ask(accepted_case, handler)
        agree(accepted_case, supervisor)
    with pytest.raises(ActionRefused) as refused:
        ask(accepted_case, handler)
    assert refused.value.code == "too_many"


def test_one_waits_at_a_time(accepted_case, handler):
    ask(accepted_case, handler)
    with pytest.raises(ActionRefused) as refused:
        ask(accepted_case, handler)
    assert refused.value.code == "already_asked"


@pytest.mark.parametrize(("days", "code"), [(0, "not_later"), (60, "too_long")])
def test_an_extension_is_bounded(accepted_case, handler, days, code):
    with pytest.raises(InvalidInput) as refused:
        ask(accepted_case, handler, until=handling(accepted_case).due_at + timedelta(days=days))
    assert (refused.value.field, refused.value.code) == ("until", code)


def test_upstreams_deadline_is_not_ours_to_extend(accepted_case, handler):
    due_at = handling(accepted_case).due_at
    report = accepted_case.links.get().report
    draft = UpdateDraft(external_id="D", kind="deadline", due_at=due_at + timedelta(hours=1))
    apply_update(report=report, draft=draft, actor=SYSTEM, at=ASKED)
    with pytest.raises(InvalidInput) as refused:
        ask(accepted_case, handler)
    assert refused.value.code == "outside_deadline"


def test_an_answer_after_the_breach_gives_time_and_leaves_the_breach(accepted_case, handler, supervisor):
    due_at = handling(accepted_case).due_at
    ask(accepted_case, handler)
    agree(accepted_case, supervisor, at=due_at + timedelta(hours=2))
    assert reload(accepted_case).due_at == due_at + timedelta(days=1)
    breach = FiredStage.objects.get(timer__kind="handling", stage="breach")
    assert breach.due_at == due_at


def test_a_streets_supervisor_gives_no_time_to_the_districts_units(accepted_case, handler, street_supervisor):
    ask(accepted_case, handler)
    with pytest.raises(ActionRefused) as refused:
        agree(accepted_case, street_supervisor)
    assert refused.value.code == "not_allowed"


def test_the_request_lapses_with_the_sending(accepted_case, handler, dispatcher):
    ask(accepted_case, handler)
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="water-group",
        reason="裁定",
        actor=dispatcher.actor,
        at=ASKED,
    )
    assert CaseRequest.objects.get().answer == "lapsed"


# --- appeals ----------------------------------------------------------------------------------


def due_fact(case):
    return sum(fact.sign for fact in Outcome.objects.filter(incident=case, kind="due"))


def appeal(case, handler, *, at):
    return actions.appeal(number=case.number, reason="台风停工期间", actor=handler.actor, at=at)


@pytest.fixture
def breached_case(accepted_case):
    sweeps.catch_up(at=handling(accepted_case).due_at)
    assert due_fact(accepted_case) == 1
    return accepted_case


def test_an_agreed_appeal_leaves_the_rate_and_not_the_record(breached_case, handler, supervisor):
    at = handling(breached_case).due_at + timedelta(days=1)
    appeal(breached_case, handler, at=at)
    actions.decide_appeal(
        number=breached_case.number, agreed=True, reason="属实", actor=supervisor.actor, at=at
    )
    assert due_fact(breached_case) == 0
    assert FiredStage.objects.filter(timer__incident=breached_case, stage="breach").exists()
    assert breached_case.timeline.filter(kind="breached", data__clock="handling").exists()
    assert breached_case.timeline.filter(kind="appeal_agreed").exists()


def test_a_refused_appeal_is_the_last_word(breached_case, handler, supervisor):
    at = handling(breached_case).due_at + timedelta(days=1)
    appeal(breached_case, handler, at=at)
    actions.decide_appeal(
        number=breached_case.number, agreed=False, reason="当天未停工", actor=supervisor.actor, at=at
    )
    assert due_fact(breached_case) == 1
    with pytest.raises(ActionRefused) as refused:
        appeal(breached_case, handler, at=at)
    assert refused.value.code == "already_asked"


def test_an_appeal_has_seven_days(breached_case, handler):
    with pytest.raises(ActionRefused) as refused:
        appeal(breached_case, handler, at=handling(breached_case).due_at + timedelta(days=7, minutes=1))
    assert refused.value.code == "too_late"


def test_only_the_unit_that_was_late_appeals(breached_case, other_handler):
    with pytest.raises(ActionRefused):
        appeal(breached_case, other_handler, at=handling(breached_case).due_at)


def test_who_breached_may_appeal_after_the_case_went_elsewhere(breached_case, handler, dispatcher):
    at = handling(breached_case).due_at + timedelta(hours=1)
    actions.redispatch(
        number=breached_case.number,
        item_code="0204-001",
        unit_code="water-group",
        reason="裁定",
        actor=dispatcher.actor,
        at=at,
    )
    request = appeal(breached_case, handler, at=at)
    assert request.assignment.unit_id == LAMP_UNIT


# --- rules ------------------------------------------------------------------------------------


def test_a_districts_own_rule_is_for_clocks_that_start_afterwards():
    before = file_report()
    ClockRule.objects.create(kind="handling", urgency=before.urgency, warn_at=[30, 90], leader_after="1wd")
    clock_rules.forget()
    after = file_report(text="村口那一排路灯整晚不亮,走路害怕")
    assert after.urgency == before.urgency
    assert handling(before).stage_names[:2] == ["warn_50", "warn_80"]
    assert handling(after).stage_names == ["warn_30", "warn_90", "breach", "level_up", "esc_leader"]


def test_a_breach_and_a_return_move_the_case_up(breached_case, handler, dispatcher):
    level = breached_case.level
    assert reload(breached_case).level > level or level == "D"
    other = file_report(text="另一处:路灯杆倒了,压着绿化带")
    actions.request_return(
        number=other.number,
        reason="不归我们",
        cites="x",
        actor=handler.actor,
        at=ASKED - timedelta(minutes=55),
    )
    actions.decide_return(number=other.number, agreed=True, actor=dispatcher.actor, at=ASKED)
    assert reload(other).level > level or level == "D"
