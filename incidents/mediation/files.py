"""Reading the files of mediations: which there are, who reads what of them, and what was mediated before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.masking import starred
from accounts.models import OrgUnit, User
from accounts.roles import Action, Role
from accounts.sealing import unseal_bytes
from accounts.viewer import Viewer
from incidents import policy
from incidents.mediating import DISPUTES
from incidents.models import (
    Incident,
    MediationAgreement,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationScan,
    Repeat,
)
from incidents.numbers import district_day

# An agreement without a date of its own is asked after by then.
ASKED_AFTER: Final = timedelta(days=30)
# One that was not kept wholly is asked after again by then, where nobody names a day.
ASKED_AGAIN: Final = timedelta(days=7)
EARLIER_MOST: Final = 20
_ASKED_MOST: Final = 200


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


def last_begun(incident: Incident) -> MediationFile | None:
    """The file by which the case's handling goes as it runs now: not one that broke off."""
    return (
        incident.mediation_files.filter(handling_run=incident.handling_run)
        .exclude(state=MediationFile.State.OVERTAKEN)
        .order_by("pk")
        .last()
    )


def to_follow_up(files: QuerySet[MediationFile], *, on: date) -> QuerySet[MediationFile]:
    """Of these the settled ones that somebody has to ask after by this day: until the last answer was that it
    is kept, or the dispute is mediated anew."""
    newest = MediationFollowUp.objects.filter(file=OuterRef("pk")).order_by("-pk")
    anew = MediationFile.objects.filter(incident=OuterRef("incident"), pk__gt=OuterRef("pk"))
    return files.annotate(last_answer=Subquery(newest.values("result")[:1])).filter(
        ~Exists(anew),
        Q(last_answer__isnull=True) | ~Q(last_answer=MediationFollowUp.Result.KEPT),
        state=MediationFile.State.SETTLED,
        handling_run=F("incident__handling_run"),
        follow_up_on__isnull=False,
        follow_up_on__lte=on,
    )


def is_to_be_asked_after(file: MediationFile) -> bool:
    """Has somebody still to ask whether it is kept, some day?"""
    last = max(file.follow_ups.all(), key=lambda one: one.pk, default=None)
    is_kept = last is not None and last.result == MediationFollowUp.Result.KEPT
    return (
        file.state == MediationFile.State.SETTLED
        and file.follow_up_on is not None
        and not is_kept
        and file.handling_run == file.incident.handling_run
        and not file.incident.mediation_files.filter(pk__gt=file.pk).exists()
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
        known = [(one.contact.name, one.contact.masked_name) for one in self.parties]
        known += [(one.contact.address, "[…]") for one in self.parties]
        # The longest first: one name may begin another one.
        for plain, masked in sorted(known, key=lambda pair: -len(pair[0])):
            if len(plain) > 1:
                said = said.replace(plain, masked)
        return starred(said)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Disputes before this one, newest first, and how many more have one of these parties in them."""

    cases: list[Incident]
    veiled: int


def earlier_of(file: MediationFile, user: User, *, lifted: bool) -> Earlier:
    """Disputes before this one, as far as this person may see them: those that the mediator named, those of
    the same place or reporter within thirty days, and those that were mediated with one of these parties.
    Which the last ones are tells who these people are, so it shows with the names.

    A query for the ids of each, by its index: an "or" of the three would be asked of every case there is.
    """
    again = Repeat.objects.filter(incident=file.incident_id, earlier__category__code__startswith=DISPUTES)
    told = set(file.earlier.values_list("pk", flat=True))
    told |= set(again.order_by("-pk").values_list("earlier", flat=True)[:_ASKED_MOST])
    numbers = [one.contact.phone_index for one in file.parties.all() if one.contact.phone_index]
    parties = MediationParty.objects.filter(contact__phone_index__in=numbers).exclude(file=file)
    same = set(parties.order_by("-pk").values_list("file__incident", flat=True)[:_ASKED_MOST]) - told
    found = list(
        Incident.objects.filter(policy.visible(user), pk__in=told | same)
        .exclude(pk=file.incident_id)
        .filter(received_at__lte=file.incident.received_at)
        .select_related("text", "category", "owner_unit")
        .order_by("-received_at", "-pk")
    )
    shown = [one for one in found if lifted or one.pk in told]
    return Earlier(shown[:EARLIER_MOST], len(found) - len(shown))


def body_of(scan: MediationScan) -> bytes:
    """A scan as it was sent; raises FileNotFoundError where the store has lost it."""
    with scan.file.open("rb") as kept:
        return unseal_bytes(kept.read())


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
