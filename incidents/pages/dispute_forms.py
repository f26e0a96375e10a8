"""What is typed about a dispute: an objection, and the ruling."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit
from incidents import citing
from incidents.cases import TEXT_MAX
from incidents.models import Adjudication, Incident
from incidents.pages.choices import Choice, Reader
from incidents.pages.forms import ActionForm, ReturnForm, UnitField, text_area

OTHER = "other"


class ObjectForm(ReturnForm):
    """异议: why it is not ours, what it cites, whose job it is."""

    @property
    def note(self) -> str:
        return _(
            "Work first, decide after: the case stays with you and its clocks run on until the ruling. "
            "You can object once."
        )


def ways(incident: Incident, dispute: Adjudication) -> list[Choice]:
    """Whom a ruling may name at one tap: the units that it is between, each under the item that speaks for
    it, and the disputed item's own unit."""
    reader = Reader(incident)
    disputed = dispute.disputed.item_code
    by_list = reader.by_item(disputed)
    codes = [dispute.disputed.unit_id, dispute.proposed_unit_id, *dispute.parties]
    codes.append(by_list.unit if by_list else None)
    named = [code for code in dict.fromkeys(codes) if code]
    units = OrgUnit.objects.open().in_bulk(named)
    cited = citing.items_in(dispute.cites)
    found = []
    for code in named:
        items = [disputed, *cited] if code == dispute.disputed.unit_id else [*cited, disputed]
        way = _way(reader, units[code], items) if code in units else None
        if way is not None:
            found.append(way)
    return found


def _way(reader: Reader, unit: OrgUnit, items: list[str]) -> Choice | None:
    """Under the first of these items that the list gives to the unit here; else under one of its own."""
    for code in items:
        choice = reader.by_item(code)
        if choice is not None and choice.unit == unit.code:
            return choice
    return reader.by_unit(unit)


class RuleForm(ActionForm):
    """裁定: one of the units that it is between, or any other, by an item of the list; and why."""

    choice = forms.ChoiceField(label=gettext_lazy("Whose job it is"), widget=forms.RadioSelect)
    unit_code = UnitField(
        label=gettext_lazy("Another unit"), required=False, empty_label=gettext_lazy("The item's own unit")
    )
    item_code = forms.CharField(
        label=gettext_lazy("By this item of the list"),
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "placeholder": "0204-001"}),
    )
    ruling = forms.CharField(
        label=gettext_lazy("Ruling"),
        max_length=TEXT_MAX,
        widget=text_area(),
        help_text=gettext_lazy("Why it is their job. The units read this."),
    )

    field_order = ("choice", "unit_code", "item_code", "ruling")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dispute = (
            self.incident.adjudications.open().select_related("disputed__unit").first()
            if self.incident is not None
            else None
        )
        self.ways = ways(self.incident, dispute) if dispute is not None else []
        field: Any = self.fields["choice"]
        field.choices = [
            *((f"{way.item}@{way.unit}", way.unit_name) for way in self.ways),
            (OTHER, _("Another unit")),
        ]
        self.fields["unit_code"].queryset = OrgUnit.objects.open().exclude(  # type: ignore[attr-defined]
            kind=OrgUnit.Kind.DISTRICT
        )

    @property
    def note(self) -> str:
        return _("The work starts there at once: it counts as accepted, and cannot be returned again.")

    def rows(self) -> list[dict[str, Any]]:
        """Each way with its radio, and what speaks for it."""
        radios: Any = list(self["choice"])
        return [{"radio": radio, "way": way} for radio, way in zip(radios, [*self.ways, None], strict=True)]

    def chosen(self) -> tuple[str, str]:
        """(item, unit) of the way that was ticked; empty where the list or the disputed item decides."""
        choice = self.cleaned_data["choice"]
        if choice != OTHER:
            item, _at, unit = choice.partition("@")
            return item, unit
        unit = self.cleaned_data["unit_code"]
        return self.cleaned_data["item_code"].strip(), unit.code if unit else ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        other = cleaned.get("choice") == OTHER
        if other and not cleaned.get("unit_code") and not (cleaned.get("item_code") or "").strip():
            self.add_error("unit_code", _("Name the unit or the item."))
        return cleaned
