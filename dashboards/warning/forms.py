"""What is typed about a warning."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from dashboards.models import RepeatRule
from dashboards.scope import Names
from dashboards.warning import repeat_rules
from incidents.cases import TEXT_MAX
from incidents.pages.forms import text_area

# What addresses and forms call the rule for all matters.
ALL: Final = "all"
# What the form calls the whole district.
DISTRICT: Final = "district"


def _number(low: int, high: int) -> forms.NumberInput:
    return forms.NumberInput(
        attrs={"class": "form-control", "inputmode": "numeric", "min": low, "max": high, "step": 1}
    )


class ReasonForm(forms.Form):
    """Why it is set aside."""

    words = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=TEXT_MAX,
        widget=text_area(3),
        help_text=gettext_lazy("A sentence. Name no residents: everybody who reads warnings reads it."),
    )
    # How long the trail was when the page was shown: who decides on an old page is told.
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=100_000)


class JudgeForm(ReasonForm):
    """Was it worth looking?"""

    useful = forms.TypedChoiceField(
        label=gettext_lazy("Was it worth looking?"),
        choices=[
            ("yes", gettext_lazy("Useful: something had to be done, or known")),
            ("no", gettext_lazy("Not useful: there was nothing behind it")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )

    field_order = ("useful", "words", "seen")


class SuperviseForm(ReasonForm):
    """What the units are ordered to do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = gettext_lazy("What the units are ordered to do")
        self.fields["words"].help_text = gettext_lazy(
            "Each of the chosen cases gets an order of its own, to be answered in the time of its rule."
        )


class RuleForm(ReasonForm):
    """How often is too often, and why that has changed."""

    at_least = forms.IntegerField(
        label=gettext_lazy("Cases from which it is a warning"),
        min_value=repeat_rules.AT_LEAST[0],
        max_value=repeat_rules.AT_LEAST[1],
        widget=_number(*repeat_rules.AT_LEAST),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Within how many days"),
        min_value=repeat_rules.DAYS[0],
        max_value=repeat_rules.DAYS[1],
        widget=_number(*repeat_rules.DAYS),
        help_text=gettext_lazy("At most thirty: what repeats what is kept for as long."),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("The rule is in use"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    field_order: tuple[str, ...] = ("at_least", "days", "is_active", "words", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = gettext_lazy("Why it is changed")
        self.fields["words"].help_text = gettext_lazy("A sentence; it stays in the history of the rule.")


class NewRuleForm(RuleForm):
    """A rule of its own for a domain or a category, or for a street, which may have one for all matters."""

    street = forms.ChoiceField(
        label=gettext_lazy("Where it holds"),
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=gettext_lazy(
            "A street's rule is stricter than the district's: as few cases or fewer, as far back or farther."
        ),
    )

    by = forms.ChoiceField(
        label=gettext_lazy("What is said again"),
        choices=RepeatRule.By.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    matter = forms.ChoiceField(
        label=gettext_lazy("Domain or category"), widget=forms.Select(attrs={"class": "form-select"})
    )

    field_order = ("by", "street", "matter", "at_least", "days", "words", "seen")

    def __init__(self, *args: Any, names: Names, streets: Sequence[str] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_active"]
        groups: dict[str, list[tuple[str, str]]] = {}
        for code, one in sorted(names.categories.items()):
            group = groups.setdefault(one.domain, [])
            if not group:
                group.append((code[:2], _("%(domain)s: all of it") % {"domain": one.domain}))
            group.append((code, one.name))
        choices: Any = self.fields
        choices["matter"].choices = [("", "—"), (ALL, pgettext("rule", "All matters")), *groups.items()]
        # For whom somebody makes rules: the district's people for all, a street's for the street.
        own = (
            list(names.streets.items()) if streets is None else [(one, names.street(one)) for one in streets]
        )
        choices["street"].choices = [
            *([(DISTRICT, _("The whole district"))] if streets is None else []),
            *own,
        ]

    def clean_street(self) -> str:
        """As rules have it: nothing for the whole district."""
        told: str = self.cleaned_data["street"]
        return "" if told == DISTRICT else told

    def clean_matter(self) -> str:
        """As rules have it: nothing for all of them."""
        told: str = self.cleaned_data["matter"]
        return "" if told == ALL else told

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        names = {"by": "by", "matter": "matter_code", "street": "street_code"}
        if names.keys() <= told.keys():
            like = {column: told[name] for name, column in names.items()}
            if RepeatRule.objects.filter(**like).exists():
                self.add_error("matter", _("It has a rule already: open that one to change it."))
        return told
