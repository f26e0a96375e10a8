"""One draft on its way through a batch, and how its sender is answered."""

from dataclasses import dataclass, field

from dispatch.facts import Decision
from incidents.intake.draft import ReportDraft
from incidents.late import Moment
from incidents.models import Assignment, DecisionRecord, Incident, Report


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report that is safely in: its case, and what was decided about it."""

    report: Report
    incident: Incident
    decision: DecisionRecord | None
    created: bool  # False: the same report had come before
    joined: bool = False  # it became part of an open case about the same thing


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report that is not in, and why. Nothing of it was written."""

    code: str
    field: str
    message: object


@dataclass(slots=True)
class Filing:
    """One draft on its way through a batch."""

    position: int
    draft: ReportDraft
    digest: str
    list_id: int  # of the list that decides it
    moment: Moment  # when it was received
    key: str = ""
    decision: Decision | None = None
    report: Report | None = None
    incident: Incident | None = None
    record: DecisionRecord | None = None
    assignment: Assignment | None = None
    supports: list[Assignment] = field(default_factory=list)
    joins: bool = False
    likeness: float | None = None  # how sure it was that it joins by itself; None where a person said so
    key_known: bool = False
