"""Messages in any order and any number leave what really happened; beside a slow, obvious twin."""

from datetime import datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Alert, AlertEpisode
from incidents.sensing.episodes import History, What
from incidents.sensing.notice import Notice
from tests.drawing import examples
from tests.incidents.sensing.conftest import at


def history() -> History:
    return History(Alert(pk=1, seen_at=at(0), recent=[]), None, {})


def message(start: int | None, end: int | None, said: int) -> Notice:
    """It began at `start`, and ended at `end` if at all; said at that minute."""
    return Notice(
        channel="mqtt",
        key="x",
        kind="x",
        is_firing=end is None,
        at=at(said),
        started_at=at(start) if start is not None else None,
        ended_at=at(end) if end is not None else None,
    )


@st.composite
def lives(draw) -> list[tuple[int, int]]:
    """Times that an alert burned: minutes of beginning and end, apart from each other."""
    edges = draw(st.lists(st.integers(1, 200), min_size=2, max_size=10, unique=True).map(sorted))
    return [(edges[index], edges[index + 1]) for index in range(0, len(edges) - 1, 2)]


@given(life=lives(), seed=st.randoms(use_true_random=False), still=st.booleans())
@examples(300)
def test_whatever_the_order_in_the_end_it_burns_or_not_and_nothing_was_counted_twice(life, seed, still):
    messages = [message(start, None, start) for start, _end in life]
    messages += [message(start, end, end) for start, end in life[: len(life) - still]]
    messages += [seed.choice(messages) for _index in range(3)]  # at least once
    seed.shuffle(messages)
    told = history()
    started = [one for one in messages if told.take(one, at=at(300)) is What.STARTED]
    assert told.alert.is_firing is still
    assert len({one.started_at for one in started}) == len(started)
    burning = [one for one in told.known.values() if one.ended_at is None]
    assert burning == ([told.burning] if still else [])
    if still:
        assert told.burning.started_at == at(life[-1][0])
    # Each time that it burned is known once, and no two of them overlap.
    assert sorted(told.known) == [at(start) for start, _end in life]
    for earlier, later in pairwise(sorted(told.known.values(), key=lambda one: one.started_at)):
        assert earlier.ended_at <= later.started_at


@given(life=lives(), seed=st.randoms(use_true_random=False))
@examples(100)
def test_in_order_every_time_is_a_beginning_and_an_end(life, seed):
    told = history()
    whats = []
    for start, end in life:
        whats += [
            told.take(message(start, None, start), at=at(start)),
            told.take(message(start, end, end), at=at(end)),
        ]
    assert whats == [What.STARTED, What.ENDED] * len(life)
    assert told.alert.fires == len(life)


def test_where_the_wire_names_no_beginning_the_moment_it_was_said_stands_for_it():
    told = history()
    assert told.take(message(None, None, 5), at=at(5)) is What.STARTED
    assert told.take(message(None, None, 6), at=at(6)) is What.REPEATED
    late_end = Notice(channel="mqtt", key="x", kind="x", is_firing=False, at=at(4))
    assert told.take(late_end, at=at(7)) is What.NOTHING  # about an earlier time
    end = Notice(channel="mqtt", key="x", kind="x", is_firing=False, at=at(8))
    assert told.take(end, at=at(8)) is What.ENDED
    assert told.take(message(None, None, 7), at=at(9)) is What.LATE
    assert told.take(message(None, None, 9), at=at(9)) is What.STARTED


def test_a_clock_that_runs_ahead_still_ends_what_it_began():
    told = history()
    assert told.take(message(60, None, 5), at=at(5)) is What.STARTED
    assert told.take(message(60, None, 6), at=at(6)) is What.REPEATED
    assert told.take(message(60, 10, 10), at=at(10)) is What.ENDED
    assert isinstance(told.known[at(60)], AlertEpisode)
    assert isinstance(told.alert.ended_at, datetime)
