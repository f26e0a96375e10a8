"""What the report of an alert says: written down once, so that filing it again is filing the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatch.vocabulary import Nature
from grids.locate import Place, PlaceError, locate, locate_text
from incidents.intake import ReportDraft
from incidents.models import Alert, AlertCase, AlertDevice, AlertRule
from incidents.sensing.meaning import WEIGHTS, device_name, urgency_of, words_for


def place_of_device(device: AlertDevice | None) -> Place:
    """Where a device is: by its point, the facility that it watches, or its address."""
    if device is None:
        return Place()
    return _place(device.lon, device.lat, device.address, device.facility_code)


def place_of(alert: Alert) -> Place:
    """Where an alert burns: as the register of devices has it, or else as the message says."""
    place = place_of_device(alert.device)
    if place.how != "none":
        return place
    return _place(alert.lon, alert.lat, alert.annotations.get("address", ""), "")


def draft_of(
    alerts: Sequence[Alert], rule: AlertRule | None, parent: AlertDevice | None, *, at: datetime
) -> dict[str, Any]:
    """One report for these alerts, at the parent's place where it has one and they are several."""
    first = alerts[0]
    device, address = first.device, (parent.address if parent else "")
    where, facility = _point_of(first), (device.facility_code if device else "")
    if parent is not None and place_of_device(parent).how != "none":
        where, facility = (parent.lon, parent.lat), parent.facility_code
    address = address or (device.address if device else "") or first.annotations.get("address", "")
    others = [device_name(alert) for alert in alerts[1:]]
    told: dict[str, Any] = {
        "text": words_for(first, rule, address=address, others=others),
        "category": rule.category_code if rule is not None else "",
        "urgency": max((urgency_of(one.severity, one.rule) for one in alerts), key=WEIGHTS.__getitem__),
        "source_category": first.kind[:80],
        "lon": where[0],
        "lat": where[1],
        "address": address[:200],
        "facility": facility,
        "owner": device.owner_code if device else "",
        "place_type": device.place_type if device else "",
        "occurred_at": min(first.started_at or at, at).isoformat(),
        "attributes": {
            "device": device.code if device else "",
            "alert_kind": first.kind,
            "severity": first.severity,
            "value": first.value,
        },
    }
    if device is not None and _is_nowhere(told):
        # Nobody can be sent: somebody finds out where the device is before it is anybody's job.
        told["category"] = ""
        told["text"] = f"未登记位置的设备 {device.code} 报警（{first.kind}），请先核实设备在哪里"
        if (said := first.annotations.get("summary", "")) and said not in told["text"]:
            told["text"] += f"。设备自述：{said[:300]}"
    return told


def report_of(case: AlertCase, *, bare: bool = False) -> ReportDraft:
    """The case's report for intake; `bare` without what intake may refuse."""
    told = case.draft
    return ReportDraft(
        source=case.source,
        external_id=case.external_id,
        text=told["text"],
        nature=Nature.ALERT,
        category=None if bare else told["category"] or None,
        source_category=told["source_category"],
        occurred_at=datetime.fromisoformat(told["occurred_at"]),
        place=_told_place(told),
        address=told["address"],
        place_type=None if bare else told["place_type"] or None,
        owner=None if bare else told["owner"] or None,
        urgency=told["urgency"],
        attributes=told["attributes"],
    )


def _told_place(told: dict[str, Any]) -> Place:
    place = _place(told["lon"], told["lat"], told["address"], told["facility"])
    return locate_text(told["text"]) if place.how == "none" else place


def _is_nowhere(told: dict[str, Any]) -> bool:
    return _told_place(told).how == "none"


def _point_of(alert: Alert) -> tuple[float | None, float | None]:
    device = alert.device
    if device is not None and device.lon is not None:
        return device.lon, device.lat
    if device is not None and device.facility_code:
        return None, None  # the facility's own point
    return alert.lon, alert.lat


def _place(lon: float | None, lat: float | None, address: str, facility: str) -> Place:
    for thing in (facility or None, None):
        try:
            return locate(lon=lon, lat=lat, address=address or None, facility=thing)
        except PlaceError:
            continue  # a facility that the register does not know any more
    return Place()
