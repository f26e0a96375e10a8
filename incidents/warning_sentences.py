"""A new warning in the words of a notice (dashboards/warning says who hears of it)."""

from collections.abc import Callable

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from incidents.telling import Telling, moment

PREFIX = "warning."


def name(telling: Telling) -> str:
    """What the notice is about: where, and which matter, as far as that is known."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    said = telling.data
    if said.get("name"):
        return str(said["name"])
    parts = [
        said.get(f"place_{language}"),
        said.get(f"matter_{language}") or " ".join(said.get("terms") or ()),
    ]
    return " · ".join(part for part in parts if part) or _("Early warning")


def _found(telling: Telling) -> str:
    said = telling.data
    numbers = {name: said.get(name, 0) for name in ("observed", "low", "high", "hours")}
    if said.get("what") == "repeat":
        return _("It keeps being reported again: %(observed)d cases.") % numbers
    if said.get("what") == "theme":
        return _("Something new that people say: %(observed)d of them, %(low)d–%(high)d are usual.") % numbers
    return _("A burst: %(observed)d reporters in %(hours)d hours, %(low)d–%(high)d are usual.") % numbers


STAFF: dict[str, Callable[[Telling], str]] = {
    "warning.found": _found,
    "warning.project": lambda telling: (
        _("Your unit owns this project. It ends on %(end)s.") % {"end": moment(telling.data.get("end"))}
    ),
}
