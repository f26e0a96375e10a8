"""Steps of supervision from a case's page: raising an order, putting a report before a secretary."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Action
from incidents import actions
from incidents.pages.doing import Doing, Step
from incidents.pages.forms import ActionForm
from incidents.pages.wording import title_of
from incidents.secretary import letters


class ToSecretaryForm(ActionForm):
    """Whose letter it is: the district's secretary, or the street's."""

    secretary = forms.ChoiceField(
        label=gettext_lazy("Which secretary"),
        choices=[
            (letters.STREET, gettext_lazy("The street's secretary")),
            (letters.DISTRICT, gettext_lazy("The district's secretary")),
        ],
        widget=forms.RadioSelect,
    )
    report = forms.TypedChoiceField(
        label=gettext_lazy("Which report"),
        required=False,
        coerce=int,
        widget=forms.RadioSelect,
        empty_value=None,
    )
    note = gettext_lazy(
        "The case goes its way to a unit; the secretary answers the person, within five working days."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        linked = (
            self.incident.links.filter(unlinked_at__isnull=True).select_related("report__text").order_by("pk")
            if self.incident is not None
            else []
        )
        reports = [link.report for link in linked]
        field: Any = self.fields["report"]
        field.choices = [(report.pk, title_of(report.text.body)) for report in reports]
        if len(reports) < 2:
            del self.fields["report"]
        else:
            field.initial = reports[0].pk
        if self.incident is not None and not self.incident.street_code:
            named: Any = self.fields["secretary"]
            named.choices = named.choices[1:]
        self.fields["secretary"].initial = self.fields["secretary"].choices[0][0]  # type: ignore[attr-defined]


def _raise_order(doing: Doing) -> str:
    order = actions.raise_order(**doing.common)
    return _("Order %(number)s raised to %(level)s.") % {
        "number": order.number,
        "level": order.get_level_display(),
    }


def _to_secretary(doing: Doing) -> str:
    letter = actions.to_secretary(
        secretary=doing.given["secretary"], report=doing.given.get("report"), **doing.common
    )
    return _("Put before the secretary of %(office)s.") % {"office": letter.office}


STEPS: Mapping[str, Step] = {
    "raise-order": Step(
        Action.RAISE_ORDER,
        gettext_lazy("Raise the order"),
        gettext_lazy("Raise the order"),
        _raise_order,
        warning=gettext_lazy("The next level up is told at once, and the unit gets another time to answer."),
    ),
    "to-secretary": Step(
        Action.TO_SECRETARY,
        gettext_lazy("Letter to the secretary"),
        gettext_lazy("Put it there"),
        _to_secretary,
        ToSecretaryForm,
    ),
}
