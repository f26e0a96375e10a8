"""The map of the district, kept in the browser: looked through, named, exchanged as GeoJSON."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch.errors import ListRefused
from dispatch.models import RegisterImport
from dispatch.pages.area_forms import AreaNamesForm, MapFileForm
from dispatch.registers import runs
from dispatch.spreadsheets.grid import TableError
from grids import redrawn
from grids.models import Area, AreaChange, code_prefix

PAGE = 50
CHANGES_SHOWN = 12
IMPORTS_SHOWN = 8
Register, State = RegisterImport.Register, RegisterImport.State


@require_safe
@staff(Role.ADMIN)
def areas(request: HttpRequest) -> HttpResponse:
    """The district and what lies in it, or the areas that are called so."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:40]
    retired = request.GET.get("state") == "retired"
    district = Area.objects.without_polygons().filter(kind=Area.Kind.DISTRICT).first()
    rows = Area.objects.without_polygons().select_related("parent").defer("parent__polygon")
    if words or retired:
        rows = rows.filter(Q(name_zh__icontains=words) | Q(name_en__icontains=words) | Q(code=words))
        rows = rows.exclude(retired_at=None) if retired else rows.in_use()
    else:
        rows = rows.in_use().filter(parent=district)
    context = {
        "district": district,
        "words": words,
        "retired": retired,
        "shown": district if not words and not retired else None,
        "changes": AreaChange.objects.select_related("changed_by")[:CHANGES_SHOWN],
        **_listed(request, rows),
    }
    return render(request, "dispatch/areas.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def area(request: HttpRequest, code: str) -> HttpResponse:
    """One area: what lies in it, what it is called, and who changed it."""
    found = Area.objects.without_polygons().filter(code=code[:15]).first() if "\x00" not in code else None
    if found is None or len(code) > 15:
        raise Http404
    may_name = found.retired_at is None and found.kind != Area.Kind.BLOCK
    form = AreaNamesForm(found, request.POST or None)
    if request.method == "POST":
        if not may_name:
            form.add_error(None, _("This area is not named here."))
        elif form.is_valid() and _named(request, found, form):
            return redirect("area", found.code)
    rows = Area.objects.without_polygons().select_related("parent").defer("parent__polygon")
    context = {
        "shown": found,
        "form": form if may_name else None,
        "above": _above(found),
        "changes": AreaChange.objects.filter(area=found.code).select_related("changed_by")[:CHANGES_SHOWN],
        **_listed(request, rows.in_use().filter(parent=found)),
    }
    return render(request, "dispatch/area.html", context, status=400 if form.errors else 200)


def _named(request: HttpRequest, found: Area, form: AreaNamesForm) -> bool:
    told = form.cleaned_data
    try:
        redrawn.rename(
            code=found.code,
            names=(told["name_zh"], told["name_en"]),
            was=(told["was_zh"], told["was_en"]),
            by=person(request),
            at=clock.now(),
        )
    except redrawn.ChangedMeanwhile:
        form.add_error(
            None,
            _("Somebody else has changed this area meanwhile: it is called %(zh)s, %(en)s. Look again.")
            % {"zh": found.name_zh, "en": found.name_en},
        )
        return False
    messages.success(request, _("Saved."))
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def begin_import(request: HttpRequest) -> HttpResponse:
    """Choose a file of areas; below it what was imported before."""
    form = MapFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = runs.begin(
                register=Register.AREAS,
                file_name=file.name or "",
                data=file.read(),
                language=get_language() or "zh-hans",
                crs=form.cleaned_data["crs"],
                whole_of=form.cleaned_data["whole_of"],
                by=person(request),
                at=clock.now(),
            )
        except (TableError, ListRefused) as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("register-import", run.pk)
    past = runs.visible(person(request)).filter(register=Register.AREAS).exclude(state=State.DROPPED)
    context = {"form": form, "runs": past[:IMPORTS_SHOWN]}
    return render(request, "dispatch/area_import.html", context, status=400 if form.errors else 200)


@gzip_page
@require_safe
@staff(Role.ADMIN)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The GeoJSON of what a file would change, for the map beside the preview."""
    found = runs.visible(person(request)).filter(pk=pk, register=Register.AREAS) if pk < 2**31 else None
    drawing = found.values_list("drawing", flat=True).first() if found is not None else None
    if drawing is None:
        raise Http404
    return HttpResponse(bytes(drawing), content_type="application/geo+json")


@require_safe
@staff(Role.ADMIN)
def export(request: HttpRequest) -> HttpResponseBase:
    """The areas in use as GeoJSON, as the import takes them; `?area=CODE`: that one and what lies in it."""
    code = request.GET.get("area", "")[:15]
    rows = Area.objects.in_use().exclude(kind=Area.Kind.BLOCK)
    if code:
        if "\x00" in code or not Area.objects.filter(code=code).exists():
            raise Http404
        rows = rows.filter(Q(code=code) | Q(parent=code)) if "map" in request.GET else rows.within(code)
    answer = StreamingHttpResponse(_document(rows), content_type="application/geo+json")
    if "map" not in request.GET:
        name = f"areas-{code}.geojson" if code else "areas.geojson"
        answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def _document(rows: QuerySet[Area]) -> Iterator[str]:
    yield '{"type":"FeatureCollection","crs_name":"WGS-84","features":['
    for number, row in enumerate(rows.order_by("code").iterator(chunk_size=500)):
        yield ("\n" if not number else ",\n") + json.dumps(_feature(row), ensure_ascii=False)
    yield "\n]}\n"


def _feature(row: Area) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row.code,
        "properties": {
            "code": row.code,
            "kind": row.kind,
            "name": row.name_zh,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "parent_code": row.parent_id,
            "center": [row.lon, row.lat],
            "area_m2": row.area_m2,
        },
        "geometry": {"type": "Polygon", "coordinates": row.polygon},
    }


def _listed(request: HttpRequest, rows: QuerySet[Area]) -> dict[str, Any]:
    page = Paginator(rows.order_by("code"), PAGE).get_page(request.GET.get("page"))
    inside = Area.objects.in_use().filter(parent__in=[row.code for row in page]).order_by()
    counts: dict[str | None, int] = dict(inside.values_list("parent_id").annotate(Count("pk")))
    return {"page": page, "rows": [(row, counts.get(row.code, 0)) for row in page]}


def _above(found: Area) -> list[Area]:
    """The areas around it, the district first; one query."""
    codes = {code_prefix(found.code).ljust(12, "0"), f"{found.code[:6]}000000", f"{found.code[:9]}000"}
    codes |= {found.code[:12]}
    return list(
        Area.objects.without_polygons().filter(code__in=codes - {found.code}).order_by("code").distinct()
    )
