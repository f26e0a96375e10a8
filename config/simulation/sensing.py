"""The demo's devices and their alerts: what burns, what flaps, what is held back, what nobody knows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from accounts.models import ApiClient
from dispatch.vocabulary import PlaceType, Source
from grids.models import Area
from incidents.actor import Actor
from incidents.models import Alert
from incidents.models.sensing import AlertChannel
from incidents.sensing import register, taking
from incidents.sensing.aside import set_aside
from incidents.sensing.defaults import load_defaults
from incidents.sensing.notice import Malformed, Notice
from incidents.sensing.settling import settle

LAMPS = 12
_TENANTS = (("demo-sensors", Source.SENSOR), ("demo-cameras", Source.AI_VIDEO))
_MINUTE = timedelta(minutes=1)
# Code, kind, name, kind of place; each in a community of its own.
_DEVICES = (
    ("MH-0017", "manhole", "雨水井盖 17 号", PlaceType.MAIN_ROAD),
    ("MH-0042", "manhole", "污水井盖 42 号", PlaceType.SIDE_ROAD),
    ("WL-0003", "level", "下穿隧道水位计", PlaceType.MAIN_ROAD),
    ("SM-0301", "smoke", "3 栋 5 楼烟感", PlaceType.URBAN_VILLAGE),
    ("BIN-0108", "bin", "智能果皮箱 108 号", PlaceType.MAIN_ROAD),
    ("CAM-0021", "camera", "菜市场路口球机", PlaceType.SIDE_ROAD),
    ("CAM-0022", "camera", "小区消防通道枪机", PlaceType.RESIDENTIAL_ESTATE),
)


def prepare_sensors(*, at: datetime) -> None:
    """Fill the register and let devices report over the last hours; once."""
    if Alert.objects.exists():
        return
    load_defaults()
    sensors, cameras = (_client(name, source) for name, source in _TENANTS)
    register.import_devices(rows=list(_rows()), actor=Actor(), at=at - timedelta(days=30))
    for client, minutes, notices in _story(sensors, cameras, at):
        when = at - minutes * _MINUTE
        taking.take(notices, client=client, at=when)
    problem = Malformed("bad_state", "state is 'tilted?'")
    set_aside(
        [(problem, b'{"state": "tilted?", "value": "n/a"}')],
        client=sensors,
        channel=AlertChannel.MQTT,
        origin="yiwang/v1/demo-sensors/MH-0042/manhole_tilt",
        at=at - 35 * _MINUTE,
    )
    settle(at=at)


def _client(name: str, source: str) -> ApiClient:
    found = ApiClient.objects.filter(name=name).first()
    return found or ApiClient.objects.issue(name=name, source=source)[0]


def _rows() -> Iterator[dict[str, Any]]:
    """The sheet of the demo's devices, spread over communities."""
    places = list(Area.objects.communities().order_by("code")[:: max(1, 111 // (len(_DEVICES) + 1))])
    for place, (code, kind, name, place_type) in zip(places, _DEVICES, strict=False):
        yield _row(code, kind, f"{place.name_zh}{name}", place, place_type)
    home = places[len(_DEVICES)]
    yield _row("CAB-0007", "cabinet", f"{home.name_zh}路灯配电箱 7 号", home, PlaceType.MAIN_ROAD)
    for index in range(1, LAMPS + 1):
        lamp = _row(f"LAMP-{index:04d}", "lamp", f"{home.name_zh}{index} 号灯杆", home, PlaceType.MAIN_ROAD)
        yield {**lamp, "parent": "CAB-0007", "lon": home.lon + index * 0.0002}


def _row(code: str, kind: str, name: str, place: Area, place_type: str) -> dict[str, Any]:
    return {
        "code": code,
        "kind": kind,
        "name": name,
        "lon": place.lon,
        "lat": place.lat,
        "address": "",
        "place_type": place_type,
        "facility": "",
        "owner": "",
        "parent": "",
        "rule": None,
    }


def _story(
    sensors: ApiClient, cameras: ApiClient, at: datetime
) -> Iterator[tuple[ApiClient, float, list[Notice]]]:
    """Who says what, how many minutes ago."""

    def says(device: str, kind: str, minutes: float, *, burns: bool = True, **more: Any) -> list[Notice]:
        key, when = f"{device}|{kind}", at - minutes * _MINUTE
        return [
            Notice(AlertChannel.MQTT, key=key, is_firing=burns, at=when, kind=kind, device=device, **more)
        ]

    yield sensors, 300, says("BIN-0108", "bin_full", 300, value="96", annotations={"unit": "%"})
    yield sensors, 240, says("BIN-0108", "bin_full", 240, burns=False)
    yield sensors, 190, says("WL-0003", "water_level", 190, value="27", annotations={"unit": "cm"})
    yield cameras, 150, says("CAM-0021", "street_vendor", 150)
    yield cameras, 140, says("CAM-0021", "street_vendor", 140)
    for index in range(6):
        minutes = 85 - 8 * index
        yield sensors, minutes, says("MH-0042", "manhole_tilt", minutes, value="16")
        yield sensors, minutes - 3, says("MH-0042", "manhole_tilt", minutes - 3, burns=False)
    yield sensors, 80, says("CAB-0007", "power_cut", 80)
    lamps = [f"LAMP-{index:04d}" for index in range(1, LAMPS + 1)]
    yield sensors, 79, [one for lamp in lamps for one in says(lamp, "lamp_fault", 79)]
    yield sensors, 50, says("SM-0301", "smoke", 50)
    yield sensors, 48, says("SM-0301", "smoke", 48, burns=False)
    yield cameras, 30, says("CAM-0022", "fire_lane", 30)
    yield sensors, 25, says("MH-0017", "manhole_tilt", 25, value="23.5", annotations={"unit": "°"})
    yield sensors, 20, says("NB-7F31", "noise_high", 20, annotations={"summary": "夜间噪声 78 分贝"})
