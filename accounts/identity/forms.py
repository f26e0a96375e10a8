"""What is typed on the pages of signing in. Forms only validate."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit, User
from accounts.roles import Role

CODE_MOST = 64


def _password(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": autocomplete}),
    )


def _code(label: Any, *, numeric: bool = True, is_first: bool = False) -> forms.CharField:
    attrs = {"class": "form-control num", "autocomplete": "one-time-code", "spellcheck": "false"}
    if numeric:
        attrs["inputmode"] = "numeric"
    else:
        attrs |= {"autocomplete": "off", "autocapitalize": "none"}
    if is_first:
        attrs["autofocus"] = "autofocus"
    return forms.CharField(label=label, max_length=CODE_MOST, widget=forms.TextInput(attrs=attrs))


class SignInForm(AuthenticationForm):
    """Name and password. What no name can be is refused before anybody writes down that it was tried."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Django says it to the browser alone.
        self.fields["username"].validators.append(MaxLengthValidator(150))


class CodeForm(forms.Form):
    """The second step of a sign-in."""

    code = _code(gettext_lazy("Code from your app"), is_first=True)


class RecoveryForm(forms.Form):
    """The same without the telephone."""

    code = _code(gettext_lazy("Recovery code"), numeric=False, is_first=True)


class SetUpForm(forms.Form):
    """The first code of a new key."""

    # Without it the page says that it was open for too long.
    offered = forms.CharField(widget=forms.HiddenInput, max_length=400, required=False)
    password = _password(gettext_lazy("Your password"), "current-password")
    code = _code(gettext_lazy("Code from your app"))


class ProofForm(forms.Form):
    """Both factors again, before one of them is changed."""

    password = _password(gettext_lazy("Your password"), "current-password")
    code = _code(gettext_lazy("Code from your app, or a recovery code"), numeric=False)


class PasswordForm(forms.Form):
    """A new password, twice."""

    old = _password(gettext_lazy("Your present password"), "current-password")
    new = _password(gettext_lazy("New password"), "new-password")
    again = _password(gettext_lazy("New password again"), "new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_again(self) -> str:
        """Raises ValidationError."""
        again: str = self.cleaned_data["again"]
        if "new" in self.cleaned_data and self.cleaned_data["new"] != again:
            raise forms.ValidationError(_("The two new passwords differ."))
        return again

    def clean_new(self) -> str:
        """Raises ValidationError with every rule that is broken."""
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        if new == self.cleaned_data.get("old"):
            raise forms.ValidationError(_("The new password is the old one."))
        return new


class LinkForm(forms.Form):
    """By which name somebody will come through the provider."""

    login_name = forms.CharField(
        label=gettext_lazy("Name at the provider"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )


class GroupForm(forms.Form):
    """What a group at the provider means here."""

    group = forms.CharField(
        label=gettext_lazy("Group at the provider"),
        max_length=150,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Spelt as the provider sends it."),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    unit = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=gettext_lazy("Unit"),
        empty_label=gettext_lazy("Choose a unit"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = OrgUnit.objects.open()  # type: ignore[attr-defined]


class ResetForm(forms.Form):
    """Why somebody's second factor is taken away."""

    reason = forms.CharField(
        label=gettext_lazy("Why, and how you know who asks"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
