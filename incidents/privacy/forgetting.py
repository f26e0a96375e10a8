"""Taking out of a case who reported it: with time, or because they asked."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.masking import for_others
from incidents import timeline
from incidents.actor import SYSTEM
from incidents.models import (
    Attachment,
    Contact,
    Conversation,
    Document,
    DoomedFile,
    Incident,
    IncidentReport,
    PublicPhoto,
    Report,
    Text,
)
from incidents.models.incident import Status
from incidents.models.outer import OuterPushed
from incidents.privacy import files, words

OVER = (Status.CLOSED, Status.REJECTED)
_ADDRESS_MAX = 200
# What stands in place of each digest of a number: some value, so that what one person reported still counts
# as one person's. It is made anew each time, and nobody is found by it.
Aliases = dict[str, str]


class Why(StrEnum):
    """What the timeline says."""

    AGE = "age"  # it was kept for as long as it may be
    ASKED = "asked"  # the reporter wants it gone


@dataclass(slots=True)
class Gone:
    """What went."""

    cases: int = 0
    reports: int = 0
    texts: int = 0
    pictures: int = 0
    scans: int = 0

    def add(self, other: "Gone") -> None:
        self.cases += other.cases
        self.reports += other.reports
        self.texts += other.texts
        self.pictures += other.pictures
        self.scans += other.scans


def forget(
    incident_id: int,
    *,
    why: Why,
    at: datetime,
    only: Iterable[int] | None = None,
    aliases: Aliases | None = None,
) -> Gone | None:
    """Take the reporters out of one case that is over, or `only` those of these reports; None where the case
    is open (again), and nothing was done.

    With time, words are masked by the rule that masks them for strangers, and what cameras said of when and
    where goes. Who asks has their own words and pictures erased, and the others' masked. Numbers, times,
    category, cell and ratings stay, so everything is counted as before; whoever forgets several cases of one
    person hands the same `aliases` to each.
    """
    with transaction.atomic(durable=True):
        case = Incident.objects.select_for_update(no_key=True).get(pk=incident_id)
        if case.status not in OVER:
            return None
        links = case.links.filter(unlinked_at__isnull=True)
        reports = list(
            Report.objects.filter(pk__in=links.values("report"))
            .filter(Q() if only is None else Q(pk__in=list(only)))
            .select_related("contact")
            .order_by("pk")
        )
        cases = [case, *Incident.objects.filter(merged_into=case)]
        own = words.said_by(reports)
        if len(reports) == links.count():
            own |= words.answers_of([case])
        others = links.exclude(report__in=reports).values("report")
        gone, doomed = _take_out(cases, reports, own, others, why=why, at=at, aliases=aliases)
        if why is Why.AGE:
            Incident.objects.filter(pk=case.pk).update(forgotten_at=at)
        timeline.record(
            timeline.Kind.FORGOTTEN,
            incident_id=case.pk,
            at=at,
            actor=SYSTEM,
            why=why.value,
            reports=len(reports),
        )
    files.remove(doomed)
    return gone


def forget_loose(report_ids: Iterable[int], *, at: datetime, aliases: Aliases) -> Gone:
    """Erase those of these reports that no case has, as who reported them asks."""
    with transaction.atomic(durable=True):
        ids = list(report_ids)
        linked = IncidentReport.objects.filter(report__in=ids, unlinked_at__isnull=True).values("report")
        loose = Report.objects.filter(pk__in=ids).exclude(pk__in=linked)
        reports = list(loose.select_related("contact").order_by("pk"))
        own = words.said_by(reports)
        gone, doomed = _take_out([], reports, own, [], why=Why.ASKED, at=at, aliases=aliases)
    files.remove(doomed)
    return gone


def _take_out(
    cases: Sequence[Incident],
    reports: Sequence[Report],
    own: set[int],
    others: Any,
    *,
    why: Why,
    at: datetime,
    aliases: Aliases | None,
) -> tuple[Gone, list[DoomedFile]]:
    """In the caller's transaction: what went, and the files to delete after it. `own`: texts that these
    reporters wrote; `others`: reports of the same cases that are not theirs."""
    known = _known(reports)
    doomed: list[Any] = []
    gone = Gone(cases=1 if cases else 0, reports=len(reports))
    gone.texts = _forget_words(cases, reports, own, known, why=why, at=at)
    _forget_in_passing(others, known)
    _forget_places(cases, reports, known, why=why)
    gone.pictures = _forget_pictures(cases, reports, doomed, why=why)
    gone.scans = _forget_scans(reports, doomed)
    Conversation.objects.filter(report__in=reports).update(words_sealed=b"", address="", lon=None, lat=None)
    _blank(_free_contacts(reports), {} if aliases is None else aliases, at=at)
    # Their pages in the outer zone, however long the case is over: they are made anew, or taken away.
    outside = OuterPushed.objects.filter(report__in=reports, expires_at__gt=at).exclude(key="")
    outside.update(wanted_at=at, digest="")
    return gone, files.doom(doomed, at=at)


def _free_contacts(reports: Sequence[Report]) -> QuerySet[Contact]:
    """Their contacts, but for those by which a case that still goes on reaches its reporter: what was split
    off a report shares its contact, and the number finds it when that case is over."""
    going_on = IncidentReport.objects.filter(unlinked_at__isnull=True).exclude(incident__status__in=OVER)
    needed = Report.objects.filter(pk__in=going_on.values("report"), contact__isnull=False).exclude(
        pk__in=[report.pk for report in reports]
    )
    found = Contact.objects.filter(reports__in=reports, erased_at__isnull=True)
    # Of these few, not of all that goes on.
    ids = list(found.values_list("pk", flat=True))
    return found.exclude(pk__in=needed.filter(contact__in=ids).values("contact"))


def _blank(contacts: QuerySet[Contact], aliases: Aliases, *, at: datetime) -> None:
    for pk, index in set(contacts.order_by().values_list("pk", "phone_index")):
        Contact.objects.filter(pk=pk).update(
            name_sealed=b"",
            phone_sealed=b"",
            address_sealed=b"",
            email_sealed=b"",
            phone_index=aliases.setdefault(index, secrets.token_hex(32)) if index else "",
            erased_at=at,
        )


def _known(reports: Sequence[Report]) -> list[str]:
    """What the rule takes out wherever it stands: the reporters' own names, numbers and addresses."""
    contacts = [report.contact for report in reports if report.contact is not None]
    return [
        word
        for contact in contacts
        if contact.erased_at is None
        for word in (contact.name, contact.phone, contact.address, contact.email)
        if word
    ]


def _forget_words(
    cases: Sequence[Incident],
    reports: Sequence[Report],
    own: set[int],
    known: Sequence[str],
    *,
    why: Why,
    at: datetime,
) -> int:
    changed = 0
    for text in words.texts(words.written_about(cases, reports)):
        if why is Why.ASKED and text.pk in own:
            changed += Text.objects.filter(pk=text.pk).update(body="", erased_at=at)
        elif (masked := for_others(text.body, known)) != text.body:
            changed += Text.objects.filter(pk=text.pk).update(body=masked)
    return changed


def _forget_in_passing(others: Any, known: Sequence[str]) -> None:
    """What the case's other reporters said is theirs, but for whom they named."""
    for text in words.texts(words.said_by(Report.objects.filter(pk__in=others))):
        body = text.body
        for word in sorted(known, key=len, reverse=True):
            body = body.replace(word, "[…]") if len(word) > 1 else body
        if body != text.body:
            Text.objects.filter(pk=text.pk).update(body=body)


def _forget_places(
    cases: Sequence[Incident], reports: Sequence[Report], known: Sequence[str], *, why: Why
) -> None:
    for case in cases:
        if (masked := for_others(case.address, known)[:_ADDRESS_MAX]) != case.address:
            Incident.objects.filter(pk=case.pk).update(address=masked)
    for report in reports:
        told = {
            "address": for_others(report.address, known)[:_ADDRESS_MAX],
            "attributes": _masked(report.attributes, known),
        }
        if why is Why.ASKED:
            told |= {"address": "", "lon": None, "lat": None}
        Report.objects.filter(pk=report.pk).update(**told)


def _masked(value: Any, known: Sequence[str]) -> Any:
    """The same of what a source sent along, however it is nested."""
    if isinstance(value, str):
        return for_others(value, known)
    if isinstance(value, dict):
        return {key: _masked(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, known) for inner in value]
    return value


def _forget_pictures(
    cases: Sequence[Incident], reports: Sequence[Report], doomed: list[Any], *, why: Why
) -> int:
    """What the camera said; and of who asked their pictures, with the copies that the public sees."""
    Attachment.objects.filter(Q(incident__in=cases) | Q(report__in=reports)).update(
        taken_at=None, lon=None, lat=None
    )
    if why is not Why.ASKED:
        return 0
    pictures = list(Attachment.objects.filter(report__in=reports, uploaded_by__isnull=True))
    copies = list(PublicPhoto.objects.filter(attachment__in=pictures))
    doomed += [copy.file for copy in copies if copy.file] + [picture.file for picture in pictures]
    PublicPhoto.objects.filter(pk__in=[copy.pk for copy in copies]).delete()
    Attachment.objects.filter(pk__in=[picture.pk for picture in pictures]).delete()
    return len(pictures)


def _forget_scans(reports: Sequence[Report], doomed: list[Any]) -> int:
    scans = list(Document.objects.filter(report__in=reports))
    doomed += [scan.file for scan in scans]
    Document.objects.filter(pk__in=[scan.pk for scan in scans]).delete()
    return len(scans)
