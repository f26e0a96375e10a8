"""Run the benchmarks: `python -m benchmarks [NAME...]`; without a name, all of them.

A bench is a module here with `run() -> list[Record]`. One that says `NEEDS_DATABASE = True` gets a
database of its own, migrated and with the reference data, on DATABASE_URL's server or else on a
throw-away PostgreSQL that keeps its promises (fsync on). Results go to var/bench.json, where
a bench that was not run this time keeps its last records.
"""

import argparse
import contextlib
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import django

OUTPUT = Path("var") / "bench.json"
# What docs/running.md advises for a server of a district's size; every promise of durability is kept.
POSTGRES = ("shared_buffers=1GB", "max_wal_size=8GB")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names
    known = [found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])]
    if unknown := [name for name in names if name not in known]:
        print(f"No such bench: {', '.join(unknown)}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with contextlib.ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            stack.enter_context(_servers())
        django.setup()
        modules = [importlib.import_module(f"benchmarks.{name}") for name in names or known]
        benches = [module for module in modules if hasattr(module, "run")]
        if any(getattr(bench, "NEEDS_DATABASE", False) for bench in benches):
            stack.enter_context(_database())
        records = [record for bench in benches for record in _run(bench)]
    _write(records)
    return 0


def _run(bench: ModuleType) -> list[dict[str, Any]]:
    name = bench.__name__.rpartition(".")[2]
    print(f"{name} …", flush=True)
    records: list[dict[str, Any]] = bench.run()
    for record in records:
        print(
            f"  {record['metric']:<34} {record['ours']:>14,.1f}  "
            f"{record['ratio']:>9,.2f} × {record['against']} ({record['theirs']:,.1f})",
            flush=True,
        )
    return records


def _write(records: list[dict[str, Any]]) -> None:
    """The new records, and the last ones of benches that were not run now."""
    run = {record["bench"] for record in records}
    try:
        kept = [record for record in json.loads(OUTPUT.read_text("utf-8")) if record["bench"] not in run]
    except (OSError, ValueError):
        kept = []
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([*kept, *records], indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"Written to {OUTPUT}")


@contextlib.contextmanager
def _servers() -> Iterator[None]:
    """A PostgreSQL that lives as long as the run, started only when something connects is not worth it."""
    from config.embedded import Servers

    folder = Path(tempfile.mkdtemp(prefix="yiwang-bench-"))
    folder.chmod(0o711)  # as root, PostgreSQL runs as nobody and must be able to enter
    try:
        with Servers(folder, postgres_options=POSTGRES) as servers:
            os.environ["DATABASE_URL"] = servers.start_postgres()
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _database() -> Iterator[None]:
    """A database beside the configured one, with the reference data."""
    from django.core.management import call_command
    from django.db import connection

    kept = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        call_command("train", if_needed=True, verbosity=0)
        call_command("load_reference", verbosity=0)
        yield
    finally:
        connection.creation.destroy_test_db(kept, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
