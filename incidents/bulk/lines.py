"""The lines of a part, between the sheet and the database: packed, and sealed, for they name people."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from accounts.sealing import seal_bytes, unseal_bytes
from dispatch.spreadsheets.grid import Line

PART = 1_000  # lines; as many as one batch of intake


def packed(lines: Sequence[Line]) -> bytes:
    """Lines as a part keeps them."""
    return seal([[line.number, line.cells, list(line.faults.items())] for line in lines])


def unpacked(rows: bytes | memoryview) -> list[Line]:
    """The lines of a part; none of one whose rows have gone."""
    return [Line(number, cells, dict(faults)) for number, cells, faults in opened(rows)]


def seal(told: Sequence[Any]) -> bytes:
    """Anything of JSON's, sealed; nothing stays nothing."""
    return seal_bytes(zlib.compress(orjson.dumps(told), 1)) if told else b""


def opened(sealed: bytes | memoryview) -> list[Any]:
    """What `seal` sealed."""
    told: list[Any] = orjson.loads(zlib.decompress(unseal_bytes(sealed))) if sealed else []
    return told


def seal_file(data: bytes) -> bytes:
    """A file, sealed. Packed first: what is written is held in memory several times over."""
    return seal_bytes(zlib.compress(data, 1))


def opened_file(sealed: bytes | memoryview) -> bytes:
    """The bytes that were sent."""
    return zlib.decompress(unseal_bytes(sealed))


def in_parts(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for first in range(0, len(lines), PART):
        yield lines[first : first + PART]


def digest_of(lines: Iterable[Line]) -> str:
    """Of every cell and its row: what a table says, however its file was saved."""
    told = hashlib.sha256()
    for line in lines:
        told.update(orjson.dumps([line.number, line.cells]))
    return told.hexdigest()
