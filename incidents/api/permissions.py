"""What a token's scopes allow, and what is for people only. Cases themselves: incidents.policy."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiClient, User
from accounts.roles import Role
from accounts.viewer import viewer_of

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """A token needs the view's `scope` (none: any token will do); a person needs a role, whichever."""

    message = _("This token may not do this.")
    code = "missing_scope"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        asking: object = request.user  # an ApiClient too, which the stubs do not know
        if isinstance(asking, ApiClient):
            scope = getattr(view, "scope", None)
            return scope is None or scope in asking.scopes
        if isinstance(asking, User) and not viewer_of(asking).roles:
            self.message, self.code = _NO_ROLE, "not_allowed"
            return False
        return isinstance(asking, User)


class IsPerson(BasePermission):
    """Acting on a case is for people: a token files, follows and asks."""

    message = _("This is for people with a sign-in, not for tokens.")
    code = "people_only"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.user, User) and not viewer_of(request.user).roles:
            self.message, self.code = _NO_ROLE, "not_allowed"
            return False
        return isinstance(request.user, User)


class IsToken(BasePermission):
    """What another system does in its own words is for its token: people have pages."""

    message = _("This is for tokens of other systems.")
    code = "tokens_only"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        asking: object = request.user
        return isinstance(asking, ApiClient)


_NO_ROLE = _("Your role does not allow this.")


def for_roles(*roles: Role, read: tuple[Role, ...] = ()) -> type[BasePermission]:
    """People need one of these roles, or one of `read` to look; what tokens need is said elsewhere."""

    class HasRole(BasePermission):
        message = _NO_ROLE
        code = "not_allowed"

        def has_permission(self, request: Request, view: "APIView") -> bool:
            if not isinstance(request.user, User):
                return True
            wanted = (*roles, *read) if request.method in ("GET", "HEAD") else roles
            return bool(viewer_of(request.user).roles.intersection(wanted))

    return HasRole
