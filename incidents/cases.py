"""What the actions share: taking hold of a case, and letting it go."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch.edition import distrust
from incidents import adjudicating, cohandling, joined, outbox, pausing, policy, supervising, timers
from incidents.actor import SYSTEM, Actor
from incidents.ending import end_lead as end_lead
from incidents.errors import ActionRefused, InvalidInput, StaleFacts
from incidents.mediation.ending import overtake
from incidents.models import Assignment, Incident, OutboxMessage, Report, Text
from incidents.models.incident import Status
from incidents.recalendar import behind_calendar, follow_calendar
from incidents.sweeps import due_by, settle

TEXT_MAX = 2_000
# Each further try needs a calendar that changed during the one before.
CALENDAR_TRIES = 5


def hold(
    number: str, *, actor: Actor, action: Action | None, at: datetime, seen_version: int | None = None
) -> Incident:
    """Lock a case, bring its clocks up to `at`, and ask whether the actor may still do this.

    Raises ActionRefused: no such case, not allowed, or (StaleFacts) changed since it was shown.
    """
    return hold_all(number, actor=actor, action=action, at=at, seen_version=seen_version)[0]


def hold_all(
    *numbers: str, actor: Actor, action: Action | None, at: datetime, seen_version: int | None = None
) -> list[Incident]:
    """Lock several cases in id order, and answer them in the order named; the first one is guarded."""
    found = {incident.number: incident for incident in Incident.objects.locked(*numbers)}
    missing = [number for number in numbers if number not in found]
    if missing:
        raise ActionRefused("not_found", _("There is no case %(number)s.") % {"number": missing[0]})
    cases = [found[number] for number in numbers]
    # A sweep that is at work on one of their clocks ends first; from here on none can begin.
    timers.lock_open(cases)
    for incident in sorted(cases, key=lambda case: case.pk):
        _bring_up(incident, at=at)
    if seen_version is not None and cases[0].version != seen_version:
        raise StaleFacts(cases[0].number)
    if action is not None:
        policy.check(actor, action, cases[0])
    return cases


def bring_up(held: Sequence[Incident], *, at: datetime) -> None:
    """Keep the sweeps off these locked cases and settle those that time has left something to do at.

    Of many cases few have: the others take no statement of their own.
    """
    timers.lock_open(held)
    waiting = due_by(held, at=at) | behind_calendar(held)
    for incident in held:
        if incident.pk in waiting:
            _bring_up(incident, at=at)


def _bring_up(incident: Incident, *, at: datetime) -> None:
    """Let the case's clocks follow the calendar, then fire what is due by it.

    Nothing fires by a calendar that has changed, and this process may not have heard of the change yet:
    it asks the database then. Else an action that ends the clocks would end them with stages untold.
    """
    for _try in range(CALENDAR_TRIES):
        follow_calendar(incident, at=at)
        if not settle(incident, at=at):
            return
        distrust()


def hold_case_of(report: Report, *, actor: Actor, at: datetime) -> Incident:
    """Lock the case that answers a report now, however often it is merged meanwhile."""
    for _try in range(5):
        link = report.links.filter(unlinked_at__isnull=True).select_related("incident").get()
        incident = hold(link.incident.number, actor=actor, action=None, at=at)
        if report.links.filter(unlinked_at__isnull=True, incident=incident).exists():
            return incident
    raise ActionRefused("moved", _("This report is being moved between cases. Try again in a moment."))


def refuse_withdrawn(report: Report) -> None:
    """Refuse what is said about a report that was taken back, as it stands now that its case is locked."""
    report.refresh_from_db(fields=["withdrawn_at"])
    if report.withdrawn_at is not None:
        raise ActionRefused("already_withdrawn", _("You have taken this report back already."))


def save(incident: Incident) -> None:
    """Save a locked case as another version of itself."""
    incident.version += 1
    incident.save()


def store_text(body: str, *, at: datetime, field: str = "text") -> Text:
    """Keep a sentence as a row of its own; raises InvalidInput where it is missing or too long."""
    text = store_optional_text(body, at=at, field=field)
    if text is None:
        raise InvalidInput(field, "required", _("Write a sentence here."))
    return text


def required(words: str, *, field: str) -> None:
    """Raises InvalidInput where nothing was said."""
    if not words.strip():
        raise InvalidInput(field, "required", _("Write a sentence here."))


def store_optional_text(body: str, *, at: datetime, field: str = "text") -> Text | None:
    """The same for a sentence that may be left out."""
    body = body.strip()
    if not body:
        return None
    if len(body) > TEXT_MAX:
        raise InvalidInput(field, "max_length", _("At most %(max)d characters.") % {"max": TEXT_MAX})
    if "\x00" in body:
        raise InvalidInput(field, "null_characters", _("NUL characters are not text."))
    return Text.objects.create(body=body, created_at=at)


def finish(incident: Incident, *, at: datetime) -> None:
    """Stop every clock of a case that has just left the open states; the caller saves it."""
    pausing.abandon(incident, actor=SYSTEM, at=at)
    is_merged = incident.status == Status.MERGED
    cohandling.dismiss_all(incident, why=Assignment.End.MERGED if is_merged else Assignment.End.CLOSED, at=at)
    supervising.finish(incident, at=at)
    adjudicating.finish(incident, at=at)
    overtake(incident, at=at)
    timers.stop_all(incident, at=at, reason="finished")
    timers.rule(incident)
    incident.claimed_by = incident.claimed_at = None


def tell_reporters(
    incident: Incident, kind: str, *, at: datetime, hold: timedelta = timedelta(), **data: Any
) -> None:
    """Queue a message to everybody whose report this case answers, once each. It goes out after `hold`:
    until then it can be taken back."""
    messages = [
        outbox.message(
            kind,
            incident_id=incident.pk,
            receiver=f"report:{report_id}",
            key=f"{kind}:{incident.pk}:{incident.version}:{report_id}",
            at=at,
            **data,
        )
        for report_id in joined.spoken_to(incident)
    ]
    for message in messages:
        message.not_before = at + hold
    OutboxMessage.objects.bulk_create(messages, ignore_conflicts=True)
