"""How many were asked how it was, and how many of them have said so: facts of the day of the closing.

A rating is given days after a closing, before it, or by somebody who cannot be called, so ratings divided by
closings say nothing of who answered. Asked are those who left a number; each answers once, so that the share
of them never passes the whole. The caller holds the case's lock.
"""

from datetime import datetime

from incidents import outcomes
from incidents.models import Callback, Incident, Outcome, Report


def ask(incident: Incident, *, everybody: int, answered: int, at: datetime) -> None:
    """A case was closed: so many can be asked, and so many of these have rated it before they were."""
    Kind = Outcome.Kind
    for kind, count in ((Kind.ASKED, everybody), (Kind.ANSWERED, answered)):
        Outcome.objects.bulk_create(outcomes.fact(kind, incident, at=at) for _one in range(count))


def answer(incident: Incident, report: Report) -> None:
    """This reporter has just rated: where they were asked, they have answered."""
    row = Callback.objects.filter(
        incident=incident, report=report, handling_run=incident.handling_run
    ).exclude(end=Callback.End.LAPSED)
    if (asked := row.first()) is None:
        return
    stood = _asked(asked)
    if stood is not None:
        values = {name: getattr(stood, name) for name in outcomes.STORED}
        Outcome.objects.create(**{**values, "kind": Outcome.Kind.ANSWERED})


def forget(row: Callback) -> None:
    """Nobody asks this reporter any more: the closing did not stand, or they took their report back."""
    stood = _asked(row)
    if stood is not None:
        outcomes.negate(stood)


def _asked(row: Callback) -> Outcome | None:
    """One of those who were asked then; facts do not say who is which."""
    asked = outcomes.standing(row.incident, Outcome.Kind.ASKED).filter(at=row.opened_at)
    return asked.order_by("pk").last()
