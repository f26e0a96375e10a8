"""One document, as XML and as JSON: with GeoReport v2's names and shapes (the Spark convention)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

from incidents.numbers import DISTRICT_ZONE

# What the elements of a list are called; a list in JSON needs no such name.
_ITEMS: Final[Mapping[str, str]] = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "photos": "photo",
    "notes": "note",
}
# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

TYPES: Final[Mapping[str, str]] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What is answered: the root's name, which JSON leaves out, and its content."""

    root: str
    content: Mapping[str, Any] | Sequence[Any]

    def written(self, format: str) -> bytes:
        """The document as "xml" or "json"."""
        if format == "json":
            return orjson.dumps(_plain(self.content))
        return ('<?xml version="1.0" encoding="utf-8"?>\n' + _element(self.root, self.content)).encode()


def moment(at: datetime | None) -> str | None:
    """An instant as the specification wants it: ISO 8601 to the second with the district's offset."""
    return at.astimezone(DISTRICT_ZONE).isoformat(timespec="seconds") if at is not None else None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    # A half of a character, which no UTF-8 has.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _element(name: str, value: Any) -> str:
    if value is None or value == "":
        return f"<{name}/>"
    if isinstance(value, Mapping):
        inner = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, (list, tuple)):
        inner = "".join(_element(_ITEMS[name], one) for one in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", str(value)))
    return f"<{name}>{inner}</{name}>"
