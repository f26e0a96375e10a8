"""What a patrol fills in: a finding, a check of somebody else's work, and a fix on the spot."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from dispatch.models import Category
from incidents.cases import TEXT_MAX

FOUND_MAX = 500
ADDRESS_MAX = 120
_PLAIN = ProhibitNullCharactersValidator()


def _words(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "form-control", "rows": rows, **attrs})


class FindingForm(forms.Form):
    """Something that was found: what, where, and whether it is put right already."""

    text = forms.CharField(
        label=_("What is it?"),
        max_length=FOUND_MAX,
        widget=_words(2, enterkeyhint="done", placeholder=_("Lamp out, bin tipped over, cover loose …")),
        validators=[_PLAIN],
    )
    category = forms.CharField(required=False, max_length=4)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    accuracy = forms.FloatField(required=False, min_value=0, max_value=100_000, widget=forms.HiddenInput)
    code = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
    address = forms.CharField(
        label=_("Road, house or landmark"),
        required=False,
        max_length=ADDRESS_MAX,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        validators=[_PLAIN],
    )
    done = forms.ChoiceField(
        choices=[("no", _("Somebody has to come")), ("yes", _("I have put it right"))],
        initial="no",
        widget=forms.RadioSelect,
    )
    did = forms.CharField(
        label=_("What did you do?"),
        required=False,
        max_length=TEXT_MAX,
        widget=_words(2),
        validators=[_PLAIN],
    )

    def clean_category(self) -> str:
        code: str = self.cleaned_data["category"]
        if code and not Category.objects.in_use().filter(code=code).exists():
            raise forms.ValidationError(_("There is no such category."), code="unknown")
        return code

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if (told.get("lon") is None) != (told.get("lat") is None):
            self.add_error("address", forms.ValidationError(_("The position is incomplete."), code="half"))
        if (
            "text" in told
            and told.get("lon") is None
            and not told.get("address")
            and not told.get("code")
            and not self.errors
        ):
            self.add_error(
                "address",
                forms.ValidationError(_("Say where: tap the map, or write the road."), code="required"),
            )
        if self.is_fixed and not told.get("did"):
            self.add_error("did", forms.ValidationError(_("Write a sentence here."), code="required"))
        return told

    @property
    def is_fixed(self) -> bool:
        """Does the patrol say that it is put right already?"""
        return self.cleaned_data.get("done") == "yes"


class FixForm(forms.Form):
    """What was done about one's own finding."""

    text = forms.CharField(
        label=_("What did you do?"), max_length=TEXT_MAX, widget=_words(3), validators=[_PLAIN]
    )


class CheckForm(forms.Form):
    """Is it really fixed? Exactly the closing condition is judged."""

    fixed = forms.ChoiceField(
        label=_("Is it really fixed?"),
        choices=[("yes", _("Fixed")), ("no", _("Not fixed"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("What you saw"), required=False, max_length=TEXT_MAX, widget=_words(2), validators=[_PLAIN]
    )
    asked = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("fixed") == "no" and not told.get("text"):
            self.add_error(
                "text",
                forms.ValidationError(_("Say what is not fixed: the unit goes by it."), code="required"),
            )
        return told
