"""What may be tried: a sentence, and facts beside it that are read from it where they are left open."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.edition import Edition
from dispatch.explain import Explainer
from dispatch.facts import PlaceFacts
from dispatch.models import Category, ResponsibilityList
from dispatch.service import Request
from dispatch.stewards import is_steward
from dispatch.vocabulary import PlaceType, Source, Urgency
from grids.models import Area

_AS_READ = _("as the words say")


class TryForm(forms.Form):
    text = forms.CharField(
        required=False,
        max_length=settings.REPORT_TEXT_MAX,
        label=_("What is said"),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}),
    )
    category = forms.ChoiceField(required=False, label=_("Category"))
    source = forms.ChoiceField(required=False, choices=Source.choices, label=_("Source"))
    place_type = forms.ChoiceField(
        required=False, choices=[("", _AS_READ), *PlaceType.choices], label=_("Kind of place")
    )
    owner = forms.ChoiceField(required=False, label=_("Owner of the facility"))
    urgency = forms.ChoiceField(
        required=False, choices=[("", _AS_READ), *Urgency.choices], label=_("Urgency")
    )
    area = forms.ChoiceField(required=False, label=_("Street or community"))
    time = forms.TimeField(
        required=False,
        label=_("Time of day"),
        widget=forms.TimeInput(attrs={"class": "form-control", "type": "time"}, format="%H:%M"),
    )
    version = forms.ChoiceField(required=False, label=_("By which list"))

    def __init__(self, *args: Any, user: User, now: Edition, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.at = now, at
        explain = Explainer(now.names)
        self._choose(
            "category",
            [
                ("", str(_AS_READ)),
                *((one.code, f"{one.code} {one.name}") for one in Category.objects.in_use().order_by("code")),
            ],
        )
        owners = sorted({owner for item in now.index.items.values() for owner in item.owners})
        self._choose("owner", [("", str(_AS_READ)), *((code, explain.unit(code)) for code in owners)])
        self._choose("area", [("", str(_("not known"))), *_areas()])
        self.versions = versions_for(user, at)
        self._choose(
            "version",
            [
                ("", str(_("the live list"))),
                *(
                    (str(one.version), f"{one.version} · {one.get_state_display()} · {one.title}")
                    for one in self.versions
                ),
            ],
        )
        for name in ("category", "source", "place_type", "owner", "urgency", "area", "version"):
            self.fields[name].widget.attrs["class"] = "form-select"

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not self.errors and not (told.get("text") or "").strip() and not told.get("category"):
            self.add_error(
                "text", forms.ValidationError(_("Say something, or choose a category."), code="empty")
            )
        return told

    @property
    def chosen(self) -> ResponsibilityList | None:
        """The version to try by; None for the live one."""
        asked = self.cleaned_data["version"]
        return next((one for one in self.versions if str(one.version) == asked), None)

    def request(self) -> Request:
        """The facts to decide on."""
        told = self.cleaned_data
        at = self.at
        if told["time"]:
            local = timezone.localtime(at)
            at = local.replace(hour=told["time"].hour, minute=told["time"].minute, second=0, microsecond=0)
        return Request(
            text=told["text"],
            source=told["source"] or Source.HOTLINE,
            at=at,
            place=_place(told["area"]),
            category=told["category"] or None,
            place_type=told["place_type"] or None,
            owner=told["owner"] or None,
            urgency=told["urgency"] or None,
        )

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def versions_for(user: User, at: datetime) -> list[ResponsibilityList]:
    """The versions beside the live one that this person may try: stewards all that can still be read."""
    if not is_steward(user):
        return []
    live = ResponsibilityList.objects.live(at).values("pk")
    return list(ResponsibilityList.objects.exclude(state="dropped").exclude(pk__in=live).order_by("-version"))


def _areas() -> list[tuple[str, list[tuple[str, str]]]]:
    """Streets as groups, each with itself and its communities."""
    areas = list(Area.objects.in_use().filter(kind__in=("street", "community")).without_polygons())
    inside: dict[str, list[tuple[str, str]]] = {}
    for area in areas:
        if area.kind == Area.Kind.COMMUNITY:
            inside.setdefault(area.parent_id or "", []).append((area.code, area.name))
    return [
        (
            area.name,
            [(area.code, str(_("%(street)s, anywhere") % {"street": area.name})), *inside.get(area.code, [])],
        )
        for area in areas
        if area.kind == Area.Kind.STREET
    ]


def _place(code: str) -> PlaceFacts:
    if not code:
        return PlaceFacts()
    area = Area.objects.without_polygons().get(code=code)
    if area.kind == Area.Kind.STREET:
        return PlaceFacts(street=area.code, in_district=True)
    return PlaceFacts(community=area.code, street=area.parent_id, in_district=True)
