"""One of a reporter's reports as a line of the list of all of them."""

from typing import Any

from django.utils.translation import gettext as _

from incidents.pages.plain_times import by_when
from incidents.public import OwnCase
from incidents.public.facts import Phase


def own(case: OwnCase) -> dict[str, Any]:
    """One of a reporter's reports as a line: what, where it is now, and whether they are to do something."""
    phase = Phase(case.phase)
    unit = {"unit": case.unit}
    if case.asks:
        words, state = _("%(unit)s asks you something") % unit, "warned"
    elif case.may_rate and phase in (Phase.SETTLED, Phase.ANSWERED):
        words, state = _("Closed. You can say how it was."), "on"
    else:
        words = {
            Phase.DECIDING: _("We are finding out whose job this is"),
            Phase.SENT: _("%(unit)s has been told"),
            Phase.HANDLING: _("%(unit)s is working on it"),
            Phase.CHECKING: _("%(unit)s says that it is done; it is being checked"),
            Phase.PARKED: _("%(unit)s comes back to it later"),
            Phase.PAUSED: _("%(unit)s is waiting"),
            Phase.SETTLED: _("It is closed"),
            Phase.ANSWERED: _("The operations centre has answered you"),
            Phase.DECLINED: _("This could not be taken up here"),
            Phase.WITHDRAWN: _("You took this report back"),
        }[phase] % unit
        is_open = phase in (Phase.DECIDING, Phase.SENT, Phase.HANDLING, Phase.CHECKING)
        state = "overdue" if case.overdue else "primary" if is_open else "closed"
    return {
        "case": case,
        "words": words,
        "state": state,
        "when": _("To be done by %(when)s") % {"when": by_when(case.due_at)} if case.due_at else "",
    }
