"""Times and limits as a resident says them, in the reader's language."""

from collections.abc import Callable
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


def by_when(at: datetime) -> str:
    """7月6日（周一）18:00, or Mon 6 Jul, 18:00."""
    local = timezone.localtime(at)
    return _("%(day)s, %(time)s") % {"day": _weekday_and_day(local.date()), "time": f"{local:%H:%M}"}


def short_time(at: datetime, now: datetime) -> str:
    """今天 19:23, 昨天 19:23, or the day alone once it is longer ago."""
    local = timezone.localtime(at)
    days = (timezone.localtime(now).date() - local.date()).days
    if days > 1:
        return _weekday_and_day(local.date())
    return (_("yesterday %(time)s") if days else _("today %(time)s")) % {"time": f"{local:%H:%M}"}


def on_day(day: date) -> str:
    """7月6日（周一）, or Mon 6 Jul."""
    return _weekday_and_day(day)


def _weekday_and_day(day: date) -> str:
    weekday = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")][day.weekday()]
    if is_english():
        return f"{weekday} {day.day} {day:%b}"
    return f"{day.month}月{day.day}日（{weekday}）"


def is_english() -> bool:
    return (get_language() or "").startswith("en")


def limit(spelt: str) -> str:
    """A limit of the list as a person says it: 5wd → 5 working days."""
    for unit, say in _LIMITS:
        if spelt.endswith(unit):
            return say(int(spelt.removesuffix(unit)))
    return spelt


_LIMITS: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("wd", lambda n: ngettext("%(n)d working day", "%(n)d working days", n) % {"n": n}),
    ("wh", lambda n: ngettext("%(n)d working hour", "%(n)d working hours", n) % {"n": n}),
    ("wm", lambda n: ngettext("%(n)d working minute", "%(n)d working minutes", n) % {"n": n}),
    ("h", lambda n: ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}),
    ("m", lambda n: ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}),
)
