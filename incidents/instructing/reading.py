"""Instructions to be read: lists by what they wait for, and one with everything that was said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from accounts.models import User
from incidents import queries
from incidents.instructing import reach
from incidents.models import Instruction, InstructionPart, InstructionReport

State = InstructionPart.State
OPEN, ANSWER, REPORT, OVERDUE, ENDED = "open", "answer", "report", "overdue", "ended"
SELECTIONS = (REPORT, ANSWER, OVERDUE, OPEN, ENDED)


def selected(user: User, selection: str, at: datetime) -> QuerySet[Instruction]:
    """The instructions that `user` sees and that a selection holds."""
    seen = Instruction.objects.filter(reach.visible(user))
    if selection == ENDED:
        return seen.filter(ended_at__isnull=False)
    seen = seen.filter(ended_at__isnull=True)
    if selection == OVERDUE:
        return seen.filter(Exists(_parts(Q(state=State.WAITING, due_at__lt=at) & reach.parts_watched(user))))
    if selection in (ANSWER, REPORT):
        asked = reach.parts_to_judge(user) if selection == ANSWER else reach.parts_to_report(user)
        return seen.filter(Exists(_parts(asked))) if asked is not None else seen.none()
    return seen


def _parts(wanted: Q) -> QuerySet[InstructionPart]:
    return InstructionPart.objects.filter(wanted, instruction=OuterRef("pk"))


def by_due(found: QuerySet[Instruction]) -> QuerySet[Instruction]:
    """With the earliest time that a report is owed by, and everything that a row shows."""
    waiting = InstructionPart.objects.filter(instruction=OuterRef("pk"), state=State.WAITING)
    parts = InstructionPart.objects.select_related("unit").order_by("pk")
    return (
        found.select_related("office", "given_by", "words")
        .annotate(next_due_at=Subquery(waiting.order_by("due_at").values("due_at")[:1]))
        .prefetch_related(Prefetch("parts", parts))
    )


def waiting_for(user: User | AnonymousUser) -> int:
    """How many parts wait for this person: a report to write, or one to answer; one query, at most 1,000."""
    asked = [q for q in (reach.parts_to_report(user), reach.parts_to_judge(user)) if q is not None]
    if not asked:
        return 0
    wanted = asked[0] if len(asked) == 1 else asked[0] | asked[1]
    return queries.bounded_count(InstructionPart.objects.filter(wanted))


@dataclass(frozen=True, slots=True)
class Part:
    """What a unit owes, with what was said, and what this person may do about it."""

    part: InstructionPart
    reports: list[InstructionReport]
    may_report: bool
    may_judge: bool
    is_overdue: bool

    @property
    def colour(self) -> str:
        """The colour of its state."""
        return colour(self.part, is_overdue=self.is_overdue)


def colour(part: InstructionPart, *, is_overdue: bool) -> str:
    """The colour of a part's state."""
    if part.state == State.WAITING:
        return "overdue" if is_overdue else "warned"
    return {State.REPORTED: "primary", State.ACCEPTED: "on"}.get(State(part.state), "paused")


def parts_of(given: Instruction, user: User, *, at: datetime) -> list[Part]:
    """Every part, with the reports that this person may read; two queries.

    Who gave it reads all; a unit reads its own, a street those of the street, and of the others how far they
    are. Nobody judges what they reported themselves.
    """
    reports = InstructionReport.objects.select_related("text", "reported_by", "judged_by", "remark")
    rows: Iterable[InstructionPart] = given.parts.select_related("unit").prefetch_related(
        Prefetch("reports", reports.order_by("pk"))
    )
    judges = reach.judging_grant(user, given) is not None
    found = []
    for part in rows:
        part.instruction = given
        reports_own = reach.reporting_grant(user, part) is not None
        reads = judges or reports_own or reach.oversees(user, part.unit)
        reports_here = list(part.reports.all())
        is_own = any(one.judged_at is None and one.reported_by_id == user.pk for one in reports_here)
        is_open = given.ended_at is None
        found.append(
            Part(
                part=part,
                reports=reports_here if reads else [],
                may_report=is_open and reports_own and part.state == State.WAITING,
                may_judge=is_open and judges and part.state == State.REPORTED and not is_own,
                is_overdue=part.state == State.WAITING and part.due_at < at,
            )
        )
    return found
