"""What the timeline says about going up to the source, and about its answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.models import UpstreamRequest
from incidents.sentence_parts import Names, Sentence, moment, plain
from incidents.timeline import Kind


def _asked(p: Mapping[str, Any], names: Names) -> str:
    if p.get("request") == UpstreamRequest.Kind.EXTENSION:
        return _("The source is asked for more time, until %(until)s") % {"until": moment(p.get("until"))}
    return _("The source is asked to take it back")


def _agreed(p: Mapping[str, Any], names: Names) -> str:
    if p.get("request") == UpstreamRequest.Kind.EXTENSION:
        return _("The source gives more time, until %(until)s") % {"until": moment(p.get("until"))}
    return _("The source takes it back")


def _refused(p: Mapping[str, Any], names: Names) -> str:
    if p.get("request") == UpstreamRequest.Kind.EXTENSION:
        return _("The source gives no more time")
    return _("The source does not take it back")


SENTENCES: Mapping[str, Sentence] = {
    Kind.UPSTREAM_SUBMITTED: plain(lambda: _("The result went up to the source, which has to accept it")),
    Kind.UPSTREAM_ACCEPTED: plain(lambda: _("The source accepts the result")),
    Kind.UPSTREAM_SENT_BACK: plain(lambda: _("The source sends the result back: rework")),
    Kind.UPSTREAM_ASKED: _asked,
    Kind.UPSTREAM_AGREED: _agreed,
    Kind.UPSTREAM_REFUSED: _refused,
}
