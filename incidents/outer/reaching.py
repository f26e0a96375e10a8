"""The core reaches the outer zone: tells what it has, comes for what waits there, and publishes.

Only the core begins. One message and its answer are an exchange; a round is as many as there is something
to say or to fetch, or as there is time for. Its first message brings no page: nothing is made for a zone that
is not there, and no page that cannot be brought holds up what residents have sent. Dying at any instant loses
and doubles nothing: an item is acknowledged in the message after its commit, a page is right once the outer
zone has said that it has it.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from incidents.models.outer import OuterArrival, OuterLink
from incidents.outer import answers, line, publishing, wire
from incidents.outer.line import Unreached as Unreached
from incidents.outer.publishing import Page
from incidents.outer.taking import take

log = logging.getLogger(__name__)

# Of one exchange.
ITEMS: Final = 20
ITEM_BYTES: Final = 16 * 1024**2
_ACKS: Final = 500
_LOCK: Final = (7, 1)  # of this product's advisory locks: one round at a time
# Seconds that it is left alone after the first, the second and each further failure.
RESTS: Final = (30, 60, 300)


def rests() -> bool:
    """Was it not reached just now, and is to be left alone for a while?"""
    return OuterLink.objects.filter(pk=1, rests_until__gt=timezone.now()).exists()


def round_of_exchanges(*, at: datetime, seconds: float = 20.0) -> int:
    """Reach the outer zone until nothing is left, or for so long; answers how many items were taken over.
    Raises Unreached, where items may have been taken over before."""
    with _alone() as is_ours:
        if not is_ours:
            return 0
        until = time.monotonic() + seconds
        link, _made = OuterLink.objects.get_or_create(pk=1)
        publishes = link.pages_rest_until is None or link.pages_rest_until <= timezone.now()
        with _noting(_not_reached):
            body = message(_NOTHING, at=at)
            answer = answers.opened(body, *line.sent(body))
        taken = accept(answer, at=at)
        public = prepare(at=at) if publishes else None
        more = publishes and publishing.is_any_wanted()
        while (more or answer.items or _untold()) and time.monotonic() < until:
            pages = publishing.made(public, at=at) if publishes else _NOTHING
            with _noting(_not_brought if pages.told else _not_reached):
                body = message(pages, at=at)
                answer = answers.opened(body, *line.sent(body))
            more = pages.more
            taken += accept(answer, at=at)
            if pages.told:
                _note(pages_failures=0, pages_rest_until=None, pages_problem="")
        return taken


def prepare(*, at: datetime) -> dict[str, Page] | None:
    """Find what has changed and is to be published; what everybody may see only every few minutes."""
    link, _made = OuterLink.objects.get_or_create(pk=1)
    publishing.look_for_changes(at=at)
    if not publishing.is_due(link, at=at):
        return None
    publishing.renew(at=at)
    return publishing.look_at_the_public(at=at)


def message(pages: publishing.Made, *, at: datetime) -> bytes:
    """The next message, which brings these pages."""
    link = OuterLink.objects.get(pk=1)
    # Larger than any before, also where this database was restored from a copy.
    serial = max(link.serial + 1, time.time_ns() // 1000)
    OuterLink.objects.filter(pk=1).update(serial=serial, tried_at=timezone.now())
    told = {
        "serial": serial,
        "sent_at": timezone.now(),
        "made_at": at,
        "acks": [pk.hex for pk in _untold()],
        "pages": pages.told,
        "gone": pages.gone,
        "take": ITEMS,
        "most_bytes": ITEM_BYTES,
    }
    return wire.written(told)


def accept(answer: answers.Answer, *, at: datetime) -> int:
    """Do what an answer says: note what is known outside, and take over what came; answers how many."""
    OuterArrival.objects.filter(item__in=answer.dropped).update(is_told=True)
    publishing.note_kept(answer.kept, answer.gone, answer.refused, made_at=answer.made_at)
    now = timezone.now()
    _note(
        reached_at=now,
        problem="",
        failures=0,
        rests_until=None,
        waiting=answer.waiting,
        oldest_at=answer.oldest_at,
        skew=(answer.now - now).total_seconds(),
    )
    not_before = OuterLink.objects.values_list("drained_at", flat=True).get(pk=1)
    about = [take(item, at=at, not_before=not_before) for item in answer.items]
    if answer.has_told_all and (not_before is None or answer.made_at > not_before):
        _note(drained_at=answer.made_at)
    publishing.want_anew([report for report in about if report is not None], at=at)
    return len(about)


_NOTHING: Final = publishing.Made([], [], more=False)


@contextmanager
def _noting(failed: Any) -> Iterator[None]:
    try:
        yield
    except Unreached as error:
        failed(str(error)[:200])
        raise


def _not_reached(problem: str) -> None:
    _note(problem=problem, **_after("failures", "rests_until"))


def _not_brought(problem: str) -> None:
    """The line is there: what waits is come for at the next beat, and pages are left for a while."""
    _note(pages_problem=problem, **_after("pages_failures", "pages_rest_until"))


def _after(counted: str, until: str) -> Mapping[str, Any]:
    before = OuterLink.objects.values_list(counted, flat=True).get(pk=1)
    rest = timedelta(seconds=RESTS[min(before, len(RESTS) - 1)])
    return {counted: min(before + 1, 10_000), until: timezone.now() + rest}


def _untold() -> list[Any]:
    return list(OuterArrival.objects.filter(is_told=False).values_list("pk", flat=True)[:_ACKS])


def _note(**told: Any) -> None:
    OuterLink.objects.filter(pk=1).update(**told)


@contextmanager
def _alone() -> Iterator[bool]:
    """One round at a time, whichever worker begins it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", _LOCK)
