"""Keeping rules, inhibitions and devices, and taking devices from a sheet."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.models import Category
from dispatch.spreadsheets.grid import FILE_MOST
from dispatch.vocabulary import PlaceType, Urgency
from grids.coordinates import SYSTEMS, WGS84
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Alert, AlertDevice, AlertInhibition, AlertRule
from incidents.pages.access import person, staff
from incidents.pages.forms import text_area
from incidents.pages.sensors import ROLES
from incidents.sensing import keeping, register
from incidents.sensing.matchers import of_json

SHOWN = 30
_INPUT = {"class": "form-control", "autocomplete": "off"}
_MATCHERS = gettext_lazy("One a line, all must hold: kind = smoke, severity =~ warning|critical.")


def _line(most: int, **more: Any) -> Any:
    return forms.CharField(max_length=most, widget=forms.TextInput(attrs=_INPUT), **more)


def _matchers(label: Any) -> Any:
    return forms.CharField(label=label, max_length=2_000, widget=text_area(4), help_text=_MATCHERS)


class RuleForm(forms.Form):
    """What alerts mean."""

    name = _line(80, label=pgettext_lazy("alert rule", "Name"))
    position = forms.IntegerField(
        label=gettext_lazy("Position"),
        min_value=1,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
        help_text=gettext_lazy("The first rule whose matchers all hold says what an alert means."),
    )
    matchers = _matchers(gettext_lazy("Matchers"))
    makes_case = forms.BooleanField(label=gettext_lazy("Opens a case"), required=False)
    category_code = forms.ChoiceField(
        label=gettext_lazy("Category"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Urgency"),
        required=False,
        choices=[("", gettext_lazy("By the alert's severity")), *Urgency.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Words of the report"),
        max_length=400,
        required=False,
        widget=text_area(2),
        help_text=gettext_lazy(
            "Filled in: {name} {device} {kind} {value} {unit} {threshold} {address} {summary} {labels.xyz}. "
            "Without words the alert's own summary is taken."
        ),
    )
    closes_itself = forms.BooleanField(
        label=gettext_lazy("Its case may close by itself when it clears before anyone has acted"),
        required=False,
    )
    is_active = forms.BooleanField(label=pgettext_lazy("alert rule", "In force"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories: Any = self.fields["category_code"]
        categories.choices = [("", gettext_lazy("Read from the words"))] + [
            (one.code, f"{one.code} {one}") for one in Category.objects.in_use().order_by("code")
        ]


class InhibitionForm(forms.Form):
    """What holds others back."""

    name = _line(80, label=pgettext_lazy("alert rule", "Name"))
    source_matchers = _matchers(gettext_lazy("While this burns"))
    target_matchers = _matchers(gettext_lazy("These open no case"))
    of_parent = forms.BooleanField(
        label=gettext_lazy("Only at devices below the burning one"), required=False
    )
    equal = _line(
        400,
        label=gettext_lazy("Labels that must be equal"),
        required=False,
        help_text=gettext_lazy("With commas between them."),
    )
    is_active = forms.BooleanField(label=pgettext_lazy("alert rule", "In force"), required=False)


class DeviceForm(forms.Form):
    """What is known of a device."""

    name = _line(80, label=pgettext_lazy("device", "Name"), required=False)
    kind = _line(40, label=pgettext_lazy("device", "Kind"), required=False)
    lon = forms.FloatField(
        label=gettext_lazy("Longitude"),
        required=False,
        widget=forms.TextInput(attrs={**_INPUT, "inputmode": "decimal"}),
    )
    lat = forms.FloatField(
        label=gettext_lazy("Latitude"),
        required=False,
        widget=forms.TextInput(attrs={**_INPUT, "inputmode": "decimal"}),
    )
    crs = forms.ChoiceField(
        label=gettext_lazy("Coordinate system"),
        choices=[(one, one) for one in SYSTEMS],
        initial=WGS84,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    address = _line(200, label=gettext_lazy("Address"), required=False)
    place_type = forms.ChoiceField(
        label=gettext_lazy("Kind of place"),
        required=False,
        choices=[("", "—"), *PlaceType.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    facility_code = _line(
        40,
        label=gettext_lazy("Facility"),
        required=False,
        help_text=gettext_lazy("The code of the facility that it watches: place and owner come from there."),
    )
    owner_code = _line(
        64,
        label=gettext_lazy("Owner"),
        required=False,
        help_text=gettext_lazy("A unit's code, private or unknown; empty where the facility says it."),
    )
    parent = _line(
        80,
        label=gettext_lazy("Device above it"),
        required=False,
        help_text=gettext_lazy("Its code: a cabinet, a gateway. Below one parent, many alerts are one case."),
    )
    rule = forms.ModelChoiceField(
        AlertRule.objects.all(),
        label=gettext_lazy("Rule of its own"),
        required=False,
        empty_label=gettext_lazy("By the matchers"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )


@require_GET
@staff(*ROLES)
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule and inhibition, in their order."""
    context = {
        "rules": _rule_rows(),
        "inhibitions": [
            {"row": row, "sources": of_json(row.source_matchers), "targets": of_json(row.target_matchers)}
            for row in AlertInhibition.objects.all()
        ],
        "may_keep": _may_keep(person(request)),
    }
    return render(request, "incidents/sensor_rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def rule(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a rule."""
    row = _row(AlertRule, pk)
    if row is None:
        last = AlertRule.objects.aggregate(last=Max("position"))["last"] or 0
        initial: dict[str, Any] = {
            "position": last + 10,
            "makes_case": True,
            "closes_itself": True,
            "is_active": True,
            "matchers": _for_alert(request),
        }
    else:
        names = ("name", "position", "category_code", "urgency", "text", "makes_case", "closes_itself")
        initial = {name: getattr(row, name) for name in (*names, "is_active")}
        initial["matchers"] = _lines(row.matchers)
    form = RuleForm(request.POST or None, initial=initial)
    return _form_page(request, form, row, keeping.save_rule, "incidents/sensor_rule.html", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def inhibition(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write an inhibition."""
    row = _row(AlertInhibition, pk)
    initial: dict[str, Any] = {"is_active": True}
    if row is not None:
        initial = {
            "name": row.name,
            "of_parent": row.of_parent,
            "is_active": row.is_active,
            "equal": ", ".join(row.equal),
            "source_matchers": _lines(row.source_matchers),
            "target_matchers": _lines(row.target_matchers),
        }
    form = InhibitionForm(request.POST or None, initial=initial)
    return _form_page(request, form, row, keeping.save_inhibition, "incidents/sensor_inhibition.html", pk)


@require_GET
@staff(*ROLES)
def devices(request: HttpRequest) -> HttpResponse:
    """The register, by words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    found = AlertDevice.objects.select_related("parent", "rule").order_by("code", "pk")
    if words:
        found = found.filter(
            Q(code__icontains=words)
            | Q(name__icontains=words)
            | Q(kind__icontains=words)
            | Q(parent__code__icontains=words)
        )
    page = Paginator(found, SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "devices": list(page), "q": words, "may_keep": _may_keep(person(request))}
    return render(request, "incidents/sensor_devices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is known of a device."""
    row = AlertDevice.objects.select_related("parent").filter(pk=min(pk, 2**63 - 1)).first()
    if row is None:
        raise Http404
    names = ("name", "kind", "lon", "lat", "address", "place_type", "facility_code", "owner_code", "rule")
    initial = {name: getattr(row, name) for name in names}
    initial |= {"parent": row.parent.code if row.parent else "", "crs": WGS84}
    form = DeviceForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                register.save_device(
                    pk=row.pk, told=form.cleaned_data, actor=_actor(person(request)), at=clock.now()
                )
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            except ActionRefused as error:
                raise Http404 from error
            else:
                messages.success(request, _("Saved. Its next alert is read by this."))
                return HttpResponseRedirect(reverse("sensor-devices") + f"?q={row.code}")
    context = {"form": form, "device": row, "alerts": row.alerts.order_by("-seen_at", "-pk")[:10]}
    return render(request, "incidents/sensor_device.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def take_sheet(request: HttpRequest) -> HttpResponse:
    """Devices from a sheet: all of it, or, where a row is wrong, nothing and why."""
    found, refused, status = None, "", 200
    if request.method == "POST":
        upload, status = request.FILES.get("file"), 400
        if upload is None:
            refused = _("Choose a file.")
        elif (upload.size or 0) > FILE_MOST:
            refused = _("The file is larger than %(most)d MB.") % {"most": FILE_MOST // 1024 // 1024}
        else:
            found = register.read_sheet(upload.read())
            if not found.problems:
                try:
                    done = register.import_devices(
                        rows=found.rows, actor=_actor(person(request)), at=clock.now()
                    )
                except register.SheetChanged as changed:
                    found.problems.extend(changed.problems)
                else:
                    told = _("%(added)d devices added, %(changed)d brought up to date.")
                    messages.success(request, told % {"added": done.added, "changed": done.changed})
                    return HttpResponseRedirect(reverse("sensor-devices"))
    context = {
        "refused": refused,
        "problems": found.problems[: register.PROBLEMS_SHOWN] if found else [],
        "more": max(0, len(found.problems) - register.PROBLEMS_SHOWN) if found else 0,
        "good": len(found.rows) if found else 0,
        "columns": [(names[0], name) for name, names in register.COLUMNS.items()],
    }
    return render(request, "incidents/sensor_sheet.html", context, status=status)


def _form_page(
    request: HttpRequest, form: forms.Form, row: Any, save: Any, template: str, pk: int | None
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                save(pk=pk, told=form.cleaned_data, actor=_actor(person(request)), at=clock.now())
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            except ActionRefused as error:
                raise Http404 from error
            else:
                messages.success(request, _("Saved. It holds for alerts from now on."))
                return HttpResponseRedirect(reverse("sensor-rules"))
    return render(request, template, {"form": form, "row": row}, status=status)


def _rule_rows() -> list[dict[str, Any]]:
    categories = _categories()
    return [
        {"row": row, "matchers": of_json(row.matchers), "category": categories.get(row.category_code)}
        for row in AlertRule.objects.all()
    ]


def _categories() -> dict[str, Category]:
    return {one.code: one for one in Category.objects.all()}


def _row(model: Any, pk: int | None) -> Any:
    if pk is None:
        return None
    row = model.objects.filter(pk=min(pk, 2**63 - 1)).first()
    if row is None:
        raise Http404
    return row


def _for_alert(request: HttpRequest) -> str:
    """The matcher for an alert that no rule fits, where somebody comes from it."""
    pk = request.GET.get("alert", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return ""
    found = Alert.objects.filter(pk=pk).first()
    return f'kind = "{found.kind}"' if found and '"' not in found.kind else ""


def _lines(rows: Any) -> str:
    return "\n".join(str(matcher) for matcher in of_json(rows))


def _may_keep(user: User) -> bool:
    return Role.ADMIN in viewer_of(user).roles


def _actor(user: User) -> Actor:
    home = viewer_of(user).home_unit
    return Actor.person(user, home.pk if home else "")
