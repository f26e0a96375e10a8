"""Fields for times: one tap for what is usual, a date and time for the rest, in the district's time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

OTHER = "other"
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# Minutes ago that are one tap away; up to thirty it counts as told.
_AGO = (5, 10, 15, 30)


class InstantField(forms.DateTimeField):
    """A date and time as browsers send it, between 2000 and 2200."""

    widget = forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M", attrs={"class": "form-control", "type": "datetime-local"}
    )

    def to_python(self, value: Any) -> datetime | None:
        at = super().to_python(value)
        if at is not None and not _EARLIEST <= at <= _LATEST:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return at


class HappenedMixin(forms.Form):
    """When something really happened, where that was earlier than it is typed in."""

    ago = forms.ChoiceField(
        label=_("When"),
        required=False,
        initial="0",
        widget=forms.RadioSelect,
        choices=[
            ("0", _("Just now")),
            *((str(minutes), _("%(count)d min ago") % {"count": minutes}) for minutes in _AGO),
            (OTHER, _("At another time")),
        ],
    )
    happened_at = InstantField(
        label=_("At"),
        required=False,
        help_text=_("Up to 30 minutes late it counts as told; up to 24 hours the centre countersigns first."),
    )

    def begin(self, earliest: datetime, *, at: datetime) -> None:
        """Offer no time before this one; who chose it on an older page is told why it is refused."""
        ago: Any = self.fields["ago"]
        offered = [
            (value, words)
            for value, words in ago.choices
            if value == OTHER or at - timedelta(minutes=int(value)) >= earliest or value == "0"
        ]
        if len(offered) < len(ago.choices):
            ago.choices = offered
            ago.error_messages["invalid_choice"] = _("This is before work on the case began.")

    def happened(self, at: datetime) -> datetime | None:
        """The true time that was told; None for now."""
        ago = self.cleaned_data.get("ago") or "0"
        if ago == OTHER:
            told: datetime | None = self.cleaned_data.get("happened_at")
            return told
        return at - timedelta(minutes=int(ago)) if ago != "0" else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if (
            cleaned.get("ago") == OTHER
            and not cleaned.get("happened_at")
            and "happened_at" not in self.errors
        ):
            self.add_error("happened_at", _("Say when."))
        return cleaned


class UntilMixin(forms.Form):
    """A time ahead: one of those offered, or another one."""

    when = forms.ChoiceField(label=_("Until"), required=False, widget=forms.RadioSelect)
    until = InstantField(label=_("Another time"), required=False)
    # Is a time needed at all? Where it is not, none of them is chosen at first.
    needs_time = True

    def offer(self, offered: Sequence[tuple[datetime, str]]) -> None:
        """Offer these times by one tap, each with its words."""
        field: Any = self.fields["when"]
        field.choices = [
            *((at.isoformat(), words) for at, words in offered),
            (OTHER, _("Another time")),
        ]
        if self.needs_time:
            field.initial = offered[0][0].isoformat() if offered else OTHER

    def chosen(self) -> datetime | None:
        """The time that was chosen."""
        when = self.cleaned_data.get("when") or ""
        told: datetime | None = self.cleaned_data.get("until")
        return datetime.fromisoformat(when) if when and when != OTHER else told

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        other = cleaned.get("when") in ("", OTHER, None) and "when" not in self.errors
        wants = self.needs_time or cleaned.get("when") == OTHER
        if other and wants and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        return cleaned
