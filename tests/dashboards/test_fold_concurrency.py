"""Facts are folded exactly once, in whatever order transactions commit and however many folders run."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from dashboards import rollups
from dashboards.models import Rollup
from dashboards.reading import Selection, Span, read
from tests.dashboards.facts import DAY, case, fact, held

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(work: Callable[[], None]) -> threading.Thread:
    """Run `work` on a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def received() -> int:
    return read(Selection(), [Span(DAY, DAY)])[0].get((), {"received": 0})["received"]  # type: ignore[call-overload]


def test_an_older_fact_that_commits_later_is_not_missed() -> None:
    incident = case()
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            fact(incident, "received")  # takes the lower id
            written.set()
            assert may_commit.wait(20)

    thread = elsewhere(slow)
    assert written.wait(20)
    fact(incident, "received")  # a higher id, committed first
    assert rollups.fold() == 1
    assert received() == 1

    may_commit.set()
    thread.join(20)
    assert received() == 2  # seen before it is folded
    assert rollups.fold() == 1
    assert received() == 2
    assert held("day") == {(DAY,): {"received": 2}}


def test_two_folders_count_no_fact_twice() -> None:
    incident = case()
    for _number in range(300):
        fact(incident, "received")
    folded: list[int] = []

    def work() -> None:
        folded.extend(rollups.fold_all(limit=20))

    threads = [elsewhere(work) for _number in range(3)]
    for thread in threads:
        thread.join(60)
    folded.extend(rollups.fold_all())  # whoever came second went home
    assert sum(folded) == 300
    assert held("day") == {(DAY,): {"received": 300}}


def test_while_somebody_folds_another_one_goes_home() -> None:
    fact(case(), "received")
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [rollups.LOCK])
            holding.set()
            assert done.wait(20)

    thread = elsewhere(hold)
    assert holding.wait(20)
    assert rollups.fold() == 0
    done.set()
    thread.join(20)
    assert rollups.fold() == 1


def test_a_folder_that_dies_leaves_cells_and_queue_as_they_were() -> None:
    fact(case(), "received")

    class Killed(Exception):
        pass

    def die_after_folding() -> None:
        with transaction.atomic():
            assert rollups.fold() == 1
            raise Killed

    with pytest.raises(Killed):
        die_after_folding()
    assert rollups.waiting() == 1
    assert not Rollup.objects.exists()
    assert received() == 1


def test_a_rebuild_takes_what_waits_and_leaves_what_is_written_meanwhile_to_the_next_fold() -> None:
    incident = case()
    fact(incident, "received")
    rollups.fold()
    fact(incident, "received")
    started, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def rebuild() -> None:
        with transaction.atomic():
            done.append(rollups.rebuild())
            started.set()
            assert go_on.wait(20)

    thread = elsewhere(rebuild)
    assert started.wait(20)
    fact(incident, "received")  # the rebuild has counted already, and not yet committed
    go_on.set()
    thread.join(20)
    assert done == [2]
    assert rollups.waiting() == 1
    assert received() == 3
    assert rollups.fold() == 1
    assert received() == 3
    assert [str(found) for found in rollups.differences() if found.what.startswith("cell")] == []
