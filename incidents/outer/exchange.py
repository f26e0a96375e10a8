"""The outer zone's half of an exchange: take what the core publishes, forget what it has, hand out the rest.

One message and one answer, over HTTPS or as files: whoever begins is always the core. Each message has a
serial number above all before it, so that none is good twice; both are signed.
"""

import base64
import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.db import DataError, IntegrityError, transaction
from django.db.models import Min
from django.utils import timezone

from accounts.models import User
from incidents.models import Contact, Incident, Report
from incidents.models.outer import OuterItem, OuterPage, OuterPhoto, OuterState
from incidents.outer import keys, registers, wire

log = logging.getLogger(__name__)

# How old a message that came by a connection may be; files travel for as long as they do.
FRESH: Final = timedelta(minutes=10)
BYTES_MOST: Final = 32 * 1024**2
_KEPT_UNUSED: Final = timedelta(days=1)


class Refused(Exception):
    """This message is not taken; the word says why, to the log here and to nobody else."""


def answered(body: bytes, told: str, *, now: datetime, is_live: bool = True) -> tuple[bytes, str]:
    """The signed answer to a signed message. Raises Refused where it is not the core's, or came before."""
    if not keys.is_signed(keys.CORE_SAYS, body, told):
        raise Refused("signature")
    try:
        message = wire.plain(body)
        sent_at = datetime.fromisoformat(message["sent_at"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("form") from error
    if is_live and abs(now - sent_at) > FRESH:
        raise Refused("age")
    with transaction.atomic(durable=True):
        state, _made = OuterState.objects.select_for_update().get_or_create(pk=1)
        if message["serial"] <= state.serial:
            raise Refused("serial")
        _forget(message["acks"])
        kept, refused = _take(message["pages"], at=now)
        gone, _each = OuterPage.objects.filter(key__in=message["gone"]).delete()
        state.serial, state.reached_at = message["serial"], now
        state.revision += bool(kept or gone)
        state.save()
        tidied = _tidy(now)
        items = _items(message["take"], message["most_bytes"])
        waiting = OuterItem.objects.aggregate(oldest=Min("filed_at"))
        answer = {
            "serial": message["serial"],
            "made_at": message["made_at"],
            "now": now,
            "dropped": message["acks"],
            "kept": kept,
            "refused": refused,
            "gone": message["gone"],
            "items": items,
            "waiting": OuterItem.objects.count(),
            "oldest_at": waiting["oldest"],
            "tidied": tidied,
        }
    said = wire.written(answer)
    return said, keys.signature(keys.OUTER_SAYS, said)


def _forget(acks: list[str]) -> None:
    """The core has these, and their pictures."""
    done = OuterItem.objects.filter(item__in=acks)
    OuterPhoto.objects.filter(
        pk__in=[one for row in done.values_list("photos", flat=True) for one in row]
    ).delete()
    done.delete()


def _take(told: list[dict[str, Any]], *, at: datetime) -> tuple[list[list[str]], list[str]]:
    """Keep the pages; answers key and digest of each, and the keys of those that could not be kept. Registers
    go into their tables."""
    refused = []
    for page in sorted(told, key=lambda one: str(one["key"])):
        body = base64.b64decode(page["body"])
        if registers.of(page["key"]):
            try:
                registers.put(page["key"], wire.plain(body), at=at)
            except (IntegrityError, DataError, ValueError, KeyError, TypeError):
                # It names a row that is not here yet, or has one that this version does not know.
                log.exception("the register %s was not taken", page["key"])
                refused.append(page["key"])
            continue
        OuterPage.objects.update_or_create(
            key=page["key"],
            defaults={"body": body, "digest": page["digest"], "expires_at": page["expires_at"]},
        )
    return [[page["key"], page["digest"]] for page in told if page["key"] not in refused], refused


def _items(most: int, most_bytes: int) -> list[dict[str, Any]]:
    """What waits, oldest first, with its pictures; one at least, however large it is."""
    found: list[dict[str, Any]] = []
    left = most_bytes
    for item in OuterItem.objects.order_by("pk")[:most].iterator(chunk_size=20):
        pictures = {
            photo.id.hex: base64.b64encode(bytes(photo.body)).decode()
            for photo in OuterPhoto.objects.filter(pk__in=item.photos)
        }
        left -= len(item.body) + sum(map(len, pictures.values()))
        if found and left < 0:
            break
        found.append(
            {
                "item": item.item.hex,
                "filed_at": item.filed_at.isoformat(),
                "body": base64.b64encode(bytes(item.body)).decode(),
                "photos": pictures,
            }
        )
    return found


def _tidy(now: datetime) -> int:
    """Take away what has expired, and pictures that nobody waits for."""
    expired, _each = OuterPage.objects.filter(expires_at__lte=now).delete()
    old = OuterPhoto.objects.filter(kept_at__lt=now - _KEPT_UNUSED)
    needed = {photo for photos in OuterItem.objects.values_list("photos", flat=True) for photo in photos}
    unused = [pk for pk in old.values_list("pk", flat=True) if pk.hex not in needed]
    pictures, _each = OuterPhoto.objects.filter(pk__in=unused).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    return expired + pictures


def holds_core_data() -> bool:
    """Does a table out here have rows that belong into the core?"""
    return any(model.objects.exists() for model in (User, Contact, Report, Incident))


def lag(*, now: datetime | None = None) -> dict[str, float]:
    """How long the core has not come, how much waits, and how long the oldest does."""
    now = now or timezone.now()
    state = OuterState.objects.filter(pk=1).first()
    told = OuterItem.objects.aggregate(oldest=Min("filed_at"))
    silent = (now - state.reached_at).total_seconds() if state and state.reached_at else -1.0
    return {
        "waiting": float(OuterItem.objects.count()),
        "oldest_seconds": max(0.0, (now - told["oldest"]).total_seconds()) if told["oldest"] else 0.0,
        "silent_seconds": silent,
    }
