"""The core reaches the outer zone: tells what it has, publishes, and comes for what waits there.

Only the core begins. One message and its answer are an exchange; a round is as many as there is something
to say or to fetch, or as there is time for. Dying at any instant loses and doubles nothing: an item is
acknowledged in the message after its commit, a page is right once the outer zone has said that it has it.
"""

import http.client
import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from incidents.models.outer import OuterArrival, OuterLink
from incidents.outer import keys, publishing, wire
from incidents.outer.exchange import BYTES_MOST
from incidents.outer.publishing import Page
from incidents.outer.taking import take
from incidents.outer.views import SIGNATURE

log = logging.getLogger(__name__)

ADDRESS: Final = "/outer/exchange/"
# Of one exchange.
ITEMS: Final = 20
ITEM_BYTES: Final = 16 * 1024**2
_SECONDS: Final = 30.0
_ACKS: Final = 500
_LOCK: Final = (7, 1)  # of this product's advisory locks: one round at a time


class Unreached(Exception):
    """The outer zone did not answer, or what answered is not it."""


def round_of_exchanges(*, at: datetime, seconds: float = 20.0) -> int:
    """Reach the outer zone until nothing is left, or for so long; answers how many items were taken over.
    Raises Unreached."""
    taken = 0
    with _alone() as is_ours:
        if not is_ours:
            return 0
        until = time.monotonic() + seconds
        public = prepare(at=at)
        while True:
            body, more = message(public, at=at)
            try:
                answer = _opened(body, *_sent(body))
            except Unreached as error:
                _note(problem=str(error)[:200])
                raise
            taken += accept(answer, at=at)
            if not (more or answer["items"] or _untold()) or time.monotonic() >= until:
                return taken


def prepare(*, at: datetime) -> dict[str, Page] | None:
    """Find what has changed and is to be published; what everybody may see only every few minutes."""
    link, _made = OuterLink.objects.get_or_create(pk=1)
    publishing.look_for_changes(at=at)
    publishing.renew(at=at)
    return publishing.look_at_the_public(at=at) if publishing.is_due(link, at=at) else None


def message(public: dict[str, Page] | None, *, at: datetime) -> tuple[bytes, bool]:
    """The next message, and whether another one has to follow it."""
    found, gone, more = publishing.made(public, at=at)
    link = OuterLink.objects.get(pk=1)
    # Larger than any before, also where this database was restored from a copy.
    serial = max(link.serial + 1, time.time_ns() // 1000)
    OuterLink.objects.filter(pk=1).update(serial=serial, tried_at=timezone.now())
    told = {
        "serial": serial,
        "sent_at": timezone.now(),
        "made_at": at,
        "acks": [pk.hex for pk in _untold()],
        "pages": found,
        "gone": gone,
        "take": ITEMS,
        "most_bytes": ITEM_BYTES,
    }
    return wire.written(told), more


def accept(answer: dict[str, Any], *, at: datetime) -> int:
    """Do what an answer says: note what is known outside, and take over what came; answers how many."""
    OuterArrival.objects.filter(item__in=answer["dropped"]).update(is_told=True)
    made_at = datetime.fromisoformat(answer["made_at"])
    publishing.note_kept([(key, digest) for key, digest in answer["kept"]], answer["gone"], made_at=made_at)
    now, there = timezone.now(), datetime.fromisoformat(answer["now"])
    _note(
        reached_at=now,
        problem="",
        waiting=answer["waiting"],
        oldest_at=answer["oldest_at"],
        skew=(there - now).total_seconds(),
    )
    about = [take(item, at=at) for item in answer["items"]]
    publishing.want([report for report in about if report is not None], at=at)
    return len(about)


def opened(body: bytes, said: bytes, signature: str) -> dict[str, Any]:
    """The answer to a message; raises Unreached for another one's, or for what is not signed."""
    return _opened(body, said, signature)


def _opened(body: bytes, said: bytes, signature: str) -> dict[str, Any]:
    if not keys.is_signed(keys.OUTER_SAYS, said, signature):
        raise Unreached("what answered is not the outer zone: its signature is wrong")
    answer: dict[str, Any] = wire.plain(said)
    if answer["serial"] != wire.plain(body)["serial"]:
        raise Unreached("what answered says an old answer again")
    return answer


def _sent(body: bytes) -> tuple[bytes, str]:
    """Over a connection that we begin; no redirect is followed, and no more is read than was agreed."""
    told = urlsplit(settings.OUTER_URL)
    host, port = told.hostname or "", told.port
    link: http.client.HTTPConnection
    if told.scheme == "https":
        link = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=_tls())
    else:
        link = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: keys.signature(keys.CORE_SAYS, body),
    }
    try:
        link.request("POST", f"{told.path.rstrip('/')}{ADDRESS}", body, headers)
        response = link.getresponse()
        said = response.read(2 * BYTES_MOST + 1)
        if response.status != 200:
            raise Unreached(f"it answers {response.status}: are OUTER_SECRET and both clocks right?")
        if len(said) > 2 * BYTES_MOST:
            raise Unreached("it answers more than was agreed")
        return said, response.headers.get(SIGNATURE, "")
    except (OSError, http.client.HTTPException) as error:
        raise Unreached(f"{type(error).__name__}: {error}") from error
    finally:
        link.close()


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.OUTER_CA_FILE or None)
    if settings.OUTER_CERT_FILE:
        context.load_cert_chain(settings.OUTER_CERT_FILE, settings.OUTER_KEY_FILE or None)
    return context


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
