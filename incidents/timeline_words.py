"""The timeline as sentences, in the reader's language. The rows hold codes and ids; words are made here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.models import OrgUnit, User
from dispatch.vocabulary import Source
from incidents import (
    alert_sentences,
    clock_sentences,
    cohandling_sentences,
    desk_sentences,
    dispute_sentences,
    oversight_sentences,
)
from incidents.mediation import sentences as mediation_sentences
from incidents.models import Assignment, Attachment, Mediation, Supervision, Text, TimelineEntry
from incidents.models.incident import ResolutionOutcome
from incidents.sentence_parts import Names, Sentence, day, moment, of_unit, plain, with_late
from incidents.timeline import Kind
from incidents.upstream import sentences as upstream_sentences

# Why a person is needed, as short as a tag; the first that applies says most.
TRIAGE_TAGS: dict[str, Any] = {
    "emergency": gettext_lazy("Emergency by its words"),
    "disputed": gettext_lazy("Disputed"),
    "returned": gettext_lazy("Returned"),
    "reopened": gettext_lazy("Reopened"),
    "raised": gettext_lazy("Moved up"),
    "unit_closed": gettext_lazy("Its unit was closed"),
    "repair": gettext_lazy("Repair, owner unknown"),
    "unmerged": gettext_lazy("Taken apart"),
    "split": gettext_lazy("Split off"),
    "several_matters": gettext_lazy("Several matters"),
    "empty_talk": gettext_lazy("Empty talk"),
    "thanks": gettext_lazy("Thanks"),
    "test": gettext_lazy("Test message"),
    "spam": gettext_lazy("Advertising"),
    "places_differ": gettext_lazy("Words and point disagree"),
    "owners_differ": gettext_lazy("Two owners near"),
    "out_of_area": gettext_lazy("Outside the district"),
    "no_place": gettext_lazy("No place"),
    "place_unknown": gettext_lazy("Unknown region"),
    "no_match": gettext_lazy("No match"),
    "conflict_of_interest": gettext_lazy("About the unit itself"),
    "ambiguous": gettext_lazy("Equal claims"),
    "unit_unknown": gettext_lazy("Unit unknown"),
    "enquiry": gettext_lazy("Enquiry"),
    "low_confidence": gettext_lazy("Unsure"),
}
TRIAGE_STATES = {
    "emergency": "emergency",
    "several_matters": "warned",
    "disputed": "overdue",
    "returned": "overdue",
    "reopened": "overdue",
    "raised": "overdue",
    "unit_closed": "overdue",
    "ambiguous": "warned",
    "conflict_of_interest": "warned",
    "places_differ": "warned",
    "owners_differ": "warned",
}

# The colour of a line's dot; what is not here is an ordinary line.
_STATES = {
    Kind.DISPATCHED: "primary",
    Kind.REDISPATCHED: "primary",
    Kind.UNIT_SUCCEEDED: "primary",
    Kind.ACCEPTED: "primary",
    Kind.WOKEN: "primary",
    Kind.RESOLVED: "on",
    Kind.VERIFIED: "on",
    Kind.CLOSED: "on",
    Kind.ANSWERED: "on",
    Kind.RETURN_ASKED: "warned",
    Kind.WARNED: "warned",
    Kind.PARKED: "paused",
    Kind.BREACHED: "overdue",
    Kind.VERIFICATION_FAILED: "overdue",
    Kind.OBJECTED: "overdue",
    Kind.CHASED: "warned",
    Kind.ESCALATED: "overdue",
    Kind.LEVEL_RAISED: "warned",
    Kind.RAISE_ASKED: "warned",
    Kind.SUPPORT_ASKED: "primary",
    Kind.MADE_SAFE: "on",
    Kind.REPAIR_SENT: "primary",
    Kind.SUPPORT_DECLINED: "warned",
    Kind.EXTENSION_ASKED: "warned",
    Kind.EXTENSION_AGREED: "primary",
    Kind.SUSPENSION_ASKED: "warned",
    Kind.APPEAL_ASKED: "warned",
    Kind.PAUSED: "paused",
    Kind.PAUSE_ENDED: "primary",
    Kind.REPORTER_ANSWERED: "primary",
    Kind.CONTACTED: "primary",
    Kind.MESSAGED: "primary",
    Kind.PHONED: "primary",
    Kind.CALENDAR_MOVED: "paused",
    Kind.RECALLED: "warned",
    Kind.SUPERVISED: "overdue",
    Kind.SUPERVISION_RAISED: "overdue",
    Kind.SUPERVISION_ANSWERED: "primary",
    Kind.NUDGED: "warned",
    Kind.INSTRUCTED: "overdue",
    Kind.INSTRUCTION_SENT_BACK: "warned",
    Kind.INSTRUCTION_ACCEPTED: "on",
    Kind.LETTER_MARKED: "primary",
    Kind.REPLY_SIGNED: "on",
    Kind.DISPUTED: "overdue",
    Kind.RULED: "primary",
    Kind.FIXED_ON_SPOT: "on",
    Kind.FALSE_ALARM: "warned",
    Kind.ALERT_CLEARED: "on",
    Kind.ALERT_AGAIN: "warned",
    Kind.ALERT_FLAPPING: "warned",
    Kind.ALERT_STORM: "warned",
    Kind.ALERT_WORSE: "warned",
    Kind.ALERT_SILENT: "paused",
    Kind.ALERT_ENDED: "on",
    Kind.MEDIATION_OPENED: "primary",
    Kind.MEDIATION_SESSION: "primary",
    Kind.MEDIATION_CONFIRMED: "on",
    Kind.MEDIATION_PARTY_LEFT: "warned",
    Kind.UPSTREAM_SUBMITTED: "primary",
    Kind.UPSTREAM_ACCEPTED: "on",
    Kind.UPSTREAM_SENT_BACK: "overdue",
    Kind.UPSTREAM_ASKED: "warned",
}
# Who reads what an instruction, a report on it or a draft says is asked where they stand, not here. The
# rows say no more which text it is; those of before still do.
_READ_ELSEWHERE = frozenset(
    {
        Kind.INSTRUCTED,
        Kind.INSTRUCTION_REPORTED,
        Kind.INSTRUCTION_ACCEPTED,
        Kind.INSTRUCTION_SENT_BACK,
        Kind.INSTRUCTION_WITHDRAWN,
        Kind.REPLY_DRAFTED,
    }
)
_BY_RESIDENT = frozenset({Kind.RATED, Kind.OBJECTED, Kind.REPORTER_ANSWERED})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline, ready to be read."""

    at: datetime
    kind: str
    words: str
    who: str
    note: str = ""
    state: str = ""
    style: str = ""  # of the moment: "" says the day where it is not today


def triage_tags(codes: Iterable[str]) -> list[tuple[str, Any, str]]:
    """(code, word, colour state) for each reason why a person is needed, the most telling first."""
    given = set(codes)
    known = [(code, word, TRIAGE_STATES.get(code, "")) for code, word in TRIAGE_TAGS.items() if code in given]
    return known + [(code, code, "") for code in sorted(given - set(TRIAGE_TAGS))]


def read(entries: Iterable[TimelineEntry]) -> list[Line]:
    """Timeline rows (with actor and actor_unit selected) as lines, in their order; at most three queries."""
    rows = list(entries)
    texts = {row.data.get("text") for row in rows} - {None}
    codes = {row.data.get(key) for row in rows for key in ("unit", "proposed")} - {None, ""}
    codes |= {code for row in rows for code in row.data.get("units") or ()}
    people = {row.data.get("person") for row in rows} - {None}
    names = Names(
        Text.objects.in_bulk(list(texts)) if texts else {},
        OrgUnit.objects.in_bulk(list(codes)) if codes else {},
        User.objects.in_bulk(list(people)) if people else {},
    )
    return [_line(row, names) for row in rows]


def _line(row: TimelineEntry, names: Names) -> Line:
    make = _SENTENCES.get(row.kind)
    text = names.texts.get(row.data.get("text") or 0)
    note = ""
    if text is not None and row.kind not in _READ_ELSEWHERE:
        note = _("(erased)") if text.erased_at else text.body
    return Line(
        at=row.at,
        kind=row.kind,
        words=make(row.data, names) if make else row.kind,
        who=_who(row),
        note=note,
        state=_STATES.get(Kind(row.kind), "") if row.kind in set(Kind) else "",
    )


def _who(row: TimelineEntry) -> str:
    if row.actor is not None:
        return str(row.actor)
    if row.client is not None:
        return row.client.name
    return _("the reporter") if row.kind in _BY_RESIDENT else ""


def _source(code: str | None) -> str:
    return str(Source(code).label) if code in Source.values else (code or "")


def _outcome(code: str | None) -> str:
    return str(ResolutionOutcome(code).label) if code in ResolutionOutcome.values else (code or "")


def _received(p: Mapping[str, Any], names: Names) -> str:
    return _("Reported: %(source)s") % {"source": _source(p.get("source"))}


def _joined(p: Mapping[str, Any], names: Names) -> str:
    return _("Another report about the same thing: %(source)s") % {"source": _source(p.get("source"))}


def _to_desk(p: Mapping[str, Any], names: Names) -> str:
    words = _(", ").join(str(word) for _code, word, _state in triage_tags(p.get("codes") or ()))
    return _("To the triage desk: %(why)s") % {"why": words}


def _dispatched(p: Mapping[str, Any], names: Names) -> str:
    unit = {"unit": names.unit(p.get("unit"))}
    if p.get("automatic"):
        return _("Dispatched automatically to %(unit)s") % unit
    return _("Dispatched to %(unit)s") % unit


def _accepted(p: Mapping[str, Any], names: Names) -> str:
    unit = {"unit": names.unit(p.get("unit"))}
    if p.get("how") == Assignment.Acceptance.PHONE:
        return _("%(unit)s accepted by telephone") % unit
    if p.get("how") == Assignment.Acceptance.RULED:
        return _("Counts as accepted by %(unit)s: it was ruled") % unit
    return _("%(unit)s accepted") % unit


def _return_asked(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "proposed": names.unit(p.get("proposed"))}
    if p.get("proposed"):
        return _("%(unit)s asks to return it and names %(proposed)s") % told
    return _("%(unit)s asks to return it") % told


def _resolved(p: Mapping[str, Any], names: Names) -> str:
    told = {"outcome": _outcome(p.get("outcome"))}
    if p.get("mediation") in Mediation.Kind.values:
        told["mediation"] = str(Mediation.Kind(p["mediation"]).label)
        if p.get("settled"):
            return _("Resolved: %(outcome)s; %(mediation)s, settled") % told
        return _("Resolved: %(outcome)s; %(mediation)s, not settled") % told
    if p.get("attested"):
        return _("Resolved: %(outcome)s; closing condition confirmed") % told
    return _("Resolved: %(outcome)s") % told


def _released(p: Mapping[str, Any], names: Names) -> str:
    photos = int(p.get("photos") or 0)
    if not photos:
        return _("The public may read its words")
    if not p.get("words"):
        return ngettext("The public may see a photo", "The public may see %(n)d photos", photos) % {
            "n": photos
        }
    told = ngettext(
        "The public may read its words and see a photo",
        "The public may read its words and see %(n)d photos",
        photos,
    )
    return told % {"n": photos}


def _assigned(p: Mapping[str, Any], names: Names) -> str:
    if p.get("person") is None:
        return _("Back to everybody at %(unit)s") % {"unit": names.unit(p.get("unit"))}
    return _("Into the hands of %(person)s") % {"person": names.person(p["person"])}


def _parked(p: Mapping[str, Any], names: Names) -> str:
    return _("Interim answer, parked until %(date)s") % {"date": day(p.get("until"))}


def _merged(p: Mapping[str, Any], names: Names) -> str:
    return _("Merged into %(number)s") % {"number": p.get("into", "")}


def _unmerged(p: Mapping[str, Any], names: Names) -> str:
    return _("Taken out of %(number)s again") % {"number": p.get("out_of", "")}


def _absorbed(p: Mapping[str, Any], names: Names) -> str:
    count = int(p.get("reports") or 0)
    return ngettext(
        "%(number)s was merged into this case, with %(count)d report",
        "%(number)s was merged into this case, with %(count)d reports",
        count,
    ) % {"number": p.get("number", ""), "count": count}


def _deadline(p: Mapping[str, Any], names: Names) -> str:
    told = {"due": moment(p.get("due_at"))}
    if p.get("moved"):
        return _("New outside deadline: %(due)s; it rules from now on") % told
    return _("New outside deadline: %(due)s; ours is earlier") % told


def _rated(p: Mapping[str, Any], names: Names) -> str:
    marks = {
        "result": _("result %(score)d"),
        "speed": _("speed %(score)d"),
        "service": _("service %(score)d"),
    }
    given = [words % {"score": p[name]} for name, words in marks.items() if p.get(name)]
    return (
        _("Rated of 5: %(marks)s") % {"marks": pgettext("between facts", ", ").join(given)}
        if given
        else _("Rated")
    )


def _supervised(p: Mapping[str, Any], names: Names) -> str:
    told = {
        "number": p.get("number", ""),
        "unit": names.unit(p.get("unit")),
        "at": moment(p.get("answer_by")),
    }
    if p.get("again"):
        return _("Overdue again; order %(number)s stands already") % told
    if p.get("moved"):
        return _("Order %(number)s goes on to %(unit)s, to be answered by %(at)s") % told
    if p.get("cause") == "breach":
        return _("Overdue: order %(number)s to %(unit)s, to be answered by %(at)s") % told
    return _("Order %(number)s to %(unit)s, to be answered by %(at)s") % told


def _supervision_raised(p: Mapping[str, Any], names: Names) -> str:
    level = p.get("level")
    told = {
        "number": p.get("number", ""),
        "level": Supervision.Level(level).label if level in Supervision.Level.values else level,
    }
    if p.get("by_hand"):
        return _("Order %(number)s was raised to %(level)s") % told
    return _("Order %(number)s was not answered in time: raised to %(level)s") % told


def _of_order(sentence: Callable[[], str]) -> Callable[[Mapping[str, Any], Names], str]:
    return lambda p, names: sentence() % {"number": p.get("number", ""), "unit": names.unit(p.get("unit"))}


def _forgotten(p: Mapping[str, Any], names: Names) -> str:
    if p.get("why") == "asked":
        return _("Who reported it was erased, as they asked")
    return _("Who reported it is no longer kept: the time for that is over")


def _photo(p: Mapping[str, Any], names: Names) -> str:
    stage = p.get("stage")
    label = Attachment.Stage(stage).label if stage in Attachment.Stage.values else (stage or "")
    return _("Photo added: %(stage)s") % {"stage": label}


_SENTENCES: Mapping[str, Sentence] = {
    **alert_sentences.SENTENCES,
    **clock_sentences.SENTENCES,
    **dispute_sentences.SENTENCES,
    **cohandling_sentences.SENTENCES,
    **oversight_sentences.SENTENCES,
    **upstream_sentences.SENTENCES,
    **mediation_sentences.SENTENCES,
    Kind.RECEIVED: with_late(_received),
    Kind.JOINED: _joined,
    Kind.TO_DESK: _to_desk,
    Kind.DISPATCHED: _dispatched,
    Kind.CLAIMED: plain(lambda: _("Took the case on the desk")),
    Kind.ACCEPTED: _accepted,
    Kind.DEEMED_ACCEPTED: of_unit(lambda: _("%(unit)s was silent past its limit: deemed to have accepted")),
    Kind.ASSIGNED: _assigned,
    Kind.MESSAGED: plain(lambda: _("Written to the reporter")),
    Kind.RELEASED_TO_PUBLIC: _released,
    Kind.WITHHELD: plain(lambda: _("Words and photos are kept from the public")),
    Kind.RETURN_ASKED: _return_asked,
    Kind.RETURN_AGREED: of_unit(lambda: _("Return by %(unit)s agreed: back on the triage desk")),
    Kind.RETURN_REFUSED: of_unit(lambda: _("Return refused: %(unit)s keeps the case")),
    Kind.REDISPATCHED: of_unit(lambda: _("Sent on to %(unit)s")),
    Kind.RESOLVED: with_late(_resolved),
    Kind.PARKED: _parked,
    Kind.WOKEN: of_unit(lambda: _("The date has come: %(unit)s has the case in hand again")),
    Kind.VERIFICATION_ASKED: of_unit(lambda: _("%(unit)s is asked to verify")),
    Kind.VERIFIED: plain(lambda: _("Verified: fixed")),
    Kind.VERIFICATION_FAILED: plain(lambda: _("Verified: not fixed, back to the unit as rework")),
    Kind.CLOSED: plain(lambda: _("Case closed")),
    Kind.ANSWERED: plain(lambda: _("Answered directly and closed")),
    Kind.REJECTED: plain(lambda: _("Turned away: not accepted")),
    Kind.REOPENED: plain(lambda: _("Reopened")),
    Kind.MERGED: _merged,
    Kind.UNMERGED: _unmerged,
    Kind.ABSORBED: _absorbed,
    **desk_sentences.SENTENCES,
    Kind.NOTED: plain(lambda: _("Internal note")),
    Kind.SUPPLEMENTED: plain(lambda: _("Supplement from the source")),
    Kind.CHASED: plain(lambda: _("Chaser from the source")),
    Kind.DEADLINE_SET: _deadline,
    Kind.WITHDRAWN: plain(lambda: _("The reporter takes it back")),
    Kind.RATED: _rated,
    Kind.OBJECTED: plain(lambda: _("The reporter objects: not really fixed")),
    Kind.SUPERVISED: _supervised,
    Kind.SUPERVISION_RAISED: _supervision_raised,
    Kind.SUPERVISION_ANSWERED: _of_order(lambda: _("%(unit)s answered order %(number)s")),
    Kind.SUPERVISION_LIFTED: _of_order(lambda: _("Order %(number)s was lifted")),
    Kind.NUDGED: of_unit(lambda: _("%(unit)s was urged to get on with it")),
    Kind.UNMASKED: plain(lambda: _("Looked at the reporter's name and number")),
    Kind.PHOTO_ADDED: _photo,
    Kind.COPIED: plain(lambda: _("What the reporter told us was copied, as they asked")),
    Kind.FORGOTTEN: _forgotten,
    Kind.FIXED_ON_SPOT: of_unit(lambda: _("Found and put right on the spot by %(unit)s")),
}
