"""误报: what told of danger and was none. The case is ordinary again, facts stay, words are counted."""

from datetime import timedelta

import pytest

from accounts.roles import Role
from incidents import actions, dangers
from incidents.errors import ActionRefused
from incidents.models import EmergencyAlarm, Incident, Timer
from incidents.models.incident import Status
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

LOUD = f"{LAMP_TEXT},有人在楼顶要跳楼"
WEEK = {"since": TUESDAY - timedelta(days=7), "until": TUESDAY + timedelta(days=7)}


def loud_case(external_id: str = "loud", text: str = LOUD) -> Incident:
    """A street lamp with a threat in its words: on the desk, for somebody to call at once."""
    return file_report(text=text, category=LAMP_CATEGORY, external_id=external_id, joins="")


def clock(case: Incident) -> Timer:
    return Timer.objects.get(incident=case, kind=Timer.Kind.DISPATCH, stopped_at__isnull=True)


def test_danger_comes_onto_the_desk_with_ten_minutes_and_is_kept_once() -> None:
    case = loud_case()
    assert (case.status, case.urgency) == (Status.TRIAGE, "emergency")
    assert case.triage_codes[0] == "emergency"
    assert clock(case).due_at == TUESDAY + timedelta(minutes=10)
    alarm = EmergencyAlarm.objects.get(incident=case)
    assert (alarm.danger, alarm.phrase, alarm.source) == ("suicide", "楼顶要跳", case.source)


def test_an_ordinary_report_keeps_no_alarm() -> None:
    case = loud_case(text=LAMP_TEXT)
    assert not EmergencyAlarm.objects.filter(incident=case).exists()


def test_called_false_it_is_ordinary_again_and_has_an_ordinary_cases_time(operator: Person) -> None:
    case = loud_case()
    at = TUESDAY + timedelta(minutes=4)
    actions.false_alarm(number=case.number, reason="是广告牌上的字", actor=operator.actor, at=at)
    case = reload(case)
    assert (case.status, case.urgency) == (Status.TRIAGE, "routine")
    assert "emergency" not in case.triage_codes
    assert case.claimed_by == operator.user
    # From its receipt on, as if it had never sounded; what ran before stays on record.
    assert clock(case).started_at == TUESDAY
    assert case.due_at == clock(case).due_at > TUESDAY + timedelta(minutes=30)
    before = Timer.objects.get(incident=case, kind=Timer.Kind.DISPATCH, stop_reason="false_alarm")
    assert (before.due_at, before.stopped_at) == (TUESDAY + timedelta(minutes=10), at)
    line = case.timeline.get(kind="false_alarm")
    assert (line.data["phrase"], line.data["before"], line.data["after"]) == (
        "楼顶要跳",
        "emergency",
        "routine",
    )


def test_what_is_set_right_later_does_not_sound_again(operator: Person) -> None:
    case = loud_case()
    actions.false_alarm(number=case.number, reason="误报", actor=operator.actor, at=TUESDAY)
    actions.correct(number=case.number, category=LAMP_CATEGORY, actor=operator.actor, at=TUESDAY)
    assert reload(case).urgency == "routine"


def test_with_a_unit_only_the_urgency_is_lowered(operator: Person) -> None:
    case = loud_case()
    actions.dispatch(number=case.number, item_code="0204-001", actor=operator.actor, at=TUESDAY)
    due = reload(case).due_at
    actions.false_alarm(number=case.number, reason="误报", actor=operator.actor, at=TUESDAY)
    case = reload(case)
    assert (case.status, case.urgency, case.due_at) == (Status.DISPATCHED, "routine", due)


def test_it_is_said_once_with_a_reason_and_by_the_centre(operator: Person, handler: Person) -> None:
    case = loud_case()
    with pytest.raises(ActionRefused) as refused:
        actions.false_alarm(number=case.number, reason="误报", actor=handler.actor, at=TUESDAY)
    assert refused.value.code == "not_allowed"
    actions.false_alarm(number=case.number, reason="误报", actor=operator.actor, at=TUESDAY)
    with pytest.raises(ActionRefused) as refused:
        actions.false_alarm(number=case.number, reason="误报", actor=operator.actor, at=TUESDAY)
    assert refused.value.code == "no_alarm"


def test_alarms_are_counted_by_words_and_by_source(operator: Person) -> None:
    first, _second = loud_case("one"), loud_case("two")
    actions.false_alarm(number=first.number, reason="误报", actor=operator.actor, at=TUESDAY)
    total = dangers.total(**WEEK)
    assert (total.alarms, total.false, total.share) == (2, 1, 0.5)
    assert [(one.key, one.alarms, one.false) for one in dangers.by_phrase(**WEEK)] == [("楼顶要跳", 2, 1)]
    assert [(one.key, one.alarms, one.false) for one in dangers.by_source(**WEEK)] == [(first.source, 2, 1)]
    assert dangers.total(since=TUESDAY + timedelta(days=1), until=WEEK["until"]).alarms == 0


def test_a_street_counts_its_own_alarms_alone(
    operator: Person, supervisor: Person, street_supervisor: Person, steward: Person
) -> None:
    loud_case("one")
    own = person("own", Role.SUPERVISOR, "longgang/operations")
    counted = {
        who.user.username: dangers.total(**WEEK, where=dangers.within(who.user)).alarms
        for who in (supervisor, steward, own, street_supervisor, operator)
    }
    assert list(counted.values()) == [1, 1, 1, 0, 0]
    assert dangers.by_phrase(**WEEK, where=dangers.within(street_supervisor.user)) == []
