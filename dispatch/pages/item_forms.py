"""What a steward types into an item: fields that read names and numbers, checked by the item's own rules."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.deadlines import Limit
from dispatch.editing import CODE_MOST, WHY_MOST
from dispatch.item_rules import FIELDS, LISTS, LONGEST_TEXT, Problem, known, problems_of
from dispatch.models import Category
from dispatch.pages.naming import FIELD_NAMES, UnitNames, shown
from dispatch.vocabulary import Level, PlaceType, Source, Urgency

Values = dict[str, Any]
_DASHES = re.compile(r"\s*[-~–—～至到]+\s*")
# Units' English names have commas in them.
_BETWEEN_UNITS = re.compile(r"[\n|、;；]+")
_BETWEEN_WORDS = re.compile(r"[\n|、，,;；]+")
_TEXT = {"class": "form-control", "autocomplete": "off"}


class WordsField(forms.CharField):
    """Short words or units: one to a line, or with bars between them."""

    def __init__(self, between: re.Pattern[str], **kwargs: Any) -> None:
        self.between = between
        attrs = {"class": "form-control", "rows": 2, "data-chips": "", "autocomplete": "off"}
        super().__init__(required=False, max_length=20_000, widget=forms.Textarea(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Any:
        text: str = super().clean(value)
        return [word for word in (part.strip() for part in self.between.split(text)) if word]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class HoursField(forms.CharField):
    """A stretch of the day, however its dash and its colons were typed."""

    def to_python(self, value: Any) -> str:
        return _DASHES.sub("-", unicodedata.normalize("NFKC", super().to_python(value) or ""))


class LimitWidget(forms.MultiWidget):
    """A number, and what it counts."""

    def __init__(self) -> None:
        number = forms.NumberInput(
            attrs={**_TEXT, "min": 1, "aria-label": _("How many"), "inputmode": "numeric"}
        )
        unit = forms.Select(attrs={"class": "form-select", "aria-label": _("of what")}, choices=LIMIT_UNITS)
        super().__init__({"number": number, "unit": unit})

    def decompress(self, value: Any) -> list[Any]:
        try:
            limit = Limit.parse(value or "")
        except ValueError:
            return [None, "wd"]
        return [limit.amount, limit.unit]


class LimitField(forms.MultiValueField):
    """A limit in the list's own spelling."""

    widget = LimitWidget

    def __init__(self, **kwargs: Any) -> None:
        fields = (forms.CharField(max_length=6), forms.ChoiceField(choices=LIMIT_UNITS))
        super().__init__(fields, required=False, require_all_fields=False, **kwargs)

    def compress(self, data_list: Any) -> str:
        number, unit = data_list or ("", "")
        return f"{unicodedata.normalize('NFKC', number).strip()}{unit}" if number else ""


LIMIT_UNITS: tuple[tuple[str, str | Promise], ...] = (
    ("h", _("hours")),
    ("wh", _("working hours")),
    ("wd", _("working days")),
    ("m", _("minutes")),
    ("wm", _("working minutes")),
)


def _line(**attrs: Any) -> forms.CharField:
    return forms.CharField(required=False, max_length=500, widget=forms.TextInput(attrs={**_TEXT, **attrs}))


def _lines(rows: int = 2) -> forms.CharField:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": rows, "autocomplete": "off"})
    return forms.CharField(required=False, max_length=LONGEST_TEXT, widget=widget)


def _minutes() -> forms.IntegerField:
    attrs = {**_TEXT, "min": 1, "inputmode": "numeric"}
    return forms.IntegerField(required=False, widget=forms.NumberInput(attrs=attrs))


def _one_of(kind: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=kind.choices, widget=forms.Select(attrs={"class": "form-select"}))


def _some_of(kind: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class ItemForm(forms.Form):
    """One item. Which of it is wrong is said by dispatch.item_rules, as it is to a file."""

    matter_zh = _line(lang="zh")
    filing_condition_zh = _lines()
    closing_condition_zh = _lines()
    keywords = WordsField(_BETWEEN_WORDS)
    owners = WordsField(_BETWEEN_UNITS)
    place_types = _some_of(PlaceType)
    sources = _some_of(Source)
    hours = HoursField(
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": "22:00-06:00"}),
    )
    lead_unit = _line(list="unit-names")
    support_units = WordsField(_BETWEEN_UNITS)
    follow_up_unit = _line(list="unit-names")
    supervising_unit = _line(list="unit-names")
    level = _one_of(Level)
    urgency = _one_of(Urgency)
    dispatch_minutes = _minutes()
    accept_minutes = _minutes()
    handle_limit = LimitField()
    legal_basis = _lines()
    why = forms.CharField(max_length=WHY_MOST, widget=forms.TextInput(attrs={**_TEXT, "maxlength": WHY_MOST}))
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        units: UnitNames,
        fixed: Mapping[str, str] | None = None,
        base: Values | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.units = units
        # The code of the rule by which a change was refused as a whole.
        self.refused = ""
        # The code and the category of an item that is there already.
        self._fixed = dict(fixed or {})
        self.base = base
        for name, one in self.fields.items():
            if name in FIELD_NAMES:
                one.label = str(FIELD_NAMES[name])
        for name, offered in (("keywords", ""), ("owners", "owner-names"), ("support_units", "unit-names")):
            self.fields[name].widget.attrs["data-chips"] = offered
        if "code" in self._fixed:
            self.order_fields(FIELDS)

    @classmethod
    def initial_of(cls, values: Values, units: UnitNames) -> Values:
        """An item's values as the form shows them."""
        told = dict(values)
        for name in ("lead_unit", "follow_up_unit", "supervising_unit"):
            told[name] = units.label(values[name])
        for name in ("owners", "support_units"):
            told[name] = [units.label(code) for code in values[name]]
        return told

    def values(self) -> Values:
        """The item as it is meant, whether it can stand or not."""
        told: Values = dict.fromkeys(FIELDS, "") | {name: [] for name in LISTS} | dict(self._fixed)
        for name in FIELDS:
            if name in self.cleaned_data:
                told[name] = self.cleaned_data[name]
            elif name in self.fields and name in ("dispatch_minutes", "accept_minutes"):
                told[name] = None
        for name in ("lead_unit", "follow_up_unit", "supervising_unit"):
            told[name] = self.units.code(told[name])
        for name in ("owners", "support_units"):
            told[name] = self.units.codes(told[name])
        return told

    def clean(self) -> Values:
        cleaned: Values = super().clean() or {}
        told = self.values()
        needs_code = "code" not in self._fixed and not told["code"]
        for problem in problems_of({**told, "code": told["code"] or "new"} if needs_code else told, known()):
            self.complain(problem)
        return cleaned

    def complain(self, problem: Problem) -> None:
        """Say at its field what is wrong, once."""
        name = problem.field if problem.field in self.fields else None
        if name is None or name not in self.errors:
            self.add_error(name, problem.message)


class AddForm(ItemForm):
    """A new item: its category, and its code where it is given."""

    code = forms.CharField(
        required=False,
        max_length=CODE_MOST,
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": _("the next free number")}),
    )
    category = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "form-select"}))
    field_order = ("category", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["category"]
        choices.choices = [("", "—"), *category_choices(Category.objects.in_use().order_by("code"))]


def category_choices(categories: Iterable[Category]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The categories by domain, as a select shows them."""
    domains: dict[str, list[tuple[str, str]]] = {}
    for one in categories:
        domains.setdefault(one.domain, []).append((one.code, f"{one.code} {one.name}"))
    return list(domains.items())


@dataclass(frozen=True, slots=True)
class Told:
    """A field beside its form control: what changed against the version before, and what is wrong."""

    name: str
    label: str | Promise
    now: Sequence[str] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    is_changed: bool = False
    errors: Sequence[str] = ()
    bound: Any = field(default=None)
    # What it was in the version before; None where there is no such item.
    before: Sequence[str] | None = None

    @property
    def is_single(self) -> bool:
        """Does the field hold one value, not several words?"""
        return self.name not in LISTS

    @property
    def before_json(self) -> str:
        """The words before, for the script that marks what is typed; "" for none."""
        return "" if self.before is None else json.dumps(list(self.before), ensure_ascii=False)


def told(
    name: str,
    values: Values | None,
    base: Values | None,
    units: UnitNames,
    *,
    form: forms.Form | None = None,
) -> Told:
    """What is to be said about one field. Nothing counts as changed in an item that is new as a whole."""
    now = shown(name, values[name], units) if values else []
    before = shown(name, base[name], units) if base else []
    is_changed = bool(base and values and base[name] != values[name] and (base[name] or values[name]))
    return Told(
        name=name,
        label=FIELD_NAMES[name],
        now=now,
        added=[word for word in now if word not in before] if is_changed else (),
        removed=[word for word in before if word not in now] if is_changed else (),
        is_changed=is_changed,
        errors=[str(error) for error in form.errors.get(name, ())]
        if form is not None and form.is_bound
        else (),
        bound=form[name] if form is not None and name in form.fields else None,
        before=before if base else None,
    )
