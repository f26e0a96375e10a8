"""Writing the timeline: one entry per action, with actor and reason."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from incidents.actor import Actor
from incidents.models import TimelineEntry
from incidents.models.making import made


class Kind(StrEnum):
    """What a timeline line says; timeline_words.py has the sentences."""

    RECEIVED = "received"
    JOINED = "joined"
    TO_DESK = "to_desk"
    DISPATCHED = "dispatched"
    CLAIMED = "claimed"
    RELEASED = "released"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    DEEMED_ACCEPTED = "deemed_accepted"
    RETURN_ASKED = "return_asked"
    RETURN_AGREED = "return_agreed"
    RETURN_REFUSED = "return_refused"
    REDISPATCHED = "redispatched"
    UNIT_SUCCEEDED = "unit_succeeded"
    RESOLVED = "resolved"
    PARKED = "parked"
    WOKEN = "woken"
    VERIFICATION_ASKED = "verification_asked"
    VERIFIED = "verified"
    VERIFICATION_FAILED = "verification_failed"
    CLOSED = "closed"
    ANSWERED = "answered"
    REJECTED = "rejected"
    REOPENED = "reopened"
    MERGED = "merged"
    UNMERGED = "unmerged"
    ABSORBED = "absorbed"
    SPLIT = "split"
    SPLIT_OFF = "split_off"
    RECALLED = "recalled"
    CORRECTED = "corrected"
    PLACED = "placed"
    FALSE_ALARM = "false_alarm"
    MODEL_SUGGESTED = "model_suggested"
    NOTED = "noted"
    SUPPLEMENTED = "supplemented"
    CHASED = "chased"
    DEADLINE_SET = "deadline_set"
    WITHDRAWN = "withdrawn"
    RATED = "rated"
    OBJECTED = "objected"
    WARNED = "warned"
    BREACHED = "breached"
    ESCALATED = "escalated"
    LEVEL_RAISED = "level_raised"
    RAISE_ASKED = "raise_asked"
    RAISE_AGREED = "raise_agreed"
    RAISE_REFUSED = "raise_refused"
    SUPPORT_ASKED = "support_asked"
    SUPPORT_ANSWERED = "support_answered"
    SUPPORT_DECLINED = "support_declined"
    SUPPORT_RELEASED = "support_released"
    MADE_SAFE = "made_safe"
    REPAIR_SENT = "repair_sent"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_AGREED = "extension_agreed"
    EXTENSION_REFUSED = "extension_refused"
    SUSPENSION_ASKED = "suspension_asked"
    SUSPENSION_AGREED = "suspension_agreed"
    SUSPENSION_REFUSED = "suspension_refused"
    APPEAL_ASKED = "appeal_asked"
    APPEAL_AGREED = "appeal_agreed"
    APPEAL_REFUSED = "appeal_refused"
    PAUSED = "paused"
    PAUSE_ENDED = "pause_ended"
    REPORTER_ASKED = "reporter_asked"
    REPORTER_ANSWERED = "reporter_answered"
    CONTACTED = "contacted"
    MESSAGED = "messaged"
    CALLED_BACK = "called_back"
    PHONED = "phoned"
    COUNTERSIGNED = "countersigned"
    COUNTERSIGN_REFUSED = "countersign_refused"
    SUPERVISED = "supervised"
    SUPERVISION_RAISED = "supervision_raised"
    SUPERVISION_ANSWERED = "supervision_answered"
    SUPERVISION_LIFTED = "supervision_lifted"
    NUDGED = "nudged"
    INSTRUCTED = "instructed"
    INSTRUCTION_REPORTED = "instruction_reported"
    INSTRUCTION_ACCEPTED = "instruction_accepted"
    INSTRUCTION_SENT_BACK = "instruction_sent_back"
    INSTRUCTION_WITHDRAWN = "instruction_withdrawn"
    LETTER_MARKED = "letter_marked"
    REPLY_DRAFTED = "reply_drafted"
    REPLY_SIGNED = "reply_signed"
    DISPUTED = "disputed"
    RULED = "ruled"
    DISPUTE_DROPPED = "dispute_dropped"
    CHANGE_PROPOSED = "change_proposed"
    CALENDAR_MOVED = "calendar_moved"
    UNMASKED = "unmasked"
    PHOTO_ADDED = "photo_added"
    RELEASED_TO_PUBLIC = "released_to_public"
    WITHHELD = "withheld"
    FIXED_ON_SPOT = "fixed_on_spot"
    ALERT_CLEARED = "alert_cleared"
    ALERT_AGAIN = "alert_again"
    ALERT_FLAPPING = "alert_flapping"
    ALERT_STORM = "alert_storm"
    ALERT_WORSE = "alert_worse"
    ALERT_SILENT = "alert_silent"
    ALERT_QUIET = "alert_quiet"
    ALERT_ENDED = "alert_ended"
    MEDIATION_OPENED = "mediation_opened"
    MEDIATION_PARTY = "mediation_party"
    MEDIATION_PARTY_LEFT = "mediation_party_left"
    MEDIATION_SESSION = "mediation_session"
    MEDIATION_AGREEMENT = "mediation_agreement"
    MEDIATION_CONFIRMED = "mediation_confirmed"
    MEDIATION_ENDED = "mediation_ended"
    MEDIATION_FOLLOWED_UP = "mediation_followed_up"
    MEDIATION_READ = "mediation_read"
    MEDIATION_SCAN = "mediation_scan"
    MEDIATION_EARLIER = "mediation_earlier"
    COPIED = "copied"
    FORGOTTEN = "forgotten"
    UPSTREAM_SUBMITTED = "upstream_submitted"
    UPSTREAM_ACCEPTED = "upstream_accepted"
    UPSTREAM_SENT_BACK = "upstream_sent_back"
    UPSTREAM_ASKED = "upstream_asked"
    UPSTREAM_AGREED = "upstream_agreed"
    UPSTREAM_REFUSED = "upstream_refused"


def entry(kind: Kind, *, incident_id: int, at: datetime, actor: Actor, **data: Any) -> TimelineEntry:
    """An unsaved line. `data` holds codes, numbers and ids of texts: never a sentence or a name."""
    return made(
        TimelineEntry,
        incident_id=incident_id,
        at=at,
        kind=kind,
        actor=actor.user,
        actor_unit_id=actor.unit_code,
        client=actor.client,
        data=data,
    )


def record(kind: Kind, *, incident_id: int, at: datetime, actor: Actor, **data: Any) -> TimelineEntry:
    """Append one line."""
    line = entry(kind, incident_id=incident_id, at=at, actor=actor, **data)
    line.save(force_insert=True)
    return line


def taken_back(entries: Iterable[TimelineEntry]) -> set[int]:
    """Of a case's lines, in order, those of deeds that were taken back: their words went to nobody."""
    last: dict[str, int] = {}
    found: set[int] = set()
    for line in entries:
        if line.kind == Kind.RECALLED and line.data.get("what") in last:
            found.add(last.pop(line.data["what"]))
        else:
            last[line.kind] = line.pk
    return found
