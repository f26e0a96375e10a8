"""Why a message was set aside, in the reader's language: the rows hold codes, and English for a log."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "not_an_object": _("An object is expected here."),
    "not_an_array": _("An array is expected here."),
    "no_alerts": _("An array of alerts is expected here."),
    "unknown_version": _("This version of the format is not known."),
    "too_many": _("There are more entries than are taken."),
    "too_long": _("This text is too long."),
    "too_large": _("The message is too large."),
    "missing": _("This must be said."),
    "no_device": _("No device is named."),
    "no_kind": _("No kind of alert is named."),
    "bad_state": _("It does not say whether it burns or has cleared."),
    "bad_time": _("This is no time with its offset."),
    "bad_place": _("This is no place on earth."),
    "bad_name": _("This is no name of an attribute."),
    "two_bodies": _("The data are there twice, as text and as base64."),
    "not_json": _("The data are no JSON."),
    "not_base64": _("This is no base64."),
    "not_utf8": _("This is no UTF-8 text."),
    "bad_topic": _("The topic is not one of ours."),
    "unknown_tenant": _("No token of a sensor's source has this tenant's name."),
    "truncated": _("Alertmanager has cut alerts off: raise max_alerts."),
    "failed": _("It could not be taken in; the log has more."),
    "not_filed": _("Its case could not be opened; it is tried again."),
    "not_told": _("What it says could not be written on its case; it is tried again."),
    "not_ended": _("Its case could not be ended; it is tried again."),
}
_OTHER = _("It cannot be read.")


def problem_words(code: str) -> str | Promise:
    """What this code says to a person."""
    found: str | Promise = _WORDS.get(code, _OTHER)
    return found
