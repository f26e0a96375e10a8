"""What devices, alerts and their severities are called, in the reader's language; what nobody has named here
is called as its source does."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import pgettext_lazy

_DEVICES: Mapping[str, Any] = {
    "lamp": pgettext_lazy("device", "lamp"),
    "cabinet": pgettext_lazy("device", "power cabinet"),
    "bin": pgettext_lazy("device", "litter bin"),
    "manhole": pgettext_lazy("device", "manhole cover"),
    "smoke": pgettext_lazy("device", "smoke detector"),
    "gas": pgettext_lazy("device", "gas detector"),
    "water_level": pgettext_lazy("device", "water level gauge"),
    "camera": pgettext_lazy("device", "camera"),
    "gateway": pgettext_lazy("device", "gateway"),
}
_ALERTS: Mapping[str, Any] = {
    **dict.fromkeys(
        ("manhole_tilt", "manhole_displaced", "manhole_open", "manhole_tamper"),
        pgettext_lazy("alert", "cover moved"),
    ),
    **dict.fromkeys(("well_level", "sewer_level"), pgettext_lazy("alert", "level in a drain")),
    **dict.fromkeys(("water_level", "waterlogging"), pgettext_lazy("alert", "flooding")),
    **dict.fromkeys(("river_level", "reservoir_level"), pgettext_lazy("alert", "high water")),
    **dict.fromkeys(("smoke", "smoke_alarm"), pgettext_lazy("alert", "smoke")),
    **dict.fromkeys(("electrical_fire", "residual_current"), pgettext_lazy("alert", "electrical fire risk")),
    **dict.fromkeys(("gas", "gas_leak", "methane"), pgettext_lazy("alert", "gas leak")),
    **dict.fromkeys(("power_cut", "cabinet_offline", "power_failure"), pgettext_lazy("alert", "power cut")),
    **dict.fromkeys(("lamp_fault", "lamp_off", "street_light_fault"), pgettext_lazy("alert", "lamp fault")),
    **dict.fromkeys(("bin_full", "bin_overflow"), pgettext_lazy("alert", "bin full")),
    **dict.fromkeys(("street_vendor", "vendor"), pgettext_lazy("alert", "street vendor")),
    **dict.fromkeys(("illegal_parking", "parking"), pgettext_lazy("alert", "illegal parking")),
    **dict.fromkeys(("garbage", "exposed_garbage"), pgettext_lazy("alert", "litter")),
    **dict.fromkeys(("fire_lane", "fire_lane_blocked"), pgettext_lazy("alert", "fire lane blocked")),
    **dict.fromkeys(("fire_smoke", "flame"), pgettext_lazy("alert", "fire or smoke seen")),
    **dict.fromkeys(("offline", "device_offline"), pgettext_lazy("alert", "offline")),
    "low_battery": pgettext_lazy("alert", "low battery"),
}
_SEVERITIES: Mapping[str, Any] = {
    **dict.fromkeys(("critical", "fatal", "emergency"), pgettext_lazy("severity", "critical")),
    **dict.fromkeys(("major", "error", "high", "urgent"), pgettext_lazy("severity", "major")),
    "warning": pgettext_lazy("severity", "warning"),
    **dict.fromkeys(("minor", "low"), pgettext_lazy("severity", "minor")),
    **dict.fromkeys(("info", "none"), pgettext_lazy("severity", "info")),
}


def device_kind_words(kind: str) -> str:
    """A kind of device."""
    return str(_DEVICES.get(kind, kind))


def alert_kind_words(kind: str) -> str:
    """A kind of alert."""
    return str(_ALERTS.get(kind, kind))


def severity_words(severity: str) -> str:
    """How bad the source says that it is."""
    return str(_SEVERITIES.get(severity.lower(), severity))
