"""Speaking with people about a case: what was tried, whom it reached, what they said."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.duty import DutyShift
from accounts.models import Membership, User
from accounts.roles import Role
from incidents import contacting
from incidents.actions.callbacks import RECORDING_MAX
from incidents.actions.contacts import NAME_MAX, latest_wait
from incidents.cases import TEXT_MAX
from incidents.feedback import Answers
from incidents.models import PhoneCall
from incidents.pages.forms import ActionForm, OptionalReasonForm, text_area
from incidents.pages.when import HappenedMixin, InstantField
from incidents.pages.wording import plain_moment

_SCORES = [("", "—"), *((str(score), str(score)) for score in range(1, 6))]
_YES_NO = [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]


def _yes(value: str) -> bool:
    return value == "yes"


def _reached(yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=gettext_lazy("Result"),
        choices=[("yes", yes), ("no", no)],
        coerce=_yes,
        widget=forms.RadioSelect,
    )


class ContactForm(HappenedMixin, ActionForm):
    """首次联系: was the reporter reached, and when."""

    reached = _reached(gettext_lazy("Reached"), gettext_lazy("Not reached"))
    text = forms.CharField(
        label=gettext_lazy("What was said"), max_length=TEXT_MAX, widget=text_area(2), required=False
    )

    field_order = ("reached", "ago", "happened_at", "text")
    note = gettext_lazy("Reached, or tried three times at different hours: then the first contact is made.")


class AskReporterForm(ActionForm):
    """What the reporter is asked; the clock waits for the answer."""

    question = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=TEXT_MAX,
        widget=text_area(),
        help_text=gettext_lazy("The reporter reads this and can answer it."),
    )

    @property
    def note(self) -> str:
        until = latest_wait(self.incident, at=self.at) if self.incident else None
        if until is None:
            return ""
        return _("The clock waits until %(at)s at most, once; with the answer it goes on.") % {
            "at": plain_moment(until)
        }


class ResumeForm(OptionalReasonForm):
    note = gettext_lazy("The clock goes on now with what it had left.")


class PhoneForm(HappenedMixin, ActionForm):
    """The emergency's call: was the unit reached, and who took it. Those on duty come first."""

    OTHER = "-"
    reached = _reached(gettext_lazy("Reached"), gettext_lazy("Nobody answered"))
    member = forms.ChoiceField(
        label=gettext_lazy("Who took it"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Or a name"),
        max_length=NAME_MAX,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Note"), max_length=TEXT_MAX, widget=text_area(2), required=False
    )

    field_order = ("reached", "member", "name", "ago", "happened_at", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on_duty, others = self._people()
        field: Any = self.fields["member"]
        field.choices = [
            ("", _("Somebody else, by name")),
            *([(_("On duty now"), on_duty)] if on_duty else []),
            *([(_("Of the unit"), others)] if others else []),
        ]
        if on_duty:
            field.initial = on_duty[0][0]

    def taken_by(self) -> str:
        """The user name that was chosen, or else the name that was typed."""
        return str(self.cleaned_data.get("name") or self.cleaned_data.get("member") or "")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("reached") and not (cleaned.get("member") or cleaned.get("name", "").strip()):
            self.add_error("name", _("Say who took the call."))
        return cleaned

    def _people(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        if self.incident is None or self.at is None:
            return [], []
        unit = self.incident.owner_unit
        shifts = DutyShift.objects.on_duty_of([unit], self.at)[unit.code]
        told = {shift.user.username: _with_phone(shift) for shift in shifts}
        others = [(user.username, str(user)) for user in _members(unit) if user.username not in told]
        return list(told.items()), others


def _with_phone(shift: DutyShift) -> str:
    return f"{shift.user} · {shift.phone}" if shift.phone else str(shift.user)


def _members(unit: Any) -> QuerySet[User]:
    around = [code for code in unit.path.split(">") if code != "district"]
    members = Membership.objects.filter(unit__in=around, role__in=[Role.HANDLER, Role.LEADER])
    return User.objects.filter(pk__in=members.values("user"), is_active=True).order_by("display_name", "pk")[
        :50
    ]


class CallBackForm(ActionForm):
    """回访: one reporter, one attempt, and what they answered."""

    report = forms.TypedChoiceField(label=gettext_lazy("Whom"), coerce=int, widget=forms.RadioSelect)
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome of the call"), choices=PhoneCall.Result.choices, widget=forms.RadioSelect
    )
    again_at = InstantField(label=gettext_lazy("When they wish to be called"), required=False)
    contacted = forms.TypedChoiceField(
        label=gettext_lazy("Did the unit speak with them?"),
        choices=_YES_NO,
        coerce=_yes,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    solved = forms.TypedChoiceField(
        label=gettext_lazy("Is it solved?"),
        choices=_YES_NO,
        coerce=_yes,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    speed = forms.TypedChoiceField(
        label=gettext_lazy("Speed"),
        choices=_SCORES,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    result = forms.TypedChoiceField(
        label=gettext_lazy("Result of the work"),
        choices=_SCORES,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    service = forms.TypedChoiceField(
        label=gettext_lazy("Manners"),
        choices=_SCORES,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    text = forms.CharField(
        label=gettext_lazy("What they said"), max_length=TEXT_MAX, widget=text_area(2), required=False
    )

    recording = forms.CharField(
        label=gettext_lazy("Recording"),
        max_length=RECORDING_MAX,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Its number in the telephone system, without the reporter's own number."),
    )

    note = gettext_lazy(
        "What they answer is their rating, and the first rating stands. Three attempts at most."
    )
    marks = ("speed", "result", "service")
    yes_or_no = ("contacted", "solved")
    scores = tuple(str(score) for score in range(1, 6))

    @property
    def mark_fields(self) -> list[forms.BoundField]:
        """The three marks, to be drawn as a row of five each."""
        return [self[name] for name in self.marks]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields.get("report")
        if field is None:
            return
        asked = contacting.to_call_back(self.incident) if self.incident else []
        field.choices = [
            (report.pk, f"{report.get_source_display()} · {plain_moment(report.received_at)}")
            for report in asked
        ]
        if asked:
            field.initial = asked[0].pk

    @property
    def is_reached(self) -> bool:
        """Did somebody speak with them?"""
        return self.cleaned_data["outcome"] in (PhoneCall.Result.ANSWERED, PhoneCall.Result.DECLINED)

    @property
    def again(self) -> datetime | None:
        """When they wish to be called; only what belongs to the outcome counts."""
        later = self.cleaned_data["outcome"] == PhoneCall.Result.LATER
        at: datetime | None = self.cleaned_data["again_at"] if later else None
        return at

    def answers(self) -> Answers:
        """What was answered; nothing where the questions were not asked."""
        if self.cleaned_data["outcome"] != PhoneCall.Result.ANSWERED:
            return Answers()
        return Answers(**{name: self.cleaned_data[name] for name in (*self.yes_or_no, *self.marks)})
