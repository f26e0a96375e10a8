"""What is typed into an instruction, a report on one, and the answer to a report."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import OrgUnit, User
from accounts.roles import Role
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from incidents.cases import TEXT_MAX
from incidents.instructing import reach
from incidents.pages.forms import text_area
from incidents.pages.when import InstantField

# What is offered as the time of the report, before anybody has chosen one.
USUAL = Limit.parse("5wd")


class InstructionForm(forms.Form):
    """批示: whose words, to whom, about what, and by when they report."""

    office = forms.ChoiceField(
        label=gettext_lazy("In the name of"), widget=forms.Select(attrs={"class": "form-select"})
    )
    given_by = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Whose instruction"),
        required=False,
        empty_label=gettext_lazy("Choose a leader"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    words = forms.CharField(
        label=gettext_lazy("Instruction"),
        max_length=TEXT_MAX,
        widget=text_area(5),
        help_text=gettext_lazy("Word for word. The units read this."),
    )
    units = forms.MultipleChoiceField(
        label=pgettext_lazy("instruction", "To"), widget=forms.CheckboxSelectMultiple, required=False
    )
    due_at = InstantField(label=gettext_lazy("Report by"))
    case = forms.CharField(
        label=gettext_lazy("About these cases"),
        required=False,
        max_length=1_200,
        widget=forms.TextInput(
            attrs={"class": "form-control", "placeholder": "20260704-000123", "autocomplete": "off"}
        ),
        help_text=gettext_lazy("Case numbers with spaces between them, or none."),
    )

    def __init__(self, *args: Any, user: User, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grants = reach.offices(user)
        known = OrgUnit.objects.in_bulk(list(grants))
        offices: Any = self.fields["office"]
        offices.choices = [(code, known[code].name) for code in grants]
        self.own = {code for code, grant in grants.items() if grant.role == Role.LEADER}
        self.fields["due_at"].initial = due(at, USUAL, work_calendar())
        self.fields["words"].widget.attrs["data-draft"] = "instruction"
        if len(grants) == 1:
            self.fields["office"].widget = forms.HiddenInput()
            self.fields["office"].initial = next(iter(grants))
        leaders: Any = self.fields["given_by"]
        leaders.queryset = _leaders(grants)
        leaders.required = not self.own
        if self.own == set(grants):
            del self.fields["given_by"]
        units: Any = self.fields["units"]
        units.choices = _grouped(known.values())

    def clean_case(self) -> list[str]:
        return list(dict.fromkeys(self.cleaned_data["case"].replace(",", " ").replace("，", " ").split()))

    def groups(self) -> list[dict[str, Any]]:
        """The units by kind and street, those with a chosen one open."""
        chosen = set(self["units"].value() or ())
        choices: Any = self.fields["units"]
        return [
            {
                "name": name,
                "units": [(code, label, code in chosen) for code, label in units],
                "is_open": any(code in chosen for code, _label in units),
            }
            for name, units in choices.choices
        ]


def _leaders(offices: Any) -> Any:
    held = User.objects.filter(memberships__role=Role.LEADER, memberships__unit__in=list(offices))
    return held.filter(is_active=True).distinct().order_by("pk")


def _grouped(offices: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """Departments, enterprises, street offices; then each street's teams and communities."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    seen: dict[str, OrgUnit] = {}
    for office in offices:
        seen |= {unit.code: unit for unit in reach.units_under(office)}
    offices_of = OrgUnit.objects.filter(kind=OrgUnit.Kind.STREET_OFFICE)
    streets = {unit.area_code[:9]: unit.name for unit in offices_of}
    for unit in seen.values():
        inside = unit.kind in (OrgUnit.Kind.STREET_TEAM, OrgUnit.Kind.COMMUNITY_STATION)
        street = streets.get(unit.area_code[:9]) if inside else None
        found[street or str(OrgUnit.Kind(unit.kind).label)].append((unit.code, unit.name))
    # The district's own first, then street by street, each with its office.
    order = [str(label) for label in OrgUnit.Kind.labels]
    return sorted(found.items(), key=lambda group: order.index(group[0]) if group[0] in order else len(order))


class ReportForm(forms.Form):
    """反馈: what has been done."""

    text = forms.CharField(
        label=gettext_lazy("What has been done"),
        max_length=TEXT_MAX,
        widget=text_area(4),
        help_text=gettext_lazy("The leader reads this."),
    )


class JudgeForm(forms.Form):
    """Accept a report, or say what is missing and by when it is reported again."""

    accepted = forms.TypedChoiceField(
        label=gettext_lazy("Answer to the report"),
        choices=[
            ("yes", pgettext_lazy("instruction", "Accept")),
            ("no", pgettext_lazy("instruction", "Send back")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    remark = forms.CharField(
        label=gettext_lazy("What is missing"), max_length=TEXT_MAX, widget=text_area(2), required=False
    )
    due_at = InstantField(label=gettext_lazy("Report again by"), required=False)

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_at"].initial = due(at, Limit.parse("2wd"), work_calendar())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("accepted") is False:
            if not cleaned.get("remark", "").strip():
                self.add_error("remark", _("Say what is missing."))
            if cleaned.get("due_at") is None and "due_at" not in self.errors:
                self.add_error("due_at", _("Say by when it reports again."))
        return cleaned


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=TEXT_MAX, widget=text_area(2))
