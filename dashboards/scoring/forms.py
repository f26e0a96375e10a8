"""What is typed into an appeal, a ruling and a revision."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import OrgUnit
from dashboards.indicators import BY_CODE
from dashboards.models.scoring import Reason, What
from dashboards.scoring.ranking import VALUES
from incidents.cases import TEXT_MAX
from incidents.pages.forms import text_area

_SELECT = {"class": "form-select"}


class AppealForm(forms.Form):
    """申诉: for which unit, about which case or figure, why."""

    unit = forms.ChoiceField(label=gettext_lazy("For the unit"), widget=forms.Select(attrs=_SELECT))
    number = forms.CharField(
        label=gettext_lazy("About the case"),
        required=False,
        max_length=20,
        widget=forms.TextInput(
            attrs={"class": "form-control", "placeholder": "20260704-000123", "autocomplete": "off"}
        ),
        help_text=gettext_lazy(
            "A case that counts for the unit in this period. Or leave it empty and choose a figure."
        ),
    )
    what = forms.ChoiceField(
        label=gettext_lazy("What of it should not count"),
        choices=What.choices,
        required=False,
        widget=forms.Select(attrs=_SELECT),
    )
    indicator = forms.ChoiceField(
        label=gettext_lazy("Or about the figure"), required=False, widget=forms.Select(attrs=_SELECT)
    )
    reason = forms.ChoiceField(
        label=pgettext_lazy("appeal", "Reason"), choices=Reason.choices, widget=forms.Select(attrs=_SELECT)
    )
    words = forms.CharField(
        label=gettext_lazy("Why it should count otherwise"),
        max_length=TEXT_MAX,
        widget=text_area(4),
        help_text=gettext_lazy("Name no residents: the supervisors of the district read it."),
    )

    def __init__(self, *args: Any, units: list[OrgUnit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].choices = [(unit.code, unit.name) for unit in units]  # type: ignore[attr-defined]
        figures = [(code, str(BY_CODE[code].name)) for code in VALUES]
        self.fields["indicator"].choices = [("", "—"), *figures]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        number, indicator = cleaned.get("number", "").strip(), cleaned.get("indicator", "")
        if bool(number) == bool(indicator) and not self.errors:
            self.add_error("number", _("Say which case, or which figure: one of the two."))
        return cleaned


class RulingForm(forms.Form):
    """What somebody outside the unit's tree says to an appeal."""

    upheld = forms.TypedChoiceField(
        label=pgettext_lazy("appeal", "Ruling"),
        choices=[
            ("yes", pgettext_lazy("appeal", "Upheld")),
            ("no", pgettext_lazy("appeal", "Refused")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    words = forms.CharField(label=gettext_lazy("What it rests on"), max_length=TEXT_MAX, widget=text_area(4))


class RevisionForm(forms.Form):
    """Why the figures are dated anew."""

    words = forms.CharField(
        label=gettext_lazy("What has changed since"), max_length=TEXT_MAX, widget=text_area(2)
    )
