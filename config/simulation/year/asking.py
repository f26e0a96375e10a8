"""`manage.py simulate --year`: what may be asked of it, and where its answer goes."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError

from config.embedded import Lock, StartError
from config.progress import say
from config.simulation.year import running
from config.simulation.year.assumptions import Assumptions
from config.simulation.year.living import NotOurs, Scale

# The run that the product comes with, made by this command.
SHIPPED: Final = Path(__file__).parents[2] / "data" / "simulation.json"

_VARIED_DAYS = 60


def add_arguments(parser: ArgumentParser) -> None:
    """The command's words about a year."""
    year = parser.add_argument_group("a year, lived twice (--year)")
    year.add_argument("--year", action="store_true", help="by hand and on this platform, side by side")
    year.add_argument("--one-in", type=int, default=464, help="live one case in so many (default 464)")
    year.add_argument("--days", type=int, default=365, help="measured days (default 365)")
    year.add_argument("--seeds", default="1,2,3", help="one year for each (default 1,2,3)")
    year.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="another value for one of the assumptions (config/simulation/year/assumptions.py)",
    )
    year.add_argument("--jobs", type=int, default=1, help="so many years at a time")
    year.add_argument("--quick", action="store_true", help="neither another scale nor changed assumptions")
    year.add_argument("--out", type=Path, help="where the result goes (default: simulation.json in var)")
    year.add_argument("--task", type=Path, help="one part of it, as the command asks of itself")


def answer(options: Mapping[str, Any]) -> None:
    """Run what was asked for, and write what came of it."""
    out = options["out"] or settings.VAR_DIR / "simulation.json"
    out.parent.mkdir(parents=True, exist_ok=True)

    def keep(found: Mapping[str, Any]) -> None:
        out.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n")

    if options["task"]:
        try:
            keep(running.perform(json.loads(options["task"].read_text())))
        except NotOurs as error:
            raise CommandError(str(error)) from error
    else:
        _run(_plan(options), keep)
        say(f"the result is {out}; manage.py load_simulation {out} puts it on the page")


def _plan(options: Mapping[str, Any]) -> running.Plan:
    try:
        seeds = tuple(int(seed) for seed in options["seeds"].split(","))
    except ValueError as error:
        raise CommandError("--seeds are whole numbers with commas between them") from error
    if not seeds or options["one_in"] < 1 or not 1 <= options["days"] <= 365 or options["jobs"] < 1:
        raise CommandError("--one-in and --jobs are at least 1, --days 1 to 365")
    scale = Scale(options["one_in"], options["days"])
    plan = running.Plan(assumed=_assumed(options["assume"]), scale=scale, seeds=seeds, jobs=options["jobs"])
    if options["quick"]:
        return plan
    weeks = min(_VARIED_DAYS, scale.days)
    return replace(
        plan,
        other=Scale(max(1, scale.one_in // 2), weeks),
        varied=Scale(scale.one_in, weeks),
        varied_seeds=seeds[:1],
    )


def _assumed(told: Sequence[str]) -> Assumptions:
    """The assumptions, with what was told otherwise."""
    usual = Assumptions()
    changed: dict[str, float] = {}
    for one in told:
        name, _equals, number = one.partition("=")
        known = usual.as_json().get(name)
        try:
            # A number of people stays a whole one.
            changed[name] = type(known)(number) if known is not None else float("nan")
        except ValueError as error:
            raise CommandError(f"--assume {one}: {number!r} is not such a number") from error
        if not changed[name] >= 0:
            raise CommandError(f"--assume {one}: name one of {', '.join(usual.as_json())}, not below 0")
    return usual.but(**changed)


def _run(plan: running.Plan, keep: Callable[[dict[str, Any]], None]) -> None:
    try:
        lock = Lock(settings.VAR_DIR / "year")
        try:
            running.run(plan, settings.VAR_DIR / "year", keep)
        finally:
            lock.release()
    except StartError as error:
        raise CommandError(str(error)) from error
