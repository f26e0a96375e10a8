"""The core takes over what was sealed outside: each item once, in order, one that cannot be had set aside."""

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, DataError, transaction

from incidents import attachments
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Report
from incidents.models.outer import OuterArrival, OuterPushed
from incidents.outer import keys, photos, wire
from incidents.outer.keys import CodeKey
from incidents.outer.zone import about
from incidents.public import answering, filing
from incidents.public.facts import Answer, Complaint, Rating, UnknownCode

log = logging.getLogger(__name__)

COMPLAINT: Final = "complaint"
TAMPERED: Final = "tampered"
# Between the time that a form carries and its row, and between two clocks.
ON_ITS_WAY: Final = timedelta(minutes=2)
# Nothing is older: a page that waits to be fetched is shown for so long.
LONGEST: Final = timedelta(days=90)


def take(told: Any, *, at: datetime, not_before: datetime | None = None) -> int | None:
    """Take over one item; answers the report that it is about. What was taken over before is left alone.

    `not_before`: when there was last nothing outside that had not come: what comes now was said after that.
    The report, or what is said of one, is committed first and the arrival after it: dying in between means
    that the item comes again, and by its form's number (or because it was said already) is the same one.
    """
    try:
        item = UUID(hex=told["item"])
    except (ValueError, KeyError, TypeError, AttributeError):
        log.error("an item from outside has no number")
        return None
    filed_at = _moment(told.get("filed_at"))
    if OuterArrival.objects.filter(pk=item).exists():
        # The same form sent again, after it was acknowledged: it waits there until it is once more.
        OuterArrival.objects.filter(pk=item).update(is_told=False)
        return _report(_code_in(told, item, filed_at))
    arrival = OuterArrival(item=item, filed_at=filed_at or at, taken_at=at)
    arrival.counts_from = _believed(arrival.filed_at, at=at, not_before=not_before)
    code = _done(arrival, told, at=at) if filed_at is not None else _set_aside(arrival, TAMPERED, told)
    if code:
        arrival.save(force_insert=True)
        return _report(code)
    code = _code_in(told, item, filed_at)
    report = _report(code)
    with transaction.atomic():
        arrival.save(force_insert=True)
        if report is None and arrival.kind == COMPLAINT and code:
            # Outside it waits, for ever: its page is to say that it does not. It is found by this instant.
            OuterPushed.objects.get_or_create(key=CodeKey(code).place, defaults={"wanted_at": at})
    return report


def again(*, at: datetime) -> int:
    """Try once more what was set aside; answers how many were taken over."""
    taken = 0
    for arrival in OuterArrival.objects.exclude(kept=b"").order_by("taken_at", "pk"):
        told = wire.plain(bytes(arrival.kept))
        arrival.problem, arrival.kept = "", b""
        taken += bool(_done(arrival, told, at=at))
        arrival.save()
    return taken


def opened(told: Mapping[str, Any], item: UUID, filed_at: datetime) -> dict[str, Any]:
    """What was sealed in an item; raises keys.NotOurs, or ValueError, KeyError, TypeError of none."""
    said: dict[str, Any] = wire.plain(
        keys.unseal(base64.b64decode(told["body"]), about=about(item, filed_at))
    )
    return said


def code_of(said: Mapping[str, Any]) -> str:
    """The tracking code of the report that an opened item is about; raises ValueError for what is none."""
    code = str(said["complaint"]["tracking_code"] if said["kind"] == COMPLAINT else said["code"])
    if not code.isprintable():  # no database takes a zero byte, and each would end the round
        raise ValueError("code")
    return code


def pictures_of(told: Mapping[str, Any]) -> dict[UUID, bytes]:
    """The pictures that came with an item, under lock, by their places."""
    return {UUID(hex=name): base64.b64decode(body) for name, body in told["photos"].items()}


def _moment(told: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(told)
    except (ValueError, TypeError):
        return None
    return at if at.utcoffset() is not None and 2000 <= at.year <= 2200 else None


def _believed(filed_at: datetime, *, at: datetime, not_before: datetime | None) -> datetime:
    """When it was said, as it counts: whoever has the outer zone writes any time there. Honest ones lie
    between the last time that nothing was left there and now, however long the core could not come."""
    earliest = at - LONGEST if not_before is None else max(at - LONGEST, not_before - ON_ITS_WAY)
    if filed_at < earliest:
        log.warning("an item from outside says that it is of %s, which counts from %s", filed_at, earliest)
    return min(max(filed_at, earliest), at)


def _report(code: str) -> int | None:
    return Report.objects.filter(tracking_code=code).values_list("pk", flat=True).first() if code else None


def _code_in(told: Mapping[str, Any], item: UUID, filed_at: datetime | None) -> str:
    try:
        return code_of(opened(told, item, filed_at)) if filed_at is not None else ""
    except (keys.NotOurs, ValueError, KeyError, TypeError):
        return ""


def _set_aside(arrival: OuterArrival, problem: str, told: Any) -> str:
    arrival.problem, arrival.kept = problem[:40], wire.written(told)
    return ""


def _done(arrival: OuterArrival, told: Mapping[str, Any], *, at: datetime) -> str:
    """Do what an item says, and answer the code of its report. One that cannot be done is kept as it came in
    the arrival, so that it holds up nobody and nothing is lost; then nothing is answered."""
    try:
        said = opened(told, arrival.item, arrival.filed_at)
        arrival.kind = str(said["kind"])[:16]
        does = _file if said["kind"] == COMPLAINT else _answer
        return does(said, pictures_of(told), arrival.counts_from or min(arrival.filed_at, at), at=at)
    except (keys.NotOurs, ValueError, KeyError, TypeError, AttributeError) as error:
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
        return code_of(said)
    except DataError as error:
        log.error("an item from outside has what no column takes: %s", error)
        problem = TAMPERED
    except DatabaseError:
        raise  # the database's fault, not the item's: it comes again
    except Exception:  # whatever it is, it holds up nobody behind it
        log.exception("an item from outside fails")
        problem = "failed"
    return _set_aside(arrival, problem, told)


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
    said: Mapping[str, Any], pictures: Mapping[UUID, bytes], counts_from: datetime, *, at: datetime
) -> str:
    # Whoever has the outer zone seals what they like: from there nothing is believed that no form says.
    complaint = replace(
        wire.read(Complaint, said["complaint"]),
        client=None,
        joins=None,
        category="",
        attributes={},
        digest="",
        earlier="",
        place_type="",
        occurred_at=None,
    )
    stored = _stored(complaint.photos, pictures, at=counts_from)
    complaint = replace(complaint, photos=stored, filed_at=counts_from)
    # What was in the register outside and is not here any more: its point, or its words, still say where.
    named = replace(complaint, area="", facility="", code="")
    try:
        _submit_one_of(complaint, named, replace(named, lon=None, lat=None), at=at)
    except InvalidInput:
        attachments.discard(stored)
        raise
    return complaint.tracking_code


def _submit_one_of(*complaints: Complaint, at: datetime) -> None:
    """The first that breaks no rule; raises InvalidInput of the last."""
    *first, last = complaints
    for one in first:
        try:
            filing.submit(one, at=at)
        except InvalidInput:
            continue
        return
    filing.submit(last, at=at)


def _answer(
    said: Mapping[str, Any], pictures: Mapping[UUID, bytes], counts_from: datetime, *, at: datetime
) -> str:
    code, kind = code_of(said), Answer(said["answer"])
    if kind not in _ANSWERS:
        raise ValueError(kind)
    answering.answer(
        code,
        kind=kind,
        at=at,
        said_at=counts_from,
        rating=wire.read(Rating, said["rating"]),
        text=said["text"],
        # Pictures come with an objection alone.
        photos=_stored([UUID(one) for one in said["photos"]], pictures, at=counts_from)
        if kind is Answer.OBJECT
        else (),
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
