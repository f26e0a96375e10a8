"""What a unit asks for, and the answer: more time, standing still, a second look at a breach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import OrgUnit
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from incidents.actions.requests import (
    EXTENSIONS_MOST,
    SUSPENSION_MOST,
    appealable,
    extensions_of,
    latest_extension,
)
from incidents.cases import TEXT_MAX
from incidents.models import CaseRequest, FiredStage, Incident, LateEntry, Timer
from incidents.outside import outside_deadline
from incidents.pages.forms import ActionForm, ReasonForm, text_area
from incidents.pages.when import UntilMixin
from incidents.pages.wording import limit_words, plain_moment
from incidents.sentence_parts import clock_name

# Longer by so much, one tap away: in the spirit of the limit itself.
_LONGER = {"wd": ("1wd", "3wd", "5wd"), "wh": ("2wh", "4wh", "1wd"), "wm": ("1wh", "2wh", "4wh")}
_LONGER_NATURAL = ("1h", "2h", "4h")
_SUSPENDED_FOR = ("3wd", "5wd", "10wd", "20wd")


def handling_clock(incident: Incident) -> Timer | None:
    """The handling clock that runs or stands still on a case."""
    return incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).first()


def later_times(clock: Timer, latest: datetime) -> list[tuple[datetime, str]]:
    """Due times by one tap, none after `latest`: some working days more, and the limit once more."""
    limit, calendar = Limit.parse(clock.limit), work_calendar(clock.unit_code)
    offered: dict[datetime, str] = {}
    for step in _LONGER.get(limit.unit, _LONGER_NATURAL):
        at = due(clock.due_at, Limit.parse(step), calendar)
        if at < latest:
            offered[at] = f"+ {limit_words(step)} · {plain_moment(at)}"
    once_more = _("The limit once more, %(limit)s") if latest == latest_extension(clock) else _("At most")
    offered[latest] = f"{once_more % {'limit': limit_words(limit)}} · {plain_moment(latest)}"
    return sorted(offered.items())


class RequestExtensionForm(UntilMixin, ReasonForm):
    """延期: how much longer, and why."""

    field_order = ("when", "until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used, self.most, self.latest = 0, EXTENSIONS_MOST, None
        clock = handling_clock(self.incident) if self.incident else None
        if clock is None or clock.assignment is None:
            self.offer([])
            return
        self.used = extensions_of(clock)
        outside_due_at = outside_deadline(self.incident)
        latest = latest_extension(clock)
        self.latest = min(latest, outside_due_at) if outside_due_at else latest
        self.offer(later_times(clock, self.latest) if self.latest > clock.due_at else [])
        self.fields["until"].help_text = _("At the latest %(at)s.") % {"at": plain_moment(self.latest)}

    @property
    def note(self) -> str:
        """What the person should know before asking."""
        return _("%(used)d of %(most)d extensions are used. The clock runs on until a supervisor agrees.") % {
            "used": self.used,
            "most": self.most,
        }


class RequestSuspensionForm(UntilMixin, ReasonForm):
    """挂起: until when the clock shall stand still, and why."""

    field_order = ("when", "until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar = work_calendar(self.incident.owner_unit_id if self.incident else "")
        outside_due_at = outside_deadline(self.incident) if self.incident else None
        times = [(due(self.at, Limit.parse(step), calendar), limit_words(step)) for step in _SUSPENDED_FOR]
        self.offer(
            [
                (at, f"{words} · {plain_moment(at)}")
                for at, words in times
                if outside_due_at is None or at <= outside_due_at
            ]
        )
        self.fields["until"].help_text = _("At most %(days)d days.") % {"days": SUSPENSION_MOST.days}

    @property
    def note(self) -> str:
        return _("The clock runs on until a supervisor agrees; then it stands still and goes on by itself.")


class DecideForm(ActionForm):
    """An answer; a refusal says why."""

    agreed = forms.TypedChoiceField(
        label=gettext_lazy("Answer"),
        choices=[("yes", pgettext_lazy("to what is asked", "Agree")), ("no", gettext_lazy("Refuse"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason, where you refuse"),
        max_length=TEXT_MAX,
        widget=text_area(),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("agreed") is False and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("A refusal says why."))
        return cleaned


class DecideTimeForm(UntilMixin, DecideForm):
    """More time or standing still: as asked, or until another time."""

    field_order = ("agreed", "when", "until", "reason")
    needs_time = False
    kind: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = waiting_request(self.incident, self.kind) if self.incident else None
        if asked is None or asked.proposed_due_at is None:
            # Answered meanwhile: no time is to be chosen, and the action says what has become of it.
            del self.fields["when"], self.fields["until"]
            return
        words = _("As asked: %(at)s") % {"at": plain_moment(asked.proposed_due_at)}
        self.offer([(asked.proposed_due_at, words)])
        self.fields["when"].initial = asked.proposed_due_at.isoformat()


class DecideExtensionForm(DecideTimeForm):
    kind = CaseRequest.Kind.EXTENSION

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clock = handling_clock(self.incident) if self.incident else None
        if clock is not None and "until" in self.fields:
            self.fields["until"].help_text = _("At the latest %(at)s.") % {
                "at": plain_moment(latest_extension(clock))
            }


class DecideSuspensionForm(DecideTimeForm):
    kind = CaseRequest.Kind.SUSPENSION


class DecideAppealForm(DecideForm):
    """Either way it says why: the breach stays on record beside it."""

    agreed = forms.TypedChoiceField(
        label=gettext_lazy("Answer"),
        choices=[
            ("yes", gettext_lazy("Agree: the breach does not count")),
            ("no", gettext_lazy("Refuse: it counts")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=TEXT_MAX, widget=text_area())


class AppealForm(ReasonForm):
    """申诉: which breach, and why it should not count."""

    timer = forms.TypedChoiceField(
        label=gettext_lazy("Which breach"), coerce=int, empty_value=None, required=False
    )

    field_order = ("timer", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        breaches = appealable_by(self.incident, self.user, at=self.at) if self.incident else []
        field: Any = self.fields["timer"]
        field.choices = [
            (
                breach.timer_id,
                " · ".join((clock_name(breach.timer.kind), plain_moment(breach.due_at), *_merged(breach))),
            )
            for breach in breaches
        ]
        field.widget = forms.RadioSelect(choices=field.choices)
        if breaches:
            field.initial = breaches[0].timer_id

    @property
    def note(self) -> str:
        return _("The breach stays on record; agreed, it leaves the on-time rate. Once for each breach.")


def _merged(breach: FiredStage) -> list[str]:
    """Whose breach it is, where that unit's clock has gone on with another one."""
    if breach.whose == breach.timer.unit_code:
        return []
    return [str(unit) for unit in OrgUnit.objects.filter(pk=breach.whose)]


class CountersignForm(DecideForm):
    """补录会签: which late entry, and whether its true time counts."""

    fact = forms.ChoiceField(label=gettext_lazy("Late entry"), widget=forms.RadioSelect)
    agreed = forms.TypedChoiceField(
        label=gettext_lazy("Answer"),
        choices=[
            ("yes", gettext_lazy("Countersign: it counts from its true time")),
            ("no", gettext_lazy("Refuse: it counts from when it was typed in")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )

    field_order = ("fact", "agreed", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting: Sequence[LateEntry] = (
            self.incident.late_entries.filter(state=LateEntry.State.WAITING) if self.incident else ()
        )
        field: Any = self.fields["fact"]
        field.choices = [
            (entry.fact, f"{entry.get_fact_display()} · {plain_moment(entry.happened_at)}")
            for entry in waiting
        ]
        if field.choices:
            field.initial = field.choices[0][0]


def waiting_request(incident: Incident, kind: str) -> CaseRequest | None:
    """The request of this kind that waits for an answer."""
    return incident.requests.filter(kind=kind, answered_at__isnull=True).first()


def appealable_by(incident: Incident, user: Any, *, at: datetime) -> list[Any]:
    """Breaches on the account of this person's units that can still be appealed, the latest first."""
    units = OrgUnit.objects.none()
    for grant in viewer_of(user).with_roles(Role.HANDLER):
        units = units | OrgUnit.objects.within(grant.unit)
    return appealable(incident, units, at=at)
