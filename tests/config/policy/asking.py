"""One request after the other, as everybody: the view that the resolver finds is asked itself.

The middleware before it knows no roles, and pages are not drawn: that is tested elsewhere, and thousands of
requests would take minutes. What a request does is undone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.urls import resolve
from django_htmx.middleware import HtmxDetails

from accounts.access import opens_to
from accounts.models import ApiClient, Scope, User
from accounts.roles import Role
from config.policy.resolving import Address
from config.policy.rules import Answer, Place, Rule
from tests.cast import LAMP_UNIT, person
from tests.config.policy.things import everything

# Where a role is held, seen from the lamp that is out in 龙岗街道.
UNITS = {
    Place.DISTRICT: "operations-centre",
    Place.STREET: "longgang/operations",
    Place.OTHER_STREET: "pinghu/operations",
    Place.UNIT: LAMP_UNIT,
    Place.OTHER_UNIT: "water-group",
}
# What is said beside an address, for it to be asked at all; of what is sent, only what names its subject.
TOLD = {
    "board-cases": "?list=open",
    "list-new-item-check": "?field=handle_limit",
    "list-item-check": "?field=handle_limit",
}
_factory = RequestFactory()


@dataclass(frozen=True)
class Somebody:
    """One who asks."""

    name: str
    user: User | AnonymousUser
    role: Role | None = None
    place: Place | None = None
    secret: str = ""
    scope: Scope | None = None
    source: str = ""
    owns: bool = False


class World:
    """Everything there is, and everybody."""

    def __init__(self) -> None:
        self.things: SimpleNamespace = everything()
        self.people = [
            Somebody(f"{role} {place}", person(f"{role}-{place}", role, unit).user, role, place)
            for role in Role
            for place, unit in UNITS.items()
        ]
        self.roleless = Somebody("somebody without a role", User.objects.create(username="roleless"))
        self.nobody = Somebody("nobody", AnonymousUser())
        self.tokens = list(self._tokens())

    def _tokens(self) -> Iterator[Somebody]:
        """For each scope the token that sent what there is, and one of somebody else."""
        for scope in Scope:
            _other, secret = ApiClient.objects.issue(name=f"{scope}-other", source="sensor", scopes=[scope])
            yield Somebody(
                f"another's {scope} token", AnonymousUser(), secret=secret, scope=scope, source="sensor"
            )
            yield Somebody(
                f"{scope} token",
                AnonymousUser(),
                secret=self.things.secret,
                scope=scope,
                source="hotline",
                owns=True,
            )

    def ask(
        self,
        who: Somebody,
        method: str,
        url: str,
        *,
        rest: bool = False,
        form: Mapping[str, str] | None = None,
    ) -> str:
        """How they are answered: an `Answer`, or what went wrong."""
        if who.owns:  # one token has all scopes, and one at a time is asked of it
            ApiClient.objects.filter(pk=self.things.token.pk).update(scopes=[who.scope])
        tried = transaction.atomic()
        tried._from_testcase = True  # type: ignore[attr-defined]  # as the block of a test
        with tried:
            try:
                return _answer_of(_request(who, method, url, rest=rest, form=form or {}))
            except Exception as error:  # a fault of ours, told as such
                return f"{type(error).__name__}: {error}"[:120]
            finally:
                transaction.set_rollback(True)


def _request(who: Somebody, method: str, url: str, *, rest: bool, form: Mapping[str, str]) -> HttpRequest:
    told = {"HTTP_AUTHORIZATION": f"Bearer {who.secret}"} if who.secret else {}
    kind = "application/json" if rest else "application/x-www-form-urlencoded"
    body = b"{}" if rest and method != "GET" else urlencode(form).encode()
    told["HTTP_HX_REQUEST"] = "true" if url.endswith("/options/") else "false"
    request: Any = _factory.generic(method, url, data=body, content_type=kind, **told)
    request.user = who.user
    request.session = SessionStore()
    request._messages = CookieStorage(request)
    request._dont_enforce_csrf_checks = True
    request.LANGUAGE_CODE = "zh-hans"
    request.htmx = HtmxDetails(request)
    return request  # type: ignore[no-any-return]


def _answer_of(request: HttpRequest) -> str:
    found = resolve(request.path_info)
    request.resolver_match = found
    try:
        response = found.func(request, *found.args, **found.kwargs)
    except PermissionDenied:
        return Answer.FORBIDDEN
    except Http404:
        return Answer.HIDDEN
    except (BadRequest, SuspiciousOperation):
        return Answer.IN
    status = response.status_code
    if status == 401 or (status == 302 and response["Location"].startswith("/sign-in/?next")):
        return Answer.DOOR
    if status in (403, 404):
        return Answer(str(status))
    return f"answered {status}" if status >= 500 or status in (405, 429) else Answer.IN


def forms(things: SimpleNamespace) -> dict[str, dict[str, str]]:
    """What a form says of its subject; the rest of it is missing, which is told to who is let in alone."""
    case = {"number": things.case.number}
    return {
        "desk-bulk": {"act": "claim"},
        "desk-merge": {"into": things.case.number},
        "repeat-rule-new": {"street": things.street},
        "place-codes": {"community": things.community},
        "supervision-order": case,
        "supervision-urge": case,
    }


def worth_asking(one: Address, people: Iterable[Somebody], rule: Rule) -> Iterator[Somebody]:
    """Who is asked of all people.

    Where the page's guard names its roles: all of those, and one of all others; that the table agrees with
    the guard is tested for all roles. An address that names nothing cannot tell one street or one unit from
    another, so of each one is asked; and where nobody's role counts, each role is asked once.
    """
    door, outside = opens_to(one.view), False
    for who in people:
        if door and who.role not in door:
            if outside:
                continue
            outside = True
        elif rule.public or rule.signed_in:
            if who.place != Place.DISTRICT:
                continue
        elif not one.parameters and who.place in (Place.STREET, Place.UNIT):
            continue
        yield who
