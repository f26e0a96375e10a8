"""What is typed about data sets."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import ApiClient, OrgUnit
from accounts.roles import Role
from dashboards.datasets import acting
from dashboards.datasets.definition import Access, Mode
from dashboards.models import DataRequest
from incidents.cases import TEXT_MAX
from incidents.pages.forms import text_area

_SELECT = {"class": "form-select"}


def _days(most: int, initial: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=gettext_lazy("For how many days"),
        min_value=1,
        max_value=most,
        initial=initial,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )


class AskForm(forms.Form):
    """A data set, for a purpose, for a while."""

    purpose = forms.CharField(
        label=pgettext_lazy("data", "What it is for"),
        max_length=TEXT_MAX,
        widget=text_area(4),
        help_text=gettext_lazy(
            "Which question it answers, who works with it, where the result goes. The owner decides by it."
        ),
    )
    days = _days(acting.DAYS_MOST, 90)
    client = forms.TypedChoiceField(
        label=gettext_lazy("For whom"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.Select(attrs=_SELECT),
    )

    def __init__(self, *args: Any, systems: list[ApiClient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["client"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [
            ("", pgettext_lazy("data request", "For me")),
            *((one.pk, one.name) for one in systems),
        ]
        if not systems:
            del self.fields["client"]


class GrantForm(forms.Form):
    """For how long, and a word with it."""

    prefix = "grant"
    days = _days(acting.DAYS_MOST, 90)
    words = forms.CharField(
        label=gettext_lazy("A word with it"), required=False, max_length=TEXT_MAX, widget=text_area(2)
    )

    def __init__(self, *args: Any, held: DataRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"] = _days(held.days, held.days)


class WhyForm(forms.Form):
    """Why it is refused, or withdrawn."""

    prefix = "why"
    words = forms.CharField(label=gettext_lazy("Why"), max_length=TEXT_MAX, widget=text_area(3))


class RuleForm(forms.Form):
    """Who may have it without asking."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Who may have it without asking"), choices=Mode.choices, widget=forms.RadioSelect
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles, held for the whole district"),
        required=False,
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    units = forms.MultipleChoiceField(
        label=gettext_lazy("Units, with those below them"),
        required=False,
        widget=forms.SelectMultiple(attrs={"class": "form-select", "size": "8"}),
    )
    words = forms.CharField(label=gettext_lazy("Why"), max_length=TEXT_MAX, widget=text_area(2))

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"mode": access.mode, "roles": list(access.roles), "units": list(access.units)}
        field = self.fields["units"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(unit.code, unit.name) for unit in OrgUnit.objects.open().order_by("path")]
