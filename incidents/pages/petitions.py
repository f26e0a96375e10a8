"""信访: the letters and visits of late, a form for another one, and its scan to take away."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.roles import Action
from config import clock
from dispatch.vocabulary import Nature, Source
from incidents import actions, policy
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import IncidentReport
from incidents.pages.access import CASE_ROLES, DESK_ROLES, case_or_404, person, staff
from incidents.pages.forms import text_area
from incidents.pages.submissions import once
from incidents.pages.when import InstantField
from incidents.pages.wording import title_of
from incidents.public.filing import clean_phone
from incidents.sources import petitions
from incidents.sources.sealed import opened

ROWS = 30
KINDS = (("letter", pgettext_lazy("petition", "Letter")), ("visit", pgettext_lazy("petition", "Visit")))
_NATURES = (Nature.HELP, Nature.COMPLAINT, Nature.TIP_OFF, Nature.SUGGESTION, Nature.ENQUIRY, Nature.PRAISE)


def _line(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


def _check() -> forms.CheckboxInput:
    return forms.CheckboxInput(attrs={"class": "form-check-input"})


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ScansField(forms.FileField):
    """Several files, checked where they are kept."""

    def clean(self, data: Any, initial: Any = None) -> tuple[Any, ...]:
        return tuple(data or ())


class PetitionForm(forms.Form):
    """A letter or a visit."""

    kind = forms.ChoiceField(
        label=gettext_lazy("It is a"), choices=KINDS, initial="letter", widget=forms.RadioSelect
    )
    number = forms.CharField(label=gettext_lazy("Number"), max_length=112, widget=_line())
    text = forms.CharField(
        label=pgettext_lazy("of a letter", "Matter"),
        max_length=5_000,
        widget=text_area(7),
        help_text=gettext_lazy(
            "What it is about, where and since when. Names and numbers go below, not here."
        ),
    )
    nature = forms.ChoiceField(
        label=gettext_lazy("Nature"),
        choices=[(one.value, one.label) for one in _NATURES],
        initial=Nature.HELP,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    address = forms.CharField(
        label=gettext_lazy("Where it is about"), max_length=200, required=False, widget=_line()
    )
    source_category = forms.CharField(
        label=gettext_lazy("Category of the letters office"),
        max_length=80,
        required=False,
        widget=_line(),
        help_text=gettext_lazy("As it stands on the letter; the table of sources says what it is here."),
    )
    names = forms.CharField(
        label=gettext_lazy("Who wrote or came"),
        max_length=40,
        required=False,
        widget=_line(),
        help_text=gettext_lazy(
            "The one who speaks for them first; several with a comma between. Kept encrypted."
        ),
    )
    people = forms.IntegerField(
        label=gettext_lazy("How many people"),
        initial=1,
        min_value=1,
        max_value=petitions.PEOPLE_MOST,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Telephone"), max_length=40, required=False, widget=_line(inputmode="tel")
    )
    reporter_address = forms.CharField(
        label=gettext_lazy("Their address"), max_length=200, required=False, widget=_line()
    )
    received_at = InstantField(
        label=gettext_lazy("Received"),
        required=False,
        help_text=gettext_lazy(
            "Empty: just now. Up to 30 minutes late it counts as told; up to 24 hours the centre "
            "countersigns first."
        ),
    )
    dated = forms.DateField(label=gettext_lazy("Date on the letter"), required=False, widget=_day())
    reply_by = forms.DateField(
        label=gettext_lazy("To be answered by"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy(
            "Six in the evening of that day. The earlier of this and our own limit rules."
        ),
    )
    is_joint = forms.BooleanField(
        label=gettext_lazy("Several people together"), required=False, widget=_check()
    )
    is_confidential = forms.BooleanField(
        label=gettext_lazy("Confidential: units do not learn who it was"), required=False, widget=_check()
    )
    scans = ScansField(
        label=gettext_lazy("Scan"),
        required=False,
        widget=ManyFiles(attrs={"class": "form-control", "accept": "application/pdf,image/*"}),
        help_text=gettext_lazy(
            "Up to five pictures or PDFs of 20 MB. Kept sealed; taking one out is recorded."
        ),
    )

    def clean_names(self) -> list[str]:
        said = str(self.cleaned_data["names"]).replace("，", ",").replace("、", ",")
        return [name.strip() for name in said.split(",") if name.strip()]

    def clean_phone(self) -> str:
        try:
            return clean_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(str(error), code=error.code) from error


@require_GET
@staff(*DESK_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """The letters and visits, newest first, with where each stands."""
    user = person(request)
    if not petitions.may_enter(user):
        raise PermissionDenied
    links = (
        IncidentReport.objects.filter(
            report__source=Source.LETTER_VISIT,
            unlinked_at__isnull=True,
            incident__in=policy.cases_of(user),
        )
        .select_related("report__text", "incident__owner_unit", "incident__category")
        .order_by("-report_id")
    )
    page = Paginator(links, ROWS).get_page(request.GET.get("page"))
    rows = [
        {
            "report": link.report,
            "case": link.incident,
            "title": title_of(link.report.text.body),
            "letter": link.report.attributes.get("letter") or {},
        }
        for link in page.object_list
    ]
    return render(request, "incidents/petitions.html", {"page": page, "rows": rows})


@once
@require_http_methods(["GET", "POST"])
@staff(*DESK_ROLES)
def new(request: HttpRequest) -> HttpResponse:
    """The form, and filing it."""
    user = person(request)
    if not petitions.may_enter(user):
        raise PermissionDenied
    form = PetitionForm(request.POST or None, request.FILES or None)
    if request.method == "GET":
        return render(request, "incidents/petition.html", {"form": PetitionForm()})
    if not form.is_valid():
        return render(request, "incidents/petition.html", {"form": form}, status=400)
    told = form.cleaned_data
    try:
        receipt = petitions.enter(petitions.Petition(**told), user=user, at=clock.now())
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return render(request, "incidents/petition.html", {"form": form}, status=400)
    except ActionRefused as error:
        form.add_error(None, str(error))
        return render(request, "incidents/petition.html", {"form": form}, status=409)
    number = receipt.incident.number
    if not receipt.created:
        messages.success(request, _("It had been entered before: %(number)s.") % {"number": number})
    else:
        messages.success(request, _("Entered as %(number)s.") % {"number": number})
    return HttpResponseRedirect(reverse("case", args=[number]))


@require_POST
@staff(*CASE_ROLES)
def scan(request: HttpRequest, number: str, document: UUID) -> HttpResponse:
    """A scan, to be saved: never shown in a page, and each time recorded."""
    incident, user = case_or_404(request, number), person(request)
    try:
        found = actions.open_document(
            number=number,
            document=document,
            actor=policy.acting_as(user, Action.UNMASK, incident),
            at=clock.now(),
        )
        body = opened(found)
    except ActionRefused as error:
        if error.code == "not_allowed":
            raise PermissionDenied from error
        raise Http404 from error
    except FileNotFoundError as error:
        raise Http404 from error
    ending = "pdf" if found.content_type == petitions.PDF else "jpg"
    return HttpResponse(
        body,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{number}-{found.pk.hex[:8]}.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )
