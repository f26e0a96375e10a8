"""场所码 as everybody meets them: scanning one, or typing it, opens the report with its place filled in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from incidents.pages.throttle import Throttle, address_of
from incidents.public import Scan, submit

# Somebody who reloads all day, or a script, is counted so often and shown the page all the same.
SCANS = Throttle(limit=20, seconds=600)


@never_cache
@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """Type the code that is printed below the picture, where a camera cannot read it."""
    told = request.GET.get("code", "")
    if told:
        found = submit(Scan(told, counts=False), at=clock.now())
        if found["is_one"]:
            return redirect("place-code", found["code"])
        error = _("This is not one of our codes. Check its eight letters and digits.")
        context = {"code": told[:20], "error": error}
        return render(request, "resident/place_code.html", context, status=400)
    return render(request, "resident/place_code.html", {"code": "", "error": ""})


@never_cache
@require_safe
def scanned(request: HttpRequest, code: str, told: str = "") -> HttpResponse:
    """A code was scanned, with the signed place in its link, or typed without: to the report, with its place.
    A patrol comes to its own page."""
    found = submit(Scan(code, told, counts=False), at=clock.now())
    if found["state"] != "known":
        is_gone = found["state"] == "gone"
        context = {"code": found["code"][:20], "is_retired": is_gone}
        return render(request, "resident/code_unknown.html", context, status=410 if is_gone else 404)
    if _is_scan(request, found["code"]):
        submit(Scan(code, told), at=clock.now())
    begin = found["begin"]
    if "code" in begin and Role.PATROL in viewer_of(request.user).roles:
        return redirect(f"{reverse('patrol-report')}?{urlencode(begin)}")
    # In the core of two zones the form is elsewhere.
    site = settings.PUBLIC_URL.rstrip("/") if settings.ZONE == "core" else ""
    return redirect(f"{site}{reverse('report')}?{urlencode(begin)}")


def _is_scan(request: HttpRequest, code: str) -> bool:
    """Does a person open it, and not a browser that looks ahead? `code` is one of ours, however it was typed:
    made-up ones push none out."""
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    if request.method != "GET" or "prefetch" in ahead:
        return False
    key = f"{address_of(request)} {code}"
    if SCANS.is_full(key):
        return False
    SCANS.count(key)
    return True
