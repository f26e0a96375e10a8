"""Where a unit's own system may file: inside that unit's area."""

from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient
from grids.locate import Place
from incidents.errors import InvalidInput

OUTSIDE = "outside_unit"


def check_within(client: ApiClient | None, place: Place) -> None:
    """Raises InvalidInput for a place outside the area of the unit that the system is of. A place that nobody
    could find is nowhere yet: somebody at the desk looks at it."""
    if client is None or client.unit is None:
        return
    own, known = _stem(client.unit.area_code), _stem(place.finest or "")
    # Of a place that is known as a street alone nobody can say that it is in none of its communities.
    if not known.startswith(own) and not own.startswith(known):
        words = _("This place is outside the area of the unit that this token is bound to.")
        raise InvalidInput("location", OUTSIDE, words)


def _stem(code: str) -> str:
    """What the codes of all places inside begin with: codes are 12 digits, a cell's 15, with noughts for the
    levels that an area has none of."""
    if code.endswith("000000"):
        return code[:6]
    return code[:9] if len(code) == 12 and code.endswith("000") else code
