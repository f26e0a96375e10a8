"""What can be reported: the district's categories, with what of them changes whose job it is."""

from datetime import datetime

from django.utils.translation import get_language

from dispatch.edition import recent_edition
from dispatch.models import Category, ListTerm
from dispatch.vocabulary import PlaceType, Urgency
from grids.locate import geography
from incidents.openness import is_public_category
from incidents.public.open_facts import Catalogue, Service


def catalogue(*, at: datetime) -> Catalogue:
    """Every category, in the reader's language, by the list that decides at `at`. Raises NoLiveList."""
    items = recent_edition().index.items.values()
    placed = {item.category for item in items if item.place_types}
    owned = {item.category for item in items if item.owners}
    dangerous = {item.category for item in items if item.urgency == Urgency.EMERGENCY and item.conditions}
    term = ListTerm.objects.at(at).first()
    everywhere = tuple((str(kind), str(kind.label)) for kind in PlaceType)
    english = (get_language() or "").startswith("en")
    district = geography().district or ""
    return Catalogue(
        district=district,
        district_name=geography().names[district][english] if district else "",
        changed_at=max(filter(None, (term.starts_at, term.decided_at))) if term else None,
        services=tuple(
            Service(
                code=category.code,
                name=category.name,
                # The scope is written in Chinese alone.
                description=f"{category.domain}: {category.name}" if english else category.scope_zh,
                keywords=(category.name_zh if english else category.name_en, category.domain),
                group=category.domain,
                place_types=everywhere if category.code in placed else (),
                of_facilities=category.code in owned,
                is_public=is_public_category(category),
                is_dangerous=category.code in dangerous,
            )
            for category in Category.objects.in_use().order_by("code")
        ),
    )
