"""What hangs on a unit: shown before it is closed, and what of it is left to be done by people after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from accounts.models import ApiClient, DutyShift, GroupRole, Membership, OrgUnit
from dispatch.edition import edition
from dispatch.models import ResponsibilityItem, WorkingHours
from grids.models import Facility
from incidents import succeeding
from incidents.models import Incident, InstructionPart, SecretaryLetter
from incidents.models.incident import Status


@dataclass(frozen=True, slots=True)
class Bond:
    """So many things of a kind; `after` says what becomes of them."""

    words: str
    count: int
    after: str


def open_cases(unit: OrgUnit) -> list[tuple[str, int]]:
    """The unit's open cases by state, and those in which it supports or checks."""
    owned = Incident.objects.open().filter(owner_unit=unit)
    counts = dict(owned.order_by().values_list("status").annotate(count=Count("pk")))
    told = [(str(label), counts[state]) for state, label in Status.choices if counts.get(state)]
    others = succeeding.cases_of(unit.pk).exclude(owner_unit=unit).count()
    return [*told, *([(_("Of other units, which it supports or is to check"), others)] if others else [])]


def bonds_of(unit: OrgUnit, *, at: datetime) -> list[Bond]:
    """Everything else that names the unit; only what there is."""
    code, successors = unit.pk, _("goes to the successor by itself")
    items: Any = ResponsibilityItem.objects.filter(list=edition().list_id)
    named = Q(lead_unit=code) | Q(support_units__contains=[code])
    named |= Q(supervising_unit=code) | Q(follow_up_unit=code)
    found = [
        Bond(
            _("Roles of people"),
            Membership.objects.filter(unit=unit).count(),
            _("open nothing any more until the security administrator moves the people"),
        ),
        Bond(
            _("Items of the list in force"),
            items.filter(named).count(),
            _("mean the successor from now on; write it into the next version of the list"),
        ),
        Bond(
            _("Facilities that it owns"),
            Facility.objects.in_use().filter(owner_code=code).count(),
            successors,
        ),
        Bond(
            _("Tokens of other systems"),
            ApiClient.objects.filter(unit=unit, is_active=True).count(),
            _("stay with the closed unit: the security administrator changes them"),
        ),
        Bond(
            _("Roles that groups at the provider give"),
            GroupRole.objects.filter(unit=unit, ended_at=None).count(),
            _("give nothing any more: the security administrator says them anew"),
        ),
        Bond(
            _("Duty shifts to come"),
            DutyShift.objects.filter(unit=unit, ends_at__gt=at).count(),
            _("nobody looks there any more: enter them at the successor"),
        ),
        Bond(
            _("Working hours of its own"),
            WorkingHours.objects.filter(unit=unit).count(),
            _("clocks that run keep their due times; new ones go by the successor's hours"),
        ),
        Bond(
            _("Instructions that wait for its report"),
            InstructionPart.objects.filter(unit=unit, state=InstructionPart.State.WAITING).count(),
            _("stay: who gave them gives them to the successor"),
        ),
        Bond(
            _("Letters to its secretary without a reply"),
            SecretaryLetter.objects.filter(office=unit, signed_at=None).count(),
            _("stay: reply before it is closed"),
        ),
    ]
    return [bond for bond in found if bond.count]
