"""One kind of answer."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class JSONWhateverIsAsked(DefaultContentNegotiation):
    """The API answers JSON; somebody who asks for another type gets it too, and not an error."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class QuickJSONRenderer(JSONRenderer):
    """The same JSON, for answers of a megabyte."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None or self.get_indent(accepted_media_type or "", dict(renderer_context or {})):
            return bytes(super().render(data, accepted_media_type, renderer_context))
        return orjson.dumps(data, default=JSONEncoder().default)
