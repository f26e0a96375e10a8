"""Nothing is skipped by a reader, whatever commits meanwhile."""

from collections.abc import Iterator

import pytest
from django.db import connection
from psycopg2 import connect
from psycopg2.extensions import connection as Connection

from accounts.models import ApiClient
from grids.locate import locate
from incidents.intake import Receipt, receive
from incidents.models import Incident, TimelineEntry
from incidents.sources import feed
from tests.cast import LAMP_POINT, TUESDAY, draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other_process() -> Iterator[Connection]:
    """Another connection to the same database, as of a worker at work."""
    other = connect(**{k: v for k, v in connection.get_connection_params().items() if k in _KEYS})
    yield other
    other.close()


@pytest.fixture
def neighbour() -> Iterator[Connection]:
    """A transaction that has begun to write in another database of this server, and stays open."""
    where = {k: v for k, v in connection.get_connection_params().items() if k in _KEYS}
    other = connect(**{**where, "dbname": "postgres"})
    with other.cursor() as db:
        db.execute("SELECT pg_current_xact_id()")
    yield other
    other.close()


_KEYS = {"dbname", "user", "password", "host", "port"}


def write_line(other: Connection, case: Incident, kind: str) -> int:
    """A line of a case, written by a transaction that stays open; its case is locked first, as always."""
    with other.cursor() as db:
        db.execute("SELECT 1 FROM incidents_incident WHERE id = %s FOR NO KEY UPDATE", [case.pk])
        db.execute(
            "INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)"
            " VALUES (%s, %s, now(), %s, '{}') RETURNING id",
            [case.pk, TUESDAY, kind],
        )
        return int(db.fetchone()[0])


def file(external_id: str, city: ApiClient, lat: float) -> Incident:
    place = locate(lon=LAMP_POINT[0], lat=lat)
    (receipt,) = receive([draft(external_id=external_id, place=place)], at=TUESDAY, client=city)
    assert isinstance(receipt, Receipt)
    return receipt.incident


def walk(cursor: str, *, limit: int = 100) -> tuple[list[str], str]:
    """Read on until there is no more at once."""
    read: list[str] = []
    while True:
        page = feed.page(ApiClient.objects.get(), cursor, limit=limit)
        read += [one.id for one in page.events]
        cursor = page.cursor
        if not page.more:
            return read, cursor


def read_all(cursor: str, *, limit: int = 100) -> tuple[list[str], str]:
    """All that is there by now, to the newest line."""
    newest = TimelineEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    read, cursor = walk(cursor, limit=limit)
    assert int(cursor.partition(".")[0]) >= newest
    return read, cursor


def test_a_line_that_commits_late_is_not_passed_over(other_process: Connection) -> None:
    city = ApiClient.objects.issue(name="12345", source="hotline")[0]
    slow = file("S-1", city, LAMP_POINT[1])
    before, cursor = read_all("")
    late = write_line(other_process, slow, "accepted")  # drawn first, committed last
    quick = file("S-2", city, LAMP_POINT[1] + 0.02)
    assert TimelineEntry.objects.filter(incident=quick, pk__gt=late).exists()
    assert not feed.page(city, cursor).more
    assert feed.page(city, cursor).waits  # … and says so
    held_up, cursor = walk(cursor)
    assert held_up == []  # the quick one's lines are there, and beyond what is still at work
    other_process.commit()
    after, cursor = read_all(cursor)
    assert not feed.page(city, cursor).waits
    assert after[0].startswith(f"{late}-")
    assert before + after == read_all("")[0]
    assert walk(cursor)[0] == []


def test_one_writer_at_work_and_nobody_else_is_waited_for(other_process: Connection) -> None:
    """On a quiet database nothing ends meanwhile that would tell that somebody is still at work."""
    case = file("S-1", ApiClient.objects.issue(name="12345", source="hotline")[0], LAMP_POINT[1])
    before, cursor = read_all("")
    late = write_line(other_process, case, "accepted")
    for _poll in range(3):
        held_up, cursor = walk(cursor)
        assert held_up == []
    from_now = feed.page(ApiClient.objects.get(), "latest").cursor
    other_process.commit()
    after, cursor = read_all(cursor)
    assert [one.split("-")[0] for one in after] == [str(late)]
    assert before + after == read_all("")[0]
    assert walk(cursor)[0] == []
    assert read_all(from_now)[0] == after  # whoever begins at now begins before what was at work


def test_a_transaction_that_gave_up_holds_nobody_up_for_long(other_process: Connection) -> None:
    city = ApiClient.objects.issue(name="12345", source="hotline")[0]
    slow = file("S-1", city, LAMP_POINT[1])
    before, cursor = read_all("")
    write_line(other_process, slow, "accepted")
    file("S-2", city, LAMP_POINT[1] + 0.02)
    held_up, cursor = walk(cursor)
    assert held_up == []
    other_process.rollback()
    after, cursor = read_all(cursor)
    assert after  # the hole will never be filled, and is stepped over
    assert before + after == read_all("")[0]
    assert walk(cursor)[0] == []
    assert read_all("", limit=1)[0] == read_all("")[0]


def test_a_note_of_another_database_is_forgotten() -> None:
    city = ApiClient.objects.issue(name="12345", source="hotline")[0]
    file("S-1", city, LAMP_POINT[1])
    first = TimelineEntry.objects.order_by("pk").values_list("pk", flat=True)[0]
    page = feed.page(city, f"{first - 1}.{2**40}.{2**50}")
    assert [one.event for one in page.events][:2] == ["received", "dispatched"]


def test_who_writes_in_another_database_holds_nobody_up(
    neighbour: Connection, other_process: Connection
) -> None:
    city = ApiClient.objects.issue(name="12345", source="hotline")[0]
    case = file("S-1", city, LAMP_POINT[1])
    late = write_line(other_process, case, "accepted")
    other_process.rollback()  # a hole, so that it has to be asked who is still at work
    file("S-2", city, LAMP_POINT[1] + 0.02)
    read, cursor = read_all("")
    assert str(late) not in [line.split("-")[0] for line in read]
    write_line(other_process, case, "accepted")
    file("S-3", city, LAMP_POINT[1] + 0.04)
    assert walk(cursor)[0] == []  # who writes in this one does, beside the neighbour
    other_process.commit()
    assert read_all(cursor)[0]
