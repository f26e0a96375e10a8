"""What is typed into a brief: three problems, what came of the last advice, a decision, what is coming."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import OrgUnit
from dashboards.briefs import acting, keeping, wording
from dashboards.briefs.acting import FollowedSaid, ProblemSaid
from dashboards.briefs.measuring import Measure
from dashboards.indicators import BY_CODE
from dashboards.models import BriefEntry
from dashboards.scope import Names
from incidents.pages.forms import text_area
from incidents.pages.widgets import UnitSelect

Kind, State = BriefEntry.Kind, BriefEntry.State
_SELECT = {"class": "form-select"}
_INPUT = {"class": "form-control"}


class WordsForm(forms.Form):
    """The working copy of a brief; one field for each thing on the page."""

    decision = forms.CharField(
        label=pgettext_lazy("brief", "Decision asked for"),
        required=False,
        max_length=acting.DECISION_MOST,
        widget=text_area(2),
        help_text=gettext_lazy("One thing that the reader can say yes or no to, with who does it by when."),
    )
    outlook = forms.CharField(
        label=pgettext_lazy("brief", "What is coming"),
        required=False,
        max_length=acting.DECISION_MOST,
        widget=text_area(2),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        entries: Sequence[BriefEntry],
        offers: Sequence[tuple[str, str]],
        version: int,
    ) -> None:
        self.problems = [entry for entry in entries if entry.kind == Kind.PROBLEM]
        self.owed = [entry for entry in entries if entry.kind == Kind.FOLLOWED]
        super().__init__(data, initial=self._initial(entries, version))
        units = [(unit.code, unit.name) for unit in OrgUnit.objects.open().order_by("path")]
        for number in range(keeping.PROBLEMS_MOST):
            self._add_problem(number, units, offers)
        for number, _entry in enumerate(self.owed):
            self.fields[f"followed-{number}-state"] = forms.ChoiceField(
                label=gettext_lazy("How far it has come"),
                choices=State.choices,
                widget=forms.Select(attrs=_SELECT),
            )
            self.fields[f"followed-{number}-words"] = _line(
                pgettext_lazy("brief", "In words"), acting.WORDS_MOST
            )

    def _add_problem(
        self, number: int, units: Iterable[tuple[str, str]], offers: Iterable[tuple[str, str]]
    ) -> None:
        head = f"problem-{number}"
        self.fields[f"{head}-words"] = _line(pgettext_lazy("brief", "Problem"), acting.TITLE_MOST)
        self.fields[f"{head}-measure"] = forms.ChoiceField(
            label=gettext_lazy("Measured by"),
            choices=[("", "—"), *offers],
            required=False,
            widget=forms.Select(attrs=_SELECT),
        )
        self.fields[f"{head}-cause"] = _line(pgettext_lazy("brief", "Cause"), acting.WORDS_MOST)
        self.fields[f"{head}-advice"] = _line(pgettext_lazy("brief", "Advice"), acting.WORDS_MOST)
        self.fields[f"{head}-unit"] = forms.ChoiceField(
            label=gettext_lazy("Who answers for it"),
            choices=[("", "—"), *units],
            required=False,
            widget=UnitSelect(attrs=_SELECT),
        )
        self.fields[f"{head}-due"] = forms.DateField(
            label=pgettext_lazy("brief", "By when"),
            required=False,
            widget=forms.DateInput(attrs={**_INPUT, "type": "date"}, format="%Y-%m-%d"),
        )

    def _initial(self, entries: Sequence[BriefEntry], version: int) -> dict[str, Any]:
        found: dict[str, Any] = {"seen": version}
        for number, entry in enumerate(self.problems):
            measure = keeping.measure_of(entry)
            found |= {
                f"problem-{number}-words": _body(entry.words),
                f"problem-{number}-cause": _body(entry.cause),
                f"problem-{number}-advice": _body(entry.advice),
                f"problem-{number}-unit": entry.unit_id or "",
                f"problem-{number}-due": entry.due,
                f"problem-{number}-measure": measure.key if measure else "",
            }
        for number, entry in enumerate(self.owed):
            found |= {
                f"followed-{number}-state": entry.state,
                f"followed-{number}-words": _body(entry.words),
            }
        for entry in entries:
            if entry.kind in (Kind.DECISION, Kind.OUTLOOK):
                found[entry.kind] = _body(entry.words)
        return found

    @property
    def problem_fields(self) -> list[list[forms.BoundField]]:
        """The fields of each problem, in their order."""
        names = ("words", "measure", "cause", "advice", "unit", "due")
        return [
            [self[f"problem-{number}-{name}"] for name in names] for number in range(keeping.PROBLEMS_MOST)
        ]

    @property
    def followed_fields(self) -> list[dict[str, Any]]:
        """What is followed up, with its fields."""
        return [
            {
                "name": wording.name_of_problem(entry.follows) if entry.follows else "",
                "advice": _body(entry.follows.advice) if entry.follows else "",
                "fields": [self[f"followed-{number}-state"], self[f"followed-{number}-words"]],
            }
            for number, entry in enumerate(self.owed)
        ]

    def said(self) -> dict[str, Any]:
        """What `acting.write` takes."""
        told = self.cleaned_data
        return {
            "problems": [
                ProblemSaid(
                    words=told.get(f"problem-{number}-words") or "",
                    cause=told.get(f"problem-{number}-cause") or "",
                    advice=told.get(f"problem-{number}-advice") or "",
                    unit=told.get(f"problem-{number}-unit") or "",
                    due=told.get(f"problem-{number}-due"),
                    measure=told.get(f"problem-{number}-measure") or "",
                )
                for number in range(keeping.PROBLEMS_MOST)
            ],
            "followed": [
                FollowedSaid(
                    follows=entry.follows_id or 0,
                    state=told[f"followed-{number}-state"],
                    words=told.get(f"followed-{number}-words", ""),
                )
                for number, entry in enumerate(self.owed)
            ],
            "decision": told["decision"],
            "outlook": told["outlook"],
            "seen": told["seen"],
        }


class RevisionForm(forms.Form):
    """Why a correction is issued."""

    words = forms.CharField(
        label=gettext_lazy("What is corrected"), max_length=acting.NOTE_MOST, widget=text_area(2)
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)


def _line(label: Any, most: int) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=most, widget=forms.TextInput(attrs=_INPUT))


def _body(text: Any) -> str:
    return "" if text is None or text.erased_at else text.body


def offers_of(measures: Sequence[Measure], entries: Sequence[BriefEntry]) -> list[tuple[str, str]]:
    """The measures that a problem can be given: what the rules found, and what is chosen already."""
    names = Names()
    chosen = [keeping.measure_of(entry) for entry in entries if entry.kind == Kind.PROBLEM]
    found = {one.key: one for one in (*measures, *(one for one in chosen if one is not None))}
    return [(key, name_of(one, names)) for key, one in found.items()]


def name_of(measure: Measure, names: Names) -> str:
    """A measure as a choice of a list."""
    parts = [
        names.street(measure.street) if measure.street else "",
        names.category(measure.category) if measure.category else "",
        str(BY_CODE[measure.indicator].name),
    ]
    return " · ".join(part for part in parts if part)


def range_of_days(form_first: str, form_last: str) -> tuple[date | None, date | None, list[str]]:
    """Days of the archive's filter; what is none is told."""
    found: list[date | None] = []
    strange = []
    for text in (form_first, form_last):
        try:
            found.append(date.fromisoformat(text) if text else None)
        except ValueError:
            strange.append(_("“{text}” is no day.").format(text=text[:20]))
            found.append(None)
    return found[0], found[1], strange
