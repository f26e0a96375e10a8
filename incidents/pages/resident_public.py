"""What everybody may see: what was put right this week."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from config import clock
from grids.locate import geography
from incidents.public import PictureQuestion, WeekQuestion, published

# A community's colour on the map, by how many were settled there: from, and the words of the legend.
_MAP_STEPS = (1, 3, 6, 11, 21)


@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """The seven days before now: the district's sentence, its streets, and the latest cases."""
    asked = request.GET.get("street", "")
    street = asked if geography().kinds.get(asked) == "street" else ""
    found = published(WeekQuestion(street=street), at=clock.now())
    context = {
        "week": found,
        "street": street,
        "street_names": sorted((row.code, row.name) for row in found.streets),
    }
    return render(request, "resident/week.html", context)


@require_safe
@cache_control(public=True, max_age=60)
def week_map(request: HttpRequest) -> JsonResponse:
    """The week by community, for the map."""
    found = published(WeekQuestion(), at=clock.now())
    values: dict[str, dict[str, Any]] = {
        code: {
            "value": count,
            "step": sum(count >= least for least in _MAP_STEPS) - 1,
            "label": ngettext("%(count)d settled", "%(count)d settled", count) % {"count": count},
        }
        for code, (_name, count) in found.communities.items()
    }
    edges = [*_MAP_STEPS[1:], 0]
    legend = [
        _("%(first)d to %(last)d") % {"first": least, "last": after - 1}
        if after
        else _("from %(first)d") % {"first": least}
        for least, after in zip(_MAP_STEPS, edges, strict=True)
    ]
    return JsonResponse({"values": values, "legend": legend})


@require_safe
@cache_control(public=True, max_age=300)
def photo(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    """The released copy of a picture. Kept for minutes only: what is withheld later has to go."""
    body = published(PictureQuestion(photo_id), at=clock.now())
    if body is None:
        raise Http404
    headers = {
        "X-Content-Type-Options": "nosniff",
        # Open311 names it to other sites, which show it in their own pages.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(body, content_type="image/jpeg", headers=headers)
