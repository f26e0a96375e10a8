"""Who may have which data set, in the words of a notice (dashboards/datasets says who hears which)."""

from collections.abc import Callable

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from incidents.telling import Telling, moment

PREFIX = "data."


def name(telling: Telling) -> str:
    """The data set that the notice is about."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return str(telling.data.get(f"name_{language}") or _("Data set"))


STAFF: dict[str, Callable[[Telling], str]] = {
    "data.asked": lambda telling: _("Somebody asks for it. You own it: please answer."),
    "data.granted": lambda telling: (
        _("You may have it until %(until)s.") % {"until": moment(telling.data.get("until"))}
    ),
    "data.refused": lambda telling: _("Your request was refused. There you find why."),
    "data.withdrawn": lambda telling: _("What you were granted was withdrawn. There you find why."),
}
