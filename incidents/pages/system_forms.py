"""What is typed about another system: what it may do, from where, until when; and its next token."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, OrgUnit, Scope
from accounts.systems import addresses
from accounts.systems.keeping import NAME_MOST, OVERLAP_MOST, Terms
from dispatch.vocabulary import Source

_TEXT = {"class": "form-control", "autocomplete": "off"}
# A system that takes data sets alone files nothing: it has no door.
DATA_SOURCE = "data"
DOORS = [*Source.choices, (DATA_SOURCE, _("None: it takes data sets only"))]


def _day(label: Any, *, help_text: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


def _end_of(day: Any) -> datetime | None:
    """A token that ends on a day is good to the end of it, in the district."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


class TermsForm(forms.Form):
    """A system as it is now, or a new one."""

    name = forms.CharField(
        label=_("Name of the system"),
        max_length=NAME_MOST,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_(
            "As people know it: “12345 hotline platform”. Devices over MQTT name it in their topics."
        ),
    )
    source = forms.ChoiceField(
        label=_("Source"),
        choices=DOORS,
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=_("What it files counts as this source."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    unit = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=_("Only for this unit"),
        required=False,
        empty_label=_("The whole district"),
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=_(
            "It then files inside the unit's area only, and of what people entered under its source it reads "
            "what that unit has in hand."
        ),
    )
    addresses = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "form-control num", "rows": 3, "spellcheck": "false"}),
        help_text=_("One a line: 10.1.2.3 or 10.1.2.0/24. Empty: from anywhere."),
    )
    expires_on = _day(_("Good until the end of"), help_text=_("Empty: it does not end by itself."))

    def __init__(self, *args: Any, client: ApiClient | None = None, **kwargs: Any) -> None:
        if client is not None:
            kwargs["initial"] = {
                "name": client.name,
                "source": client.source,
                "scopes": client.scopes,
                "unit": client.unit_id,
                "addresses": "\n".join(client.addresses),
                "expires_on": timezone.localdate(client.expires_at) if client.expires_at else None,
            }
        super().__init__(*args, **kwargs)
        self.client = client
        known = self.fields["source"]
        if client is not None and client.source not in dict(DOORS):
            known.choices = [*DOORS, (client.source, client.source)]  # type: ignore[attr-defined]
        units = OrgUnit.objects.open()
        if client is not None and client.unit_id:
            units = units | OrgUnit.objects.filter(pk=client.unit_id)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Raises ValidationError."""
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_addresses(self) -> list[str]:
        """Raises ValidationError."""
        try:
            return addresses.read(self.cleaned_data["addresses"])
        except addresses.NotANetwork as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        scopes = set(told.get("scopes") or ())
        if told.get("source") == DATA_SOURCE and scopes - {Scope.DATA}:
            self.add_error("source", _("A system that files or reads reports has a source."))
        return told

    def terms(self) -> Terms:
        """What was typed, once it is valid. An end that was not touched keeps its hour."""
        told, ends = self.cleaned_data, _end_of(self.cleaned_data["expires_on"])
        if self.client is not None and "expires_on" not in self.changed_data:
            ends = self.client.expires_at
        return Terms(
            name=told["name"],
            source=told["source"],
            scopes=[scope for scope in Scope.values if scope in told["scopes"]],
            unit=told["unit"].pk if told["unit"] else None,
            addresses=told["addresses"],
            expires_at=ends,
        )


class RotateForm(forms.Form):
    """The next token, and how long the present one goes on."""

    hours = forms.IntegerField(
        label=_("The present token stays good for so many hours"),
        min_value=0,
        max_value=int(OVERLAP_MOST.total_seconds() // 3600),
        initial=24,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        help_text=_("So long both are taken, and the system can be changed over. 0: it ends at once."),
    )
    expires_on = _day(
        _("The new one is good until the end of"), help_text=_("Empty: it does not end by itself.")
    )

    @classmethod
    def after(cls, client: ApiClient, today: date) -> "RotateForm":
        """Empty, but for an end: a token that ends is followed by one that is good for as long."""
        if client.expires_at is None:
            return cls()
        began = client.token_at or client.created_at
        return cls(initial={"expires_on": today + (client.expires_at - began)})

    def expires_at(self) -> datetime | None:
        """When the new token ends."""
        return _end_of(self.cleaned_data["expires_on"])
