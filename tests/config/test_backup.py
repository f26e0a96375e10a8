"""Backup, wipe, restore: the same rows and files, or a refusal in words and nothing changed."""

import hashlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone, translation

from config.backup import take, target
from config.backup.archive import DUMP, MANIFEST, SEAL
from config.doctor import Level, copies
from incidents.models import Contact
from tests.cast import TUESDAY, file_report
from tests.config.databases import database, url
from tests.config.running import processes

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = "attachments/2026/路灯.jpg"
EMPTY = hashlib.sha256(b"").hexdigest()  # of a table without rows
KEYS = ("SECRET_KEY", "CONTACT_KEYS", "CONTACT_INDEX_KEY")


class Installation:
    """A database and a folder of their own, and the commands in them."""

    def __init__(self, var: Path, there: BaseDatabaseWrapper | None = None) -> None:
        self.var, self.database = var, there
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        self.env = {**inherited, "YIWANG_VAR": str(var), "MODEL_DIR": str(var / "models")}
        if there:
            self.env["DATABASE_URL"] = url(there)

    def run(self, *arguments: object, prepare: Callable[[], None] | None = None) -> str:
        """What the command says; CommandError where it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments), "--language", "en"],
            cwd=project.BASE_DIR,
            env=self.env,
            capture_output=True,
            text=True,
            preexec_fn=prepare,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode:
            raise CommandError(done.stderr)
        return done.stdout

    def holds(self) -> dict[str, str]:
        """A hash of each table and file, made in another way than the product's."""
        assert self.database
        told = {**tables_of(self.database), **files_of(self.var / "media"), **files_of(self.var / "models")}
        self.database.close()  # whoever restores wants to be alone
        return told

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.var.glob(".*"))


def tables_of(there: BaseDatabaseWrapper) -> dict[str, str]:
    told = {}
    with there.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in cursor.fetchall():
            rows = io.StringIO()
            cursor.copy_expert(f'COPY "{name}" TO STDOUT', rows)
            told[name] = hashlib.sha256("\n".join(sorted(rows.getvalue().splitlines())).encode()).hexdigest()
    return told


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def source(settings, tmp_path: Path) -> Path:
    """This process's own installation, with cases, a picture and a model."""
    for _time in range(3):
        file_report()
    assert Client().session.session_key
    folder = tmp_path / "source"
    settings.VAR_DIR, settings.MEDIA_ROOT, settings.MODEL_DIR = folder, folder / "media", folder / "models"
    (folder / "media" / PICTURE).parent.mkdir(parents=True)
    (folder / "media" / PICTURE).write_bytes(bytes(range(256)) * 400)
    (folder / "media" / "empty").write_bytes(b"")
    (folder / "models" / "abc").mkdir(parents=True)
    (folder / "models" / "abc" / "arrays.npz").write_bytes(b"numbers")
    (folder / "models" / "current").write_text("abc\n")
    (folder / "models" / ".lock").write_text("")
    return folder


@pytest.fixture
def archive(source: Path, tmp_path: Path) -> Path:
    said = io.StringIO()
    call_command("backup", str(tmp_path / "backups"), "--language", "en", stdout=said)
    assert "The keys are not in it" in said.getvalue()
    (made,) = (tmp_path / "backups").iterdir()
    return made


@contextmanager
def empty_installation(tmp_path: Path, name: str = "target") -> Iterator[Installation]:
    with database(name) as there:
        yield Installation(tmp_path / name, there)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with empty_installation(tmp_path) as there:
        yield there


def test_backup_wipe_restore_gives_the_same_rows_and_files(
    source: Path, archive: Path, installation: Installation
) -> None:
    before = {**tables_of(connection), **files_of(source / "media"), **files_of(source / "models")}
    del before[".lock"]
    # Who was signed in then is not any more, whatever was done about it since.
    assert before["django_session"] != EMPTY
    before["django_session"] = EMPTY

    said = installation.run("restore", archive)
    assert "all alike" in said
    assert "can be read with the keys that are set" in said
    assert installation.holds() == before

    # Sequences go on where they were, and what the database refuses it still refuses.
    there = installation.database
    with there.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("DELETE FROM incidents_timelineentry")
    with there.cursor() as cursor, connection.cursor() as here:
        for query in (
            "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
            "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
            "SELECT conrelid::regclass::text, conname, contype FROM pg_constraint ORDER BY 1, 2",
            "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
        ):
            cursor.execute(query)
            here.execute(query)
            assert cursor.fetchall() == here.fetchall()

    # Wiped: rows lost and changed, files lost, changed and strange.
    with there.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET number = 'X' || number")
        cursor.execute("DROP TABLE config_loadedreference")
        cursor.execute("CREATE TABLE stranger (it int)")
    (installation.var / "media" / "empty").write_bytes(b"not any more")
    (installation.var / "models" / "current").unlink()
    (installation.var / "media" / "stranger").write_bytes(b"")
    wiped = installation.holds()
    with pytest.raises(
        CommandError, match=r"Not empty: the database, .*media, .*models\. Nothing was changed"
    ):
        installation.run("restore", archive)
    assert installation.holds() == wiped

    assert "all alike" in installation.run("restore", archive, "--replace")
    assert installation.holds() == before
    assert installation.leftovers() == []


def test_a_backup_is_of_one_instant_while_reports_come_in(
    source: Path, tmp_path: Path, installation: Installation
) -> None:
    over, written = threading.Event(), []

    def write() -> None:
        while not over.is_set():
            Contact.sealed(name="王小明", phone="13812342207", at=TUESDAY).save()
            written.append(1)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = take(tmp_path, at=timezone.now(), say=lambda _words: None)
    finally:
        over.set()
        writer.join()
    assert len(written) > 5
    assert "all alike" in installation.run("restore", made)


def test_an_archive_is_its_owners_and_holds_no_key(archive: Path, settings) -> None:
    assert archive.stat().st_mode & 0o077 == 0
    names = tarfile.open(archive).getnames()  # noqa: SIM115
    assert names == [
        DUMP,
        f"media/{PICTURE}",
        "media/empty",
        "models/abc/arrays.npz",
        "models/current",
        MANIFEST,
        SEAL,
    ]
    content = archive.read_bytes()
    for key in (settings.SECRET_KEY, *settings.CONTACT_KEYS, settings.CONTACT_INDEX_KEY):
        assert key.encode() not in content
    assert "王小明".encode() not in content


def change(archive: Path, to: Path, alter: Callable[[dict], None]) -> Path:
    """A whole archive whose manifest says something else."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old:
            data = old.extractfile(member).read()
            if member.name == MANIFEST:
                manifest = json.loads(data)
                alter(manifest)
                data = told = json.dumps(manifest).encode()
            elif member.name == SEAL:
                data = hashlib.sha256(told).hexdigest().encode()
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return to


def flipped(archive: Path) -> bytes:
    """One byte of a picture is another one."""
    content = bytearray(archive.read_bytes())
    content[content.index(bytes(range(256))) + 1000] ^= 1
    return bytes(content)


def test_a_damaged_archive_is_refused_before_anything_is_touched(
    archive: Path, tmp_path: Path, installation: Installation
) -> None:
    content = archive.read_bytes()
    for name, damaged in (
        ("torn", content[: len(content) // 2]),
        ("nothing", b""),
        ("no-tar", b"something else" * 100),
        ("flipped", flipped(archive)),
    ):
        path = tmp_path / f"{name}.tar"
        path.write_bytes(damaged)
        with pytest.raises(CommandError, match=r"no whole archive.*Nothing was changed"):
            installation.run("restore", path, "--replace")
    with pytest.raises(CommandError, match="There is no file"):
        installation.run("restore", tmp_path / "nowhere.tar")
    assert installation.holds() == {}


def test_an_archive_cannot_write_outside_its_folders(archive: Path, tmp_path: Path, installation) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(archive) as old, tarfile.open(evil, "w") as new:
        for member in old:
            data = old.extractfile(member).read()
            if member.name == "media/empty":
                member.name = "media/../../outside"
            if member.name == MANIFEST:
                data = data.replace(b'"media/empty"', b'"media/../../outside"')
                member.size, told = len(data), data
            if member.name == SEAL:
                data = hashlib.sha256(told).hexdigest().encode()
            new.addfile(member, io.BytesIO(data))
    with pytest.raises(CommandError, match="no whole archive"):
        installation.run("restore", evil)
    assert not list(tmp_path.rglob("outside"))


def test_what_is_not_as_it_was_is_told_and_what_was_there_comes_back(
    archive: Path, tmp_path: Path, installation: Installation
) -> None:
    def lose_a_row(manifest: dict) -> None:
        manifest["tables"]["incidents_incident"]["rows"] += 1

    wrong = change(archive, tmp_path / "wrong.tar", lose_a_row)
    with pytest.raises(CommandError, match="not what was backed up: incidents_incident"):
        installation.run("restore", wrong)
    assert installation.holds() == {}

    installation.run("restore", archive)
    with installation.database.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET number = 'X' || number")
    (installation.var / "media" / "later").write_bytes(b"later")
    before = installation.holds()
    with pytest.raises(CommandError, match="not what was backed up"):
        installation.run("restore", wrong, "--replace")
    assert installation.holds() == before
    assert installation.leftovers() == []
    assert "all alike" in installation.run("restore", archive, "--replace")


def test_a_restore_that_was_killed_starts_nothing_and_is_undone(
    archive: Path, installation: Installation
) -> None:
    installation.run("restore", archive)
    (installation.var / "media" / "later").write_bytes(b"later")
    before = installation.holds()
    # Where it was killed: the database stands aside, one folder does, and another has taken its place.
    aside = "from config.backup import target; target.set_aside()"
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", aside]
    subprocess.run(shell, cwd=project.BASE_DIR, env=installation.env, check=True, capture_output=True)
    media = installation.var / "media"
    media.rename(installation.var / ".media-before-restore")
    media.mkdir()
    (media / "restored").write_bytes(b"half")
    prepare = [sys.executable, "manage.py", "prepare", "--no-static"]
    for command in ([*prepare], [sys.executable, "manage.py", "restore", str(archive), "--replace"]):
        done = subprocess.run(
            command, cwd=project.BASE_DIR, env=installation.env, capture_output=True, text=True
        )
        assert done.returncode != 0
        assert "restore --undo" in done.stderr
    assert "there again" in installation.run("restore", "--undo")
    assert installation.holds() == before
    assert installation.leftovers() == []
    assert "Nothing stands aside" in installation.run("restore", "--undo")


def test_an_archive_of_a_later_version_is_refused(archive: Path, tmp_path: Path, installation) -> None:
    later = change(
        archive, tmp_path / "later.tar", lambda told: told["migrations"].append("grids.9999_later")
    )
    with pytest.raises(CommandError, match=r"grids\.9999_later"):
        installation.run("restore", later)
    other = change(archive, tmp_path / "other.tar", lambda told: told.update(format=2))
    with pytest.raises(CommandError, match="format 2"):
        installation.run("restore", other)


def test_nothing_is_restored_under_the_feet_of_those_who_work(archive: Path, installation) -> None:
    with installation.database.cursor() as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(CommandError, match=r"sessions: 1.*Nothing was changed"):
            installation.run("restore", archive)


def replacing(meanwhile: str) -> str:
    """A script that lets the database stand aside, does that, and prints what was refused."""
    return f"""
from django.db import connection
from django.utils import translation
from config.backup import restoring
translation.activate("en")
try:
    with restoring._replaced_database():
        {meanwhile}
except restoring.BackupError as error:
    print(error)
"""


def shell(installation: Installation, script: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
    return subprocess.run(command, cwd=project.BASE_DIR, env=installation.env, capture_output=True, text=True)


def test_nor_under_those_who_came_while_it_was_unpacked(archive: Path, installation) -> None:
    installation.run("restore", archive)
    before = installation.holds()
    with installation.database.cursor() as cursor:
        cursor.execute("SELECT 1")
        told = shell(installation, replacing("print('moved')"))
        assert "sessions: 1" in told.stdout
        assert "moved" not in told.stdout
    assert installation.holds() == before


def test_while_one_goes_on_no_host_takes_reports(client: Client) -> None:
    assert client.get("/readyz").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {target.ASIDE}")
        try:
            answer = client.get("/readyz")
            with translation.override("en"):
                (found,) = copies.restores(now=timezone.now())
        finally:
            cursor.execute(f"DROP SCHEMA {target.ASIDE}")
    assert (answer.status_code, answer.content) == (503, b"a backup is being restored\n")
    assert client.get("/healthz").status_code == 200
    assert found.level == Level.PROBLEM
    assert "restore --undo" in found.says


def test_where_the_old_tables_cannot_be_dropped_it_is_said_and_either_can_be_had(
    archive: Path, installation: Installation
) -> None:
    installation.run("restore", archive)
    before = installation.holds()
    # Somebody looks into what stands aside, and the drop is not waited for.
    held = (
        "import psycopg2; told = connection.get_connection_params();"
        " other = psycopg2.connect(dbname=told['dbname'], host=told['host'], user=told['user']);"
        " other.cursor().execute('LOCK TABLE yiwang_before_restore.incidents_report');"
        " connection.cursor().execute('SET lock_timeout = 200')"
    )
    told = shell(installation, replacing(held))
    assert "Everything is restored and compared, but" in told.stdout
    assert "lock timeout" in told.stdout
    assert "there again" in installation.run("restore", "--undo")
    assert installation.holds() == before


def test_a_backup_that_cannot_be_finished_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    here = Installation(source, connection)
    (source / "media" / "big").write_bytes(b"x" * 1_000_000)
    folder = tmp_path / "full"
    with pytest.raises(CommandError):
        here.run("backup", folder, prepare=small_files_only)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="could not be written"):
        call_command("backup", str(tmp_path / "file" / "below"), "--language", "en", stdout=io.StringIO())


def test_only_the_newest_are_kept_where_that_is_asked(source: Path, tmp_path: Path) -> None:
    (tmp_path / "yiwang-notes.tar").write_text("somebody's own")
    for hour in range(4):
        take(tmp_path, at=datetime(2026, 7, 7, hour, tzinfo=UTC), say=lambda _words: None, keep=2)
    assert sorted(path.name for path in tmp_path.glob("*.tar")) == [
        "yiwang-20260707-020000Z.tar",
        "yiwang-20260707-030000Z.tar",
        "yiwang-notes.tar",
    ]


def test_on_a_machine_where_nothing_runs_the_commands_start_the_database_themselves(
    archive: Path, tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="yiwang-restored-"))  # as root, PostgreSQL must be able to enter
    folder.chmod(0o755)
    new = Installation(folder / "var")
    try:
        with pytest.raises(CommandError, match="There is no data"):
            new.run("backup", tmp_path / "again")
        assert "all alike" in new.run("restore", archive)
        new.run("backup", tmp_path / "again")
        assert processes(folder) == {}
    finally:
        shutil.rmtree(folder)
    (again,) = (tmp_path / "again").iterdir()
    manifests = []
    for path in (archive, again):
        with tarfile.open(path) as tar:
            manifests.append(json.loads(tar.extractfile(MANIFEST).read()))
    for what in ("tables", "sequences", "migrations"):
        assert manifests[0][what] == manifests[1][what]
