"""The form that a proposed change of the list starts from: everything in it can be said otherwise."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboards.proposing import LEAD, SPLIT, WORD
from dispatch.editing import WHY_MOST
from dispatch.edition import Edition
from dispatch.explain import Explainer
from dispatch.item_rules import OTHER_OWNERS, Problem
from dispatch.units import AT_COMMUNITY, AT_OWNER, AT_STREET
from dispatch.vocabulary import PlaceType, Source

# Which fields each kind of change asks for; the others stay as they are.
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    LEAD: ("lead_unit",),
    WORD: ("keywords",),
    SPLIT: ("matter_zh", "keywords", "place_types", "owners", "sources", "hours", "lead_unit"),
}


class WordsField(forms.Field):
    """Words between bars, as the list's files have them."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else "|".join(value or ())

    def to_python(self, value: Any) -> list[str]:
        return [word.strip() for word in str(value or "").replace("｜", "|").split("|") if word.strip()]


def _text(**more: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **more})


class DraftForm(forms.Form):
    """What shall be suggested, and why."""

    matter_zh = forms.CharField(label=_("Matter"), max_length=120, widget=_text())
    keywords = WordsField(
        label=_("Words"), required=False, widget=_text(), help_text=_("Between bars: 污水|下水道")
    )
    place_types = forms.MultipleChoiceField(
        label=_("Kinds of place"), required=False, choices=PlaceType.choices, widget=forms.SelectMultiple
    )
    owners = forms.MultipleChoiceField(label=_("Owners of the facility"), required=False)
    sources = forms.MultipleChoiceField(label=_("Sources"), required=False, choices=Source.choices)
    hours = forms.CharField(
        label=_("Time of day"), required=False, widget=_text(placeholder="22:00-06:00"), max_length=11
    )
    lead_unit = forms.ChoiceField(label=_("Unit"))
    why = forms.CharField(
        label=_("Why"), max_length=WHY_MOST, widget=forms.Textarea(attrs={"class": "form-control", "rows": 3})
    )

    def __init__(
        self, *args: Any, kind: str, now: Edition, first_units: tuple[str, ...], **more: Any
    ) -> None:
        """`first_units`: patterns to offer before all units, the proposed one first."""
        super().__init__(*args, **more)
        explain = Explainer(now.names)
        self.fields["lead_unit"].choices = _units(now, explain, first_units)  # type: ignore[attr-defined]
        known = sorted({owner for item in now.index.items.values() for owner in item.owners} | OTHER_OWNERS)
        self.fields["owners"].choices = [(code, explain.unit(code)) for code in known]  # type: ignore[attr-defined]
        for name in list(self.fields):
            if name != "why" and name not in SHOWN[kind]:
                del self.fields[name]
        for name in ("place_types", "owners", "sources"):
            if name in self.fields:
                self.fields[name].widget.attrs.update({"class": "form-select", "size": 5})
        if "lead_unit" in self.fields:
            self.fields["lead_unit"].widget.attrs["class"] = "form-select"

    def take(self, problems: list[Problem]) -> None:
        """Show what the list's rules say, at the field or above the form."""
        for problem in problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)


def _units(now: Edition, explain: Explainer, first: tuple[str, ...]) -> list[tuple[Any, Any]]:
    relative = [
        AT_STREET,
        *(f"{AT_STREET}/{team}" for team in sorted(now.units.teams)),
        AT_COMMUNITY,
        AT_OWNER,
    ]
    return [
        (_("Where they ended up"), [(code, explain.unit(code)) for code in dict.fromkeys(first) if code]),
        (_("By the place or the facility"), [(code, explain.unit(code)) for code in relative]),
        (_("Units"), [(code, explain.unit(code)) for code in sorted(now.units.codes) if "/" not in code]),
    ]
