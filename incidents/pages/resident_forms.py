"""What a resident fills in, a step each. They only validate; sentences are for people, not for clerks."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from incidents.errors import InvalidInput
from incidents.public import Complaint, Rating
from incidents.public.filing import ADDRESS_MAX, LANDMARK_MAX, NAME_MAX, clean_phone, clean_place, unfound
from incidents.rude_words import says_something

TEXT_MAX = 1_000
REASON_MAX = 500


def _no_nul(text: str) -> None:
    if "\x00" in text:
        raise forms.ValidationError(_("NUL characters are not text."), code="null_characters")


def _words(**options: Any) -> forms.CharField:
    """A field of text; NUL is refused with a sentence of ours instead of Django's."""
    field = forms.CharField(**options)
    field.validators = [
        _no_nul if isinstance(validator, ProhibitNullCharactersValidator) else validator
        for validator in field.validators
    ]
    return field


class HoneypotMixin(forms.Form):
    """A field that people do not see; what fills it in is a script."""

    website = forms.CharField(required=False, max_length=200)

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("Leave this field empty: it is there to catch scripts."))
        return ""


class WordsForm(HoneypotMixin):
    """Step 1: what happened, in one's own words; or nothing, where a photo is to say it."""

    photo_only = forms.BooleanField(required=False)
    text = _words(
        required=False,
        max_length=TEXT_MAX,
        error_messages={"max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit.")},
    )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if "text" in self.errors:
            return told
        text = told["text"]
        if text:
            told["photo_only"] = False
            if not says_something(text):
                self.add_error("text", _("Say in a few words what happened: nobody can act on this."))
        elif not told["photo_only"]:
            self.add_error(
                "text",
                forms.ValidationError(
                    _("Write down what happened, one sentence is enough."), code="required"
                ),
            )
        return told


class PlaceForm(forms.Form):
    """Step 2: a point, a scanned area, an address, or none of them where it is about no place."""

    lon = forms.FloatField(required=False)
    lat = forms.FloatField(required=False)
    area = _words(required=False, max_length=15)
    address = _words(
        required=False,
        max_length=ADDRESS_MAX,
        error_messages={"max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit.")},
    )
    landmark = _words(
        required=False,
        max_length=LANDMARK_MAX,
        error_messages={"max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit.")},
    )
    nowhere = forms.BooleanField(required=False)
    asked = forms.BooleanField(required=False)  # it was said that the address is not on our map
    unfound = ""  # what the map does not have of a valid place: "outside", "unknown", or nothing

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if self.errors:
            return told
        if told["nowhere"]:
            return {**told, "lon": None, "lat": None, "area": "", "address": "", "landmark": ""}
        if told["lon"] is None and told["lat"] is None and not told["area"] and not told["address"]:
            self.add_error("address", _("Tap the map, or write where it is in your own words."))
            return told
        try:
            asked = Complaint(
                form="",
                text="",
                lon=told["lon"],
                lat=told["lat"],
                area=told["area"],
                address=told["address"],
            )
            self.unfound = unfound(clean_place(asked), told["address"])
        except InvalidInput as error:
            self.add_error("address", forms.ValidationError(str(error), code=error.code))
        return told


class FinishForm(HoneypotMixin):
    """Step 4: how to reach the reporter, and who may know; pictures come beside it."""

    category = forms.CharField(required=False, max_length=8)
    in_confidence = forms.BooleanField(required=False)
    phone = _words(required=False, max_length=24)
    name = _words(required=False, max_length=NAME_MAX)

    def clean_phone(self) -> str:
        try:
            return clean_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(str(error), code=error.code) from error


class AddForm(forms.Form):
    """Something more about what was reported."""

    added = _words(
        max_length=REASON_MAX,
        error_messages={
            "required": _("Please write something here."),
            "max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit."),
        },
    )


class RatingForm(forms.Form):
    """Three marks of one to five; any of them may be left out."""

    speed = forms.IntegerField(required=False, min_value=1, max_value=5)
    result = forms.IntegerField(required=False, min_value=1, max_value=5)
    service = forms.IntegerField(required=False, min_value=1, max_value=5)
    text = _words(required=False, max_length=REASON_MAX)

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if not self.errors and all(told[name] is None for name in ("speed", "result", "service")):
            raise forms.ValidationError(_("Choose the stars of at least one line."), code="required")
        return told

    def rating(self) -> Rating:
        return Rating(**self.cleaned_data)


class ObjectionForm(forms.Form):
    """Why it is not over."""

    reason = _words(
        max_length=REASON_MAX,
        error_messages={
            "required": _("Say what is still not right, so that they know what to look at."),
            "max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit."),
        },
    )


class ReplyForm(forms.Form):
    """The answer to what the unit asked."""

    text = _words(
        max_length=REASON_MAX,
        error_messages={
            "required": _("Write your answer first."),
            "max_length": _("That is %(show_value)d characters; at most %(limit_value)d fit."),
        },
    )
