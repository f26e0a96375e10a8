"""A reporter answers back: rates, objects once, takes the report back, or answers what was asked."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents import actions, attachments, proving
from incidents.actor import RESIDENT
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Report
from incidents.models.report import ReportUpdate
from incidents.outer import zone
from incidents.public.facts import Answer, Rating, UnknownCode
from incidents.public.filing import clean_text
from incidents.public.following import may_add, report_of, was_asked

# One withdrawal per report; the same one again is the same one.
_WITHDRAWAL = "resident-withdrawal"
_ADDED = "resident-added"
# Of one report; whoever has more to say calls.
ADDED_MOST = 10
ADDED_LENGTH_MAX = 500


def answer(
    tracking_code: str,
    *,
    kind: Answer,
    at: datetime,
    rating: Rating | None = None,
    text: str = "",
    photos: Sequence[UUID] = (),
    said_at: datetime | None = None,
) -> None:
    """Take in what the reporter says about the handling, or (of a ticket) about a telephone number.

    `said_at` where it was said in the outer zone, earlier. What is said twice is said once: the same answer
    again is taken as the first. Raises UnknownCode, InvalidInput (field speed, result, service, text or
    reason), or ActionRefused where it is too early, too late or said already.
    """
    if settings.ZONE == "outer":
        zone.answer(tracking_code, kind=kind, at=at, rating=rating, text=text, photos=photos)
        return
    if kind in _OF_A_TICKET:
        _OF_A_TICKET[kind](tracking_code, text, at)
        return
    report = report_of(tracking_code)
    match kind:
        case Answer.RATE:
            _refuse_withdrawn(report)
            given = rating or Rating()
            actions.rate(
                report=report,
                at=at,
                speed=given.speed,
                result=given.result,
                service=given.service,
                text=given.text,
            )
        case Answer.OBJECT:
            try:
                _refuse_withdrawn(report)
                actions.object_to(report=report, reason=text, photos=photos, at=at, said_at=said_at)
            except BaseException:
                attachments.discard(photos)
                raise
        case Answer.WITHDRAW:
            _refuse_withdrawn(report)
            apply_update(
                report=report,
                draft=UpdateDraft(external_id=_WITHDRAWAL, kind=ReportUpdate.Kind.WITHDRAW),
                actor=RESIDENT,
                at=at,
            )
        case Answer.REPLY:
            _refuse_withdrawn(report)
            _reply(report, text, at=at)
        case Answer.ADD:
            _refuse_withdrawn(report)
            _add(report, text, at=at)
        case Answer.STOP_TEXTS:
            actions.stop_texts(reports=[report], at=at)
        case Answer.RESUME_TEXTS:
            actions.resume_texts(report=report)
        case _:
            raise ValueError(kind)


def _refuse_withdrawn(report: Report) -> None:
    if report.withdrawn_at is not None:
        raise ActionRefused("already_withdrawn", _("You have taken this report back already."))


def _reply(report: Report, text: str, *, at: datetime) -> None:
    """The answer to what was asked. Where the clock has gone on by itself meanwhile, it reaches the unit as
    something that the reporter adds: nothing that was asked for is lost."""
    try:
        actions.reply(report=report, text=text, at=at)
    except ActionRefused as refused:
        if refused.code != "nothing_asked" or not was_asked(report):
            raise
        _add(report, text, at=at)


def _add(report: Report, text: str, *, at: datetime) -> None:
    """Further words about a case that goes on, as a supplement; where its unit waits for an answer, they are
    that answer. The same words again are the same ones."""
    if not may_add(report):
        raise ActionRefused("wrong_state", _("The case is over: nothing can be added to it any more."))
    said = clean_text(text, field="text", most=ADDED_LENGTH_MAX)
    digest = f"{_ADDED}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    added = ReportUpdate.objects.filter(report=report, external_id__startswith=_ADDED)
    if added.count() >= ADDED_MOST and not added.filter(external_id=digest).exists():
        raise ActionRefused(
            "too_many", _("You have added a lot to this report already. Call 12345 with what is missing.")
        )
    apply_update(
        report=report,
        draft=UpdateDraft(external_id=digest, kind=ReportUpdate.Kind.SUPPLEMENT, text=said),
        actor=RESIDENT,
        at=at,
    )


def _prove(ticket: str, code: str, at: datetime) -> None:
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", code))
    right = proving.try_code(ticket, digits, now=timezone.now())
    if right is None:
        raise UnknownCode
    if not right:
        raise InvalidInput("code", "wrong", _("That is not the code. Look at the newest message again."))


def _stop_all(ticket: str, _text: str, at: datetime) -> None:
    index = proving.index_of(ticket, now=timezone.now())
    if index is None:
        raise UnknownCode
    actions.stop_texts(reports=proving.reports_of(index, at=at), at=at)


def _leave(ticket: str, _text: str, at: datetime) -> None:
    proving.forget(ticket)


_OF_A_TICKET: Mapping[Answer, Callable[[str, str, datetime], None]] = {
    Answer.PROVE: _prove,
    Answer.STOP_ALL_TEXTS: _stop_all,
    Answer.LEAVE: _leave,
}
