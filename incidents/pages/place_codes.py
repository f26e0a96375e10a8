"""场所码: codes on walls, lids and poles, made, printed and retired by the community. What scanning one does
stands in incidents.pages.resident_codes."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from config import clock
from dispatch.pages.registers import KEEPERS as REGISTER_KEEPERS
from dispatch.registers.runs import may_keep
from grids import coding, qr, signed_places
from grids.locate import geography
from grids.models import Area, Facility, NamedPlace, PlaceCode, PlaceCodeDay, code_prefix, is_in_a_street
from incidents.papers.plates import Plate, draw_plates

KEEPERS = (Role.ADMIN, Role.STEWARD, Role.SUPERVISOR, Role.DISPATCHER)
# A4 plates on a page of the browser, and labels of facilities: what prints without a long wait.
PLATES = 40
LABELS = 48
THINGS = ("cells", "buildings", "facilities")
# What a list says beside a community; a plate says all of its own.
USED_WITHIN = timedelta(days=30)
NEVER = {"scans": 0, "reports": 0}


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS)
def sheets(request: HttpRequest) -> HttpResponse:
    """The communities, and how many of their codes are made; a community's own are made here."""
    if request.method == "POST":
        community = _community_or_404(request.POST.get("community", ""))
        _refuse_outside(person(request), community.code)
        things = request.POST.get("things", "")
        things = things if things in THINGS else "cells"
        made = coding.make_codes(at=clock.now(), by=person(request), **_codable(community, things))
        messages.success(
            request,
            ngettext("%(count)d code made.", "%(count)d codes made.", made) % {"count": made},
        )
        return redirect(f"{reverse('place-code-sheet', args=[community.code])}?things={things}")
    street = request.GET.get("street", "")
    areas = Area.objects.without_polygons()
    communities = areas.communities().filter(_within(person(request))).order_by("code")
    theirs = communities.order_by().values("parent")
    if street:
        communities = communities.filter(parent=street)
    page = Paginator(communities, 30).get_page(request.GET.get("page"))
    inside = Left(Coalesce("area_id", "facility__cell_id", "place__area_id"), 12)
    in_use = PlaceCode.objects.filter(retired_at__isnull=True).annotate(inside=inside)
    shown = in_use.filter(inside__in=[area.code for area in page])
    coded = dict(shown.order_by().values_list("inside").annotate(Count("pk")))
    used = _used(shown)
    rows = [{"area": area, "codes": coded.get(area.code, 0), **used.get(area.code, NEVER)} for area in page]
    is_keeper = bool(viewer_of(request.user).roles.intersection(REGISTER_KEEPERS))
    context = {
        "is_keeper": is_keeper,
        "page": page,
        "rows": rows,
        "streets": areas.streets().filter(code__in=theirs).order_by("code"),
        "street": street,
    }
    return render(request, "incidents/place_codes.html", context)


def _used(codes: QuerySet[PlaceCode]) -> dict[str, dict[str, int]]:
    """Scans and reports of these codes in the last thirty days, by community."""
    since = timezone.localtime(clock.now()).date() - USED_WITHIN
    days = PlaceCodeDay.objects.filter(code__in=codes.values("pk"), day__gt=since)
    inside = Left(Coalesce("code__area_id", "code__facility__cell_id", "code__place__area_id"), 12)
    rows = days.annotate(inside=inside).order_by().values("inside")
    rows = rows.annotate(all_scans=Sum("scans"), all_reports=Sum("reports"))
    return {row["inside"]: {"scans": row["all_scans"], "reports": row["all_reports"]} for row in rows}


@require_safe
@staff(*KEEPERS)
def sheet(request: HttpRequest, community: str) -> HttpResponse:
    """A community's codes, to be printed: plates for its cells or buildings, or labels for its facilities."""
    area = _community_or_404(community)
    _refuse_outside(person(request), area.code)
    things = _things(request)
    page = Paginator(_coded(area, things), _per_page(things)).get_page(request.GET.get("page"))
    can_print = _has_public_address()
    wanted = sum(len(codes) for codes in _codable(area, things).values())
    used = _used_by_code([row.code for row in page])
    with translation.override("zh-hans"):  # what hangs on walls, whoever prints it
        plates = [{**_plate(row), **used.get(row.code, NEVER)} for row in page] if can_print else []
        owner = _owner()
    context = {
        "area": area,
        "street": geography().names.get(area.parent_id or "", ("", ""))[0],
        "things": things,
        "page": page,
        "plates": plates,
        "owner": owner,
        "can_print": can_print,
        "missing": max(0, wanted - page.paginator.count),
        "look_up": _look_up_address(),
        "printed": clock.now(),
        "all_on_page": page.paginator.num_pages == 1,
        "retired": [
            {"code": row.code, "shown": qr.shown(row.code), "name": _name(row), "at": row.retired_at}
            for row in _lately_retired(area, things)
        ],
    }
    return render(request, "incidents/place_code_sheet.html", context)


@require_safe
@staff(*KEEPERS)
def sheet_pdf(request: HttpRequest, community: str) -> HttpResponse:
    """The same page of codes as PDF, for the printer's shop."""
    area = _community_or_404(community)
    _refuse_outside(person(request), area.code)
    if not _has_public_address():
        raise Http404
    things = _things(request)
    page = Paginator(_coded(area, things), _per_page(things)).get_page(request.GET.get("page"))
    street = geography().names.get(area.parent_id or "", ("", ""))[0]
    with translation.override("zh-hans"):  # what hangs on walls, whoever prints it
        plates = [
            Plate(
                url=_link(row),
                shown=qr.shown(row.code),
                name=f"{street} · {_name(row)}" if things != "facilities" else _name(row),
                kind=_kind(row),
            )
            for row in page
        ]
    body = draw_plates(
        plates,
        as_labels=things == "facilities",
        look_up=_look_up_address(),
        owner=_owner(),
        at=clock.now(),
    )
    name = f"codes-{area.code}-{things}-{page.number}.pdf"
    return HttpResponse(
        body,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_POST
@staff(*KEEPERS)
def retire(request: HttpRequest, code: str) -> HttpResponse:
    """Take a code out of use; what is printed says so from now on."""
    found = _found_or_404(code)
    cell = _cell_of(found)
    _refuse_outside(person(request), cell)
    if coding.retire_code(code=code, at=clock.now(), by=person(request)):
        messages.success(
            request, _("%(code)s is retired. Print a new one in its place.") % {"code": qr.shown(code)}
        )
    return _to_sheet(found, cell)


@require_POST
@staff(*KEEPERS)
def restore(request: HttpRequest, code: str) -> HttpResponse:
    """The slip of who retired a code is put right: what is printed leads there again."""
    found = _found_or_404(code)
    cell = _cell_of(found)
    _refuse_outside(person(request), cell)
    if coding.restore_code(code=code, at=clock.now()):
        messages.success(request, _("%(code)s is in use again.") % {"code": qr.shown(code)})
    else:
        messages.warning(
            request,
            _("%(code)s stays retired: a day has passed, or its place has a new one or is there no more.")
            % {"code": qr.shown(code)},
        )
    return _to_sheet(found, cell)


def _found_or_404(code: str) -> PlaceCode:
    found = PlaceCode.objects.filter(code=code).select_related("facility__cell", "place").first()
    if found is None:
        raise Http404
    return found


def _cell_of(found: PlaceCode) -> str:
    inside = (found.facility.cell_id if found.facility else "") or (
        found.place.area_id if found.place else ""
    )
    return found.area_id or inside or ""


def _to_sheet(found: PlaceCode, cell: str) -> HttpResponse:
    if geography().kinds.get(cell[:12]) != "community":
        return redirect("place-codes")
    things = "cells" if found.area_id else "facilities" if found.facility_id else "buildings"
    return redirect(f"{reverse('place-code-sheet', args=[cell[:12]])}?things={things}")


def _prefixes(user: User) -> tuple[str, ...]:
    """What the codes of the areas begin with whose plates somebody keeps: the district's people and the
    registers' keepers all of them, a street's those of the street."""
    if may_keep(user):
        return ("",)
    grants = viewer_of(user).with_roles(Role.SUPERVISOR, Role.DISPATCHER)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return ("",)
    told = {code_prefix(grant.unit.area_code) for grant in grants}
    return tuple(prefix for prefix in sorted(told) if is_in_a_street(prefix))


def _within(user: User) -> Q:
    """The condition on areas that their plates are this person's to keep."""
    found = Q(pk__in=[])
    for prefix in _prefixes(user):
        found |= Q(code__startswith=prefix)
    return found


def _refuse_outside(user: User, area_code: str) -> None:
    if not area_code.startswith(_prefixes(user) or ("-",)):
        raise PermissionDenied


def _community_or_404(code: str) -> Area:
    found = Area.objects.without_polygons().communities().filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _things(request: HttpRequest) -> str:
    told = request.GET.get("things", "")
    return told if told in THINGS else "cells"


def _per_page(things: str) -> int:
    return LABELS if things == "facilities" else PLATES


def _coded(community: Area, things: str) -> QuerySet[PlaceCode]:
    """The codes in use of a community's cells and blocks, of its buildings, or of its facilities."""
    return _codes_in(PlaceCode.objects.filter(retired_at__isnull=True), community, things)


def _lately_retired(community: Area, things: str) -> QuerySet[PlaceCode]:
    """What can still be put back into use, the last one first."""
    lately = PlaceCode.objects.filter(retired_at__gt=clock.now() - coding.UNDO_WITHIN, area__retired_at=None)
    return _codes_in(lately, community, things).order_by("-retired_at")[:20]


def _codes_in(coded: QuerySet[PlaceCode], community: Area, things: str) -> QuerySet[PlaceCode]:
    coded = coded.select_related("area", "facility", "place")
    if things == "facilities":
        return coded.filter(facility__cell__parent=community, facility__retired_at__isnull=True).order_by(
            "facility"
        )
    if things == "buildings":
        inside = coded.filter(place__area__code__startswith=community.code, place__retired_at__isnull=True)
        return inside.order_by("place")
    return coded.filter(area__code__startswith=community.code).order_by("area")


def _codable(community: Area, things: str) -> dict[str, list[str]]:
    """What of a community has codes: itself, its blocks and cells; its buildings and estates, which have a
    name; or its facilities."""
    found: dict[str, list[str]] = {"areas": [], "facilities": [], "places": []}
    if things == "facilities":
        inside = Facility.objects.in_use().filter(cell__parent=community)
        found["facilities"] = list(inside.values_list("code", flat=True))
    elif things == "buildings":
        named = NamedPlace.objects.filter(area__code__startswith=community.code, retired_at__isnull=True)
        # A road is no place to stand: it runs through several communities.
        found["places"] = list(named.exclude(kind=NamedPlace.Kind.ROAD).values_list("code", flat=True))
    else:
        inside_area = Area.objects.in_use().filter(code__startswith=community.code)
        found["areas"] = list(inside_area.values_list("code", flat=True))
    return found


def _used_by_code(codes: list[str]) -> dict[str, dict[str, int]]:
    """All scans and reports of each of these codes."""
    rows = PlaceCodeDay.objects.filter(code__in=codes).order_by().values("code")
    summed = rows.annotate(all_scans=Sum("scans"), all_reports=Sum("reports"))
    return {row["code"]: {"scans": row["all_scans"], "reports": row["all_reports"]} for row in summed}


def _public(name: str, *args: str) -> str:
    """The address that residents know, whichever this page was opened by: plates stay for years."""
    return str(settings.PUBLIC_URL) + reverse(name, args=args)


def _has_public_address() -> bool:
    """Does PUBLIC_URL lead here from a phone in the street? A demonstration prints without one."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    return not settings.PRODUCTION or host not in (None, "localhost", "127.0.0.1", "::1")


def _link(row: PlaceCode) -> str:
    return _public("place-code-signed", row.code, signed_places.signed(row))


def _owner() -> str:
    """Whose plates they are, in Chinese like the rest of them."""
    district = geography().district
    name = geography().names[district][0] if district else ""
    return f"一网 {name}".strip() + ("" if settings.PRODUCTION else "（演示系统，不受理真实诉求）")


def _look_up_address() -> str:
    return _public("place-code-look-up").split("//", 1)[1].rstrip("/")


def _name(row: PlaceCode) -> str:
    if row.facility is not None:
        return row.facility.plate or row.facility.code
    return row.area.name_zh if row.area else row.place.name if row.place else ""


def _kind(row: PlaceCode) -> str:
    thing = row.facility or row.place
    return str(thing.get_kind_display()) if thing else ""


def _plate(row: PlaceCode) -> dict[str, Any]:
    url = _link(row)
    # Level Q: it still reads with a quarter of it scratched away.
    picture = segno.make_qr(url, error="q").svg_inline(scale=1, border=4, omitsize=True)
    return {
        "url": url,
        "code": row.code,
        "shown": qr.shown(row.code),
        "picture": picture,
        "name": _name(row),
        "kind": _kind(row),
        "facility": row.facility,
    }
