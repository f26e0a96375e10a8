"""The operations centre's pages: which centre they are about, and who may open which of them."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from accounts.viewer import Viewer, viewer_of
from grids.models import Area
from incidents.centre import centres
from incidents.centre.centres import Centre
from incidents.centre.levels import CentreLevel
from incidents.pages.access import person, staff

# Each page with the levels that have it.
_PAGES = {
    "centre-wall": [*CentreLevel],
    "centre-board": [CentreLevel.DISTRICT, CentreLevel.STREET],
    "centre-handover": [*CentreLevel],
    "centre-shares": [CentreLevel.DISTRICT, CentreLevel.STREET],
    "centre-quality": [CentreLevel.DISTRICT, CentreLevel.STREET],
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A centre with the person who looks at it."""

    centre: Centre
    viewer: Viewer

    @property
    def works_here(self) -> bool:
        return centres.works_at(self.viewer, self.centre)

    @property
    def supervises(self) -> bool:
        return centres.supervises(self.viewer, self.centre)


def opened(request: HttpRequest, code: str, page: str) -> Opened:
    """The centre of a page's address. There is none (404), or it is not for this person (403)."""
    centre = centres.centre_at(code)
    if centre is None or centre.level not in _PAGES[page]:
        raise Http404
    viewer = viewer_of(person(request))
    if not centres.may_watch(viewer, centre) or not _may_open(viewer, centre, page):
        raise PermissionDenied
    return Opened(centre, viewer)


def _may_open(viewer: Viewer, centre: Centre, page: str) -> bool:
    """Walls and boards are for whoever watches; how a desk works among itself is for its own people."""
    if page in ("centre-wall", "centre-board"):
        return True
    if page == "centre-handover":
        return centres.works_at(viewer, centre) or centres.leads(viewer, centre)
    if page == "centre-shares":
        return centres.works_at(viewer, centre) or centres.supervises(viewer, centre)
    return centres.works_at(viewer, centre) or centres.leads(viewer, centre)


def frame(seen: Opened, page: str) -> dict[str, Any]:
    """What every page of a centre shows around its own: tabs, the way up, the centres below. One query."""
    centre, viewer = seen.centre, seen.viewer
    labels = {
        "centre-wall": pgettext("screen", "Wall"),
        "centre-board": _("Lines of work"),
        "centre-handover": _("Handover"),
        "centre-shares": _("Shares of the queue"),
        "centre-quality": _("Quality"),
    }
    names = Area.objects.names([*centres.above(centre), centre.code])
    up = []
    for code in centres.above(centre):
        level = CentreLevel.DISTRICT if code.endswith("000000") else CentreLevel.STREET
        target = page if level in _PAGES[page] else "centre-wall"
        may = _watches_code(viewer, code, level)
        up.append({"name": names.get(code, code), "url": reverse(target, args=[code]) if may else ""})
    return {
        "centre": centre,
        "centre_tabs": [
            {"label": label, "url": reverse(name, args=[centre.code]), "active": name == page}
            for name, label in labels.items()
            if centre.level in _PAGES[name] and _may_open(viewer, centre, name)
        ],
        "centre_up": up,
        "works_here": seen.works_here,
        "supervises": seen.supervises,
    }


def below(seen: Opened, page: str) -> list[dict[str, str]]:
    """The centres below this one, for going there; one query. Cells have none."""
    if seen.centre.level == CentreLevel.COMMUNITY:
        return []
    lower = CentreLevel.STREET if seen.centre.level == CentreLevel.DISTRICT else CentreLevel.COMMUNITY
    target = page if lower in _PAGES[page] else "centre-wall"
    return [
        {"name": area.name, "code": area.code, "url": reverse(target, args=[area.code])}
        for area in centres.parts_of(seen.centre)
    ]


def _watches_code(viewer: Viewer, code: str, level: CentreLevel) -> bool:
    return any(centres.reaches(grant, code, level) for grant in viewer.grants)


@require_GET
@staff()
def home(request: HttpRequest) -> HttpResponse:
    """To the centre of whoever asks: its handover where they work there, its wall where they look on."""
    user = person(request)
    viewer = viewer_of(user)
    centre = centres.home_of(user)
    if centre is None:
        raise PermissionDenied
    page = "centre-handover" if centres.works_at(viewer, centre) else "centre-wall"
    return HttpResponseRedirect(reverse(page, args=[centre.code]))
