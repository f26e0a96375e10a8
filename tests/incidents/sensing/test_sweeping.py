"""What the sweep ends, notes and forgets: never what another alert of the case still needs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import AlertCase, AlertEpisode, AlertMessage, AlertSetAside, Incident
from incidents.sensing import settling, taking
from incidents.sensing.aside import set_aside
from incidents.sensing.consumer import Broker, Consumer, Message
from incidents.sensing.notice import Malformed
from incidents.sensing.settling import KEPT
from incidents.sensing.topics import Topic, read
from tests.cast import TUESDAY
from tests.incidents.sensing.conftest import at, kinds

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 24 * 60


@pytest.fixture
def two(feed, lamp, place) -> Incident:
    """Two alerts that are told in one case."""
    place("L-2", lon=114.27, lat=22.77)
    feed.fires("L-1", minutes=0)
    first = Incident.objects.get()
    feed.fires("L-2", minutes=1)
    AlertCase.objects.exclude(incident=first).update(incident=first)
    return first


def test_a_case_ends_when_the_last_of_its_alerts_has_been_clear_for_long_enough(two, feed):
    feed.clears("L-1", minutes=3)
    feed.clears("L-2", minutes=11)
    feed.clock(14)  # the first is due, the second has been clear for three minutes
    two.refresh_from_db()
    assert two.is_open
    assert not AlertCase.objects.filter(ended_at__isnull=False).exists()
    feed.clock(21)
    two.refresh_from_db()
    assert not two.is_open
    assert set(AlertCase.objects.values_list("end", flat=True)) == {AlertCase.End.CLEARED}


def test_what_must_be_looked_at_is_not_ended_by_its_neighbour(two, feed):
    AlertCase.objects.filter(alerts__device__code="L-2").update(closes_itself=False)
    feed.clears("L-1", minutes=3)
    feed.clears("L-2", minutes=3)
    feed.clock(14)
    two.refresh_from_db()
    assert two.is_open
    assert "alert_quiet" in kinds(two)


def test_silence_is_noted_of_thirty_in_as_many_statements_as_of_three(feed, place):
    told = {}
    for first, count in ((0, 3), (10, 30)):
        for index in range(first, first + count):
            place(f"S-{index}", lon=114.20 + 0.001 * index, lat=22.72)
            feed.fires(f"S-{index}", minutes=first)
        with CaptureQueriesContext(connection) as queries:
            assert settling._note_silence(at(first + DAY)) == count
        told[count] = len(queries)
    assert told[30] == told[3]
    # Each of the cases has its line once.
    pending = AlertCase.objects.values_list("pending", flat=True)
    assert [[line["kind"] for line in lines] for lines in pending] == [["alert_silent"]] * 33


def test_what_burned_long_ago_is_forgotten_one_by_one_but_not_how_often(feed, lamp):
    for minutes in (0, 3, 6):
        feed.fires(minutes=minutes)
        feed.clears(minutes=minutes + 1)
    feed.clock(20)
    (case,) = AlertCase.objects.filter(ended_at__isnull=False)
    set_aside([(Malformed("bad", "x"), b"{}")], client=None, channel="mqtt", origin="t", at=at(0))
    long_after = KEPT.total_seconds() / 60
    feed.clock(long_after - 1)
    assert AlertEpisode.objects.count() == 3
    feed.clock(long_after + 2 * DAY)
    assert not AlertEpisode.objects.exists()
    assert not AlertSetAside.objects.exists()
    assert case.alerts.get().fires == 3


def test_what_cannot_be_read_is_set_aside_once_though_its_batch_breaks(feed, lamp, monkeypatch):
    def breaks(notices, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(taking, "take", breaks)
    consumer = Consumer(Broker("127.0.0.1", 1), now=lambda: TUESDAY, parse=lambda _body: {}, pause=0.01)
    unreadable, breaking = "yiwang/v1/lamps/L-1", "yiwang/v1/lamps/L-1/lamp_fault"
    batch = [Message(topic, b"ON", number, 0, 0) for number, topic in enumerate((unreadable, breaking))]
    consumer._take_in(batch)
    assert sorted(AlertSetAside.objects.values_list("reason", flat=True)) == ["bad_topic", "failed"]


def test_a_device_that_counts_from_one_again_is_heard(feed):
    topic = Topic("lamps", "L-1", "lamp_fault")

    def said(**told: object):
        return read(topic, b"{" + b" " * 30 + b"}", at=TUESDAY, parse=lambda _body: told)

    def key(notice) -> tuple[str, str]:
        return notice.origin, notice.message_id

    first = said(id=1, state="on", at="2026-07-07T09:00:00+08:00")
    again = said(id=1, state="on", at="2026-07-07T09:00:00+08:00")
    after_the_cut = said(id=1, state="on", at="2026-07-08T09:00:00+08:00")
    cleared = said(id=1, state="off", at="2026-07-07T09:00:00+08:00")
    assert key(first) == key(again)
    assert len({key(first), key(after_the_cut), key(cleared)}) == 3
    other = read(
        Topic("lamps", "L-1", "tilt"),
        b"{" + b" " * 30 + b"}",
        at=TUESDAY,
        parse=lambda _b: {"id": 1, "state": "on"},
    )
    assert key(other)[0] != key(first)[0]
    feed.says(first, again, after_the_cut, cleared)
    assert AlertMessage.objects.count() == 3


def test_the_ids_of_messages_are_forgotten_after_eight_days(feed):
    feed.fires(origin="x", message_id="1")
    feed.clock((settling.REMEMBERED + timedelta(minutes=1)).total_seconds() / 60)
    assert not AlertMessage.objects.exists()
