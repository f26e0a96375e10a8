"""The district's categories, kept in the browser: what they are called, and which take another's place."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch import categories
from dispatch.errors import ListRefused
from dispatch.models import Category, CategoryChange
from dispatch.pages.registers import CATEGORY_HEAD, csv_file

CHANGES_SHOWN = 12


class CategoryForm(forms.ModelForm):
    """One category; the hidden fields say what it was when the form was opened."""

    was = forms.JSONField(widget=forms.HiddenInput)

    class Meta:
        model = Category
        fields = ("name_zh", "name_en", "scope_zh", "successor")
        labels = {
            "name_zh": pgettext_lazy("category", "Name in Chinese"),
            "name_en": pgettext_lazy("category", "Name in English"),
            "scope_zh": gettext_lazy("What belongs to it"),
            "successor": gettext_lazy("Switched off: its successor"),
        }
        help_texts = {
            "successor": gettext_lazy(
                "Empty: in use. With one, new matters of this category are its successor's; cases keep it."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Q(pk=self.instance.successor_id)
        others = Category.objects.filter(Q(ended_at__isnull=True) | own).exclude(pk=self.instance.pk)
        self.fields["successor"] = forms.ModelChoiceField(
            others.order_by("code"),
            required=False,
            label=self.fields["successor"].label,
            help_text=self.fields["successor"].help_text,
            empty_label=str(_("in use")),
        )
        self.fields["successor"].label_from_instance = _label  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "successor" else "form-control"
        self.initial["was"] = categories.told_of(self.instance)


# Where a refusal is said: by no field, or by one that is called otherwise in the form.
_AT: Final = {"changed": None, "successor_id": "successor"}


def _label(category: Category) -> str:
    return f"{category.code} {category.name}"


@require_safe
@staff(Role.ADMIN)
def listed(request: HttpRequest) -> HttpResponse:
    """All categories by domain, or those that are called so."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    state = "off" if request.GET.get("state") == "off" else ""
    rows = Category.objects.select_related("successor").order_by("code")
    if words:
        rows = rows.filter(
            Q(name_zh__icontains=words)
            | Q(name_en__icontains=words)
            | Q(scope_zh__icontains=words)
            | Q(code=words)
        )
    if state:
        rows = rows.filter(ended_at__isnull=False)
    context = {
        "rows": rows,
        "words": words,
        "state": state,
        "changes": CategoryChange.objects.select_related("changed_by")[:CHANGES_SHOWN],
    }
    return render(request, "dispatch/categories.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One category: its names, its successor, who names it, and who changed it."""
    found = Category.objects.filter(code=code[:9]).first() if "\x00" not in code else None
    if found is None:
        raise Http404
    at = clock.now()
    uses, name = categories.uses_of(found.code, at=at), found.name
    form = CategoryForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        told = {field: form.cleaned_data[field] for field in categories.NAMES}
        successor = form.cleaned_data["successor"]
        told["successor_id"] = successor.pk if successor else None
        was = form.cleaned_data["was"]
        try:
            categories.change(code=found.code, told=told, was=was, by=person(request), at=at)
        except ListRefused as refused:
            form.add_error(_AT.get(refused.code, refused.code), str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("category", found.code)
    context = {
        "row": found,
        "name": name,
        "form": form,
        "uses": uses,
        "changes": CategoryChange.objects.filter(category=found.code).select_related("changed_by")[
            :CHANGES_SHOWN
        ],
    }
    return render(request, "dispatch/category.html", context, status=400 if form.errors else 200)


@require_safe
@staff(Role.ADMIN)
def export(request: HttpRequest) -> HttpResponseBase:
    """All categories as a CSV that can be imported again."""
    return csv_file("categories.csv", list(CATEGORY_HEAD), _lines())


def _lines() -> Iterator[list[str]]:
    for row in Category.objects.order_by("code"):
        state = "retired" if row.ended_at else "in use"
        yield [row.code, row.name_zh, row.name_en, row.scope_zh, state, row.successor_id or ""]
