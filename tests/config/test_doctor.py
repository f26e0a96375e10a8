"""Each check of `manage.py doctor` can fail and says so in words; the command exits with the worst."""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery import Celery
from cryptography.fernet import Fernet
from django.conf import settings as project
from django.core.management import call_command
from django.db import connection
from django.utils import timezone, translation

from config.celery import app
from config.doctor import Finding, Level, database, installation, machinery, worst
from config.doctor.examining import _tried
from config.queues import depths, link_to
from dispatch.models import CalendarYear
from incidents import alarms, sweeps
from incidents.models import SweepBeat
from tests.cast import TUESDAY, file_report
from tests.config.databases import database as another_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_english() -> Iterable[None]:
    with translation.override("en"):
        yield


def one(findings: Iterable[Finding]) -> Finding:
    (found,) = findings
    assert bool(found.advice) == (found.level > Level.GOOD)
    return found


def by_level(findings: Iterable[Finding], level: Level) -> list[Finding]:
    return [finding for finding in findings if finding.level == level]


# --- the database -----------------------------------------------------------------------------


def test_a_database_as_it_should_be_is_good() -> None:
    for check in (
        database.answers,
        database.encoding,
        database.collation,
        database.trigrams,
        database.indexes,
        database.clock_skew,
        database.migrations,
    ):
        assert one(check(connection)).level == Level.GOOD, check


def test_a_database_that_does_not_answer() -> None:
    with another_database("away") as away:
        away.settings_dict["HOST"] = "/nowhere"
        found = one(database.answers(away))
    assert found.level == Level.PROBLEM
    assert "does not answer" in found.says


def test_a_database_that_reads_no_chinese() -> None:
    how = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    with another_database("ascii", how) as narrow:
        assert one(database.answers(narrow)).level == Level.GOOD
        assert "SQL_ASCII" in one(database.encoding(narrow)).says
        assert "CREATE EXTENSION pg_trgm;" in one(database.trigrams(narrow)).advice
        with narrow.cursor() as cursor:
            cursor.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")
        found = one(database.trigrams(narrow))
        assert found.level == Level.PROBLEM
        assert "LC_CTYPE" in found.advice


def test_a_system_that_sorts_by_new_rules() -> None:
    assert database.collation_as("2.36", "2.36").level == Level.GOOD
    assert database.collation_as(None, None).level == Level.GOOD
    found = database.collation_as("2.31", "2.36")
    assert found.level == Level.PROBLEM
    assert "REFRESH COLLATION VERSION" in found.advice


def test_an_index_that_was_not_finished() -> None:
    with another_database("broken") as broken, broken.cursor() as cursor:
        cursor.execute("CREATE TABLE twice (it int)")
        cursor.execute("INSERT INTO twice VALUES (1), (1)")
        with pytest.raises(Exception, match="duplicate"):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY once ON twice (it)")
        found = one(database.indexes(broken))
    assert found.level == Level.PROBLEM
    assert "REINDEX INDEX CONCURRENTLY once;" in found.advice


@pytest.mark.parametrize(
    ("ahead", "level"), [(0.5, Level.GOOD), (-5.0, Level.WARNING), (45.0, Level.PROBLEM)]
)
def test_clocks_that_differ(ahead: float, level: Level) -> None:
    def clock() -> float:
        return datetime.now(UTC).timestamp() + ahead

    assert one(database.clock_skew(connection, now=clock)).level == level


def test_a_slow_answer_is_no_skew() -> None:
    asked = iter((datetime.now(UTC).timestamp() - 40, datetime.now(UTC).timestamp() + 1))
    assert one(database.clock_skew(connection, now=lambda: next(asked))).level == Level.GOOD


def test_tables_that_are_older_or_newer_than_the_code() -> None:
    with another_database("empty") as empty:
        found = one(database.migrations(empty))
        assert found.level == Level.PROBLEM
        assert "prepare" in found.advice
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('grids', '9999_x', now())")
        try:
            found = one(database.migrations(connection))
        finally:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_x'")
    assert found.level == Level.WARNING
    assert "grids.9999_x" in found.says


# --- the machinery ----------------------------------------------------------------------------


def test_sweeps_that_are_silent(settings) -> None:
    settings.WATCH_SWEEPS = True
    for name in alarms.SWEEPS:
        sweeps.beat(name, done=0)
    now = timezone.now()
    assert one(machinery.sweeps(now=now)).level == Level.GOOD
    SweepBeat.objects.filter(name="outbox").update(ran_at=now - timedelta(hours=2, minutes=5))
    SweepBeat.objects.filter(name="stages").delete()
    told = by_level(machinery.sweeps(now=now), Level.PROBLEM)
    assert {finding.says for finding in told} == {
        f"Silent for 2 h 5 min: {alarms.SWEEPS['outbox'][0]}.",
        f"Has never run: {alarms.SWEEPS['stages'][0]}.",
    }


def test_where_no_sweep_is_meant_to_run_none_is_missed(settings) -> None:
    settings.WATCH_SWEEPS = False
    assert one(machinery.sweeps(now=timezone.now())).level == Level.GOOD


def test_work_that_is_late() -> None:
    file_report()
    assert worst(machinery.lags(at=TUESDAY)) == Level.GOOD
    soon = TUESDAY + timedelta(seconds=180)
    assert [found.check for found in by_level(machinery.lags(at=soon), Level.WARNING)] == ["lag-message"]
    assert worst(machinery.lags(at=TUESDAY + timedelta(days=2))) == Level.PROBLEM


def test_what_failed_is_counted() -> None:
    assert one(machinery.set_aside()).level == Level.GOOD
    file_report().timers.get(kind="handling").pending.update(attempts=2)
    assert one(machinery.set_aside()).level == Level.WARNING


def test_a_broker_that_does_not_answer() -> None:
    lost = Celery("lost", broker="redis://127.0.0.1:1/0")
    found = one(machinery.broker(lost))
    assert found.level == Level.PROBLEM
    assert "REDIS_URL" in found.advice


def test_queues_are_counted_on_the_broker_and_none_is_made() -> None:
    with link_to(app) as link:
        before = depths(app, link)
    for _time in range(3):
        app.send_task("nobody.does_this", queue="long")
    with link_to(app) as link:
        after = depths(app, link)
        link.default_channel.queue_purge("long")
    assert set(after) == {"clocks", "telling", "long"}
    assert after["long"] - before["long"] == 3


def test_queues_that_grow() -> None:
    found = list(machinery.queues({"clocks": 3, "telling": 150, "long": 2_000}))
    assert [finding.level for finding in found] == [Level.GOOD, Level.WARNING, Level.PROBLEM]
    assert "-Q long" in found[2].advice


def test_a_queue_that_nobody_listens_to(settings) -> None:
    settings.WATCH_SWEEPS = True
    served = {"clocks@here": [{"name": "clocks"}], "worker@here": [{"name": "telling"}]}
    found = one(machinery.workers(served, {"clocks": 0, "telling": 0, "long": 0}))
    assert found.level == Level.PROBLEM
    assert found.says.endswith("long.")
    assert one(machinery.workers(served, {"clocks": 0})).level == Level.GOOD


# --- the installation -------------------------------------------------------------------------


def test_keys_of_the_demonstration_are_a_problem_in_production(settings) -> None:
    settings.SECRET_KEY = "aB3$" * 20
    settings.CONTACT_KEYS = [Fernet.generate_key().decode()]
    settings.CONTACT_INDEX_KEY = "0123456789abcdef0123456789abcdef"
    good = {name: getattr(settings, name) for name in ("SECRET_KEY", "CONTACT_KEYS", "CONTACT_INDEX_KEY")}
    settings.SECRET_KEY = "aB3$e" * 20
    assert one(installation.keys()).level == Level.GOOD
    for name, bad in (
        ("SECRET_KEY", "insecure-demonstration-key-0000000000000000000000000000000000"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 80),
        ("CONTACT_KEYS", ["ZGVtb25zdHJhdGlvbi1rZXktbm90LWEtc2VjcmV0ISE="]),
        ("CONTACT_INDEX_KEY", "demonstration-index-key"),
    ):
        setattr(settings, name, bad)
        for production, level in ((False, Level.WARNING), (True, Level.PROBLEM)):
            settings.PRODUCTION = production
            found = one(installation.keys())
            assert (found.level, name in found.says) == (level, True)
        setattr(settings, name, "aB3$e" * 20 if name == "SECRET_KEY" else good[name])


def test_a_key_that_is_none(settings) -> None:
    settings.SECRET_KEY, settings.CONTACT_INDEX_KEY = "aB3$e" * 20, "x" * 32
    settings.CONTACT_KEYS = [Fernet.generate_key().decode(), "too-short"]
    found = one(installation.keys())
    assert found.level == Level.PROBLEM
    assert "number 2" in found.says


def test_what_only_a_demonstration_may_do(settings) -> None:
    settings.PRODUCTION, settings.DEBUG, settings.ALLOWED_HOSTS = True, False, ["yiwang.example"]
    assert one(installation.demonstration_settings()).level == Level.GOOD
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["*"]
    told = list(installation.demonstration_settings())
    assert {finding.check for finding in told} == {"debug", "hosts"}
    assert worst(told) == Level.PROBLEM
    settings.PRODUCTION = False
    assert worst(installation.demonstration_settings()) == Level.WARNING


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert one(installation.writable(tmp_path / "media")).level == Level.GOOD
    assert list((tmp_path / "media").iterdir()) == []
    (tmp_path / "file").write_text("")
    found = one(installation.writable(tmp_path / "file" / "media"))
    assert found.level == Level.PROBLEM
    assert str(tmp_path / "file" / "media") in found.says


def statvfs(*, size_gb: float, free_gb: float, files: int = 1000, free_files: int = 900) -> Callable:
    told = SimpleNamespace(
        f_frsize=4096,
        f_blocks=int(size_gb * 1024**3 / 4096),
        f_bavail=int(free_gb * 1024**3 / 4096),
        f_files=files,
        f_favail=free_files,
    )
    return lambda _folder: told


@pytest.mark.parametrize(
    ("disk", "level"),
    [
        (statvfs(size_gb=100, free_gb=50), Level.GOOD),
        (statvfs(size_gb=4000, free_gb=30), Level.GOOD),
        (statvfs(size_gb=100, free_gb=7), Level.WARNING),
        (statvfs(size_gb=100, free_gb=1), Level.PROBLEM),
        (statvfs(size_gb=100, free_gb=50, free_files=10), Level.PROBLEM),
        (statvfs(size_gb=100, free_gb=50, files=0, free_files=0), Level.GOOD),
    ],
)
def test_a_disk_that_gets_full(disk: Callable, level: Level, tmp_path: Path) -> None:
    # both folders are on one disk, and the second is not there yet
    assert one(installation.disk((tmp_path, tmp_path / "later"), statvfs=disk)).level == level


def test_a_classifier_that_is_not_there(settings, tmp_path: Path) -> None:
    assert one(installation.model()).level == Level.GOOD
    settings.MODEL_DIR = tmp_path
    found = one(installation.model())
    assert found.level == Level.PROBLEM
    assert "manage.py train" in found.advice


@pytest.fixture
def years() -> Iterable[Callable[[dict[int, bool]], None]]:
    """Say which years are confirmed, until the test is over."""
    before = dict(CalendarYear.objects.values_list("year", "confirmed"))

    def confirm(said: dict[int, bool]) -> None:
        for year, confirmed in said.items():
            CalendarYear.objects.filter(year=year).update(confirmed=confirmed)

    yield confirm
    confirm(before)


@pytest.mark.parametrize(
    ("at", "confirmed", "levels"),
    [
        (datetime(2026, 7, 7, tzinfo=UTC), {2026: True, 2027: False}, [Level.GOOD, Level.GOOD]),
        (datetime(2026, 11, 7, tzinfo=UTC), {2026: True, 2027: False}, [Level.GOOD, Level.WARNING]),
        (datetime(2026, 11, 7, tzinfo=UTC), {2026: True, 2027: True}, [Level.GOOD, Level.GOOD]),
        (datetime(2026, 7, 7, tzinfo=UTC), {2026: False, 2027: False}, [Level.PROBLEM, Level.GOOD]),
        # the year of the district, where it is already January
        (datetime(2026, 12, 31, 20, tzinfo=UTC), {2027: False, 2028: True}, [Level.PROBLEM, Level.GOOD]),
        (datetime(2077, 7, 7, tzinfo=UTC), {}, [Level.PROBLEM, Level.WARNING]),
    ],
)
def test_a_calendar_that_is_a_forecast(years, at: datetime, confirmed: dict, levels: list) -> None:
    years(confirmed)
    assert [finding.level for finding in installation.calendar(at=at)] == levels


# --- the command ------------------------------------------------------------------------------


def doctor(*arguments: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("doctor", *arguments, stdout=said)
    except SystemExit as ended:
        return int(ended.code), said.getvalue()
    return 0, said.getvalue()


def test_a_check_that_fails_itself_is_a_finding_and_hides_no_other() -> None:
    def fails() -> Iterable[Finding]:
        raise ValueError("what was not foreseen")

    found = one(_tried("disk", fails))
    assert found.level == Level.PROBLEM
    assert "what was not foreseen" in found.says


def test_the_command_says_all_of_it_in_words_and_exits_with_the_worst(settings) -> None:
    settings.PRODUCTION = False
    code, said = doctor("--language", "en")
    assert code == (2 if "✗" in said else 1)
    assert "! This is no production" in said
    assert "✓ Chinese texts are found by their words." in said
    settings.DEBUG, settings.PRODUCTION = True, True
    code, said = doctor("--language", "en", "--quiet")
    assert code == 2
    assert "✗ DEBUG is on" in said
    assert "✓" not in said


def test_the_command_for_machines(settings) -> None:
    settings.WATCH_SWEEPS = True
    SweepBeat.objects.all().delete()
    code, said = doctor("--json", "--language", "en")
    told = json.loads(said)
    assert code == 2
    assert told["level"] == "problem"
    silent = [finding for finding in told["findings"] if finding["check"] == "sweeps"]
    assert len(silent) == len(alarms.SWEEPS)
    checks = {finding["check"] for finding in told["findings"]}
    assert checks >= {
        *("keys", "media", "disk", "model", "database", "encoding", "collation", "trigrams", "indexes"),
        *("clock-skew", "migrations", "sealed-data", "calendar", "sweeps", "lag-stage", "lag-parcel"),
        *(
            "backup",
            "restore",
            "set-aside",
            "broker",
            "workers",
            "queue-clocks",
            "queue-telling",
            "queue-long",
        ),
    }
    assert os.fspath(project.BASE_DIR) not in said.replace(os.fspath(project.VAR_DIR), "")
