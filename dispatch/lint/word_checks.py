"""Items beside each other: equal claims, items that never win, words that lead elsewhere."""

from collections.abc import Iterator, Mapping, Sequence

from dispatch.items import Item
from dispatch.lint.findings import TOLD, Finding
from dispatch.lint.rivalry import Lost, Shadowed, Standing, Values


def rival_findings(items: Sequence[Item], standings: Mapping[str, Standing]) -> Iterator[Finding]:
    """What comes of the items' standing in their own categories."""
    by_code = {item.code: item for item in items}
    for category, standing in standings.items():
        for overlap in standing.overlaps:
            units = [by_code[code].lead_unit for code in overlap.items]
            told = {**_some(overlap.words), "units": units, **_values(overlap.values)}
            yield Finding("overlap", overlap.items, category, told)
        for shadowed in standing.shadowed:
            yield from _shadowed(by_code[shadowed.code], shadowed)
        hidden = {shadowed.code for shadowed in standing.shadowed}
        yield from _lost([one for one in standing.lost if one.code not in hidden], category, by_code)


def _shadowed(item: Item, shadowed: Shadowed) -> Iterator[Finding]:
    code = "words_idle" if shadowed.when_named else "shadowed"
    told = {"by": list(shadowed.by[:TOLD]), "count": len(shadowed.by)}
    yield Finding(code, (item.code,), item.category, told)


def _lost(lost: Sequence[Lost], category: str, by_code: Mapping[str, Item]) -> Iterator[Finding]:
    """One finding for each item that wins by words which stand inside its siblings' words.

    Lost: said alone, the sibling's word always goes to it. Overruled: so it does where its other
    conditions hold, though what was said is longer than its own word. Shared: the same by the very same
    word, which is how a list tells places apart.
    """
    pairs: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in lost:
        for rival in one.by:
            own = by_code[rival].keywords
            if not own:
                continue  # it wins by its owner or as an emergency, whatever is said
            code = "words_overruled"
            if one.always:
                code = "words_lost"
            elif one.word in own:
                code = "words_shared"
            pairs.setdefault((rival, code), {}).setdefault(one.code, []).append(one.word)
    for (rival, code), losers in sorted(pairs.items()):
        words = sorted({word for said in losers.values() for word in said})
        fired = sorted(word for word in by_code[rival].keywords if any(word in said for said in words))
        told = {**_some(words), "unit": by_code[rival].lead_unit, "by": fired[:TOLD]}
        yield Finding(code, (rival, *sorted(losers)), category, told)


def elsewhere(items: Sequence[Item]) -> Iterator[Finding]:
    """Words that items of other categories have too, one finding for each category: the text alone does
    not tell which category is meant."""
    having: dict[str, set[str]] = {}
    for item in items:
        for word in item.keywords:
            having.setdefault(word, set()).add(item.category)
    by_category: dict[str, list[str]] = {}
    for word, categories in sorted(having.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if len(categories) > 1:
            for category in categories:
                by_category.setdefault(category, []).append(word)
    for category, words in sorted(by_category.items()):
        codes = tuple(
            item.code for item in items if item.category == category and not item.keywords.isdisjoint(words)
        )
        others = {other for word in words for other in having[word]} - {category}
        yield Finding("words_elsewhere", codes, category, {**_some(words), "others": sorted(others)[:TOLD]})


def _some(words: Sequence[str]) -> dict[str, object]:
    """The first of the words, and how many there are."""
    return {"words": list(words[:TOLD]), "word_count": len(words)}


def _values(values: Values) -> dict[str, object]:
    """The values that matter for a case that shows it."""
    told: dict[str, object] = {
        name: value
        for name in ("owner", "place_type", "source")
        if (value := getattr(values, name)) is not None
    }
    if values.minute:
        told["time"] = f"{values.minute // 60:02}:{values.minute % 60:02}"
    return told
