"""回避: a case about a unit or its staff goes to a unit outside of that unit's tree.

Whom a complaint about conduct is about is read from its words, and from those of every report that joined it.
Nobody sends such a case to them, nor invites them to it, nor rules that it is theirs; nor does it come to
them by itself, as the unit above or as one that its item names. Where the words mislead, the case is put
under another matter first, and that is on its timeline.
"""

from collections.abc import Collection, Iterable

from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch import conduct
from dispatch.edition import edition
from dispatch.items import normal_form
from incidents import remaining
from incidents.choosing import machine_record
from incidents.errors import ActionRefused
from incidents.models import Incident

# So many of the reports that joined are read: what the first hundred do not name is not what it is about.
_REPORTS = 100


def complained_of(incident: Incident, *, category: str | None = None) -> tuple[str, ...]:
    """Codes of the units that a saved case complains of; of another matter than conduct none, and nothing is
    asked. `category`: what the case is about to be filed under. It takes away no complaint: that is set right
    before."""
    if conduct.CATEGORY not in (category, incident.category_id):
        return ()
    links = incident.links.filter(unlinked_at__isnull=True).order_by("pk")
    said = links.values_list("report__text__body", flat=True)[:_REPORTS]
    words = normal_form("\n".join([remaining.words_of(incident), *said]))
    named = conduct.complained_of(
        words,
        edition().units,
        street=incident.street_code or None,
        community=incident.community_code or None,
    )
    # Words can be erased; what the machine read in them stays.
    record = machine_record(incident)
    read = record.detail["facts"].get("about", ()) if record else ()
    return tuple(sorted({*named, *read}))


def is_own(incident: Incident, unit: str, *, category: str | None = None) -> bool:
    """Would this unit look into a complaint about itself, or about a unit above it?"""
    return is_of(unit, complained_of(incident, category=category))


def is_of(unit: str, about: Collection[str]) -> bool:
    """Is it one of those that are complained of, or below one of them?"""
    return bool(about) and conduct.is_own(unit, about, edition().units)


def refuse_own(incident: Incident, units: Iterable[OrgUnit], *, category: str) -> None:
    """Nobody looks into a complaint about themselves (ActionRefused)."""
    about = complained_of(incident, category=category)
    if not about:
        return
    for unit in units:
        if conduct.is_own(unit.code, about, edition().units):
            raise ActionRefused(
                "conflict_of_interest",
                _(
                    "The case complains of %(unit)s: a unit outside of their tree looks into it. "
                    "If it is not about them, file it under another matter first."
                )
                % {"unit": unit},
            )
