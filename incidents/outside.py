"""Upstream's own deadline for a case: never moved by anything here, and the earlier one rules."""

from datetime import datetime

from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from incidents import timers
from incidents.errors import InvalidInput
from incidents.models import Incident, Timer


def outside_deadline(incident: Incident) -> datetime | None:
    """The earliest deadline that upstream has set for a report which this case answers."""
    links = incident.links.filter(unlinked_at__isnull=True)
    earliest: datetime | None = links.aggregate(due_at=Min("report__outside_due_at"))["due_at"]
    return earliest


def outside_ahead(incident: Incident, *, at: datetime) -> datetime | None:
    """The same for a clock that starts afresh: a deadline that has passed was answered or missed then."""
    outside = outside_deadline(incident)
    return outside if outside is not None and outside > at else None


def follow_outside(incident: Incident, *, at: datetime) -> bool:
    """Upstream has said something new: bind the handling clock of a locked case; did its due time move?"""
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    if clock is None or not timers.bind(clock, outside_due_at=outside_deadline(incident), at=at):
        return False
    timers.rule(incident)
    return True


def refuse_beyond(incident: Incident, until: datetime, *, field: str) -> None:
    """More time than upstream gives is not ours to give (InvalidInput)."""
    outside = outside_deadline(incident)
    if outside is not None and until > outside:
        raise InvalidInput(
            field,
            "outside_deadline",
            _("The source's own deadline is earlier. Ask the source for more time first."),
        )
