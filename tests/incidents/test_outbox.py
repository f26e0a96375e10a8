"""At least once, in order for each receiver and case, and a failing one stays visible."""

from datetime import timedelta

import pytest

from incidents import outbox
from incidents.delivery import GIVE_UP_AFTER, deliver
from incidents.models import OutboxMessage
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db(transaction=True)


class Recorder:
    """A transport that keeps what it carried, and fails for the receivers it is told to."""

    def __init__(self, *broken):
        self.sent, self.broken = [], broken

    def send(self, message):
        if message.receiver in self.broken:
            raise OSError("line is down")
        self.sent.append(message.key)


@pytest.fixture
def quiet_case(lamp_case):
    OutboxMessage.objects.all().delete()
    return lamp_case


def tell(case, key, receiver="unit:a"):
    outbox.tell("x", incident_id=case.pk, receiver=receiver, key=key, at=TUESDAY)


def test_what_is_queued_is_sent_once(quiet_case):
    tell(quiet_case, "k1")
    line = Recorder()
    deliver(at=TUESDAY, transport=line)
    deliver(at=TUESDAY, transport=line)
    assert line.sent == ["k1"]


def test_the_same_key_is_the_same_message(quiet_case):
    tell(quiet_case, "k1")
    tell(quiet_case, "k1")
    assert OutboxMessage.objects.count() == 1


def test_a_later_message_waits_for_the_earlier_one(quiet_case):
    tell(quiet_case, "k1")
    tell(quiet_case, "k2")
    tell(quiet_case, "k3", receiver="unit:b")
    line = Recorder("unit:a")
    deliver(at=TUESDAY, transport=line)
    assert line.sent == ["k3"]
    line.broken = ()
    later = TUESDAY + timedelta(minutes=5)
    deliver(at=later, transport=line)
    deliver(at=later, transport=line)
    assert line.sent == ["k3", "k1", "k2"]


def test_a_failing_one_backs_off_and_ends_as_a_dead_letter(quiet_case):
    tell(quiet_case, "k1")
    line, at = Recorder("unit:a"), TUESDAY
    waits = []
    for _attempt in range(GIVE_UP_AFTER):
        deliver(at=at, transport=line)
        message = OutboxMessage.objects.get()
        waits.append(message.not_before - at)
        at = message.not_before
    assert waits[:3] == [timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40)]
    assert max(waits) == timedelta(hours=1)
    assert message.dead_at is not None
    assert "line is down" in message.last_error


def test_a_lease_that_its_holder_lost_is_taken_over(quiet_case):
    tell(quiet_case, "k1")

    class Dies:
        def send(self, message):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(at=TUESDAY, transport=Dies())
    line = Recorder()
    deliver(at=TUESDAY, transport=line)
    assert line.sent == []  # somebody may still be sending it
    OutboxMessage.objects.update(leased_until=TUESDAY - timedelta(days=365))
    deliver(at=TUESDAY, transport=line)
    assert line.sent == ["k1"]


def test_who_held_the_lease_too_long_marks_nothing(quiet_case):
    tell(quiet_case, "k1")

    class Slow:
        """Is overtaken while it sends: the lease runs out and another process delivers."""

        def send(self, message):
            OutboxMessage.objects.update(leased_until=TUESDAY - timedelta(days=365))
            deliver(at=TUESDAY, transport=Recorder())
            raise OSError("line is down")

    deliver(at=TUESDAY, transport=Slow())
    message = OutboxMessage.objects.get()
    assert (message.sent_at, message.attempts, message.dead_at) == (TUESDAY, 0, None)


def test_any_fault_of_a_transport_is_that_messages_alone(quiet_case):
    tell(quiet_case, "k1")
    tell(quiet_case, "k2", receiver="unit:b")

    class Buggy(Recorder):
        def send(self, message):
            if message.key == "k1":
                raise ZeroDivisionError("a bug")
            super().send(message)

    line = Buggy()
    deliver(at=TUESDAY, transport=line)
    assert line.sent == ["k2"]
    assert "ZeroDivisionError" in OutboxMessage.objects.get(key="k1").last_error
