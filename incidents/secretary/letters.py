"""Which letters there are, whose they are, and by when they are answered."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from incidents.errors import ActionRefused
from incidents.instructing.reach import office_of, offices
from incidents.models import Incident, IncidentReport, Report, SecretaryLetter

# ours: a reply within five working days, whatever the case's own limit is.
LIMIT = Limit.parse("5wd")
DISTRICT, STREET = "district", "street"
# Who reads letters: secretaries, and who prepares their replies.
ROLES = (Role.LEADER, Role.SUPERVISOR)


def office_for(wanted: str, street_code: str) -> OrgUnit | None:
    """The office that a letter to the secretary of the district or the street goes to.

    A letter to a street that nobody knows goes to the district: it is never lost.
    """
    offices_known = OrgUnit.objects.open()
    if wanted == STREET and street_code:
        found = offices_known.filter(kind=OrgUnit.Kind.STREET_OFFICE, area_code=street_code).first()
        if found is not None:
            return found
    return offices_known.filter(kind=OrgUnit.Kind.DISTRICT).order_by("path").first()


def new_letter(
    report: Report, office: OrgUnit, *, at: datetime, marked_by: User | None = None
) -> SecretaryLetter:
    """An unsaved letter with its due time."""
    return SecretaryLetter(
        report=report,
        office=office,
        marked_at=at,
        marked_by=marked_by,
        due_at=due(at, LIMIT, work_calendar()),
    )


def visible(user: User | AnonymousUser) -> Q:
    """The letters that `user` may read: those to the offices for which they stand, the district's all."""
    grants = [grant for grant in viewer_of(user).with_roles(*ROLES) if grant.reach != Reach.UNIT]
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return Q()
    return Q(office__in=list(offices(user))) if grants else Q(pk__in=[])


def of_case(incident: Incident) -> QuerySet[SecretaryLetter]:
    """The letters among the reports that this case answers now."""
    linked = IncidentReport.objects.filter(incident=incident, unlinked_at__isnull=True)
    return SecretaryLetter.objects.filter(report__in=linked.values("report"))


def is_for(grant: Grant, incident: Incident) -> bool:
    """Does a letter on this case wait for the office of this role?"""
    if grant.reach == Reach.UNIT:
        return False
    return of_case(incident).filter(office=office_of(grant), signed_at__isnull=True).exists()


def signs_for(user: User | AnonymousUser) -> list[str]:
    """The offices whose secretary `user` is: not those that they work for in another role."""
    led = [grant.unit for grant in viewer_of(user).with_roles(Role.LEADER)]
    return [unit.code for unit in led if unit.kind in (OrgUnit.Kind.DISTRICT, OrgUnit.Kind.STREET_OFFICE)]


def refuse_if_signed(incident: Incident, report: int | None, user: User) -> None:
    """Somebody of the office was quicker: say who, not that one's role does not allow it (ActionRefused)."""
    found = of_case(incident).filter(office__in=list(offices(user))).select_related("signed_by")
    named = list(found.filter(report=report) if report is not None else found)
    if named and all(letter.signed_at is not None for letter in named):
        raise ActionRefused(
            "already_signed", _("%(name)s has answered this letter already.") % {"name": named[-1].signed_by}
        )


def cases_of(letters: Iterable[SecretaryLetter]) -> Mapping[int, Incident]:
    """The case that answers each letter's report now, by the report's id; one query."""
    links = IncidentReport.objects.filter(
        report__in=[letter.report_id for letter in letters], unlinked_at__isnull=True
    )
    return {
        link.report_id: link.incident
        for link in links.select_related("incident__owner_unit", "incident__category", "incident__text")
    }
