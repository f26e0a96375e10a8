"""A reporter answers back: rates, objects once, takes the report back, or answers what was asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from incidents import actions, attachments
from incidents.actor import RESIDENT
from incidents.errors import ActionRefused
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Attachment
from incidents.models.report import ReportUpdate
from incidents.public.facts import Answer, Rating
from incidents.public.following import report_of

# One withdrawal per report; the same one again is the same one.
_WITHDRAWAL = "resident-withdrawal"


def answer(
    tracking_code: str,
    *,
    kind: Answer,
    at: datetime,
    rating: Rating | None = None,
    text: str = "",
    photos: Sequence[UUID] = (),
) -> None:
    """Take in what the reporter says about the handling.

    Raises UnknownCode, InvalidInput (field speed, result, service, text or reason), or ActionRefused where
    it is too early, too late or said already.
    """
    report = report_of(tracking_code)
    match kind:
        case Answer.RATE:
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
                actions.object_to(report=report, reason=text, at=at)
            except BaseException:
                attachments.discard(photos)
                raise
            Attachment.objects.filter(pk__in=photos, report=None, incident=None).update(report=report)
        case Answer.WITHDRAW:
            if report.withdrawn_at is not None:
                raise ActionRefused("already_withdrawn", _("You have taken this report back already."))
            apply_update(
                report=report,
                draft=UpdateDraft(external_id=_WITHDRAWAL, kind=ReportUpdate.Kind.WITHDRAW),
                actor=RESIDENT,
                at=at,
            )
        case Answer.REPLY:
            if report.withdrawn_at is not None:
                raise ActionRefused("already_withdrawn", _("You have taken this report back already."))
            actions.reply(report=report, text=text, at=at)
        case _:
            assert_never(kind)
