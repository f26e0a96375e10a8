"""What is typed when a screen is left running."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy, ngettext

from dashboards.screen.displays import DAYS, NAME_MOST

_SELECT = {"class": "form-select"}


class DisplayForm(forms.Form):
    """Where it hangs, what it shows, how long."""

    name = forms.CharField(
        label=gettext_lazy("Where it hangs"),
        max_length=NAME_MOST,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=gettext_lazy("So that it can be told apart: “Operations centre, west wall”."),
    )
    area = forms.ChoiceField(label=gettext_lazy("Area"), widget=forms.Select(attrs=_SELECT))
    days = forms.TypedChoiceField(
        label=gettext_lazy("Runs for"), coerce=int, initial=7, widget=forms.Select(attrs=_SELECT)
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=settings.LANGUAGES, widget=forms.Select(attrs=_SELECT)
    )

    def __init__(self, *args: Any, areas: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["area"].choices = areas
        choices["days"].choices = [
            (days, ngettext("%(count)d day", "%(count)d days", days) % {"count": days}) for days in DAYS
        ]
