"""MQTT messages: `yiwang/v1/{tenant}/{device}/{alert}`, with a small JSON, a CloudEvent, or a bare word."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from incidents.models.sensing import AlertChannel as Channel
from incidents.sensing import cloudevents
from incidents.sensing.notice import Malformed, Notice, plain
from incidents.sensing.reading import notice_of, state_of

PREFIX = "yiwang/v1/"
FILTER = "yiwang/v1/+/+/+"
PAYLOAD_MAX = 64 * 1024
_LEVEL = re.compile(r"[^/+#\x00-\x1f]{1,80}")


@dataclass(frozen=True, slots=True)
class Topic:
    """Who says it of what."""

    tenant: str
    device: str
    alert: str


def read_topic(name: str) -> Topic:
    """The levels of a topic's name. Raises Malformed."""
    if not name.startswith(PREFIX):
        raise Malformed("bad_topic", f"the topic does not begin with {PREFIX}")
    levels = name.removeprefix(PREFIX).split("/")
    if len(levels) != 3 or not all(_LEVEL.fullmatch(level) for level in levels):
        raise Malformed("bad_topic", f"the topic is not {PREFIX}TENANT/DEVICE/ALERT")
    return Topic(*levels)


def read(topic: Topic, payload: bytes, *, at: datetime, parse: Any) -> Notice | None:
    """What a message says; None for an empty one, which only clears what the broker retained."""
    if not payload:
        return None
    if len(payload) > PAYLOAD_MAX:
        raise Malformed("too_large", f"the payload has {len(payload)} bytes, more than {PAYLOAD_MAX}")
    bare = state_of(payload[:20].decode("ascii", errors="replace"))
    if bare is not None and len(payload) <= 20:
        data: Any = {}
    else:
        data = parse(payload)
    if not isinstance(data, dict):
        raise Malformed("not_an_object", "the payload is not an object")
    if "specversion" in data:
        event = cloudevents.of_json(data, parse=parse)
        said = cloudevents.notice_of_event(replace(event, data=_named(event.data, topic)), at=at)
        return replace(said, channel=Channel.MQTT)
    message_id = plain(data.get("id"), most=64)
    if message_id:
        # A device that counts from one again after a power cut says other times by the same numbers.
        told = (plain(data.get(name), most=32) for name in ("state", "at", "started_at", "ended_at"))
        message_id = "|".join((message_id, *told))
    return notice_of(
        _named(data, topic),
        channel=Channel.MQTT,
        at=at,
        is_firing=bare,
        origin=f"{PREFIX}{topic.tenant}/{topic.device}/{topic.alert}" if message_id else "",
        message_id=message_id,
    )


def _named(data: Any, topic: Topic) -> Any:
    """The data under the topic's device and kind: brokers allow topics, so nobody speaks for another."""
    if data is None:
        data = {}
    if not isinstance(data, dict):
        return data
    return {**data, "device": topic.device, "kind": topic.alert, "fingerprint": ""}
