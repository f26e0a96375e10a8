"""How a street's sub-centre divides its work: each case belongs to exactly one group, the first that fits.

Streets run these as lines of work with people of their own, whatever department a matter belongs to in the
end. The order is the rule: what comes first takes the case, so that the groups' numbers add up to all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from dispatch.vocabulary import Source

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Group:
    """One line of work: the sources, domains and categories that make it up, and why it is one."""

    code: str
    name: Any
    why: Any
    icon: str
    sources: tuple[str, ...] = ()
    # Prefixes of category codes: two digits are a domain, four a category.
    matters: tuple[str, ...] = ()

    def holds(self) -> Q:
        """The condition under which a case could belong here; earlier groups come first."""
        found = Q(pk__in=[]) if self.sources or self.matters else Q()
        if self.sources:
            found |= Q(source__in=self.sources)
        for prefix in self.matters:
            found |= Q(category__code__startswith=prefix)
        return found


GROUPS: tuple[Group, ...] = (
    Group(
        "hotline",
        _("12345 calls"),
        _("The city sets the clock and calls the reporter back, whatever the matter: one desk follows them."),
        "phone",
        sources=(Source.HOTLINE,),
    ),
    Group(
        "hazards",
        _("Emergencies and hazards"),
        _("Collapses, gas, storms and slopes: the duty room leads, and waits for nobody's queue."),
        "siren",
        matters=("20",),
    ),
    Group(
        "minor_works",
        _("Minor works"),
        _("Small building jobs and refits need no permit, so the street registers and inspects them itself."),
        "tool",
        matters=("0803", "0804"),
    ),
    Group(
        "small_premises",
        _("Safety of small premises"),
        _(
            "Shops, workshops and places of entertainment, with the escapes and charging that burn in them: "
            "checked door by door by the safety office."
        ),
        "shield",
        matters=("1001", "1003", "1004", "1005", "1006"),
    ),
    Group(
        "work_safety",
        _("Fire and work safety"),
        _("Other fire protection, firms, dangerous goods and gas: inspected by the safety office by plan."),
        "alert",
        matters=("10", "11"),
    ),
    Group(
        "traffic",
        _("Traffic"),
        _("Parking, signals, buses and jams: worked along with the traffic police's squad of the street."),
        "navigate",
        matters=("03",),
    ),
    Group(
        "health",
        _("Health"),
        _("Medical care, epidemics and pests: the public service office and the health stations."),
        "heart",
        matters=("1701", "1702", "1703"),
    ),
    Group(
        "disputes",
        _("Disputes and labour"),
        _("Neighbours, wages and old grievances: settled by mediators, judged by mediation and not by days."),
        "adjudicate",
        matters=("14", "15"),
    ),
    Group(
        "building",
        _("Building and land"),
        _("Sites, unlawful building and dangerous houses: the construction office and the land squad."),
        "community",
        matters=("08", "09"),
    ),
    Group(
        "environment",
        _("Noise, air and water"),
        _("Measured before anybody can act: the ecology and water people of the street."),
        "wind",
        matters=("05", "06"),
    ),
    Group(
        "city",
        _("City cases"),
        _("Cleanliness, street facilities, greenery: what the city's own case system counts and grades."),
        "map",
        matters=("01", "02", "04"),
    ),
    Group(
        "grid",
        _("Grid"),
        _("What grid members and patrols found that belongs to no other line: the grid station follows it."),
        "map-pin",
        sources=(Source.PATROL, Source.COUNCIL),
    ),
    Group(
        OTHER,
        _("Other matters"),
        _("Trade, housing, schools, services and what is not yet classified."),
        "dots",
    ),
)
BY_CODE = {group.code: group for group in GROUPS}


def group_of() -> Case:
    """The code of a case's group, as an expression on Incident."""
    whens = [When(group.holds(), then=Value(group.code)) for group in GROUPS if group.code != OTHER]
    return Case(*whens, default=Value(OTHER), output_field=CharField())


def place_in(source: str, category: str, groups: Iterable[Group] = GROUPS) -> str:
    """The same for one case at hand, in plain words: the slow twin of `group_of`."""
    for group in groups:
        if source in group.sources or any(category.startswith(prefix) for prefix in group.matters):
            return group.code
    return OTHER
