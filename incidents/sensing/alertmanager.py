"""Alertmanager's webhook, version 4, as it is on the wire.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Alertmanager sends a whole group
each time: what still burns and what has cleared since. It sends again what was answered 5xx, and gives up
what was answered 4xx; so one alert that cannot be read is set aside and does not sink its group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from incidents.models.sensing import AlertChannel as Channel
from incidents.sensing.notice import (
    Malformed,
    Notice,
    bounded_key,
    degrees,
    instant,
    plain,
    texts,
    web_address,
)

VERSION = "4"
ALERTS_MAX = 5_000
# Which label names the device, the first that is there.
DEVICE_LABELS = ("device", "device_id", "sensor", "sensor_id", "instance")


@dataclass(frozen=True, slots=True)
class Group:
    """A notification: what could be read of it, and what could not."""

    notices: list[Notice]
    problems: list[tuple[Malformed, bytes]]
    truncated: int  # alerts that Alertmanager cut off (max_alerts)
    origin: str


def read(payload: Any, *, at: datetime) -> Group:
    """The alerts of a notification that came at `at`. Raises Malformed where it is none."""
    if not isinstance(payload, dict):
        raise Malformed("not_an_object", "the notification is not an object")
    if payload.get("version") != VERSION:
        raise Malformed(
            "unknown_version", f"version is {plain(payload.get('version'), most=20)!r}, not '4'", "version"
        )
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        raise Malformed("no_alerts", "alerts is not an array", "alerts")
    if len(alerts) > ALERTS_MAX:
        raise Malformed("too_many", f"more than {ALERTS_MAX} alerts: set max_alerts", "alerts")
    origin = plain(payload.get("externalURL"), most=200)
    notices, problems = [], []
    for index, alert in enumerate(alerts):
        try:
            notices.append(_read(alert, where=f"alerts.{index}", at=at))
        except Malformed as error:
            problems.append((error, orjson.dumps(alert)))
    truncated = payload.get("truncatedAlerts")
    return Group(notices, problems, truncated if isinstance(truncated, int) else 0, origin)


def _read(alert: Any, *, where: str, at: datetime) -> Notice:
    if not isinstance(alert, dict):
        raise Malformed("not_an_object", f"{where} is not an object", where)
    labels = texts(alert.get("labels"), where=f"{where}.labels")
    annotations = texts(alert.get("annotations"), where=f"{where}.annotations", most=1_000)
    status = alert.get("status")
    if status not in ("firing", "resolved"):
        raise Malformed("bad_state", f"{where}.status is neither firing nor resolved", f"{where}.status")
    started = instant(alert.get("startsAt"), where=f"{where}.startsAt")
    if started is None:
        raise Malformed("bad_time", f"{where}.startsAt is missing", f"{where}.startsAt")
    # While it burns Go's zero time stands here, or when it would count as resolved without another word.
    ended = instant(alert.get("endsAt"), where=f"{where}.endsAt") if status == "resolved" else None
    kind = labels.get("kind") or labels.get("alertname", "")
    if not kind:
        raise Malformed("no_kind", f"{where}.labels has neither alertname nor kind", f"{where}.labels")
    return Notice(
        channel=Channel.ALERTMANAGER,
        key=bounded_key(plain(alert.get("fingerprint"), most=64) or _fingerprint(labels)),
        is_firing=status == "firing",
        at=at,
        kind=kind[:80],
        device=next((labels[name] for name in DEVICE_LABELS if labels.get(name)), "")[:80],
        severity=labels.get("severity", "")[:24],
        started_at=started,
        ended_at=min(ended or at, at) if status == "resolved" else None,
        labels=labels,
        annotations={**annotations, **_address(labels, annotations)},
        value=annotations.get("value", "")[:40],
        lon=degrees(labels.get("lon"), where=f"{where}.labels.lon", most=180),
        lat=degrees(labels.get("lat"), where=f"{where}.labels.lat", most=90),
        url=web_address(alert.get("generatorURL")),
        picture=web_address(annotations.get("picture")),
    )


def _address(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, str]:
    words = labels.get("address") or annotations.get("address", "")
    return {"address": words[:200]} if words else {}


def _fingerprint(labels: Mapping[str, str]) -> str:
    """What Alertmanager before 0.19 left out: a digest of the labels."""
    return sha256(orjson.dumps(dict(labels), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
