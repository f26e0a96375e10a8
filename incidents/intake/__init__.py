"""Reports in: what one source said becomes a case with a unit, in one transaction."""

from incidents.intake.draft import ReportDraft, Reporter
from incidents.intake.filing import Receipt, Refusal
from incidents.intake.receive import receive, receive_one
from incidents.intake.updates import UpdateDraft, apply_update

__all__ = [
    "Receipt",
    "Refusal",
    "ReportDraft",
    "Reporter",
    "UpdateDraft",
    "apply_update",
    "receive",
    "receive_one",
]
