"""What a steward says about a spreadsheet: the file, what its columns are, and why it is imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dispatch.editing import WHY_MOST
from dispatch.item_rules import FIELDS, MINUTES_MOST
from dispatch.models import ResponsibilityList
from dispatch.pages.item_forms import LIMIT_UNITS
from dispatch.pages.naming import FIELD_NAMES, UnitNames
from dispatch.spreadsheets.columns import Heading, repeated
from dispatch.spreadsheets.grid import FILE_MOST, Grid, column_letter
from dispatch.vocabulary import Level, Urgency

SAMPLES = 3
_CONTROL = {"class": "form-control", "autocomplete": "off"}
_SELECT = {"class": "form-select"}


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        max_length=500,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".xlsx,.xlsm,.csv,.txt"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > FILE_MOST:
            told = {"most": FILE_MOST // 1024 // 1024}
            raise forms.ValidationError(_("The file is larger than %(most)d MB.") % told, code="file_size")
        return file


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet as the mapping screen shows it."""

    letter: str
    label: str
    samples: Sequence[str]
    field: forms.BoundField


class ColumnsForm(forms.Form):
    """One choice per column, what new items get where the sheet says nothing, and where it goes."""

    days_are_working = forms.BooleanField(
        required=False,
        label=gettext_lazy("Days (天, 日) mean working days"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    supervising_unit = forms.ChoiceField(
        label=gettext_lazy("Supervised by"), widget=forms.Select(attrs=_SELECT)
    )
    level = forms.ChoiceField(
        label=pgettext_lazy("of handling", "Level"), choices=Level.choices, widget=forms.Select(attrs=_SELECT)
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Urgency"), choices=Urgency.choices, widget=forms.Select(attrs=_SELECT)
    )
    dispatch_minutes = forms.IntegerField(
        label=gettext_lazy("Dispatch within (minutes)"),
        min_value=1,
        max_value=MINUTES_MOST,
        widget=forms.NumberInput(attrs=_CONTROL),
    )
    accept_minutes = forms.IntegerField(
        label=gettext_lazy("Accept within (minutes)"),
        min_value=1,
        max_value=MINUTES_MOST,
        widget=forms.NumberInput(attrs=_CONTROL),
    )
    limit_amount = forms.IntegerField(
        label=gettext_lazy("Handle within"),
        min_value=1,
        max_value=9_999,
        widget=forms.NumberInput(attrs=_CONTROL),
    )
    limit_unit = forms.ChoiceField(
        label=gettext_lazy("of what"), choices=LIMIT_UNITS, widget=forms.Select(attrs=_SELECT)
    )
    target = forms.ChoiceField(
        required=False, label=gettext_lazy("Goes into"), widget=forms.Select(attrs=_SELECT)
    )
    title = forms.CharField(
        required=False,
        max_length=120,
        label=gettext_lazy("Name of the new draft"),
        widget=forms.TextInput(attrs=_CONTROL),
    )

    def __init__(
        self,
        *args: Any,
        grid: Grid,
        heading: Heading,
        drafts: Sequence[ResponsibilityList],
        units: UnitNames,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.heading, self.drafts = heading, drafts
        self._choose(
            "supervising_unit", [(code, label) for code, label in units.labels.items() if "/" not in code]
        )
        self._choose(
            "target",
            [
                ("", _("a new draft of what is live")),
                *((str(one.version), f"{one.version} · {one.title}") for one in drafts),
            ],
        )
        told = [("", _("— not imported —")), *((name, str(FIELD_NAMES[name])) for name in FIELDS)]
        below = [line for line in grid if line.number > heading.last and line.number not in grid.bands]
        self._samples: dict[int, list[str]] = {}
        for column, label in enumerate(heading.labels):
            samples = list(dict.fromkeys(line[column] for line in below if line[column]))[:SAMPLES]
            if label or samples:
                self._samples[column] = samples
                self.fields[f"column_{column}"] = forms.ChoiceField(
                    required=False,
                    choices=told,
                    label=label or _("Column %(letter)s") % {"letter": column_letter(column)},
                    widget=forms.Select(attrs=_SELECT),
                )

    @property
    def columns(self) -> list[Column]:
        return [
            Column(column_letter(column), self.heading.labels[column], samples, self[f"column_{column}"])
            for column, samples in self._samples.items()
        ]

    @property
    def defaults(self) -> list[forms.BoundField]:
        names = ("supervising_unit", "level", "urgency", "dispatch_minutes", "accept_minutes")
        return [self[name] for name in names]

    @property
    def mapping(self) -> dict[int, str]:
        """Column → field, as chosen."""
        return {
            column: self.cleaned_data[f"column_{column}"]
            for column in self._samples
            if self.cleaned_data.get(f"column_{column}")
        }

    @property
    def options(self) -> dict[str, Any]:
        told = self.cleaned_data
        names = ("supervising_unit", "level", "urgency", "dispatch_minutes", "accept_minutes")
        limit = f"{told['limit_amount']}{told['limit_unit']}"
        return {
            "days_are_working": told["days_are_working"],
            "defaults": {**{name: told[name] for name in names}, "handle_limit": limit},
        }

    @property
    def chosen(self) -> ResponsibilityList | None:
        """The draft that it goes into; None for a new one."""
        return next((one for one in self.drafts if str(one.version) == self.cleaned_data["target"]), None)

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if self.errors:
            return told
        for name in repeated(self.mapping):
            message = _("Two columns are said to be “%(field)s”: only one can be.")
            self._blame(name, message % {"field": FIELD_NAMES[name]})
        if not {"code", "matter_zh"} & set(self.mapping.values()):
            message = _("One column has to be the code or the name of the items.")
            self.add_error(None, forms.ValidationError(message, code="columns"))
        if not told.get("target") and not (told.get("title") or "").strip():
            self.add_error(
                "title", forms.ValidationError(_("Say what the new draft is called."), code="title")
            )
        return told

    def _blame(self, field: str, message: str) -> None:
        """The last column that says so: the first one may well be right."""
        last = max(column for column, name in self.mapping.items() if name == field)
        self.add_error(f"column_{last}", forms.ValidationError(message, code="repeated"))

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def initial_of(mapping: Mapping[int, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """A ColumnsForm's initial values from a mapping and its options, remembered or suggested."""
    defaults = dict(options.get("defaults", {}))
    limit = defaults.pop("handle_limit")
    number = "".join(sign for sign in limit if sign.isdigit())
    return {
        **{f"column_{column}": name for column, name in mapping.items()},
        **defaults,
        "limit_amount": number,
        "limit_unit": limit.removeprefix(number),
        "days_are_working": options.get("days_are_working", False),
    }


class ApplyForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=WHY_MOST,
        widget=forms.TextInput(attrs={**_CONTROL, "maxlength": WHY_MOST}),
        help_text=gettext_lazy("Stands with every change in the history, beside the file's name."),
    )
    remove_missing = forms.BooleanField(
        required=False,
        label=gettext_lazy("Take out what the file lacks"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
