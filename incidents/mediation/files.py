"""Reading the files of mediations: which there are, who reads what of them, and what was mediated before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.masking import starred
from accounts.models import OrgUnit, User
from accounts.roles import Action, Role
from accounts.viewer import Viewer
from incidents import policy
from incidents.mediating import DISPUTES
from incidents.models import (
    Incident,
    MediationAgreement,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    Repeat,
)
from incidents.numbers import district_day

# An agreement without a date of its own is asked after by then.
ASKED_AFTER: Final = timedelta(days=30)
EARLIER_MOST: Final = 20


def visible(user: User | AnonymousUser) -> QuerySet[MediationFile]:
    """The files of the cases that this person may see: that there is one, how far it is, and nothing said in
    it."""
    return MediationFile.objects.filter(incident__in=policy.cases_of(user))


def may_read(user: User | AnonymousUser, incident: Incident) -> bool:
    """May they read who the parties are, and what was said? The unit that has the case, and supervisors."""
    return policy.can(user, Action.READ_MEDIATION, incident)


def keeps_mediations(viewer: Viewer) -> bool:
    """Is the list of mediations part of their day? Enterprises keep lamps and pipes, and mediate nothing."""
    return bool(viewer.with_roles(Role.SUPERVISOR, Role.LEADER)) or any(
        grant.unit.kind != OrgUnit.Kind.ENTERPRISE for grant in viewer.with_roles(Role.HANDLER)
    )


def of_case(incident: Incident) -> list[MediationFile]:
    """The case's files, newest first, and those of the cases that were merged into it."""
    return list(
        MediationFile.objects.filter(Q(incident=incident) | Q(incident__merged_into=incident))
        .select_related("unit", "mediator", "incident")
        .prefetch_related("parties", "sessions", "agreements__confirmations", "follow_ups")
    )


def of_run(incident: Incident) -> list[MediationFile]:
    """The files of the case's handling as it runs now; no rework sees those before it."""
    return list(MediationFile.objects.filter(incident=incident, handling_run=incident.handling_run))


def to_follow_up(files: QuerySet[MediationFile], *, on: date) -> QuerySet[MediationFile]:
    """Of these the settled ones that somebody has to ask after by this day."""
    asked = MediationFollowUp.objects.filter(file=OuterRef("pk"))
    return files.filter(
        ~Exists(asked), state=MediationFile.State.SETTLED, follow_up_on__isnull=False, follow_up_on__lte=on
    )


def follow_up_day(agreement: MediationAgreement, *, at: datetime) -> date:
    """The day after which it should be kept, or a month from now."""
    if agreement.perform_by is not None:
        return agreement.perform_by + timedelta(days=1)
    return district_day(at) + ASKED_AFTER


def staying(file: MediationFile) -> list[MediationParty]:
    """The parties that have not left."""
    return [one for one in file.parties.all() if one.left_at is None]


def agreement_of(file: MediationFile) -> MediationAgreement | None:
    """The edition of the agreement that counts."""
    return max(file.agreements.all(), key=lambda one: one.edition, default=None)


def unconfirmed(file: MediationFile) -> list[MediationParty]:
    """Who has still to stand by the agreement that counts; everybody where there is none."""
    agreement = agreement_of(file)
    confirmed = {one.party_id for one in agreement.confirmations.all()} if agreement else set()
    return [one for one in staying(file) if one.pk not in confirmed]


@dataclass(frozen=True, slots=True)
class Veil:
    """What a reader sees of names, numbers and words: as they are once they were unveiled, masked before."""

    parties: Sequence[MediationParty]
    lifted: bool

    def name(self, party: MediationParty) -> str:
        contact = party.contact
        if contact.erased_at is not None:
            return ""
        return contact.name if self.lifted else contact.masked_name

    def phone(self, party: MediationParty) -> str:
        contact = party.contact
        if contact.erased_at is not None:
            return ""
        return contact.phone if self.lifted else contact.masked_phone

    def address(self, party: MediationParty) -> str:
        return party.contact.address if self.lifted and party.contact.erased_at is None else ""

    def words(self, said: str) -> str:
        """Words without the parties' names, numbers and addresses."""
        if self.lifted:
            return said
        for party in self.parties:
            contact = party.contact
            for plain, masked in (
                (contact.name, contact.masked_name),
                (contact.address, "[…]"),
            ):
                if len(plain) > 1:
                    said = said.replace(plain, masked)
        return starred(said)


def earlier_of(file: MediationFile, user: User) -> list[Incident]:
    """Disputes before this one, as far as this person may see them: those that the mediator named, those of
    the same place or reporter within thirty days, and those that were mediated with one of these parties."""
    numbers = [one.contact.phone_index for one in file.parties.all() if one.contact.phone_index]
    same_people = MediationParty.objects.filter(contact__phone_index__in=numbers).values("file__incident")
    again = Repeat.objects.filter(incident=file.incident_id, earlier__category__code__startswith=DISPUTES)
    found = (
        Incident.objects.filter(policy.visible(user))
        .filter(
            Q(pk__in=file.earlier.values("pk"))
            | Q(pk__in=same_people)
            | Q(pk__in=again.order_by().values("earlier"))
        )
        .exclude(pk=file.incident_id)
        .filter(received_at__lte=file.incident.received_at)
        .select_related("text", "category", "owner_unit")
    )
    return list(found.order_by("-received_at", "-pk")[:EARLIER_MOST])


def seen_dispute(number: str, user: User) -> Incident | None:
    """The dispute with this number, where this person may see it."""
    found = Incident.objects.filter(policy.visible(user), category__code__startswith=DISPUTES)
    return found.filter(number=number).first()


def last_ended(files: Iterable[MediationFile], run: int) -> MediationFile | None:
    """The file that says how this handling's mediation ended; one that broke off says nothing."""
    told = [
        one
        for one in files
        if one.handling_run == run
        and one.state not in (MediationFile.State.OPEN, MediationFile.State.OVERTAKEN)
    ]
    return max(told, key=lambda one: one.pk, default=None)
