"""The policy table as a page and as a file, for those who administer."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import staff
from accounts.roles import ADMINISTRATORS, Role
from config.policy import shown
from config.policy.table import SECTIONS
from dashboards import sheets

# In the order in which the menu of roles has them, so that the guard reads the same on every start.
READERS = tuple(role for role in Role if role in ADMINISTRATORS)


class AskedForm(forms.Form):
    """Whose permissions, and of which part."""

    role = forms.ChoiceField(
        label=gettext_lazy("Who"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    part = forms.ChoiceField(
        label=pgettext_lazy("permissions", "Part"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        others = [(shown.TOKEN, _("Other systems (tokens)")), (shown.NOBODY, _("Without a sign-in"))]
        self.fields["role"].choices = [("", _("All roles")), *Role.choices, *others]  # type: ignore[attr-defined]
        sections = [(str(number), str(one.title)) for number, one in enumerate(SECTIONS, start=1)]
        self.fields["part"].choices = [("", _("All parts")), *sections]  # type: ignore[attr-defined]


def _asked(request: HttpRequest) -> tuple[AskedForm, str, str]:
    """The form and what it asks for; what is not understood asks for nothing."""
    form = AskedForm(request.GET)
    told = form.cleaned_data if form.is_valid() else {}
    return form, told.get("role", ""), told.get("part", "")


@require_safe
@staff(*READERS)
def permissions(request: HttpRequest) -> HttpResponse:
    """Who is let in where: the rules that every address is tested against."""
    form, role, part = _asked(request)
    parts = shown.parts(role, part)
    context = {
        "form": form,
        "parts": parts,
        "of_role": dict(form.fields["role"].choices).get(role, "") if role else "",  # type: ignore[attr-defined]
        "query": request.GET.urlencode() if form.is_valid() else "",
        "count": sum(one.count for one in parts),
    }
    return render(request, "policy/permissions.html", context, status=200 if form.is_valid() else 400)


@require_safe
@staff(*READERS)
def as_csv(request: HttpRequest) -> HttpResponse:
    """The same rows as a file, one line for each address and method."""
    _form, role, part = _asked(request)
    heads = [
        pgettext("permissions", "Part"),
        _("Method"),
        _("Address"),
        _("What"),
        _("Who"),
        _("Tokens"),
        _("Others are told"),
    ]
    rows = (
        [
            one.title,
            door.method,
            door.path,
            door.title,
            _who(line),
            _(", ").join(line.tokens),
            line.others,
        ]
        for one in shown.parts(role, part)
        for line in one.lines
        for door in line.doors
    )
    return sheets.download(sheets.lines(heads, rows), "permissions")


def _who(line: shown.Line) -> str:
    return "; ".join(f"{_(', ').join(roles)} ({where})" if roles else where for where, roles in line.who)
