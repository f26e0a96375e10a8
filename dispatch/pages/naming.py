"""What stands in an item, as people write and read it: units by name, limits and places in words."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from dispatch.lint.words import limit_words
from dispatch.units import AT_COMMUNITY, AT_OWNER, AT_STREET, UnitDirectory
from dispatch.vocabulary import Level, PlaceType, Source, Urgency

FIELD_NAMES: dict[str, str | Promise] = {
    "code": gettext_lazy("Code"),
    "category": gettext_lazy("Category"),
    "matter_zh": pgettext_lazy("of an item", "Matter"),
    "filing_condition_zh": gettext_lazy("Filing condition"),
    "closing_condition_zh": gettext_lazy("Closing condition"),
    "keywords": gettext_lazy("Keywords"),
    "owners": gettext_lazy("Owner of the facility"),
    "place_types": gettext_lazy("Kind of place"),
    "sources": gettext_lazy("Sources"),
    "hours": gettext_lazy("Time of day"),
    "lead_unit": gettext_lazy("Lead unit"),
    "support_units": gettext_lazy("Supporting units"),
    "follow_up_unit": gettext_lazy("Follow-up by"),
    "supervising_unit": gettext_lazy("Supervised by"),
    "level": pgettext_lazy("of handling", "Level"),
    "urgency": gettext_lazy("Urgency"),
    "dispatch_minutes": gettext_lazy("Dispatch within"),
    "accept_minutes": gettext_lazy("Accept within"),
    "handle_limit": gettext_lazy("Handle within"),
    "legal_basis": gettext_lazy("Legal basis"),
}
_UNIT_FIELDS = ("owners", "lead_unit", "support_units", "follow_up_unit", "supervising_unit")
_CHOICES: dict[str, Any] = {
    "place_types": PlaceType,
    "sources": Source,
    "level": Level,
    "urgency": Urgency,
}


def plain(text: str) -> str:
    """The text as it is compared: without full-width forms, case and outer blanks."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


class UnitNames:
    """The district's units and the relative ones, by what people call them, and back."""

    def __init__(self, units: UnitDirectory) -> None:
        english = (get_language() or "").startswith("en")
        self._codes: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        relative = _relative(units)
        every = {**relative, **units.names}
        for language in (0, 1):
            twice = Counter(names[language] for names in every.values())
            for code, names in every.items():
                name = names[language]
                told = f"{name} ({code})" if twice[name] > 1 else name
                self._codes.setdefault(plain(told), code)
                if english == bool(language):
                    self.labels[code] = told
        self.labels |= {"private": _("private"), "unknown": _("owner not found")}
        for code in self.labels:
            self._codes.setdefault(plain(code), code)
        for code in ("private", "unknown"):
            self._codes.setdefault(plain(self.labels[code]), code)
        self._closed = {code: names[english] for code, names in units.closed.items()}
        self._kinds = units.kinds
        self.relative = tuple(relative)

    def label(self, code: str) -> str:
        """What this unit or pattern is called; a closed one says so, an unknown one stands for itself."""
        if code in self._closed:
            return _("%(unit)s (closed)") % {"unit": self._closed[code]}
        return self.labels.get(code, code)

    def code(self, text: str) -> str:
        """The unit that is meant; the text itself where none is called so."""
        return self._codes.get(plain(text), text.strip())

    def codes(self, texts: Iterable[str]) -> list[str]:
        return [self.code(text) for text in texts]

    def matching(self, words: str) -> list[str]:
        """The codes of the units whose name or code has these words in it."""
        asked = plain(words)
        return [code for code, label in self.labels.items() if asked in plain(label) or asked in plain(code)]

    def offered(self) -> list[str]:
        """The labels to choose from, those that follow the place first."""
        return [label for code, label in self.labels.items() if code not in ("private", "unknown")]

    def owners_offered(self) -> list[str]:
        """The labels of who may own a facility: not a street's teams."""
        kinds = ("district_department", "enterprise")
        return [
            label
            for code, label in self.labels.items()
            if code in ("private", "unknown") or self._kinds.get(code) in kinds
        ]


def _relative(units: UnitDirectory) -> dict[str, tuple[str, str]]:
    """The relative units, called by what the names of all the units they may mean have in common."""
    streets, stations = list(units.streets.values()), list(units.communities.values())
    told = {
        AT_COMMUNITY: _common(units, stations),
        AT_STREET: _common(units, streets),
        AT_OWNER: ("@设施权属单位", "@owner of the facility"),
    }
    for team in sorted(units.teams):
        zh, en = _common(units, [f"{office}/{team}" for office in streets])
        told[f"{AT_STREET}/{team}"] = (zh, en)
    return {code: names for code, names in told.items() if names[0] != "@"}


def _common(units: UnitDirectory, codes: list[str]) -> tuple[str, str]:
    """What the names of these units end in alike, after an @; English names are cut between words only."""
    zh, en = (_ending([units.names[code][language] for code in codes]) for language in (0, 1))
    if codes and not en.startswith(" ") and en != units.names[codes[0]][1]:
        en = en.partition(" ")[2]
    return f"@{zh.strip()}", f"@{en.strip()}"


def _ending(names: list[str]) -> str:
    """The longest text that all these names end in."""
    alike = 0
    for letters in zip(*(reversed(name) for name in names), strict=False):
        if len(set(letters)) > 1:
            break
        alike += 1
    return names[0][len(names[0]) - alike :] if names else ""


def shown(field: str, value: Any, units: UnitNames) -> list[str]:
    """A field's value as the words that a person reads; none for what says nothing."""
    if value is None or value == "" or value == []:
        return []
    words = [str(word) for word in value] if isinstance(value, list) else [str(value)]
    if field in _UNIT_FIELDS:
        return [units.label(word) for word in words]
    if field in _CHOICES:
        kind = _CHOICES[field]
        return [str(kind(word).label) if word in kind.values else word for word in words]
    if field in ("dispatch_minutes", "accept_minutes"):
        return [_("%(minutes)s min") % {"minutes": word} for word in words]
    if field == "handle_limit":
        return [limit_in_words(words[0])]
    return words


def limit_in_words(spelt: str) -> str:
    """4wh as "4 working hours"; what is no limit stands as it came."""
    try:
        return limit_words(spelt)
    except ValueError:
        return spelt
