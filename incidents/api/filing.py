"""From rows that somebody sent to drafts that intake takes: whose door, which pictures, under which id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError

from accounts.models import ApiClient, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.vocabulary import Source
from incidents.actor import Actor
from incidents.api.errors import FieldError, Problem, fact_message, field_error, read_error
from incidents.api.inputs import NO_SUCH_PICTURE, ReportInput
from incidents.api.plain import checked_quickly
from incidents.intake import Refusal, ReportDraft, Reporter
from incidents.intake.bounds import OUTSIDE
from incidents.models import Attachment

KEY_MAX = 80
_AT_THE_DESK = frozenset({Source.HOTLINE, Source.LETTER_VISIT, Source.COUNCIL})
# Which doors a person may file for, by role.
ROLE_SOURCES: Mapping[str, frozenset[str]] = {
    Role.OPERATOR: _AT_THE_DESK,
    Role.DISPATCHER: _AT_THE_DESK,
    Role.SUPERVISOR: _AT_THE_DESK | {Source.PATROL},
    Role.HANDLER: frozenset({Source.PATROL}),
    Role.PATROL: frozenset({Source.PATROL}),
}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that is not taken in, and why."""

    status: int
    errors: Sequence[FieldError]

    @classmethod
    def of(cls, error: Exception) -> "RowProblem":
        status_code, errors, _headers = read_error(error)
        return cls(status_code, errors)

    @classmethod
    def refused(cls, refusal: Refusal) -> "RowProblem":
        """Intake's refusal: a conflict, or a fact that the list does not know."""
        if refusal.code in ("conflict", "key_reused"):
            errors = [field_error(refusal.field, refusal.code, refusal.message)]
            return cls(status.HTTP_409_CONFLICT, errors)
        if refusal.code == "broken":
            # Ours to mend, and no mistake of the sender's.
            errors = [field_error(refusal.field, refusal.code, refusal.message)]
            return cls(status.HTTP_500_INTERNAL_SERVER_ERROR, errors)
        if refusal.code == OUTSIDE:
            errors = [field_error(refusal.field, refusal.code, refusal.message)]
            return cls(status.HTTP_403_FORBIDDEN, errors)
        message = fact_message(refusal.field) if refusal.code == "unknown" else refusal.message
        return cls(status.HTTP_400_BAD_REQUEST, [field_error(refusal.field, refusal.code, message)])


@dataclass(frozen=True, slots=True)
class Filer:
    """Who files, and for which doors."""

    sources: frozenset[str]
    client: ApiClient | None = None
    user: User | None = None

    @classmethod
    def of(cls, asking: ApiClient | User) -> "Filer":
        if isinstance(asking, ApiClient):
            return cls(frozenset({asking.source}), client=asking)
        allowed = (ROLE_SOURCES.get(role, frozenset()) for role in viewer_of(asking).roles)
        return cls(frozenset().union(*allowed), user=asking)

    @property
    def actor(self) -> Actor:
        """The hand that the timeline names."""
        if self.user is None:
            return Actor(client=self.client)
        home = viewer_of(self.user).home_unit
        return Actor(user=self.user, unit_code=home.code if home else None)

    def source(self, given: str | None) -> str:
        """The door of a report; raises Problem where it is not this filer's."""
        if given is None and len(self.sources) == 1:
            return next(iter(self.sources))
        if given is None and self.sources:
            raise _problem(400, "source", "required", _("Say which source this came through."))
        if given not in self.sources:
            raise _problem(403, "source", "not_your_source", _("You may not file for this source."))
        return given

    def external_id(self, given: str | None, key: str) -> str:
        """The id under which a report is kept once; made from the Idempotency-Key where it has none."""
        if given:
            return given
        if not key:
            detail = _("Give the report an id of yours, or the request an Idempotency-Key.")
            raise _problem(400, "external_id", "required", detail)
        owner = f"client-{self.client.pk}" if self.client else f"user-{self.user.pk if self.user else 0}"
        return f"{owner}:{key}"

    def owns(self, attachment: Attachment) -> bool:
        if self.client is not None:
            return attachment.client_id == self.client.pk
        return self.user is not None and attachment.uploaded_by_id == self.user.pk


def key_of(header: str | None) -> str:
    """The Idempotency-Key of a request, or nothing. Raises Problem for one that cannot be kept."""
    key = (header or "").strip()
    if len(key) > KEY_MAX or not key.isprintable() or not key.isascii():
        detail = _("At most %(max)d plain characters.") % {"max": KEY_MAX}
        raise _problem(400, "Idempotency-Key", "invalid", detail)
    return key


def read_reports(rows: Sequence[Any], filer: Filer, *, key: str = "") -> list[ReportDraft | RowProblem]:
    """Check rows; answers a draft or a problem for each, in order. Two queries at most, however many."""
    read: list[ReportDraft | RowProblem] = []
    for row in rows:
        try:
            read.append(_draft(checked_quickly(ReportInput, row), filer, key))
        except (ValidationError, Problem) as error:
            read.append(RowProblem.of(error))
    return _with_attachments_checked(read, filer)


def _draft(told: Mapping[str, Any], filer: Filer, key: str) -> ReportDraft:
    return ReportDraft(
        source=filer.source(told.get("source")),
        external_id=filer.external_id(told.get("external_id"), key),
        text=told["text"],
        nature=told.get("nature"),
        category=told.get("category"),
        source_category=told.get("source_category") or "",
        occurred_at=told.get("occurred_at"),
        received_at=told.get("received_at"),
        place=told["place"],
        address=told["address"],
        place_type=told.get("place_type"),
        owner=told.get("owner"),
        urgency=told.get("urgency"),
        reporter=Reporter(**(told.get("reporter") or {})),
        attributes=_attributes(told.get("attributes") or {}, filer, told.get("source")),
        attachments=tuple(told.get("attachments") or ()),
    )


def _attributes(told: Mapping[str, Any], filer: Filer, source: Any) -> Mapping[str, Any]:
    """What a source knows besides. Only a letter asks that its writer stays unknown to whoever handles it:
    said by any other door it would hide reporters from the units that must call them."""
    if "confidential" in told and filer.source(source) != Source.LETTER_VISIT:
        raise _problem(400, "attributes", "reserved", _("Only letters and visits ask for this."))
    return told


def _with_attachments_checked(
    read: Sequence[ReportDraft | RowProblem], filer: Filer
) -> list[ReportDraft | RowProblem]:
    """Refuse rows that name a picture which is not theirs to name."""
    named = {pk for draft in read if isinstance(draft, ReportDraft) for pk in draft.attachments}
    if not named:
        return list(read)
    found = {row.pk: row for row in Attachment.objects.filter(pk__in=named).select_related("report")}
    taken: dict[UUID, tuple[str, str]] = {}
    checked: list[ReportDraft | RowProblem] = []
    for draft in read:
        try:
            if isinstance(draft, ReportDraft):
                _check_attachments(draft, found, taken, filer)
            checked.append(draft)
        except ValidationError as error:
            checked.append(RowProblem.of(error))
    return checked


def _check_attachments(
    draft: ReportDraft,
    found: Mapping[UUID, Attachment],
    taken: dict[UUID, tuple[str, str]],
    filer: Filer,
) -> None:
    own = (draft.source, draft.external_id)
    errors: dict[str, Any] = {}
    for index, pk in enumerate(draft.attachments):
        attachment = found.get(pk)
        if attachment is None or not filer.owns(attachment):
            errors[str(index)] = ErrorDetail(str(NO_SUCH_PICTURE), code="unknown")
            continue
        report = attachment.report
        # The same report sent again names the pictures that its first sending attached.
        holder = (report.source, report.external_id) if report else taken.get(pk, own)
        if attachment.incident_id is not None or holder != own:
            errors[str(index)] = ErrorDetail(_("This picture belongs to another report."), code="used")
    if errors:
        raise ValidationError({"attachments": errors})
    for pk in draft.attachments:
        taken[pk] = own


def _problem(status_code: int, field: str, code: str, detail: str) -> Problem:
    return Problem(status_code, code, detail, field=field)
