"""What is done with a version as a whole: each step on a page that says what it changes, then for good."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import staff
from accounts.models import User
from accounts.roles import Role
from dispatch import lists
from dispatch.errors import ListRefused
from dispatch.lint.checking import check_list
from dispatch.merging import Clash, merge
from dispatch.models import ResponsibilityList
from dispatch.pages.findings import counts_of
from dispatch.pages.history import changed_items
from dispatch.pages.naming import FIELD_NAMES, UnitNames, shown
from dispatch.pages.standing import STEP_TITLES, Opened, opened

# How many changed items a step's page shows; the rest are on the page of all changes.
SHOWN = 12
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class RemarkForm(forms.Form):
    """A step with a word on it."""

    remark = forms.CharField(
        label=gettext_lazy("Remark"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )


class ReasonForm(RemarkForm):
    """A step that is not taken without saying why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remark"].required = True
        self.fields["remark"].label = _("Why")


class AdoptForm(RemarkForm):
    """From when on a version decides."""

    when = forms.ChoiceField(
        label=pgettext_lazy("of a list", "Live"),
        choices=[("now", gettext_lazy("from now on")), ("later", gettext_lazy("from a time on"))],
        initial="now",
        widget=forms.RadioSelect,
    )
    starts_at = forms.DateTimeField(
        label=gettext_lazy("From when"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"class": "form-control", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    field_order = ("when", "starts_at", "remark")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        told = cleaned.get("starts_at")
        if cleaned.get("when") == "later" and "starts_at" not in self.errors:
            if told is None:
                self.add_error("starts_at", _("Say from when."))
            elif not _EARLIEST <= told <= _LATEST:
                self.add_error("starts_at", _("Enter a valid date/time."))
        return cleaned


class NothingForm(forms.Form):
    """A step that needs no word."""


Run = Callable[[Opened, User, datetime, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done with a version."""

    title: str | Promise
    does: str | Promise
    icon: str
    form: type[forms.Form]
    run: Run
    is_grave: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*Role)
def step(request: HttpRequest, version: int, name: str) -> HttpResponse:
    """What a step would do, and under POST the step itself; what is refused is said on the same page."""
    one, what = opened(request, version), STEPS.get(name)
    may = name in one.steps or (name == "catch-up" and one.can_lead and one.is_behind)
    if what is None:
        raise Http404
    if not may:
        told = {"standing": one.standing_label}
        messages.error(request, _("This cannot be done with the version as it stands: %(standing)s.") % told)
        return HttpResponseRedirect(reverse("list", args=[version]))
    form = what.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, what.run(one, one.user, one.at, form.cleaned_data))
        except ListRefused as refused:
            field = (
                "starts_at"
                if refused.code in ("past", "far", "taken") and "starts_at" in form.fields
                else None
            )
            form.add_error(field, str(refused))
        else:
            is_listed = name in ("propose", "catch-up", "send-back")
            return HttpResponseRedirect(reverse("list", args=[version]) if is_listed else reverse("lists"))
    context = {
        "one": one,
        "version": one.version,
        "name": name,
        "step": what,
        "form": form,
        **_foreseen(name, one),
    }
    return render(request, "dispatch/step.html", context, status=400 if form.is_bound else 200)


def _foreseen(name: str, one: Opened) -> dict[str, Any]:
    """What the step would change, for the page that asks whether to take it."""
    if name in ("propose", "adopt"):
        check = check_list(one.version, at=one.at)
        return {**_changes(one, one.marks.kinds), "check": check, "counts": counts_of(check)}
    if name == "roll-back":
        kinds = lists.changed_kinds(one.version, one.live)
        return {**_changes(one, kinds, one.live), "live": one.live}
    if name == "catch-up":
        told = merge(
            lists.items_of(one.version.based_on_id),
            lists.items_of(one.version.pk),
            lists.items_of(one.live.pk),
        )
        return {
            "live": one.live,
            "taken": len(told.taken) + len(told.gone),
            "clashes": [_clash(clash, one.units) for clash in told.clashes],
        }
    return {}


def _changes(one: Opened, kinds: Mapping[str, Any], base: ResponsibilityList | None = None) -> dict[str, Any]:
    codes = list(kinds)[:SHOWN]
    return {
        "changed": changed_items(one.version, codes, kinds, one.units, base),
        "changed_count": len(kinds),
        "changed_more": len(kinds) - len(codes),
    }


def _clash(clash: Clash, units: UnitNames) -> dict[str, Any]:
    """Where both sides changed the same: what it was, what the draft says, what is live."""

    def words(values: Any, field: str) -> list[str]:
        return shown(field, values[field], units) if values else []

    return {
        "code": clash.code,
        "matter": (clash.mine or clash.theirs or clash.base or {})["matter_zh"],
        "is_gone": clash.mine is None,
        "gone_live": clash.theirs is None,
        "fields": [
            {
                "label": FIELD_NAMES[field],
                "was": words(clash.base, field),
                "mine": words(clash.mine, field),
                "theirs": words(clash.theirs, field),
            }
            for field in clash.fields
        ],
    }


def _propose(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    lists.propose(draft=one.version, remark=told["remark"], by=by, at=at)
    return _("Version %(version)d is proposed.") % {"version": one.version.version}


def _adopt(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    starts_at = told["starts_at"] if told["when"] == "later" else None
    lists.adopt(proposed=one.version, starts_at=starts_at, reason=told["remark"], by=by, at=at)
    if starts_at is None:
        return _("Version %(version)d is live.") % {"version": one.version.version}
    return _("Version %(version)d goes live at its time.") % {"version": one.version.version}


def _send_back(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    lists.send_back(proposed=one.version, remark=told["remark"], by=by, at=at)
    return _("Version %(version)d is a draft again.") % {"version": one.version.version}


def _withdraw(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    lists.withdraw_term(term=one.terms[0], by=by, at=at)
    return _("Taken back: version %(version)d is a proposal again.") % {"version": one.version.version}


def _roll_back(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    lists.roll_back(to=one.version, reason=told["remark"], by=by, at=at)
    return _("Version %(version)d is live again.") % {"version": one.version.version}


def _drop(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    lists.drop(draft=one.version, remark=told["remark"], by=by, at=at)
    return _("Version %(version)d is given up.") % {"version": one.version.version}


def _catch_up(one: Opened, by: User, at: datetime, told: Mapping[str, Any]) -> str:
    clashes = lists.catch_up(draft=one.version, by=by, at=at)
    if not clashes:
        return _("Taken over; nothing clashed.")
    message = ngettext(
        "Taken over. In %(count)d item the draft's own value stays: %(codes)s.",
        "Taken over. In %(count)d items the draft's own values stay: %(codes)s.",
        len(clashes),
    )
    return message % {"count": len(clashes), "codes": _(", ").join(clashes[:5])}


STEPS: dict[str, Step] = {
    "propose": Step(
        STEP_TITLES["propose"],
        gettext_lazy("It stands still from then on; another steward of the district decides on it."),
        "send",
        RemarkForm,
        _propose,
    ),
    "adopt": Step(
        STEP_TITLES["adopt"],
        gettext_lazy("New cases are decided by it from then on. Open cases stay with whom they are."),
        "check-circle",
        AdoptForm,
        _adopt,
    ),
    "send-back": Step(
        STEP_TITLES["send-back"],
        gettext_lazy("It is a draft again and can be worked on."),
        "return",
        ReasonForm,
        _send_back,
    ),
    "withdraw": Step(
        STEP_TITLES["withdraw"],
        gettext_lazy("It does not go live then, and is a proposal again."),
        "undo",
        NothingForm,
        _withdraw,
    ),
    "roll-back": Step(
        STEP_TITLES["roll-back"],
        gettext_lazy("It decides again, at once. Open cases stay with whom they are."),
        "history",
        ReasonForm,
        _roll_back,
        is_grave=True,
    ),
    "drop": Step(
        STEP_TITLES["drop"],
        gettext_lazy("It can still be read. Nothing in it will ever decide."),
        "trash",
        RemarkForm,
        _drop,
        is_grave=True,
    ),
    "catch-up": Step(
        STEP_TITLES["catch-up"],
        gettext_lazy("What the draft changes itself stays as the draft has it."),
        "merge",
        NothingForm,
        _catch_up,
    ),
}
