"""The addresses of GeoReport v2."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApiClient
from config import clock
from incidents.open311 import asking, posting, telling
from incidents.open311.documents import Document
from incidents.open311.endpoints import Answer, endpoint
from incidents.open311.errors import Refused
from incidents.open311.telling import sentences
from incidents.public import (
    CasesQuestion,
    Catalogue,
    CatalogueQuestion,
    NumberQuestion,
    UnknownCode,
    published,
    status,
)

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _discovery(request: HttpRequest, client: ApiClient | None) -> Answer:
    """Where what is, and when it last changed."""
    catalogue = _catalogue()
    changed = (telling.moment(catalogue.changed_at) or "")[:16].replace("T", " ")
    contact = settings.OPEN311_CONTACT or request.build_absolute_uri(reverse("public-home"))
    endpoint_of = {
        "specification": SPECIFICATION,
        "url": request.build_absolute_uri(reverse("open311-root")).rstrip("/"),
        "changeset": changed,
        "type": "production" if settings.PRODUCTION else "test",
        "formats": ["text/xml", "application/json"],
    }
    told = {
        "changeset": changed,
        "contact": _("About this interface: %(contact)s") % {"contact": contact},
        "key_service": _("Keys are given out by the district's operations centre: %(contact)s")
        % {"contact": contact},
        "endpoints": [endpoint_of],
    }
    return 200, Document("discovery", told), {}


def _services(request: HttpRequest, client: ApiClient | None) -> Answer:
    return 200, Document("services", [telling.service(one) for one in _catalogue().services]), {}


def _definition(request: HttpRequest, client: ApiClient | None, code: str) -> Answer:
    found = next((one for one in _catalogue().services if one.code == code), None)
    if found is None:
        raise Refused(404, _("There is no service %(code)s.") % {"code": code[:20]})
    return 200, Document("service_definition", telling.definition(found)), {}


def _requests(request: HttpRequest, client: ApiClient | None) -> Answer:
    at = clock.now()
    question = asking.read_cases(request.GET, services=_codes, at=at)
    extended = asking.wants_extensions(request.GET)
    page = published(question, at=at)
    told = [telling.request(case, _address(request), extended=extended) for case in page.cases]
    headers = {}
    if page.has_more:
        onward = {**request.GET.dict(), "page": str(question.page + 1), "page_size": str(question.page_size)}
        headers["Link"] = f'<{request.build_absolute_uri(request.path)}?{urlencode(onward)}>; rel="next"'
    return 200, Document("service_requests", told), headers


def _request(request: HttpRequest, client: ApiClient | None, number: str) -> Answer:
    question = CasesQuestion(numbers=(number,), page_size=1)
    page = published(question, at=clock.now())
    if not page.cases:
        raise Refused(404, _("There is no public request %(number)s.") % {"number": number[:40]})
    extended = asking.wants_extensions(request.GET)
    told = [telling.request(case, _address(request), extended=extended) for case in page.cases]
    return 200, Document("service_requests", told), {}


def _post(request: HttpRequest, client: ApiClient | None) -> Answer:
    if request.content_type not in _FORMS:
        raise Refused(400, _("Send a form: Content-Type application/x-www-form-urlencoded."))
    if "api_key" in request.GET:
        raise Refused(403, _("api_key: send it in the form. What stands in an address is kept in logs."))
    if client is None:
        raise Refused(403, _("api_key: it is missing, not known, or has been withdrawn."))
    at = clock.now()
    handed = posting.hand_in(
        request.POST,
        request.FILES.getlist("media"),
        services={one.code: one for one in _catalogue().services},
        client=client,
        key=request.headers.get("Idempotency-Key", ""),
        at=at,
    )
    receipt = handed.receipt
    headers: dict[str, str] = {}
    if "respond-async" in request.headers.get("Prefer", "").lower():
        named: dict[str, Any] = {"token": receipt["tracking_code"]}
        headers["Preference-Applied"] = "respond-async"
    else:
        named = {"service_request_id": receipt["number"]}
    told = {
        **named,
        "service_notice": _notice(request, str(receipt["tracking_code"])),
        "account_id": handed.account or None,
    }
    return 201 if receipt["created"] else 200, Document("service_requests", [told]), headers


def _token(request: HttpRequest, client: ApiClient | None, token: str) -> Answer:
    """A request's id by its token. It is there at once: nothing is queued before it is answered."""
    try:
        number = published(NumberQuestion(token), at=clock.now())
    except UnknownCode as error:
        raise Refused(404, _("There is no request for this token.")) from error
    told = {"service_request_id": number, "token": token}
    return 200, Document("service_requests", [told]), {}


def _nowhere(request: HttpRequest, client: ApiClient | None, path: str = "") -> Answer:
    raise Refused(404, _("There is nothing at this address."))


def _notice(request: HttpRequest, code: str) -> str:
    """Whose it is, by when, and where the reporter can follow it: theirs alone, so they should keep it."""
    case = status(code, at=clock.now())
    where = request.build_absolute_uri(reverse("resident-status", args=[code]))
    if not case.unit or case.due_at is None:
        told = _("It is being found out whose job this is.")
    else:
        told = _("%(unit)s are to settle it by %(when)s.") % {
            "unit": case.unit,
            "when": f"{case.due_at.astimezone(asking.DISTRICT_ZONE):%Y-%m-%d %H:%M}",
        }
    return sentences(told, _("Follow it, and answer back: %(url)s") % {"url": where})


def _catalogue() -> Catalogue:
    return published(CatalogueQuestion(), at=clock.now())


def _codes() -> set[str]:
    return {one.code for one in _catalogue().services}


def _address(request: HttpRequest) -> telling.Address:
    return lambda name, argument: request.build_absolute_uri(reverse(name, args=[argument]))


discovery = endpoint(get=_discovery)
services = endpoint(get=_services)
definition = endpoint(get=_definition)
requests = endpoint(get=_requests, post=_post)
one_request = endpoint(get=_request)
token = endpoint(get=_token)
nowhere = endpoint(get=_nowhere, post=_nowhere)


# Without a name: what the discovery document says.
root = endpoint(get=_discovery)
