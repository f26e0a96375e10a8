"""The leader's board at 10,000 and at 200,000 cases, and its cells beside plain SQL over the facts.

Cases and facts are made up in bulk (generated.py) in a database that is created for this and dropped
again. Page time is the server's: the whole request through Django's test client, signed in as a leader,
without the network. Metric: milliseconds, the median of several requests.
"""

import io
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings

from accounts.models import Membership, User
from benchmarks.generated import write_cases
from benchmarks.records import Record
from dashboards import rollups
from dashboards.reading import Selection, Span, read

SIZES = (10_000, 200_000)
DAYS = 365
ROUNDS = 9
# Addresses of static files as they are: nothing need have been collected for a measurement.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


# What the board's table of units and its medians would cost without cells: one statement, an index on
# (kind, day, unit_code) to walk, reversals left out, percentiles by the database.
PLAIN_SQL = """
SELECT o.unit_code, count(*) FILTER (WHERE o.kind = 'handled'),
       avg(o.elapsed) FILTER (WHERE o.kind = 'handled'),
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY o.elapsed)
           FILTER (WHERE o.kind = 'handled'),
       avg(o.elapsed) FILTER (WHERE o.kind = 'dispatched'),
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY o.elapsed)
           FILTER (WHERE o.kind = 'dispatched'),
       count(*) FILTER (WHERE o.kind = 'due'), count(*) FILTER (WHERE o.kind = 'due' AND o.on_time)
FROM incidents_outcome o
WHERE o.kind IN ('handled', 'dispatched', 'due') AND o.day BETWEEN %s AND %s AND o.sign > 0
  AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
GROUP BY o.unit_code
"""


def run() -> list[Record]:
    """Page time at both sizes, and reading cells beside reading facts at the larger one."""
    pages: dict[int, dict[str, float]] = {}
    records: list[Record] = []
    with scratch_database(), override_settings(STORAGES=STORAGES):
        written = 0
        for size in SIZES:
            fold_rate = grow(size - written, seed=size)
            written = size
            pages[size] = page_times()
            print(f"  {size:,} cases: {pages[size]}, folded {fold_rate:,.0f} facts/s", flush=True)
        small, large = pages[SIZES[0]], pages[SIZES[1]]
        records += [
            record(f"{name}, ms at {SIZES[1]:,} cases", large[name], f"at {SIZES[0]:,}", small[name])
            for name in large
        ]
        for days in (30, DAYS):
            ours, theirs = by_unit(days)
            records.append(record(f"by unit, {days} days, ms", ours, "indexed SQL on the facts", theirs))
    return records


def record(metric: str, ours: float, against: str, theirs: float) -> Record:
    """One line; the ratio says how many times faster ours is."""
    return {
        "bench": "boards",
        "metric": metric,
        "ours": round(ours, 2),
        "against": against,
        "theirs": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
    }


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database of its own with the reference data and nobody's cases; dropped at the end."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        call_command("load_reference", stdout=io.StringIO())
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def grow(count: int, *, seed: int) -> float:
    """Write so many more cases and fold their facts; answers facts folded a second."""
    facts = write_cases(count, days=DAYS, until=datetime.now(UTC), seed=seed)
    began = time.perf_counter()
    for _batch in rollups.fold_all():
        pass
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE dashboards_rollup")
        cursor.execute("VACUUM ANALYZE dashboards_unfolded")
        cursor.execute("VACUUM ANALYZE incidents_outcome")
        cursor.execute("VACUUM ANALYZE incidents_incident")
    return facts / took


def page_times() -> dict[str, float]:
    """Milliseconds of each page."""
    user, _created = User.objects.get_or_create(username="bench-leader")
    Membership.objects.get_or_create(user=user, unit_id="district", role="leader")
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {
        "board": timed(lambda: client.get("/board/")),
        "board of a year": timed(lambda: client.get("/board/?period=year")),
        "board of a street": timed(lambda: client.get("/board/street/440307003000/")),
        "board of a unit": timed(lambda: client.get("/board/?unit=urban-management")),
        "list behind a number": timed(lambda: client.get("/board/cases/?list=late")),
    }


def by_unit(days: int) -> tuple[float, float]:
    """The same figures of every unit: from cells, and from the facts by SQL."""
    today = datetime.now(UTC).date()
    span = Span(today - timedelta(days=days - 1), today)

    def ours() -> object:
        rows = read(Selection(), [span], "unit")[0]
        return [
            (figures.handle.percentile(0.5), figures.handle.percentile(0.9), figures.dispatch.percentile(0.9))
            for figures in rows.values()
        ]

    def theirs() -> object:
        with connection.cursor() as cursor:
            cursor.execute(PLAIN_SQL, [span.first, span.last])
            return cursor.fetchall()

    # In turns, so that both see the same machine.
    taken: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        for call, times in ((ours, taken[0]), (theirs, taken[1])):
            began = time.perf_counter()
            call()
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[0]), statistics.median(taken[1])


def timed(call: Callable[[], object]) -> float:
    """The median of several calls, in milliseconds, after one to warm up."""
    call()
    times = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        answer = call()
        times.append((time.perf_counter() - began) * 1000)
        if getattr(answer, "status_code", 200) != 200:
            raise AssertionError("the page was not answered")
    return round(statistics.median(times), 1)
