"""Who may open a page at all. What may be done there is asked of incidents.policy, action by action."""

from django.http import Http404, HttpRequest

from accounts.access import View, person, staff
from accounts.roles import Role
from incidents import policy
from incidents.models import Incident

__all__ = ["CASE_ROLES", "DESK_ROLES", "View", "case_or_404", "person", "staff"]

DESK_ROLES = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)
CASE_ROLES = (*DESK_ROLES, Role.HANDLER, Role.LEADER)
# Who reads cases: a steward too, to judge the list by what it decided.
READING_ROLES = (*CASE_ROLES, Role.STEWARD)


def case_or_404(request: HttpRequest, number: str) -> Incident:
    """The case, if this person may see it; otherwise there is no such case for them."""
    found = (
        Incident.objects.filter(policy.visible(request.user), number=number)
        .select_related("category", "owner_unit", "text", "claimed_by", "handler", "merged_into")
        .first()
    )
    if found is None:
        raise Http404
    return found
