"""Towards the source of a case: asking it, entering its word, and where all that stands on the page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Action
from incidents import actions, policy
from incidents.cases import TEXT_MAX
from incidents.models import Incident, UpstreamRequest, UpstreamReview
from incidents.pages.doing import Doing, Step
from incidents.pages.forms import ActionForm, ReasonForm, text_area
from incidents.pages.when import InstantField
from incidents.upstream.requesting import askable

_SHOWN = 12


class AskUpstreamForm(ReasonForm):
    """退回市级申请 or 延期申请: about which order, until when, and why."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Ask for"),
        choices=UpstreamRequest.Kind.choices,
        initial=UpstreamRequest.Kind.RETURN,
        widget=forms.RadioSelect,
    )
    report = forms.TypedChoiceField(
        label=gettext_lazy("Which order"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    until = InstantField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Only where more time is asked for."),
    )

    field_order = ("kind", "report", "until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        orders = askable(self.incident) if self.incident else []
        field: Any = self.fields["report"]
        field.choices = [(order.pk, order.external_id) for order in orders]
        if len(orders) < 2:
            del self.fields["report"]

    @property
    def note(self) -> str:
        return _("The case and its clocks go on until the source agrees.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wants = cleaned.get("kind") == UpstreamRequest.Kind.EXTENSION
        if wants and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        return cleaned


class AnswerUpstreamForm(ActionForm):
    """What the source said about the result, where it did not say it by its own system."""

    accepted = forms.TypedChoiceField(
        label=gettext_lazy("The source"),
        choices=[("yes", gettext_lazy("accepts the result")), ("no", gettext_lazy("sends it back"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=TEXT_MAX, widget=text_area(), required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("accepted") is False and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why it is sent back."))
        return cleaned


def _ask(doing: Doing) -> str:
    wants_time = doing.given["kind"] == UpstreamRequest.Kind.EXTENSION
    actions.ask_upstream(
        kind=doing.given["kind"],
        reason=doing.given["reason"],
        until=doing.given["until"] if wants_time else None,
        report=doing.given.get("report"),
        **doing.common,
    )
    return _("Asked for. Until it is answered the clock runs on.")


def _answer(doing: Doing) -> str:
    accepted = doing.given["accepted"]
    actions.answer_upstream(accepted=accepted, reason=doing.given["reason"], **doing.common)
    return _("Accepted.") if accepted else _("Sent back as rework.")


STEPS: Mapping[str, Step] = {
    "ask-upstream": Step(
        Action.ASK_UPSTREAM,
        gettext_lazy("Ask the source"),
        gettext_lazy("Ask for it"),
        _ask,
        AskUpstreamForm,
    ),
    "answer-upstream": Step(
        Action.ANSWER_UPSTREAM,
        gettext_lazy("Enter the source's word"),
        gettext_lazy("Record the result"),
        _answer,
        AnswerUpstreamForm,
        warning=gettext_lazy(
            "Only where the source told so by other ways: its own system answers by itself."
        ),
    ),
}


def upstream_of(incident: Incident) -> dict[str, Any]:
    """What the case's page shows of its source: results sent up and requests, newest first."""
    if not policy.comes_from_above(incident):
        return {"upstream": None}
    reviews = UpstreamReview.objects.filter(incident=incident).select_related(
        "report", "reason", "answered_by"
    )
    requests = UpstreamRequest.objects.filter(incident=incident).select_related(
        "report", "reason", "answer_reason", "asked_by"
    )
    return {
        "upstream": {
            "waiting": incident.upstream_since,
            "reviews": reviews.order_by("-pk")[:_SHOWN],
            "requests": requests.order_by("-pk")[:_SHOWN],
        }
    }
