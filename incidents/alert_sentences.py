"""The timeline's sentences about alerts of devices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from dispatch.vocabulary import Urgency
from incidents.sentence_parts import Names, Sentence, moment, plain
from incidents.timeline import Kind


def _cleared(p: Mapping[str, Any], names: Names) -> str:
    return _("The alert has cleared (%(at)s)") % {"at": moment(p.get("cleared_at"))}


def _flapping(p: Mapping[str, Any], names: Names) -> str:
    told = {"device": p.get("device") or _("The device"), "fires": p.get("fires", 0)}
    return (
        _("%(device)s goes on and off: %(fires)d alerts so far. It opens no other case until it is quiet")
        % told
    )


def _storm(p: Mapping[str, Any], names: Names) -> str:
    return _("%(count)d devices below one parent report the same") % {"count": int(p.get("count") or 0)}


def _silent(p: Mapping[str, Any], names: Names) -> str:
    told = {"device": p.get("device") or _("The device"), "at": moment(p.get("seen_at"))}
    return _("No word from %(device)s since %(at)s: whether it still burns is not known") % told


def _worse(p: Mapping[str, Any], names: Names) -> str:
    known = {urgency.value: urgency.label for urgency in Urgency}
    told = {
        "device": p.get("device") or _("The device"),
        "before": known.get(str(p.get("before")), ""),
        "after": known.get(str(p.get("urgency")), ""),
    }
    return _("%(device)s reports worse: the case goes from “%(before)s” to “%(after)s”") % told


SENTENCES: Mapping[str, Sentence] = {
    Kind.ALERT_CLEARED: _cleared,
    Kind.ALERT_AGAIN: plain(lambda: _("The alert burns again")),
    Kind.ALERT_FLAPPING: _flapping,
    Kind.ALERT_STORM: _storm,
    Kind.ALERT_WORSE: _worse,
    Kind.ALERT_SILENT: _silent,
    Kind.ALERT_QUIET: plain(lambda: _("All alerts of this case have been clear for a while; it stays open")),
    Kind.ALERT_ENDED: plain(
        lambda: _("Cleared by itself before anyone acted: closed, counted as handled by nobody")
    ),
}
