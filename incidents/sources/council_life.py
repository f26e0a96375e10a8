"""街区理事会 between its meetings: members, the next agenda, what came of the last one, and figures."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Min, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.masking import for_others
from accounts.models import User
from grids.models import Area
from incidents import blocks, cases
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import (
    Assignment,
    CouncilIssue,
    CouncilMeeting,
    CouncilMember,
    Incident,
    IncidentReport,
)
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.sources import councils

MEMBERS_MOST = 60
NAME_MAX = 40
# Open matters that a meeting's page brings back, oldest first.
CARRIED_MOST = 60


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one council, or of all that somebody reads."""

    meetings: int = 0
    raised: int = 0
    settled: int = 0
    in_hand: int = 0

    @property
    def otherwise(self) -> int:
        """Not taken up."""
        return self.raised - self.settled - self.in_hand


def figures(user: User, *, area: str = "") -> Figures:
    """Meetings held, issues raised, settled and in hand; in two queries."""
    of_area = Q(area_code=area) if area else Q()
    held = CouncilMeeting.objects.filter(councils.reach_of(user), of_area, attendance__gt=0)
    issues = CouncilIssue.objects.filter(meeting__in=held)
    live = Q(report__links__unlinked_at__isnull=True)
    counted = issues.aggregate(
        raised=Count("pk", distinct=True),
        settled=Count("pk", filter=live & Q(report__links__incident__status=Status.CLOSED), distinct=True),
        in_hand=Count(
            "pk", filter=live & Q(report__links__incident__status__in=OPEN_STATUSES), distinct=True
        ),
    )
    return Figures(meetings=held.count(), **counted)


def before(meeting: CouncilMeeting) -> CouncilMeeting | None:
    """The meeting of the same council that was held last before this one."""
    earlier = CouncilMeeting.objects.filter(area_code=meeting.area_code, attendance__gt=0).filter(
        Q(held_at__lt=meeting.held_at) | Q(held_at=meeting.held_at, pk__lt=meeting.pk)
    )
    return earlier.order_by("-held_at", "-pk").first()


def after(meeting: CouncilMeeting) -> CouncilMeeting | None:
    """The meeting of the same council that was held next."""
    later = CouncilMeeting.objects.filter(area_code=meeting.area_code, attendance__gt=0).filter(
        Q(held_at__gt=meeting.held_at) | Q(held_at=meeting.held_at, pk__gt=meeting.pk)
    )
    return later.order_by("held_at", "pk").first()


def carried(meeting: CouncilMeeting, last: CouncilMeeting | None) -> list[CouncilIssue]:
    """What comes back to this meeting: issues of earlier ones that are open, or were closed since `last`.

    The open ones first; each with `live_links` as councils.meetings_of has them. Of a meeting that was
    followed by another, what was open until then stands as open: its page says the same ever after, but for
    what was closed then and has been opened again since.
    """
    if last is None:
        return []
    live = Q(report__links__unlinked_at__isnull=True)
    is_open = Q(report__links__incident__status__in=OPEN_STATUSES)
    is_news = Q(report__links__incident__closed_at__gte=last.held_at)
    found = _with_cases(
        CouncilIssue.objects.filter(
            live & (is_open | is_news),
            meeting__area_code=meeting.area_code,
            meeting__held_at__lte=last.held_at,
        )
    )
    closed_last = found.annotate(closed=Min("report__links__incident__closed_at")).order_by(
        F("closed").asc(nulls_first=True), "meeting__held_at", "position", "pk"
    )
    return list(closed_last[:CARRIED_MOST])


def open_issues(user: User, area: str) -> list[CouncilIssue]:
    """What a council has raised and nobody has settled, oldest first."""
    found = CouncilIssue.objects.filter(
        report__links__unlinked_at__isnull=True,
        report__links__incident__status__in=OPEN_STATUSES,
        meeting__in=CouncilMeeting.objects.filter(councils.reach_of(user), area_code=area),
    )
    return list(_with_cases(found).order_by("meeting__held_at", "position", "pk")[:CARRIED_MOST])


def done_in(issues: Iterable[CouncilIssue]) -> dict[int, str]:
    """What was done, in the words of who did it and without anybody's name or number, by the id of the closed
    case; nothing of protected reporters and of disputes. The issues have `live_links`; one query, or none."""
    cases_of = [link.incident for issue in issues for link in getattr(issue.report, "live_links", [])]
    closed = {case.pk for case in cases_of if case.status == Status.CLOSED}
    if not closed:
        return {}
    told = Incident.objects.filter(blocks.may_be_told(), pk__in=closed)
    leads = Assignment.objects.filter(
        incident__in=told.values("pk"), role=Assignment.Role.LEAD, resolution__erased_at__isnull=True
    ).exclude(resolution=None)
    words = leads.order_by("pk").values_list("incident_id", "resolution__body")
    return {case: for_others(body) for case, body in words}  # the last one is what closed it


@dataclass(frozen=True, slots=True)
class Council:
    """One community's or block's council, as the list of all names it."""

    area: Area
    members: int
    meetings: int


@dataclass(frozen=True, slots=True)
class StreetCouncils:
    """The councils of a street: each community followed by its blocks."""

    name: str
    councils: list[Council]


def by_street(user: User) -> list[StreetCouncils]:
    """All councils that somebody keeps, met yet or not; four queries."""
    areas = list(councils.areas_of(user).order_by("code"))
    reach = councils.reach_of(user)
    seated = CouncilMember.objects.filter(reach, until__isnull=True).values_list("area_code", flat=True)
    met = CouncilMeeting.objects.filter(reach, attendance__gt=0).values_list("area_code", flat=True)
    members, meetings = Counter(seated), Counter(met)
    streets = {area.code: f"{area.code[:9]}000" for area in areas}
    names = Area.objects.names(streets.values())
    found: dict[str, list[Council]] = {}
    for area in areas:
        council = Council(area, members[area.code], meetings[area.code])
        found.setdefault(streets[area.code], []).append(council)
    return [StreetCouncils(names.get(street, street), rows) for street, rows in found.items()]


def _with_cases(issues: QuerySet[CouncilIssue]) -> QuerySet[CouncilIssue]:
    live = IncidentReport.objects.filter(unlinked_at__isnull=True).select_related("incident__owner_unit")
    return (
        issues.select_related("report__text", "meeting")
        .prefetch_related(Prefetch("report__links", queryset=live, to_attr="live_links"))
        .distinct()
    )


def members_of(area: str) -> list[CouncilMember]:
    """Who sits on a council now, the chair first."""
    order = CouncilMember.Duty.values
    found = CouncilMember.objects.filter(area_code=area, until__isnull=True)
    return sorted(found, key=lambda one: (order.index(one.duty), one.pk))


@transaction.atomic(durable=True)
def add_member(*, area: str, name: str, duty: str, user: User, at: datetime) -> CouncilMember:
    """Somebody sits on the council from now on; the same name again is the same member.

    Raises InvalidInput for a name or a duty that is none.
    """
    # The row of the area keeps two who add at once apart.
    _area_of(area, user).get()
    councils.hold_area(area)
    said = name.strip()
    if not said or len(said) > NAME_MAX or "\x00" in said:
        raise InvalidInput(
            "name", "invalid", _("Write a name of at most %(max)d characters.") % {"max": NAME_MAX}
        )
    if duty not in CouncilMember.Duty.values:
        raise InvalidInput("duty", "unknown", _("Choose what they do on the council."))
    members = members_of(area)
    known = next((one for one in members if one.name == said), None)
    if known is not None:
        CouncilMember.objects.filter(pk=known.pk).update(duty=duty)
        return known
    if len(members) >= MEMBERS_MOST:
        raise InvalidInput("name", "too_many", _("At most %(max)d members.") % {"max": MEMBERS_MOST})
    member = CouncilMember.of(area, said, duty, by=user, at=at)
    member.save()
    return member


@transaction.atomic(durable=True)
def end_member(*, area: str, member: int, user: User, at: datetime) -> None:
    """They sit on it no more; the meetings at which they were stay as they are. Again is no change."""
    _area_of(area, user).get()
    CouncilMember.objects.filter(area_code=area, pk=member, until__isnull=True).update(until=at)


@transaction.atomic(durable=True)
def plan(*, area: str, held_at: datetime, agenda: str, key: str, user: User, at: datetime) -> CouncilMeeting:
    """A meeting that is to come, with what it will talk about; the same form again is the same meeting.

    Raises InvalidInput (area, held_at, agenda).
    """
    if not councils.areas_of(user).filter(code=area).exists():
        raise InvalidInput("area", "unknown", _("Choose a block or a community of yours."))
    councils.hold_area(area)
    # Also where it has been written down or cancelled since, and by whomever.
    found = CouncilMeeting.objects.filter(councils.reach_of(user), form_key=key).first()
    if found is not None:
        return found
    if held_at <= at:
        raise InvalidInput("held_at", "past", _("This time has passed: write the meeting down instead."))
    return CouncilMeeting.objects.create(
        area_code=area,
        held_at=held_at,
        attendance=0,
        agenda=cases.store_text(agenda, at=at, field="agenda"),
        form_key=key,
        entered_at=at,
        entered_by=user,
    )


@transaction.atomic(durable=True)
def cancel(*, meeting: int, user: User, at: datetime) -> CouncilMeeting:
    """It was planned and did not take place; again is no change.

    Raises ActionRefused for another's council and for a meeting that has been written down.
    """
    found = CouncilMeeting.objects.filter(councils.reach_of(user), pk=meeting).first()
    if found is None:
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    councils.hold_area(found.area_code)
    found.refresh_from_db()
    if found.attendance:
        raise ActionRefused("wrong_state", _("This meeting has been written down already."))
    if found.cancelled_at is None:
        found.cancelled_at, found.cancelled_by = at, user
        found.save(update_fields=["cancelled_at", "cancelled_by"])
    return found


def _area_of(area: str, user: User) -> QuerySet[Area]:
    found = councils.areas_of(user).filter(code=area)
    if not found.exists():
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    return found
