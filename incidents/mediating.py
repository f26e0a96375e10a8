"""化解: what is asked about a dispute when it is resolved, and kept of the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.models import Assignment, Incident, Mediation, MediationFile
from incidents.models.incident import ResolutionOutcome

# The domain of disputes: codes of categories begin with their domain's.
DISPUTES = "14"


@dataclass(frozen=True, slots=True)
class Mediated:
    """What somebody mediated, and whether the parties came to terms."""

    kind: str
    settled: bool


def is_dispute(incident: Incident) -> bool:
    """Is this a matter that is mediated rather than repaired?"""
    return (incident.category_id or "").startswith(DISPUTES)


def check(incident: Incident, outcome: str, told: Mediated | None) -> None:
    """A dispute is solved when a mediation has settled it, and not otherwise (InvalidInput)."""
    if told is None:
        if outcome == ResolutionOutcome.SOLVED and is_dispute(incident):
            raise InvalidInput(
                "mediation", "required", _("Say who mediated, and whether the parties came to terms.")
            )
        return
    if not is_dispute(incident):
        raise InvalidInput("mediation", "not_here", _("Only a dispute is mediated."))
    if told.kind not in Mediation.Kind.values:
        raise InvalidInput("mediation", "unknown", _("Choose who mediated."))
    if outcome == ResolutionOutcome.PARKED:
        raise InvalidInput("mediation", "not_here", _("An interim answer settles nothing yet."))
    if outcome == ResolutionOutcome.SOLVED and not told.settled:
        raise InvalidInput(
            "mediation",
            "not_settled",
            _("A dispute that was not settled is not solved: choose what came of it instead."),
        )


def by_file(incident: Incident, outcome: str, told: Mediated | None) -> Mediated | None:
    """What is counted is what the file says, where there is one: it need not be told again, and who tells it
    otherwise is refused (InvalidInput). An open one is ended first, unless the answer is an interim one."""
    if outcome == ResolutionOutcome.PARKED or not is_dispute(incident):
        return told
    files = list(
        incident.mediation_files.filter(handling_run=incident.handling_run)
        .exclude(state=MediationFile.State.OVERTAKEN)
        .order_by("pk")
    )
    if not files:
        return told
    last = files[-1]
    if last.is_open:
        raise InvalidInput(
            "mediation", "still_open", _("The mediation is still open: write down how it ended first.")
        )
    says = Mediated(last.kind, settled=last.state == MediationFile.State.SETTLED)
    if told is None:
        return says
    if told.kind != says.kind:
        message = _("The file says otherwise: %(kind)s.") % {"kind": last.get_kind_display()}
        raise InvalidInput("mediation", "differs", message)
    if told.settled != says.settled:
        message = _("The file says otherwise: %(state)s.") % {"state": last.get_state_display()}
        raise InvalidInput("settled", "differs", message)
    return says


def record(
    incident: Incident, lead: Assignment, told: Mediated | None, *, actor: Actor, at: datetime
) -> dict[str, object]:
    """Keep it with the sending; answers what the timeline's line says of it."""
    if told is None:
        return {}
    Mediation.objects.create(
        incident=incident,
        assignment=lead,
        kind=told.kind,
        settled=told.settled,
        told_at=at,
        told_by=actor.user,
    )
    return {"mediation": told.kind, "settled": told.settled}


def last_of(incident: Incident, leads: Iterable[Assignment]) -> Mediation | None:
    """The mediation that stands for what these sendings came to; no query where it is no dispute."""
    if not is_dispute(incident):
        return None
    return Mediation.objects.filter(incident=incident, assignment__in=list(leads)).order_by("pk").last()
