"""What a person looks through before everybody may see it: words masked by rule, and pictures."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.masking import for_others, found_in
from incidents.models import Attachment, Incident, IncidentReport, PublicPhoto, PublicWords
from incidents.models.incident import Status
from incidents.openness import public
from incidents.rude_words import covered

# What nobody has looked at within a month is no news any more.
RECENT = timedelta(days=30)
_SHOWN_STAGES = (Attachment.Stage.REPORT, Attachment.Stage.BEFORE, Attachment.Stage.AFTER)


def waiting(incidents: QuerySet[Incident], *, at: datetime) -> QuerySet[Incident]:
    """Of these cases the public ones that nobody has decided on, or that got a picture since: what was
    closed last first, for that is what people read."""
    decided = PublicWords.objects.filter(incident=OuterRef("pk"))
    own = Attachment.objects.filter(
        incident=OuterRef("incident"), stage__in=_SHOWN_STAGES, public_photo__isnull=True
    )
    # A photo that was decided on for the case that its report was in before was not for this one.
    with_report = Attachment.objects.filter(
        Q(public_photo__isnull=True) | ~Q(public_photo__incident=OuterRef("incident")),
        report__links__incident=OuterRef("incident"),
        report__links__unlinked_at__isnull=True,
    )
    # Asked of the few that were decided on, not of every case.
    again = PublicWords.objects.filter(Exists(own) | Exists(with_report)).values("incident")
    return (
        public(incidents)
        .filter(~Exists(decided) | Q(pk__in=again), received_at__gt=at - RECENT)
        .exclude(status__in=[Status.MERGED, Status.REJECTED])
        .filter(text__erased_at__isnull=True)
        .order_by(F("closed_at").desc(nulls_last=True), "-pk")
    )


def pictures(incident: Incident) -> list[Attachment]:
    """The case's pictures that could be shown: what its reporters sent, before and after; not a checker's."""
    reports = IncidentReport.objects.filter(incident=incident, unlinked_at__isnull=True).values("report")
    return list(
        Attachment.objects.filter(Q(incident=incident) | Q(report__in=reports), stage__in=_SHOWN_STAGES)
        .select_related("public_photo")
        .order_by("uploaded_at", "pk")
    )


def shown() -> QuerySet[PublicPhoto]:
    """The released photos that still are their case's: not those that left it with their report."""
    with_report = IncidentReport.objects.filter(
        incident=OuterRef("incident"), report=OuterRef("attachment__report"), unlinked_at__isnull=True
    )
    return PublicPhoto.objects.exclude(file="").filter(
        Q(attachment__incident=F("incident")) | Exists(with_report)
    )


def masked(incident: Incident, words: str) -> str:
    """`words` without what would tell a stranger who they are about, by rule; the case's own reporters'
    names, numbers and addresses wherever they stand; words of abuse are covered too."""
    return covered(for_others(words, _known(incident)))


def taken_out(incident: Incident, words: str) -> list[str]:
    """What `masked` takes out of `words`, each once."""
    return list(dict.fromkeys(found_in(words, _known(incident))))


def _known(incident: Incident) -> Sequence[str]:
    links = incident.links.filter(unlinked_at__isnull=True, report__contact__isnull=False)
    contacts = [link.report.contact for link in links.select_related("report__contact")]
    return [
        word
        for contact in contacts
        if contact is not None and contact.erased_at is None
        for word in (contact.name, contact.phone, contact.address, contact.email)
        if word
    ]
