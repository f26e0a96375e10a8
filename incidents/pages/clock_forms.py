"""What administrators type into the work calendar and the rules of the clocks."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch.deadlines import Limit
from dispatch.models import WorkingHours
from incidents import clock_rules

_TEXT = {"class": "form-control", "autocomplete": "off"}
_MOMENT = "%Y-%m-%dT%H:%M"


def _moment(label: Any) -> forms.DateTimeField:
    """Date and time of day, in the district."""
    widget = forms.DateTimeInput(attrs={"class": "form-control", "type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(label=label, widget=widget)


class DayForm(forms.Form):
    """One day of the calendar: worked or not, and why."""

    is_working = forms.TypedChoiceField(
        label=_("This day is"),
        choices=[("yes", _("worked")), ("no", _("free"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label=_("Why"),
        max_length=80,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_("Such as the name of the holiday, or the number of the notice."),
    )


class HoursForm(forms.Form):
    """When a unit works; without a unit, the district's default."""

    unit = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=_("Unit"),
        empty_label=_("Choose a unit"),
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=_("Units below it follow, where they have no hours of their own."),
    )
    periods = forms.CharField(
        label=_("Working periods of a day"),
        max_length=80,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_(
            "Such as 09:00-12:00,14:00-18:00. A night shift is 22:00-06:00, round the clock 00:00-24:00."
        ),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"),
        choices=[(str(number), name) for number, name in WEEKDAYS.items()],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    follows_holidays = forms.BooleanField(
        label=_("Holidays are free and make-up days are worked"), required=False
    )
    follows_stoppages = forms.BooleanField(
        label=_("Work stops where the district declares a stop"), required=False
    )

    def __init__(self, *args: Any, owner: OrgUnit | None, adding: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if adding:
            taken = WorkingHours.objects.filter(unit__isnull=False).values("unit")
            units = OrgUnit.objects.open().exclude(kind=OrgUnit.Kind.DISTRICT).exclude(pk__in=taken)
            self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        else:
            del self.fields["unit"]
        self.owner = owner


class StopForm(forms.Form):
    """A stretch without work."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=120,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_("Shown on the calendar, such as: typhoon signal red."),
    )
    starts_at = _moment(_("Begins"))
    ends_at = _moment(_("Ends"))

    def clean_starts_at(self) -> datetime:
        return _within_reach(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> datetime:
        return _within_reach(self.cleaned_data["ends_at"])


class RuleForm(forms.Form):
    """One clock's rule, for one urgency."""

    limit = forms.CharField(
        label=_("Limit"), max_length=8, required=False, widget=forms.TextInput(attrs=_TEXT)
    )
    warn_at = forms.CharField(
        label=_("Warnings"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={**_TEXT, "inputmode": "numeric"}),
        help_text=_("Shares of the limit in percent, such as 50, 80. Empty: none."),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if clock_rules.names_limit(kind):
            self.fields["limit"].required = True
            self.fields["limit"].help_text = _("Such as 30m, 24h, 4wh or 2wd.")
        else:
            del self.fields["limit"]
        for name, label in DELAYS.items():
            self.fields[name] = forms.CharField(
                label=label, max_length=8, required=False, widget=forms.TextInput(attrs=_TEXT)
            )

    def clean_limit(self) -> str:
        return _limit(self.cleaned_data["limit"].strip())

    def clean_warn_at(self) -> list[int]:
        told = [part for part in re.split(r"[\s,，、%]+", self.cleaned_data["warn_at"].strip()) if part]
        if any(not re.fullmatch(r"[1-9][0-9]?", part) for part in told):
            raise forms.ValidationError(
                _("Warnings: whole percents from 1 to 99, such as 50, 80."), code="percent"
            )
        shares = sorted({int(part) for part in told})
        if len(shares) > WARNINGS_MOST:
            raise forms.ValidationError(
                _("Warnings: at most %(most)d."), code="too_many", params={"most": WARNINGS_MOST}
            )
        return shares

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in DELAYS:
            given = cleaned.get(name, "").strip()
            if given and given != "0m":
                try:
                    given = _limit(given)
                except forms.ValidationError as error:
                    self.add_error(name, error)
            cleaned[name] = given
        return cleaned

    def delays(self) -> list[Any]:
        """The fields that say when somebody is told after the due time."""
        return [self[name] for name in DELAYS]


WARNINGS_MOST = 5
DELAYS: dict[str, Any] = {
    "head_after": _("Unit head is told"),
    "street_after": _("Street centre is told"),
    "district_after": _("District supervisor is told"),
    "leader_after": _("District leader is told"),
    "supervise_after": _("An order to act is given"),
}


def _within_reach(at: datetime) -> datetime:
    """Refuses the ends of time, where no zone can be reckoned."""
    if not 2001 <= at.year <= 2099:
        raise forms.ValidationError(_("Choose a date from 2001 to 2099."), code="out_of_reach")
    return at


def _limit(text: str) -> str:
    try:
        return str(Limit.parse(text))
    except ValueError:
        raise forms.ValidationError(
            _("“%(given)s” is no length: a whole number with m, h, wm, wh or wd, such as 4wh."),
            code="limit",
            params={"given": text},
        ) from None
