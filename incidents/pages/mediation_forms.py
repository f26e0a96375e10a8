"""What people type into the file of a mediation. Forms validate; the actions decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents import assigning
from incidents.cases import TEXT_MAX
from incidents.mediation import files
from incidents.mediation.writing import NAME_MAX, PHONE_MAX, PLACE_MAX, Party
from incidents.models import (
    Incident,
    Mediation,
    MediationConfirmation,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationSession,
)
from incidents.pages.forms import text_area
from incidents.pages.petitions import ManyFiles, ScansField
from incidents.pages.when import InstantField


def _line(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


class FileForm(forms.Form):
    """On an open file: which version of it the page showed."""

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, file: MediationFile, veil: files.Veil, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file, self.veil = file, veil

    def _parties(self) -> list[tuple[int, str]]:
        """Those who are still there, as a masked line each."""
        return [
            (one.pk, f"{one.get_side_display()} {self.veil.name(one)}") for one in files.staying(self.file)
        ]


class PartyFields(forms.Form):
    """One party."""

    side = forms.ChoiceField(
        label=gettext_lazy("Side"), choices=MediationParty.Side.choices, widget=_select()
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_MAX, widget=_line())
    phone = forms.CharField(
        label=gettext_lazy("Telephone"), max_length=PHONE_MAX, required=False, widget=_line(inputmode="tel")
    )
    address = forms.CharField(
        label=pgettext_lazy("mediation", "Address"), max_length=PLACE_MAX, required=False, widget=_line()
    )

    def party(self) -> Party:
        told = self.cleaned_data
        return Party(told["side"], told["name"], told["phone"], told["address"])


class PartyForm(FileForm, PartyFields):
    """Another party on a file."""


class SecondPartyFields(PartyFields):
    """The other side, which may not be known yet."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_MAX, required=False, widget=_line())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if (cleaned.get("phone") or cleaned.get("address")) and not cleaned.get("name"):
            self.add_error("name", _("Write the party's name."))
        return cleaned


class OpenForm(forms.Form):
    """Taking a dispute on: who mediates. The parties are forms of their own."""

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of mediation"),
        choices=Mediation.Kind.choices,
        initial=Mediation.Kind.PEOPLES,
        widget=forms.RadioSelect,
    )
    mediator = forms.ChoiceField(label=gettext_lazy("Mediator"), widget=_select())

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mediator: Any = self.fields["mediator"]
        mediator.choices = [(one.username, str(one)) for one in assigning.hands_of(incident.owner_unit)]


class LeaveForm(FileForm):
    party = forms.TypedChoiceField(label=gettext_lazy("Who leaves"), coerce=int, widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("Why"), max_length=TEXT_MAX, required=False, widget=text_area(3)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        party: Any = self.fields["party"]
        party.choices = self._parties()


class SessionForm(FileForm):
    held_at = InstantField(label=gettext_lazy("Held at"))
    place = forms.CharField(
        label=gettext_lazy("Where"),
        max_length=PLACE_MAX,
        required=False,
        widget=_line(),
        help_text=gettext_lazy("Kept encrypted: it may be at somebody's home."),
    )
    present = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Who came"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    others = forms.IntegerField(
        label=gettext_lazy("Others present"),
        min_value=0,
        max_value=200,
        initial=0,
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        help_text=gettext_lazy("Neighbours, a lawyer, the police: how many."),
    )
    text = forms.CharField(
        label=pgettext_lazy("mediation", "What was said"),
        max_length=TEXT_MAX,
        widget=text_area(6),
        help_text=gettext_lazy("Kept encrypted. Your unit and supervisors read it, nobody else."),
    )
    result = forms.ChoiceField(
        label=gettext_lazy("How it ended"), choices=MediationSession.Result.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present: Any = self.fields["present"]
        present.choices = self._parties()

    def clean_others(self) -> int:
        return self.cleaned_data["others"] or 0


class AgreementForm(FileForm):
    terms = forms.CharField(
        label=gettext_lazy("Terms"),
        max_length=TEXT_MAX,
        widget=text_area(8),
        help_text=gettext_lazy("Who does what by when. Written again, everybody confirms it anew."),
    )
    perform_by = forms.DateField(
        label=gettext_lazy("To be kept by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Somebody asks after it the day after; without a date, a month from now."),
    )
    is_oral = forms.BooleanField(
        label=gettext_lazy("By word of mouth: nothing is signed"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class ConfirmForm(FileForm):
    party = forms.TypedChoiceField(
        label=pgettext_lazy("mediation", "Who"), coerce=int, widget=forms.RadioSelect
    )
    how = forms.ChoiceField(
        label=pgettext_lazy("mediation", "How"),
        choices=MediationConfirmation.How.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        party: Any = self.fields["party"]
        missing = {one.pk for one in files.unconfirmed(self.file)}
        party.choices = [choice for choice in self._parties() if choice[0] in missing]


class EndForm(FileForm):
    outcome = forms.ChoiceField(
        label=gettext_lazy("How it ended"),
        choices=[
            (state.value, state.label)
            for state in (
                MediationFile.State.SETTLED,
                MediationFile.State.FAILED,
                MediationFile.State.WITHDRAWN,
            )
        ],
        widget=forms.RadioSelect,
    )
    next_step = forms.ChoiceField(
        label=gettext_lazy("What the parties can do next"),
        choices=[("", "—"), *MediationFile.Next.choices],
        required=False,
        widget=_select(),
        help_text=gettext_lazy("Needed where it was not settled; you tell them."),
    )
    text = forms.CharField(
        label=pgettext_lazy("mediation", "What came of it"),
        max_length=TEXT_MAX,
        required=False,
        widget=text_area(4),
    )


class FollowUpForm(FileForm):
    how = forms.ChoiceField(
        label=gettext_lazy("How you asked"), choices=MediationFollowUp.How.choices, widget=forms.RadioSelect
    )
    result = forms.ChoiceField(
        label=gettext_lazy("Is it kept?"), choices=MediationFollowUp.Result.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=pgettext_lazy("mediation", "What they said"),
        max_length=TEXT_MAX,
        required=False,
        widget=text_area(4),
    )
    next_on = forms.DateField(
        label=gettext_lazy("Ask again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Where it is not kept wholly; left empty, a week from now."),
    )


class EarlierForm(FileForm):
    earlier = forms.CharField(
        label=gettext_lazy("Number of the earlier case"), max_length=20, widget=_line(inputmode="numeric")
    )


class ScansForm(FileForm):
    scans = ScansField(
        label=gettext_lazy("Scan"),
        widget=ManyFiles(attrs={"class": "form-control", "accept": "application/pdf,image/*"}),
        help_text=gettext_lazy(
            "Up to five pictures or PDFs of 20 MB. Kept sealed; taking one out is recorded."
        ),
    )
