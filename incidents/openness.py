"""Which cases everybody may know of, and what of them. One rule, for pages, open data and Open311."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.lookups import IsNull

from dispatch.models import Category
from dispatch.vocabulary import Nature
from incidents.contacting import said_in_confidence
from incidents.models import Incident, IncidentReport

# What lies in the street is everybody's; what happens between people, at home or at work is not.
PUBLIC_DOMAINS = ("01", "02", "03", "04", "05", "06", "08", "10", "11", "18", "20")
# Of those domains, what is mostly at somebody's home: animals, water, neighbours' noise, odd jobs, flats
# rebuilt, rooms let by the bed, wiring, smoke alarms, power, gas, lines, a smell of gas.
_HOUSEHOLDS = (
    *("0111", "0501", "0502", "0604", "0803", "0804", "1005", "1006", "1007"),
    *("1801", "1802", "1803", "2002"),
)
_PUBLIC_NATURES = (Nature.COMPLAINT, Nature.HELP, Nature.FINDING, Nature.ALERT)
# Of a degree: some ten metres, which finds a lamp and names no door.
POINT_DIGITS = 4


def public(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Of these cases those that are about public space, and about nobody."""
    return incidents.filter(public_rule())


def public_rule() -> Q:
    """The same as a condition on cases.

    A case that answers a tip-off or a letter in confidence is left out whole, whoever else reported it: its
    point, its minute and its matter may tell who wrote. One that was merged goes by what it answered before.

    What was never sent to a unit is known by a guess alone, of its matter and its place: it waits until a
    person has sent it, or a decision that was sure enough. What comes back to the desk was known before.
    """
    told = Q(category__domain_code__in=PUBLIC_DOMAINS, nature__in=_PUBLIC_NATURES, in_district=True)
    told &= Q(first_dispatched_at__isnull=False)
    # One condition on links, which the database joins by their index, case by case; an "or" of two such
    # conditions it may answer by reading all reports.
    hidden = IncidentReport.objects.filter(
        Q(unlinked_at__isnull=True) | Q(IsNull(OuterRef("merged_into"), False)),
        said_in_confidence(),
        incident=OuterRef("pk"),
    )
    return told & ~Q(category__in=_HOUSEHOLDS) & ~Q(Exists(hidden))


def told_point(degrees: float | None) -> float | None:
    """Longitude or latitude as precisely as it is told."""
    return None if degrees is None else round(degrees, POINT_DIGITS)


def is_public_category(category: Category) -> bool:
    """Can a case of this category be known to everybody?"""
    return category.domain_code in PUBLIC_DOMAINS and category.code not in _HOUSEHOLDS
