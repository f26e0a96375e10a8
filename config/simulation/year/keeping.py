"""Keeping a run's result for its page: read as it was made, or not at all."""

import json
from datetime import datetime
from pathlib import Path

from config.simulation.year.running import FORMAT, digest, inputs
from dashboards.models import SimulationRun

_BYTES_MOST = 2_000_000


class NotAsMade(ValueError):
    """The file is none that `simulate --year` wrote, or was changed since."""


def keep(path: Path, *, at: datetime) -> SimulationRun:
    """Take a result into this database; one that is there stays, and is compared anew with the code."""
    if path.stat().st_size > _BYTES_MOST:
        raise NotAsMade("it is too big for a result of simulate --year")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotAsMade("it cannot be read") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT or digest(told) != told.get("digest"):
        raise NotAsMade("it is not as simulate --year wrote it")
    run, _created = SimulationRun.objects.update_or_create(
        digest=told["digest"],
        defaults={"is_current": told["inputs"] == inputs()},
        create_defaults={
            "made_at": datetime.fromisoformat(told["made_at"]),
            "loaded_at": at,
            "is_current": told["inputs"] == inputs(),
            "document": told,
        },
    )
    return run


def keep_shipped(path: Path, *, at: datetime) -> None:
    """The demo's step: the run that the product comes with, where there is one."""
    if path.exists():
        keep(path, at=at)
