"""A simulated year: the same reports both ways, people who do one thing at a time, figures that add up."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.roles import Role
from config.simulation.year import asking, keeping, running
from config.simulation.year.assumptions import FITTED, PUBLISHED, RANGES, Assumptions
from config.simulation.year.figures import interval
from config.simulation.year.living import NotOurs, Scale, both, by_hand_only, is_ours, require_own_database
from config.simulation.year.people import Agenda, Desk, Job, Shift, Unit, in_hours
from dashboards.models import Rollup, SimulationRun
from dispatch.calendar import WorkCalendar
from incidents.models import Incident, Outcome, Report, TimelineEntry
from tests.cast import TUESDAY, file_report, person
from tests.config.simulated import a_document, a_run

# Some twenty reports: enough to go through every step.
TINY = Scale(320, days=4, warm_up=1)
WEEKS = Scale(200, days=21, warm_up=7)
HOUR = timedelta(hours=1)


def test_a_desk_serves_in_order_within_its_hours_and_urgent_matters_at_once() -> None:
    desk = Desk([Shift(8, 20, 1)], one_in=1, dice=random.Random(1), assumed=Assumptions())
    evening = datetime(2026, 7, 7, 11, 58, tzinfo=UTC)  # 19:58 in the district
    first = desk.enter(evening, 30)
    second = desk.enter(evening + timedelta(minutes=1), 30)
    assert first[0] == evening
    assert second[0] == datetime(2026, 7, 8, 0, 0, tzinfo=UTC)
    assert desk.enter(evening + 3 * HOUR, 30, urgent=True)[0] == evening + 3 * HOUR
    assert in_hours(evening, 1.0, opens=8, closes=20) == datetime(2026, 7, 8, 0, 58, tzinfo=UTC)


def test_those_whom_a_case_stands_for_stand_in_the_line_before_it() -> None:
    desk = Desk([Shift(0, 24, 2)], one_in=1, dice=random.Random(1), assumed=Assumptions())
    desk.expect((TUESDAY.timestamp() - 60, 3600.0) for _other in range(4))
    began, _ended = desk.enter(TUESDAY, 5)
    assert began == TUESDAY + timedelta(minutes=119)


@pytest.mark.parametrize("seed", range(5))
def test_a_unit_works_in_its_hours_with_no_more_hands_than_it_has_and_leaves_nothing(seed: int) -> None:
    dice, agenda, calendar = random.Random(seed), Agenda(), WorkCalendar()
    unit, working, most, ended = Unit(agenda, calendar, 3), 0, 0, 0

    def begun(at: datetime) -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        assert calendar.is_working(at)

    def done(_at: datetime) -> None:
        nonlocal working, ended
        working, ended = working - 1, ended + 1

    for _job in range(60):
        at = TUESDAY + dice.random() * 72 * HOUR
        agenda.add(at, lambda at: unit.enter(at, Job(dice.uniform(0.1, 9), (at.timestamp(),), begun, done)))
    agenda.run(TUESDAY + timedelta(days=60))
    assert (working, ended, most) == (0, 60, 3)


def test_what_is_hastened_goes_first_and_once() -> None:
    agenda, began = Agenda(), list[str]()
    unit = Unit(agenda, WorkCalendar(), 1)
    jobs = {
        name: Job(1.0, (1.0, place), lambda _at, name=name: began.append(name), lambda _at: None)  # type: ignore[misc]
        for place, name in enumerate("abc")
    }
    for job in jobs.values():
        unit.enter(TUESDAY, job)
    unit.hasten(TUESDAY, jobs["c"], (0.0, 9))
    agenda.run(TUESDAY + timedelta(days=3))
    assert began == ["a", "c", "b"]


@pytest.mark.django_db(transaction=True)
def test_a_year_is_a_function_of_its_seed_and_its_parts_add_up() -> None:
    found = both(TINY, Assumptions(), seed=3)
    for way, kind, unit in (
        ("hand", "", 0),
        ("platform", "dispatched", 3600),
        ("platform", "handled", 86_400),
    ):
        for what in ("dispatch", "handling"):
            parts = found[way][what]["parts"]
            assert sum(parts.values()) == pytest.approx(found[way][what]["mean"], abs=0.002)
            assert min(parts.values()) >= 0
        if kind:
            # By the facts that a board would count, were these in its database.
            measured = Incident.objects.filter(received_at__gte=datetime(2025, 12, 31, 16, tzinfo=UTC))
            facts = Outcome.objects.filter(
                kind=kind, sign=1, reversal__isnull=True, incident__in=measured
            ).values_list("elapsed", flat=True)
            what = "dispatch" if kind == "dispatched" else "handling"
            mean = sum(seconds or 0 for seconds in facts) / len(facts) / unit
            assert found[way][what]["mean"] == pytest.approx(mean, abs=0.001)
    assert found["platform"]["handled"] == found["platform"]["sent"] > 5
    assert shape(found) == shape(a_run(dispatch=(1, 1), handling=(1, 1)))
    with pytest.raises(NotOurs):
        require_own_database()
    call_command("flush", interactive=False, verbosity=0)
    assert both(TINY, Assumptions(), seed=3) == found


def shape(told: Mapping[str, Any]) -> Any:
    """The names in a document, at every depth; what is counted by name is not part of it."""
    free = {"refused_actions"}
    return {
        name: shape(value) if isinstance(value, Mapping) and name not in free else None
        for name, value in told.items()
    }


@pytest.mark.django_db
def test_more_wrong_units_slower_desks_and_more_put_aside_cost_the_old_way_time() -> None:
    usual = Assumptions()
    now = by_hand_only(WEEKS, usual, seed=1)

    def mean(what: str, **changed: float) -> float:
        return float(by_hand_only(WEEKS, usual.but(**changed), seed=1)[what]["mean"])

    assert mean("dispatch", first_right=0.6) > now["dispatch"]["mean"]
    assert mean("dispatch", forward_hours=3) > now["dispatch"]["mean"]
    assert mean("dispatch", closes=18) > now["dispatch"]["mean"]
    assert mean("handling", aside=0.6) > now["handling"]["mean"]
    assert Incident.objects.count() == 0


@pytest.mark.django_db
def test_the_old_way_and_nothing_else_is_fitted_to_what_was_published() -> None:
    fitted = running.fit(WEEKS, Assumptions(), seeds=[1])
    found = by_hand_only(WEEKS, fitted, seed=1)
    for what in ("dispatch", "handling"):
        assert found[what]["mean"] == pytest.approx(PUBLISHED[what][0], rel=0.02)
    assert fitted.but(**{name: getattr(Assumptions(), name) for name in FITTED}) == Assumptions()
    assert not set(RANGES) & set(FITTED)


def test_an_interval_is_students_and_a_single_run_has_none() -> None:
    assert interval([4.0])["low"] is None
    found = interval([1.0, 2.0, 3.0])
    assert found["mean"] == 2
    assert found["high"] - found["mean"] == pytest.approx(4.303 / 3**0.5)


@pytest.mark.django_db(transaction=True)
def test_a_year_is_never_lived_where_cases_are_or_a_district_works() -> None:
    require_own_database()
    assert not is_ours("yiwang")
    assert is_ours("year_7_1")
    file_report()
    with pytest.raises(NotOurs):
        both(TINY, Assumptions(), seed=1)
    assert Incident.objects.count() == 1


@pytest.mark.django_db
def test_a_result_is_taken_in_as_it_was_made_or_not_at_all_and_brings_no_case(tmp_path: Path) -> None:
    told = a_document()
    path = tmp_path / "simulation.json"
    path.write_text(json.dumps(told))
    counted = (Incident, Report, Outcome, TimelineEntry, Rollup)
    before = [model.objects.count() for model in counted]
    first = keeping.keep(path, at=TUESDAY)
    assert keeping.keep(path, at=TUESDAY + HOUR).pk == first.pk
    assert (first.document, first.is_current, first.loaded_at) == (told, True, TUESDAY)
    told["figures"]["dispatch"]["platform"]["mean"] = 0.1
    path.write_text(json.dumps(told))
    with pytest.raises(CommandError, match="not as"):
        call_command("load_simulation", str(path))
    path.write_text(json.dumps(a_document() | {"format": 99}))
    with pytest.raises(keeping.NotAsMade):
        keeping.keep(path, at=TUESDAY)
    assert SimulationRun.objects.count() == 1
    assert [model.objects.count() for model in counted] == before


def test_only_the_page_of_the_simulation_reads_its_results() -> None:
    root = Path(__file__).parents[2]
    readers = {
        str(path.relative_to(root).parent)
        for room in ("config", "dashboards", "incidents", "dispatch", "grids", "accounts")
        for path in (root / room).rglob("*.py")
        if "SimulationRun" in path.read_text() and path.parent.name != "migrations"
    }
    assert readers == {"dashboards/models", "dashboards/simulated", "config/simulation/year"}


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    for wrong in (
        {"seeds": "one"},
        {"one_in": 0},
        {"days": 400},
        {"assume": ["aside=much"]},
        {"assume": ["nothing=1"]},
        {"assume": ["aside=-1"]},
    ):
        with pytest.raises(CommandError):
            call_command("simulate", year=True, out=tmp_path / "x.json", **wrong)


@pytest.mark.django_db
def test_the_run_that_comes_along_is_what_the_command_makes_now_or_the_page_leads_with_that(
    client: Client,
) -> None:
    told = json.loads(asking.SHIPPED.read_text())
    assert running.digest(told) == told["digest"]
    keeping.keep_shipped(asking.SHIPPED, at=TUESDAY)
    client.force_login(person("a-leader", Role.LEADER, "district").user)
    text = client.get("/simulation/", headers={"accept-language": "en"}).content.decode()
    heading = text.split("<h1", 1)[1].split("</h1>", 1)[0]
    if told["inputs"] != running.inputs():
        assert "earlier model" in heading
        return
    assert f"{told['figures']['handling']['platform']['mean']:.2f}" in heading
    assert set(told["assumptions"]) == set(Assumptions().as_json())
    assert told["figures"] == running.figures_of(told["runs"])
    assert [run["seed"] for run in told["runs"]] == told["seeds"]
    for run in told["runs"]:
        assert shape(run) == shape(a_run(dispatch=(1, 1), handling=(1, 1)))
        for what in ("dispatch", "handling"):
            for way in ("hand", "platform"):
                assert sum(run[way][what]["parts"].values()) == pytest.approx(
                    run[way][what]["mean"], abs=0.01
                )
    for what, (before, _after) in PUBLISHED.items():
        assert told["figures"][what]["hand"]["mean"] == pytest.approx(before, rel=0.02)
