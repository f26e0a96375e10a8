"""The steps of a report as its reporter may read them: what of the timeline is told, and in whose name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from incidents.models import Assignment, Feedback, Report, Text, TimelineEntry, Timer
from incidents.public.facts import Step
from incidents.timeline import Kind, taken_back

# What a reporter sees of the timeline. Notes, claims, requests and looks at contacts are internal.
TOLD = frozenset(
    {
        Kind.RECEIVED,
        Kind.JOINED,
        Kind.TO_DESK,
        Kind.DISPATCHED,
        Kind.ACCEPTED,
        Kind.DEEMED_ACCEPTED,
        Kind.RETURN_AGREED,
        Kind.REDISPATCHED,
        Kind.UNIT_SUCCEEDED,
        Kind.RECALLED,
        Kind.RULED,
        Kind.LEVEL_RAISED,
        Kind.MADE_SAFE,
        Kind.REPAIR_SENT,
        Kind.RESOLVED,
        Kind.PARKED,
        Kind.WOKEN,
        Kind.VERIFICATION_ASKED,
        Kind.VERIFIED,
        Kind.VERIFICATION_FAILED,
        Kind.CLOSED,
        Kind.ANSWERED,
        Kind.REJECTED,
        Kind.REOPENED,
        Kind.ABSORBED,
        Kind.SUPPLEMENTED,
        Kind.CHASED,
        Kind.WITHDRAWN,
        Kind.RATED,
        Kind.OBJECTED,
        Kind.BREACHED,
        Kind.EXTENSION_AGREED,
        Kind.PAUSED,
        Kind.PAUSE_ENDED,
        Kind.REPORTER_ANSWERED,
        Kind.MESSAGED,
        Kind.LETTER_MARKED,
        Kind.REPLY_SIGNED,
    }
)
# Of these only the reporter's own are told: what neighbours do is their own business.
_OWN_ONLY = frozenset(
    {
        Kind.SUPPLEMENTED,
        Kind.CHASED,
        Kind.WITHDRAWN,
        Kind.RATED,
        Kind.REPORTER_ANSWERED,
        Kind.LETTER_MARKED,
        Kind.REPLY_SIGNED,
    }
)
# Words of these are written to the reporter.
_WITH_WORDS = frozenset(
    {
        Kind.RESOLVED,
        Kind.PARKED,
        Kind.ANSWERED,
        Kind.REJECTED,
        Kind.PAUSED,
        Kind.REPORTER_ANSWERED,
        Kind.SUPPLEMENTED,
        Kind.MESSAGED,
        Kind.OBJECTED,
    }
)
# Of these the words are shown to who wrote them alone.
_OWN_WORDS = frozenset({Kind.OBJECTED})
# After these somebody is to look whether it is so, or need not any more.
_CHECKS: Mapping[Kind, bool] = {
    Kind.VERIFICATION_ASKED: True,
    Kind.VERIFIED: False,
    Kind.VERIFICATION_FAILED: False,
}
# Whoever is named by these has the case from then on.
_SENDINGS = frozenset(
    {
        Kind.DISPATCHED,
        Kind.REDISPATCHED,
        Kind.UNIT_SUCCEEDED,
        Kind.RULED,
        Kind.LEVEL_RAISED,
        Kind.REPAIR_SENT,
    }
)


def texts_of(entries: Sequence[TimelineEntry]) -> dict[int, str]:
    """What was written to the reporter and not taken back, by the id of the text; one query."""
    unsaid = taken_back(entries)
    wanted = [
        entry.data["text"]
        for entry in entries
        if entry.kind in _WITH_WORDS and entry.pk not in unsaid and entry.data.get("text")
    ]
    return dict(Text.objects.filter(pk__in=wanted).values_list("pk", "body"))


def steps_of(
    entries: Iterable[TimelineEntry], report: Report, units: Mapping[str, str], texts: Mapping[int, str]
) -> tuple[Step, ...]:
    """Newest first; what neighbours did is left out."""
    steps: list[Step] = []
    received: datetime | None = None
    sent: datetime | None = None
    unit = ""
    is_check_wanted = False
    for entry in entries:
        kind, data = entry.kind, entry.data
        own = data.get("report") == report.pk or _is_own_rating(entry, report)
        if kind in _OWN_ONLY and not own:
            continue
        if _is_told_otherwise(kind, data):
            continue
        if kind == Kind.RECEIVED:
            received = entry.at
        if kind in _SENDINGS:
            unit = units.get(str(data.get("unit")), "")
        named = units.get(str(data.get("unit") or ""), "")
        if kind in _CHECKS:
            is_check_wanted = _CHECKS[Kind(kind)]
        waited = {
            Kind.DISPATCHED: received,
            Kind.ACCEPTED: sent,
        }.get(Kind(kind))
        steps.append(
            Step(
                at=entry.at,
                kind=kind,
                unit=_whose(entry, named, unit, units),
                own=own,
                note=texts.get(data.get("text") or 0, "") if _has_words(kind, own=own) else "",
                seconds=(entry.at - waited).total_seconds() if waited else None,
                params={**_params(kind, data), "unchecked": kind == Kind.CLOSED and is_check_wanted},
            )
        )
        if kind in _SENDINGS and kind != Kind.UNIT_SUCCEEDED:
            sent, received = entry.at, None  # only the first sending counts from receipt
    return tuple(reversed(steps))


def _has_words(kind: str, *, own: bool) -> bool:
    return kind in _WITH_WORDS and (own or kind not in _OWN_WORDS)


def _whose(entry: TimelineEntry, named: str, unit: str, units: Mapping[str, str]) -> str:
    """The unit of a step: the one it names, whoever wrote, or else the one that had the case then."""
    if entry.kind in (Kind.VERIFICATION_ASKED, Kind.VERIFIED):
        return named
    if entry.kind == Kind.MESSAGED:
        return units.get(entry.actor_unit_id or "", unit)
    return unit


def _is_told_otherwise(kind: str, data: Mapping[str, Any]) -> bool:
    """A ruling that leaves the case where it is changes nothing for who reported it; one that moves it says
    already that the unit has it, and is what follows a missed one."""
    if kind == Kind.RULED:
        return "assignment" not in data
    if kind == Kind.ACCEPTED:
        return data.get("how") == Assignment.Acceptance.RULED
    if kind == Kind.UNIT_SUCCEEDED:  # whose supporters or checkers changed is nothing to them
        return "assignment" not in data
    if kind == Kind.LEVEL_RAISED:  # where only the level changes, the same unit is at it
        return data.get("assignment") is None
    return kind == Kind.BREACHED and data.get("clock") in (Timer.Kind.ADJUDICATION, Timer.Kind.SUPPORT)


def _params(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The few numbers and codes that a sentence needs, by name: nothing slips through."""
    kept = {
        Kind.RESOLVED: ("outcome",),
        Kind.PARKED: ("until",),
        Kind.ABSORBED: ("reports",),
        Kind.RECALLED: ("what",),
        Kind.BREACHED: ("clock",),
        Kind.DISPATCHED: ("automatic",),
        Kind.EXTENSION_AGREED: ("until",),
        Kind.PAUSED: ("why", "until"),
        Kind.PAUSE_ENDED: ("why", "end", "due_at"),
    }.get(Kind(kind), ())
    return {name: data[name] for name in kept if name in data}


def _is_own_rating(entry: TimelineEntry, report: Report) -> bool:
    return (
        entry.kind == Kind.RATED
        and Feedback.objects.filter(pk=entry.data.get("feedback"), report=report).exists()
    )
