"""What the report of an alert says: written down once, so that filing it again is filing the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.vocabulary import Nature
from grids.locate import Place, PlaceError, locate, locate_text
from grids.models import Facility
from incidents.intake import ReportDraft
from incidents.models import Alert, AlertCase, AlertDevice, AlertRule
from incidents.sensing.meaning import device_name, urgency_of, words_for


@dataclass(frozen=True, slots=True)
class Places:
    """Where devices are: by themselves, or by the facility that they watch."""

    facilities: Mapping[str, Facility]

    @classmethod
    def of(cls, devices: Sequence[AlertDevice]) -> "Places":
        codes = {device.facility_code for device in devices} - {""}
        return cls(Facility.objects.in_bulk(codes) if codes else {})

    def of_device(self, device: AlertDevice | None) -> tuple[float, float] | None:
        if device is None:
            return None
        if device.lon is not None and device.lat is not None:
            return device.lon, device.lat
        facility = self.facilities.get(device.facility_code)
        return (facility.lon, facility.lat) if facility else None

    def owner_of(self, device: AlertDevice | None) -> str:
        """Whose the thing is: as the register of devices has it, or that of facilities."""
        if device is None:
            return ""
        facility = self.facilities.get(device.facility_code)
        return device.owner_code or (facility.owner_code if facility else "")

    def of_alert(self, alert: Alert) -> Place:
        """Where an alert burns, as far as it is known."""
        point = self.of_device(alert.device) or _own_point(alert)
        address = (alert.device.address if alert.device else "") or alert.annotations.get("address", "")
        return _place(point, address)


def draft_of(
    alerts: Sequence[Alert],
    rule: AlertRule | None,
    parent: AlertDevice | None,
    places: Places,
    *,
    at: datetime,
) -> dict[str, Any]:
    """One report for these alerts, at the parent's place where it has one and they are several."""
    first = alerts[0]
    device = first.device
    point = places.of_device(parent) or places.of_device(device) or _own_point(first)
    address = (parent.address if parent else "") or (device.address if device else "")
    address = address or first.annotations.get("address", "")
    others = [device_name(alert) for alert in alerts[1:]]
    return {
        "text": words_for(first, rule, address=address, others=others),
        "category": rule.category_code if rule is not None else "",
        "urgency": urgency_of(first.severity, rule),
        "source_category": first.kind[:80],
        "lon": point[0] if point else None,
        "lat": point[1] if point else None,
        "address": address[:200],
        "owner": places.owner_of(device),
        "place_type": device.place_type if device else "",
        "occurred_at": min(first.started_at or at, at).isoformat(),
        "attributes": {
            "device": device.code if device else "",
            "alert_kind": first.kind,
            "severity": first.severity,
            "value": first.value,
        },
    }


def report_of(case: AlertCase, *, bare: bool = False) -> ReportDraft:
    """The case's report for intake; `bare` without what intake may refuse."""
    told = case.draft
    point = (told["lon"], told["lat"]) if told["lon"] is not None else None
    place = _place(point, told["address"])
    if place.how == "none":
        place = locate_text(told["text"])
    return ReportDraft(
        source=case.source,
        external_id=case.external_id,
        text=told["text"],
        nature=Nature.ALERT,
        category=None if bare else told["category"] or None,
        source_category=told["source_category"],
        occurred_at=datetime.fromisoformat(told["occurred_at"]),
        place=place,
        address=told["address"],
        place_type=None if bare else told["place_type"] or None,
        owner=None if bare else told["owner"] or None,
        urgency=told["urgency"],
        attributes=told["attributes"],
    )


def _own_point(alert: Alert) -> tuple[float, float] | None:
    return (alert.lon, alert.lat) if alert.lon is not None and alert.lat is not None else None


def _place(point: tuple[float, float] | None, address: str) -> Place:
    try:
        if point is not None:
            return locate(lon=point[0], lat=point[1], address=address or None)
        return locate(address=address) if address else Place()
    except PlaceError:
        return Place()
