"""CloudEvents 1.0 over HTTP: binary, structured and batched, as the HTTP protocol binding has them.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md. What is read
of an event is its envelope and data; other attributes are kept beside the alert as its labels.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from incidents.models.sensing import AlertChannel as Channel
from incidents.sensing.notice import Malformed, Notice, instant, plain
from incidents.sensing.reading import notice_of, state_of

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BATCH_MAX = 1_000
EXTENSIONS_MAX = 24
_CONTEXT = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"}
)
_NAME = re.compile(r"[a-z0-9]{1,40}")
_ID_MAX = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One event with its envelope."""

    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    schema: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
    data: Any = None


def of_json(told: Any, *, parse: Any) -> Event:
    """An event in structured mode, or one of a batch. Raises Malformed."""
    if not isinstance(told, Mapping):
        raise Malformed("not_an_object", "an event is an object")
    data = told.get("data")
    if "data_base64" in told:
        if "data" in told:
            raise Malformed("two_bodies", "data and data_base64 exclude each other", "data")
        data = _decoded(told["data_base64"], parse)
    elif isinstance(data, str) and _is_json(told.get("datacontenttype")) and data.lstrip().startswith("{"):
        data = parse(data.encode())
    attributes = {name: value for name, value in told.items() if name not in ("data", "data_base64")}
    return _event(attributes, data)


def of_headers(headers: Mapping[str, str], body: bytes, *, content_type: str, parse: Any) -> Event:
    """An event in binary mode: its attributes in `ce-` headers, percent-encoded, its data as the body."""
    attributes = {
        name.lower().removeprefix("ce-"): _unescaped(value)
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    attributes["datacontenttype"] = content_type
    if body and not _is_json(content_type):
        raise Malformed("not_json", f"the data is {content_type[:60]}, not JSON")
    return _event(attributes, parse(body) if body else None)


def notice_of_event(event: Event, *, at: datetime) -> Notice:
    """The alert that an event is about. Raises Malformed for an event of another kind."""
    data = event.data if event.data is not None else {}
    if not isinstance(data, Mapping):
        raise Malformed("not_an_object", "data is not an object", "data")
    *_before, last = event.type.rsplit(".", 1)
    notice = notice_of(
        data,
        channel=Channel.CLOUDEVENTS,
        at=at,
        said_at=event.time,
        device=event.subject or event.source.rstrip("/").rpartition("/")[2],
        is_firing=state_of(last),
        origin=event.source,
        message_id=event.id,
    )
    # What the data says of itself goes before the envelope's extensions.
    labels = {**event.extensions, "event_type": event.type[:200], **notice.labels}
    if event.schema:
        labels.setdefault("dataschema", event.schema[:200])
    return replace(notice, labels=labels)


def _event(attributes: Mapping[str, Any], data: Any) -> Event:
    if attributes.get("specversion") != "1.0":
        told = plain(attributes.get("specversion"), most=20)
        raise Malformed("unknown_version", f"specversion is {told!r}, not '1.0'", "specversion")
    for name in ("id", "source", "type"):
        value = attributes.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Malformed("missing", f"{name} is missing", name)
        if len(value) > _ID_MAX:
            raise Malformed("too_long", f"{name} is longer than {_ID_MAX} characters", name)
    extensions = {}
    for name, value in attributes.items():
        if name in _CONTEXT:
            continue
        if not _NAME.fullmatch(name):
            raise Malformed("bad_name", f"{plain(name, most=40)!r} is no name of an attribute")
        extensions[name] = plain(value, most=500)
    if len(extensions) > EXTENSIONS_MAX:
        raise Malformed("too_many", f"more than {EXTENSIONS_MAX} extensions")
    return Event(
        id=plain(attributes["id"], most=_ID_MAX),
        source=plain(attributes["source"], most=_ID_MAX),
        type=plain(attributes["type"], most=_ID_MAX),
        subject=plain(attributes.get("subject"), most=80),
        time=instant(attributes.get("time"), where="time"),
        schema=plain(attributes.get("dataschema"), most=200),
        extensions=extensions,
        data=data,
    )


def _decoded(text: Any, parse: Any) -> Any:
    try:
        body = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError) as error:
        raise Malformed("not_base64", "data_base64 is no base64", "data_base64") from error
    return parse(body) if body else None


def _is_json(content_type: Any) -> bool:
    kind = plain(content_type, most=100).partition(";")[0].strip().lower()
    return not kind or kind == "application/json" or kind.endswith("+json")


def _unescaped(value: str) -> str:
    """A header's value: percent-encoded UTF-8, in quotes or not."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise Malformed("not_utf8", "a header is no UTF-8 text") from error
