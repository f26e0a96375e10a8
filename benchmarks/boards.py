"""The boards and every way down from them at a growing number of cases, and cells beside SQL and DuckDB.

Cases and facts of three years are made in SQL (ledger.py) in a database that is created for this and dropped
again; BOARDS_SIZES=1000000,10000000 says how many (100,000 and 1,000,000 unless told). At each size the
cells are made anew from all facts, 50,000 facts more are written and folded, and 2,000 wait while pages are
asked for. Page time is the server's: the whole request through Django's test client, signed in as a leader,
without the network. Metric: milliseconds, the 95th percentile over requests for different places and units.
"""

import importlib
import io
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, override_settings

from accounts.models import Membership, OrgUnit, User
from benchmarks import ledger
from benchmarks.records import Record
from dashboards import rollups
from dashboards.compaction import compact_cells
from dashboards.dimensions import Selection
from dashboards.reading import Span, read
from incidents import outcomes
from incidents.models import Incident, Outcome

SIZES = [int(size) for size in os.environ.get("BOARDS_SIZES", "100000,1000000").split(",")]
REQUESTS = int(os.environ.get("BOARDS_REQUESTS", "20"))
ROUNDS = 5
MORE, WAITING = 50_000, 2_000
CLOSINGS = 200
# Addresses of static files as they are: nothing need have been collected for a measurement.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# What the board's table of units and its medians would cost without cells: an index on (kind, day,
# unit_code) to walk, reversals left out, percentiles by the database.
_OF_UNITS = """
SELECT o.unit_code, count(*) FILTER (WHERE o.kind = 'handled'),
       avg(o.elapsed) FILTER (WHERE o.kind = 'handled'),
       {handled}, avg(o.elapsed) FILTER (WHERE o.kind = 'dispatched'), {dispatched},
       count(*) FILTER (WHERE o.kind = 'due'), count(*) FILTER (WHERE o.kind = 'due' AND o.on_time)
FROM {facts} o
WHERE o.kind IN ('handled', 'dispatched', 'due') AND o.day BETWEEN {first} AND {last} AND o.sign > 0
  {standing}
GROUP BY o.unit_code
"""
PLAIN_SQL = _OF_UNITS.format(
    handled="percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY o.elapsed)"
    " FILTER (WHERE o.kind = 'handled')",
    dispatched="percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY o.elapsed)"
    " FILTER (WHERE o.kind = 'dispatched')",
    facts="incidents_outcome",
    first="%s",
    last="%s",
    standing="AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)",
)


def run() -> list[Record]:
    """Everything at each size; ratios to the smallest one and to the two rivals."""
    found: dict[int, dict[str, float]] = {}
    records: list[Record] = []
    with scratch_database(), override_settings(STORAGES=STORAGES):
        ledger.prepare()
        written = 0
        for size in SIZES:
            figures, rivals = measured(size - written, base=written)
            written, found[size] = size, figures
            records += rivals
            for name, value in figures.items():
                print(f"  {size:>11,}  {name:<44} {value:>12,.1f}", flush=True)
    small, large = found[SIZES[0]], found[SIZES[-1]]
    return [
        *(
            record(f"{name}, at {SIZES[-1]:,} cases", large[name], f"at {SIZES[0]:,}", small[name])
            for name in large
        ),
        *records,
    ]


def measured(count: int, *, base: int) -> tuple[dict[str, float], list[Record]]:
    """Write so many more cases and measure."""
    until = datetime.now(UTC).replace(microsecond=0)
    figures: dict[str, float] = {}
    began = time.perf_counter()
    facts = ledger.load(count=count, base=base, until=until)
    print(
        f"  {base + count:,} cases: {facts:,} facts written in {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    compact_cells(today=until.date(), at=until)  # as every night: days of two dimensions are kept 13 months
    began = time.perf_counter()
    total = rollups.rebuild()
    figures["all cells made anew, s"] = time.perf_counter() - began
    figures["facts a second, anew"] = total / figures["all cells made anew, s"]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE dashboards_rollup")
    figures["facts a second, folded"] = folded()
    figures["cells"] = rollups.cell_count()
    for table, size in ledger.sizes():
        figures[f"{table}, MB a million cases"] = size / (base + count)
    figures |= closing()
    with_waiting(WAITING)
    figures |= page_times(until.date())
    records = beside_rivals(until.date(), f"{base + count:,}")
    for _batch in rollups.fold_all():
        pass
    return figures, records


def record(metric: str, ours: float, against: str, theirs: float) -> Record:
    """One line; the ratio says how many times faster ours is."""
    return {
        "bench": "boards",
        "metric": metric,
        "ours": round(ours, 2),
        "against": against,
        "theirs": round(theirs, 2),
        "ratio": round(theirs / ours, 2) if ours else 0.0,
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


# --- writing --------------------------------------------------------------------------------------


def with_waiting(count: int) -> None:
    """Tell the newest facts once more, as facts that nobody has folded."""
    columns = ", ".join(
        field.column for field in Outcome._meta.concrete_fields if field.column not in ("id", "reverses_id")
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE incidents_outcome ENABLE TRIGGER dashboards_queue_facts")
        cursor.execute(
            f"INSERT INTO incidents_outcome ({columns}) SELECT {columns} FROM incidents_outcome"
            " WHERE at <= now() ORDER BY at DESC LIMIT %s",
            [count],
        )
        cursor.execute("ANALYZE dashboards_unfolded")


def folded() -> float:
    """Facts folded a second, as beat folds them."""
    with_waiting(MORE)
    began = time.perf_counter()
    total = sum(rollups.fold_all())
    return total / (time.perf_counter() - began)


def closing() -> dict[str, float]:
    """What counting costs a closing, in a transaction of its own: the facts and their place in the queue."""
    cases = list(Incident.objects.filter(status="resolved").order_by("pk")[:CLOSINGS])
    taken = []
    for case in cases:
        began = time.perf_counter()
        with transaction.atomic():
            case.status = "closed"
            outcomes.append(
                Outcome.Kind.CLOSED,
                case,
                at=datetime.now(UTC),
                **outcomes.durations(case.received_at, datetime.now(UTC)),
            )
            outcomes.follow_due(case)
        taken.append((time.perf_counter() - began) * 1000)
    return {
        "counting a closing, median ms": statistics.median(taken),
        "counting a closing, p95 ms": p95(taken),
    }


# --- pages ----------------------------------------------------------------------------------------


def page_times(today: date) -> dict[str, float]:
    """The 95th percentile of every board and of every way down from it."""
    importlib.import_module("config.wsgi")  # memory is looked after as in a web worker
    user, _created = User.objects.get_or_create(username="bench-leader")
    Membership.objects.get_or_create(user=user, unit_id="district", role="leader")
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    figures = {}
    for name, addresses in pages(today).items():
        cycle = itertools.cycle(addresses)
        get(client, next(cycle))
        taken, worked = [], busy_ms()
        for _request in range(REQUESTS):
            address = next(cycle)
            began = time.perf_counter()
            get(client, address)
            taken.append((time.perf_counter() - began) * 1000)
        figures[f"{name}, p95 ms"] = p95(taken)
        figures[f"{name}, processor ms"] = (busy_ms() - worked) / REQUESTS
    return figures


def busy_ms() -> float:
    """Processor time of this process and of its database connection so far: what a shared machine's other
    work cannot stretch. The database's part where Linux tells it."""
    own = time.process_time() * 1000
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return own
    ticks = stat.read_text().rpartition(")")[2].split()
    return own + (int(ticks[11]) + int(ticks[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def pages(today: date) -> dict[str, list[str]]:
    """The addresses of each kind of page: different places, units and matters in turn."""
    streets = [f"4403070{number:02d}000" for number in (1, 2, 3, 5)]
    streets = _frequent("street_code", 5) or streets
    units = [
        *OrgUnit.objects.filter(kind=OrgUnit.Kind.STREET_OFFICE).values_list("code", flat=True)[:2],
        *_frequent("unit_code", 3),
    ]
    categories, items = _frequent("category_code", 5), _frequent("item_code", 5)
    communities, cells = _frequent("community_code", 5), _frequent("cell_code", 5)
    month = f"?from={today - timedelta(days=46)}&to={today - timedelta(days=11)}"
    return {
        "board": ["/board/"],
        "board of 7 days": ["/board/?period=7d"],
        "board of days of one's own": [f"/board/{month}"],
        "board of a year": ["/board/?period=year"],
        "board of a street": [f"/board/street/{code}/" for code in streets],
        "board of a street, a year": [f"/board/street/{code}/?period=year" for code in streets],
        "board of a unit": [f"/board/?unit={code}" for code in units],
        "board of a unit, a year": [f"/board/?unit={code}&period=year" for code in units],
        "board of a matter": [f"/board/?category={code}" for code in categories],
        "board of a source": ["/board/?source=hotline", "/board/?source=patrol"],
        "board of a level": ["/board/?level=A", "/board/?level=C"],
        "board of an item": [f"/board/?item={code}" for code in items],
        "board of a community": [f"/board/?area={code}" for code in communities],
        "board of a grid cell": [f"/board/?area={code}" for code in cells],
        "board of a street's matter": [
            f"/board/?street={street}&category={code}"
            for street, code in zip(streets, categories, strict=False)
        ],
        "list of late cases": ["/board/cases/?list=late"],
        "list of late cases of a unit": [f"/board/cases/?list=late&unit={code}" for code in units],
        "list of handled cases of a street": [
            f"/board/cases/?list=handled&street={code}" for code in streets
        ],
        **{
            f"KPIs by {by}": [f"/api/v1/kpis/?by={by}"]
            for by in ("unit", "street", "community", "category", "source", "level", "nature", "day", "month")
        },
        "KPIs of a community by grid cell": [f"/api/v1/kpis/?by=cell&area={code}" for code in communities],
        "KPIs of a matter by item": [f"/api/v1/kpis/?by=item&category={code}" for code in categories],
    }


def _frequent(column: str, count: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM (SELECT {column} FROM incidents_outcome ORDER BY id DESC LIMIT 20000) AS o"
            f" WHERE {column} <> '' GROUP BY 1 ORDER BY count(*) DESC LIMIT %s",
            [count],
        )
        return [str(code) for (code,) in cursor.fetchall()]


def get(client: Client, address: str) -> None:
    """Ask for a page, and mind that it is answered."""
    answer = client.get(address)
    if answer.status_code != 200:
        raise AssertionError(f"{address} was answered {answer.status_code}")


def p95(taken: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]


# --- rivals ---------------------------------------------------------------------------------------


def beside_rivals(today: date, size: str) -> list[Record]:
    """The same figures of every unit: from cells, by SQL over the facts, by DuckDB over Parquet."""
    records = []
    with tempfile.TemporaryDirectory() as folder:
        duck = _duckdb(Path(folder))
        for name, days in (("30 days", 30), ("the whole history", ledger.DAYS + 1)):
            span = Span(today - timedelta(days=days - 1), today)
            contenders: dict[str, Callable[[], object]] = {
                "ours": lambda span=span: _ours(span),
                "indexed SQL on the facts": lambda span=span: _by_sql(span),
            }
            if duck is not None:
                contenders["DuckDB over Parquet"] = lambda span=span: duck(span)
            times = _in_turns(contenders)
            records += [
                record(f"by unit, {name}, at {size}, ms", times["ours"], other, times[other])
                for other in contenders
                if other != "ours"
            ]
    return records


def _ours(span: Span) -> object:
    rows = read(Selection(), [span], "unit")[0]
    return [
        (
            figures.mean("handle", "handled"),
            [figures.handle.percentile(share) for share in (0.5, 0.9)],
            figures.mean("dispatch", "dispatched"),
            [figures.dispatch.percentile(share) for share in (0.5, 0.9)],
            figures.share("due_met", "due"),
        )
        for figures in rows.values()
    ]


def _by_sql(span: Span) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute(PLAIN_SQL, [span.first, span.last])
        rows = cursor.fetchall()
        cursor.execute("RESET work_mem")
        return rows


def _duckdb(folder: Path) -> Callable[[Span], object] | None:
    """The facts that are asked for as Parquet, in the order of writing; None without DuckDB."""
    try:
        import duckdb
    except ImportError:
        return None
    file = folder / "facts.csv"
    with connection.cursor() as cursor, file.open("wb") as out:
        cursor.copy_expert(
            "COPY (SELECT kind, day, unit_code, sign, elapsed, on_time FROM incidents_outcome"
            " WHERE kind IN ('handled', 'dispatched', 'due')) TO STDOUT (FORMAT csv, HEADER)",
            out,
        )
    base: Any = duckdb.connect()
    base.execute(f"COPY (SELECT * FROM read_csv('{file}')) TO '{folder}/facts.parquet' (FORMAT parquet)")
    file.unlink()
    quantile = "quantile_cont(o.elapsed, [0.5, 0.9]) FILTER (WHERE o.kind = '{kind}')"
    statement = _OF_UNITS.format(
        handled=quantile.format(kind="handled"),
        dispatched=quantile.format(kind="dispatched"),
        facts=f"'{folder}/facts.parquet'",
        first="?",
        last="?",
        standing="",  # no case of this ledger is taken back; it need not look
    )
    return lambda span: base.execute(statement, [span.first, span.last]).fetchall()


def _in_turns(contenders: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median milliseconds of each, asked in turns so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _round in range(ROUNDS):
        for name, call in contenders.items():
            began = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}
