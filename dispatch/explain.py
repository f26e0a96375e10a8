"""Reasons as sentences, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch.edition import Names
from dispatch.facts import Reason
from dispatch.items import HOURS, KEYWORDS, OWNER, PLACE_TYPE, SOURCE
from dispatch.normalise.talk import SEVERAL
from dispatch.units import AT_COMMUNITY, AT_OWNER, AT_STREET
from dispatch.vocabulary import Nature, PlaceType, Source, Urgency
from grids.explain import sentence as place_sentence
from grids.locate import geography
from grids.models import Facility

Params = Mapping[str, Any]


class Explainer:
    """Makes sentences of reasons; codes become the names that `names` holds."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def sentence(self, reason: Reason | Params) -> str:
        """One reason, live or as it was stored in JSON."""
        if isinstance(reason, Reason):
            code, params = reason.code, reason.params
        else:
            code, params = reason["code"], reason.get("params", {})
        make = _SENTENCES.get(code)
        return make(self, params) if make else str(code)

    def category(self, code: str | None) -> str:
        return self._pick(self.names.categories.get(code or ""), code)

    def unit(self, code: str | None) -> str:
        """A unit's name; a relative unit in words; private and unknown owners as such."""
        if code and code.startswith("@"):
            return self.pattern(code)
        if code in ("private", "unknown"):
            return _("a private owner") if code == "private" else _("nobody known")
        return self._pick(self.names.units.get(code or "") or self.names.closed.get(code or ""), code)

    def item(self, code: str | None) -> str:
        name = self.names.items.get(code or "")
        return f"{code} {name}" if name else str(code)

    def pattern(self, pattern: str) -> str:
        if pattern == AT_STREET:
            return _("the street office of the place")
        if pattern == AT_COMMUNITY:
            return _("the community station of the place")
        if pattern == AT_OWNER:
            return _("the owner of the facility")
        return _("the street team “%(team)s” of the place") % {"team": _team(pattern.partition("/")[2])}

    def area(self, code: str | None) -> str:
        """An area's name; what no area is stands for another district."""
        if not code:
            return _("outside the district")
        return self._pick(geography().names.get(code), code)

    def facility(self, params: Params) -> str:
        """A facility by its kind and its code."""
        kind = params["kind"]
        label = str(Facility.Kind(kind).label) if kind in Facility.Kind.values else kind
        return f"{label} {params['facility']}"

    def _pick(self, names: tuple[str, str] | None, code: str | None) -> str:
        if names is None:
            return str(code)
        return names[1] if (get_language() or "").startswith("en") else names[0]


# Reasons whose sentence is made of a code, here by its parameter, and of a percentage.
_TOLD_BY_PERCENT = {"matter": "item", "unit_probability": "unit", "category_guess": "category"}


# Reasons whose sentence rests on nothing but the names of an edition and the words of the code.
_LASTING = frozenset(
    {
        *("category_given", "category_guess", "catch_all", "unit_of_place"),
        *("keyword", "matter", "owner", "place_type", "source", "led_by_owner", "unit_probability"),
        *("before_emergency", "before_class", "before_named", "before_length", "before_code"),
        *("nature_read", "urgency_read", "place_type_read", "owner_read", "low_confidence", "enquiry"),
    }
)
_LASTING_MOST = 20_000
# Of each language the names that sentences were last made with, and those sentences.
_lasting: dict[str, tuple[Names, dict[tuple[str, str], str]]] = {}


def _lasting_of(names: Names) -> dict[tuple[str, str], str]:
    language = get_language() or ""
    held = _lasting.get(language)
    if held is None or held[0] is not names or len(held[1]) > _LASTING_MOST:
        held = _lasting[language] = (names, {})
    return held[1]


class ExplainerOfMany(Explainer):
    """Makes the sentences of many decisions in one language: what was said before is not made anew, in this
    batch or, where the sentence would still be the same, in one before it."""

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self._said: dict[tuple[str, str], str] = {}
        self._lasting = _lasting_of(names)

    def sentence(self, reason: Reason | Params) -> str:
        if isinstance(reason, Reason):
            return super().sentence(reason)
        code, params = reason["code"], reason.get("params", {})
        # What they tell of a probability is its percentage: nearly every text has another one.
        told_by = _TOLD_BY_PERCENT.get(code)
        if told_by is None:
            key = (code, repr(params))
        else:
            key = (code, f"{params[told_by]} {_percent(params['probability'])}")
        said = self._lasting if code in _LASTING else self._said
        told = said.get(key)
        if told is None:
            told = said[key] = super().sentence(reason)
        return told


def _team(code: str) -> str:
    return {
        "enforcement": _("law enforcement"),
        "public-services": _("public services"),
        "municipal-services": _("municipal services"),
        "safety": _("emergency and work safety"),
        "peace": _("peace and rule of law"),
        "urban-construction": _("urban construction"),
        "land-team": _("land supervision"),
        "grid-station": _("grid management"),
        "operations": _("operations"),
        "labour": _("labour"),
    }.get(code, code)


def talk_name(code: str) -> str:
    """What a text is instead of a report, in words."""
    return {
        "empty_talk": _("empty talk"),
        "thanks": _("thanks"),
        "test": _("a test"),
        "spam": _("advertising"),
        "several_matters": _("several matters"),
    }.get(code, code)


def condition_name(condition: str) -> str:
    """What an item may ask, in words."""
    return {
        OWNER: _("the owner of the thing"),
        KEYWORDS: _("words or the matter"),
        PLACE_TYPE: _("the kind of place"),
        HOURS: _("the time of day"),
        SOURCE: _("the source"),
    }[condition]


def _words(words: list[str]) -> str:
    return _(", ").join(_("“%(word)s”") % {"word": word} for word in words)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _place(code: str) -> str:
    return str(PlaceType(code).label) if code in PlaceType.values else code


def _source(code: str) -> str:
    return str(Source(code).label) if code in Source.values else code


def _either(labels: list[str]) -> str:
    return _(" or ").join(labels)


def _unit_or_none(explain: Explainer, code: str | None) -> str:
    return explain.unit(code) if code else _("a unit that is not known")


def _pair(explain: Explainer, p: Params) -> dict[str, str]:
    return {"item": explain.item(p["item"]), "other": explain.item(p["other"])}


_SENTENCES: dict[str, Callable[[Explainer, Params], str]] = {
    "category_given": lambda e, p: (
        _("The source named the category: %(category)s.") % {"category": e.category(p["category"])}
    ),
    "category_mapped": lambda e, p: (
        _("The source's category “%(name)s” means %(category)s here.")
        % {"name": p["name"], "category": e.category(p["category"])}
    ),
    "source_category_unknown": lambda e, p: (
        _("The source's category “%(name)s” is not in the table.") % {"name": p["name"]}
    ),
    "category_guess": lambda e, p: (
        _("The text reads as %(category)s (%(percent)s).")
        % {"category": e.category(p["category"]), "percent": _percent(p["probability"])}
    ),
    "nature_read": lambda e, p: (
        _("Read as %(nature)s from “%(phrase)s”.")
        % {"nature": Nature(p["nature"]).label, "phrase": p["phrase"]}
    ),
    "urgency_read": lambda e, p: (
        _("Raised to %(urgency)s by “%(phrase)s”.")
        % {"urgency": Urgency(p["urgency"]).label, "phrase": p["phrase"]}
    ),
    "urgency_guessed": lambda e, p: (
        _("An emergency only because it reads as %(category)s (%(percent)s): no words of danger were found.")
        % {"category": e.category(p["category"]), "percent": _percent(p["probability"])}
    ),
    "talk_read": lambda e, p: (
        _("Its parts read as different matters: %(categories)s.")
        % {"categories": _(", ").join(e.category(code) for code in p["categories"])}
        if p["talk"] == SEVERAL
        else _("Read as %(kind)s (%(percent)s).")
        % {"kind": talk_name(p["talk"]), "percent": _percent(p["probability"])}
    ),
    "words_foreign": lambda e, p: _("The words are not Chinese: nothing was guessed from them."),
    "place_type_read": lambda e, p: (
        _("The kind of place is %(place)s, by “%(phrase)s”.")
        % {"place": _place(p["place_type"]), "phrase": p["phrase"]}
    ),
    "owner_read": lambda e, p: (
        _("The asset belongs to %(owner)s, by “%(phrase)s”.")
        % {"owner": e.unit(p["owner"]), "phrase": p["phrase"]}
    ),
    "place_read": lambda e, p: place_sentence(p),
    "place_type_named": lambda e, p: (
        _("“%(words)s” is a place of the kind: %(place)s.")
        % {"words": p["words"], "place": _place(p["place_type"])}
    ),
    "facility_named": lambda e, p: (
        _("It is about %(facility)s, which belongs to %(owner)s.")
        % {"facility": e.facility(p), "owner": e.unit(p["owner"])}
    ),
    "facility_before_words": lambda e, p: (
        _("The words say %(said)s, but the plate is that of %(facility)s, which belongs to %(owner)s.")
        % {"said": e.unit(p["said"]), "facility": e.facility(p), "owner": e.unit(p["owner"])}
    ),
    "facility_near": lambda e, p: (
        _("The nearest of its kind is %(facility)s, %(metres)s m away, and belongs to %(owner)s.")
        % {"facility": e.facility(p), "metres": p["metres"], "owner": e.unit(p["owner"])}
    ),
    "facilities_near": lambda e, p: (
        _("About equally near, by different owners: %(rivals)s. Nobody is decided on.")
        % {
            "rivals": _(", ").join(
                _("%(facility)s of %(owner)s, %(metres)s m")
                % {
                    "facility": e.facility({"kind": p["kind"], "facility": facility}),
                    "owner": e.unit(owner),
                    "metres": metres,
                }
                for facility, owner, metres in zip(p["facilities"], p["owners"], p["metres"], strict=True)
            )
        }
    ),
    "facility_confirms": lambda e, p: (
        _("The register bears it out: %(facility)s of %(owner)s stands %(metres)s m away.")
        % {"facility": e.facility(p), "metres": p["metres"], "owner": e.unit(p["owner"])}
    ),
    "facility_contradicts": lambda e, p: (
        _(
            "The words say %(said)s and count; the nearest in the register, %(facility)s, %(metres)s m away, "
            "belongs to %(owner)s."
        )
        % {
            "said": e.unit(p["said"]),
            "facility": e.facility(p),
            "metres": p["metres"],
            "owner": e.unit(p["owner"]),
        }
    ),
    "facility_far": lambda e, p: (
        _("The plate is that of %(facility)s in %(area)s, %(metres)s m from the point.")
        % {"facility": e.facility(p), "area": e.area(p["area"]), "metres": p["metres"]}
    ),
    "named_elsewhere": lambda e, p: (
        (
            _("The address names %(area)s, and the point lies elsewhere.")
            if p["where"] == "address"
            else _("The words name %(area)s, and the point lies elsewhere.")
        )
        % {"area": e.area(p["area"])}
    ),
    "places_differ": lambda e, p: (
        _("Words and point disagree: at %(here)s it goes to %(unit)s, %(others)s.")
        % {
            "here": e.area(p["area"]),
            "unit": _unit_or_none(e, p["unit"]),
            "others": _(", ").join(
                _("at %(area)s to %(unit)s")
                % {"area": e.area(other["area"]), "unit": _unit_or_none(e, other["unit"])}
                for other in p["others"]
            ),
        }
    ),
    "owners_differ": lambda e, p: (
        _("It depends on whose it is: %(others)s.")
        % {
            "others": _(", ").join(
                _("%(owner)s's would go to %(unit)s")
                % {"owner": e.unit(other["owner"]), "unit": _unit_or_none(e, other["unit"])}
                for other in p["others"]
            )
        }
    ),
    "keyword": lambda e, p: _("The text contains %(words)s.") % {"words": _words(p["words"])},
    "matter": lambda e, p: (
        _("Within its category the text reads as this matter: %(item)s (%(percent)s).")
        % {"item": e.item(p["item"]), "percent": _percent(p["probability"])}
    ),
    "owner": lambda e, p: _("The asset belongs to %(owner)s.") % {"owner": e.unit(p["owner"])},
    "place_type": lambda e, p: _("The kind of place fits: %(place)s.") % {"place": _place(p["place_type"])},
    "hours": lambda e, p: _("It came at %(time)s, within %(hours)s.") % p,
    "source": lambda e, p: _("It came from: %(source)s.") % {"source": _source(p["source"])},
    "catch_all": lambda e, p: _("No item with conditions fits, so the category's general item applies."),
    "keyword_missing": lambda e, p: (
        _("None of its keywords occurs (%(words)s …).") % {"words": _words(p["words"])}
    ),
    "led_by_owner": lambda e, p: (
        _("The thing is %(owner)s's own, and this is its item of the list.") % {"owner": e.unit(p["owner"])}
    ),
    "matter_faint": lambda e, p: (
        _("None of its keywords occurs (%(words)s …), and only %(percent)s speaks for this matter.")
        % {"words": _words(p["words"]), "percent": _percent(p["probability"])}
    ),
    "owner_unknown": lambda e, p: (
        _("It needs the owner to be %(wanted)s; the owner is not known.")
        % {"wanted": _either([e.unit(code) for code in p["wanted"]])}
    ),
    "owner_differs": lambda e, p: (
        _("It needs the owner to be %(wanted)s; the owner is %(actual)s.")
        % {"wanted": _either([e.unit(code) for code in p["wanted"]]), "actual": e.unit(p["actual"])}
    ),
    "place_type_unknown": lambda e, p: (
        _("It needs the place to be %(wanted)s; the kind of place is not known.")
        % {"wanted": _either([_place(code) for code in p["wanted"]])}
    ),
    "place_type_differs": lambda e, p: (
        _("It needs the place to be %(wanted)s; this is %(actual)s.")
        % {"wanted": _either([_place(code) for code in p["wanted"]]), "actual": _place(p["actual"])}
    ),
    "source_differs": lambda e, p: (
        _("It is for reports from %(wanted)s; this came from %(actual)s.")
        % {"wanted": _either([_source(code) for code in p["wanted"]]), "actual": _source(p["actual"])}
    ),
    "hours_differ": lambda e, p: _("It applies from %(hours)s; this came at %(time)s.") % p,
    "before_emergency": lambda e, p: (
        _("%(item)s goes before %(other)s: emergencies come first.") % _pair(e, p)
    ),
    "before_other": lambda e, p: _("%(item)s goes before %(other)s.") % _pair(e, p),
    "before_class": lambda e, p: (
        _("%(item)s goes before %(other)s: it states the weightier conditions.") % _pair(e, p)
    ),
    "before_named": lambda e, p: (
        _("%(item)s goes before %(other)s: the whole text reads as this matter.") % _pair(e, p)
    ),
    "before_length": lambda e, p: (
        _("%(item)s goes before %(other)s: its keyword hit is longer.") % _pair(e, p)
    ),
    "before_code": lambda e, p: _("%(item)s and %(other)s fit equally, for the same unit.") % _pair(e, p),
    "behind_stated": lambda e, p: _("It applies only where no item with conditions fits."),
    "behind_emergency": lambda e, p: (
        _("All of it holds, but %(other)s goes first: it is an emergency.") % _pair(e, p)
    ),
    "behind_class": lambda e, p: (
        _("All of it holds, but %(other)s goes first: it states %(condition)s, which weighs more.")
        % {**_pair(e, p), "condition": _either([condition_name(name) for name in p["conditions"]])}
    ),
    "behind_named": lambda e, p: (
        _("All of it holds, but %(other)s goes first: the whole text reads as that matter.") % _pair(e, p)
    ),
    "behind_length": lambda e, p: (
        _("All of it holds, but %(other)s goes first: its word %(words)s is longer.")
        % {**_pair(e, p), "words": _words(p["words"])}
    ),
    "behind_code": lambda e, p: (
        _("All of it holds, but %(other)s fits as well, for the same unit, and has the lower code.")
        % _pair(e, p)
    ),
    "unit_of_place": lambda e, p: (
        _("At this place %(pattern)s is %(unit)s.")
        % {"pattern": e.pattern(p["pattern"]), "unit": e.unit(p["unit"])}
    ),
    "unit_probability": lambda e, p: (
        _("Probability that %(unit)s is the right unit: %(percent)s.")
        % {"unit": e.unit(p["unit"]), "percent": _percent(p["probability"])}
    ),
    "equal_claim": lambda e, p: _("Its claim equals that of %(other)s.") % {"other": e.item(p["other"])},
    "less_likely": lambda e, p: _("Less likely than %(other)s.") % {"other": e.unit(p["other"])},
    "emergency": lambda e, p: _(
        "It tells of danger, and the matter's unit is not one that answers danger: call first, then send."
    ),
    "empty_talk": lambda e, p: _("Nothing is said that a unit could act on."),
    "thanks": lambda e, p: _("It says thanks and asks for nothing."),
    "test": lambda e, p: _("It looks like a test."),
    "spam": lambda e, p: _("It looks like advertising."),
    "several_matters": lambda e, p: _("It seems to hold several matters: split it, then send each."),
    "out_of_area": lambda e, p: _("The place lies outside the district."),
    "enquiry": lambda e, p: _("It is an enquiry: it may be answered on the spot."),
    "no_match": lambda e, p: _("No item of the responsibility list fits."),
    "no_place": lambda e, p: _("The place is not known."),
    "place_unknown": lambda e, p: (
        _("The order names “%(name)s”, which is no street or community here: say where it is.") % p
    ),
    "unit_unknown": lambda e, p: (
        _("The unit depends on what is not known: %(pattern)s.") % {"pattern": e.unit(p["pattern"])}
    ),
    "conflict_of_interest": lambda e, p: (
        _("It complains of %(about)s: a unit outside of their tree has to look into it, not %(unit)s.")
        % {"about": _(", ").join(e.unit(unit) for unit in p["about"]), "unit": e.unit(p["unit"])}
    ),
    "ambiguous": lambda e, p: (
        _("Equal claims by different units: %(units)s.")
        % {"units": _(", ").join(e.unit(unit) for unit in p["units"])}
    ),
    "low_confidence": lambda e, p: (
        _(
            "Sure of this unit to %(percent)s; at no certainty were words alone right often enough to send a "
            "case by itself."
        )
        % {"percent": _percent(p["confidence"])}
        if p["threshold"] >= 1
        else _("Sure of this unit to %(percent)s; a case goes out by itself from %(threshold)s on.")
        % {"percent": _percent(p["confidence"]), "threshold": _percent(p["threshold"])}
    ),
}
# Every code that a decision may give; tests hold the sentences to it.
CODES = frozenset(_SENTENCES)
