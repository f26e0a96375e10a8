"""Choosing who checks: somebody outside the handler's and the supervising unit's tree, at random."""

import random
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.models import OrgUnit
from incidents import conflicts, outbox, timeline
from incidents.actor import Actor
from incidents.models import Assignment, Incident, Verification

# The root of every tree is nobody's own.
_NOBODYS = frozenset({"district"})
# Nobody shall be able to foresee who checks.
_picker = random.SystemRandom()


def ask(incident: Incident, lead: Assignment, *, actor: Actor, at: datetime) -> Verification:
    """Name the checking unit of a locked, resolved case and tell it."""
    unit_code = drawn(incident, lead)
    asked = Verification.objects.create(incident=incident, assignment=lead, unit_id=unit_code, asked_at=at)
    timeline.record(
        timeline.Kind.VERIFICATION_ASKED, incident_id=incident.pk, at=at, actor=actor, unit=unit_code
    )
    outbox.tell(
        "verification.asked",
        incident_id=incident.pk,
        receiver=f"check:{unit_code}",
        key=f"verification.asked:{asked.pk}",
        at=at,
    )
    return asked


def drawn(incident: Incident, lead: Assignment) -> str:
    """The code of a unit that may check, one of all that may; where there is none, the desk's."""
    return _picker.choice(checkers_for(incident, lead) or [settings.TRIAGE_UNIT])


def checkers_for(incident: Incident, lead: Assignment) -> list[str]:
    """Codes of the grid stations that may check: of other streets than the case's, and in no tree of the
    units that worked on it (the lead and its supporters) or that supervise it."""
    worked = incident.assignments.filter(
        Q(pk=lead.pk) | Q(role=Assignment.Role.SUPPORT, sent_at__gte=lead.sent_at)
    )
    paths = OrgUnit.objects.filter(
        Q(pk__in=worked.values("unit")) | Q(pk__in=[lead.unit_id, lead.supervising_unit])
    ).values_list("path", flat=True)
    barred = {code for path in paths for code in path.split(">")} - _NOBODYS
    stations = OrgUnit.objects.open().filter(kind=OrgUnit.Kind.STREET_TEAM, code__endswith="/grid-station")
    others = [
        station.code
        for station in stations
        if station.area_code != incident.street_code and not barred & set(station.path.split(">"))
    ]
    about = conflicts.complained_of(incident)
    return [code for code in others if not conflicts.is_of(code, about)] if about else others
