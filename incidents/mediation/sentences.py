"""The timeline's sentences about mediations: what was done, and never who with or what was said."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.models import (
    Mediation,
    MediationConfirmation,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationSession,
)
from incidents.sentence_parts import Names, Sentence, plain
from incidents.timeline import Kind


def _label(choices: Any, code: Any) -> str:
    return str(choices(code).label) if code in choices.values else str(code or "")


def _opened(p: Mapping[str, Any], names: Names) -> str:
    return _("Mediation taken on: %(kind)s") % {"kind": _label(Mediation.Kind, p.get("sort"))}


def _party(p: Mapping[str, Any], names: Names) -> str:
    return _("A party was added to the mediation: %(side)s") % {
        "side": _label(MediationParty.Side, p.get("side"))
    }


def _left(p: Mapping[str, Any], names: Names) -> str:
    return _("A party left the mediation: %(side)s") % {"side": _label(MediationParty.Side, p.get("side"))}


def _session(p: Mapping[str, Any], names: Names) -> str:
    told = {
        "number": p.get("session", ""),
        "result": _label(MediationSession.Result, p.get("result")),
        "count": int(p.get("present") or 0),
    }
    return (
        ngettext(
            "Mediation session %(number)s, %(count)d party present: %(result)s",
            "Mediation session %(number)s, %(count)d parties present: %(result)s",
            told["count"],
        )
        % told
    )


def _agreement(p: Mapping[str, Any], names: Names) -> str:
    edition = int(p.get("edition") or 1)
    if edition > 1:
        return _("The agreement was written anew: edition %(edition)d") % {"edition": edition}
    return _("The agreement was written down")


def _confirmed(p: Mapping[str, Any], names: Names) -> str:
    told = {
        "side": _label(MediationParty.Side, p.get("side")),
        "how": _label(MediationConfirmation.How, p.get("how")),
    }
    return _("%(side)s stands by the agreement: %(how)s") % told


def _ended(p: Mapping[str, Any], names: Names) -> str:
    told = {
        "state": _label(MediationFile.State, p.get("state")),
        "next": _label(MediationFile.Next, p.get("next")),
    }
    if p.get("next"):
        return _("Mediation ended: %(state)s; next: %(next)s") % told
    return _("Mediation ended: %(state)s") % told


def _followed_up(p: Mapping[str, Any], names: Names) -> str:
    told = {
        "how": _label(MediationFollowUp.How, p.get("how")),
        "result": _label(MediationFollowUp.Result, p.get("result")),
    }
    return _("Asked after the agreement (%(how)s): %(result)s") % told


SENTENCES: Mapping[str, Sentence] = {
    Kind.MEDIATION_OPENED: _opened,
    Kind.MEDIATION_PARTY: _party,
    Kind.MEDIATION_PARTY_LEFT: _left,
    Kind.MEDIATION_SESSION: _session,
    Kind.MEDIATION_AGREEMENT: _agreement,
    Kind.MEDIATION_CONFIRMED: _confirmed,
    Kind.MEDIATION_ENDED: _ended,
    Kind.MEDIATION_FOLLOWED_UP: _followed_up,
    Kind.MEDIATION_SCAN: plain(lambda: _("A scan was added to the mediation")),
    Kind.MEDIATION_EARLIER: plain(lambda: _("An earlier dispute was named in the mediation")),
    Kind.MEDIATION_READ: plain(lambda: _("Looked at the parties' names and what they said")),
}
