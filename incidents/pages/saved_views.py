"""Keeping a list's filters under a name, and letting go of them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config import clock
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import SavedView
from incidents.pages.access import READING_ROLES, person, staff
from incidents.searching import saved


@require_POST
@staff(*READING_ROLES)
def save(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is narrowed now; back to it."""
    query = saved.canonical(request.POST.get("query", ""))
    page = request.POST.get("page", "")
    page = page if page in SavedView.Page.values else SavedView.Page.CASES
    try:
        view = saved.save_view(
            user=person(request),
            page=page,
            name=request.POST.get("name", ""),
            query=query,
            unit_code=request.POST.get("unit", ""),
            at=clock.now(),
        )
    except (InvalidInput, ActionRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Kept as “%(name)s”.") % {"name": view.name})
        return HttpResponseRedirect(view_url(view))
    return _back(SavedView.Page.CASES, query)


@require_POST
@staff(*READING_ROLES)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Let go of a view; back to the list."""
    try:
        view = saved.remove_view(user=person(request), pk=pk)
    except ActionRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("“%(name)s” is removed. The cases are untouched.") % {"name": view.name})
    return _back(SavedView.Page.CASES, "")


def view_url(view: SavedView) -> str:
    """Where a view is looked at."""
    if view.page == SavedView.Page.DESK:
        return f"{reverse('desk')}?{urlencode({'tab': f'view-{view.pk}'})}"
    return f"{reverse(view.page)}?{view.query}"


def _back(page: str, query: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(page) + (f"?{query}" if query else ""))
