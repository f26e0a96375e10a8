"""What the actions on a mediation share: taking hold of its file, letting it go, checking what is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.roles import Action
from incidents import assigning, cases, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput, StaleFacts
from incidents.mediating import is_dispute
from incidents.mediation import files
from incidents.models import Contact, Incident, MediationAgreement, MediationFile, MediationParty
from incidents.models.contact import phone_digits
from incidents.models.mediation_file import sealed

PARTIES_MOST: Final = 20
NAME_MAX, PHONE_MAX, PLACE_MAX = 40, 40, 200


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom the dispute is between, as the mediator writes them down."""

    side: str
    name: str
    phone: str = ""
    address: str = ""


def refuse_unless_mediable(incident: Incident) -> None:
    if not is_dispute(incident):
        raise ActionRefused("not_a_dispute", pgettext_lazy("mediation", "Only a dispute is mediated."))
    if not incident.is_open:
        raise ActionRefused("wrong_state", _("The case has to be in hand for this."))


def hold(
    file: int, action: Action, *, actor: Actor, at: datetime, seen_version: int | None = None
) -> MediationFile:
    """Lock the case, then the file; StaleFacts where somebody else has written in it since."""
    number = MediationFile.objects.filter(pk=file).values_list("incident__number", flat=True).first()
    if number is None:
        raise ActionRefused("not_found", _("There is no such mediation."))
    incident = cases.hold(number, actor=actor, action=action, at=at)
    held = MediationFile.objects.select_for_update(no_key=True).get(pk=file)
    held.incident = incident
    if seen_version is not None and held.version != seen_version:
        raise StaleFacts(number)
    return held


def hold_open(file: int, *, actor: Actor, at: datetime, seen_version: int | None) -> MediationFile:
    """The same of a file that is still being mediated, on a case that is in hand."""
    held = hold(file, Action.MEDIATE, actor=actor, at=at, seen_version=seen_version)
    if not held.is_open:
        raise ActionRefused(
            "ended", _("This mediation has ended: %(how)s.") % {"how": held.get_state_display()}
        )
    refuse_unless_mediable(held.incident)
    return held


def let_go(file: MediationFile, kind: timeline.Kind, *, actor: Actor, at: datetime, **data: object) -> None:
    """Save file and case as other versions of themselves, and say on the timeline what was done."""
    file.version += 1
    file.save()
    cases.save(file.incident)
    timeline.record(
        kind, incident_id=file.incident_id, at=at, actor=actor, file=file.pk, sort=file.kind, **data
    )


def mediator_of(incident: Incident, named: str, actor: User) -> User:
    if not named or named == actor.username:
        return actor
    found = assigning.hands_of(incident.owner_unit).filter(username=named).first()
    if found is None:
        raise InvalidInput("mediator", "unknown", _("Nobody of your unit has this name."))
    return found


def add(file: MediationFile, party: Party, *, at: datetime) -> MediationParty:
    known = file.parties.count()
    if known >= PARTIES_MOST:
        raise InvalidInput("parties", "too_many", _("At most %(max)d parties.") % {"max": PARTIES_MOST})
    if party.side not in MediationParty.Side.values:
        raise InvalidInput("side", "unknown", _("Say on which side they are."))
    name, phone, address = party.name.strip(), party.phone.strip(), party.address.strip()
    if not name:
        raise InvalidInput("name", "required", _("Write the party's name."))
    for field, told, most in (
        ("name", name, NAME_MAX),
        ("phone", phone, PHONE_MAX),
        ("address", address, PLACE_MAX),
    ):
        if len(told) > most:
            raise InvalidInput(field, "max_length", _("At most %(max)d characters.") % {"max": most})
        if "\x00" in told:
            raise InvalidInput(field, "null_characters", _("NUL characters are not text."))
    if phone and not 5 <= len(phone_digits(phone)) <= 20:
        raise InvalidInput("phone", "phone", _("This is not a telephone number."))
    contact = Contact.sealed(name=name, phone=phone, address=address, at=at)
    contact.save()
    return MediationParty.objects.create(
        file=file, position=known + 1, side=party.side, contact=contact, joined_at=at
    )


def party_of(file: MediationFile, pk: int, *, field: str = "party") -> MediationParty:
    found = next((one for one in file.parties.all() if one.pk == pk), None)
    if found is None:
        raise InvalidInput(field, "unknown", _("Choose one of the parties."))
    return found


def settled_by(file: MediationFile) -> MediationAgreement:
    """The agreement by which everybody stands (ActionRefused)."""
    agreement = files.agreement_of(file)
    if agreement is None:
        raise ActionRefused("no_agreement", _("Write the agreement down first."))
    if len(files.staying(file)) < 2:
        raise ActionRefused("too_few_parties", _("It takes two parties to agree."))
    missing = len(files.unconfirmed(file))
    if missing:
        raise ActionRefused(
            "unconfirmed",
            _("Not everybody stands by the agreement yet: %(count)d missing.") % {"count": missing},
        )
    return agreement


def words_of(said: str, field: str, *, optional: bool = False) -> bytes:
    """Sealed words; raises InvalidInput where they are missing or too long."""
    if not optional:
        cases.required(said, field=field)
    if len(said.strip()) > cases.TEXT_MAX:
        raise InvalidInput(field, "max_length", _("At most %(max)d characters.") % {"max": cases.TEXT_MAX})
    if "\x00" in said:
        raise InvalidInput(field, "null_characters", _("NUL characters are not text."))
    return sealed(said)


def following(last: int | None) -> int:
    return (last or 0) + 1
