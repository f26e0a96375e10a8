"""The newest seal, kept outside the database: whoever takes the last rows away cannot take this away too.

A file of one line on the machine that seals (AUDIT_ANCHOR_DIR), named after the database. It never goes back
by itself. The log of the sealer says the same, so that whoever collects logs elsewhere has it there as well.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain, and the digest there."""

    seq: int
    digest: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> "Head":
        """As it is printed. Raises ValueError."""
        seq, _colon, digest = text.strip().partition(":")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise ValueError(f"{text!r} is not a number, a colon and 64 hexadecimal digits")
        return cls(int(seq), digest)


class Spoilt(ValueError):
    """There is a file, and what it says cannot be read: a disk that was full, or somebody was at it."""


def path() -> Path:
    """Where it is kept."""
    return Path(settings.AUDIT_ANCHOR_DIR) / f"audit-head-{connection.settings_dict['NAME']}.json"


def read() -> Head | None:
    """The newest head that was kept here; nothing where none was. Raises Spoilt."""
    try:
        told = json.loads(path().read_text(encoding="utf-8"))
        return Head.read(f"{told['seq']}:{told['digest']}")
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:  # what is no JSON and no UTF-8 is a ValueError, too
        raise Spoilt(f"{path()} is spoilt: it does not say what the head of the audit log is") from error


def keep(head: Head) -> None:
    """Keep this one, unless a newer one is kept already."""
    with _alone():
        known = read()
        if known is None or known.seq < head.seq:
            _write(head)


def put_back(head: Head) -> None:
    """Keep this one although a newer one was kept, or one that cannot be read: somebody has said why."""
    with _alone():
        _write(head)


def _write(head: Head) -> None:
    target = path()
    fresh = target.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(head)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
    # A name is written down by its folder.
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone() -> Iterator[None]:
    path().parent.mkdir(parents=True, exist_ok=True)
    with path().with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
