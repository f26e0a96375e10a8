"""What a person says about a file of reports: whose it is, and what its columns are."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import masking
from dispatch.pages.import_forms import Column
from dispatch.spreadsheets.columns import Heading
from dispatch.spreadsheets.grid import Line, column_letter
from dispatch.vocabulary import Source
from grids.coordinates import BD09, GCJ02, WGS84
from incidents.bulk import imports
from incidents.bulk.fields import FIELD_NAMES, FIELDS
from incidents.errors import InvalidInput

SAMPLES = 3
_SELECT = {"class": "form-select"}
# What people know each system by.
_SYSTEMS = (
    (GCJ02, gettext_lazy("GCJ-02 (Amap, Tencent, most 12345 systems)")),
    (WGS84, gettext_lazy("WGS-84 or CGCS2000 (GPS, surveyors)")),
    (BD09, gettext_lazy("BD-09 (Baidu)")),
)


class BulkFileForm(forms.Form):
    source = forms.ChoiceField(
        label=gettext_lazy("These reports came through"),
        choices=[(one.value, one.label) for one in imports.SOURCES],
        initial=Source.HOTLINE,
        widget=forms.Select(attrs=_SELECT),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=500,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".xlsx,.xlsm,.csv,.txt,.tsv"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > imports.FILE_BYTES_MOST:
            told = {"most": imports.FILE_BYTES_MOST // 1024 // 1024}
            raise forms.ValidationError(_("The file is larger than %(most)d MB.") % told, code="file_size")
        return file


class BulkColumnsForm(forms.Form):
    """One choice per column, and how the cells are meant."""

    crs = forms.ChoiceField(
        label=gettext_lazy("Coordinates, where no column says otherwise"),
        choices=_SYSTEMS,
        widget=forms.Select(attrs=_SELECT),
    )
    leave_out_over = forms.BooleanField(
        required=False,
        label=gettext_lazy("Leave out what is over there already"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, *args: Any, heading: Heading, lines: list[Line], with_people: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._heading = heading
        told = [("", _("— not taken in —")), *((name, str(FIELD_NAMES[name])) for name in FIELDS)]
        below = [line for line in lines if line.number > heading.last and not line.is_band]
        self._samples: dict[int, list[str]] = {}
        for column, label in enumerate(heading.labels):
            samples = list(dict.fromkeys(line[column] for line in below if line[column]))[:SAMPLES]
            if not label and not samples:
                continue
            # Which column names people is only known once somebody has said so.
            self._samples[column] = samples if with_people else [_masked(one) for one in samples]
            self.fields[f"column_{column}"] = forms.ChoiceField(
                required=False,
                choices=told,
                label=label or _("Column %(letter)s") % {"letter": column_letter(column)},
                widget=forms.Select(attrs=_SELECT),
            )

    @property
    def columns(self) -> list[Column]:
        return [
            Column(column_letter(column), self._heading.labels[column], samples, self[f"column_{column}"])
            for column, samples in self._samples.items()
        ]

    @property
    def mapping(self) -> dict[int, str]:
        """Column → field, as chosen."""
        chosen = {column: self.cleaned_data.get(f"column_{column}") for column in self._samples}
        return {column: name for column, name in chosen.items() if name}

    @property
    def options(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("crs", "leave_out_over")}

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if self.errors:
            return told
        names = list(self.mapping.values())
        for name in dict.fromkeys(one for one in names if names.count(one) > 1):
            message = _("Two columns are said to be “%(field)s”: only one can be.")
            # The last column that says so: the first one may well be right.
            last = max(column for column, one in self.mapping.items() if one == name)
            self.add_error(
                f"column_{last}",
                forms.ValidationError(message % {"field": FIELD_NAMES[name]}, code="repeated"),
            )
        if not self.errors:
            try:
                imports.check_columns(self.mapping)
            except InvalidInput as error:
                self.add_error(None, forms.ValidationError(str(error), code=error.code))
        return told


def _masked(cell: str) -> str:
    """A sample for whoever did not send the file: a short cell may be a name."""
    starred = masking.starred(cell)
    return f"{starred[0]}**" if 2 <= len(starred) <= 4 else starred
