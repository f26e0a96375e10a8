"""What other systems call things, and which of them want to accept what we close. For who keeps the list."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AcceptanceChange, ApiClient
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.models import Category, SourceCategory, SourceCategoryChange
from dispatch.vocabulary import Source
from incidents.errors import InvalidInput
from incidents.pages.access import person, staff
from incidents.sources import naming
from incidents.sources.acceptance import say_who_accepts

# A page, and what it shows of the past.
ROWS = 50
CHANGES_SHOWN = 30


class Search(forms.Form):
    q = forms.CharField(
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "search", "autocomplete": "off"}),
    )


@require_GET
@staff(*naming.KEEPERS)
def sources(request: HttpRequest, source: str = Source.HOTLINE) -> HttpResponse:
    """One source's table: names that are in it, names that are not yet, and who changed what."""
    _may_name(request)
    return _shown(request, source)


@require_POST
@staff(*naming.KEEPERS)
def name(request: HttpRequest, source: str) -> HttpResponse:
    """Say what a name means, or that it means nothing any more."""
    _source_or_404(source)
    _may_name(request)
    said, category = request.POST.get("name", ""), request.POST.get("category", "")
    try:
        changed = naming.set_name(
            source=source, name=said, category=category, user=person(request), at=clock.now()
        )
    except InvalidInput as error:
        return _shown(
            request, source, refused=str(error), typed={"name": said, "category": category}, status=400
        )
    if changed and category:
        messages.success(
            request, _("“%(name)s” is mapped. It holds for what comes from now on.") % {"name": said}
        )
    elif changed:
        messages.success(request, _("“%(name)s” is mapped no more.") % {"name": said})
    return HttpResponseRedirect(reverse("sources", args=[source]))


@require_POST
@staff(*naming.KEEPERS)
def sheet(request: HttpRequest, source: str) -> HttpResponse:
    """Take a sheet of names in."""
    _source_or_404(source)
    _may_name(request)
    upload = request.FILES.get("sheet")
    try:
        if upload is None:
            raise InvalidInput("sheet", "required", _("Choose a file."))
        if (upload.size or 0) > naming.SHEET_BYTES_MOST:
            raise InvalidInput("sheet", "too_large", _("The file is larger than 2 MB."))
        took = naming.take_sheet(data=upload.read(), user=person(request), at=clock.now())
    except InvalidInput as error:
        return _shown(request, source, refused=str(error), status=400)
    told = {"changed": took.changed, "unchanged": took.unchanged}
    messages.success(request, _("%(changed)d names set, %(unchanged)d as before.") % told)
    return HttpResponseRedirect(reverse("sources", args=[source]))


@require_GET
@staff(*naming.KEEPERS)
def export(request: HttpRequest, source: str) -> HttpResponseBase:
    """The table as CSV, with the names that are still to be mapped."""
    _source_or_404(source)
    _may_name(request)
    answer = StreamingHttpResponse(naming.as_sheet(source), content_type="text/csv; charset=utf-8")
    named = content_disposition_header(True, f"source-names-{source}.csv")
    answer["Content-Disposition"] = named or "attachment"
    return answer


@require_POST
@staff(Role.ADMIN)
def acceptance(request: HttpRequest, pk: int) -> HttpResponse:
    """Does this system accept what we close, or is it closed here?"""
    client = say_who_accepts(
        client=get_object_or_404(ApiClient, pk=pk),
        accepts=request.POST.get("accepts") == "yes",
        user=person(request),
        at=clock.now(),
    )
    told = {"name": client.name}
    if client.accepts_closing:
        messages.success(request, _("What %(name)s sent is closed once it has accepted it.") % told)
    else:
        messages.success(request, _("What %(name)s sent is closed here.") % told)
    return HttpResponseRedirect(reverse("sources", args=[client.source]))


def _shown(
    request: HttpRequest,
    source: str,
    *,
    refused: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    _source_or_404(source)
    search = Search(request.GET)
    words = search.cleaned_data["q"].strip() if search.is_valid() else ""
    mapped: QuerySet[SourceCategory] = SourceCategory.objects.filter(source=source)
    if words:
        mapped = mapped.filter(name__icontains=words)
    page = Paginator(mapped.select_related("category", "changed_by").order_by("name", "pk"), ROWS).get_page(
        request.GET.get("page")
    )
    context: dict[str, Any] = {
        "source": source,
        "source_name": Source(source).label,
        "tabs": [{"code": code, "label": label} for code, label in Source.choices],
        "page": page,
        "search": search,
        "words": words,
        "unmapped": naming.unmapped(source),
        "looked_at": naming.LOOKED_AT,
        "changes": _changes(source),
        "accepted": AcceptanceChange.objects.filter(client__source=source).select_related(
            "client", "changed_by"
        )[:CHANGES_SHOWN],
        "clients": ApiClient.objects.filter(source=source, is_active=True).order_by("name"),
        "may_say_who_accepts": bool(viewer_of(request.user).with_roles(Role.ADMIN)),
        "groups": _groups(),
        "refused": refused,
        "typed": typed or {},
    }
    if typed:
        # What was wrong is said beside the field: in the name's own row, where it has one on this page.
        rows = {one.name for one in context["page"]} | {one.name for one in context["unmapped"]}
        context["wrong_in"] = typed["name"] if typed["name"] in rows else "+"
    return render(request, "incidents/sources.html", context, status=status)


def _changes(source: str) -> list[dict[str, Any]]:
    rows = list(
        SourceCategoryChange.objects.filter(source=source).select_related("changed_by")[:CHANGES_SHOWN]
    )
    codes = {code for row in rows for code in (row.before, row.after) if code}
    known = Category.objects.in_bulk(codes)
    return [
        {
            "row": row,
            "before": known.get(row.before) or row.before,
            "after": known.get(row.after) or row.after,
        }
        for row in rows
    ]


def _groups() -> list[tuple[str, list[Category]]]:
    groups: dict[str, list[Category]] = {}
    for one in Category.objects.in_use():
        groups.setdefault(one.domain, []).append(one)
    return list(groups.items())


def _may_name(request: HttpRequest) -> None:
    if not naming.may_name(person(request)):
        raise PermissionDenied


def _source_or_404(source: str) -> None:
    if source not in Source.values:
        raise Http404
