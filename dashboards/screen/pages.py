"""The command screen, its poll, and the page where screens are left running and ended."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import person, staff
from accounts.models import User
from config import clock
from dashboards.models import ScreenDisplay
from dashboards.scope import Names
from dashboards.screen import displays, kept, shown
from dashboards.screen.build import build
from dashboards.screen.forms import DisplayForm
from grids.models import Area
from incidents.actor import Actor
from incidents.centre.centres import Centre, centre_at
from incidents.centre.levels import CentreLevel
from incidents.centre.outlines import drawing_of
from incidents.errors import ActionRefused, InvalidInput
from incidents.pages.centre_wall import short

COOKIE: Final = "yw_screen"
# A wall asks again after so many milliseconds; a shot is good for a little less.
EVERY: Final = 5000
# A screen says for how long it may still run from this long before its end.
_NOTICE: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who looks: a person who is signed in, or a screen that was left running."""

    language: str
    display: ScreenDisplay | None = None


def _admitted(request: HttpRequest, code: str) -> Admission | None:
    """Whoever may look at this area. Nobody is None; somebody who may look at others only gets 403."""
    user = request.user
    if isinstance(user, User) and displays.sees(user, code):
        return Admission(translation.get_language() or settings.LANGUAGE_CODE)
    display = _display(request)
    if display is not None and display.area_code == code:
        return Admission(display.language, display)
    if isinstance(user, User):
        raise PermissionDenied
    return None


def _display(request: HttpRequest) -> ScreenDisplay | None:
    return displays.display_for(request.COOKIES.get(COOKIE, ""), at=timezone.now())


def _centre_or_404(code: str) -> Centre:
    centre = centre_at(code)
    if centre is None or centre.level == CentreLevel.COMMUNITY:
        raise Http404
    return centre


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """To the screen of whoever asks: a person's own area, or the one that was left running here."""
    user = request.user
    if isinstance(user, User) and (areas := _areas(user)):
        return redirect("screen-area", code=areas[0])
    display = _display(request)
    if display is not None:
        return redirect("screen-area", code=display.area_code)
    if isinstance(user, User):
        raise PermissionDenied
    return _closed(request)


@require_GET
def screen(request: HttpRequest, code: str) -> HttpResponse:
    """The screen of the district or a street."""
    centre = _centre_or_404(code)
    admission = _admitted(request, code)
    if admission is None:
        return _closed(request)
    at, now = clock.now(), time.monotonic()
    shot = kept.shot_of(code, admission.language, at=at, now=now, find=lambda _code: centre)
    with translation.override(admission.language):
        user = request.user
        context = {
            "area_name": centre.name,
            "language": admission.language,
            "has_corner": shown.has_corner(drawing_of(centre)),
            "is_light": request.GET.get("light") == "on",
            "land": _land(centre),
            # rendered by templates, which escaped what had to be
            "inside": mark_safe(shot.inside),
            "watch": mark_safe(shot.watch),
            "day": shown.day_words(at),
            "at": at,
            "as_of": shot.at,
            "age": f"{shot.age(now):.1f}",
            "tag": shot.tag,
            "build": build(),
            "every": EVERY,
            "live_url": reverse("screen-live", args=[code]),
            "until": _until(admission),
            "is_person": admission.display is None,
            "may_lend": isinstance(user, User) and admission.display is None and displays.lends(user, code),
        }
        response = render(request, "dashboards/screen/screen.html", context)
    return _never_kept(response)


@require_GET
def live(request: HttpRequest, code: str) -> HttpResponse:
    """A poll: the inside, 304 while it is the same, 401 once the sign-in or the screen's time is over."""
    admission = _admitted(request, code)
    if admission is None:
        return _never_kept(HttpResponse(status=401))
    at, now = clock.now(), time.monotonic()
    shot = kept.shot_of(code, admission.language, at=at, now=now, find=_centre_or_404)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == shot.tag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(shot.html)
    response["ETag"] = shot.tag
    response["X-Now"] = at.isoformat()
    response["X-As-Of"] = shot.at.isoformat()
    response["X-Age"] = f"{shot.age(now):.1f}"
    response["X-Build"] = build()
    if until := _until(admission):
        response["X-Until"] = until.isoformat()
    return _never_kept(response)


def _until(admission: Admission) -> Any:
    """The end of a screen's time, once it is near."""
    display = admission.display
    is_near = display is not None and display.expires_at - timezone.now() < _NOTICE
    return display.expires_at if display is not None and is_near else None


def _closed(request: HttpRequest) -> HttpResponse:
    """Large and plain, for a wall: nothing is shown here, and who can change that. Never a sign-in form."""
    context = {"next": reverse("screen"), "sign_in": reverse("sign-in")}
    return _never_kept(render(request, "dashboards/screen/closed.html", context, status=401))


def _never_kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    patch_vary_headers(response, ["Cookie"])
    return response


def _areas(user: User) -> list[str]:
    names = Names()
    district = Area.objects.of_kind(Area.Kind.DISTRICT).values_list("code", flat=True).first() or ""
    return displays.areas_of(user, list(names.streets), district)


def _land(centre: Centre) -> dict[str, Any]:
    """The outlines with their names: drawn once, while everything on them is replaced."""
    drawing = drawing_of(centre)
    english = (translation.get_language() or "").startswith("en")
    return {
        "view": f"0 0 {drawing.width:g} {drawing.height:g}",
        "code": centre.code,
        "fine": drawing.fine,
        "shapes": [
            {
                "path": shape.path,
                "x": shape.x,
                "y": shape.y,
                "name": short(shape.name_en if english else shape.name_zh),
            }
            for shape in drawing.shapes
        ],
    }


# --- screens that are left running ----------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*displays.OPENERS)
def running(request: HttpRequest) -> HttpResponse:
    """The screens that run, and the form that leaves this browser running as one more."""
    user, at = person(request), timezone.now()
    areas = [code for code in _areas(user) if displays.lends(user, code)]
    if not areas:
        raise PermissionDenied
    names = Area.objects.names(areas)
    asked = request.GET.get("area", "")
    start = {"area": asked if asked in areas else areas[0], "language": translation.get_language()}
    form = DisplayForm(request.POST or None, areas=[(code, names[code]) for code in areas], initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            opened = displays.open_display(
                name=form.cleaned_data["name"],
                area_code=form.cleaned_data["area"],
                days=form.cleaned_data["days"],
                language=form.cleaned_data["language"],
                actor=_actor(user),
                at=at,
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ActionRefused as error:
            form.add_error(None, str(error))
        else:
            return _left_running(request, opened)
    rows = displays.running(at=at).filter(area_code__in=areas).select_related("opened_by")
    context = {
        "form": form,
        "rows": [{"display": row, "area": names[row.area_code]} for row in rows],
        "home_url": reverse("screen"),
    }
    return render(request, "dashboards/screen/running.html", context, status=422 if form.errors else 200)


def _left_running(request: HttpRequest, opened: displays.Opened) -> HttpResponseRedirect:
    """The browser keeps the screen's token and nobody's sign-in: what hangs on a wall is anybody's."""
    logout(request)
    response = HttpResponseRedirect(reverse("screen-area", args=[opened.display.area_code]))
    response.set_cookie(
        COOKIE,
        opened.token,
        expires=opened.display.expires_at,
        path=reverse("screen"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


@require_POST
@staff(*displays.OPENERS)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a screen: within a poll it shows nothing new, and says so."""
    try:
        ended = displays.end_display(display=pk, actor=_actor(person(request)), at=timezone.now())
    except ActionRefused as error:
        if error.code == "not_found":
            raise Http404 from error
        raise PermissionDenied from error
    messages.success(request, _("“{name}” shows nothing any more.").format(name=ended.name))
    return redirect("screen-running")


def _actor(user: User) -> Actor:
    return Actor(user=user)
