"""Who may open a page at all: signed in, with one of its roles. What may be done there is asked later."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of

View = Callable[..., HttpResponseBase]


def staff(*roles: Role) -> Callable[[View], View]:
    """A page for signed-in people who hold one of these roles; others get 403. Never kept by a cache."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if roles and not viewer_of(request.user).roles.intersection(roles):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        # What the policy table is held against; outer decorators hand it on.
        guarded.opens_to = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return decorate


def opens_to(view: View) -> frozenset[Role] | None:
    """The roles that a page's guard lets in; none said: whoever is signed in. None: no such guard."""
    said: frozenset[Role] | None = getattr(view, "opens_to", None)
    return said


def person(request: HttpRequest) -> User:
    """The signed-in user of a page that `staff` guards."""
    assert isinstance(request.user, User)
    return request.user
