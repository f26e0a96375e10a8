"""Running years: fitting the old way, many seeds, each in a database of its own; and what is kept of them."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2
from django.conf import settings
from psycopg2 import sql

from config.embedded import Servers
from config.embedded.postgres import TEST_OPTIONS
from config.progress import say
from config.simulation.year.assumptions import FITTED, PUBLISHED, RANGES, Assumptions
from config.simulation.year.figures import interval
from config.simulation.year.living import PREFIX, Scale, both, by_hand_only

FORMAT: Final = 1
_BASE = f"{PREFIX}base"
_CLOSE_ENOUGH = 0.004  # of the published mean
_MOST_FITS = 12
# What a run is a function of, beside the product's code; what only drives or keeps runs is not part of it.
_INPUTS = (
    "config/data/demo_texts.csv",
    "config/simulation/reports.py",
    "config/simulation/rhythm.py",
    *(
        f"config/simulation/year/{name}.py"
        for name in (
            "assumptions",
            "demand",
            "people",
            "work",
            "by_hand",
            "receiving",
            "platform",
            "living",
            "figures",
        )
    ),
    "accounts/data/*.csv",
    "grids/data/*.geojson",
    "dispatch/data/*.csv",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of one run of the command."""

    assumed: Assumptions
    scale: Scale
    seeds: tuple[int, ...]
    # Some weeks at another scale, beside the same weeks at this one; and some for each changed assumption.
    other: Scale | None = None
    varied: Scale | None = None
    varied_seeds: tuple[int, ...] = ()
    jobs: int = 1


# --- one task, in a process and a database of its own ----------------------------------------------


def perform(task: Mapping[str, Any]) -> dict[str, Any]:
    """Fit, or live a year both ways; what the process was started for."""
    scale, assumed = Scale(**task["scale"]), Assumptions(**task["assumed"])
    if task["what"] == "fit":
        return fit(scale, assumed, seeds=task["seeds"]).as_json()
    return both(scale, assumed, seed=task["seed"])


def fit(scale: Scale, assumed: Assumptions, *, seeds: Sequence[int]) -> Assumptions:
    """Choose the two numbers nobody knows so that the old way's means are the published ones."""
    for name, what in FITTED.items():
        assumed = _fit_one(scale, assumed, name, what, seeds)
    return assumed


def _fit_one(scale: Scale, assumed: Assumptions, name: str, what: str, seeds: Sequence[int]) -> Assumptions:
    target = PUBLISHED[what][0]

    def miss(value: float) -> float:
        runs = [by_hand_only(scale, assumed.but(**{name: value}), seed=seed) for seed in seeds]
        return sum(float(run[what]["mean"]) for run in runs) / len(runs) / target - 1

    # Both grow with their number: halve the stretch in which the answer lies, leaning on how far it missed.
    low, high = 0.0, float(getattr(assumed, name))
    missed_high = miss(high)
    if abs(missed_high) < _CLOSE_ENOUGH:
        return assumed
    missed_low = miss(low)
    if missed_low >= 0:
        return assumed.but(**{name: 0.0})
    while missed_high < 0:
        low, missed_low, high = high, missed_high, high * 2
        missed_high = miss(high)
    value = high
    for _try in range(_MOST_FITS):
        value = low + (high - low) * min(0.9, max(0.1, missed_low / (missed_low - missed_high)))
        missed = miss(value)
        if abs(missed) < _CLOSE_ENOUGH:
            break
        if missed < 0:
            low, missed_low = value, missed
        else:
            high, missed_high = value, missed
    return assumed.but(**{name: round(value, 4)})


# --- all of them -----------------------------------------------------------------------------------


class Databases:
    """A server of its own, with one database that is ready, and copies of it for the years."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers = Servers(folder, postgres_options=TEST_OPTIONS)
        self._numbers = count(1)

    def __enter__(self) -> "Databases":
        self._servers.start_postgres()
        if not self._exists(_BASE):
            self._run_sql("CREATE DATABASE {}", _BASE)
        for command in (["migrate", "--verbosity", "0"], ["load_reference"], ["train", "--if-needed"]):
            self.manage(_BASE, command)
        return self

    def __exit__(self, *_error: object) -> None:
        self._servers.stop()

    def perform(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """The task's answer, from a process of its own on a fresh copy, which is dropped afterwards."""
        name = f"{PREFIX}{os.getpid()}_{next(self._numbers)}"
        question, answer = self._folder / f"{name}.ask", self._folder / f"{name}.json"
        question.write_text(json.dumps(task))
        self._run_sql("CREATE DATABASE {} TEMPLATE " + _BASE, name)
        try:
            self.manage(name, ["simulate", "--year", "--task", str(question), "--out", str(answer)])
            return dict(json.loads(answer.read_text()))
        finally:
            self._run_sql("DROP DATABASE {} WITH (FORCE)", name)
            question.unlink()
            answer.unlink(missing_ok=True)

    def live(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """A year of one seed, with a line about it."""
        found = self.perform(task)
        say(_sentence(found))
        return found

    def manage(self, database: str, words: Sequence[str]) -> None:
        """One command on that database."""
        environment = {
            **os.environ,
            "DATABASE_URL": self._url(database),
            "YIWANG_VAR": str(self._folder),
            "MODEL_DIR": str(settings.MODEL_DIR),
        }
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, check=True, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL)

    def _url(self, database: str) -> str:
        return urlsplit(self._servers.postgres.url)._replace(path=f"/{database}").geturl()

    def _exists(self, name: str) -> bool:
        with (
            closing(psycopg2.connect(self._servers.postgres.url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return cursor.fetchone() is not None

    def _run_sql(self, words: str, name: str) -> None:
        # The role's own database is there to connect to; what is made is always another one.
        with closing(psycopg2.connect(self._servers.postgres.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL(words).format(sql.Identifier(name)))


def run(plan: Plan, folder: Path, keep: Callable[[dict[str, Any]], None]) -> None:
    """Run it all and `keep` the document whenever there is more of it. Its server lives in `folder`."""
    began = time.monotonic()
    with Databases(folder) as databases, ThreadPoolExecutor(plan.jobs) as pool:
        say("fitting the old way on what was published")
        fitted = Assumptions(**databases.perform(_fitting(plan.scale, plan.assumed, plan.seeds)))
        say(f"one forwarding takes {fitted.forward_hours:.2f} h, outside {fitted.outside_limits:.2f} limits")

        def years(scale: Scale) -> list[dict[str, Any]]:
            return list(pool.map(databases.live, [_living(scale, fitted, seed) for seed in plan.seeds]))

        def told(**found: Any) -> None:
            keep(document(plan, fitted, runs, seconds=round(time.monotonic() - began), **found))

        runs = years(plan.scale)
        told()
        other = None
        if plan.other:
            beside = replace(plan.other, one_in=plan.scale.one_in)
            other = {
                "scale": asdict(plan.other),
                "figures": figures_of(years(plan.other)),
                "beside": figures_of(years(beside)),
            }
            told(other=other)
        if plan.varied:
            told(other=other, varied=_vary(plan, databases, pool))


def _vary(plan: Plan, databases: Databases, pool: ThreadPoolExecutor) -> dict[str, Any]:
    """Each assumption at both ends of its range; the old way is fitted anew each time."""
    scale, seeds = plan.varied, plan.varied_seeds
    assert scale is not None

    def at(assumed: Assumptions) -> dict[str, Any]:
        fitted = Assumptions(**databases.perform(_fitting(scale, assumed, seeds)))
        found = figures_of([databases.live(_living(scale, fitted, seed)) for seed in seeds])
        return {"fitted": {name: getattr(fitted, name) for name in FITTED}} | found

    ends = [(name, end) for name, pair in RANGES.items() for end in pair]
    cases = [plan.assumed, *(plan.assumed.but(**{name: end}) for name, end in ends)]
    base, *found = pool.map(at, cases)
    rows: dict[str, dict[str, Any]] = {name: {"name": name} for name in RANGES}
    for (name, end), one in zip(ends, found, strict=True):
        rows[name]["low" if end == RANGES[name][0] else "high"] = {"value": end} | one
    return {"scale": asdict(scale), "seeds": list(seeds), "base": base, "rows": list(rows.values())}


def _fitting(scale: Scale, assumed: Assumptions, seeds: Sequence[int]) -> dict[str, Any]:
    return {"what": "fit", "scale": asdict(scale), "assumed": assumed.as_json(), "seeds": list(seeds)}


def _living(scale: Scale, assumed: Assumptions, seed: int) -> dict[str, Any]:
    return {"what": "live", "scale": asdict(scale), "assumed": assumed.as_json(), "seed": seed}


def _sentence(one: Mapping[str, Any]) -> str:
    hand, platform = one["hand"], one["platform"]
    return (
        f"1:{one['one_in']}, seed {one['seed']}, {one['reports']} reports: dispatch "
        f"{hand['dispatch']['mean']:.2f} h by hand, {platform['dispatch']['mean']:.2f} h on the platform; "
        f"handling {hand['handling']['mean']:.2f} and {platform['handling']['mean']:.2f} days"
    )


# --- what is kept ----------------------------------------------------------------------------------


def figures_of(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The means of both ways, with intervals from seed to seed."""
    return {
        what: {way: interval([one[way][what]["mean"] for one in runs]) for way in ("hand", "platform")}
        for what in ("dispatch", "handling")
    }


def document(
    plan: Plan,
    fitted: Assumptions,
    runs: Sequence[Mapping[str, Any]],
    *,
    other: Mapping[str, Any] | None = None,
    varied: Mapping[str, Any] | None = None,
    seconds: int,
) -> dict[str, Any]:
    """What a run is kept as; its last word is a digest of all the others."""
    number, hands = plan.scale.units(fitted)
    told: dict[str, Any] = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "inputs": inputs(),
        "seconds": seconds,
        "scale": asdict(plan.scale) | {"units": number, "hands": hands},
        "seeds": list(plan.seeds),
        "published": {what: list(pair) for what, pair in PUBLISHED.items()},
        "assumptions": fitted.as_json(),
        "fitted": dict(FITTED),
        "runs": list(runs),
        "figures": figures_of(runs),
        "other": other,
        "sensitivity": varied,
    }
    return told | {"digest": digest(told)}


def digest(told: Mapping[str, Any]) -> str:
    """Of everything in a document but itself."""
    said = {name: value for name, value in told.items() if name != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def inputs() -> str:
    """A digest of the data and of the simulation's own code, whose comments and layout do not count."""
    total = hashlib.sha256()
    for pattern in _INPUTS:
        for path in sorted(settings.BASE_DIR.glob(pattern)):
            total.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode())
            content = path.read_bytes()
            total.update(ast.dump(ast.parse(content)).encode() if path.suffix == ".py" else content)
    return total.hexdigest()


def code_version() -> str:
    """The commit that this folder stands at; "unknown" where there is none."""
    asked = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        answer = subprocess.run(asked, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
