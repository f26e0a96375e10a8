"""Devices that go wrong, rules that hold too much back, cases that cannot be gone on with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Alert, Incident
from tests.drawing import examples
from tests.incidents.sensing.conftest import at, notice
from tests.incidents.sensing.test_episodes import history, message

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 24 * 60


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
