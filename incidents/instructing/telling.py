"""Messages about instructions. They are about no single case, so they go by the instruction's number."""

from datetime import datetime, timedelta

from dispatch.vocabulary import Urgency
from incidents import outbox
from incidents.models import Instruction, InstructionPart

# So long before it is due a report is reminded of.
BEFORE = timedelta(days=1)


def tell(what: str, given: Instruction, part: InstructionPart, *, receiver: str, at: datetime) -> None:
    """Queue one message about a unit's part; once for each receiver and each due time."""
    outbox.tell(
        f"instruction.{what}",
        incident_id=None,
        receiver=receiver,
        key=f"instruction.{what}:{part.pk}:{part.sent_back_count}:{receiver}",
        at=at,
        number=given.number,
        unit=part.unit_id,
        due_at=part.due_at.isoformat(),
        urgency=Urgency.ROUTINE,
    )
