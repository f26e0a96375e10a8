"""Exchanges as files, where not even the core may begin a connection: out on a disk, and back.

A folder holds message-N.json and, once it was outside, answer-N.json; N is the serial number, and .sig beside
each is its signature. The folder must come back before the next message is written, or what waits comes twice
(and is taken over once).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.db import transaction

from incidents.models.outer import OuterLink
from incidents.outer import answers, exchange, keys, publishing, reaching, wire


def export(folder: Path, *, at: datetime) -> Path:
    """Write the core's next message into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    public = reaching.prepare(at=at)
    body = reaching.message(publishing.made(public, at=at), at=at)
    path = folder / f"message-{wire.plain(body)['serial']}.json"
    _write(path, body, keys.signature(keys.CORE_SAYS, body))
    return path


def answer(folder: Path, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Outside: answer what has no answer yet, in order; yields each name and what became of it."""
    for path in sorted(folder.glob("message-*.json")):
        said = path.with_name(path.name.replace("message-", "answer-"))
        if said.exists():
            continue
        try:
            body, signature = exchange.answered(path.read_bytes(), _signature(path), now=now, is_live=False)
        except exchange.Refused as refused:
            yield path.name, f"refused: {refused}"
            continue
        _write(said, body, signature)
        yield path.name, "answered"


def take_in(folder: Path, *, at: datetime) -> int:
    """In the core: do what the answers say; answers how many items came. Raises reaching.Unreached for one
    that is not the outer zone's. Read again, nothing comes of it."""
    taken = 0
    for path in sorted(folder.glob("answer-*.json")):
        message = path.with_name(path.name.replace("answer-", "message-"))
        told = answers.opened(message.read_bytes(), path.read_bytes(), _signature(path))
        taken += reaching.accept(told, at=at)
    with transaction.atomic():
        OuterLink.objects.get_or_create(pk=1)
    return taken


def _write(path: Path, body: bytes, signature: str) -> None:
    """The signature last: without it a file is not read."""
    path.write_bytes(body)
    path.with_suffix(".sig").write_text(signature)


def _signature(path: Path) -> str:
    sig = path.with_suffix(".sig")
    return sig.read_text().strip() if sig.exists() else ""
