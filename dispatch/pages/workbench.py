"""The workbench: the items of a version, one of them in hand, and what the check says of it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch import editing
from dispatch.errors import BadItem, ListRefused
from dispatch.item_rules import CONDITIONS, values_of
from dispatch.models import ItemChange, ResponsibilityItem
from dispatch.pages.browsing import Filters, Listing, listing
from dispatch.pages.item_forms import AddForm, ItemForm, Values, category_choices, told
from dispatch.pages.naming import FIELD_NAMES
from dispatch.pages.standing import Opened, opened
from dispatch.stewards import is_district_steward, units_kept
from dispatch.vocabulary import Level, Urgency

ENTRIES_SHOWN = 6


@require_GET
@staff(*Role)
def workbench(request: HttpRequest, version: int) -> HttpResponse:
    """A version without an item open: its items, and what is to be said of it as a whole."""
    one = opened(request, version)
    return _page(request, one, _of_list(request, one))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*Role)
def item(request: HttpRequest, version: int, code: str) -> HttpResponse:
    """One item: read, or changed under POST. `do` says whether it is saved, restored or taken out."""
    one = opened(request, version)
    now, base = _item(one, code)
    form = None
    if _may_edit(one, now, base):
        form = _form(one, now or base or {}, base, request)
        if request.method == "POST" and (answer := _change(request, one, code, form)):
            return answer
    elif request.method == "POST":
        messages.error(request, _("Only a draft can be changed, and only by its stewards."))
        return HttpResponseRedirect(request.get_full_path())
    context = {
        **_of_list(request, one, code=code, category=(now or base or {})["category"]),
        **_of_item(one, code, now, base, form),
    }
    status = 400 if form is not None and form.is_bound else 200
    return _page(request, one, context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*Role)
def add(request: HttpRequest, version: int) -> HttpResponse:
    """A new item of a category (`?category=`), like another one (`?like=`) where that is said."""
    one = opened(request, version)
    if not one.can_edit:
        messages.error(request, _("Only a draft can be changed, and only by its stewards."))
        return HttpResponseRedirect(reverse("list", args=[version]))
    form = AddForm(request.POST or None, units=one.units, initial=_new(request, one))
    if request.method == "POST" and form.is_valid():
        try:
            entry = editing.save_item(
                draft=one.version,
                values=form.values(),
                why=form.cleaned_data["why"],
                by=person(request),
                at=clock.now(),
            )
        except BadItem as refused:
            for problem in refused.problems:
                form.complain(problem)
        except ListRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(code)s is added.") % {"code": entry.item_code})
            return HttpResponseRedirect(_address(request, one, entry.item_code))
    category = form["category"].value() or ""
    context = {
        **_of_list(request, one, category=category),
        "form": form,
        "adding": True,
        "rows": _rows(one, None, None, form),
    }
    return _page(request, one, context, status=400 if form.is_bound else 200)


@require_POST
@staff(*Role)
def check_field(request: HttpRequest, version: int, code: str = "") -> HttpResponse:
    """What is wrong with one field as it stands now, and what of it is changed: for the form's inside."""
    one, name = opened(request, version), request.GET.get("field", "")
    if not one.can_edit or name not in FIELD_NAMES:
        raise Http404
    now, base = _item(one, code) if code else (None, None)
    form = _form(one, now or base or {}, base, request) if code else AddForm(request.POST, units=one.units)
    form.is_valid()
    row = told(name, form.values(), base, one.units, form=form)
    return render(request, "dispatch/parts/field_told.html", {"row": row})


@require_GET
@staff(*Role)
def rows(request: HttpRequest, version: int) -> HttpResponse:
    """The left pane's rows alone, once the check has been made (`?code=` names the item in hand)."""
    one = opened(request, version)
    code = request.GET.get("code", "").replace("\x00", "")
    item = ResponsibilityItem.objects.filter(list=one.version, code=code).only("list", "category").first()
    context = _of_list(request, one, code=code, category=item.category_id if item else "")
    return render(request, "dispatch/parts/rows.html", {**context, "listing": _listing(one, context)})


def _listing(one: Opened, context: dict[str, Any]) -> Listing:
    return listing(one.version, context["filters"], one.marks, one.units, one.user, one.categories)


def _page(request: HttpRequest, one: Opened, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The whole page, or for htmx what stands beside the left pane."""
    htmx = request.htmx  # type: ignore[attr-defined]  # django_htmx puts it there
    is_part = htmx and htmx.target == "list-work" and not htmx.history_restore_request
    template = "dispatch/parts/work.html" if is_part else "dispatch/workbench.html"
    if not is_part:
        context |= {
            "listing": _listing(one, context),
            "domains": {each.domain_code: each.domain for each in one.categories.values()},
            "category_choices": category_choices(one.categories.values()),
            "levels": Level.choices,
            "urgencies": Urgency.choices,
        }
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _of_list(request: HttpRequest, one: Opened, code: str = "", category: str = "") -> dict[str, Any]:
    asked = Filters.read(request.GET)
    filters = asked
    if category and not asked.narrow and not asked.category:
        filters = Filters(category=category)
    return {
        "one": one,
        "version": one.version,
        "at": one.at,
        "filters": filters,
        "carried": asked.address(),
        "code": code,
        "is_district": is_district_steward(one.user),
    }


def _item(one: Opened, code: str) -> tuple[Values | None, Values | None]:
    """The item as it is in this version, and as it is in the one before. Raises Http404."""
    pks = [one.version.pk, one.version.based_on_id]
    rows = {
        row.list_id: row
        for row in ResponsibilityItem.objects.filter(list_id__in=[pk for pk in pks if pk], code=code)
    }
    now, base = rows.get(one.version.pk), rows.get(one.version.based_on_id or 0)
    if now is None and (base is None or code not in one.marks.kinds):
        raise Http404
    return (values_of(now) if now else None), (values_of(base) if base else None)


def _may_edit(one: Opened, now: Values | None, base: Values | None) -> bool:
    if not one.can_edit:
        return False
    if is_district_steward(one.user):
        return True
    kept = units_kept(one.user)
    return any(values is not None and values["lead_unit"] in kept for values in (now, base))


def _form(one: Opened, values: Values, base: Values | None, request: HttpRequest) -> ItemForm:
    seen = editing.newest_change(one.version, values["code"]) if request.method != "POST" else None
    return ItemForm(
        request.POST if request.method == "POST" else None,
        units=one.units,
        fixed={"code": values["code"], "category": values["category"]},
        base=base,
        initial={**ItemForm.initial_of(values, one.units), "seen": seen},
    )


def _change(request: HttpRequest, one: Opened, code: str, form: ItemForm) -> HttpResponse | None:
    """Do what was asked; None where it cannot be done and the form says why."""
    what = request.POST.get("do", "save")
    valid = form.is_valid()
    if not valid and (what == "save" or not form.cleaned_data.get("why")):
        if what != "save":  # the item's other fields are of no interest then
            for name in set(form.errors) - {"why"}:
                del form.errors[name]
        return None
    about: dict[str, Any] = {
        "draft": one.version,
        "code": code,
        "why": form.cleaned_data["why"],
        "by": person(request),
        "at": clock.now(),
        "seen_change": form.cleaned_data.get("seen"),
    }
    try:
        if what == "restore":
            editing.restore_item(**about)
            done = _("%(code)s is as it was.")
        elif what == "remove":
            editing.remove_item(**about)
            done = _("%(code)s is taken out.")
        else:
            editing.save_item(values=form.values(), **about)
            done = _("%(code)s is saved.")
    except BadItem as refused:
        for problem in refused.problems:
            form.complain(problem)
        return None
    except ListRefused as refused:
        form.add_error(None, str(refused))
        form.refused = refused.code
        return None
    messages.success(request, done % {"code": code})
    return HttpResponseRedirect(_address(request, one, code))


def _address(request: HttpRequest, one: Opened, code: str) -> str:
    """The item's page, with the filters that were set; the list's own where the item is gone for good."""
    carried = Filters.read(request.GET).address()
    gone = not ResponsibilityItem.objects.filter(
        list_id__in=[pk for pk in (one.version.pk, one.version.based_on_id) if pk], code=code
    ).exists()
    number = one.version.version
    return (reverse("list", args=[number]) if gone else reverse("list-item", args=[number, code])) + carried


def _of_item(
    one: Opened, code: str, now: Values | None, base: Values | None, form: ItemForm | None
) -> dict[str, Any]:
    typed = form.values() if form is not None and form.is_bound and hasattr(form, "cleaned_data") else now
    shown = now or base or {}
    rows = _rows(one, typed if now else None, base, form)
    return {
        "values": shown,
        "category": one.categories.get(shown["category"]),
        "kind": one.marks.kinds.get(code, ""),
        "is_gone": now is None,
        "stated": [FIELD_NAMES[name] for name in CONDITIONS if shown[name]],
        "rows": rows,
        "read_rows": [rows[name] for name in FIELD_NAMES if name not in ("code", "category", "matter_zh")],
        "changed_count": sum(row.is_changed for row in rows.values()),
        "form": form,
        "entries": _entries(one, code),
    }


def _rows(one: Opened, values: Values | None, base: Values | None, form: Any) -> dict[str, Any]:
    return {name: told(name, values or base, base, one.units, form=form) for name in FIELD_NAMES}


def _entries(one: Opened, code: str) -> list[ItemChange]:
    """What was done to this item in this version, the newest first."""
    entries = ItemChange.objects.filter(list=one.version, item_code=code).select_related("by")
    return list(entries[:ENTRIES_SHOWN])


def _new(request: HttpRequest, one: Opened) -> Values:
    """What a new item begins with: as another one, or with what is usual."""
    like = one.version.items.filter(code=request.GET.get("like", "").replace("\x00", "")).first()
    if like is not None:
        return {**ItemForm.initial_of(values_of(like), one.units), "code": "", "matter_zh": ""}
    category = request.GET.get("category", "")
    return {
        "category": category if category in one.categories else "",
        "level": Level.STREET.value,
        "urgency": Urgency.ROUTINE.value,
        "dispatch_minutes": 120,
        "accept_minutes": 240,
        "handle_limit": "5wd",
    }
