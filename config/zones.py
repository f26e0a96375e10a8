"""Which addresses a process answers: all, or those of the core, or those of the outer zone alone.

One list of names decides; what is not on it is not there. So links between pages can be written everywhere,
and an address that is added later is closed outside until somebody opens it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

ALL, CORE, OUTER = "all", "core", "outer"

# The residents' own: not in the core, where the outer zone has them.
RESIDENTS: Final = frozenset(
    {
        *("report", "report-upload", "report-photo", "report-words-again", "report-place", "report-same"),
        *("report-finish", "report-received"),
        *("resident-look-up", "resident-status", "resident-rate", "resident-reply", "resident-add"),
        *("resident-object", "resident-withdraw", "resident-photo", "resident-texts", "own-ask"),
        *("public-home", "public-cases", "public-points", "public-csv", "public-json", "public-case"),
        *("public-picture", "public-week-map", "place-code-look-up", "place-code", "place-code-signed"),
    }
)
# What pages of both need, and what watches over a process.
SHARED: Final = frozenset(
    {"type-size", "set_language", "grids:geojson", "healthz", "readyz", "metrics", "web-manifest"}
)
OUTSIDE: Final = RESIDENTS | SHARED | {"outer-exchange"}
# Of the residents' what the core keeps: its patrols scan plates, and number lists need the core.
_ALSO_IN_THE_CORE: Final = frozenset({"place-code-look-up", "place-code", "place-code-signed"})
_NOT_IN_THE_CORE: Final = (RESIDENTS - _ALSO_IN_THE_CORE) | {
    *("own-code", "own-reports", "own-stop", "own-leave")
}

# What the outer zone must not have, so that whoever breaks in there finds no way on.
OF_THE_CORE: Final = (
    *("CONTACT_KEYS", "CONTACT_INDEX_KEY", "AUDIT_KEYS", "OUTER_OPEN_KEYS", "OUTER_URL", "REDIS_URL"),
    *("PLACE_CODE_KEYS", "SMS_GATEWAY_SECRET", "EMAIL_HOST_PASSWORD", "OIDC_CLIENT_SECRET", "WEWORK_URL"),
    *("WECHAT_TOKEN", "CHAT_KEY", "MQTT_URL", "MQTT_PASSWORD"),
)


def zone_of(told: str, environment: Mapping[str, str]) -> str:
    """Which zone this is. Raises ImproperlyConfigured for a word that is none, and outside for any key or
    address of the core's."""
    if told not in (ALL, CORE, OUTER):
        raise ImproperlyConfigured(f"ZONE must be {ALL}, {CORE} or {OUTER}, not {told}")
    held = [name for name in OF_THE_CORE if environment.get(name)]
    if told == OUTER and held:
        raise ImproperlyConfigured(
            f"Take these out of the outer zone, they are the core's: {', '.join(held)}"
        )
    return told


class Zoned:
    """The middleware: 404 for what is another zone's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.ZONE == OUTER and request.path_info == "/":
            return redirect("public-home")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> None:
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        if (settings.ZONE == OUTER and name not in OUTSIDE) or (
            settings.ZONE == CORE and name in _NOT_IN_THE_CORE
        ):
            raise Http404
