"""The registers of places: facilities and names, looked through, edited, imported and exported."""

from collections.abc import Collection, Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.models import OrgUnit
from accounts.roles import Role
from config import clock
from dispatch.models import RegisterImport
from dispatch.pages.register_forms import FacilityForm, PlaceForm
from dispatch.registers import runs
from dispatch.spreadsheets.export import csv_of
from grids import keeping, registers
from grids.locate import geography
from grids.models import Area, Facility, FacilityChange, NamedPlace, code_prefix

KEEPERS = (Role.ADMIN, Role.STEWARD)
PAGE = 50
CHANGES_SHOWN = 12
Register, State = RegisterImport.Register, RegisterImport.State
FACILITY_HEAD = ("code", "kind", "owner", "lon", "lat", "plate", "state")
PLACE_HEAD = ("code", "name", "kind", "aliases", "former_names", "area", "numbers", "lon", "lat", "state")
CATEGORY_HEAD = ("code", "name_zh", "name_en", "scope_zh", "state", "successor")


@require_safe
@staff(*KEEPERS)
def facilities(request: HttpRequest) -> HttpResponse:
    """The register of facilities, by what it is narrowed to."""
    asked = request.GET
    rows = Facility.objects.all()
    if words := _words(asked.get("q", "")):
        rows = rows.filter(Q(code__istartswith=words) | Q(plate__istartswith=words))
    if (kind := asked.get("kind", "")) in Facility.Kind.values:
        rows = rows.filter(kind=kind)
    if owner := asked.get("owner", "")[:64]:
        rows = rows.filter(owner_code=owner)
    if (street := asked.get("street", "")) in geography().kinds:
        rows = rows.filter(cell__code__startswith=code_prefix(street))
    rows = rows.filter(retired_at__isnull=False) if asked.get("state") == "retired" else rows.in_use()
    page = Paginator(rows.order_by("code"), PAGE).get_page(asked.get("page"))
    names = _owner_names()
    context = {
        "page": page,
        "rows": [(row, names.get(row.owner_code, row.owner_code), _place_name(row.cell_id)) for row in page],
        "kinds": Facility.Kind.choices,
        "streets": _streets(),
        "owners": sorted(names.items(), key=lambda pair: pair[1]),
        "asked": asked,
        "is_empty": not page.paginator.count and not Facility.objects.exists(),
        "changes": _changes(FacilityChange.objects.all()),
    }
    return render(request, "dispatch/facilities.html", context)


@require_safe
@staff(*KEEPERS)
def places(request: HttpRequest) -> HttpResponse:
    """The names of places, by what they are narrowed to."""
    asked = request.GET
    rows = NamedPlace.objects.select_related("area")
    if words := _words(asked.get("q", "")):
        said = Q(name__icontains=words) | Q(aliases__icontains=words) | Q(former_names__icontains=words)
        rows = rows.filter(said | Q(code=words))
    if (kind := asked.get("kind", "")) in NamedPlace.Kind.values:
        rows = rows.filter(kind=kind)
    if (street := asked.get("street", "")) in geography().kinds:
        rows = rows.filter(area__code__startswith=code_prefix(street))
    rows = rows.filter(retired_at__isnull=asked.get("state") != "retired")
    page = Paginator(rows.order_by("code"), PAGE).get_page(asked.get("page"))
    context = {
        "page": page,
        "rows": [(row, _place_name(row.area_id)) for row in page],
        "kinds": NamedPlace.Kind.choices,
        "streets": _streets(),
        "asked": asked,
        "is_empty": not page.paginator.count and not NamedPlace.objects.exists(),
    }
    return render(request, "dispatch/named_places.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS)
def edit_facility(request: HttpRequest, code: str = "") -> HttpResponse:
    """One facility: what it is, whose, where; or that it is gone."""
    refuse_others(request)
    row = Facility.objects.filter(code=code).first() if code else None
    if code and row is None:
        raise Http404
    form = FacilityForm(request.POST or None, instance=row)
    if request.method == "POST":
        if row is not None and "retire" in request.POST:
            keeping.retire_facility(code=row.code, by=person(request), at=clock.now())
            messages.success(
                request, _("%(code)s is retired: it is nobody's thing any more.") % {"code": code}
            )
            return redirect("facilities")
        if form.is_valid():
            facility = form.save(commit=False)
            keeping.save_facility(facility=facility, by=person(request), at=clock.now())
            if geography().cells.find(facility.lon, facility.lat) is None:
                # As with a sheet: taken, and told. A pump house may stand beyond the border.
                messages.warning(request, _("Saved. Its point lies outside the district."))
            else:
                messages.success(request, _("Saved."))
            return redirect("facilities")
    context = {
        "form": form,
        "row": row,
        "title": str(row) if row else _("New facility"),
        "back": "facilities",
        "changes": _changes(FacilityChange.objects.filter(facility=code)) if row else [],
    }
    return render(request, "dispatch/register_edit.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS)
def edit_place(request: HttpRequest, code: str = "") -> HttpResponse:
    """One name: what it is, where, and what else it is called; or that it is not used any more."""
    refuse_others(request)
    row = NamedPlace.objects.filter(code=code).first() if code else None
    if code and row is None:
        raise Http404
    form = PlaceForm(request.POST or None, instance=row)
    if request.method == "POST":
        if row is not None and "retire" in request.POST:
            _retire_name(row)
            messages.success(request, _("“%(name)s” is not looked for any more.") % {"name": row.name})
            return redirect("named-places")
        if form.is_valid():
            with transaction.atomic(durable=True):
                saved = form.save(commit=False)
                saved.retired_at = None
                saved.save()
                registers.touch(registers.PLACES)
            messages.success(request, _("Saved."))
            return redirect("named-places")
    context = {"form": form, "row": row, "title": row.name if row else _("New name"), "back": "named-places"}
    return render(request, "dispatch/register_edit.html", context, status=400 if form.errors else 200)


@transaction.atomic(durable=True)
def _retire_name(row: NamedPlace) -> None:
    if row.retired_at is None:
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])
        registers.touch(registers.PLACES)


@require_safe
@staff(*KEEPERS)
def export(request: HttpRequest, register: str) -> HttpResponseBase:
    """The whole register as a CSV that can be imported again."""
    if register == Register.FACILITIES:
        return csv_file(
            "facilities.csv", list(FACILITY_HEAD), _facility_lines(Facility.objects.order_by("code"))
        )
    if register == Register.PLACES:
        return csv_file("places.csv", list(PLACE_HEAD), _place_lines(NamedPlace.objects.order_by("code")))
    raise Http404


def _facility_lines(rows: QuerySet[Facility]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=5_000):
        state = "retired" if row.retired_at else "in use"
        yield [row.code, row.kind, row.owner_code, f"{row.lon:.6f}", f"{row.lat:.6f}", row.plate, state]


def _place_lines(rows: QuerySet[NamedPlace]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=5_000):
        point = ["" if value is None else f"{value:.6f}" for value in (row.lon, row.lat)]
        told = [row.code, row.name, row.kind, row.aliases, row.former_names, row.area_id, row.numbers]
        yield [*told, *point, "retired" if row.retired_at else "in use"]


def csv_file(name: str, head: list[str], rows: Iterator[list[str]]) -> HttpResponseBase:
    """A sheet to take away."""
    answer = StreamingHttpResponse(csv_of(head, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def refuse_others(request: HttpRequest, register: str = Register.FACILITIES) -> None:
    """A steward of one unit looks; the district's keepers write."""
    if not runs.may_keep(person(request), register):
        raise PermissionDenied


def _owner_names() -> dict[str, str]:
    owners = Facility.objects.order_by().values_list("owner_code", flat=True).distinct()
    return names_of(owners)


def names_of(owners: Collection[str] | QuerySet[Any]) -> dict[str, str]:
    """What owners are called; one query."""
    named: dict[str, str] = {unit.code: unit.name for unit in OrgUnit.objects.filter(code__in=owners)}
    return named | {"private": _("a private owner"), "unknown": _("nobody known")}


def _words(asked: str) -> str:
    return asked.replace("\x00", "").strip()[:60]


def _changes(rows: QuerySet[FacilityChange]) -> list[dict[str, Any]]:
    """Who said last whose facilities are, the latest first; two queries."""
    found = list(rows.select_related("changed_by")[:CHANGES_SHOWN])
    names = names_of({code for row in found for code in (row.before, row.after)})
    return [{"row": row, "before": names.get(row.before), "after": names.get(row.after)} for row in found]


def _streets() -> list[tuple[str, str]]:
    number = 1 if (get_language() or "").startswith("en") else 0
    areas = geography()
    return [(code, areas.names[code][number]) for code in areas.in_use(Area.Kind.STREET)]


def _place_name(code: str | None) -> str:
    number = 1 if (get_language() or "").startswith("en") else 0
    areas = geography()
    chain = [areas.above(code, kind) for kind in ("street", "community")] if code else []
    return " · ".join(areas.names[found][number] for found in chain if found)
