"""What people type into a roster; accounts.rosters decides."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts import rosters
from accounts.models import DutyShift, OrgUnit, User

_PHONE = RegexValidator(r"^[0-9+() -]{5,20}$", _("A telephone number: digits, spaces, + and - only."))


def _moment(label: Any) -> forms.DateTimeField:
    """Date and time of day, in the district."""
    widget = forms.DateTimeInput(
        attrs={"class": "form-control", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
    )
    return forms.DateTimeField(label=label, widget=widget)


class ShiftForm(forms.Form):
    """Who, from when, until when, and on which number."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who"),
        empty_label=_("Choose a person"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    starts_at = _moment(_("From"))
    ends_at = _moment(_("Until"))
    days = forms.IntegerField(
        label=_("Days in a row"),
        min_value=1,
        max_value=rosters.MOST_REPEATED,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        help_text=_("The same hours on each of them."),
    )
    phone = forms.CharField(
        label=_("Telephone"),
        required=False,
        max_length=20,
        validators=[_PHONE],
        widget=forms.TextInput(attrs={"class": "form-control", "type": "tel", "autocomplete": "off"}),
        help_text=_("Where it is not the person's own: the duty room's, for example."),
    )

    def __init__(self, *args: Any, unit: OrgUnit, shift: DutyShift | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = rosters.members(unit)
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=[user.pk for user in self.people]).order_by("username")
        if shift is not None:
            del self.fields["days"]

    def clean_starts_at(self) -> Any:
        return _sane(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> Any:
        return _sane(self.cleaned_data["ends_at"])


def _sane(value: Any) -> Any:
    """Years in which instants can be reckoned with."""
    if not 2000 <= value.year <= 2100:
        raise forms.ValidationError(_("This year is not one a roster can be kept for."))
    return value
