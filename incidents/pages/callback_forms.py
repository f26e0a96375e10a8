"""What a caller notes of one call: the outcome, the answers, and whether it is to be done again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from incidents.models import PhoneCall
from incidents.pages.contact_forms import CallBackForm
from incidents.pages.forms import draft_name


class CallForm(CallBackForm):
    """The questions of the case page for one reporter; what is not solved can be reopened at once."""

    report = None  # type: ignore[assignment]  # the page is about one already
    reopen = forms.BooleanField(
        label=gettext_lazy("Open it again as rework"),
        required=False,
        help_text=gettext_lazy("Their words become the reason."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self._asks_rework(cleaned) and not (cleaned.get("text") or "").strip():
            self.add_error(
                "text", forms.ValidationError(gettext_lazy("Say what is not solved."), code="required")
            )
        return cleaned

    @property
    def wants_rework(self) -> bool:
        """Is it to be done again? Only where they said that it is not solved."""
        return self._asks_rework(self.cleaned_data)

    @property
    def drafts(self) -> str:
        """What the device may forget once this is recorded."""
        return " ".join(draft_name(self.incident, type(self), name) for name in ("text", "recording"))

    @staticmethod
    def _asks_rework(cleaned: dict[str, Any]) -> bool:
        answered = cleaned.get("outcome") == PhoneCall.Result.ANSWERED
        return bool(answered and cleaned.get("reopen") and cleaned.get("solved") is False)
