"""What a token's scopes allow, and what is for people only. Cases themselves: incidents.policy."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiClient, User

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """A token needs the view's `scope` (none: any token will do); a person needs a sign-in."""

    message = _("This token may not do this.")
    code = "missing_scope"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        asking: object = request.user  # an ApiClient too, which the stubs do not know
        if isinstance(asking, ApiClient):
            scope = getattr(view, "scope", None)
            return scope is None or scope in asking.scopes
        return isinstance(asking, User)


class IsPerson(BasePermission):
    """Acting on a case is for people: a token files, follows and asks."""

    message = _("This is for people with a sign-in, not for tokens.")
    code = "people_only"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, User)


class IsToken(BasePermission):
    """What another system does in its own words is for its token: people have pages."""

    message = _("This is for tokens of other systems.")
    code = "tokens_only"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        asking: object = request.user
        return isinstance(asking, ApiClient)
