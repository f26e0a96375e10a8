"""The log in the reader's language: what was done, about what, and what more there is to say."""

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.audit.rows import AuditEvent
from accounts.identity.rows import Ending, Factor, SignInEvent
from accounts.models import User
from accounts.roles import Role

_WHAT: Final[dict[str, Any]] = {
    "unmasked": gettext_lazy("Looked at the reporter's name and number"),
    "mediation_read": gettext_lazy("Looked at the parties' names and what they said"),
    "phone_search": gettext_lazy("Looked for a telephone number"),
    "file": gettext_lazy("Took a file out"),
    "dataset": gettext_lazy("Took a data set out"),
    "membership": gettext_lazy("Role in a unit"),
    "group_role": gettext_lazy("Role of a group at the provider"),
    "provider_link": gettext_lazy("Link with the provider"),
    "person": gettext_lazy("Sign-in of a person"),
    "system": gettext_lazy("Access of another system"),
    "old_token": gettext_lazy("Replaced token of another system"),
    "place_code": gettext_lazy("Printed code"),
    "unit": gettext_lazy("Unit"),
    "webhook": gettext_lazy("Webhook"),
    "alert_rule": gettext_lazy("Rule for alerts"),
    "alert_inhibition": gettext_lazy("Inhibition of alerts"),
    "clock_rule": gettext_lazy("Clock rule"),
    "calendar_year": gettext_lazy("Year of the work calendar"),
    "working_hours": gettext_lazy("Working hours"),
    "stoppage": gettext_lazy("Stop of work"),
    "screen": gettext_lazy("Command screen on a wall"),
    "repeat_rule": gettext_lazy("Rule for repeats"),
    "data_asked": gettext_lazy("Data set asked for"),
    "data_granted": gettext_lazy("Data set granted"),
    "data_refused": gettext_lazy("Data set refused"),
    "data_cancelled": gettext_lazy("Request for a data set taken back"),
    "data_withdrawn": gettext_lazy("Grant of a data set withdrawn"),
    "data_rule": gettext_lazy("Who may have a data set"),
    "block_cut": gettext_lazy("Block cut"),
    "block_changed": gettext_lazy("Block changed"),
    "block_undone": gettext_lazy("Block taken apart"),
    "list_proposed": gettext_lazy("List proposed"),
    "list_sent_back": gettext_lazy("List sent back"),
    "list_dropped": gettext_lazy("Draft of the list dropped"),
    "list_adopted": gettext_lazy("List adopted"),
    "list_withdrawn": gettext_lazy("Beginning of a list taken back"),
    "list_began": gettext_lazy("List went live"),
    "list_rolled_back": gettext_lazy("Earlier list live again"),
    "mapping": gettext_lazy("What a source's name means"),
    "category": gettext_lazy("Category"),
    "areas": gettext_lazy("Areas of the map"),
    "named_places": gettext_lazy("Names of places"),
    "facility_owners": gettext_lazy("Owners of facilities"),
    "privacy_copy": gettext_lazy("Copy of what is kept about a resident"),
    "privacy_erasure": gettext_lazy("Erasure of what is kept about a resident"),
    "privacy_asked": gettext_lazy("Request about a resident's data written down"),
    "privacy_begun": gettext_lazy("Request about a resident's data begun"),
    "privacy_declined": gettext_lazy("Request about a resident's data not carried out"),
    "privacy_lapsed": gettext_lazy("Request about a resident's data lapsed"),
    "trimmed": gettext_lazy("Old rows of the log let go"),
    "head_accepted": gettext_lazy("End of the log accepted after a restore"),
}
_OPS: Final = {
    "insert": pgettext_lazy("audit", "new"),
    "update": pgettext_lazy("audit", "changed"),
    "delete": pgettext_lazy("audit", "removed"),
}
_ABOUT: Final = {
    "case": gettext_lazy("Case"),
    "list": gettext_lazy("List version"),
    "dataset": gettext_lazy("Data set"),
    "source": gettext_lazy("Source"),
    "system": gettext_lazy("System"),
    "unit": gettext_lazy("Unit"),
    "facility": gettext_lazy("Facility"),
    "area": gettext_lazy("Area"),
    "named_place": gettext_lazy("Name of a place"),
    "category": gettext_lazy("Category"),
    "year": gettext_lazy("Year"),
    "page": gettext_lazy("Page"),
    "group": gettext_lazy("Group"),
    "place": gettext_lazy("Place in the chain"),
    "privacy": gettext_lazy("Request"),
    "privacy_ask": gettext_lazy("Request that waits"),
    "code": gettext_lazy("Printed code"),
}
# Names of columns that people read often; the others stand as the database has them.
_COLUMNS: Final = {
    "role": pgettext_lazy("audit column", "role"),
    "unit_id": gettext_lazy("Unit"),
    "username": gettext_lazy("User name"),
    "is_staff": pgettext_lazy("audit column", "Django's own pages"),
    "is_superuser": pgettext_lazy("audit column", "everything allowed"),
    "by": pgettext_lazy("audit column", "counted by"),
    "days": pgettext_lazy("audit column", "days"),
    "at_least": pgettext_lazy("audit column", "at least"),
    "is_active": pgettext_lazy("audit column", "in use"),
    "is_open": pgettext_lazy("audit column", "open"),
    "password": gettext_lazy("Password"),
    "phone": gettext_lazy("Telephone"),
    "display_name": gettext_lazy("Name"),
    "name": gettext_lazy("Name"),
    "source": gettext_lazy("Source"),
    "rows": pgettext_lazy("audit column", "rows"),
    "areas_added": pgettext_lazy("audit column", "new areas"),
    "areas_changed": pgettext_lazy("audit column", "changed areas"),
    "areas_retired": pgettext_lazy("audit column", "retired areas"),
    "format": pgettext_lazy("audit column", "format"),
    "version": pgettext_lazy("audit column", "version"),
    "reason": gettext_lazy("Reason"),
    "by_provider": pgettext_lazy("audit column", "by the provider"),
    "group": gettext_lazy("Group"),
    "ended_at": pgettext_lazy("audit column", "ended"),
    "login_name": gettext_lazy("Name at the provider"),
    "done_by": pgettext_lazy("audit column", "done by"),
    "reports": pgettext_lazy("audit column", "reports"),
    "cases": pgettext_lazy("audit column", "cases"),
    "pictures": pgettext_lazy("audit column", "pictures"),
    "good_until": pgettext_lazy("audit column", "good until"),
    "retired_at": pgettext_lazy("audit column", "out of use since"),
    "retired_by_id": pgettext_lazy("audit column", "put out of use by"),
    "still_open": pgettext_lazy("audit column", "still open"),
    "token_hash": pgettext_lazy("audit column", "token"),
    "secret_sealed": pgettext_lazy("audit column", "secret"),
    "report": pgettext_lazy("audit column", "report"),
}
# Every kind of thing that a line can be about.
ABOUT_KINDS: Final = ("user", "webhook", "rule", "stoppage", *_ABOUT)
_SIGN_IN: Final = dict(SignInEvent.Kind.choices)


def what(event: AuditEvent) -> str:
    """What was done."""
    known = _SIGN_IN.get(event.what) if event.kind == AuditEvent.Kind.SIGN_IN else _WHAT.get(event.what)
    text = str(known or event.what)
    op = _OPS.get(str(event.details.get("op", "")))
    return f"{text} · {op}" if op else text


def about(event: AuditEvent, names: dict[int, str]) -> str:
    """About what; `names` has those of `people_of`."""
    if event.about_kind == "user":
        return names.get(int(event.about), event.about) if event.about.isdigit() else event.about
    if event.about_kind == "page":
        return str(event.details.get("file") or event.about)
    label = _ABOUT.get(event.about_kind)
    return f"{label} {event.about}".strip() if label else event.about


def who(event: AuditEvent, names: dict[int, str]) -> str:
    """By whom: a person, a system, or nobody that is known."""
    if event.user_id is not None and event.user_id in names:
        return names[event.user_id]
    return event.who or _("nobody, or the server")


def more(event: AuditEvent) -> str:
    """What else there is to say, in a line."""
    told = dict(event.details)
    told.pop("op", None)
    if event.kind == AuditEvent.Kind.SIGN_IN:
        labels = {"factor": dict(Factor.choices), "ending": dict(Ending.choices)}
        return " · ".join(str(labels.get(key, {}).get(value, value)) for key, value in told.items())
    if event.about_kind == "page":
        told.pop("file", None)
    before, after = told.pop("before", {}), told.pop("after", {})
    parts = []
    if isinstance(before, dict) and isinstance(after, dict):
        shown = list(dict.fromkeys([*before, *after]))
        parts = [f"{_column(name)}: {_change(before, after, name)}" for name in shown if name != "user_id"]
        others = [_column(name) for name in told.pop("changed", []) if name not in shown]
        if others:
            parts.append(_("also %(columns)s") % {"columns": _(", ").join(others)})
    else:
        parts = [f"{_plain(before)} → {_plain(after)}"]
    parts += [
        f"{_column(key)}: {_plain(value)}" for key, value in told.items() if value not in ("", [], {}, None)
    ]
    return " · ".join(parts)


def people_of(events: Iterable[AuditEvent]) -> dict[int, str]:
    """The names of everybody that these lines are by or about; one query."""
    wanted = {event.user_id for event in events if event.user_id is not None}
    wanted |= {int(event.about) for event in events if event.about_kind == "user" and event.about.isdigit()}
    found = User.objects.filter(pk__in=wanted).only("username", "display_name")
    return {
        user.pk: f"{user.display_name} ({user.username})" if user.display_name else user.username
        for user in found
    }


def _column(name: str) -> str:
    return str(_COLUMNS.get(name, name))


def _change(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    if name not in before:
        return _plain(after[name])
    if name not in after:
        return _plain(before[name])
    return f"{_plain(before[name])} → {_plain(after[name])}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return _(", ").join(_plain(one) for one in value) or "—"
    if value is None or value == "":
        return "—"
    if value in Role.values:
        return str(Role(value).label)
    return str(value)
