"""What is typed about people: who they are, a role and why. Forms only validate."""

import re
from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit.reasons import REASON_MOST
from accounts.models import OrgUnit, User
from accounts.people.keeping import PHONE, Terms
from accounts.roles import Role

_TEXT = {"class": "form-control", "autocomplete": "off"}
_SELECT = {"class": "form-select"}


def _reason(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=REASON_MOST,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_("It stands in the audit log, with your name."),
    )


class PersonForm(forms.Form):
    """Who somebody is."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={**_TEXT, "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("What they type at the sign-in: letters, digits and @ . + - _"),
    )
    display_name = forms.CharField(
        label=_("Name"), max_length=40, required=False, widget=forms.TextInput(attrs=_TEXT)
    )
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=20,
        required=False,
        validators=[RegexValidator(re.compile(rf"^{PHONE.pattern}\Z"), _("This is no telephone number."))],
        widget=forms.TextInput(attrs={**_TEXT, "class": "form-control num", "inputmode": "tel"}),
    )
    # How the person stood when the form was made (keeping.stamp_of).
    seen = forms.CharField(required=False, max_length=400, strip=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, user: User, stamp: str) -> "PersonForm":
        return cls(
            initial={
                "username": user.username,
                "display_name": user.display_name,
                "phone": user.phone,
                "seen": stamp,
            }
        )

    def terms(self) -> Terms:
        """What was typed, once it is valid."""
        told = self.cleaned_data
        name = " ".join(told["display_name"].split())
        return Terms(username=told["username"], display_name=name, phone=told["phone"])


class RoleForm(forms.Form):
    """A role in a unit, and why."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.Select(attrs=_SELECT))
    unit = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=_("In the unit"),
        widget=forms.Select(attrs=_SELECT),
        help_text=_("It reaches over this unit and what stands below it; in a centre over its area."),
    )
    reason = _reason(_("Why it is given"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", "—"), *Role.choices]  # type: ignore[attr-defined]
        self.fields["unit"].queryset = OrgUnit.objects.open()  # type: ignore[attr-defined]


class BecauseForm(forms.Form):
    """Why something is done."""

    reason = _reason(pgettext_lazy("of a deed", "Reason"))


class MoveForm(forms.Form):
    """Everybody's roles of one unit, to another one."""

    to = forms.ModelChoiceField(
        OrgUnit.objects.none(), label=_("To the unit"), widget=forms.Select(attrs=_SELECT)
    )
    reason = _reason(pgettext_lazy("of a deed", "Reason"))

    def __init__(self, *args: Any, unit: OrgUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = OrgUnit.objects.open().exclude(pk=unit.pk)  # type: ignore[attr-defined]
        self.fields["to"].initial = unit.successor_id
