"""What the core has published out here, read back: a report's page by its code, and what all may see."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from incidents.models.outer import OuterPage, OuterState
from incidents.outer import wire
from incidents.outer.keys import CodeKey, NotOurs
from incidents.public.facts import TrackedCase, UnknownCode
from incidents.public.open_facts import PublicCase

T = TypeVar("T")

WEEK: Final = "week"
CATALOGUE: Final = "catalogue"
CASE: Final = "case:"
PICTURE: Final = "picture:"
# The core comes every few seconds; after so long who files is told that it has not.
AWAY: Final = timedelta(minutes=15)

_held: tuple[int, str, tuple[PublicCase, ...]] | None = None
_reading = threading.Lock()


def language() -> str:
    """The reader's, of those that pages are published in."""
    told = get_language() or settings.LANGUAGE_CODE
    return "en" if told.startswith("en") else "zh-hans"


def valid(*, at: datetime) -> QuerySet[OuterPage]:
    """What has not expired: nothing is shown for ever because the core is silent."""
    return OuterPage.objects.filter(expires_at__gt=at)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a reader out here may know of how it stands with the core."""

    came_at: datetime | None  # the core, last
    is_away: bool
    has_public: bool  # is there anything that everybody may see?


def standing(*, now: datetime) -> Standing:
    """How it stands; `now` is the machine's clock."""
    came_at = OuterState.objects.filter(pk=1).values_list("reached_at", flat=True).first()
    return Standing(came_at, came_at is None or now - came_at > AWAY, valid(at=now).filter(key=WEEK).exists())


def published(key: str, kind: type[T], *, at: datetime) -> T | None:
    """A page for everybody, in the reader's language."""
    found = valid(at=at).filter(key=key).first()
    return wire.read(kind, wire.plain(bytes(found.body))[language()]) if found is not None else None


def cases(*, at: datetime) -> tuple[PublicCase, ...]:
    """All public cases that are published here, newest first; read again when something was published."""
    global _held
    state = OuterState.objects.filter(pk=1).values_list("revision", flat=True).first() or 0
    spoken = language()
    held = _held
    if held is not None and held[:2] == (state, spoken):
        return held[2]
    with _reading:
        bodies = valid(at=at).filter(key__startswith=CASE).order_by("-key").values_list("body", flat=True)
        told = tuple(wire.read(PublicCase, wire.plain(bytes(body))[spoken]) for body in bodies)
        told = tuple(sorted(told, key=lambda case: (case.received_at, case.number), reverse=True))
        _held = (state, spoken, told)
    return told


def tracked(code: str, *, at: datetime) -> TrackedCase:
    """A report's page; raises UnknownCode."""
    return in_language(everywhere(code, at=at))


def is_there(code: str, *, at: datetime) -> bool:
    """Is there a page of this code?"""
    return valid(at=at).filter(key=CodeKey(code).place).exists()


def everywhere(code: str, *, at: datetime) -> dict[str, Any]:
    """The same in every language, as it was written; raises UnknownCode."""
    key = CodeKey(code)
    found = valid(at=at).filter(key=key.place).first()
    if found is None:
        raise UnknownCode(code)
    try:
        told: dict[str, Any] = wire.plain(key.unlock(bytes(found.body)))
    except NotOurs:
        raise UnknownCode(code) from None
    return told


def in_language(told: dict[str, Any]) -> TrackedCase:
    return wire.read(TrackedCase, told[language()])
