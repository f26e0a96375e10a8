"""Steps about supporting units and repairs: invite, answer, decline, release, made safe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit, User
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from incidents import actions, follow_up
from incidents.cases import TEXT_MAX
from incidents.models import Assignment, Attachment, Incident, Timer
from incidents.pages.doing import Doing, Step
from incidents.pages.forms import ActionForm, ReasonForm, UnitField, text_area
from incidents.pages.step_photos import photos_first
from incidents.pages.when import InstantField
from incidents.pages.wording import plain_moment


@dataclass(frozen=True, slots=True)
class Supporter:
    """A supporting unit on a case's page."""

    sent: Assignment
    clock: Timer | None

    @property
    def is_open(self) -> bool:
        return self.sent.ended_at is None

    @property
    def says(self) -> str:
        """How it ended, in a word."""
        if self.sent.answer:
            return str(Assignment.Answer(self.sent.answer).label)
        return str(self.sent.get_end_reason_display())

    @property
    def state(self) -> str:
        """The colour of that word."""
        if self.sent.answer == Assignment.Answer.DONE:
            return "on"
        declined = self.sent.end_reason == Assignment.End.DECLINED
        return "warned" if declined or self.sent.answer == Assignment.Answer.CANNOT else "paused"


def read_sendings(incident: Incident) -> None:
    """Read every sending of a case at once: its page asks about them in many places."""
    people = Assignment.objects.select_related("unit", "asked", "resolution", "resolved_by", "decision")
    prefetch_related_objects([incident], Prefetch("assignments", people.order_by("pk")))


def supporters_of(incident: Incident) -> list[Supporter]:
    """Everybody who was asked to support a case, the open ones first."""
    sent = [one for one in incident.assignments.all() if one.role == Assignment.Role.SUPPORT]
    if not sent:
        return []
    clocks = {
        clock.assignment_id: clock
        for clock in Timer.objects.filter(incident=incident, kind=Timer.Kind.SUPPORT).order_by("pk")
    }
    rows = [Supporter(one, clocks.get(one.pk)) for one in sent]
    return sorted(rows, key=lambda row: not row.is_open)


class InviteForm(ActionForm):
    """Whom, what for, and until when. The units that the item names are ticked already."""

    units = forms.MultipleChoiceField(
        label=gettext_lazy("By the item"), required=False, widget=forms.CheckboxSelectMultiple
    )
    another = UnitField(
        label=gettext_lazy("Another unit"), required=False, empty_label=gettext_lazy("Nobody else")
    )
    asked = forms.CharField(
        label=gettext_lazy("What is asked"), max_length=TEXT_MAX, widget=text_area(), required=False
    )
    due_at = InstantField(label=gettext_lazy("Until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named, there = self._named()
        units: Any = self.fields["units"]
        units.choices = [(unit.pk, unit.name) for unit in named]
        units.initial = [unit.pk for unit in named]
        if not named:
            del self.fields["units"]
        another: Any = self.fields["another"]
        another.queryset = OrgUnit.objects.open().exclude(kind=OrgUnit.Kind.DISTRICT).exclude(pk__in=there)
        clock = (
            self.incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).first()
            if self.incident
            else None
        )
        if clock is not None and self.at is not None and clock.due_at > self.at and not clock.paused_at:
            self.fields["due_at"].help_text = _("Left empty: %(at)s, when the case is due.") % {
                "at": plain_moment(clock.due_at)
            }
        else:
            self.fields["due_at"].required = True

    def _named(self) -> tuple[list[OrgUnit], list[str]]:
        """The units of the item that can still be asked, and those that are in it already."""
        if self.incident is None:
            return [], []
        lead = _lead(self.incident)
        if lead is None:
            return [], []
        there = [one.unit_id for one in self.incident.assignments.all() if one.ended_at is None]
        named = OrgUnit.objects.open().filter(pk__in=lead.supporting_units).exclude(pk__in=there)
        return list(named), there

    def chosen(self) -> list[str]:
        """Codes of everybody who is asked."""
        another = self.cleaned_data.get("another")
        return [*self.cleaned_data.get("units", ()), *([another.pk] if another else [])]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not cleaned.get("units") and not cleaned.get("another"):
            self.add_error("another", _("Name at least one unit."))
        return cleaned


class _OwnSupportForm(ActionForm):
    """For whoever works for several of the units that were asked."""

    unit = forms.ChoiceField(label=gettext_lazy("For"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.support = None
        mine = own_supports(self.incident, self.user) if self.incident else []
        if mine:
            self.support = mine[0]
        field: Any = self.fields["unit"]
        field.choices = [(one.unit_id, one.unit.name) for one in mine]
        if len(mine) < 2:
            del self.fields["unit"]

    @property
    def note(self) -> str:
        asked = self.support.asked if self.support else None
        return asked.body if asked else ""


class AnswerSupportForm(_OwnSupportForm):
    answer = forms.ChoiceField(
        label=gettext_lazy("What came of it"),
        choices=Assignment.Answer.choices,
        initial=Assignment.Answer.DONE,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(label=gettext_lazy("In words"), max_length=TEXT_MAX, widget=text_area())


class DeclineSupportForm(_OwnSupportForm, ReasonForm):
    field_order = ("unit", "reason")


class ReleaseSupportForm(ReasonForm):
    unit = forms.ChoiceField(label=gettext_lazy("Which unit"), widget=forms.RadioSelect)

    field_order = ("unit", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = _open_supports(self.incident) if self.incident else []
        field: Any = self.fields["unit"]
        field.choices = [(one.unit_id, one.unit.name) for one in waiting]
        if waiting:
            field.initial = waiting[0].unit_id


class MakeSafeForm(ActionForm):
    """排险: what was done, and that nobody is in danger any more."""

    text = forms.CharField(label=gettext_lazy("What was done"), max_length=TEXT_MAX, widget=text_area())
    attested = forms.BooleanField(label=gettext_lazy("Nobody is in danger any more"))

    @property
    def note(self) -> str:
        lead = _lead(self.incident) if self.incident else None
        unit = follow_up.repairer(lead) if lead else None
        if unit is None:
            return _("Who owns it is not known: the desk decides who repairs it.")
        return _("The repair is then for %(unit)s, as a case of its own with its own limit.") % {"unit": unit}


def own_supports(incident: Incident, user: User | None) -> list[Assignment]:
    """The open supports that this person answers for."""
    if user is None:
        return []
    hats = viewer_of(user).with_roles(Role.HANDLER)
    return [one for one in _open_supports(incident) if any(hat.covers(one.unit) for hat in hats)]


def _open_supports(incident: Incident) -> list[Assignment]:
    return [
        one
        for one in incident.assignments.all()
        if one.role == Assignment.Role.SUPPORT and one.ended_at is None
    ]


def context_of(incident: Incident, can: dict[str, bool]) -> dict[str, Any]:
    """What the case page shows about supporting units; takes away the steps that lead nowhere."""
    supporters = supporters_of(incident)
    waiting = [row for row in supporters if row.is_open]
    can["release-support"] = can["release-support"] and bool(waiting)
    if can["make-safe"]:
        lead = _lead(incident)
        can["make-safe"] = lead is not None and follow_up.wanted(lead)
    return {
        "supporters": supporters,
        "supporters_open": waiting,
        "can_invite": can["invite-support"],
        "can_release": can["release-support"],
    }


def _lead(incident: Incident) -> Assignment | None:
    leads = (one for one in incident.assignments.all() if one.role == Assignment.Role.LEAD)
    return next((lead for lead in leads if lead.ended_at is None), None)


def _invite(doing: Doing) -> str:
    form = doing.given["form"]
    actions.invite_support(
        units=form.chosen(), asked=doing.given["asked"], due_at=doing.given["due_at"], **doing.common
    )
    return _("Asked. The case is settled once they have answered.")


def _answer(doing: Doing) -> str:
    photos_first(doing, Attachment.Stage.AFTER)
    actions.answer_support(
        answer=doing.given["answer"],
        text=doing.given["text"],
        unit=doing.given.get("unit", ""),
        **doing.common,
    )
    return _("Answered. The unit that leads has been told.")


def _decline(doing: Doing) -> str:
    actions.decline_support(reason=doing.given["reason"], unit=doing.given.get("unit", ""), **doing.common)
    return _("Declined. The unit that leads has been told.")


def _release(doing: Doing) -> str:
    actions.release_support(unit=doing.given["unit"], reason=doing.given["reason"], **doing.common)
    return _("Released.")


def _make_safe(doing: Doing) -> str:
    photos_first(doing, Attachment.Stage.AFTER)
    actions.make_safe(text=doing.given["text"], attested=doing.given["attested"], **doing.common)
    return _("Made safe. The repair is somebody else's now.")


STEPS: Mapping[str, Step] = {
    "invite-support": Step(
        Action.INVITE_SUPPORT,
        gettext_lazy("Ask others to support"),
        gettext_lazy("Ask them"),
        _invite,
        InviteForm,
    ),
    "answer-support": Step(
        Action.ANSWER_SUPPORT,
        gettext_lazy("Answer for your part"),
        gettext_lazy("Answer for your part"),
        _answer,
        AnswerSupportForm,
        photos=True,
    ),
    "decline-support": Step(
        Action.DECLINE_SUPPORT,
        gettext_lazy("Decline to support"),
        gettext_lazy("Decline"),
        _decline,
        DeclineSupportForm,
        danger=True,
    ),
    "release-support": Step(
        Action.RELEASE_SUPPORT,
        gettext_lazy("Release a supporting unit"),
        gettext_lazy("Release it"),
        _release,
        ReleaseSupportForm,
    ),
    "make-safe": Step(
        Action.MAKE_SAFE,
        gettext_lazy("Made safe"),
        gettext_lazy("Made safe, to repair"),
        _make_safe,
        MakeSafeForm,
        photos=True,
    ),
}
