"""The demo's people: their rhythm, what they do with a case, and that history can go on after a stop."""

import json
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import ApiClient, User
from accounts.roles import Role
from config import clock
from config.management.commands import seed_demo
from config.models import DemoHistory
from config.simulation import rounds
from config.simulation.crew import Crew, Habits, Memory
from config.simulation.people import LOGINS, prepare_people
from config.simulation.reports import Residents
from config.simulation.rhythm import instants
from dispatch.calendar import SHANGHAI, WorkCalendar
from incidents.driving import clocks_are_driven, drive_clocks
from incidents.models import DueAction, Incident, Outcome, Report, TimelineEntry
from tests.cast import TUESDAY, file_report, person, reload

LATER = TUESDAY + timedelta(days=60)


def days_instants(first: date, last: date, seed: int = 1) -> list[datetime]:
    return list(
        instants(
            first,
            last,
            per_day=200,
            calendar=WorkCalendar(),
            dice=random.Random(seed),
            until=datetime(2030, 1, 1, tzinfo=UTC),
        )
    )


def test_reports_come_in_order_and_on_their_days():
    arrivals = days_instants(date(2026, 7, 6), date(2026, 7, 12))
    assert arrivals == sorted(arrivals)
    assert {at.astimezone(SHANGHAI).date().day for at in arrivals} == set(range(6, 13))


def test_nights_and_sundays_are_quieter():
    arrivals = days_instants(date(2026, 6, 1), date(2026, 6, 28))
    hours = Counter(at.astimezone(SHANGHAI).hour for at in arrivals)
    assert hours[10] > 5 * hours[3]
    weekdays = Counter(at.astimezone(SHANGHAI).weekday() for at in arrivals)
    assert weekdays[6] < weekdays[1]


def test_the_same_dice_make_the_same_day():
    assert days_instants(date(2026, 7, 6), date(2026, 7, 6)) == days_instants(
        date(2026, 7, 6), date(2026, 7, 6)
    )


@pytest.mark.django_db(transaction=True)
def test_a_crew_lives_a_case_to_its_end():
    case = file_report()
    crew = Crew(random.Random(1), Habits(asks_return=0, parks=0, check_fails=0, objects=0, rates=1))
    crew.play(case, Memory(), since=TUESDAY, until=LATER)
    assert reload(case).status == "closed"
    lines = list(case.timeline.order_by("pk"))
    assert [line.kind for line in lines if line.kind in ("accepted", "resolved", "verified", "closed")] == [
        "accepted",
        "resolved",
        "verified",
        "closed",
    ]
    assert Outcome.objects.filter(incident=case, kind="rated").exists()


@pytest.mark.django_db(transaction=True)
def test_a_crew_does_nothing_after_its_time():
    case = file_report()
    Crew(random.Random(1)).play(case, Memory(), since=TUESDAY, until=TUESDAY + timedelta(seconds=1))
    assert reload(case).status == "dispatched"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(6))
def test_no_case_is_left_lying_by_a_silent_or_returning_crew(seed):
    case = file_report()
    habits = Habits(silent=0.5, asks_return=0.5, parks=0, check_fails=0.3)
    crew = Crew(random.Random(seed), habits)
    crew.play(case, Memory(item="0204-001"), since=TUESDAY, until=LATER)
    assert reload(case).status == "closed"


@pytest.mark.django_db(transaction=True)
def test_a_crew_comes_back_to_what_it_parked():
    case = file_report()
    crew = Crew(random.Random(2), Habits(parks=1, asks_return=0, check_fails=0, objects=0))
    crew.play(case, Memory(), since=TUESDAY, until=TUESDAY + timedelta(days=120))
    assert reload(case).status == "closed"
    assert case.timeline.filter(kind="parked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_residents_reports_are_taken_in_as_they_are():
    residents = Residents(random.Random(5), prefix="test")
    from incidents.intake import Receipt, receive

    made = [residents.report(TUESDAY) for _index in range(60)]
    answers = receive([one.draft for one in made], at=TUESDAY)
    assert all(isinstance(answer, Receipt) for answer in answers)
    statuses = Counter(Incident.objects.values_list("status", flat=True))
    assert statuses["dispatched"] > 10
    assert statuses["triage"] > 3


@pytest.mark.django_db
def test_people_keep_their_passwords_and_tokens(tmp_path):
    path = tmp_path / "demo.json"
    prepare_people(path)
    first = json.loads(path.read_text())
    prepare_people(path)
    assert json.loads(path.read_text()) == first
    assert path.stat().st_mode & 0o077 == 0
    assert {login["role"] for login in first["logins"]} == {role.value for _name, role, *_rest in LOGINS}
    for login in first["logins"]:
        assert User.objects.get(username=login["username"]).check_password(login["password"])
    for source, token in first["tokens"].items():
        # The key of Open311 files as an app of the city does, and may do nothing else.
        held = ApiClient.objects.for_token(token)
        assert (held.source, "open311" in held.scopes) == (
            ("city_app", True) if source == "open311" else (source, False)
        )


@pytest.mark.django_db(transaction=True)
def test_the_sweeps_stand_aside_while_history_is_played(lamp_case, monkeypatch):
    from incidents import tasks

    monkeypatch.setattr(clock, "now", lambda: LATER)
    with drive_clocks():
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock_shared(2, 1)")
                assert cursor.fetchone() == (False,)
        finally:
            other.close()
    assert not clocks_are_driven()
    tasks.fire_stages()
    tasks.perform_actions()
    assert TimelineEntry.objects.filter(incident=lamp_case, kind="breached").exists()
    assert not DueAction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_day_of_history_that_was_stopped_goes_on_without_doubles(monkeypatch):
    monkeypatch.setattr(seed_demo, "PER_DAY", 12.0)
    history = DemoHistory.objects.create(name="past", anchor=LATER, total=1)
    seed_demo._play_day(date(2026, 7, 7), history)
    reports, cases = Report.objects.count(), Incident.objects.count()
    seed_demo._play_day(date(2026, 7, 7), history)
    assert (Report.objects.count(), Incident.objects.count()) == (reports, cases)
    assert reports >= 5


@pytest.mark.django_db(transaction=True)
def test_as_many_days_are_played_as_are_asked_for(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(seed_demo, "PER_DAY", 1.0)
    settings.DEMO_DAYS, settings.VAR_DIR, settings.MEDIA_ROOT = 2, tmp_path, tmp_path
    call_command("seed_demo", rest=True)
    played = DemoHistory.objects.get()
    assert (played.name, played.done, played.is_complete) == ("past", 2, True)


def test_seeding_is_refused_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("seed_demo")


def test_a_demo_patrol_walks_and_puts_some_of_it_right(db: None, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT, settings.SELF_FIXED_CHECKED = tmp_path, 0.0
    somebody = person("patrol", Role.PATROL, "longcheng/grid-station")
    day, until = date(2026, 7, 7), datetime(2026, 7, 7, 16, tzinfo=UTC)
    left = list(rounds.walk(day, until=until))
    found = Incident.objects.filter(source="patrol", links__report__filed_by=somebody.user)
    assert found.count() == 3
    assert {case.pk for case in left} == {case.pk for case in found if not case.self_fixed}
    assert list(rounds.walk(day, until=until)) == []
