"""The forecast of a district: made once a day from what was counted, told where its test bears it out."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboards.forecasting import making, shown
from dashboards.forecasting.model import HORIZON
from dashboards.models import Forecast
from dashboards.scope import Names
from incidents.models import Incident, Outcome
from tests.cast import TUESDAY, Person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI, PINGHU, case, noon

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 7)
_WEEK = (1.3, 1.1, 1.1, 1.0, 1.0, 0.6, 0.5)


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


def came_in(one: Incident, back: int, times: int, *, street: str, category: str) -> list[Outcome]:
    """So many cases on a day so long ago."""
    day = TODAY - timedelta(days=back)
    values = {
        "kind": "received", "at": noon(day), "day": day, "unit_code": "lighting-company", "source": "hotline",
        "nature": "complaint", "urgency": "routine", "street_code": street, "category_code": category,
    }  # fmt: skip
    return [Outcome(incident=one, **values) for _number in range(times)]


def counted(days: int, per_day: dict[tuple[str, str], float]) -> None:
    """So many days up to yesterday of cases of these streets and categories."""
    dice, one = np.random.default_rng(2), case()
    rows: list[Outcome] = []
    for back in range(days, 0, -1):
        weekday = (TODAY - timedelta(days=back)).weekday()
        for (street, category), rate in per_day.items():
            times = int(dice.poisson(rate * _WEEK[weekday]))
            rows += came_in(one, back, times, street=street, category=category)
    Outcome.objects.bulk_create(rows)


def two_streets(days: int = 60) -> None:
    """A busy street, one with a case now and then, and what has no place or no category yet."""
    counted(days, {(PINGHU, "0204"): 14, (PINGHU, "0101"): 6, (BUJI, "0204"): 0.2, ("", ""): 2})


def test_made_once_a_day_of_whole_days_with_what_has_too_little_marked() -> None:
    two_streets()
    Forecast.objects.create(
        day=TODAY - timedelta(days=401), made_at=TUESDAY, rule="load/1", history_days=9, origins=0,
        series={}, scales={},
    )  # fmt: skip
    made = making.make(at=TUESDAY)
    assert made is not None
    assert Forecast.objects.get() == made  # what is older than a year and a month is gone
    assert (made.day, made.history_days, made.origins) == (TODAY, 59, 12)
    assert making.make(at=TUESDAY) is None
    whole, street = made.series["|"], made.series[f"{PINGHU}|"]
    assert whole["before"] > street["before"] > 0
    assert street["status"] == "told"
    mean, low, high = street["sum"]
    assert low < mean < high
    assert mean == pytest.approx(14 * 20, rel=0.15)
    assert len(street["mean"]) == len(street["low"]) == HORIZON
    assert street["mean"][4] < 0.75 * street["mean"][6]  # today is a Tuesday: a Saturday, a Monday
    assert made.series[f"{BUJI}|"]["status"] == "few"
    assert "mean" not in made.series[f"{BUJI}|"]
    # What lies nowhere is of the whole alone, and where nothing came in nothing is said.
    assert made.series["|"]["lately"] > street["lately"] + made.series[f"{BUJI}|"]["lately"]
    assert "440307013000|" not in made.series
    assert set(made.scales) == {"whole", "street", "domain", "cell"}
    assert made.scales["street"]["series"] == 1
    with time_machine.travel(TUESDAY + timedelta(days=1), tick=False):
        assert making.make(at=TUESDAY + timedelta(days=1)) is not None
    assert Forecast.objects.count() == 2


def test_what_is_no_better_than_last_week_is_not_told() -> None:
    """A street whose weeks repeat to the case is told best by the week before."""
    one = case()
    for back in range(60, 0, -1):
        times = 7 if (TODAY - timedelta(days=back)).weekday() in (1, 4) else 4
        Outcome.objects.bulk_create(came_in(one, back, times, street=PINGHU, category="0204"))
    made = making.make(at=TUESDAY)
    assert made is not None
    series = made.series[f"{PINGHU}|"]
    assert series["status"] == "worse"
    assert "mean" not in series
    assert shown.why_not("worse") in shown.finding(series)


@pytest.mark.parametrize(("days", "status"), [(1, None), (15, "few"), (34, "short"), (45, "tried")])
def test_a_young_district_is_told_so(days: int, status: str | None) -> None:
    two_streets(days)
    made = making.make(at=TUESDAY)
    said = made.series[f"{PINGHU}|"]["status"] if made else None
    assert ("tried" if said in ("told", "worse") else said) == status


def test_held_against_what_came(supervisor: Person) -> None:
    two_streets(70)
    with time_machine.travel(TUESDAY - timedelta(days=10), tick=False):
        assert making.make(at=TUESDAY - timedelta(days=10)) is not None
    inside, days = shown.since(PINGHU, "", today=TODAY, names=Names())
    assert days == 10
    assert 5 <= inside <= 10
    assert shown.since(BUJI, "", today=TODAY, names=Names()) == (0, 0)


def test_on_a_page_as_a_file_and_by_rest(
    client: Client, supervisor: Person, leader: Person, street_supervisor: Person, handler: Person,
    dispatcher: Person, django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    browser = sign_in(client, leader)
    assert 'class="empty' in browser.get("/forecast/").content.decode()
    assert browser.get("/api/v1/forecast/").status_code == 404
    two_streets()
    making.make(at=TUESDAY)
    page = browser.get("/forecast/").content.decode()
    told = Forecast.objects.get().series["|"]["sum"]
    assert f"{round(told[0])}" in page
    assert f"{told[1]}–{told[2]}" in page
    assert '"between": [2, 3]' in page
    assert "○" in page
    with django_assert_max_num_queries(25) as few:
        browser.get(f"/forecast/?street={PINGHU}&domain=02")
    with django_assert_max_num_queries(len(few) + 1):
        browser.get("/forecast/")
    assert "&lt;b&gt;" in browser.get("/forecast/?street=%3Cb%3E&domain=zz").content.decode()
    file = b"".join(browser.get("/forecast/forecast.csv").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(file)))
    assert sum(row[0] == PINGHU and row[2] == "" for row in rows) == HORIZON
    assert sum(row[0] == BUJI and row[2] == "" for row in rows) == 1
    answer = browser.get(f"/api/v1/forecast/?street={PINGHU}&domain=02").json()
    assert [(one["status"], len(one["days"])) for one in answer["series"]] == [("told", HORIZON)]
    assert browser.get("/api/v1/forecast/?street=1").status_code == 400
    # A street reads its own; who plans nothing reads none.
    browser = sign_in(client, street_supervisor)
    page = browser.get(f"/forecast/?street={BUJI}").content.decode()
    assert f'value="{BUJI}"' not in page
    rows = browser.get("/api/v1/forecast/").json()["series"]
    assert {row["street"] for row in rows} == {PINGHU}
    for nobody in (handler, dispatcher):
        assert sign_in(client, nobody).get("/forecast/").status_code == 403
        assert client.get("/forecast/forecast.csv").status_code == 403
        assert client.get("/api/v1/forecast/").status_code == 403
