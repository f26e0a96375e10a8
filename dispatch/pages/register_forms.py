"""What a keeper of the registers fills in. The rules are those of a sheet."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.audit.reasons import REASON_MOST
from dispatch.edition import edition
from dispatch.registers.runs import BYTES_MOST
from grids.locate import geography
from grids.models import Area, Facility, NamedPlace
from grids.place_rules import NAME_LEAST, aliases_of, numbers_of


class ImportFileForm(forms.Form):
    """A sheet."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        max_length=500,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".xlsx,.xlsm,.csv,.txt"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > BYTES_MOST:
            told = {"most": BYTES_MOST >> 20}
            raise forms.ValidationError(_("The file is larger than %(most)d MB.") % told, code="file_size")
        return file


class PeopleFileForm(ImportFileForm):
    """A sheet of people, and why."""

    reason = forms.CharField(
        label=pgettext_lazy("of a deed", "Reason"),
        max_length=REASON_MOST,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=gettext_lazy("It stands in the audit log, with your name."),
    )


def _styled(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        is_select = isinstance(field.widget, forms.Select)
        field.widget.attrs["class"] = "form-select" if is_select else "form-control"


class FacilityForm(forms.ModelForm):
    """One facility."""

    class Meta:
        model = Facility
        fields = ("code", "kind", "owner_code", "lon", "lat", "plate")
        labels = {
            "code": gettext_lazy("Code"),
            "kind": gettext_lazy("Kind"),
            "owner_code": pgettext_lazy("of a facility", "Owner"),
            "lon": gettext_lazy("Longitude (WGS-84)"),
            "lat": gettext_lazy("Latitude (WGS-84)"),
            "plate": gettext_lazy("Plate"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = edition().names.units
        owners = sorted((names[code][0], code) for code in edition().units.codes if code in names)
        choices = [("private", _("a private owner")), ("unknown", _("nobody known"))]
        self.fields["owner_code"].widget = forms.Select(
            choices=[*choices, *((code, name) for name, code in owners)]
        )
        if self.instance.pk:
            self.fields["code"].disabled = True  # sheets update by it
        _styled(self)

    def clean_code(self) -> str:
        return self._one_line("code")

    def clean_plate(self) -> str:
        return self._one_line("plate")

    def _one_line(self, field: str) -> str:
        told: str = self.cleaned_data[field]
        if len(told.splitlines()) > 1:
            message = _("This must be one line: take out the line break.")
            raise forms.ValidationError(message, code="line_break")
        return told

    def clean_owner_code(self) -> str:
        code: str = self.cleaned_data["owner_code"]
        if code not in ("private", "unknown") and code not in edition().units.codes:
            raise forms.ValidationError(_("No unit is called so, or several are."), code="unknown")
        return code

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        lon, lat = told.get("lon"), told.get("lat")
        if lon is not None and lat is not None and not (-180 <= lon <= 180 and -90 <= lat <= 90):
            self.add_error(
                "lat", forms.ValidationError(_("Longitude and latitude look swapped."), code="swapped")
            )
        return told


class PlaceForm(forms.ModelForm):
    """One name of a place."""

    class Meta:
        model = NamedPlace
        fields = ("code", "name", "kind", "area", "aliases", "former_names", "numbers", "lon", "lat")
        labels = {
            "code": gettext_lazy("Code"),
            "name": pgettext_lazy("of a place", "Name"),
            "kind": gettext_lazy("Kind"),
            "area": gettext_lazy("Community or street"),
            "aliases": gettext_lazy("Other names"),
            "former_names": gettext_lazy("Names of before"),
            "numbers": gettext_lazy("House numbers here"),
            "lon": gettext_lazy("Longitude (WGS-84)"),
            "lat": gettext_lazy("Latitude (WGS-84)"),
        }
        help_texts = {
            "aliases": gettext_lazy("Several are separated by a comma."),
            "numbers": gettext_lazy("Of a road: 1-199, or 1-199 odd."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"] = forms.ModelChoiceField(
            Area.objects.without_polygons()
            .in_use()
            .filter(kind__in=(Area.Kind.STREET, Area.Kind.COMMUNITY))
            .order_by("code"),
            label=self.fields["area"].label,
        )
        self.fields["area"].label_from_instance = _area_label  # type: ignore[attr-defined]
        if self.instance.pk:
            self.fields["code"].disabled = True
        _styled(self)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if len(name) < NAME_LEAST:
            raise forms.ValidationError(_too_short(), code="min_length")
        return name

    def clean_aliases(self) -> str:
        return self._names("aliases")

    def clean_former_names(self) -> str:
        return self._names("former_names")

    def _names(self, field: str) -> str:
        names = aliases_of(self.cleaned_data[field])
        if any(len(name) < NAME_LEAST for name in names.split("|") if name):
            raise forms.ValidationError(_too_short(), code="min_length")
        return names

    def clean_numbers(self) -> str:
        told: str = self.cleaned_data["numbers"]
        numbers = numbers_of(told) if told else ""
        if numbers is None:
            raise forms.ValidationError(_("House numbers are written as 1-199 or 1-199 odd."), code="invalid")
        return numbers

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        lon, lat = told.get("lon"), told.get("lat")
        if (lon is None) != (lat is None):
            message = _("Longitude and latitude belong together.")
            self.add_error("lon" if lon is None else "lat", forms.ValidationError(message, code="half"))
        elif lon is not None and lat is not None and not (-180 <= lon <= 180 and -90 <= lat <= 90):
            self.add_error(
                "lat", forms.ValidationError(_("Longitude and latitude look swapped."), code="swapped")
            )
        return told


def _too_short() -> str:
    return _("At least %(least)d characters: shorter ones are everyday words.") % {"least": NAME_LEAST}


def _area_label(area: Area) -> str:
    street = (
        geography().names.get(area.parent_id or "", ("", ""))[0] if area.kind == Area.Kind.COMMUNITY else ""
    )
    return f"{street} · {area.name}" if street else area.name
