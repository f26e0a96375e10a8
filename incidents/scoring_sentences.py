"""What happened to published scores, in the words of a notice (dashboards/scoring says who hears which)."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from incidents.telling import Telling, moment

PREFIX = "scoring."


def name(telling: Telling) -> str:
    """The period that the notice is about."""
    return _("Scores of %(period)s") % {"period": telling.number}


def _published(telling: Telling) -> str:
    return _("They are published. Your unit may appeal until %(until)s.") % {
        "until": moment(telling.data.get("until"))
    }


def _ruled(telling: Telling) -> str:
    if telling.data.get("upheld"):
        return _("Your unit's appeal was upheld. There you find what was said.")
    return _("Your unit's appeal was refused. There you find why.")


STAFF: dict[str, Callable[[Telling], str]] = {
    "scoring.published": _published,
    "scoring.appealed": lambda telling: _("A unit has appealed. Somebody from another tree rules on it."),
    "scoring.ruled": _ruled,
    "scoring.revised": lambda telling: _("A revision is dated today, and your unit's figures differ in it."),
    "scoring.closed": lambda telling: _("The time for appeals is over: the scores are final."),
}
