"""The staff's pages in a district of a million cases, fifty thousand of them open, beside one of 10,000.

Page time is the server's: the whole request through Django's test client, signed in, without the
network. Metric: milliseconds, the 95th percentile over requests for different cases, words and units.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, User
from accounts.roles import Role
from benchmarks import district
from benchmarks.boards import STORAGES, scratch_database
from benchmarks.records import Record
from config import clock
from incidents.models import Incident
from incidents.searching import rows

SIZES = ((10_000, 500), (1_000_000, 50_000))
REQUESTS = 40
WORDS = ("井盖", "路灯", "噪音", "占道", "积水", "垃圾", "电梯", "停车")


@dataclass(frozen=True)
class Page:
    """A kind of page: who opens it, and the addresses that are asked for in turns."""

    name: str
    who: str
    addresses: list[str]


def run() -> list[Record]:
    """Every page at both sizes."""
    found: list[dict[str, tuple[float, int]]] = []
    for cases, open_cases in SIZES:
        with scratch_database(), override_settings(STORAGES=STORAGES):
            began = time.perf_counter()
            district.build(cases=cases, open_cases=open_cases, at=clock.now())
            built = time.perf_counter()
            filled = _fill()
            took = time.perf_counter() - built
            print(
                f"  {cases:,} cases, {open_cases:,} open: built in {built - began:.0f} s, "
                f"search rows {filled / took:,.0f}/s",
                flush=True,
            )
            found.append(_pages(_people()))
    small, large = found
    return [_record(name, large[name], small[name]) for name in large]


def _record(name: str, ours: tuple[float, int], theirs: tuple[float, int]) -> Record:
    size = f"{SIZES[1][0]:,}"
    return {
        "bench": "pages",
        "metric": f"{name}, p95 ms at {size}, {ours[1]} queries",
        "ours": round(ours[0], 1),
        "against": f"at {SIZES[0][0]:,}, {theirs[1]} queries",
        "theirs": round(theirs[0], 1),
        "ratio": round(theirs[0] / ours[0], 2),
    }


def _fill() -> int:
    """Search rows of every case, as the sweep writes them."""
    written = 0
    while batch := rows.fill():
        written += batch
    return written


def _people() -> dict[str, Client]:
    people = {}
    busiest, quietest = _busiest_and_quietest()
    for who, role, unit in (
        ("dispatcher", Role.DISPATCHER, "operations-centre"),
        ("supervisor", Role.SUPERVISOR, "operations-centre"),
        ("handler", Role.HANDLER, busiest),
        ("station", Role.HANDLER, quietest),
    ):
        user = User.objects.create_user(username=f"bench-{who}", password=None)
        Membership.objects.create(user=user, unit_id=unit, role=role)
        people[who] = Client(headers={"host": "localhost"})
        people[who].force_login(user)
    return people


def _busiest_and_quietest() -> tuple[str, str]:
    """The units with the most and the fewest open cases in hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT owner_unit_id FROM incidents_incident WHERE status = 'handling' "
            "GROUP BY 1 ORDER BY count(*) DESC"
        )
        units = [str(unit) for (unit,) in cursor.fetchall()]
    return units[0], units[-1]


def _pages(people: dict[str, Client]) -> dict[str, tuple[float, int]]:
    figures = {}
    for page in _addresses():
        client, times = people[page.who], []
        addresses = itertools.cycle(page.addresses)
        for _warm in range(3):
            _get(client, next(addresses))
        for _request in range(REQUESTS):
            began = time.perf_counter()
            _get(client, next(addresses))
            times.append((time.perf_counter() - began) * 1000)
        with CaptureQueriesContext(connection) as captured:
            _get(client, next(addresses))
        figures[page.name] = (statistics.quantiles(times, n=20)[-1], len(captured))
        print(f"    {page.name:<34} {figures[page.name][0]:>8.1f} ms  {len(captured)} queries", flush=True)
    return figures


def _get(client: Client, address: str) -> Any:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")
    return response


def _addresses() -> Iterator[Page]:
    cases = Incident.objects.order_by("pk")
    most = cases.count()
    numbers = [
        cases.filter(pk__gte=most * share // 100).values_list("number", flat=True)[0]
        for share in range(3, 100, 5)
    ]
    triage = list(cases.filter(status="triage").values_list("number", flat=True)[:20])
    street = cases.values_list("street_code", flat=True)[0]
    category = cases.values_list("category_id", flat=True)[0]
    middle = datetime.now(UTC).timestamp() - district.DAYS * 43_200
    yield Page("desk with a case", "dispatcher", [f"/desk/{number}/" for number in triage])
    yield Page("desk's queue", "dispatcher", ["/desk/queue/"])
    yield Page("list", "supervisor", ["/cases/"])
    yield Page("list, in the middle", "supervisor", [f"/cases/?after={middle:.6f}_1"])
    yield Page("list, overdue", "supervisor", ["/cases/?overdue=on"])
    yield Page(
        "list, a street's of a category", "supervisor", [f"/cases/?street={street}&category={category}"]
    )
    for name, query in (
        ("what was reopened", "tag=reworked"),
        ("what was chased", "tag=chased"),
        ("a level's", "level=D"),
        ("emergencies", "urgency=emergency"),
        ("closed", "status=closed"),
        ("merged", "status=merged"),
    ):
        yield Page(f"list, {name}", "supervisor", [f"/cases/?{query}"])
    yield Page("search by words", "supervisor", [f"/cases/?q={word}" for word in WORDS])
    yield Page(
        "search by two words",
        "supervisor",
        [f"/cases/?q={one}+{other}" for one, other in itertools.pairwise(WORDS)],
    )
    yield Page("search within a unit", "handler", [f"/cases/?q={word}" for word in WORDS])
    yield Page("case", "supervisor", [f"/cases/{number}/" for number in numbers])
    yield Page("inbox of the busiest unit", "handler", ["/inbox/"])
    yield Page("list of the busiest unit", "handler", ["/cases/"])
    yield Page("list of the quietest unit", "station", ["/cases/"])
    yield Page("search by a number's end", "supervisor", [f"/cases/?q={number[-4:]}" for number in numbers])
    yield Page(
        "map's points", "supervisor", ["/cases/map/points/?status=open&frame=113.9,22.5,114.6,22.9&zoom=11"]
    )
    yield Page("callbacks", "dispatcher", ["/callbacks/"])
    yield Page("wall of the district", "supervisor", ["/centre/440307000000/wall/"])
    yield Page("board of the district", "supervisor", ["/centre/440307000000/board/"])
    yield Page("supervision", "supervisor", ["/supervision/"])
    yield Page("REST list of 100", "supervisor", ["/api/v1/incidents/?page_size=100"])
    yield Page("REST case", "supervisor", [f"/api/v1/incidents/{number}/" for number in numbers])
