"""What makes the site a thing on a phone: its service worker, its manifest, and the page without a line."""

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import staff
from accounts.roles import Role


@cache_control(no_cache=True)
@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """/sw.js: from the root, so that the whole site is in its reach; asked anew each time it is used."""
    found = finders.find("dist/sw.js")
    if found is None:
        raise Http404  # no front end was built: pages work without it
    with open(found, encoding="utf-8") as source:
        body = source.read()
    return HttpResponse(body, content_type="text/javascript; charset=utf-8")


@cache_control(max_age=3600, private=True)
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web manifest in the reader's language: put on the home screen it opens where one's work is."""
    told = {
        "name": _("Yiwang"),
        "short_name": _("Yiwang"),
        "description": _("One network for the whole district"),
        "id": "/",
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "lang": request.LANGUAGE_CODE,
        "background_color": "#f5f7fa",
        "theme_color": "#1f5fd1",
        "icons": [
            {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
            {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "maskable"},
        ],
        "shortcuts": [
            {"name": _("Report something"), "url": reverse("patrol-report")},
            {"name": _("My round"), "url": reverse("patrol")},
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@require_safe
@staff(Role.PATROL, Role.HANDLER)
def offline(request: HttpRequest) -> HttpResponse:
    """Shown from the phone's own store where a page is wanted that was never kept."""
    return render(request, "incidents/patrol/offline.html")
