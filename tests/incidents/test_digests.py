"""Once a day, together: what waited, each thing once, and never at the wrong hour."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from accounts.models import NoticePreference
from accounts.notice_preferences import NoticeMode
from incidents import outbox
from incidents.delivery import deliver, spread
from incidents.digests import LINES, make_digests
from incidents.models import Notification, OutboxMessage, Parcel
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db(transaction=True)

BREAKFAST = datetime(2026, 7, 8, 0, 30, tzinfo=UTC)  # Wednesday, half past eight in the district
DAY = timedelta(days=1)


@pytest.fixture
def reader(lamp_case, handler):
    """The handler, who wants e-mail once a day."""
    OutboxMessage.objects.all().delete()
    handler.user.email = "huang@lamps.example"
    handler.user.save()
    NoticePreference.objects.create(user=handler.user, language="en", email_mode=NoticeMode.DIGEST)
    return handler.user


def happen(case, *keys, at=TUESDAY, **data):
    for key in keys:
        outbox.tell(
            "report.chased", incident_id=case.pk, receiver="unit:lighting-company", key=key, at=at, **data
        )
    while spread(at=at):
        pass


def digests():
    return Parcel.objects.filter(kind="digest")


def test_what_waited_comes_together_at_its_hour(reader, lamp_case):
    happen(lamp_case, "k1", "k2")
    assert not Parcel.objects.exists()
    assert make_digests(at=BREAKFAST - timedelta(seconds=1)) == 0
    assert make_digests(at=BREAKFAST) == 1
    parcel = digests().get()
    assert parcel.key == f"digest:{reader.pk}:email:2026-07-08"
    assert parcel.data["total"] == 2


def test_it_is_made_once_a_day_and_each_thing_is_told_once(reader, lamp_case):
    happen(lamp_case, "k1")
    make_digests(at=BREAKFAST)
    assert make_digests(at=BREAKFAST) == 0
    happen(lamp_case, "k2", at=BREAKFAST + timedelta(hours=2))
    assert make_digests(at=BREAKFAST + timedelta(hours=3)) == 0
    assert make_digests(at=BREAKFAST + DAY) == 1
    assert [parcel.data["total"] for parcel in digests()] == [1, 1]


def test_nothing_waited_and_nothing_is_sent(reader):
    assert make_digests(at=BREAKFAST) == 0
    assert not Parcel.objects.exists()


def test_what_was_read_meanwhile_is_not_told_again(reader, lamp_case):
    happen(lamp_case, "k1")
    Notification.objects.update(read_at=TUESDAY)
    assert make_digests(at=BREAKFAST) == 0


def test_an_emergency_was_told_at_once_and_is_not_in_it(reader, lamp_case):
    happen(lamp_case, "k1", urgency="emergency")
    assert Parcel.objects.get().channel == "email"
    assert make_digests(at=BREAKFAST) == 0


def test_after_three_dead_days_there_is_one_digest_with_everything(reader, lamp_case):
    for day in range(3):
        happen(lamp_case, f"k{day}", at=TUESDAY + day * DAY)
    late = BREAKFAST + 3 * DAY + timedelta(hours=1)
    assert make_digests(at=late) == 1
    assert make_digests(at=late) == 0
    assert digests().get().data["total"] == 3


def test_an_hour_after_midnight_belongs_to_its_own_day(reader, lamp_case):
    NoticePreference.objects.update(digest_at=time(0, 15))
    happen(lamp_case, "k1")
    assert make_digests(at=datetime(2026, 7, 7, 16, 14, tzinfo=UTC)) == 0
    assert make_digests(at=datetime(2026, 7, 7, 16, 15, tzinfo=UTC)) == 1
    assert digests().get().key.endswith(":2026-07-08")


def test_what_came_in_while_its_digest_was_made_waits_for_the_next(reader, lamp_case):
    happen(lamp_case, "k1")
    make_digests(at=BREAKFAST)
    happen(lamp_case, "k2", at=BREAKFAST - timedelta(seconds=1))  # committed late
    assert make_digests(at=BREAKFAST + timedelta(minutes=1)) == 0
    assert make_digests(at=BREAKFAST + DAY) == 1


def test_who_wants_no_digest_any_more_gets_none(reader, lamp_case):
    happen(lamp_case, "k1")
    NoticePreference.objects.update(email_mode=NoticeMode.OFF)
    assert make_digests(at=BREAKFAST) == 1
    assert make_digests(at=BREAKFAST) == 0
    assert not Parcel.objects.exists()


def test_every_channel_that_was_chosen_has_one(reader, lamp_case):
    reader.phone = "13911112222"
    reader.save()
    NoticePreference.objects.update(sms_mode=NoticeMode.DIGEST)
    happen(lamp_case, "k1")
    make_digests(at=BREAKFAST)
    assert set(digests().values_list("channel", flat=True)) == {"email", "sms"}


def test_two_who_make_digests_at_once_make_one(reader, lamp_case):
    happen(lamp_case, "k1")
    start = threading.Barrier(2)

    def work():
        try:
            start.wait()
            make_digests(at=BREAKFAST)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests().count() == 1


def test_a_digest_reads_as_a_list_with_the_urgent_first(reader, lamp_case):
    happen(lamp_case, *(f"k{number}" for number in range(LINES + 4)))
    happen(lamp_case, "hot", urgency="urgent", at=TUESDAY + timedelta(hours=1))
    make_digests(at=BREAKFAST)
    sent = []

    class Line:
        def send(self, letter):
            sent.append(letter)

    deliver(at=BREAKFAST, transports={"email": Line()})
    assert sent[0].subject == "[Yiwang] 25 notices since yesterday"
    lines = sent[0].body.splitlines()
    assert lines[0] == f"{lamp_case.number}: The source presses for an answer."
    assert lines[LINES] == "and 5 more"
    assert digests().get().data["lines"][0]["urgency"] == "urgent"
