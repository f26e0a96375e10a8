"""What goes through the door, in both directions: frozen, plain, and without anybody else's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class UnknownCode(Exception):
    """No report has this tracking code."""


class OtherContent(Exception):
    """Something else was filed by this form. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a resident says. `form` names one filling-in of the form: sent twice, it is filed once."""

    form: str
    text: str
    lon: float | None = None  # WGS-84
    lat: float | None = None
    area: str = ""
    facility: str = ""  # the code of the one that it is about, where its printed code was scanned
    code: str = ""  # the printed code that was scanned there
    address: str = ""
    landmark: str = ""
    joins: str | None = None  # a case's number; empty: none of those offered; None: not asked
    photos: tuple[UUID, ...] = ()
    name: str = ""
    phone: str = ""
    language: str = "zh-hans"
    # What only another system says, which files under its own key: its id; empty for the district's form.
    client: int | None = None
    # What the same form would have been called ten minutes ago, where its name changes with them.
    earlier: str = ""
    # Of all that was sent, pictures too: whoever names the form themselves may name two things alike.
    digest: str = ""
    category: str = ""
    place_type: str = ""
    occurred_at: datetime | None = None
    email: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    # Of what was filed in the outer zone: when, and the code that was given there.
    filed_at: datetime | None = None
    tracking_code: str = ""


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """Somebody says that a telephone number is theirs, and wants a code on it to show that."""

    phone: str
    language: str = "zh-hans"


@dataclass(frozen=True, slots=True)
class OwnReports:
    """What was reported under the number which this ticket has proved, the newest; `most` 0 asks only whether
    the ticket opens it."""

    ticket: str
    most: int = 50


class Phase(StrEnum):
    """Where a case stands, as a resident would ask it."""

    RECEIVED = "received"  # in the outer zone, where the core has not come for it yet
    DECIDING = "deciding"  # whose job is it?
    SENT = "sent"  # named, not yet taken on
    HANDLING = "handling"
    CHECKING = "checking"  # done, and somebody else looks whether it is
    PARKED = "parked"  # cannot be settled now; there is a date
    PAUSED = "paused"
    SETTLED = "settled"
    ANSWERED = "answered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Photo:
    id: UUID
    at: datetime
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what happened; `kind` is a timeline kind, `params` what its sentence needs."""

    at: datetime
    kind: str
    unit: str = ""
    own: bool = False
    note: str = ""  # what the unit tells the reporter
    seconds: float | None = None  # since the step it answers
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is this unit's job."""

    by_person: bool
    words: tuple[str, ...]  # the reporter's own words that decided it
    place: str
    matter: str
    unit: str
    limit: str  # as the list spells it: "5wd", "24h"
    supervisor: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The clock stands still: why, until when at most, and what the reporter was asked."""

    for_reporter: bool
    since: datetime
    until: datetime
    question: str = ""  # empty where nothing was asked
    is_over: bool = False  # the clock has gone on without an answer, which is still welcome


@dataclass(frozen=True, slots=True)
class ToSecretary:
    """A letter to a secretary: whose it is, by when it is answered, and the signed reply."""

    office: str
    due_at: datetime
    reply: str = ""  # empty: not answered yet
    signer: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the three things that are rated; no score: not rated."""

    name: str
    score: int | None


@dataclass(frozen=True, slots=True)
class TrackedCase:
    """Everything that its reporter may know about a report."""

    code: str
    phase: str
    title: str
    category: str
    place: str
    unit: str
    received_at: datetime
    since: datetime  # how long it has been where it is now
    due_at: datetime | None
    clock_from: datetime | None
    parked_until: date | None
    overdue: bool
    rework: int
    returns: int
    reports: int
    joined: bool
    in_district: bool | None
    outcome: str
    answer: str  # what the unit or the centre wrote to the reporter
    words: str
    address: str
    has_contact: bool
    photos: tuple[Photo, ...]
    before: tuple[Photo, ...]
    after: tuple[Photo, ...]
    steps: tuple[Step, ...]  # newest first
    why: Why | None
    handled_seconds: float | None
    spare_seconds: float | None  # how long before (or, negative, after) its due time it was done
    marks: tuple[Mark, ...]  # as rated; empty: not yet
    may_rate: bool
    may_object: bool
    object_until: datetime | None
    objected_at: datetime | None
    may_withdraw: bool
    waiting: Waiting | None
    may_reply: bool
    may_add: bool
    letter: ToSecretary | None  # where the report was put before a secretary
    texts: bool | None  # are they texted about it? None: they cannot be
    version: str  # changes whenever anything above does


@dataclass(frozen=True, slots=True)
class OwnCase:
    """One of a reporter's reports in a list: what it takes to know whether to look."""

    code: str
    phase: str
    title: str
    place: str
    unit: str
    received_at: datetime
    due_at: datetime | None
    overdue: bool
    asks: bool  # the unit waits for this reporter's answer
    may_rate: bool


@dataclass(frozen=True, slots=True)
class Rating:
    speed: int | None = None
    result: int | None = None
    service: int | None = None
    text: str = ""


class Answer(StrEnum):
    """What a reporter can say about the handling."""

    RATE = "rate"
    OBJECT = "object"
    WITHDRAW = "withdraw"
    REPLY = "reply"
    ADD = "add"
    STOP_TEXTS = "stop_texts"
    RESUME_TEXTS = "resume_texts"
    # Of a ticket, not of a report: the code that came by text; no texts about any of them; and leaving.
    PROVE = "prove"
    STOP_ALL_TEXTS = "stop_all_texts"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class NearbyQuestion:
    """Is this known already? Words, and a point or else the area where to look: a scanned cell, or the
    community that an address names."""

    text: str
    lon: float | None = None
    lat: float | None = None
    area: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class AlikeCase:
    """An open case nearby about something alike, without anybody's words or pictures."""

    number: str
    category: str
    unit: str
    phase: str
    metres: int | None  # None: somewhere in the same area
    roads: tuple[str, ...]  # that its report names, where there is no distance to tell
    reported_at: datetime
    reports: int
    due_at: datetime | None
    clock_from: datetime | None


@dataclass(frozen=True, slots=True)
class WeekQuestion:
    """What was settled in the seven days before `at`; of one street, or of the district."""

    street: str = ""


@dataclass(frozen=True, slots=True)
class SettledCase:
    category: str
    street: str
    community: str
    unit: str
    closed_at: datetime
    seconds: float
    reports: int


@dataclass(frozen=True, slots=True)
class StreetWeek:
    """What was settled in a street in the week. How it compares is told of frozen periods alone."""

    code: str
    name: str
    settled: int


@dataclass(frozen=True, slots=True)
class Week:
    since: datetime
    until: datetime
    settled: int
    on_time: float | None
    mean_seconds: float | None
    rating: float | None
    streets: tuple[StreetWeek, ...]
    communities: Mapping[str, tuple[str, int]]  # code: name, settled
    latest: tuple[SettledCase, ...]
