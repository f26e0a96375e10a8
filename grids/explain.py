"""The evidence for a place, as sentences in the reader's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language, gettext

from grids.locate import geography


def sentences(evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for each piece of evidence, names filled in."""
    return [sentence(item) for item in evidence]


def sentence(item: Mapping[str, Any]) -> str:
    """One piece of evidence, live or as it was stored."""
    return _sentence(item["code"], item["params"])


def _sentence(code: str, params: Mapping[str, Any]) -> str:
    is_english = (get_language() or "").startswith("en")

    def name(code: str) -> str:
        known = geography().names.get(code)
        return known[1 if is_english else 0] if known else code

    template = {
        "point_in_cell": gettext("The point lies in %(area)s."),
        "nearest_cell": gettext("The point lies %(metres)s m outside the district: nearest cell taken."),
        "outside_district": gettext("The point lies outside the district."),
        "converted": gettext("Converted from %(crs)s."),
        "address_disagrees": gettext("The address names another place than the point."),
        "facility_place": gettext("It is about facility %(facility)s: its place is taken."),
        "area_given": gettext("The report names %(area)s by its code."),
        "community_named": gettext("The words “%(name)s” mean %(area)s."),
        "place_named": gettext("The words “%(words)s” mean %(name)s in %(areas)s (%(how)s)."),
        "place_elsewhere": gettext("“%(words)s” is known in %(areas)s, and not where the rest of it lies."),
        "places_apart": gettext("“%(words)s” is in %(areas)s, apart from what else is named."),
        "street_named": gettext("The words name %(area)s."),
        "district_named": gettext("The words name the district, but no street."),
        "other_district_named": gettext("The words name %(name)s, which is outside the district."),
        "ambiguous_name": gettext("“%(name)s” may be any of several areas: its street is needed."),
        "several_communities": gettext("The words name several communities: %(areas)s."),
        "several_streets": gettext("The words name several streets: %(areas)s."),
        "names_disagree": gettext("“%(name)s” is not in the street that the words name."),
        "no_name_known": gettext("No name of a street or community is known here."),
        "region_unknown": gettext("No street or community here is called “%(name)s”."),
    }[code]
    told_how = {
        "written": gettext("as written"),
        "alias": gettext("another name of it"),
        "former": gettext("its name of before"),
        "sound": gettext("by its sound"),
        "near": gettext("with one character wrong"),
    }
    comma = ", " if is_english else "、"
    filled = dict(params)
    if how := params.get("how"):
        filled["how"] = told_how.get(how, how)
    if area := params.get("area"):
        filled["area"] = name(area)
    if areas := params.get("areas"):
        filled["areas"] = comma.join(name(code) for code in areas)
    return template % filled
