"""What a screen on a wall says of single cases: it hangs where visitors walk, and is anybody's to look at.

Whoever reports a wrong, or asks that nobody learns of it, is found by matter, place and minute; so tip-offs,
labour matters and letters in confidence are counted here and never shown. A household's own affairs are told
by their domain and street, and drawn in the middle of their community: as data sets tell no cell of them.
"""

from typing import Final

from django.db.models import Q

from accounts.models import OrgUnit
from dashboards.datasets.privacy import FOR_THEMSELVES, OWN_AFFAIRS, is_own_affair
from dashboards.models import Warning
from dashboards.scope import Names
from dashboards.warning import shown as warnings
from incidents import queries
from incidents.centre import wall as walls
from incidents.centre.centres import Centre
from incidents.centre.outlines import drawing_of, middle_of
from incidents.contacting import LABOUR, protected
from incidents.models import Incident
from incidents.pages.centre_wall import short, words_of

_OWN = Q(nature__in=FOR_THEMSELVES) | Q(category=None) | Q(category__domain_code__in=OWN_AFFAIRS)
TELLING: Final = walls.Telling(named=~protected(), roughly=_OWN)


def words_for(case: Incident, place: queries.Places) -> dict[str, str]:
    """Its matter, its place and its unit, as they are said to anybody."""
    if not is_own_affair(case.category_id or ""):
        return words_of(case, place)
    unit = case.owner_unit
    return {
        "what": case.category.domain if case.category else words_of(case, place)["what"],
        "where": short(place.street(case)),
        # a station's name is its community's
        "unit": unit.get_kind_display() if unit.kind == OrgUnit.Kind.COMMUNITY_STATION else str(unit),
    }


def spot_of(case: Incident, centre: Centre) -> tuple[float, float] | None:
    """Where it is drawn; nothing where that is not on the sheet, or not known."""
    if is_own_affair(case.category_id or "", case.nature):
        return middle_of(centre, case.community_code)
    if case.lon is None or case.lat is None:
        return None
    return drawing_of(centre).on(case.lon, case.lat)


def place_of_warning(row: Warning, names: Names) -> str:
    """Its place: of labour matters no more than the street."""
    if row.community_code and LABOUR in (row.domain_code, row.category_code[:2]):
        return names.street(f"{row.community_code[:9]}000")
    return warnings.place(row, names)
