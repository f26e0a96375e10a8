"""Who sees which version of the list: everybody on the staff what decides or decided, stewards all of it."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.models import ResponsibilityList

# Who reads the list on any working day, and finds it in the menu.
LIST_ROLES = (Role.STEWARD, Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER)
# Who sees drafts and proposals: whoever works on them, and whoever keeps the installation.
DRAFT_ROLES = (Role.STEWARD, Role.ADMIN)


def sees_drafts(user: User | AnonymousUser) -> bool:
    """May this person read what is still being written?"""
    return bool(viewer_of(user).roles.intersection(DRAFT_ROLES))


def visible_lists(user: User | AnonymousUser) -> QuerySet[ResponsibilityList]:
    """The versions that this person may read."""
    if sees_drafts(user):
        return ResponsibilityList.objects.all()
    return ResponsibilityList.objects.filter(state=ResponsibilityList.State.ADOPTED)


def list_or_404(request: HttpRequest, version: int) -> ResponsibilityList:
    """The version of this number, if this person may see it."""
    found = (
        visible_lists(request.user)
        .select_related("based_on", "created_by", "proposed_by")
        .filter(version=version)
        .first()
        # Beyond what the column holds there is none either.
        if version < 2**31
        else None
    )
    if found is None:
        raise Http404
    return found
