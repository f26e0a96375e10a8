"""What people type at an operations centre; incidents.centre decides."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from incidents.cases import TEXT_MAX
from incidents.centre.handing import Left
from incidents.centre.quality import asked_of
from incidents.centre.shares import Seat
from incidents.models import QualitySample
from incidents.models.centre import WEIGHT_MAX
from incidents.pages.forms import text_area

NOT_APPLICABLE = "none"
MARKS = (("yes", _("Yes")), ("no", _("No")), (NOT_APPLICABLE, _("Not applicable")))
QUESTIONS = ("right_unit", "right_words", "right_limit")


class HandoverForm(forms.Form):
    """A shift's note, the cases that go along, and more of them by number."""

    words = forms.CharField(
        label=_("What the next shift must know"),
        max_length=TEXT_MAX,
        widget=text_area(6),
        help_text=_(
            "What you promised whom by when, who was telephoned, what is out of order. No names of reporters."
        ),
    )
    keep = forms.MultipleChoiceField(
        label=_("Cases that go along"), required=False, widget=forms.CheckboxSelectMultiple
    )
    more = forms.CharField(
        label=_("Further cases"),
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=_("Their numbers, with spaces between them."),
    )

    def __init__(self, *args: Any, left: list[Left], draft: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keep = self.fields["keep"]
        assert isinstance(keep, forms.MultipleChoiceField)
        # Also numbers that have left the list since the page was shown: they are simply not open any more.
        given = self.data.getlist("keep") if isinstance(self.data, QueryDict) else []
        numbers = dict.fromkeys([one.incident.number for one in left] + given)
        keep.choices = [(number, number) for number in numbers]
        self.fields["words"].widget.attrs["data-draft"] = draft

    def clean_more(self) -> list[str]:
        text: str = self.cleaned_data["more"]
        for mark in ",,、;;":
            text = text.replace(mark, " ")
        return text.split()


class SharesForm(forms.Form):
    """A weight for each person of a desk; empty takes them out of the sharing."""

    def __init__(self, *args: Any, seats: list[Seat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seats = seats
        for seat in seats:
            self.fields[name_of(seat)] = forms.IntegerField(
                label=_("Weight of %(name)s") % {"name": seat.user},
                required=False,
                min_value=0,
                max_value=WEIGHT_MAX,
                initial=seat.weight,
                widget=forms.NumberInput(
                    attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}
                ),
            )

    def weights(self) -> dict[int, int | None]:
        """What was given, by person."""
        return {seat.user.pk: self.cleaned_data[name_of(seat)] for seat in self.seats}


def name_of(seat: Seat) -> str:
    """The name of a person's field."""
    return f"weight_{seat.user.pk}"


class ScoreForm(forms.Form):
    """The questions about one sample; those that cannot arise are not asked, the others may be passed."""

    right_unit = forms.ChoiceField(choices=MARKS, widget=forms.RadioSelect)
    right_words = forms.ChoiceField(choices=MARKS, widget=forms.RadioSelect)
    right_limit = forms.ChoiceField(choices=MARKS, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("What would have been right"),
        max_length=TEXT_MAX,
        required=False,
        widget=text_area(3),
        help_text=_("Needed where something was not right; the operator reads it."),
    )

    def __init__(self, *args: Any, sample: QualitySample, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "right_unit": _("Did it go to the right unit?")
            if sample.deed == QualitySample.Deed.DISPATCHED
            else _("Was it right to settle it at the desk?"),
            "right_words": _("Are the words right: clear, complete, polite?"),
            "right_limit": _("Is it the right matter, with the right limit?"),
        }
        for name, label in labels.items():
            if name in asked_of(sample):
                self.fields[name].label = label
            else:
                del self.fields[name]
        self.fields["note"].widget.attrs["data-draft"] = f"quality-{sample.pk}"

    def marks(self) -> dict[str, Any]:
        """The answers, as the action takes them: a mark each, and which questions do not apply."""
        answers = {name: self.cleaned_data[name] for name in QUESTIONS if name in self.cleaned_data}
        passed = [name for name, answer in answers.items() if answer == NOT_APPLICABLE]
        said = {name: answer == "yes" for name, answer in answers.items() if name not in passed}
        return {**said, "not_applicable": passed}
