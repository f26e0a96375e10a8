"""The district's outlines for maps in the browser. Public: they hold nothing but geography."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from grids.locate import geography
from grids.models import Area, AreaQuerySet

CREDIT: Final = "© GeoNames, CC BY 4.0"
NOTE: Final = "Schematic: synthetic outlines around place points of GeoNames, not official boundaries."
# Browsers keep the answer this long before they ask whether it changed.
MAX_AGE: Final = 3600

_KINDS: Final[dict[str, Callable[[AreaQuerySet], AreaQuerySet]]] = {
    "district": lambda areas: areas.of_kind(Area.Kind.DISTRICT),
    "streets": AreaQuerySet.streets,
    "communities": AreaQuerySet.communities,
    "cells": AreaQuerySet.cells,
}


@gzip_page
@require_safe
def geojson(request: HttpRequest, kind: str) -> HttpResponse:
    """A GeoJSON FeatureCollection of all areas of a kind, or of those within `?street=CODE`.

    Cells come by the street only: all of them at once are more than a map can show.
    """
    street = request.GET.get("street", "")
    areas = geography()
    if kind not in _KINDS or (kind == "cells" and not street):
        raise Http404
    if street and areas.kinds.get(street) != Area.Kind.STREET:
        raise Http404
    body, etag = areas.documents.get((kind, street)) or _collection(kind, street)
    areas.documents[kind, street] = body, etag
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE}"}
    if etag in request.headers.get("If-None-Match", ""):  # weak or strong: gzip weakens it
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/geo+json", headers=headers)


def _collection(kind: str, street: str) -> tuple[bytes, str]:
    """The answer and its tag; kept beside the areas that it was drawn from."""
    areas = _KINDS[kind](Area.objects.all())
    if street:
        areas = areas.within(street)
    document = {
        "type": "FeatureCollection",
        "name": kind,
        "note": NOTE,
        "credit": CREDIT,
        "features": [_feature(area) for area in areas],
    }
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _feature(area: Area) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": area.code,
        "properties": {
            "code": area.code,
            "name_zh": area.name_zh,
            "name_en": area.name_en,
            "parent": area.parent_id,
            "center": _short([area.lon, area.lat]),
            "schematic": True,
        },
        "geometry": {
            "type": "Polygon",
            "coordinates": [[_short(point) for point in ring] for ring in area.polygon],
        },
    }


def _short(point: list[float]) -> list[float]:
    """Five digits are about a metre: what the outlines are drawn to."""
    return [round(value, 5) for value in point]
