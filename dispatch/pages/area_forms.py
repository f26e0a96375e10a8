"""What is filled in about the district's areas: a file of them, and one area's names."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from dispatch.registers.areas import BYTES_MOST
from grids.coordinates import SYSTEMS
from grids.locate import geography
from grids.models import Area
from grids.outlines import NAME_EN_MOST, NAME_MOST

_TEXT = {"class": "form-control", "autocomplete": "off"}


class MapFileForm(forms.Form):
    """A GeoJSON file, in which degrees, and whether what it lacks is gone."""

    file = forms.FileField(
        label=gettext_lazy("GeoJSON file"),
        max_length=500,
        widget=forms.FileInput(
            attrs={"class": "form-control", "accept": ".geojson,.json,application/geo+json"}
        ),
    )
    crs = forms.ChoiceField(
        label=gettext_lazy("Coordinate system"),
        choices=[(system, system) for system in SYSTEMS],
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=gettext_lazy("Maps of the nation's services are in GCJ-02, Baidu's in BD-09."),
    )
    whole_of = forms.ChoiceField(
        label=gettext_lazy("The file holds"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=gettext_lazy(
            "Everything of an area: what the map has there on the file's levels, and it lacks, is retired."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas, english = geography(), (get_language() or "").startswith("en")
        codes = [*([areas.district] if areas.district else []), *areas.in_use(Area.Kind.STREET)]
        whole = [(code, _("everything of %(area)s") % {"area": areas.names[code][english]}) for code in codes]
        field = self.fields["whole_of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("what is new or changed; nothing goes")), *whole]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > BYTES_MOST:
            told = {"most": BYTES_MOST >> 20}
            raise forms.ValidationError(_("The file is larger than %(most)d MB.") % told, code="file_size")
        return file


class AreaNamesForm(forms.Form):
    """What an area is called; `was` is what it was called when the form was opened."""

    name_zh = forms.CharField(
        label=pgettext_lazy("area", "Name in Chinese"),
        max_length=NAME_MOST,
        widget=forms.TextInput(attrs=_TEXT),
    )
    name_en = forms.CharField(
        label=pgettext_lazy("area", "Name in English"),
        max_length=NAME_EN_MOST,
        required=False,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("Empty: the Chinese name in Latin letters."),
    )
    was_zh = forms.CharField(max_length=NAME_MOST, strip=False, widget=forms.HiddenInput)
    was_en = forms.CharField(max_length=NAME_EN_MOST, strip=False, widget=forms.HiddenInput)

    def __init__(self, area: Area, data: QueryDict | None) -> None:
        names = {"name_zh": area.name_zh, "name_en": area.name_en}
        was = {"was_zh": area.name_zh, "was_en": area.name_en}
        super().__init__(data, initial=names | was)

    def clean_name_zh(self) -> str:
        return self._one_line("name_zh")

    def clean_name_en(self) -> str:
        return self._one_line("name_en")

    def _one_line(self, field: str) -> str:
        told: str = self.cleaned_data[field]
        if len(told.splitlines()) > 1:
            message = _("This must be one line: take out the line break.")
            raise forms.ValidationError(message, code="line_break")
        return told
