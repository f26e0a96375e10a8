"""Word of an issued brief to each of its recipients, once: the outbox carries it, with the paper enclosed."""

from datetime import datetime
from typing import Any

from dashboards.briefs import reach
from dashboards.models import Brief, BriefAbout, BriefEdition
from dispatch.vocabulary import Urgency
from incidents import outbox
from incidents.models import OutboxMessage

ISSUED, REVISED, DRAFTED = "brief.issued", "brief.revised", "brief.drafted"


def tell_issued(brief: Brief, edition: BriefEdition, *, at: datetime) -> int:
    """Queue the messages of an edition in the caller's transaction; to how many people."""
    kind = REVISED if edition.number else ISSUED
    people = reach.recipients(brief)
    _queue(
        kind,
        brief,
        [(f"user:{user}", f"{kind}:{brief.pk}:{edition.number}:{user}") for user in people],
        at=at,
        edition=edition.number,
    )
    return len(people)


def tell_drafted(brief: Brief, *, at: datetime) -> None:
    """A draft waits for those who write in it: the district's supervisors, or the street's."""
    receiver = f"street:{brief.code}" if brief.about == BriefAbout.STREET else "supervisors"
    _queue(
        DRAFTED,
        brief,
        [(receiver, f"{DRAFTED}:{brief.pk}:{receiver}")],
        at=at,
        until=brief.issue_at.isoformat(),
    )


def _queue(kind: str, brief: Brief, receivers: list[tuple[str, str]], *, at: datetime, **more: Any) -> None:
    OutboxMessage.objects.bulk_create(
        [
            outbox.message(
                kind,
                incident_id=None,
                receiver=receiver,
                key=key,
                at=at,
                number=str(brief.pk),
                urgency=Urgency.ROUTINE,
                what=brief.kind,
                name_zh=brief.name_zh,
                name_en=brief.name_en,
                first=brief.first.isoformat(),
                last=brief.last.isoformat(),
                **more,
            )
            for receiver, key in receivers
        ],
        ignore_conflicts=True,
    )
