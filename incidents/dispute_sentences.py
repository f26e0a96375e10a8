"""The timeline's sentences about disputes: opened, ruled, over, and what became of it in the list."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.models import Adjudication
from incidents.sentence_parts import Names, Sentence
from incidents.timeline import Kind

_Cause, _Outcome = Adjudication.Cause, Adjudication.Outcome


def _disputed(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "proposed": names.unit(p.get("proposed"))}
    if p.get("cause") == _Cause.RETURNS:
        return _("Returned too often: before adjudication")
    if p.get("proposed"):
        return _("%(unit)s objects and names %(proposed)s: before adjudication, and the work goes on") % told
    return _("%(unit)s objects: before adjudication, and the work goes on") % told


def _ruled(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "item": p.get("item", "")}
    outcome = p.get("outcome")
    if p.get("in_time") is False:
        if outcome == _Outcome.FALLBACK:
            return _("Nobody has ruled in time: to the fallback unit %(unit)s") % told
        return _("Nobody has ruled in time: it stays with %(unit)s") % told
    if outcome == _Outcome.CONFIRMED:
        return _("Ruled: it is the job of %(unit)s and stays there (%(item)s)") % told
    return _("Ruled: it is the job of %(unit)s (%(item)s)") % told


def _dropped(p: Mapping[str, Any], names: Names) -> str:
    if p.get("text"):
        return _("%(unit)s takes its objection back") % {"unit": names.unit(p.get("unit"))}
    return _("The dispute is over with the case")


def _proposed(p: Mapping[str, Any], names: Names) -> str:
    return _("Proposed for the list: %(item)s is the job of %(unit)s (draft %(version)s)") % {
        "item": p.get("item", ""),
        "unit": names.unit(p.get("unit")),
        "version": p.get("version", ""),
    }


SENTENCES: Mapping[str, Sentence] = {
    Kind.DISPUTED: _disputed,
    Kind.RULED: _ruled,
    Kind.DISPUTE_DROPPED: _dropped,
    Kind.CHANGE_PROPOSED: _proposed,
}
