"""What people type into a case. Forms validate and keep what was typed; the actions decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from incidents.cases import TEXT_MAX
from incidents.pages.widgets import UnitSelect

# Confirmations are not among them: those are made each time.
_TYPED_AND_CHOSEN = (forms.Textarea, forms.TextInput, forms.Select, forms.RadioSelect)


def text_area(rows: int = 3) -> forms.Textarea:
    """A box for words."""
    return forms.Textarea(attrs={"class": "form-control", "rows": rows})


class ActionForm(forms.Form):
    """Shared by all: which version of the case the person saw, and who looks at it when."""

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # What the person should know before doing it, in a sentence above the fields.
    note: Any = ""
    # Long forms that are filled in outside: a reload loses no choice either.
    keeps_choices = False

    def __init__(
        self, *args: Any, incident: Any = None, user: Any = None, at: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.incident, self.user, self.at = incident, user, at
        areas = [field for field in self.fields.values() if isinstance(field.widget, forms.Textarea)]
        if areas and len(self.fields) == 2:
            # Words are all that this form asks for: whoever opens it can write at once.
            areas[0].widget.attrs["autofocus"] = ""
        for name, field in self.fields.items():
            kept = _TYPED_AND_CHOSEN if self.keeps_choices else forms.Textarea
            if isinstance(field.widget, kept) and incident is not None:
                # Kept on the device until it has been sent: a lost connection loses no words.
                field.widget.attrs["data-draft"] = draft_name(incident, type(self), name)


def draft_name(incident: Any, form: type[forms.Form], field: str) -> str:
    """What a device calls the words that were typed into this field of this case."""
    return f"{incident.number}-{form.__name__}-{field}"


class ReasonForm(ActionForm):
    """An action that says why."""

    reason = forms.CharField(label=_("Reason"), max_length=TEXT_MAX, widget=text_area())


class OptionalReasonForm(ActionForm):
    reason = forms.CharField(label=_("Reason"), max_length=TEXT_MAX, widget=text_area(), required=False)


class SuperviseForm(ActionForm):
    """督办: what is ordered, and by when it is to be answered."""

    words = forms.CharField(
        label=_("What is to be done"),
        max_length=TEXT_MAX,
        widget=text_area(),
        help_text=_("The unit reads this."),
    )
    answer_by = forms.DateTimeField(
        label=_("Answer by"),
        required=False,
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"class": "form-control", "type": "datetime-local"}
        ),
        help_text=_("Left empty, the rule decides: by urgency an hour, four hours or a working day."),
    )


class UnmergeForm(ActionForm):
    """Taking a merger apart asks for nothing; it says what will become of the case."""

    note = _(
        "The case is on its own again, back on the desk, with the reports that came with it. Their reporters "
        "are not told: they hear of the case's own end."
    )


class AnswerOrderForm(ActionForm):
    note = _(
        "The answer ends the order, and whoever gave it is told. Where it does not satisfy them, they give "
        "another one; the case's own limit runs on."
    )
    text = forms.CharField(
        label=_("Answer to the order"),
        max_length=TEXT_MAX,
        widget=text_area(),
        help_text=_("What is being done, and until when."),
    )


class RejectForm(ReasonForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=TEXT_MAX, widget=text_area(), help_text=_("The reporter is told this.")
    )


class AnswerForm(ActionForm):
    """直接答复: the words, and the article of the knowledge base that they were taken from."""

    text = forms.CharField(
        label=_("Answer"),
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 6, "autofocus": ""}),
        help_text=_("The reporter is told this, and the case is closed."),
    )
    article = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)


class NoteForm(ActionForm):
    text = forms.CharField(
        label=_("Note"),
        max_length=TEXT_MAX,
        widget=text_area(2),
        help_text=_("Inside only: no reporter sees it."),
    )


class UnitField(forms.ModelChoiceField):
    """An open unit, by its name or a part of it; a plain list where no script runs."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"class": "form-select"}
        super().__init__(OrgUnit.objects.none(), widget=UnitSelect(attrs=attrs), **kwargs)


class ReturnForm(ActionForm):
    """退件: why, what it cites, whose job it is."""

    keeps_choices = True

    WHY = [
        ("facility", _("Not our facility")),
        ("area", _("Not in our area")),
        ("duty", _("Not our duty by the list")),
        ("done", _("Dealt with by others already")),
        ("unclear", _("Unclear what or where")),
    ]
    why = forms.ChoiceField(label=_("Why"), choices=WHY, widget=forms.RadioSelect, initial="facility")
    proposed_unit = UnitField(label=_("Whose job it is"), required=False, empty_label=_("Choose a unit"))
    cites = forms.CharField(
        label=_("Item or law"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "placeholder": "0204-001"}),
        help_text=_("Left empty, the unit that you name must lead such cases by the list."),
    )
    reason = forms.CharField(label=_("What you found"), max_length=1_900, widget=text_area())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = OrgUnit.objects.open().exclude(kind=OrgUnit.Kind.DISTRICT)
        if self.incident is not None:
            units = units.exclude(pk=self.incident.owner_unit_id)
        self.fields["proposed_unit"].queryset = units  # type: ignore[attr-defined]

    def sentence(self) -> str:
        """The chosen ground and the words, as the centre reads them."""
        return f"{dict(self.WHY)[self.cleaned_data['why']]}：{self.cleaned_data['reason']}"


class AnswerReturnForm(ActionForm):
    """The centre's answer to a return; a refusal says why."""

    agreed = forms.TypedChoiceField(
        label=_("Answer"),
        choices=[("yes", _("Agree: back to the desk")), ("no", _("Refuse: the unit keeps it"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason"), max_length=TEXT_MAX, widget=text_area(), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("agreed") is False and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("A refusal says why."))
        return cleaned


class VerifyForm(ActionForm):
    """核查: fixed or not; "not fixed" says what was seen."""

    fixed = forms.TypedChoiceField(
        label=_("Is the closing condition met?"),
        choices=[("yes", _("Fixed: close the case")), ("no", _("Not fixed: back to the unit"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    text = forms.CharField(label=_("What you saw"), max_length=TEXT_MAX, widget=text_area(), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("fixed") is False and not cleaned.get("text", "").strip():
            self.add_error("text", _("Say what is not fixed."))
        return cleaned


class ReopenForm(ReasonForm):
    to_desk = forms.TypedChoiceField(
        label=_("Who does it again"),
        choices=[("no", _("The same unit, as rework")), ("yes", _("The desk decides"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )


class RedispatchForm(ReasonForm):
    """Straight to another unit: an item of the list, and a unit where it is not the item's own."""

    item_code = forms.CharField(
        label=_("Item of the list"), max_length=16, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    unit_code = UnitField(label=_("Unit"), required=False, empty_label=_("The item's own unit at this place"))

    field_order = ("unit_code", "item_code", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit_code"].queryset = OrgUnit.objects.open().exclude(  # type: ignore[attr-defined]
            kind=OrgUnit.Kind.DISTRICT
        )
        if self.incident is not None and not self.is_bound:
            self.fields["item_code"].initial = self.incident.item_code


class PhotoForm(ActionForm):
    stage = forms.ChoiceField(
        label=_("Shows"),
        choices=[("before", _("Before")), ("after", _("After")), ("check", _("Verification"))],
        widget=forms.RadioSelect,
        initial="before",
    )
