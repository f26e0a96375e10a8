"""What people do with projects 治理项目: begin one from a warning, add to it, carry measures out, end it.

What it is measured by (place, matters, first day) is chosen when it begins and never changed: nobody moves
the start to where the figures look better.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.models import Project, ProjectCase, ProjectEvent, ProjectItem, Warning, WarningEvent
from dashboards.warning import acting, before_after, reach
from dispatch.models import Category
from dispatch.vocabulary import Urgency
from incidents import cases, outbox
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage, Text
from incidents.numbers import district_day

Status, Kind = Project.Status, ProjectEvent.Kind
# Its days: nobody plans farther, and before it is counted as far back as after it.
LONGEST: Final = timedelta(days=730)
ITEMS_MOST: Final = 50
OPEN: Final = (Status.PLANNED, Status.RUNNING)
WHO_WORKS: Final = _("Who supervises there or works for its owner does this.")


def visible(user: User | AnonymousUser) -> Q:
    """The condition on projects: all for the district, its own for a street, and what a unit owns for it."""
    seen = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(*reach.READERS, Role.HANDLER):
        if grant.role in reach.READERS and grant.reach == Reach.DISTRICT:
            return Q()
        if grant.role in reach.READERS and grant.reach == Reach.STREET:
            seen |= Q(street_code=grant.unit.area_code)
        elif grant.reach == Reach.UNIT:
            seen |= Q(owner_unit__in=viewer_of(user).units_below(grant.unit))
    return seen


def keeping_grant(user: User | AnonymousUser, project: Project) -> Grant | None:
    """The role under which somebody changes its state: who supervises there."""
    for grant in viewer_of(user).with_roles(*reach.ACTORS):
        if grant.reach == Reach.DISTRICT:
            return grant
        if grant.reach == Reach.STREET and project.street_code == grant.unit.area_code:
            return grant
    return None


def working_grant(user: User | AnonymousUser, project: Project) -> Grant | None:
    """The role under which somebody adds to its lists: who supervises there, or works for its owner."""
    if grant := keeping_grant(user, project):
        return grant
    for grant in viewer_of(user).with_roles(Role.LEADER, Role.HANDLER):
        if grant.reach != Reach.DISTRICT and grant.covers(project.owner_unit):
            return grant
    return None


@transaction.atomic(durable=True)
def begin(
    *,
    warning: int,
    name: str,
    problem: str,
    unit: str,
    categories: Sequence[str],
    start: date,
    end: date,
    actor: Actor,
    at: datetime,
    seen: int | None = None,
) -> Project:
    """转为专项: a project of the warning's place and these matters, with its cases, owned by a unit."""
    held, user = acting.hold(warning, actor, seen=seen)
    _refuse_taken(held, user)
    owner = OrgUnit.objects.open().filter(pk=unit).first()
    if owner is None:
        raise InvalidInput("unit", "unknown", _("Choose the unit that owns it."))
    if not name.strip():
        raise InvalidInput("name", "required", _("Give it a name."))
    wanted = sorted(set(categories))
    if not wanted or Category.objects.filter(code__in=wanted).count() != len(wanted):
        raise InvalidInput("categories", "unknown", _("Choose the matters that it is measured by."))
    if not start <= end <= start + LONGEST or abs(start - district_day(at)) > LONGEST:
        raise InvalidInput("end", "range", _("It ends after it begins, within two years."))
    made = Project.objects.create(
        name=name.strip()[:80],
        problem=cases.store_text(problem, at=at, field="problem"),
        owner_unit=owner,
        street_code=held.street_code,
        community_code=held.community_code,
        categories=wanted,
        start=start,
        end=end,
        status=Status.PLANNED if start > district_day(at) else Status.RUNNING,
        opened_by=user,
        opened_at=at,
    )
    _record(made, Kind.OPENED, actor=actor, at=at)
    _take_in(made, held, actor=actor, at=at)
    _tell_owner(made, at=at)
    return made


@transaction.atomic(durable=True)
def add_warning(
    *, warning: int, project: int, actor: Actor, at: datetime, seen: int | None = None
) -> Project:
    """Another warning of the same problem: its cases join the project's. What is measured stays."""
    held, user = acting.hold(warning, actor, seen=seen)
    _refuse_taken(held, user)
    into = _hold(project)
    if keeping_grant(user, into) is None:
        raise ActionRefused("not_allowed", acting.WHO_ACTS)
    if into.status not in OPEN:
        raise ActionRefused("wrong_state", _("The project is over."))
    _take_in(into, held, actor=actor, at=at)
    return into


@transaction.atomic(durable=True)
def add_item(
    *, project: int, kind: str, words: str, unit: str, due: date | None = None, actor: Actor, at: datetime
) -> ProjectItem:
    """A line of its lists: what it has to work with, or what is done, by whom, by when."""
    held, user = _hold(project), actor.user
    assert user is not None
    if working_grant(user, held) is None:
        raise ActionRefused("not_allowed", WHO_WORKS)
    if held.status not in OPEN:
        raise ActionRefused("wrong_state", _("The project is over."))
    if kind not in ProjectItem.Kind.values:
        raise InvalidInput("kind", "unknown", _("Say which list it belongs to."))
    by = OrgUnit.objects.open().filter(pk=unit).first()
    if by is None:
        raise InvalidInput("unit", "unknown", _("Choose the unit that does it."))
    if kind == ProjectItem.Kind.MEASURE and (due is None or abs(due - held.start) > LONGEST):
        raise InvalidInput("due", "required", _("A measure has a day by which it is carried out."))
    if held.items.filter(dropped_at=None).count() >= ITEMS_MOST:
        raise ActionRefused("too_many", _("Its lists are full."))
    text = cases.store_text(words, at=at, field="words")
    item = ProjectItem.objects.create(
        project=held, kind=kind, words=text, unit=by, due=due, added_by=user, added_at=at
    )
    _record(held, Kind.ITEM, actor=actor, at=at, item=item.pk)
    return item


@transaction.atomic(durable=True)
def carry_out(*, item: int, actor: Actor, at: datetime) -> ProjectItem:
    """A measure is carried out. Again, it changes nothing."""
    found = ProjectItem.objects.filter(pk=item, kind=ProjectItem.Kind.MEASURE).first()
    if found is None:
        raise ActionRefused("not_found", _("There is no such measure."))
    held = _hold(found.project_id)
    assert actor.user is not None
    if working_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", WHO_WORKS)
    found.refresh_from_db()
    if found.dropped_at is not None:
        raise ActionRefused("wrong_state", _("It has been taken out of the lists."))
    if found.done_at is None:
        found.done_at, found.done_by = at, actor.user
        found.save(update_fields=["done_at", "done_by"])
        _record(held, Kind.ITEM_DONE, actor=actor, at=at, item=found.pk)
    return found


@transaction.atomic(durable=True)
def drop_item(*, item: int, words: str, actor: Actor, at: datetime) -> ProjectItem:
    """A line is taken out of its lists, and why; it stays to be read. What was carried out stays."""
    found = ProjectItem.objects.filter(pk=item).first()
    if found is None:
        raise ActionRefused("not_found", _("There is no such line."))
    held = _hold(found.project_id)
    assert actor.user is not None
    if working_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", WHO_WORKS)
    if held.status not in OPEN:
        raise ActionRefused("wrong_state", _("The project is over."))
    found.refresh_from_db()
    if found.done_at is not None:
        raise ActionRefused("wrong_state", _("It has been carried out already."))
    if found.dropped_at is not None:
        raise ActionRefused("wrong_state", _("It has been taken out of the lists."))
    text = acting.said(words, at=at)
    found.dropped_at = at
    found.save(update_fields=["dropped_at"])
    _record(held, Kind.ITEM_DROPPED, actor=actor, at=at, words=text, item=found.pk)
    return found


@transaction.atomic(durable=True)
def change_owner(*, project: int, unit: str, words: str, actor: Actor, at: datetime) -> Project:
    """Another unit owns it from now on, and is told; what it is measured by stays."""
    held = _hold(project)
    assert actor.user is not None
    if keeping_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", acting.WHO_ACTS)
    if held.status == Status.DONE:
        raise ActionRefused("wrong_state", _("The project is over."))
    owner = OrgUnit.objects.open().filter(pk=unit).first()
    if owner is None:
        raise InvalidInput("unit", "unknown", _("Choose the unit that owns it."))
    if owner.pk == held.owner_unit_id:
        raise ActionRefused("unchanged", _("It owns the project already."))
    text = acting.said(words, at=at)
    before, held.owner_unit = held.owner_unit_id, owner
    held.save(update_fields=["owner_unit"])
    _record(held, Kind.OWNER, actor=actor, at=at, words=text, before=before, after=owner.pk)
    _tell_owner(held, at=at, again=f":{held.events.count()}")
    return held


@transaction.atomic(durable=True)
def set_status(*, project: int, status: str, actor: Actor, at: datetime) -> Project:
    """It runs, or is kept watch on. Its first day stays what it was; its end is told by `finish`."""
    held = _hold(project)
    assert actor.user is not None
    if keeping_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", acting.WHO_ACTS)
    if status not in Status.values:
        raise InvalidInput("status", "unknown", _("Choose a state."))
    if status == Status.DONE and status != held.status:
        raise InvalidInput("status", "finish", _("To finish it, say what came of it."))
    if status != held.status:
        _record(held, Kind.STATUS, actor=actor, at=at, before=held.status, after=status)
        held.status = status
        held.save(update_fields=["status"])
    return held


@transaction.atomic(durable=True)
def finish(*, project: int, words: str, actor: Actor, at: datetime) -> Project:
    """It is done: what came of it in words, and what was measured before and since, as counted today.

    Measures that are open yet are refused by their number: each is carried out or taken out first.
    """
    held = _hold(project)
    assert actor.user is not None
    if keeping_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", acting.WHO_ACTS)
    if held.status == Status.DONE:
        raise ActionRefused("wrong_state", _("It is finished already."))
    waiting = held.items.filter(kind=ProjectItem.Kind.MEASURE, done_at=None, dropped_at=None).count()
    if waiting:
        raise ActionRefused(
            "open_measures",
            ngettext(
                "%(count)d measure is open: carry it out or take it out first.",
                "%(count)d measures are open: carry them out or take them out first.",
                waiting,
            )
            % {"count": waiting},
        )
    text = acting.said(words, at=at)
    found = before_after.compare(held, today=district_day(at))
    measured = {"before": list(found.before), "after": list(found.after), "verdict": found.verdict}
    _record(held, Kind.FINISHED, actor=actor, at=at, words=text, **measured)
    held.status = Status.DONE
    held.save(update_fields=["status"])
    return held


# --- shared ---------------------------------------------------------------------------------------


def _refuse_taken(held: Warning, user: User) -> None:
    if held.project_id is not None:
        raise ActionRefused("wrong_state", _("It is part of a project already."))
    if held.status == Warning.Status.DISMISSED:
        raise ActionRefused("wrong_state", _("It has been set aside."))
    if held.status == Warning.Status.CLAIMED and held.claimed_by_id != user.pk:
        raise ActionRefused("claimed", _("%(name)s has taken it over already.") % {"name": held.claimed_by})


def _take_in(project: Project, held: Warning, *, actor: Actor, at: datetime) -> None:
    ProjectCase.objects.bulk_create(
        [
            ProjectCase(project=project, incident_id=incident)
            for incident in held.cases.values_list("incident_id", flat=True)
        ],
        ignore_conflicts=True,
    )
    held.project, held.status = project, Warning.Status.PROJECT
    acting.done(held, WarningEvent.Kind.PROJECT, actor=actor, at=at, project=project.pk)
    _record(project, Kind.WARNING, actor=actor, at=at, warning=held.pk)


def _hold(project: int) -> Project:
    held = (
        Project.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner_unit")
        .filter(pk=project)
        .first()
    )
    if held is None:
        raise ActionRefused("not_found", _("There is no such project."))
    return held


def _tell_owner(project: Project, *, at: datetime, again: str = "") -> None:
    """Word to the unit that owns it and to its head, once; `again` tells a later owner's from the first's."""
    OutboxMessage.objects.bulk_create(
        [
            outbox.message(
                "warning.project",
                incident_id=None,
                receiver=receiver,
                key=f"warning.project:{project.pk}:{receiver}{again}",
                at=at,
                number=str(project.pk),
                urgency=Urgency.ROUTINE,
                name=project.name,
                end=project.end.isoformat(),
            )
            for receiver in (f"head:{project.owner_unit_id}", f"unit:{project.owner_unit_id}")
        ],
        ignore_conflicts=True,
    )


def _record(
    project: Project, kind: str, *, actor: Actor, at: datetime, words: Text | None = None, **data: Any
) -> None:
    assert actor.user is not None
    ProjectEvent.objects.create(
        project=project, kind=kind, by=actor.user, by_unit_id=actor.unit_code, at=at, words=words, data=data
    )
