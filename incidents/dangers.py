"""Alarms that were read from words: kept once for each case, and counted by what was said and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from dispatch.facts import Decision
from dispatch.vocabulary import Urgency
from grids.models import code_prefix
from incidents.models import EmergencyAlarm, Incident

SHOWN = 50
# The danger of an alarm that no words gave: its phrase is the code of the category that was guessed.
GUESSED = "guessed"
_ALL = Q()
_FALSE = Count("pk", filter=Q(false_at__isnull=False))


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something alarmed, and how often somebody found that there was no danger."""

    key: str
    danger: str
    alarms: int
    false: int

    @property
    def share(self) -> float:
        return self.false / self.alarms if self.alarms else 0.0


def alarm_of(incident: Incident, decision: Decision, *, at: datetime) -> EmergencyAlarm | None:
    """The unsaved alarm of a new case, where its words gave one, or the category that they were read as."""
    for reason in decision.reasons:
        if reason.code == "urgency_guessed":
            return EmergencyAlarm(
                incident=incident,
                at=at,
                source=incident.source,
                danger=GUESSED,
                phrase=reason.params["category"],
            )
        if reason.code == "urgency_read" and reason.params["urgency"] == Urgency.EMERGENCY:
            return EmergencyAlarm(
                incident=incident,
                at=at,
                source=incident.source,
                danger=reason.params.get("danger", ""),
                phrase=reason.params["phrase"][:40],
            )
    return None


def keep(alarms: Iterable[EmergencyAlarm | None]) -> None:
    """Write them; no statement where there is none."""
    rows = [alarm for alarm in alarms if alarm is not None]
    if rows:
        EmergencyAlarm.objects.bulk_create(rows, ignore_conflicts=True)


def is_false(incident: Incident) -> bool:
    """Has a person said that what sounds like danger here is none?"""
    return EmergencyAlarm.objects.filter(incident=incident, false_at__isnull=False).exists()


def within(user: User) -> Q:
    """The condition on alarms that somebody counts: the district's people all, a street's their own."""
    found = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(Role.SUPERVISOR, Role.STEWARD):
        if grant.reach == Reach.DISTRICT:
            return Q()
        if grant.unit.area_code:
            found |= Q(incident__street_code__startswith=code_prefix(grant.unit.area_code))
    return found


def total(*, since: datetime, until: datetime, where: Q = _ALL) -> Tally:
    """Of a period, all together."""
    told = _of(since, until, where).aggregate(alarms=Count("pk"), false=_FALSE)
    return Tally("", "", told["alarms"], told["false"])


def by_phrase(*, since: datetime, until: datetime, where: Q = _ALL) -> list[Tally]:
    """Of a period by the words: the most often false first, of as many the commoner."""
    rows = (
        _of(since, until, where)
        .values("phrase", "danger")
        .annotate(alarms=Count("pk"), false=_FALSE)
        .order_by("-false", "-alarms", "phrase")
    )
    return [Tally(row["phrase"], row["danger"], row["alarms"], row["false"]) for row in rows[:SHOWN]]


def by_source(*, since: datetime, until: datetime, where: Q = _ALL) -> list[Tally]:
    """Of a period by where the reports came from."""
    rows = (
        _of(since, until, where)
        .values("source")
        .annotate(alarms=Count("pk"), false=_FALSE)
        .order_by("-alarms", "source")
    )
    return [Tally(row["source"], "", row["alarms"], row["false"]) for row in rows]


def _of(since: datetime, until: datetime, where: Q) -> QuerySet[EmergencyAlarm]:
    return EmergencyAlarm.objects.filter(where, at__gte=since, at__lte=until)
