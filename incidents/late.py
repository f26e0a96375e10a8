"""补录: what was typed in after it happened carries its true time, within limits and with a mark.

Up to half an hour late it counts as told. Beyond that, up to a day, it counts as of its entry until the
centre has countersigned it. Nothing older is taken.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from incidents import outbox
from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.models import Assignment, Incident, LateEntry, OutboxMessage

# Typing takes a moment; nobody calls that late.
AT_ONCE = timedelta(minutes=1)
COUNTS_UNTIL = timedelta(minutes=30)
TAKEN_UNTIL = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, as it counts now."""

    at: datetime  # what counts
    happened_at: datetime  # what was told
    entered_at: datetime
    state: LateEntry.State | None  # None: it was entered at once

    @property
    def mark(self) -> dict[str, str]:
        """What the timeline says about it, beside its time."""
        if self.state is None:
            return {}
        return {
            "late": self.state.value,
            "happened_at": self.happened_at.isoformat(),
            "entered_at": self.entered_at.isoformat(),
        }


def moment(
    happened_at: datetime | None,
    *,
    at: datetime,
    not_before: datetime | None = None,
    accepted_at: datetime | None = None,
    field: str = "happened_at",
) -> Moment:
    """Judge a true time that was told at `at`. Raises InvalidInput for one that cannot be."""
    if happened_at is None:
        return Moment(at, at, at, None)
    if happened_at > at:
        raise InvalidInput(field, "future", _("This time has not come yet."))
    if not_before is not None and happened_at < not_before:
        raise InvalidInput(field, "too_early", _("This is before the case was sent."))
    if accepted_at is not None and happened_at < accepted_at:
        raise InvalidInput(
            field, "before_acceptance", _("This is before the case was accepted: work begins after that.")
        )
    late_by = at - happened_at
    if late_by > TAKEN_UNTIL:
        raise InvalidInput(field, "too_old", _("At most 24 hours can be entered later."))
    if late_by <= AT_ONCE:
        return Moment(happened_at, happened_at, at, None)
    if late_by <= COUNTS_UNTIL:
        return Moment(happened_at, happened_at, at, LateEntry.State.COUNTED)
    return Moment(at, happened_at, at, LateEntry.State.WAITING)


def filed_outside(filed_at: datetime, *, at: datetime) -> Moment:
    """What our own machine in the outer zone took in counts from then, however long the core could not come
    for it: nobody typed that time. Where its clock is ahead of ours, from now."""
    counts = min(filed_at, at)
    return Moment(counts, counts, at, None)


def entry(
    incident: Incident,
    fact: LateEntry.Fact,
    moment: Moment,
    *,
    actor: Actor,
    unit_code: str,
    assignment: Assignment | None = None,
) -> LateEntry:
    """The unsaved row of a late moment."""
    assert moment.state is not None
    return LateEntry(
        incident=incident,
        assignment=assignment,
        fact=fact,
        happened_at=moment.happened_at,
        entered_at=moment.entered_at,
        entered_by=actor.user,
        unit_id=unit_code,
        state=moment.state,
    )


def lapse(incident: Incident, *, at: datetime) -> None:
    """What an entry was about does not stand any more: nobody countersigns it now."""
    incident.late_entries.filter(state=LateEntry.State.WAITING).exclude(fact=LateEntry.Fact.RECEIVED).update(
        state=LateEntry.State.LAPSED, answered_at=at
    )


def note(
    incident: Incident,
    fact: LateEntry.Fact,
    moment: Moment,
    *,
    actor: Actor,
    unit_code: str,
    assignment: Assignment | None = None,
) -> None:
    """Keep the mark of a moment that was late, and ask the centre where it has to countersign."""
    if moment.state is None:
        return
    row = entry(incident, fact, moment, actor=actor, unit_code=unit_code, assignment=assignment)
    if moment.state == LateEntry.State.WAITING:
        # Told twice: the later word stands.
        incident.late_entries.filter(fact=fact, state=LateEntry.State.WAITING).update(
            state=LateEntry.State.LAPSED, answered_at=moment.entered_at
        )
    row.save(force_insert=True)
    if moment.state == LateEntry.State.WAITING:
        ask_to_countersign(row).save(force_insert=True)


def ask_to_countersign(row: LateEntry) -> OutboxMessage:
    """The unsaved message to the centre about an entry that waits."""
    return outbox.message(
        "late.waiting",
        incident_id=row.incident_id,
        receiver="supervisors",
        key=f"late.waiting:{row.pk}",
        at=row.entered_at,
        fact=row.fact,
        unit=row.unit_id,
    )
