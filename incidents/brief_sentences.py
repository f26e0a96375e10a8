"""A brief in the words of a notice (dashboards/briefs says who hears of it)."""

from collections.abc import Callable

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from incidents.telling import Telling, moment

PREFIX = "brief."


def name(telling: Telling) -> str:
    """Which brief the notice is about: of whom, and of which days."""
    said = telling.data
    language = "en" if (get_language() or "").startswith("en") else "zh"
    words = {
        "name": said.get(f"name_{language}", ""),
        "first": moment(said.get("first")),
        "last": moment(said.get("last")),
    }
    if said.get("what") == "week":
        return _("Weekly brief of %(name)s, %(first)s to %(last)s") % words
    return _("Monthly brief of %(name)s, %(first)s to %(last)s") % words


def _drafted(telling: Telling) -> str:
    return _("The draft waits for your words. It goes out by itself on %(until)s.") % {
        "until": moment(telling.data.get("until"))
    }


STAFF: dict[str, Callable[[Telling], str]] = {
    "brief.issued": lambda telling: _("It is issued."),
    "brief.revised": lambda telling: _("A correction is issued. What was said before stays beside it."),
    "brief.drafted": _drafted,
}
