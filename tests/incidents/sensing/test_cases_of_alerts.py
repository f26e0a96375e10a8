"""One case for what burns, however often and in whatever order it is said, and none for its noise."""

import pytest
from django.db.models import Sum

from accounts.models import ApiClient
from incidents import actions
from incidents.models import Alert, AlertCase, AlertDevice, AlertEpisode, AlertSetAside, Incident, Outcome
from incidents.models.incident import ResolutionOutcome, Status
from tests.cast import LAMP_UNIT, reload
from tests.incidents.sensing.conftest import Feed, at, kinds, notice

pytestmark = pytest.mark.django_db(transaction=True)


def the_case() -> Incident:
    return Incident.objects.get()


def test_a_fault_is_one_case_with_the_unit_of_the_list_however_often_it_is_repeated(feed, lamp):
    feed.fires(minutes=0)
    for minutes in (5, 10, 15):
        feed.fires(minutes=minutes)
    incident = the_case()
    assert (incident.status, incident.owner_unit_id, incident.source) == ("dispatched", LAMP_UNIT, "sensor")
    assert "植物园路 1 号灯" in incident.text.body
    alert = Alert.objects.get()
    assert (alert.fires, alert.repeats, alert.is_firing, incident.report_count) == (1, 3, True, 1)


def test_what_clears_before_anyone_acted_is_closed_by_itself_and_handled_by_nobody(feed, lamp):
    feed.fires(minutes=0)
    feed.clears(minutes=3)
    feed.clock(12)  # nine minutes clear
    assert the_case().status == Status.DISPATCHED
    feed.clock(13)
    incident = the_case()
    assert (incident.status, incident.outcome) == (Status.CLOSED, ResolutionOutcome.CLEARED)
    assert kinds(incident) == ["received", "dispatched", "alert_cleared", "alert_ended", "closed"]
    counted = dict(Outcome.objects.values_list("kind").annotate(Sum("sign")).order_by())
    assert counted == {"received": 1, "dispatched": 0, "closed": 1}
    feed.clock(14)
    assert kinds(the_case()).count("closed") == 1
    feed.fires(minutes=200)
    assert Incident.objects.count() == 2  # much later it is another matter


@pytest.mark.parametrize("who", ["unit", "note", "resident", "order"])
def test_what_somebody_has_touched_stays_open_with_a_line_that_it_is_clear(
    who, feed, lamp, handler, operator, supervisor
):
    feed.fires(minutes=0)
    number = the_case().number
    if who == "unit":
        actions.accept(number=number, actor=handler.actor, at=at(1))
    elif who == "note":
        actions.note(number=number, text="已电话通知", actor=operator.actor, at=at(1))
    elif who == "order":
        actions.supervise(number=number, words="尽快去看", actor=supervisor.actor, at=at(1))
    else:
        from tests.cast import file_report

        words = the_case().text.body
        assert file_report(at=at(1), text=words, joins=number) == the_case()
    feed.clears(minutes=3)
    feed.clock(60)
    incident = the_case()
    assert incident.is_open
    assert {"alert_cleared", "alert_quiet"} <= set(kinds(incident))
    assert "alert_ended" not in kinds(incident)
    # What burns again belongs to it.
    feed.fires(minutes=70)
    assert Incident.objects.count() == 1
    assert kinds(the_case())[-1] == "alert_again"


def test_a_rule_may_ask_that_somebody_looks_although_it_cleared(feed, place):
    place("S-1", name="3 栋 5 楼烟感", place_type="urban_village")
    feed.fires("S-1", "smoke", minutes=0)
    feed.clears("S-1", "smoke", minutes=1)
    feed.clock(60)
    incident = the_case()
    assert incident.is_open
    assert incident.urgency == "emergency"
    assert kinds(incident)[-1] == "alert_quiet"


def test_five_hundred_times_on_and_off_is_one_case_that_says_so(feed, lamp):
    for index in range(10):
        feed.fires(minutes=0.4 * index)
        feed.clears(minutes=0.4 * index + 0.2)
        feed.clock(0.4 * index + 0.3)
    for first in range(10, 250, 20):  # a gateway sends them in heaps
        edges = [0.4 * index for index in range(first, first + 20)]
        feed.says(
            *(notice(minutes=edge) for edge in edges),
            *(notice(minutes=edge + 0.2, is_firing=False) for edge in edges),
        )
    incident = the_case()
    assert incident.is_open
    assert kinds(incident).count("alert_flapping") == 1
    assert len(kinds(incident)) < 12  # the timeline is not its log: that stands beside it
    assert AlertEpisode.objects.count() == Alert.objects.get().fires == 250
    feed.clock(100 + 59)
    assert Alert.objects.get().flapping_since is not None
    feed.clock(100 + 61)
    assert Alert.objects.get().flapping_since is None
    assert the_case().outcome == ResolutionOutcome.CLEARED
    feed.fires(minutes=300)
    assert Incident.objects.count() == 2


def test_what_flaps_opens_no_other_case_after_people_closed_its_own_until_it_was_quiet(
    feed, lamp, handler, dispatcher
):
    for index in range(5):
        feed.fires(minutes=4 * index)
        feed.clears(minutes=4 * index + 1)
    number = the_case().number
    actions.accept(number=number, actor=handler.actor, at=at(22))
    actions.resolve(
        number=number,
        outcome=ResolutionOutcome.UNFOUNDED,
        text="控制器接触不良,灯正常",
        attested=True,
        actor=handler.actor,
        at=at(23),
    )
    actions.close(number=number, reason="已核实", actor=dispatcher.actor, at=at(24))
    feed.fires(minutes=30)
    assert Incident.objects.count() == 1
    assert AlertEpisode.objects.latest("started_at").fate == AlertEpisode.Fate.FLAPPING
    feed.clears(minutes=31)
    feed.clock(31 + 60)
    feed.fires(minutes=120)
    assert Incident.objects.count() == 2


def test_what_is_over_before_it_is_heard_of_opens_no_case_and_replays_change_nothing(feed, lamp):
    fired = notice(minutes=0, started_at=at(0))
    cleared = notice(minutes=4, started_at=at(0), ended_at=at(4), is_firing=False)
    feed.says(cleared)
    feed.says(fired, minutes=5)
    feed.says(fired, cleared, minutes=6)
    assert not Incident.objects.exists()
    assert AlertEpisode.objects.get().fate == AlertEpisode.Fate.LATE
    # A new beginning is news, and a straggler about an older one is not.
    feed.says(notice(minutes=10, started_at=at(10)))
    feed.says(notice(minutes=2, started_at=at(2)), minutes=11)
    assert Incident.objects.count() == 1
    assert Alert.objects.get().started_at == at(10)


def test_an_event_is_taken_once_by_its_id(feed, lamp):
    event = notice(minutes=0, origin="gateway", message_id="7")
    assert feed.says(event, event).again == 1
    assert feed.says(event, minutes=5).again == 1
    assert Alert.objects.get().repeats == 0


def test_a_device_that_nobody_knows_is_known_from_then_on_and_waits_for_a_person(feed):
    feed.fires("X-9", minutes=0)
    incident = the_case()
    assert incident.status == Status.TRIAGE
    assert "X-9" in incident.text.body
    device = AlertDevice.objects.get()
    assert (device.code, device.by_sheet, device.lon) == ("X-9", False, None)


def test_five_hundred_devices_below_one_parent_are_one_case_with_a_list(feed, place):
    cabinet = place("CAB-1", name="植物园路 1 号箱", kind="cabinet", address="植物园路与龙岗大道路口")
    for index in range(500):
        place(f"L-{index}", parent=cabinet)
    feed.says(*(notice(f"L-{index}") for index in range(400)))
    feed.says(*(notice(f"L-{index}", minutes=1) for index in range(400, 500)))
    incident = the_case()
    assert "400 台同时报警" in incident.text.body
    assert "植物园路与龙岗大道路口" in incident.text.body
    case = AlertCase.objects.get()
    assert (case.devices, case.alerts.count()) == (500, 500)
    assert kinds(incident).count("alert_storm") == 2
    # It is over when all of it is.
    feed.says(*(notice(f"L-{index}", minutes=5, is_firing=False) for index in range(499)))
    feed.clock(60)
    assert the_case().is_open
    feed.clears("L-499", minutes=61)
    feed.clock(72)
    assert the_case().outcome == ResolutionOutcome.CLEARED


def test_while_the_cabinet_has_no_power_its_lamps_open_no_case_and_later_only_what_burns_on(feed, place):
    cabinet = place("CAB-1", name="1 号箱", kind="cabinet")
    other = place("CAB-2", name="2 号箱", kind="cabinet")
    for index in range(3):
        place(f"L-{index}", parent=cabinet)
    place("L-far", parent=other, lon=114.1, lat=22.7)
    # In one delivery, the lamps first: the cause is found all the same.
    feed.says(*(notice(f"L-{index}") for index in range(3)), notice("CAB-1", "power_cut"))
    assert Incident.objects.count() == 1
    assert "配电箱" in the_case().text.body
    assert Alert.objects.filter(inhibited_by__isnull=False).count() == 3
    feed.fires("L-far", minutes=1)  # below another cabinet
    assert Incident.objects.count() == 2
    feed.clears("CAB-1", "power_cut", minutes=10)
    feed.says(notice("L-0", minutes=11, is_firing=False), notice("L-1", minutes=11, is_firing=False))
    feed.clock(19)
    assert Incident.objects.count() == 2
    feed.clock(21)
    assert Incident.objects.count() == 3
    assert Alert.objects.get(device__code="L-2").case.incident is not None
    assert Alert.objects.get(device__code="L-2").inhibited_by is None


def test_what_burns_without_a_word_for_a_day_is_noted_once(feed, lamp):
    feed.fires(minutes=0)
    feed.clock(24 * 60 - 1)
    assert "alert_silent" not in kinds(the_case())
    feed.clock(24 * 60)
    feed.clock(25 * 60)
    assert kinds(the_case()).count("alert_silent") == 1
    assert the_case().is_open
    feed.fires(minutes=26 * 60)
    assert Alert.objects.get().stale_at is None


def test_a_heartbeat_is_noted_and_no_case(feed):
    feed.fires("prometheus", "Watchdog", labels={"alertname": "Watchdog"}, key="w")
    assert not Incident.objects.exists()
    assert AlertEpisode.objects.get().fate == AlertEpisode.Fate.NOTED


def test_a_rule_for_a_category_that_is_gone_still_brings_the_words_to_a_person(feed, lamp):
    from incidents.models import AlertRule

    AlertRule.objects.filter(name="路灯故障").update(category_code="9999")
    feed.fires(minutes=0)
    assert "植物园路 1 号灯" in the_case().text.body


def test_what_a_dead_process_left_half_done_is_finished_by_the_next_sweep(feed, lamp, monkeypatch):
    from incidents.sensing import filing

    def dies(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(filing, "receive", dies)
        with pytest.raises(KeyboardInterrupt):
            feed.fires(minutes=0)
    assert Alert.objects.get().is_firing
    assert not Incident.objects.exists()
    feed.clock(1)
    assert AlertCase.objects.get().incident == the_case()
    # And what was filed without being linked is found to be there.
    AlertCase.objects.update(incident=None)
    feed.clock(2)
    assert AlertCase.objects.get().incident == the_case()


def test_a_merged_case_goes_on_under_the_other(feed, lamp, place, dispatcher):
    place("L-2", lon=114.27, lat=22.77)
    feed.fires(minutes=0)
    first = the_case()
    feed.fires("L-2", minutes=1)
    second = Incident.objects.exclude(pk=first.pk).get()
    actions.merge(number=second.number, into=first.number, actor=dispatcher.actor, at=at(2))
    feed.clears("L-2", minutes=3)
    feed.clock(30)
    assert reload(second).status == Status.MERGED
    assert kinds(first)[-1] == "alert_cleared"  # the other one burns on
    feed.clears("L-1", minutes=31)
    feed.clock(45)
    assert kinds(first).count("alert_quiet") == 1
    assert reload(first).is_open


def test_what_intake_cannot_take_is_shown_to_staff_and_stops_nothing(feed, lamp, place, monkeypatch):
    from incidents.sensing import filing

    place("L-2", lon=114.27, lat=22.77)
    receive = filing.receive

    def breaks(drafts, **more):
        if any("L-1" in draft.text for draft in drafts):
            raise StopIteration
        return receive(drafts, **more)

    with monkeypatch.context() as patch:
        patch.setattr(filing, "receive", breaks)
        feed.says(notice("L-1"), notice("L-2"))
        feed.clock(1)
    assert "L-2" in the_case().text.body
    shown = AlertSetAside.objects.get()
    assert shown.reason == "not_filed"
    assert "L-1" in shown.body
    # It is tried again by itself, ever more seldom, until whatever was wrong is mended.
    feed.clock(1.5)
    assert Incident.objects.count() == 1
    feed.clock(4)
    assert Incident.objects.count() == 2
    assert AlertSetAside.objects.count() == 1
    feed.clears("L-1", minutes=5)
    feed.clock(15)
    assert Incident.objects.filter(outcome=ResolutionOutcome.CLEARED).count() == 1


def test_no_supplier_joins_or_holds_back_what_another_one_reports(feed, place):
    cabinet = place("CAB-1", name="1 号箱", kind="cabinet")
    for index in (1, 2):
        place(f"L-{index}", parent=cabinet)
    other = Feed(ApiClient.objects.issue(name="another supplier", source="sensor")[0])
    other.fires("L-2", minutes=0)
    other.fires("CAB-1", "power_cut", minutes=1)
    feed.fires("L-1", minutes=2)
    mine = Alert.objects.get(device__code="L-1")
    assert mine.inhibited_by is None
    assert mine.case.client == feed.client
    assert AlertCase.objects.filter(client=other.client).count() == 2
