"""Who looks at which case on the desk right now, so that two people do not read the same one.

A glance is not a claim: it keeps nobody from anything, it lapses within the minute, and no timeline tells
of it. It runs on the machine's clock, since it is about people at their screens.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import User
from incidents.models import Incident, Presence

# A page says every quarter of a minute that it is still open.
LASTS = timedelta(seconds=40)


def look(user: User, incident: Incident, *, now: datetime) -> None:
    """`user` has this case open, and no other; one statement."""
    Presence.objects.bulk_create(
        [Presence(user=user, incident=incident, seen_at=now)],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["incident", "seen_at"],
    )


def leave(user: User, incident: Incident) -> None:
    """`user` reads this case no more; nothing where they have opened another meanwhile."""
    Presence.objects.filter(user=user, incident=incident).delete()


def others(user: User, *, now: datetime) -> QuerySet[Presence]:
    """Everybody else who is at the desk now."""
    return Presence.objects.filter(seen_at__gt=now - LASTS).exclude(user=user)


def lookers(user: User, cases: Iterable[int], *, now: datetime) -> dict[int, User]:
    """Who else looks at these cases (by id), one person each; one query."""
    found = others(user, now=now).filter(incident__in=list(cases)).select_related("user")
    return {row.incident_id: row.user for row in found}
