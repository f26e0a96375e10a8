"""Devices that go wrong, rules that hold too much back, cases that cannot be gone on with."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from incidents import actions
from incidents.models import Alert, AlertCase, AlertRule, AlertSetAside, Incident
from incidents.models.incident import ResolutionOutcome
from incidents.sensing import filing
from tests.drawing import examples
from tests.incidents.sensing.conftest import at, kinds, notice
from tests.incidents.sensing.test_episodes import history, message

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 24 * 60


def close_by_people(incident, handler, dispatcher, *, minutes):
    """Accepted, done and closed within two minutes."""
    number = incident.number
    actions.accept(number=number, actor=handler.actor, at=at(minutes))
    actions.resolve(
        number=number,
        outcome=ResolutionOutcome.UNFOUNDED,
        text="控制器接触不良,灯正常",
        attested=True,
        actor=handler.actor,
        at=at(minutes + 1),
    )
    actions.close(number=number, reason="已核实", actor=dispatcher.actor, at=at(minutes + 2))


def is_open() -> list[bool]:
    """Of each case in the order that they came."""
    return [incident.is_open for incident in Incident.objects.order_by("pk")]


# --- Clocks that run ahead ---


def test_a_device_whose_clock_ran_years_ahead_once_is_heard_from_then_on(feed, lamp):
    far = at(20 * 365 * DAY)
    feed.says(notice(started_at=far), minutes=0)
    feed.says(notice(started_at=far), minutes=5)  # the same time that it burns, said again
    alert = Alert.objects.get()
    assert (alert.started_at, alert.fires, alert.repeats) == (at(0), 1, 1)
    feed.says(notice(started_at=far, is_firing=False), minutes=6)
    feed.clock(20)
    assert is_open() == [False]
    feed.fires(minutes=DAY)
    feed.clears(minutes=DAY + 30)
    feed.clock(DAY + 60)
    feed.fires(minutes=2 * DAY)
    assert Incident.objects.count() == 3
    assert Alert.objects.get().started_at == at(2 * DAY)


@given(
    ahead=st.lists(st.tuples(st.integers(0, 100), st.integers(2, 10_000), st.booleans()), max_size=5),
    end=st.booleans(),
)
@examples(100)
def test_whatever_was_said_of_the_future_the_next_real_beginning_and_end_count(ahead, end):
    told = history()
    for said, more, burns in sorted(ahead):
        stated = message(said + more, None if burns else said + more + end, said)
        told.take(stated.bounded(at(said)), at=at(said))
    begun = message(200, None, 200).bounded(at(200))
    told.take(begun, at=at(200))
    assert told.alert.is_firing
    assert told.burning.started_at == at(200)
    told.take(message(200, 210, 210).bounded(at(210)), at=at(210))
    assert (told.alert.is_firing, told.alert.ended_at) == (False, at(210))


# --- One bad row ---


def test_what_cannot_be_filed_for_days_stops_nothing_and_is_tried_each_hour(feed, lamp, place, monkeypatch):
    place("L-2", lon=114.27, lat=22.77)
    receive = filing.receive

    def breaks(drafts, **more):
        if any("L-1" in draft.text for draft in drafts):
            raise StopIteration
        return receive(drafts, **more)

    monkeypatch.setattr(filing, "receive", breaks)
    feed.says(notice("L-1"), notice("L-2"))
    feed.clears("L-2", minutes=1)
    AlertCase.objects.filter(incident=None).update(refused="41 x", check_at=at(2))
    feed.clock(30)
    assert is_open() == [False]
    tried = AlertCase.objects.get(incident=None)
    assert (tried.refused.partition(" ")[0], tried.check_at) == ("42", at(30 + 60))


def test_a_line_that_cannot_be_written_is_shown_to_staff_and_the_others_are_written(feed, lamp, place):
    place("L-2", lon=114.27, lat=22.77)
    feed.says(notice("L-1"), notice("L-2"))
    feed.clears("L-2", minutes=1)
    case = AlertCase.objects.order_by("pk").first()
    said = {"at": at(1).isoformat(), "data": {}}
    case.pending = [{"kind": "alert_of_the_next_version", **said}, {"kind": "alert_again", **said}]
    case.save()
    feed.clock(30)
    assert is_open() == [True, False]
    assert kinds(case.incident)[-1] == "alert_again"
    shown = AlertSetAside.objects.get()
    assert shown.reason == "not_told"
    assert "alert_of_the_next_version" in shown.body
    assert AlertCase.objects.get(pk=case.pk).pending == []


@pytest.mark.parametrize("step", ["tell_of_alerts", "end_cleared_alert"])
def test_a_case_that_cannot_be_gone_on_with_waits_while_the_others_go_on(
    step, feed, lamp, place, monkeypatch
):
    place("L-2", lon=114.27, lat=22.77)
    feed.says(notice("L-1"), notice("L-2"))
    feed.says(notice("L-1", minutes=1, is_firing=False), notice("L-2", minutes=1, is_firing=False))
    bad, good = AlertCase.objects.order_by("pk")
    line = {"kind": "alert_again", "at": at(1).isoformat(), "data": {}}
    AlertCase.objects.update(pending=[line])
    does, tries = getattr(actions, step), []

    def breaks(**told):
        asked = told.get("alert_cases") or [told["alert_case"]]
        if bad.pk in asked:
            if len(asked) == 1:  # by itself: together with others it is tried one by one
                tries.append(told["at"])
            raise StopIteration
        return does(**told)

    with monkeypatch.context() as patch:
        patch.setattr(actions, step, breaks)
        for minutes in (30, 30.2, 30.4, 33):
            feed.clock(minutes)
    assert tries == [at(30), at(33)]  # ever more seldom
    assert AlertSetAside.objects.count() == 1
    assert kinds(good.incident).count("alert_again") == 1
    good.incident.refresh_from_db()
    assert not good.incident.is_open
    # Until whatever was wrong is mended.
    feed.clock(60)
    assert kinds(bad.incident).count("alert_again") == 1
    assert is_open() == [False, False]


# --- Held back ---


def test_an_alarm_of_another_kind_at_the_same_device_is_never_held_back(feed, place):
    place("GW-1", kind="gateway")
    feed.says(notice("GW-1", "gas", severity="critical"))
    feed.says(
        notice("GW-1", "smoke", severity="warning", minutes=1),
        notice("GW-1", "river_level", severity="minor", minutes=1),
    )
    assert Incident.objects.count() == 3
    assert not Alert.objects.filter(inhibited_by__isnull=False).exists()


def test_by_equal_labels_only_those_that_both_have_and_never_an_emergency(feed, place):
    from incidents.models import AlertInhibition

    AlertInhibition.objects.exclude(of_parent=True).update(equal=["road"])
    for index in range(4):
        place(f"B-{index}", lon=114.2 + index / 100)
    road = {"labels": {"road": "植物园路"}}
    feed.fires("B-0", "bin_full", severity="critical", **road)
    feed.fires("B-1", "bin_full", severity="warning", minutes=1, **road)
    assert Alert.objects.get(device__code="B-1").inhibited_by is not None
    feed.fires("B-2", "bin_full", severity="warning", minutes=1)  # on no road that anybody knows
    feed.fires("B-3", "smoke", severity="warning", minutes=1, **road)
    assert Incident.objects.count() == 3
    # Where neither says it, neither is it the same.
    feed.fires("B-0", "bin_full", severity="critical", minutes=2)
    feed.fires("B-2", "bin_full", severity="warning", minutes=3, key="again")
    assert Alert.objects.filter(inhibited_by__isnull=False).count() == 1


# --- Closed by people, and it burns on ---


def test_what_flapped_was_closed_by_people_and_burns_on_steadily_opens_a_case_again(
    feed, lamp, handler, dispatcher
):
    for index in range(5):
        feed.fires(minutes=4 * index)
        feed.clears(minutes=4 * index + 1)
    close_by_people(Incident.objects.get(), handler, dispatcher, minutes=22)
    feed.fires(minutes=30)
    feed.clock(30 + 59)
    assert is_open() == [False]
    feed.clock(30 + 60)
    assert is_open() == [False, True]
    assert Alert.objects.get().case.incident == Incident.objects.latest("pk")
    feed.fires(minutes=100)
    feed.clock(300)
    assert is_open() == [False, True]
    feed.clears(minutes=301)
    feed.clock(320)
    assert is_open() == [False, False]


@pytest.mark.parametrize("why", ["closed", "silent", "switched off"])
def test_a_cause_that_nobody_believes_any_more_holds_nothing_back(why, feed, place, handler, dispatcher):
    from incidents.models import AlertInhibition
    from incidents.sensing import keeping

    cabinet = place("CAB-1", name="1 号箱", kind="cabinet")
    place("L-1", parent=cabinet)
    place("L-2", parent=cabinet)
    feed.fires("CAB-1", "power_cut")
    feed.fires("L-1", minutes=1)
    assert Alert.objects.get(device__code="L-1").inhibited_by is not None
    if why == "closed":
        close_by_people(Incident.objects.get(), handler, dispatcher, minutes=2)
        feed.clock(13)
        assert Incident.objects.count() == 1  # ten minutes, as after its end
        minutes = 14
    elif why == "silent":
        minutes = DAY
    else:
        told = {"source_matchers": 'kind = "power_cut"', "target_matchers": 'kind = "lamp_fault"'}
        told |= {"name": "箱", "equal": "", "of_parent": True, "is_active": False}
        row = AlertInhibition.objects.get(of_parent=True)
        keeping.save_inhibition(pk=row.pk, told=told, actor=dispatcher.actor, at=at(2))
        minutes = 3
    feed.clock(minutes)
    feed.fires("L-2", minutes=minutes + 1)
    assert Incident.objects.count() == 2
    lamps = Alert.objects.filter(device__code__startswith="L-")
    assert not lamps.filter(inhibited_by__isnull=False).exists()
    assert lamps.filter(case__incident=Incident.objects.latest("pk")).count() == 2
    feed.clock(minutes + 2)
    assert Incident.objects.count() == 2


# --- It becomes worse ---


def urgencies() -> list[str]:
    """Of each case in the order that they came."""
    return list(Incident.objects.order_by("pk").values_list("urgency", flat=True))


def test_what_becomes_an_emergency_while_it_burns_gets_a_case_of_its_own(feed, place):
    place("P-1", kind="pressure")
    feed.fires("P-1", "pipe_pressure", severity="minor")
    feed.fires("P-1", "pipe_pressure", severity="minor", minutes=1)
    assert urgencies() == ["routine"]
    feed.fires("P-1", "pipe_pressure", severity="critical", minutes=5)
    assert urgencies() == ["routine", "emergency"]
    assert is_open() == [True, True]
    assert Alert.objects.get().case.incident == Incident.objects.latest("pk")
    for minutes, severity in ((6, "critical"), (7, "minor"), (8, "critical")):
        feed.fires("P-1", "pipe_pressure", severity=severity, minutes=minutes)
    feed.clock(9)
    assert Incident.objects.count() == 2
    feed.clears("P-1", "pipe_pressure", minutes=10)
    feed.clock(30)
    assert is_open() == [True, False]  # the calm one is with people
    feed.fires("P-1", "pipe_pressure", severity="minor", minutes=DAY)
    assert AlertCase.objects.filter(ended_at=None).count() == 1


def test_an_emergency_does_not_hide_in_the_calm_case_of_its_parent(feed, place):
    station = place("ST-1", kind="station")
    for index in range(4):
        place(f"P-{index}", parent=station)
    feed.says(*(notice(f"P-{index}", "pipe_pressure", severity="minor") for index in range(2)))
    feed.fires("P-2", "pipe_pressure", severity="critical", minutes=1)
    assert urgencies() == ["routine", "emergency"]
    feed.fires("P-3", "pipe_pressure", severity="minor", minutes=2)
    feed.fires("P-0", "pipe_pressure", severity="critical", minutes=3)
    alerts = Alert.objects.order_by("device__code")
    calm = Incident.objects.order_by("pk").first()
    assert [alert.case.incident == calm for alert in alerts] == [False, True, False, True]


def test_a_case_is_as_urgent_as_the_worst_that_it_is_opened_for(feed, place):
    station = place("ST-1", kind="station")
    place("P-0", parent=station)
    place("P-1", parent=station)
    feed.says(
        notice("P-0", "pipe_pressure", severity="minor"), notice("P-1", "pipe_pressure", severity="critical")
    )
    assert urgencies() == ["emergency"]


def test_what_was_only_noted_opens_a_case_once_it_is_bad(feed, lamp):
    feed.fires("L-1", "pipe_pressure", severity="info")
    assert not Incident.objects.exists()
    feed.fires("L-1", "pipe_pressure", severity="major", minutes=1)
    assert urgencies() == ["urgent"]


def test_a_long_delivery_is_kept_in_parts_and_others_get_in_between(feed):
    heartbeats = [notice(f"W-{index}", "Watchdog", labels={"alertname": "Watchdog"}) for index in range(501)]
    with CaptureQueriesContext(connection) as queries:
        assert len(feed.says(*heartbeats).whats) == 501
    assert sum("pg_advisory_xact_lock" in query["sql"] for query in queries) == 2
    assert Alert.objects.count() == 501


# --- Many at once ---


def statements(call, *args, **more) -> int:
    with CaptureQueriesContext(connection) as told:
        call(*args, **more)
    return len(told)


def test_a_hundred_alerts_take_as_many_statements_as_ten_to_begin_repeat_clear_and_begin_again(feed, place):
    for index in range(110):
        place(f"L-{index}", lon=114.20 + 0.001 * index, lat=22.72)
    taken = {}
    for first, count in ((0, 10), (10, 100)):
        some = [f"L-{index}" for index in range(first, first + count)]
        taken[count] = [
            statements(feed.says, *(notice(code, minutes=minutes, is_firing=burns) for code in some))
            for minutes, burns in ((0, True), (1, True), (2, False), (3, True))
        ]
    # One or two for what a minute of chatter leaves out: when a device was last seen.
    assert all(many <= few + 2 for few, many in zip(taken[10], taken[100], strict=True)), taken
    assert Incident.objects.count() == 110
    # Each case learnt that it cleared, and that it burns again.
    assert [kinds(one)[-2:] for one in Incident.objects.all()] == [["alert_cleared", "alert_again"]] * 110


@pytest.mark.parametrize(("kind", "clock"), [("pipe_pressure", "dispatch"), ("lamp_fault", "acceptance")])
def test_an_alert_that_rises_makes_its_case_more_urgent_and_none_makes_it_less(kind, clock, feed, lamp):
    AlertRule.objects.filter(name="路灯故障").update(urgency="")  # by its severity
    feed.fires("L-1", kind, severity="minor")
    incident = Incident.objects.get()
    before = incident.timers.get(kind=clock)
    feed.fires("L-1", kind, severity="major", minutes=5)
    # It falls, rises again and is repeated: nothing is lowered, and nothing is told twice.
    for minutes, severity in ((6, "minor"), (7, "major"), (8, "major")):
        feed.fires("L-1", kind, severity=severity, minutes=minutes)
    assert urgencies() == ["urgent"]
    worse = incident.timeline.get(kind="alert_worse")
    assert (worse.data["before"], worse.data["urgency"], worse.at) == ("routine", "urgent", at(5))
    # Whoever is to act has the time of such a case from then on, and never more than was left.
    stopped, runs = incident.timers.filter(kind=clock).order_by("run")
    assert (stopped.pk, stopped.stop_reason, runs.started_at) == (before.pk, "worse", at(5))
    minutes = 30 if clock == "dispatch" else runs.assignment.accept_minutes
    assert runs.due_at == min(at(5 + minutes), before.due_at)
    incident.refresh_from_db()
    assert incident.due_at == runs.due_at
