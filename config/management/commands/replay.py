"""Live another city's past through this platform and say how it went: `replay FILE`."""

import csv
import json
import os
import shutil
import socket
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import pingshan
from config.clock import SteppedClock
from config.embedded import Lock, Servers, StartError
from config.progress import say
from config.replay import Api, Groups, Replay, decide_texts, durations
from config.simulation.people import prepare_people
from config.supervisor import Supervisor
from grids.models import Area

# Set for the process that drives, which runs on the replay's own database and clock.
_DRIVES = "YIWANG_REPLAY_ADDRESS"


class Command(BaseCommand):
    help = (
        "Push another district's events (Pingshan's columns), or a hotline's texts (columns text and "
        "unit_group), through the REST API on a moved clock, in a database of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--limit", type=int, default=None, help="only so many rows")
        parser.add_argument(
            "--groups", type=Path, help="function groups; default: unit_groups.py beside FILE"
        )
        parser.add_argument(
            "--their-division",
            action="store_true",
            help="with the list's work divided among units as it was there (config/data/pingshan_units.csv)",
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--serve", action="store_true", help="keep the pages up at the end, until Ctrl-C")

    def handle(self, *, file: Path, groups: Path | None, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("replay moves the clock, which production refuses")
        if not file.is_file():
            raise CommandError(f"{file} is not a file")
        groups = groups or file.with_name("unit_groups.py")
        if not groups.is_file():
            raise CommandError(f"{groups} is not there: name the function groups with --groups")
        if address := os.environ.get(_DRIVES):
            self._drive(file, groups, address, options)
            return
        try:
            _in_own_database(
                [str(file.resolve()), "--groups", str(groups.resolve()), *_passed_on(options)],
                their_division=options["their_division"],
                serve=options["serve"],
            )
        except StartError as error:
            raise CommandError(str(error)) from error

    def _drive(self, file: Path, groups_file: Path, address: str, options: dict[str, Any]) -> None:
        prepare_people(settings.VAR_DIR / "demo.json")
        groups, api = Groups(groups_file), Api(address)
        with file.open(encoding="utf-8-sig", newline="") as handle:
            columns = csv.DictReader(handle).fieldnames or []
            handle.seek(0)
            rows = csv.DictReader(handle)
            if "text" in columns:
                tally = decide_texts(api, islice(rows, options["limit"]), groups)
                report = tally.as_json()
            else:
                clock = SteppedClock(Path(settings.CLOCK_FILE))
                replay = Replay(api, clock, groups, seed=options["seed"])
                tally = replay.run(islice(_events(file), options["limit"]))
                report = tally.as_json() | durations()
        text = json.dumps(report, ensure_ascii=False, indent=2)
        (settings.VAR_DIR / "replay.json").write_text(text, encoding="utf-8")
        self.stdout.write(text)


def _passed_on(options: Mapping[str, Any]) -> list[str]:
    """What the driving process is told, as words of a command line."""
    limit = [] if options["limit"] is None else ["--limit", str(options["limit"])]
    return ["--seed", str(options["seed"]), *limit]


def _events(file: Path) -> Iterator[tuple[str, pingshan.Event]]:
    """Events with the name of their sub type, by which the ceiling is measured."""
    communities: dict[str, list[str]] = {}
    for code, parent in Area.objects.communities().values_list("code", "parent_id"):
        communities.setdefault(parent or "", []).append(code)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        kinds = {f"pingshan-{row['rec_id']}": row["sub_type_name"] for row in csv.DictReader(handle)}
    for event in pingshan.events(file, communities):
        yield kinds[str(event.report["external_id"])], event


def _in_own_database(options: Sequence[str], *, their_division: bool, serve: bool) -> None:
    """A server, a database and a web of its own, and this command once more to drive them."""
    folder = settings.VAR_DIR / "replay"
    lock = Lock(folder)
    _clear(folder)
    port = _free_port()
    servers, address = Servers(folder), f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "DATABASE_URL": servers.postgres.url,
        "CLOCK_FILE": str(folder / "clock"),
        "PUBLIC_URL": address,
        "YIWANG_VAR": str(folder),
        "MODEL_DIR": str(settings.MODEL_DIR),
        _DRIVES: address,
    }
    supervisor = Supervisor(logs=folder / "log", env=env, cwd=settings.BASE_DIR, say=say)
    with supervisor.in_charge():
        supervisor.carry("postgres", servers.postgres.start)
        supervisor.finish("migrate", ["manage.py", "migrate", "--verbosity", "0"])
        supervisor.finish("load_reference", ["manage.py", "load_reference"])
        supervisor.finish("train", ["manage.py", "train", "--if-needed"])
        if their_division:
            theirs = folder / "items.csv"
            pingshan.write_list(settings.BASE_DIR / "dispatch/data/responsibility_items.csv", theirs)
            supervisor.finish("load_items", ["manage.py", "load_items", str(theirs)])
        web = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
        supervisor.run("web", web)
        supervisor.wait_until("The web", lambda: _answers(address), seconds=60)
        supervisor.finish("replay", ["manage.py", "replay", *options])
        if serve:
            say(f"the pages stand at {address}/ (logins: {folder / 'demo.json'}); Ctrl-C ends")
            supervisor.watch()
    lock.release()


def _clear(folder: Path) -> None:
    """Forget an earlier replay, but not that this folder is locked."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
