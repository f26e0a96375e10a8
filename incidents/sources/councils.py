"""街区理事会: a block's council meets, and what it raises becomes reports whose progress comes back to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dispatch.vocabulary import Source
from grids.locate import Place, locate
from grids.models import Area, code_prefix, is_in_a_street
from incidents import blocks, cases
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Refusal, ReportDraft, receive_one
from incidents.models import CouncilIssue, CouncilMeeting, CouncilMember, IncidentReport, Report

ISSUES_MOST = 30
ATTENDANCE_MOST = 500
ISSUE_MOST = 1_000
# Who sits with a council and writes down what it says: its street's or the district's desk and leaders,
# those of its community's station, and the grid members of the block.
KEEPERS = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER, Role.PATROL)
_NOWHERE = "-"  # no code begins so
_KINDS = (Area.Kind.COMMUNITY, Area.Kind.BLOCK)


@dataclass(frozen=True, slots=True)
class Issue:
    """One matter, and where it is where that is not the whole block."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting as it was typed in. `key` names the form: sent twice, it is one meeting."""

    key: str
    area: str
    held_at: datetime
    attendance: int
    issues: Sequence[Issue]
    minutes: str = ""
    agenda: str = ""
    present: Sequence[int] = ()  # of the council's members, by id
    planned: int | None = None  # the meeting that was planned, and is written down now
    # The meeting whose writing down was stopped at one of its issues: what is filed stays filed.
    resumes: int | None = None


def areas_of(user: User) -> QuerySet[Area]:
    """The communities and blocks whose councils this person may write for."""
    wanted = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(*KEEPERS):
        if grant.reach == Reach.DISTRICT:
            return Area.objects.without_polygons().in_use().filter(kind__in=_KINDS)
        wanted |= Q(code__startswith=_prefix(grant))
    return Area.objects.without_polygons().in_use().filter(wanted, kind__in=_KINDS)


def meetings_of(user: User) -> QuerySet[CouncilMeeting]:
    """The meetings that this person may read, newest first, with their issues and their cases."""
    live = IncidentReport.objects.filter(unlinked_at__isnull=True).select_related(
        "incident__owner_unit", "incident__category"
    )
    issues = CouncilIssue.objects.select_related("report__text").prefetch_related(
        Prefetch("report__links", queryset=live, to_attr="live_links")
    )
    found = CouncilMeeting.objects.select_related("minutes", "agenda", "entered_by").filter(reach_of(user))
    return found.prefetch_related(Prefetch("issues", queryset=issues)).order_by("-held_at", "-pk")


def reach_of(user: User) -> Q:
    """The condition on `area_code` that a person may read what is of that council."""
    grants = viewer_of(user).with_roles(*KEEPERS)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return Q()
    wanted = Q(pk__in=[])
    for grant in grants:
        wanted |= Q(area_code__startswith=_prefix(grant))
    return wanted


def hold(meeting: Meeting, *, user: User, at: datetime) -> CouncilMeeting:
    """Write a meeting down: each issue becomes a report. The same form again goes on where it broke off, and
    so does a mended one that says what it `resumes`: what is filed is known by its words.

    Raises InvalidInput naming the field (`issues.N` for an issue), or ActionRefused for another's block and
    for what has been written down already.
    """
    area = areas_of(user).select_related("parent").filter(code=meeting.area).first()
    if area is None:
        raise InvalidInput("area", "unknown", _("Choose a block or a community of yours."))
    _check(meeting, at=at)
    kept = _kept(meeting, user=user, at=at)
    # Words and positions of one moment: another press may be filing the same issues, and where both give one
    # the same position, it is the same report.
    filed, position = _filed(kept)
    for index, issue in enumerate(meeting.issues):
        said = issue.text.strip(), issue.address.strip()
        if filed[said]:
            filed[said] -= 1
            continue
        position += 1
        receipt = receive_one(_draft(kept, position, issue, area), at=at, user=user)
        if isinstance(receipt, Refusal):
            raise InvalidInput(f"issues.{index}", receipt.code, receipt.message)
        _bind(kept, position, receipt.report)
    return kept


def filed_of(meeting: CouncilMeeting) -> Counter[tuple[str, str]]:
    """What of a meeting is filed already: words and place of each issue."""
    return _filed(meeting)[0]


def _filed(meeting: CouncilMeeting) -> tuple[Counter[tuple[str, str]], int]:
    """The same, and the last position that was given; one query."""
    rows = list(meeting.issues.values_list("position", "report__text__body", "report__address"))
    words = Counter((words, address) for _position, words, address in rows)
    return words, max((position for position, _words, _address in rows), default=0)


def begun(key: str, *, user: User) -> CouncilMeeting | None:
    """What this form has written down so far."""
    return CouncilMeeting.objects.filter(_of_form(key), entered_by=user, attendance__gt=0).first()


def hold_area(area: str) -> None:
    """Two who write for one council come one after the other; until the transaction ends."""
    Area.objects.select_for_update(no_key=True).only("pk").filter(code=area).first()


def _of_form(key: str) -> Q:
    return Q(form_key=key) | Q(written_key=key)


def _kept(meeting: Meeting, *, user: User, at: datetime) -> CouncilMeeting:
    members = _members(meeting)
    with transaction.atomic(durable=True):
        hold_area(meeting.area)
        found = CouncilMeeting.objects.filter(_of_form(meeting.key)).first()
        if found is not None:
            if found.entered_by_id != user.pk:
                raise ActionRefused("not_allowed", _("Your role does not allow this."))
            return found
        kept = _resumed(meeting, user=user) or _planned(meeting, user=user)
        if kept is None:
            _refuse_second(meeting)
            kept = CouncilMeeting(area_code=meeting.area, form_key=meeting.key)
        kept.held_at, kept.attendance = meeting.held_at, meeting.attendance
        kept.minutes = cases.store_optional_text(meeting.minutes, at=at, field="minutes")
        if meeting.agenda.strip() or kept.pk is None:
            kept.agenda = cases.store_optional_text(meeting.agenda, at=at, field="agenda")
        kept.written_key, kept.entered_at, kept.entered_by = meeting.key, at, user
        kept.save()
        kept.present.set(members)
        return kept


def same_moment(meeting: Meeting) -> CouncilMeeting | None:
    """The meeting of this council at just this time, where one has been written down."""
    held = CouncilMeeting.objects.filter(area_code=meeting.area, held_at=meeting.held_at, attendance__gt=0)
    return held.order_by("pk").first()


def _refuse_second(meeting: Meeting) -> None:
    """A council meets once at a time: another form about it is the same meeting, and is gone on with."""
    if same_moment(meeting) is not None:
        raise ActionRefused("wrong_state", _("This meeting has been written down already."))


def _resumed(meeting: Meeting, *, user: User) -> CouncilMeeting | None:
    """The meeting whose writing down the same person goes on with."""
    if meeting.resumes is None:
        return None
    mine = CouncilMeeting.objects.filter(pk=meeting.resumes, entered_by=user, attendance__gt=0)
    kept = mine.filter(area_code=meeting.area).first()
    if kept is None:
        raise ActionRefused("wrong_state", _("This meeting was begun for another council."))
    return kept


def _planned(meeting: Meeting, *, user: User) -> CouncilMeeting | None:
    """The planned meeting that is written down by this; its council is held."""
    if meeting.planned is None:
        return None
    found = CouncilMeeting.objects.filter(reach_of(user), pk=meeting.planned, area_code=meeting.area)
    kept = found.first()
    if kept is None:
        raise ActionRefused("not_found", _("No such meeting of this council is planned."))
    if kept.cancelled_at is not None:
        raise ActionRefused("wrong_state", _("This meeting did not take place."))
    if not kept.is_planned:
        raise ActionRefused("wrong_state", _("This meeting has been written down already."))
    return kept


def _members(meeting: Meeting) -> list[CouncilMember]:
    """Those of the council who came; more than were present cannot have."""
    chosen = set(meeting.present)
    found = list(CouncilMember.objects.filter(pk__in=chosen, area_code=meeting.area))
    if len(found) != len(chosen):
        raise InvalidInput("present", "unknown", _("Choose members of this council."))
    if len(found) > meeting.attendance:
        raise InvalidInput(
            "attendance", "range", _("That is fewer than the members of the council who were there.")
        )
    return found


def _bind(meeting: CouncilMeeting, position: int, report: Report) -> None:
    CouncilIssue.objects.get_or_create(report=report, defaults={"meeting": meeting, "position": position})


def _draft(meeting: CouncilMeeting, position: int, issue: Issue, area: Area) -> ReportDraft:
    place, stands_for = _place(issue, area)
    attributes: dict[str, str | int] = {"meeting": meeting.pk, "issue": position}
    if stands_for:
        attributes[blocks.STANDS_FOR] = stands_for
    return ReportDraft(
        source=Source.COUNCIL,
        external_id=f"council:{meeting.pk}:{position}",
        text=issue.text.strip(),
        occurred_at=meeting.held_at,
        place=place,
        address=issue.address.strip(),
        attributes=attributes,
    )


def _place(issue: Issue, area: Area) -> tuple[Place, str]:
    """By its own words where they say more than the council's area; and the block that its cell stands for,
    where it lies somewhere in that block."""
    # A block is known by its community: it may have been cut since this process read the map.
    known = area.parent if area.kind == Area.Kind.BLOCK and area.parent is not None else area
    said, place = issue.address.strip(), locate(area=known.code)
    if said:
        named = locate(address=known.name_zh + said)
        place = named if named.finest is not None else place
    if place.cell or place.community != known.code:
        return place, ""  # the words know better
    block = next((one for one in blocks.blocks_in(known.code) if one.name_zh in said), None)
    if block is None and area.kind == Area.Kind.BLOCK:
        block = area
    cell = blocks.stand_in(block) if block is not None else ""
    if block is None or not cell:
        return place, ""
    # No point: nobody has said where in the block it is.
    return replace(place, cell=cell), block.code


def _check(meeting: Meeting, *, at: datetime) -> None:
    if meeting.held_at > at:
        raise InvalidInput("held_at", "future", _("This time has not come yet."))
    if not 1 <= meeting.attendance <= ATTENDANCE_MOST:
        raise InvalidInput(
            "attendance", "range", _("Between 1 and %(max)d people.") % {"max": ATTENDANCE_MOST}
        )
    has_more = meeting.minutes.strip() or meeting.planned is not None or meeting.resumes is not None
    if not meeting.issues and not has_more:
        raise InvalidInput("issues", "required", _("Write down an issue, or what else was agreed."))
    if len(meeting.issues) > ISSUES_MOST:
        raise InvalidInput("issues", "too_many", _("At most %(max)d issues.") % {"max": ISSUES_MOST})
    for index, issue in enumerate(meeting.issues):
        if not issue.text.strip():
            raise InvalidInput(f"issues.{index}", "required", _("Write a sentence here."))
        if len(issue.text) > ISSUE_MOST:
            raise InvalidInput(
                f"issues.{index}", "max_length", _("At most %(max)d characters.") % {"max": ISSUE_MOST}
            )


def _prefix(grant: Grant) -> str:
    # A unit without an area has no block of its own, and not every block. A department or a company stands
    # in the district and in no block; a street's team in its street, whose councils are the centre's.
    if not grant.unit.area_code:
        return _NOWHERE
    prefix = code_prefix(grant.unit.area_code)
    if grant.reach == Reach.STREET:
        return prefix if is_in_a_street(prefix) else _NOWHERE
    is_near = grant.role == Role.PATROL or grant.unit.kind == OrgUnit.Kind.COMMUNITY_STATION
    return prefix if is_near and is_in_a_street(prefix) else _NOWHERE
