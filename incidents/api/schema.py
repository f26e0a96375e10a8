"""The OpenAPI document: complete, and held to what is really answered by tests."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from incidents.api.errors import CONTENT_TYPE
from incidents.api.outputs import ProblemOut

_ALWAYS = {
    "401": "Neither token nor sign-in.",
    "403": "Not allowed.",
    "429": "Too many requests.",
    "503": "The service is not ready, or the database was away: nothing was stored, or it will be found "
    "by its id. Send the same request again.",
}
_WAIT = {
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 0},
        "required": True,
    }
}


class ApiClientScheme(OpenApiAuthenticationExtension):
    """How a token is sent."""

    target_class = "incidents.api.authentication.ApiClientAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A source's token."}


class ProblemSchema(AutoSchema):
    """Adds to every operation the errors that it shares with all others, as problem+json."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code, text in self._problems().items():
            if code not in bodies:
                problem = OpenApiResponse(ProblemOut, description=text)
                bodies[code] = self._get_response_for_code(problem, code, [CONTENT_TYPE], direction)
            if code in ("429", "503"):
                bodies[code]["headers"] = _WAIT
        return dict(sorted(bodies.items()))

    def _problems(self) -> dict[str, str]:
        """By what the operation is. A view adds to it what it alone answers: `problems`, by status."""
        told = dict(_ALWAYS)
        if "{" in self.path:
            told["404"] = "There is no such thing, or it is not yours to see."
        if self.method == "POST" or any(one["in"] == "query" for one in self._get_parameters()):
            told["400"] = "The input breaks a rule; `errors` names the field."
        if self.method == "POST":
            told |= {"413": "The body is too large.", "415": "Another kind of content than is read here."}
        if self.method == "POST" and "/incidents/" in self.path:
            told["409"] = "The case is not in a state for this, or has changed since it was looked at."
        elif self.method == "POST" and self.path.endswith(("/reports/", "/updates/")):
            told["409"] = "The same id with other content, or an update that the case no longer allows."
        elif self.method == "POST" and "{" in self.path:
            told["409"] = "It is not in a state for this, or has changed since it was looked at."
        return told | getattr(self.view, "problems", {})
