"""What sentences about a case are put together from: units by name, clocks, instants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import OrgUnit, User
from accounts.templatetags.ui import moment as moment_words
from incidents.models import Text, Timer

# What a timeline row holds, and the names that its codes stand for.
Sentence = Callable[[Mapping[str, Any], "Names"], str]


@dataclass(frozen=True, slots=True)
class Names:
    """The texts, units and staff that a timeline names by id and code."""

    texts: Mapping[int, Text]
    units: Mapping[str, OrgUnit]
    people: Mapping[int, User] = field(default_factory=dict)

    def unit(self, code: str | None) -> str:
        found = self.units.get(code or "")
        return found.name if found else (code or "")

    def person(self, pk: int) -> str:
        """Somebody of the staff."""
        return str(self.people.get(pk) or _("somebody"))


def plain(sentence: Callable[[], str]) -> Sentence:
    """A sentence without anything to be filled in."""
    return lambda p, names: sentence()


def of_unit(sentence: Callable[[], str]) -> Sentence:
    """A sentence about the unit that the row names."""
    return lambda p, names: sentence() % {"unit": names.unit(p.get("unit"))}


def clock_name(code: str | None) -> str:
    """A clock as people call it."""
    names: dict[str, str] = {
        Timer.Kind.DISPATCH: pgettext("clock", "Dispatch"),
        Timer.Kind.ACCEPTANCE: pgettext("clock", "Acceptance"),
        Timer.Kind.FIRST_CONTACT: pgettext("clock", "First contact"),
        Timer.Kind.HANDLING: pgettext("clock", "Handling"),
        Timer.Kind.VERIFICATION: pgettext("clock", "Verification"),
        Timer.Kind.CALLBACK: pgettext("clock", "Callback"),
        Timer.Kind.SUPPORT: pgettext("clock", "Support"),
        Timer.Kind.SUPERVISION: pgettext("clock", "Order to act"),
        Timer.Kind.ADJUDICATION: pgettext("clock", "Adjudication"),
        Timer.Kind.UPSTREAM: pgettext("clock", "Review by the source"),
    }
    return names.get(code or "", code or "")


def stage_receiver(stage: str | None) -> str:
    """Whom a stage after the due time tells."""
    return {
        "esc_head": _("the head of the unit"),
        "esc_street": _("the street's centre"),
        "esc_district": _("the district's supervisors"),
        "esc_leader": _("the district's leaders"),
    }.get(stage or "", stage or "")


def day(text: str | None) -> str:
    return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT") if text else ""


def moment(text: str | None) -> str:
    """An instant as rows hold it, in the district's time: day and time."""
    return strip_tags(moment_words(_local(text), "full")) if text else ""


def time_of(text: str | None, *, beside: str | None = None) -> str:
    """An instant beside another one: the time alone where both lie on one day."""
    if not text:
        return ""
    local = _local(text)
    if beside and _local(beside).date() == local.date():
        return f"{local:%H:%M}"
    return moment(text)


def late_words(p: Mapping[str, Any]) -> str:
    """补录: when it happened and when it was typed in; empty where it was entered at once."""
    if not p.get("late"):
        return ""
    told = {
        "happened": time_of(p.get("happened_at"), beside=p.get("entered_at")),
        "entered": time_of(p.get("entered_at"), beside=p.get("happened_at")),
    }
    if p["late"] == "waiting":
        return _("typed in at %(entered)s, happened at %(happened)s; to be countersigned") % told
    return _("typed in at %(entered)s, happened at %(happened)s") % told


def with_late(sentence: Sentence) -> Sentence:
    """The sentence, and after it that it was typed in later."""

    def words(p: Mapping[str, Any], names: Names) -> str:
        late = late_words(p)
        said = sentence(p, names)
        return _("%(said)s (%(late)s)") % {"said": said, "late": late} if late else said

    return words


def _local(text: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(text))
