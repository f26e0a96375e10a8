"""Another system's standing and history in the reader's language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import ApiClient, OrgUnit, Scope, SystemChange
from incidents.pages.system_forms import DOORS

# From so long before its end on a token is shown as one to be replaced.
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Standing:
    """Is it let in, and does anything about that need somebody?"""

    words: str
    icon: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a system's history."""

    row: SystemChange
    words: str
    details: Sequence[str]


def standing_of(client: ApiClient, at: datetime) -> Standing:
    """In a word."""
    if not client.is_active:
        return Standing(_("switched off"), "lock")
    if client.expires_at is not None and client.expires_at <= at:
        return Standing(_("expired"), "warning")
    if client.expires_at is not None and client.expires_at <= at + SOON:
        return Standing(_("ends soon"), "warning")
    return Standing(pgettext("token", "good"), "check-circle")


def scope_words(scopes: Iterable[str]) -> list[str]:
    """What it may do."""
    labels = dict(Scope.choices)
    return [str(labels.get(scope, scope)) for scope in scopes]


def changes_of(rows: Iterable[SystemChange]) -> list[Change]:
    """Newest first, as they come."""
    rows = list(rows)
    codes = {code for row in rows for code in row.data.get("unit", []) if code}
    units = OrgUnit.objects.in_bulk(codes)
    return [
        Change(
            row,
            str(row.get_kind_display()),
            [_detail(name, told, units) for name, told in row.data.items()],
        )
        for row in rows
    ]


def _detail(name: str, told: Sequence[Any], units: dict[str, OrgUnit]) -> str:
    labels = {
        "name": _("Name of the system"),
        "source": _("Source"),
        "scopes": _("What it may do"),
        "unit": _("Only for this unit"),
        "addresses": _("Only from these addresses"),
        "expires_at": _("Good until"),
        "old_good_until": _("The one before is good until"),
    }
    before, after = (_value(name, value, units) for value in told)
    label = labels.get(name, name)
    return f"{label}: {before} → {after}" if before else f"{label}: {after}"


def _value(name: str, value: Any, units: dict[str, OrgUnit]) -> str:
    if not value:
        return ""
    if name == "unit":
        return str(units.get(value, value))
    if name == "scopes":
        return _(", ").join(scope_words(value))
    if name == "source":
        return str(dict(DOORS).get(value, value))
    if name in ("expires_at", "old_good_until"):
        at = parse_datetime(value)
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else str(value)
    return ", ".join(value) if isinstance(value, list) else str(value)
