"""What an event says of an alert: the JSON that CloudEvents carry as data, and MQTT messages as payload."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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

FIRING = frozenset({"firing", "fired", "alarm", "alert", "active", "on", "1", "true", "raised", "open"})
RESOLVED = frozenset({"resolved", "cleared", "normal", "ok", "inactive", "off", "0", "false", "closed"})


def state_of(word: Any) -> bool | None:
    """Does it burn? None where the word says nothing."""
    said = plain(word, most=20).lower()
    return True if said in FIRING else False if said in RESOLVED else None


def notice_of(
    data: Mapping[str, Any],
    *,
    channel: str,
    at: datetime,
    said_at: datetime | None = None,
    device: str = "",
    kind: str = "",
    is_firing: bool | None = None,
    origin: str = "",
    message_id: str = "",
) -> Notice:
    """One event as a notice. What the data says goes before what the envelope says. Raises Malformed.

    `at` is when it came, `said_at` when its sender says that it was so; nothing lies in the future.
    """
    device = plain(data.get("device"), most=80) or plain(device, most=80)
    kind = plain(data.get("kind"), most=80) or plain(kind, most=80)
    if not device:
        raise Malformed("no_device", "no device is named", "device")
    if not kind:
        raise Malformed("no_kind", "no kind of alert is named", "kind")
    burns = state_of(data.get("state"))
    if burns is None and data.get("state") not in (None, ""):
        raise Malformed("bad_state", f"state is {plain(data.get('state'), most=20)!r}", "state")
    burns = is_firing if burns is None else burns
    if burns is None:
        raise Malformed("bad_state", "no state: firing or resolved", "state")
    place = data.get("place") or {}
    if not isinstance(place, Mapping):
        raise Malformed("bad_place", "place is not an object", "place")
    said_at = instant(data.get("at"), where="at") or said_at or at
    said_at = min(said_at, at)
    started = instant(data.get("started_at"), where="started_at")
    ended = instant(data.get("ended_at"), where="ended_at")
    lon = degrees(place.get("lon", data.get("lon")), where="lon", most=180)
    lat = degrees(place.get("lat", data.get("lat")), where="lat", most=90)
    if (lon is None) != (lat is None):
        raise Malformed("bad_place", "longitude and latitude belong together", "lon")
    fingerprint = plain(data.get("fingerprint"), most=64)
    return Notice(
        channel=channel,
        key=bounded_key(fingerprint) if fingerprint else bounded_key(device, kind),
        is_firing=burns,
        at=said_at,
        kind=kind,
        device=device,
        severity=plain(data.get("severity"), most=24),
        started_at=started,
        ended_at=min(ended, at) if ended and not burns else None,
        labels=texts(data.get("labels"), where="labels"),
        annotations=_annotations(data, place),
        value=plain(data.get("value"), most=40),
        lon=lon,
        lat=lat,
        crs=plain(place.get("crs", data.get("crs")), most=10) or "WGS-84",
        url=web_address(data.get("url")),
        picture=web_address(data.get("picture")),
        origin=origin[:200],
        message_id=message_id[:200],
    )


def _annotations(data: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, str]:
    given = texts(data.get("annotations"), where="annotations", most=1_000)
    for name in ("summary", "description", "message"):
        if words := plain(data.get(name), most=1_000):
            given.setdefault("summary" if name == "message" else name, words)
    measured = {"threshold": 40, "unit": 20, "address": 200}
    for name, most in measured.items():
        if words := plain(data.get(name), most=most) or plain(place.get(name), most=most):
            given.setdefault(name, words)
    return given
