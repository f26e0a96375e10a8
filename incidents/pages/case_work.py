"""What the unit that has a case works with on its page: pictures, words for others, canned answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import User
from incidents import canned, mediating
from incidents.models import Assignment, Attachment, Incident
from incidents.pages import photo_evidence
from incidents.pages.acting import last_line
from incidents.pages.handling_forms import readers_note
from incidents.pages.handling_steps import asks_for_pictures

Stage = Attachment.Stage


def work_of(
    incident: Incident,
    user: User,
    can: Mapping[str, bool],
    *,
    photos: Sequence[Attachment],
    lead: Assignment | None,
    readers: int,
    condition: str,
) -> dict[str, Any]:
    """Template context: pictures by what they show and prove, the mediation that stands, and the composer."""
    shown = photo_evidence.shown(incident, photos, user)
    stages = {stage: [one for one in shown if one.photo.stage == stage] for stage in Stage}
    before, after = stages[Stage.BEFORE], stages[Stage.AFTER]
    writes = can.get("note") or can.get("message") or can.get("resolve") or can.get("answer")
    return {
        "before": stages[Stage.REPORT],
        "before_work": before,
        "after": after,
        # The first of before and the last of after stand beside each other; these are the others.
        "more_photos": [*before[1:], *after[:-1]],
        "check_photos": stages[Stage.CHECK],
        "needs_pictures": not after and asks_for_pictures(condition),
        "photo_words": [one for one in (*before, *after) if one.words],
        "mediation": mediating.last_of(incident, [lead]) if lead is not None else None,
        "offered": canned.offered(user, incident) if writes else {},
        "readers_note": readers_note(readers),
        "seen_line": last_line(incident),
    }
