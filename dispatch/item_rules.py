"""What makes one item of the list valid, wherever it comes from: a file, a form or a spreadsheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dispatch.deadlines import Limit
from dispatch.items import Hours
from dispatch.models import Category, ResponsibilityItem
from dispatch.units import UnitDirectory
from dispatch.vocabulary import Level, PlaceType, Source, Urgency

# An owner that is not one of the district's units.
OTHER_OWNERS = frozenset({"private", "unknown"})
# The columns of an item besides its list, in the order in which a person reads them.
FIELDS = (
    *("code", "category", "matter_zh", "filing_condition_zh", "closing_condition_zh"),
    *("keywords", "owners", "place_types", "sources", "hours"),
    *("lead_unit", "support_units", "follow_up_unit", "supervising_unit", "level", "urgency"),
    *("dispatch_minutes", "accept_minutes", "handle_limit", "legal_basis"),
)
LISTS = ("keywords", "owners", "place_types", "sources", "support_units")
NUMBERS = ("dispatch_minutes", "accept_minutes")
CONDITIONS = ("keywords", "owners", "place_types", "sources", "hours")
_REQUIRED = ("code", "category", "matter_zh", "lead_unit", "supervising_unit", "handle_limit")
# Once and for all: Django works out the values of its choices anew each time.
_ALLOWED = tuple(
    (name, frozenset(choices.values))
    for name, choices in (
        ("place_types", PlaceType),
        ("sources", Source),
        ("level", Level),
        ("urgency", Urgency),
    )
)
MINUTES_MOST = 100_000
KEYWORD_MOST = 40
LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item cannot stand as it is: `field` is one of FIELDS, `code` names the rule."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """What items may name."""

    units: UnitDirectory
    categories: frozenset[str]


def known() -> Known:
    """The open units and the categories, in two queries."""
    return Known(UnitDirectory.read(), frozenset(Category.objects.values_list("code", flat=True)))


def values_of(item: ResponsibilityItem) -> dict[str, Any]:
    """An item's FIELDS as plain values; `category` is its code."""
    return {name: item.category_id if name == "category" else getattr(item, name) for name in FIELDS}


def problems_of(values: Mapping[str, Any], known: Known) -> list[Problem]:
    """Everything that is wrong with an item of these FIELDS (lists as lists, numbers as int or None)."""
    found = [Problem(name, "required", _("This is needed.")) for name in _REQUIRED if not values[name]]
    found += _too_long(values)
    if values["category"] and values["category"] not in known.categories:
        found.append(_unknown("category", values["category"]))
    for name in LISTS:
        found += _words(name, values[name])
    for name, allowed in _ALLOWED:
        told = values[name] if name in LISTS else [values[name]]
        found += [_unknown(name, word) for word in told if word not in allowed]
    for owner in values["owners"]:
        if owner not in OTHER_OWNERS and owner not in known.units.codes:
            found.append(_unknown("owners", owner))
    for name in ("lead_unit", "support_units", "follow_up_unit", "supervising_unit"):
        told = values[name] if name in LISTS else [values[name]]
        for pattern in told:
            if pattern and not known.units.knows(pattern):
                message = _("“%(word)s” is not a unit.") % {"word": pattern}
                found.append(Problem(name, "unknown_unit", message))
    found += _times(values)
    return found


def _times(values: Mapping[str, Any]) -> list[Problem]:
    found = []
    for name in NUMBERS:
        if values[name] is None or not 0 < values[name] <= MINUTES_MOST:
            message = _("A whole number of minutes, 1 to %(most)d.") % {"most": MINUTES_MOST}
            found.append(Problem(name, "minutes", message))
    if values["hours"]:
        try:
            Hours.parse(values["hours"])
        except ValueError:
            message = _("“%(word)s” is not a stretch of the day like 22:00-06:00.")
            found.append(Problem("hours", "hours", message % {"word": values["hours"]}))
    if values["handle_limit"]:
        try:
            Limit.parse(values["handle_limit"])
        except ValueError:
            message = _("“%(word)s” is not a limit: a whole number with h, wh (working hours) or wd (days).")
            found.append(Problem("handle_limit", "limit", message % {"word": values["handle_limit"]}))
    return found


def _too_long(values: Mapping[str, Any]) -> list[Problem]:
    found = []
    for name in FIELDS:
        if name in LISTS or name in NUMBERS or name == "category":
            continue
        most = getattr(ResponsibilityItem._meta.get_field(name), "max_length", None) or LONGEST_TEXT
        if len(values[name]) > most:
            message = _("At most %(most)d characters.") % {"most": most}
            found.append(Problem(name, "too_long", message))
    for word in values["keywords"]:
        if len(word) > KEYWORD_MOST:
            message = _("“%(word)s…” is longer than %(most)d characters.")
            found.append(Problem("keywords", "too_long", message % {"word": word[:20], "most": KEYWORD_MOST}))
    return found


def _words(name: str, words: list[str]) -> list[Problem]:
    found = []
    if any(not word.strip() or "|" in word for word in words):
        found.append(Problem(name, "empty_word", _("There is an empty word between two bars.")))
    if len(set(words)) < len(words):
        found.append(Problem(name, "twice", _("The same word stands here twice.")))
    return found


def _unknown(name: str, word: str) -> Problem:
    return Problem(name, "unknown", _("“%(word)s” is not known.") % {"word": word})
