"""What is typed about units. Forms only validate."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit.reasons import REASON_MOST
from accounts.models import OrgUnit
from accounts.units.keeping import AREA_CODE, CODE, Terms
from grids.models import Area

_TEXT = {"class": "form-control", "autocomplete": "off"}
_SELECT = {"class": "form-select"}


def _reason() -> forms.CharField:
    return forms.CharField(
        label=pgettext_lazy("of a deed", "Reason"),
        max_length=REASON_MOST,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_("It stands in the audit log, with your name."),
    )


class UnitForm(forms.Form):
    """What a unit is."""

    name_zh = forms.CharField(label=_("Chinese name"), max_length=80, widget=forms.TextInput(attrs=_TEXT))
    name_en = forms.CharField(label=_("English name"), max_length=120, widget=forms.TextInput(attrs=_TEXT))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=OrgUnit.Kind.choices, widget=forms.Select(attrs=_SELECT)
    )
    parent = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=_("Stands below"),
        required=False,
        empty_label="—",
        widget=forms.Select(attrs=_SELECT),
        help_text=_("Who heads that unit sees this one's cases too."),
    )
    area_code = forms.CharField(
        label=_("Code of its area"),
        max_length=15,
        widget=forms.TextInput(attrs={**_TEXT, "class": "form-control num", "inputmode": "numeric"}),
        help_text=_("12 digits of the district, the street or the community that it works for."),
    )
    # How the unit stood when the form was made (keeping.stamp_of).
    seen = forms.CharField(required=False, max_length=600, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: OrgUnit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unit = unit
        above = OrgUnit.objects.open()
        if unit is not None:
            above = above.exclude(pk__in=OrgUnit.objects.within(unit))
        self.fields["parent"].queryset = above  # type: ignore[attr-defined]

    def clean_area_code(self) -> str:
        """Cases go to units by area: a code that no area has would be a unit that nothing reaches."""
        code = str(self.cleaned_data["area_code"])
        is_kept = self._unit is not None and self._unit.area_code == code  # of an area that was retired since
        if not is_kept and AREA_CODE.fullmatch(code) and not Area.objects.in_use().filter(code=code).exists():
            raise forms.ValidationError(_("No area has this code."))
        return code

    def terms(self) -> Terms:
        """What was typed, once it is valid."""
        told = self.cleaned_data
        return Terms(
            kind=told["kind"],
            name_zh=told["name_zh"],
            name_en=told["name_en"],
            parent=told["parent"].pk if told["parent"] else None,
            area_code=told["area_code"],
        )


class NewUnitForm(UnitForm):
    """The same, and the code that it has for ever."""

    code = forms.RegexField(
        rf"^{CODE.pattern}\Z",
        label=_("Code"),
        max_length=64,
        widget=forms.TextInput(attrs={**_TEXT, "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("Small letters, digits and hyphens, as in “buji/enforcement”. It never changes."),
        error_messages={"invalid": _("Small letters, digits and hyphens; a street's team after one stroke.")},
    )
    field_order = ("code",)


class CloseForm(forms.Form):
    """A unit that is closed, and who goes on."""

    successor = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=_("Who goes on with its work"),
        required=False,
        empty_label=_("Nobody: it only closes"),
        widget=forms.Select(attrs=_SELECT),
        help_text=_("Its open cases go there, and whatever still comes for it."),
    )
    reason = _reason()
    seen = forms.CharField(required=False, max_length=600, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: OrgUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = OrgUnit.objects.open().exclude(pk=unit.pk)  # type: ignore[attr-defined]


class OpenForm(forms.Form):
    """A unit that is taken into use again."""

    reason = _reason()
