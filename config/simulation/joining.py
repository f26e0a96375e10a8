"""What joined wrongly: now and then the desk takes a report out of the case that it had joined by itself."""

from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import User
from accounts.roles import Action
from incidents import actions, alike, policy
from incidents.models import IncidentReport

# Of what joined by itself, one in so many.
_ONE_IN = 40
_SHOWN = 3
_PERIOD = timedelta(days=30)


def take_out_strays(*, at: datetime) -> int:
    """Take the latest of them out, as a case of their own each; answers how many. Once only."""
    if alike.joins(since=at - _PERIOD, until=at, seen=Q()).taken_out:
        return 0
    operator = User.objects.get(username="operator")
    joined = IncidentReport.objects.filter(
        score__isnull=False, unlinked_at__isnull=True, linked_at__gte=at - _PERIOD
    ).select_related("incident__text", "report")
    wanted = min(_SHOWN, max(1, joined.count() // _ONE_IN))
    done = 0
    for link in joined.order_by("-pk")[:200]:
        if done == wanted:
            break
        incident = link.incident
        if not alike.can_come_out(incident) or not policy.can(operator, Action.SPLIT, incident):
            continue
        actions.split(
            number=incident.number,
            reports=[link.report_id],
            actor=policy.acting_as(operator, Action.SPLIT, incident),
            at=at,
        )
        done += 1
    return done
