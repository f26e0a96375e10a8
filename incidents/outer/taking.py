"""The core takes over what was sealed outside: each item once, in order, one that cannot be had set aside."""

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError

from incidents import attachments
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Report
from incidents.models.outer import OuterArrival
from incidents.outer import keys, photos, wire
from incidents.outer.zone import about
from incidents.public import answering, filing
from incidents.public.facts import Answer, Complaint, Rating, UnknownCode

log = logging.getLogger(__name__)

COMPLAINT = "complaint"
TAMPERED = "tampered"


def take(told: Mapping[str, Any], *, at: datetime) -> int | None:
    """Take over one item; answers the report that it is about. What was taken over before is left alone.

    The report, or what is said of one, is committed first and the arrival after it: dying in between means
    that the item comes again, and by its form's number (or because it was said already) is the same one.
    """
    item = UUID(hex=told["item"])
    if OuterArrival.objects.filter(pk=item).exists():
        return None
    arrival = OuterArrival(item=item, filed_at=datetime.fromisoformat(told["filed_at"]), taken_at=at)
    code = _done(arrival, told, at=at)
    arrival.save(force_insert=True)
    return Report.objects.filter(tracking_code=code).values_list("pk", flat=True).first() if code else None


def again(*, at: datetime) -> int:
    """Try once more what was set aside; answers how many were taken over."""
    taken = 0
    for arrival in OuterArrival.objects.exclude(kept=b"").order_by("taken_at", "pk"):
        told = wire.plain(bytes(arrival.kept))
        arrival.problem, arrival.kept = "", b""
        taken += bool(_done(arrival, told, at=at))
        arrival.save()
    return taken


def _done(arrival: OuterArrival, told: Mapping[str, Any], *, at: datetime) -> str:
    """Do what an item says, and answer the code of its report. One that cannot be done is kept as it came in
    the arrival, so that it holds up nobody and nothing is lost; then nothing is answered."""
    try:
        sealed = base64.b64decode(told["body"])
        said = wire.plain(keys.unseal(sealed, about=about(arrival.item, arrival.filed_at)))
        arrival.kind = said["kind"]
        pictures = {UUID(hex=name): base64.b64decode(body) for name, body in told["photos"].items()}
        does = _file if said["kind"] == COMPLAINT else _answer
        return does(said, pictures, arrival.filed_at, at=at)
    except (keys.NotOurs, ValueError, KeyError, TypeError) as error:
        log.error("an item from outside cannot be opened: %s", type(error).__name__)
        problem = TAMPERED
    except InvalidInput as error:
        log.error("an item from outside breaks a rule: %s %s", error.field, error.code)
        problem = error.code
    except UnknownCode:
        problem = "unknown_code"
    except ActionRefused as error:
        # The case has moved on meanwhile; its page says how it stands.
        arrival.problem = error.code[:40]
        return str(said["code"])
    except DatabaseError:
        raise  # the database's fault, not the item's: it comes again
    except Exception:  # whatever it is, it holds up nobody behind it
        log.exception("an item from outside fails")
        problem = "failed"
    arrival.problem, arrival.kept = problem[:40], wire.written(told)
    return ""


# What a reporter may say about their report; no ticket of a telephone number is from outside.
_ANSWERS: Final = frozenset(
    {
        Answer.RATE,
        Answer.OBJECT,
        Answer.WITHDRAW,
        Answer.REPLY,
        Answer.ADD,
        Answer.STOP_TEXTS,
        Answer.RESUME_TEXTS,
    }
)


def _file(
    said: Mapping[str, Any], pictures: Mapping[UUID, bytes], filed_at: datetime, *, at: datetime
) -> str:
    # Whoever has the outer zone seals what they like: from there nothing is believed that no form says.
    complaint = replace(
        wire.read(Complaint, said["complaint"]),
        client=None,
        joins=None,
        category="",
        attributes={},
        digest="",
        place_type="",
        occurred_at=None,
    )
    stored = _stored(complaint.photos, pictures, at=filed_at)
    complaint = replace(complaint, photos=stored, filed_at=min(filed_at, at))
    try:
        filing.submit(complaint, at=at)
    except InvalidInput:
        # A place that was in the register outside and is not here any more: its words still say where.
        bare = replace(complaint, lon=None, lat=None, area="", facility="", code="")
        try:
            filing.submit(bare, at=at)
        except InvalidInput:
            attachments.discard(stored)
            raise
    return complaint.tracking_code


def _answer(
    said: Mapping[str, Any], pictures: Mapping[UUID, bytes], filed_at: datetime, *, at: datetime
) -> str:
    code, kind = str(said["code"]), Answer(said["answer"])
    if kind not in _ANSWERS:
        raise ValueError(kind)
    answering.answer(
        code,
        kind=kind,
        at=at,
        said_at=min(filed_at, at),
        rating=wire.read(Rating, said["rating"]),
        text=said["text"],
        photos=_stored([UUID(one) for one in said["photos"]], pictures, at=filed_at),
    )
    return code


def _stored(secrets: Any, pictures: Mapping[UUID, bytes], *, at: datetime) -> tuple[UUID, ...]:
    """The pictures made anew, each from what its secret opens; one that is none is left out."""
    kept: list[UUID] = []
    for secret in secrets:
        locked = pictures.get(photos.place_of(secret))
        try:
            if locked is not None:
                upload = photos.upload_of(photos.opened(secret, locked))
                kept.append(attachments.store_picture(upload, at=at).pk)
        except (keys.NotOurs, InvalidInput):
            log.warning("a picture from outside is none, and was left out")
    return tuple(kept)
