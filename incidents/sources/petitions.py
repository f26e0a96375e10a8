"""信访: letters and visits, typed in by the centre from paper; the scan stays with the report, sealed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Protocol

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.sealing import seal_bytes
from accounts.viewer import viewer_of
from dispatch.vocabulary import Source
from grids.locate import locate, locate_text
from incidents import policy
from incidents.actor import Actor
from incidents.attachments import plain_jpeg
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Receipt, Refusal, ReportDraft, Reporter, UpdateDraft, apply_update, receive_one
from incidents.models import Document, Report, ReportUpdate
from incidents.numbers import DISTRICT_ZONE
from incidents.sources import pdf
from incidents.sources.mapping import CategoryNames
from incidents.sources.taking import SentPicture, as_filed_before

SCANS_MOST = 5
SCAN_BYTES_MOST = 20 * 1024 * 1024
PEOPLE_MOST = 9_999
# A letter is to be answered by the end of the working hours of its day.
REPLY_BY = time(18, 0)
PDF, JPEG = "application/pdf", "image/jpeg"


class Upload(Protocol):
    @property
    def size(self) -> int | None: ...

    def read(self, num_bytes: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Petition:
    """One letter or visit as it was typed in."""

    number: str
    kind: str  # letter, visit
    text: str
    nature: str
    received_at: datetime | None = None
    dated: date | None = None
    reply_by: date | None = None
    names: Sequence[str] = ()
    people: int = 1
    phone: str = ""
    reporter_address: str = ""
    address: str = ""
    source_category: str = ""
    is_joint: bool = False
    is_confidential: bool = False
    scans: Sequence[Upload] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Scan:
    """A document's bytes, checked."""

    body: bytes
    content_type: str
    fingerprint: str


def may_enter(user: User) -> bool:
    """Letters are the district's desk's to enter."""
    return policy.speaks_for_sources(user)


def enter(petition: Petition, *, user: User, at: datetime) -> Receipt:
    """File a letter or visit with its scans and its deadline. The same number again, with the same words,
    is the same one: whatever broke off goes on. Raises InvalidInput, or ActionRefused for whoever may not."""
    if not may_enter(user):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    _check(petition)
    _check_day(petition, at=at)
    scans = [checked_scan(upload) for upload in petition.scans]
    receipt = receive_one(as_filed_before(_draft(petition)), at=at, user=user)
    if isinstance(receipt, Refusal):
        if receipt.code == "conflict":
            raise InvalidInput("number", "conflict", _("Another letter has this number."))
        raise InvalidInput(receipt.field, receipt.code, receipt.message)
    for scan in scans:
        _keep(scan, receipt.report, user=user, at=at)
    if petition.reply_by is not None:
        due_at = datetime.combine(petition.reply_by, REPLY_BY, tzinfo=DISTRICT_ZONE)
        home = viewer_of(user).home_unit
        update = UpdateDraft("letter:deadline", ReportUpdate.Kind.DEADLINE, due_at=due_at)
        actor = Actor(user=user, unit_code=home.code if home else None)
        apply_update(report=receipt.report, draft=update, actor=actor, at=at)
    return receipt


def _check_day(petition: Petition, *, at: datetime) -> None:
    received = (petition.received_at or at).astimezone(DISTRICT_ZONE).date()
    if petition.reply_by is not None and petition.reply_by < received:
        raise InvalidInput("reply_by", "out_of_order", _("The answer would be due before it was received."))


def _check(petition: Petition) -> None:
    if len(petition.scans) > SCANS_MOST:
        raise InvalidInput("scans", "too_many", _("At most %(max)d files.") % {"max": SCANS_MOST})
    if not 1 <= petition.people <= PEOPLE_MOST:
        raise InvalidInput("people", "range", _("Between 1 and %(max)d people.") % {"max": PEOPLE_MOST})
    if petition.people < len([name for name in petition.names if name.strip()]):
        raise InvalidInput("people", "too_few", _("More people are named than are counted."))


def _draft(petition: Petition) -> ReportDraft:
    named = CategoryNames(Source.LETTER_VISIT).find(petition.source_category.split("/"))
    dated = petition.dated
    return ReportDraft(
        source=Source.LETTER_VISIT,
        external_id=petition.number,
        text=petition.text.replace("\r\n", "\n").strip(),
        nature=petition.nature,
        category=named.category,
        source_category=named.source_category,
        occurred_at=datetime.combine(dated, time(), tzinfo=DISTRICT_ZONE) if dated else None,
        received_at=petition.received_at,
        place=locate(address=petition.address) if petition.address else locate_text(petition.text),
        address=petition.address,
        reporter=Reporter(
            name="、".join(name.strip() for name in petition.names if name.strip()),
            phone=petition.phone,
            address=petition.reporter_address,
        ),
        attributes={
            "letter": {"kind": petition.kind, "people": petition.people, "joint": petition.is_joint},
            "confidential": petition.is_confidential,
        },
    )


def checked_scan(upload: Upload) -> Scan:
    """A picture's pixels, or a PDF that is one and does nothing; raises InvalidInput (field `scans`)."""
    too_large = InvalidInput(
        "scans", "too_large", _("At most %(max)d MB each.") % {"max": SCAN_BYTES_MOST // 1024**2}
    )
    if (upload.size or 0) > SCAN_BYTES_MOST:
        raise too_large
    sent = upload.read(SCAN_BYTES_MOST + 1)
    if len(sent) > SCAN_BYTES_MOST:
        raise too_large
    fingerprint = hashlib.sha256(sent).hexdigest()
    if b"%PDF-" not in sent[:1024]:
        try:
            return Scan(plain_jpeg(SentPicture(sent)), JPEG, fingerprint)
        except InvalidInput as error:
            if error.code == "not_an_image":
                message = _("This is neither a picture nor a PDF.")
                raise InvalidInput("scans", "not_a_scan", message) from error
            raise InvalidInput("scans", error.code, error.message) from error
    if b"%%EOF" not in sent[-2048:]:
        raise InvalidInput("scans", "broken", _("This PDF breaks off: scan it again."))
    if pdf.is_active(sent):
        raise InvalidInput("scans", "active", _("This PDF holds programs or other files: send a plain scan."))
    return Scan(sent, PDF, fingerprint)


def _keep(scan: Scan, report: Report, *, user: User, at: datetime) -> None:
    if Document.objects.filter(report=report, fingerprint=scan.fingerprint).exists():
        return
    document = Document(
        report=report,
        content_type=scan.content_type,
        size=len(scan.body),
        fingerprint=scan.fingerprint,
        uploaded_at=at,
        uploaded_by=user,
    )
    document.file.save(f"{document.pk.hex}.sealed", ContentFile(seal_bytes(scan.body)), save=False)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        document.file.delete(save=False)  # another click of the same form has kept it
    except BaseException:
        document.file.delete(save=False)
        raise
