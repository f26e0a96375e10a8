"""场所码: codes on walls, lids and poles. Scanning one opens the report with its place filled in; a sheet of
them is printed by the community."""

from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from config import clock
from dispatch.pages.registers import KEEPERS as REGISTER_KEEPERS
from dispatch.registers.runs import may_keep
from grids import coding, qr
from grids.locate import geography
from grids.models import Area, Facility, PlaceCode, code_prefix

KEEPERS = (Role.ADMIN, Role.STEWARD, Role.SUPERVISOR, Role.DISPATCHER)
# A4 plates on a page of the browser, and labels of facilities: what prints without a long wait.
PLATES = 40
LABELS = 48
# A code of so many digits names the whole district.
_DISTRICT_DIGITS = 6


@never_cache
@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """Type the code that is printed below the picture, where a camera cannot read it."""
    told = request.GET.get("code", "")
    if told:
        code = qr.plain_code(told)
        if qr.is_one(code):
            return redirect("place-code", code)
        error = _("This is not one of our codes. Check its eight letters and digits.")
        context = {"code": told[:20], "error": error}
        return render(request, "resident/place_code.html", context, status=400)
    return render(request, "resident/place_code.html", {"code": "", "error": ""})


@never_cache
@require_safe
def scanned(request: HttpRequest, code: str) -> HttpResponse:
    """A code was scanned: to the report, with its place. A patrol comes to its own page."""
    found = PlaceCode.objects.filter(code=qr.plain_code(code)).select_related("facility").first()
    gone = found is not None and (
        found.retired_at is not None or (found.facility is not None and found.facility.retired_at is not None)
    )
    if found is None or gone:
        context = {"code": code[:20], "is_retired": gone}
        return render(request, "resident/code_unknown.html", context, status=410 if gone else 404)
    if Role.PATROL in viewer_of(request.user).roles:
        return redirect(f"{reverse('patrol-report')}?{urlencode({'code': found.code})}")
    told = {"area": found.area_id} if found.area_id else {"facility": found.facility_id or ""}
    return redirect(f"{reverse('report')}?{urlencode(told)}")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS)
def sheets(request: HttpRequest) -> HttpResponse:
    """The communities, and how many of their codes are made; a community's own are made here."""
    if request.method == "POST":
        community = _community_or_404(request.POST.get("community", ""))
        _refuse_outside(person(request), community.code)
        things = request.POST.get("things", "cells")
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
    inside = Left(Coalesce("area_id", "facility__cell_id"), 12)
    in_use = PlaceCode.objects.filter(retired_at__isnull=True).annotate(inside=inside)
    shown = in_use.filter(inside__in=[area.code for area in page])
    coded = dict(shown.order_by().values_list("inside").annotate(Count("pk")))
    rows = [{"area": area, "codes": coded.get(area.code, 0)} for area in page]
    is_keeper = bool(viewer_of(request.user).roles.intersection(REGISTER_KEEPERS))
    context = {
        "is_keeper": is_keeper,
        "page": page,
        "rows": rows,
        "streets": areas.streets().filter(code__in=theirs).order_by("code"),
        "street": street,
    }
    return render(request, "incidents/place_codes.html", context)


@require_safe
@staff(*KEEPERS)
def sheet(request: HttpRequest, community: str) -> HttpResponse:
    """A community's codes, to be printed: a plate for each cell, or labels for its facilities."""
    area = _community_or_404(community)
    _refuse_outside(person(request), area.code)
    things = "facilities" if request.GET.get("things") == "facilities" else "cells"
    coded = PlaceCode.objects.filter(retired_at__isnull=True).select_related("area", "facility")
    if things == "facilities":
        rows = coded.filter(facility__cell__parent=area, facility__retired_at__isnull=True).order_by(
            "facility"
        )
    else:
        rows = coded.filter(area__code__startswith=area.code).order_by("area")
    page = Paginator(rows, LABELS if things == "facilities" else PLATES).get_page(request.GET.get("page"))
    can_print = _has_public_address()
    codable = _codable(area, things)
    wanted = len(codable["areas"]) + len(codable["facilities"])
    context = {
        "area": area,
        "street": geography().names.get(area.parent_id or "", ("", ""))[0],
        "things": things,
        "page": page,
        "plates": [_plate(row) for row in page] if can_print else [],
        "can_print": can_print,
        "missing": max(0, wanted - page.paginator.count),
        "look_up": _public("place-code-look-up").split("//", 1)[1].rstrip("/"),
        "printed": clock.now(),
    }
    return render(request, "incidents/place_code_sheet.html", context)


@require_POST
@staff(*KEEPERS)
def retire(request: HttpRequest, code: str) -> HttpResponse:
    """Take a code out of use; what is printed says so from now on."""
    found = PlaceCode.objects.filter(code=code).select_related("facility__cell").first()
    if found is None:
        raise Http404
    cell = found.area_id or (found.facility.cell_id if found.facility else "") or ""
    _refuse_outside(person(request), cell)
    if coding.retire_code(code=code, at=clock.now(), by=person(request)):
        messages.success(
            request, _("%(code)s is retired. Print a new one in its place.") % {"code": qr.shown(code)}
        )
    if geography().kinds.get(cell[:12]) != "community":
        return redirect("place-codes")
    things = "cells" if found.area_id else "facilities"
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
    return tuple(prefix for prefix in sorted(told) if len(prefix) > _DISTRICT_DIGITS)


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


def _codable(community: Area, things: str) -> dict[str, list[str]]:
    """What of a community has codes: itself, its blocks and cells; or its facilities."""
    if things == "facilities":
        codes = Facility.objects.in_use().filter(cell__parent=community).values_list("code", flat=True)
        return {"areas": [], "facilities": list(codes)}
    return {
        "areas": list(Area.objects.filter(code__startswith=community.code).values_list("code", flat=True)),
        "facilities": [],
    }


def _public(name: str, *args: str) -> str:
    """The address that residents know, whichever this page was opened by: plates stay for years."""
    return str(settings.PUBLIC_URL) + reverse(name, args=args)


def _has_public_address() -> bool:
    """Does PUBLIC_URL lead here from a phone in the street? A demonstration prints without one."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    return not settings.PRODUCTION or host not in (None, "localhost", "127.0.0.1", "::1")


def _plate(row: PlaceCode) -> dict[str, Any]:
    url = _public("place-code", row.code)
    # Level Q: it still reads with a quarter of it scratched away.
    picture = segno.make_qr(url, error="q").svg_inline(scale=1, border=4, omitsize=True)
    name = row.area.name_zh if row.area else ""
    kind = row.facility.get_kind_display() if row.facility else ""
    return {
        "url": url,
        "code": row.code,
        "shown": qr.shown(row.code),
        "picture": picture,
        "name": name,
        "kind": kind,
        "facility": row.facility,
    }
