"""What a unit says while it handles: whose hands, what the reporter reads, what came of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents import assigning, contacting, mediating
from incidents.acceptance import lead_of
from incidents.actions.handling import accepted_in_words, earliest_done
from incidents.cases import TEXT_MAX
from incidents.mediation import files
from incidents.models import Assignment, Mediation
from incidents.models.incident import ResolutionOutcome
from incidents.pages.forms import ActionForm, text_area
from incidents.pages.when import HappenedMixin

OUTCOME_HELP = {
    ResolutionOutcome.SOLVED: gettext_lazy("The closing condition is met."),
    ResolutionOutcome.EXPLAINED: gettext_lazy("It cannot be done; the reporter has been told why."),
    ResolutionOutcome.PARKED: gettext_lazy("Stays open and visible until the date."),
    ResolutionOutcome.LEGAL_ROUTE: gettext_lazy("Court, arbitration or review decides."),
    ResolutionOutcome.UNFOUNDED: gettext_lazy("Looked into and not so."),
    ResolutionOutcome.UNREACHABLE: gettext_lazy("Three attempts at different hours."),
}
_HANDS_SHOWN = 60


class AssignForm(ActionForm):
    """指派: a colleague of the unit that has it; what to know about it, for them alone."""

    to = forms.ChoiceField(label=gettext_lazy("Into whose hands"), required=False, widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("What they should know"),
        max_length=TEXT_MAX,
        widget=text_area(2),
        required=False,
        help_text=gettext_lazy("Inside only: no reporter sees it."),
    )
    note = gettext_lazy("The unit stays responsible, and every clock runs on.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.choices = self._people()
        if not self.is_bound and field.choices:
            field.initial = field.choices[0][0]

    def _people(self) -> list[tuple[str, str]]:
        lead = lead_of(self.incident) if self.incident else None
        if lead is None:
            return []
        now = self.incident.handler_id
        people = [user for user in assigning.hands_of(lead.unit)[:_HANDS_SHOWN] if user.pk != now]
        # Whoever opens it wants it for themselves, or else for somebody else: oneself comes first.
        people.sort(key=lambda user: user != self.user)
        named = [(user.username, _("Myself") if user == self.user else str(user)) for user in people]
        return [*named, ("", _("Nobody: back to the whole unit"))] if now else named


class MessageForm(ActionForm):
    """What everybody reads who reported it."""

    text = forms.CharField(label=gettext_lazy("Message"), max_length=TEXT_MAX, widget=text_area())

    @property
    def note(self) -> str:
        return readers_note(contacting.readers(self.incident)) if self.incident else ""


def readers_note(count: int) -> str:
    """Who will read a message, so that nobody is named in it who should not be."""
    return ngettext(
        "The reporter reads it where they follow their report, and is told so. Name no other person.",
        "All %(count)d reporters read it where they follow their reports, and are told so. Name nobody.",
        count,
    ) % {"count": count}


class ResolveForm(HappenedMixin, ActionForm):
    """办结: what came of it, honestly."""

    keeps_choices = True

    outcome = forms.ChoiceField(
        label=gettext_lazy("What came of it"),
        choices=[(outcome.value, outcome.label) for outcome in OUTCOME_HELP],
        widget=forms.RadioSelect,
        initial=ResolutionOutcome.SOLVED.value,
    )
    parked_until = forms.DateField(
        label=gettext_lazy("Come back to it on"),
        required=False,
        # Needed where the outcome is theirs: desk.js.
        widget=forms.DateInput(attrs={"class": "form-control", "type": "date", "data-needed": True}),
    )
    mediation = forms.ChoiceField(
        label=gettext_lazy("Who mediated"),
        required=False,
        choices=[("", gettext_lazy("Nobody")), *Mediation.Kind.choices],
        widget=forms.RadioSelect,
    )
    settled = forms.TypedChoiceField(
        label=gettext_lazy("Did the parties come to terms?"),
        required=False,
        choices=[("yes", gettext_lazy("Yes, settled")), ("no", gettext_lazy("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=TEXT_MAX,
        widget=text_area(4),
        help_text=gettext_lazy("The reporter reads this."),
    )
    attested = forms.BooleanField(
        label=gettext_lazy("I confirm that the closing condition is met"),
        required=False,
        widget=forms.CheckboxInput(attrs={"data-needed": True}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_dispute = self.incident is not None and mediating.is_dispute(self.incident)
        # Kind and result are the file's, where there is one: nobody is asked for them again.
        self.file = files.last_begun(self.incident) if self.incident is not None and self.is_dispute else None
        if not self.is_dispute or self.file is not None:
            del self.fields["mediation"], self.fields["settled"]
        if self.file is not None and not self.file.is_open and self.file.state != self.file.State.SETTLED:
            self.fields["outcome"].initial = ResolutionOutcome.LEGAL_ROUTE.value
        self._offer_times()

    def _offer_times(self) -> None:
        """No time before the unit had accepted, or before it began anew: the action refuses it (0009)."""
        if self.incident is None or self.at is None:
            return
        sendings = (one for one in self.incident.assignments.all() if one.role == Assignment.Role.LEAD)
        lead = next((sending for sending in sendings if sending.ended_at is None), None)
        if lead is not None:
            # Only rework begins after the acceptance: other pages need not ask when.
            is_rework = self.incident.rework_count > 0
            earliest = earliest_done(self.incident, lead) if is_rework else accepted_in_words(lead)
            self.begin(earliest or lead.sent_at, at=self.at)

    def outcomes(self) -> list[tuple[str, Any, Any]]:
        """(code, name, what it means) for each radio."""
        return [(outcome.value, outcome.label, words) for outcome, words in OUTCOME_HELP.items()]

    def mediated(self) -> mediating.Mediated | None:
        """What was said about a mediation; None where there was none, or where its file says it."""
        kind = self.cleaned_data.get("mediation")
        return mediating.Mediated(kind, bool(self.cleaned_data["settled"])) if kind else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("mediation") and cleaned.get("settled") is None and "settled" not in self.errors:
            self.add_error("settled", _("Say whether the parties came to terms."))
        return cleaned
