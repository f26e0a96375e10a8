"""书记在线 by people: putting a report before a secretary, preparing the reply, signing it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, outbox, policy, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput, StaleFacts
from incidents.instructing import reach
from incidents.models import Incident, SecretaryLetter
from incidents.secretary import letters
from incidents.secretary.reminding import tell


@transaction.atomic(durable=True)
def to_secretary(
    *,
    number: str,
    secretary: str,
    report: int | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> SecretaryLetter:
    """Put a report of this case before the secretary of the district or the street.

    One that has no reply yet may be moved from one to the other; its time runs on. The first report of
    the case, unless one is named.
    """
    incident = cases.hold(number, actor=actor, action=Action.TO_SECRETARY, at=at, seen_version=seen_version)
    if secretary not in (letters.DISTRICT, letters.STREET):
        raise InvalidInput("secretary", "invalid_choice", _("Say district or street."))
    if secretary == letters.STREET and not incident.street_code:
        raise InvalidInput("secretary", "no_street", _("Nobody knows in which street this case lies."))
    office = letters.office_for(secretary, incident.street_code)
    assert office is not None
    links = incident.links.filter(unlinked_at__isnull=True).select_related("report").order_by("pk")
    link = (links.filter(report=report) if report else links).first()
    if link is None:
        raise InvalidInput("report", "unknown", _("This report is not one of the case's."))
    letters_kept = SecretaryLetter.objects.select_for_update(of=("self",), no_key=True)
    letter = letters_kept.filter(report=link.report_id).first()
    if letter is None:
        letter = letters.new_letter(link.report, office, at=at, marked_by=actor.user)
    elif letter.signed_at is not None:
        raise ActionRefused("already_signed", _("The secretary has answered this letter already."))
    elif letter.office_id == office.pk:
        raise ActionRefused("already_there", _("It is before this secretary already."))
    letter.office = office
    # The other secretary is warned for themselves, and reads no draft of another office.
    letter.draft = letter.drafted_by = letter.drafted_at = letter.warned_at = letter.overdue_told_at = None
    letter.save()
    cases.save(incident)
    _record(timeline.Kind.LETTER_MARKED, letter, incident, actor=actor, at=at)
    tell("marked", letter, incident_id=incident.pk, at=at)
    return letter


@transaction.atomic(durable=True)
def draft_reply(
    *,
    number: str,
    text: str,
    report: int | None = None,
    seen_draft: int | None = None,
    actor: Actor,
    at: datetime,
) -> SecretaryLetter:
    """Prepare a reply for the secretary; nobody outside sees it.

    `seen_draft` is the draft that this one was written over (0: none): another one since is not lost.
    """
    assert actor.user is not None
    incident = cases.hold(number, actor=actor, action=None, at=at)
    letters.refuse_if_signed(incident, report, actor.user)
    policy.check(actor, Action.DRAFT_REPLY, incident)
    letter = _open_letter(incident, report, list(reach.offices(actor.user)))
    if seen_draft is not None and seen_draft != (letter.draft_id or 0):
        raise StaleFacts(incident.number)
    letter.draft = cases.store_text(text, at=at)
    letter.drafted_by, letter.drafted_at = actor.user, at
    letter.save(update_fields=["draft", "drafted_by", "drafted_at"])
    _record(timeline.Kind.REPLY_DRAFTED, letter, incident, actor=actor, at=at)
    # The secretary hears of the first one; what is written after that they see when they come to sign.
    if not reach.leaders_of(letter.office_id).filter(pk=actor.user.pk).exists():
        tell("drafted", letter, incident_id=incident.pk, at=at)
    return letter


@transaction.atomic(durable=True)
def sign_reply(
    *, number: str, text: str, report: int | None = None, actor: Actor, at: datetime
) -> SecretaryLetter:
    """The secretary answers under their own name; the reporter reads it where they follow the report."""
    assert actor.user is not None
    incident = cases.hold(number, actor=actor, action=None, at=at)
    letters.refuse_if_signed(incident, report, actor.user)
    policy.check(actor, Action.SIGN_REPLY, incident)
    letter = _open_letter(incident, report, letters.signs_for(actor.user))
    letter.reply = cases.store_text(text, at=at)
    letter.signed_by, letter.signed_at = actor.user, at
    letter.save(update_fields=["reply", "signed_by", "signed_at"])
    cases.save(incident)
    _record(timeline.Kind.REPLY_SIGNED, letter, incident, actor=actor, at=at, text=letter.reply.pk)
    outbox.tell(
        "letter.signed",
        incident_id=incident.pk,
        receiver=f"report:{letter.report_id}",
        key=f"letter.signed:{letter.pk}",
        at=at,
    )
    return letter


def _open_letter(incident: Incident, report: int | None, offices: Sequence[str]) -> SecretaryLetter:
    """The letter that is meant, of those that wait for one of these offices."""
    found = letters.of_case(incident).select_for_update(of=("self",), no_key=True).order_by("pk")
    if report is not None:
        found = found.filter(report=report)
    waiting = [letter for letter in found if letter.signed_at is None and letter.office_id in offices]
    if not waiting:
        raise ActionRefused("no_letter", _("No letter on this case waits for your office."))
    if len(waiting) > 1:
        raise InvalidInput("report", "required", _("Several letters wait on this case: say which report."))
    return waiting[0]


def _record(
    kind: timeline.Kind,
    letter: SecretaryLetter,
    incident: Incident,
    *,
    actor: Actor,
    at: datetime,
    **data: object,
) -> None:
    timeline.record(
        kind,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        letter=letter.pk,
        report=letter.report_id,
        unit=letter.office_id,
        **data,
    )
