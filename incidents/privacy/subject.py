"""Everything that is kept about one telephone number: as a copy, or gone."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from incidents import timeline
from incidents.actor import SYSTEM, Actor
from incidents.models import (
    Attachment,
    Contact,
    Document,
    Feedback,
    Incident,
    IncidentReport,
    MediationParty,
    PhoneCall,
    PhoneProof,
    PrivacyRequest,
    Report,
    ReportUpdate,
    Text,
    TimelineEntry,
)
from incidents.models.contact import blind_index, phone_digits
from incidents.outer import aside
from incidents.outer.aside import Aside
from incidents.privacy import erased, words
from incidents.privacy.forgetting import OVER, Aliases, Gone, Why, forget, forget_loose
from incidents.sources.sealed import opened


class NotANumber(Exception):
    """What was given is no telephone number."""


@transaction.atomic(durable=True)
def copy(
    phone: str, *, done_by: str, reason: str, at: datetime, actor: Actor = SYSTEM
) -> tuple[bytes, PrivacyRequest]:
    """A ZIP of all that is kept about who has this number, and the row that says that it was made. Each case
    has a line of it as well: it is a look at who reported.

    Other people's data stay out of it: of a mediation it says that there is one. Raises NotANumber.
    """
    index = _index(phone)
    reports = list(_reports(index))
    request = PrivacyRequest.objects.create(
        kind=PrivacyRequest.Kind.COPY,
        at=at,
        done_by=done_by,
        by=actor.user,
        reason=reason,
        counts={"reports": len(reports)},
    )
    for case, report in _links(reports):
        timeline.record(timeline.Kind.COPIED, incident_id=case, at=at, actor=actor, report=report)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        told = {
            # Who passes it on can be found by this.
            "copy": {"number": request.pk, "made_at": at, "made_by": done_by, "reason": reason},
            "contacts": [_contact(one) for one in Contact.objects.filter(phone_index=index).order_by("pk")],
            "reports": [_report(one, archive) for one in reports],
            "mediations": [_mediation(one) for one in _parties(index)],
            "not_taken_over": [_aside(one, archive) for one in aside.of_number(index)],
            "codes_sent_to_this_number": list(
                PhoneProof.objects.filter(phone_index=index).order_by("pk").values("asked_at", "proved_at")
            ),
        }
        archive.writestr("data.json", json.dumps(told, ensure_ascii=False, indent=2, default=_plain))
    return body.getvalue(), request


def erase(
    phone: str, *, done_by: str, reason: str, at: datetime, actor: Actor = SYSTEM
) -> tuple[Gone, list[str], PrivacyRequest]:
    """Erase what is kept about who has this number, where the case is over; answers what went, the numbers of
    the cases that are still open (their data are needed until then), and the row that says that it was done.

    Files of mediations stay for as long as the rule says: they are of the other party as well. Raises
    NotANumber.
    """
    index = _index(phone)
    # First: whatever becomes of the rest, a restore must not bring them back for good.
    erased.note(index, at=at)
    return _erase(index, done_by=done_by, reason=reason, at=at, actor=actor)


def repeat(*, done_by: str, reason: str, at: datetime) -> list[PrivacyRequest]:
    """Erase once more whom a restored backup has brought back; the rows that say so, one for each of them."""
    indexes = [one for one in erased.known() if _reports(one).exists()]
    return [_erase(one, done_by=done_by, reason=reason, at=at, actor=SYSTEM)[2] for one in indexes]


def _erase(
    index: str, *, done_by: str, reason: str, at: datetime, actor: Actor
) -> tuple[Gone, list[str], PrivacyRequest]:
    gone, still_open = Gone(), []
    aliases: Aliases = {}
    theirs = [report.pk for report in _reports(index)]
    by_case: dict[int, list[int]] = {}
    for case, report in _links(theirs):
        by_case.setdefault(case, []).append(report)
    for case, reports in sorted(by_case.items()):
        done = forget(case, why=Why.ASKED, at=at, only=reports, aliases=aliases)
        if done is not None:
            gone.add(done)
        else:
            still_open.append(Incident.objects.get(pk=case).number)
    gone.add(forget_loose(theirs, at=at, aliases=aliases))
    gone.reports += aside.forget(index, at=at)
    PhoneProof.objects.filter(phone_index=index).delete()
    request = PrivacyRequest.objects.create(
        kind=PrivacyRequest.Kind.ERASURE,
        at=at,
        done_by=done_by,
        by=actor.user,
        reason=reason,
        counts={
            "cases": gone.cases,
            "reports": gone.reports,
            "pictures": gone.pictures,
            "still_open": len(still_open),
        },
    )
    return gone, still_open, request


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is about a number, before anything is done."""

    reports: int
    open_cases: tuple[str, ...]  # an erasure leaves these
    mediations: int  # and the files of these


def kept(phone: str) -> Kept:
    """How much is kept about who has this number. Raises NotANumber."""
    index = _index(phone)
    reports = list(_reports(index).values_list("pk", flat=True))
    cases = {case for case, _report in _links(reports)}
    still_open = Incident.objects.filter(pk__in=cases).exclude(status__in=OVER).order_by("number")
    numbers = tuple(still_open.values_list("number", flat=True))
    return Kept(len(reports), numbers, _parties(index).count())


def mediations_of(phone: str) -> int:
    """How many files of mediations name this number, which an erasure leaves. Raises NotANumber."""
    return _parties(_index(phone)).count()


def _index(phone: str) -> str:
    if not 7 <= len(phone_digits(phone)) <= 15:
        raise NotANumber
    return blind_index(phone)


def _reports(index: str) -> QuerySet[Report]:
    return Report.objects.filter(contact__phone_index=index).select_related("text", "contact").order_by("pk")


def _links(reports: Sequence[Report] | Sequence[int]) -> list[tuple[int, int]]:
    """The cases that these are in now, and which of them is in which."""
    links = IncidentReport.objects.filter(report__in=reports, unlinked_at__isnull=True)
    return list(links.order_by("incident_id", "report_id").values_list("incident_id", "report_id"))


def _parties(index: str) -> QuerySet[MediationParty]:
    return MediationParty.objects.filter(contact__phone_index=index).select_related("file__incident")


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "phone": contact.phone,
        "address": contact.address,
        "email": contact.email,
        "since": contact.created_at,
    }


def _report(report: Report, archive: zipfile.ZipFile) -> dict[str, Any]:
    pictures, scans = [], []
    for picture in report.attachments.order_by("uploaded_at", "pk"):
        name = f"pictures/{picture.pk.hex}.jpg"
        _put(archive, name, lambda picture=picture: _bytes_of(picture))
        pictures.append(
            {
                "file": name,
                "uploaded_at": picture.uploaded_at,
                "taken_at": picture.taken_at,
                "lon": picture.lon,
                "lat": picture.lat,
            }
        )
    for scan in Document.objects.filter(report=report).order_by("uploaded_at", "pk"):
        name = f"scans/{scan.pk.hex}.{'pdf' if scan.content_type == 'application/pdf' else 'jpg'}"
        _put(archive, name, lambda scan=scan: opened(scan))
        scans.append(name)
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident").first()
    return {
        "tracking_code": report.tracking_code,
        "source": report.source,
        "number_at_the_source": report.external_id,
        "received_at": report.received_at,
        "nature": report.nature,
        "words": report.text.body,
        "address": report.address,
        "lon": report.lon,
        "lat": report.lat,
        "attributes": report.attributes,
        "said_later": _texts(words.said_by([report]) - {report.text_id}),
        "updates": list(ReportUpdate.objects.filter(report=report).values("kind", "received_at")),
        "ratings": list(
            Feedback.objects.filter(report=report).values(
                "given_at", "contacted", "solved", "speed", "result", "service"
            )
        ),
        "calls": [
            {"at": call.called_at, "purpose": call.purpose, "result": call.result, "note": _body(call.note)}
            for call in PhoneCall.objects.filter(report=report).select_related("note").order_by("pk")
        ],
        "pictures": pictures,
        "scans": scans,
        "case": _case(link.incident, report) if link else None,
    }


def _case(case: Incident, report: Report) -> dict[str, Any]:
    looks = TimelineEntry.objects.filter(
        incident=case, kind__in=(timeline.Kind.UNMASKED, timeline.Kind.COPIED)
    )
    return {
        "number": case.number,
        "status": case.status,
        "category": str(case.category or ""),
        "unit": case.owner_unit.name,
        "closed_at": case.closed_at,
        "answers_to_you": _texts(_answered(case)),
        # Who looked at the name and number, by their unit, and each copy like this one.
        "looked_at": [
            {
                "at": line.at,
                "unit": line.actor_unit.name if line.actor_unit else "",
                "copy": line.kind == timeline.Kind.COPIED,
            }
            for line in looks.filter(Q(data__report=report.pk) | ~Q(data__has_key="report"))
            .select_related("actor_unit")
            .order_by("pk")
        ],
    }


def _answered(case: Incident) -> set[int]:
    told = (timeline.Kind.ANSWERED, timeline.Kind.RESOLVED, timeline.Kind.MESSAGED, timeline.Kind.REJECTED)
    lines = TimelineEntry.objects.filter(incident=case, kind__in=told)
    return {text for text in lines.values_list("data__text", flat=True) if isinstance(text, int)}


def _mediation(party: MediationParty) -> dict[str, Any]:
    return {"case": party.file.incident.number, "side": party.side, "joined_at": party.joined_at}


def _aside(one: Aside, archive: zipfile.ZipFile) -> dict[str, Any]:
    """What they sent outside and nobody could take over."""
    pictures = []
    for number, body in enumerate(one.pictures()):
        name = f"pictures/{one.arrival.pk.hex}-{number}.jpg"
        archive.writestr(name, body)
        pictures.append(name)
    return {"filed_at": one.arrival.filed_at, "said": one.said, "pictures": pictures}


def _texts(ids: set[int]) -> list[dict[str, Any]]:
    return [{"at": one.created_at, "words": one.body} for one in words.texts(ids)]


def _body(text: Text | None) -> str:
    return text.body if text is not None and text.erased_at is None else ""


def _bytes_of(picture: Attachment) -> bytes:
    with picture.file.open("rb") as kept:
        return bytes(kept.read())


def _put(archive: zipfile.ZipFile, name: str, read: Any) -> None:
    try:
        archive.writestr(name, read())
    except FileNotFoundError:
        archive.writestr(f"{name}.lost", b"")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


__all__: Sequence[str] = ("NotANumber", "copy", "erase", "mediations_of")
