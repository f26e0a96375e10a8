"""Findings as a steward reads them: a short name for each kind, and a sentence for each finding."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from dispatch.deadlines import Limit
from dispatch.explain import Explainer
from dispatch.lint.findings import ERROR, NOTE, WARNING, Finding
from dispatch.vocabulary import PlaceType, Source, Urgency
from dispatch.wording import limit_words

Params = Mapping[str, Any]

SEVERITY_NAMES: Mapping[str, Promise] = {
    ERROR: pgettext_lazy("severity", "Error"),
    WARNING: pgettext_lazy("severity", "Warning"),
    NOTE: pgettext_lazy("severity", "Note"),
}

KIND_NAMES: Mapping[str, Promise] = {
    "no_items": gettext_lazy("Category without items"),
    "no_catch_all": gettext_lazy("Category without a general item"),
    "gap": gettext_lazy("Nobody there"),
    "crowded": gettext_lazy("Too many items in a category"),
    "lead_unknown": gettext_lazy("Unknown lead unit"),
    "lead_closed": gettext_lazy("Closed lead unit"),
    "self_supervised": gettext_lazy("Supervises itself"),
    "unit_unknown": gettext_lazy("Unknown unit"),
    "unit_closed": gettext_lazy("Closed unit"),
    "owner_needed": gettext_lazy("Needs a known owner"),
    "supervised_from_below": gettext_lazy("Supervised from below"),
    "overlap": gettext_lazy("Two units with equal claims"),
    "shadowed": gettext_lazy("Can never win"),
    "words_idle": gettext_lazy("Keywords never win"),
    "words_lost": gettext_lazy("Keyword always goes elsewhere"),
    "words_overruled": gettext_lazy("Shorter word wins"),
    "words_shared": gettext_lazy("Shared keywords"),
    "words_elsewhere": gettext_lazy("Keywords of other categories"),
    "limit_short": gettext_lazy("Limit shorter than the closing condition asks"),
    "limit_before_acceptance": gettext_lazy("Limit over before acceptance"),
    "limit_rests": gettext_lazy("Emergency in working time"),
    "limit_too_long": gettext_lazy("Limit too long for its urgency"),
    "limit_slow_dispatch": gettext_lazy("Dispatch too slow for its urgency"),
    "limit_unusual": gettext_lazy("Limit unlike its category's"),
    "limit_past_promise": gettext_lazy("Limit longer than the closing condition promises"),
    "powers": gettext_lazy("Asks for an authority's power"),
}

_COLUMNS: Mapping[str, Promise] = {
    "support_units": gettext_lazy("Supporting unit"),
    "follow_up_unit": gettext_lazy("Follow-up unit"),
    "supervising_unit": gettext_lazy("Supervising unit"),
    "owners": gettext_lazy("Owner asked for"),
}


class FindingWords:
    """Makes sentences of findings. `areas` are names by code; a code without a name stands for itself."""

    def __init__(self, explain: Explainer, areas: Mapping[str, str] | None = None) -> None:
        self.explain = explain
        self.areas = areas or {}

    def sentence(self, finding: Finding) -> str:
        return _SENTENCES[finding.code](self, finding, finding.params)

    def unit(self, code: str) -> str:
        return self.explain.unit(code)

    def items(self, codes: Sequence[str]) -> str:
        return _joined([self.explain.item(code) for code in codes])


def _joined(parts: Sequence[str]) -> str:
    return _(", ").join(parts)


def _said(words: Sequence[str], count: int | None = None) -> str:
    """Words in quotation marks, and that there are more where there are."""
    told = _joined([_("“%(word)s”") % {"word": word} for word in words])
    more = (count or 0) - len(words)
    if more <= 0:
        return told
    return ngettext("%(words)s and %(n)d more", "%(words)s and %(n)d more", more) % {"words": told, "n": more}


def _gap(w: FindingWords, f: Finding, p: Params) -> str:
    areas = _joined([w.areas.get(code, code) for code in p["areas"]])
    told = ngettext(
        "In %(n)d community (%(areas)s) there is no %(unit)s. Items that send cases to it: %(items)d.",
        "In %(n)d communities (%(areas)s) there is no %(unit)s. Items that send cases to it: %(items)d.",
        p["count"],
    )
    return told % {"n": p["count"], "areas": areas, "unit": w.unit(p["unit"]), "items": len(f.items)}


def _bad_unit(sentence: Callable[[], str]) -> Callable[[FindingWords, Finding, Params], str]:
    """A sentence about a unit that cannot act, the column that names it, and how many items do."""

    def make(w: FindingWords, f: Finding, p: Params) -> str:
        column = _COLUMNS.get(p["column"], "")
        return sentence() % {"unit": w.unit(p["unit"]), "column": column, "items": len(f.items)}

    return make


def _self_supervised(w: FindingWords, f: Finding, p: Params) -> str:
    if p["unit"] == p["supervising"]:
        return _("%(unit)s would supervise itself.") % {"unit": w.unit(p["unit"])}
    told = {"unit": w.unit(p["unit"]), "other": w.unit(p["supervising"])}
    areas = _joined([w.areas.get(code, code) for code in p["areas"]])
    return _("%(unit)s and %(other)s are the same unit in %(areas)s.") % {**told, "areas": areas}


def _overlap(w: FindingWords, f: Finding, p: Params) -> str:
    where = []
    if p.get("owner"):
        where.append(_("the owner is %(owner)s") % {"owner": w.unit(p["owner"])})
    if p.get("place_type"):
        where.append(_("the kind of place is %(place)s") % {"place": PlaceType(p["place_type"]).label})
    if p.get("source"):
        where.append(_("it comes from %(source)s") % {"source": Source(p["source"]).label})
    if p.get("time"):
        where.append(_("it is %(time)s") % {"time": p["time"]})
    if p["words"]:
        where.append(_("the text says %(words)s") % {"words": _said(p["words"], p["word_count"])})
    one, other = (w.unit(unit) for unit in p["units"])
    told = {"where": _joined(where), "one": one, "other": other}
    if not where:
        return _("%(one)s and %(other)s have equal claims on every case, and a person must decide.") % told
    return _("Where %(where)s, %(one)s and %(other)s have equal claims, and a person must decide.") % told


def _shadowed(w: FindingWords, f: Finding, p: Params) -> str:
    if not p["by"]:
        return _("No case can ever meet its conditions.")
    return _("Wherever it holds, another item stands before it: %(items)s.") % {"items": w.items(p["by"])}


def _lost(sentence: Callable[[], str]) -> Callable[[FindingWords, Finding, Params], str]:
    """A sentence about the item that wins, its words, and the siblings whose words they stand inside."""

    def make(w: FindingWords, f: Finding, p: Params) -> str:
        return sentence() % {
            "words": _said(p["words"], p["word_count"]),
            "by": _said(p["by"]),
            "winner": w.items(f.items[:1]),
            "unit": w.unit(p["unit"]),
            "items": w.items(f.items[1:]),
        }

    return make


def _elsewhere(w: FindingWords, f: Finding, p: Params) -> str:
    others = _joined([w.explain.category(code) for code in p["others"]])
    told = {"words": _said(p["words"], p["word_count"]), "others": others}
    return _("Items of other categories (%(others)s) have %(words)s as well.") % told


def _limit(sentence: Callable[[], str]) -> Callable[[FindingWords, Finding, Params], str]:
    """A sentence about one item's limit."""

    def make(w: FindingWords, f: Finding, p: Params) -> str:
        urgency = p.get("urgency")
        return sentence() % {
            "limit": limit_words(p["limit"]),
            "said": p.get("said"),
            "minutes": p.get("minutes"),
            "usual": p.get("usual"),
            "urgency": Urgency(urgency).label if urgency else "",
        }

    return make


def _acceptance(w: FindingWords, f: Finding, p: Params) -> str:
    accept = limit_words(str(Limit.minutes(p["accept_minutes"], p["urgency"])))
    told = {"accept": accept, "limit": limit_words(p["limit"])}
    return _("With %(accept)s to accept it, the handling limit of %(limit)s is over by then.") % told


def _unusual(w: FindingWords, f: Finding, p: Params) -> str:
    told = {
        "limits": _joined(list(dict.fromkeys(limit_words(limit) for limit in p["limits"]))),
        "usual": limit_words(p["usual"]),
        "urgency": Urgency(p["urgency"]).label,
    }
    return _("%(limits)s, where the category's usual limit (%(urgency)s) is %(usual)s.") % told


def _powers(w: FindingWords, f: Finding, p: Params) -> str:
    told = {"words": _said(p["words"]), "unit": w.unit(p["unit"])}
    return _("%(words)s takes an authority's power, which %(unit)s does not have.") % told


_SENTENCES: Mapping[str, Callable[[FindingWords, Finding, Params], str]] = {
    "no_items": lambda w, f, p: (
        _("No item of the list is about %(category)s.") % {"category": w.explain.category(f.category)}
    ),
    "no_catch_all": lambda w, f, p: (
        _("%(category)s has no item without conditions: a case that fits none goes to nobody.")
        % {"category": w.explain.category(f.category)}
    ),
    "gap": _gap,
    "crowded": lambda w, f, p: (
        _("%(category)s has %(count)d items: up to %(most)d can be checked against each other.")
        % {"category": w.explain.category(f.category), "count": p["count"], "most": p["most"]}
    ),
    "lead_unknown": _bad_unit(
        lambda: _("There is no unit “%(unit)s”. Items that send cases to it: %(items)d.")
    ),
    "lead_closed": _bad_unit(
        lambda: _("The unit “%(unit)s” has closed. Items that send cases to it: %(items)d.")
    ),
    "unit_unknown": _bad_unit(
        lambda: _("%(column)s: there is no unit “%(unit)s”. Items that name it: %(items)d.")
    ),
    "unit_closed": _bad_unit(
        lambda: _("%(column)s: the unit “%(unit)s” has closed. Items that name it: %(items)d.")
    ),
    "self_supervised": _self_supervised,
    "supervised_from_below": lambda w, f, p: (
        _("%(other)s stands below %(unit)s and would supervise it.")
        % {"unit": w.unit(p["unit"]), "other": w.unit(p["supervising"])}
    ),
    "owner_needed": lambda w, f, p: _(
        "It goes to the facility's owner; where nobody knows the owner, a person must decide."
    ),
    "overlap": _overlap,
    "shadowed": _shadowed,
    "words_idle": lambda w, f, p: (
        _("No keyword of its own ever brings it a case, since other items stand before it: %(items)s.")
        % {"items": w.items(p["by"])}
    ),
    "words_lost": _lost(
        lambda: _("Who says %(words)s (%(items)s) always comes to %(winner)s, %(unit)s, by its %(by)s.")
    ),
    "words_overruled": _lost(
        lambda: _(
            "Where all else that it asks holds, %(winner)s (%(unit)s) wins by %(by)s "
            "even when the text says %(words)s, which belongs to %(items)s."
        )
    ),
    "words_shared": _lost(
        lambda: _("%(winner)s (%(unit)s) shares %(words)s with %(items)s and wins where all it asks holds.")
    ),
    "words_elsewhere": _elsewhere,
    "limit_short": _limit(
        lambda: _("The closing condition asks for “%(said)s”, and the limit of %(limit)s may end before.")
    ),
    "limit_before_acceptance": _acceptance,
    "limit_rests": _limit(
        lambda: _("An emergency, yet its limit of %(limit)s stands still at night and on holidays.")
    ),
    "limit_too_long": _limit(lambda: _("%(limit)s is long for what is said to be: %(urgency)s.")),
    "limit_slow_dispatch": _limit(
        lambda: _("%(urgency)s, yet it may wait %(minutes)s minutes for dispatch; %(usual)s is the most.")
    ),
    "limit_unusual": _unusual,
    "limit_past_promise": _limit(
        lambda: _("The closing condition promises “%(said)s”, and the limit gives %(limit)s.")
    ),
    "powers": _powers,
}
