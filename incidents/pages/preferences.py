"""How a person wants to be told: channels, quiet hours, digest, language."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import NoticeMode, NoticePreference
from incidents.pages.access import person, staff

_WEWORK_ID = RegexValidator(r"^[A-Za-z0-9_.@-]+$", gettext_lazy("Letters, digits and . _ - @ only."))
# A text message costs money and wakes people: it carries no digest.
_SMS_MODES = [
    (NoticeMode.OFF.value, gettext_lazy("Emergencies only")),
    (NoticeMode.NOW.value, gettext_lazy("Everything, at once")),
]


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label, widget=forms.TimeInput(attrs={"class": "form-control", "type": "time"}, format="%H:%M")
    )


class PreferenceForm(forms.ModelForm):
    """Everything that a person may choose."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of messages"),
        required=False,
        choices=[("", pgettext_lazy("language", "The installation's")), *settings.LANGUAGES],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    email_mode = forms.ChoiceField(
        label=gettext_lazy("E-mail"), choices=NoticeMode.choices, widget=forms.RadioSelect
    )
    sms_mode = forms.ChoiceField(
        label=gettext_lazy("Text message"), choices=_SMS_MODES, widget=forms.RadioSelect
    )
    wework_mode = forms.ChoiceField(
        label=gettext_lazy("WeChat Work"), choices=NoticeMode.choices, widget=forms.RadioSelect
    )
    wework_id = forms.CharField(
        label=gettext_lazy("Your WeChat Work account"),
        required=False,
        max_length=64,
        validators=[_WEWORK_ID],
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    quiet_from = _time(gettext_lazy("Quiet from"))
    quiet_until = _time(gettext_lazy("Quiet until"))
    digest_at = _time(gettext_lazy("Digest at"))

    class Meta:
        model = NoticePreference
        fields = (
            "language",
            "email_mode",
            "sms_mode",
            "wework_mode",
            "wework_id",
            "quiet_from",
            "quiet_until",
            "digest_at",
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        is_wanted = cleaned.get("wework_mode") not in (None, NoticeMode.OFF)
        if is_wanted and not cleaned.get("wework_id") and "wework_id" not in self.errors:
            self.add_error("wework_id", _("Without your account nothing can reach you there."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def preferences(request: HttpRequest) -> HttpResponse:
    """The person's own choices, and what stands whatever they choose."""
    user = person(request)
    chosen = NoticePreference.of([user])[user.pk]
    form = PreferenceForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It holds from the next message on."))
        return HttpResponseRedirect(reverse("preferences"))
    context = {"form": form, "phone": masked_phone(user.phone), "email": user.email}
    return render(request, "incidents/preferences.html", context, status=400 if form.errors else 200)


def masked_phone(phone: str) -> str:
    """138****2207: enough for its owner to know it, too little for who looks over the shoulder."""
    digits = phone.strip()
    if len(digits) < 7:
        return "*" * len(digits)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}" if len(digits) > 7 else f"***{digits[-4:]}"
