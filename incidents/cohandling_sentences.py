"""The timeline's sentences about supporting units and repairs."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.models import Assignment
from incidents.sentence_parts import Names, Sentence, moment, of_unit
from incidents.timeline import Kind


def _asked(p: Mapping[str, Any], names: Names) -> str:
    units = _(", ").join(names.unit(code) for code in p.get("units") or ())
    told = {"units": units, "due": moment(p.get("due_at"))}
    if told["due"]:
        return _("Asked to support, by %(due)s: %(units)s") % told
    return _("Asked to support: %(units)s") % told


def _succeeded(p: Mapping[str, Any], names: Names) -> str:
    told = {"before": names.unit(p.get("from")), "unit": names.unit(p.get("unit"))}
    if not p.get("unit"):
        return _("%(before)s was merged or closed: it has nothing to do with this case any more") % told
    return _("%(before)s was merged or closed: %(unit)s goes on in its place, with the same time") % told


def _answered(p: Mapping[str, Any], names: Names) -> str:
    answer = p.get("answer", "")
    label = Assignment.Answer(answer).label if answer in Assignment.Answer.values else answer
    return _("%(unit)s answers: %(answer)s") % {"unit": names.unit(p.get("unit")), "answer": label}


SENTENCES: Mapping[str, Sentence] = {
    Kind.SUPPORT_ASKED: _asked,
    Kind.SUPPORT_ANSWERED: _answered,
    Kind.SUPPORT_DECLINED: of_unit(lambda: _("%(unit)s declines to support")),
    Kind.MADE_SAFE: of_unit(lambda: _("%(unit)s has made it safe")),
    Kind.UNIT_SUCCEEDED: _succeeded,
    Kind.REPAIR_SENT: of_unit(lambda: _("The repair is for %(unit)s")),
    Kind.SUPPORT_RELEASED: of_unit(lambda: _("%(unit)s is asked for nothing any more")),
}
