"""The search box: a case by its number, cases by their words, and who called before.

What is typed is posted and the answer is an address, so that a telephone number is in no address, no
history and no log.
"""

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell_of
from incidents import policy
from incidents.models import Incident
from incidents.models.contact import Contact, seal, unseal
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.throttle import Throttle
from incidents.searching import callers
from incidents.searching.finding import WORDS_MOST, Kind, read
from incidents.searching.saved import canonical

# Of one person within ten minutes: more than anybody takes calls, fewer than a list of numbers has.
LOOK_UPS = Throttle(limit=40, seconds=600)
_KEPT = 20
_SESSION_KEY = "callers"


@require_http_methods(["GET", "POST"])
@staff(*READING_ROLES)
def search(request: HttpRequest) -> HttpResponse:
    """Understand what was typed and go there."""
    typed = request.POST.get("q", "").replace("\x00", "").strip()[:WORDS_MOST]
    filters = canonical(request.POST.get("filters", ""), without=("q",))
    wanted = read(typed)
    if wanted.kind == Kind.NUMBER:
        seen = Incident.objects.filter(policy.visible(request.user), number=wanted.number)
        if seen.exists():
            return HttpResponseRedirect(reverse("case", args=[wanted.number]))
        return _list({"q": wanted.number})
    if wanted.kind != Kind.BEGINNING and (phone := callers.phone_in(typed)):
        return _look_up(request, phone)
    if wanted.kind == Kind.PERSONAL:
        messages.error(
            request,
            _("Nobody's number is looked for in what was said. A telephone number alone finds who called."),
        )
        return _list({}, filters)
    return _list({"q": typed} if typed else {}, filters)


def called_before(request: HttpRequest, key: str) -> str:
    """What the cases of a number that was looked up in this session are found by; empty where it is gone."""
    kept = request.session.get(_SESSION_KEY, {}).get(key)
    return str(kept["index"]) if kept else ""


def masked_caller(request: HttpRequest, key: str) -> str:
    """138****2207, of the number that `key` stands for."""
    kept = request.session.get(_SESSION_KEY, {}).get(key)
    return unseal(str(kept["masked"]).encode()) if kept else ""


def _look_up(request: HttpRequest, phone: str) -> HttpResponse:
    user = person(request)
    if not callers.may_look_up(user):
        messages.error(request, _("Your role is not shown reporters, so you cannot look for a number."))
        return _list({})
    tell_of(request, kind=AuditEvent.Kind.PERSONAL, what="phone_search")
    if LOOK_UPS.is_full(str(user.pk)):
        messages.error(request, _("You have looked up many numbers. Wait some minutes."))
        return _list({})
    LOOK_UPS.count(str(user.pk))
    index = callers.index_of(phone)
    kept: dict[str, dict[str, str]] = dict(request.session.get(_SESSION_KEY, {}))
    key = next((key for key, one in kept.items() if one["index"] == index), "") or secrets.token_urlsafe(6)
    masked = Contact(phone_sealed=seal(phone)).masked_phone
    kept.pop(key, None)
    kept[key] = {"index": index, "masked": seal(masked).decode()}
    request.session[_SESSION_KEY] = dict(list(kept.items())[-_KEPT:])
    return _list({"caller": key})


def _list(query: dict[str, str], filters: str = "") -> HttpResponse:
    told = "&".join(part for part in (filters, urlencode(query)) if part)
    return HttpResponseRedirect(reverse("cases") + (f"?{told}" if told else ""))
