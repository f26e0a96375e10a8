"""Items made short for tests."""

from dispatch.index import CategoryIndex, Match
from dispatch.items import Hours, Item

CATEGORY = "0101"


def item(
    code: str,
    unit: str = "a",
    *,
    words: str = "",
    owners: str = "",
    places: str = "",
    sources: str = "",
    hours: str = "",
    urgency: str = "routine",
    category: str = CATEGORY,
) -> Item:
    """An item with conditions given as words with blanks between."""
    return Item(
        code=code,
        category=category,
        lead_unit=unit,
        keywords=frozenset(words.split()),
        owners=frozenset(owners.split()),
        place_types=frozenset(places.split()),
        sources=frozenset(sources.split()),
        hours=Hours.parse(hours) if hours else None,
        urgency=urgency,
    )


def match(
    items: list[Item],
    hits: str = "",
    *,
    owner: str | None = None,
    place: str | None = None,
    source: str = "hotline",
    minute: int = 12 * 60,
    named: str = "",
) -> Match:
    """The answer of these items alone."""
    return CategoryIndex(items).match(hits.split(), owner, place, source, minute, named.split())


def codes(answer: Match) -> list[str]:
    return [claim.code for claim in answer.claims]
