"""What the outer zone answers, read: whoever has it says what they like, and ends no round with it."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incidents.outer import keys, wire
from incidents.outer.line import Unreached

_MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, for the message that it is to. Items are as they came."""

    made_at: datetime  # the message
    now: datetime
    dropped: list[UUID]
    kept: list[tuple[str, str]]
    gone: list[str]
    refused: list[str]
    items: list[Any]
    waiting: int
    oldest_at: datetime | None

    @property
    def has_told_all(self) -> bool:
        """Did everything come that waited there? One item comes at least, so none means that none waits."""
        return self.waiting <= len(self.items) or not self.items


def opened(body: bytes, said: bytes, signature: str) -> Answer:
    """The answer to a message; raises Unreached for another one's, for what is not signed or no answer."""
    if not keys.is_signed(keys.OUTER_SAYS, said, signature):
        raise Unreached("what answered is not the outer zone: its signature is wrong")
    try:
        asked, told = wire.plain(body), wire.plain(said)
        if told["serial"] != asked["serial"]:
            raise Unreached("what answered says an old answer again")
        return _read(asked, told)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Unreached(f"its answer cannot be read: {type(error).__name__}") from error


def _read(asked: dict[str, Any], told: dict[str, Any]) -> Answer:
    # Only what was told is acknowledged, and only what was brought can be there or be refused.
    acks = {UUID(hex=one) for one in asked["acks"]}
    brought = {page["key"]: page["digest"] for page in asked["pages"]}
    away = set(asked["gone"])
    return Answer(
        made_at=datetime.fromisoformat(asked["made_at"]),
        now=_moment(told["now"]),
        dropped=[one for one in map(_id, told["dropped"]) if one in acks],
        kept=[(key, digest) for key, digest in told["kept"] if brought.get(key) == digest],
        gone=[key for key in told["gone"] if key in away],
        refused=[key for key in told.get("refused", ()) if key in brought],
        items=list(told["items"]),
        waiting=min(max(0, int(told["waiting"])), _MOST),
        oldest_at=None if told["oldest_at"] is None else _moment(told["oldest_at"]),
    )


def _id(told: str) -> UUID:
    return UUID(hex=told)


def _moment(told: str) -> datetime:
    """With its offset, and within what a database and a difference hold."""
    at = datetime.fromisoformat(told)
    if at.utcoffset() is None or not 2000 <= at.year <= 2200 or not math.isfinite(at.timestamp()):
        raise ValueError(told)
    return at
