"""The timeline's sentences about what the desk takes apart, takes back and sets right."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from dispatch.edition import edition
from dispatch.explain import Explainer
from dispatch.models import Category
from dispatch.vocabulary import Urgency
from grids.locate import geography
from incidents.dangers import GUESSED
from incidents.sentence_parts import Names, Sentence, plain
from incidents.timeline import Kind


def _split(p: Mapping[str, Any], names: Names) -> str:
    told = {"number": p.get("number", ""), "count": int(p.get("reports") or 0)}
    if not told["count"]:
        return _("Another matter of it is case %(number)s now") % told
    return ngettext(
        "%(count)d report about something else is case %(number)s now",
        "%(count)d reports about something else are case %(number)s now",
        told["count"],
    ) % {**told, "count": told["count"]}


def _split_off(p: Mapping[str, Any], names: Names) -> str:
    return _("Split off from %(number)s") % {"number": p.get("out_of", "")}


def _recalled(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "number": p.get("number", "")}
    match p.get("what"):
        case Kind.REJECTED:
            return _("Taken back: not turned away after all")
        case Kind.ANSWERED:
            return _("Taken back: the answer did not go out")
        case Kind.MERGED:
            return _("Taken back: not merged into %(number)s after all") % told
        case Kind.ABSORBED:
            return _("Taken back: %(number)s is a case of its own again") % told
    return _("Taken back from %(unit)s before it was accepted") % told


def _corrected(p: Mapping[str, Any], names: Names) -> str:
    said = []
    if "category" in p:
        category = Category.objects.filter(pk=p["category"]).first()
        said.append(_("category %(name)s") % {"name": category or p["category"]})
    if "unit" in p:
        owner = _("somebody private") if p["unit"] == "private" else names.unit(p["unit"])
        said.append(_("facility owned by %(unit)s") % {"unit": owner})
    return _("Set right: %(what)s; decided anew") % {"what": _(", ").join(said)}


def _placed(p: Mapping[str, Any], names: Names) -> str:
    is_english = (get_language() or "").startswith("en")

    def name(code: str) -> str:
        known = geography().names.get(code)
        return known[1 if is_english else 0] if known else _("outside the district")

    if not p.get("moved"):
        return _("The place was checked and is right: %(area)s") % {"area": name(p.get("area", ""))}
    if p.get("why") == "map":
        return _("The map has changed: it lies in %(area)s now, and lay in %(before)s") % {
            "area": name(p.get("area", "")),
            "before": name(p["from_area"]),
        }
    if not p.get("from_area"):
        return _("Place set: %(area)s; decided anew") % {"area": name(p.get("area", ""))}
    return _("Place set: %(area)s instead of %(before)s; decided anew") % {
        "area": name(p.get("area", "")),
        "before": name(p["from_area"]),
    }


def _false_alarm(p: Mapping[str, Any], names: Names) -> str:
    before, after = p.get("before"), p.get("after")
    if p.get("danger") == GUESSED:
        return _("No emergency, though it was read as %(category)s: %(urgency)s from now on") % {
            "category": Explainer(edition().names).category(p.get("phrase", "")),
            "urgency": Urgency(after).label if after in Urgency.values else after,
        }
    if before == after or after not in Urgency.values:
        return _("No danger by “%(phrase)s”; the list calls the matter itself an emergency") % {
            "phrase": p.get("phrase", "")
        }
    return _("False alarm by “%(phrase)s”: %(urgency)s from now on") % {
        "phrase": p.get("phrase", ""),
        "urgency": Urgency(after).label,
    }


def _model_suggested(p: Mapping[str, Any], names: Names) -> str:
    told = {"model": p.get("model", "")}
    if not p.get("category"):
        return _("%(model)s was asked and named no category") % told
    category = Category.objects.filter(pk=p["category"]).first()
    return _("%(model)s was asked and suggests: %(name)s") % {**told, "name": category or p["category"]}


SENTENCES: Mapping[str, Sentence] = {
    Kind.RELEASED: plain(lambda: _("Put the case back on the desk")),
    Kind.SPLIT: _split,
    Kind.SPLIT_OFF: _split_off,
    Kind.RECALLED: _recalled,
    Kind.CORRECTED: _corrected,
    Kind.PLACED: _placed,
    Kind.FALSE_ALARM: _false_alarm,
    Kind.MODEL_SUGGESTED: _model_suggested,
}
