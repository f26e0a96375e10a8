"""The rules and inhibitions that Yiwang comes with, for the devices that most districts have."""

from typing import Any, Final

from django.db import transaction

from incidents.models import AlertInhibition, AlertRule
from incidents.sensing.matchers import read_lines

# Name, matchers, category, urgency ("" by severity), words, makes a case, closes by itself.
_RULES: Final[tuple[tuple[str, str, str, str, str, bool, bool], ...]] = (
    ("心跳与监控自检", 'alertname =~ "Watchdog|InfoInhibitor|DeadMansSwitch"', "", "", "", False, True),
    ("仅提示", 'severity =~ "none|info|提示"', "", "", "", False, True),
    ("井盖移位", 'kind =~ "manhole_(tilt|displaced|open|tamper)|井盖(倾斜|移位|开启)"', "0201", "urgent",
     "井盖传感器报警：{name} 井盖移位或倾斜 {value}{unit}，可能井口敞开", True, False),
    ("井下水位", 'kind =~ "well_level|sewer_level|井下水位"', "0505", "urgent",
     "排水井液位超限 {value}{unit}：{name}", True, True),
    ("道路积水", 'kind =~ "water_level|waterlogging|积水|内涝"', "0505", "",
     "内涝监测报警：{name} 积水 {value}{unit}，阈值 {threshold}", True, True),
    ("河道水库水位", 'kind =~ "river_level|reservoir_level|河道水位|水库水位"', "2005", "emergency",
     "水位超警报警：{name}，水位 {value}{unit}，警戒水位 {threshold}", True, False),
    ("烟感", 'kind =~ "smoke|smoke_alarm|烟感.*"', "1007", "emergency", "烟感报警：{name}", True, False),
    ("电气火灾", 'kind =~ "electrical_fire|residual_current|剩余电流|电气火灾"', "1007", "urgent",
     "电气火灾监测报警：{name} 超限 {value}{unit}", True, False),
    ("燃气泄漏", 'kind =~ "gas|gas_leak|methane|燃气.*"', "2002", "emergency",
     "燃气泄漏监测报警：{name}，浓度 {value}{unit}", True, False),
    ("配电箱失电", 'kind =~ "power_cut|cabinet_offline|power_failure|失电|停电"', "0204", "urgent",
     "路灯配电箱失电，整条路路灯可能全部不亮：{name}", True, True),
    ("路灯故障", 'kind =~ "lamp_fault|lamp_off|street_light_fault|路灯故障"', "0204", "routine",
     "单灯控制器报警，路灯坏：{name} 一盏路灯不亮", True, True),
    ("垃圾桶满溢", 'kind =~ "bin_full|bin_overflow|满溢|垃圾桶满"', "0104", "routine",
     "垃圾桶满溢告警：{name} 桶满 {value}{unit}", True, True),
    ("AI 视频：流动摊贩", 'kind =~ "street_vendor|vendor|占道经营|流动摊贩"', "0105", "routine",
     "视频识别到流动摊贩占道摆卖：{name}", True, True),
    ("AI 视频：机动车违停", 'kind =~ "illegal_parking|parking|违停|机动车违停"', "0301", "routine",
     "视频识别到机动车违停：{name}", True, True),
    ("AI 视频：暴露垃圾", 'kind =~ "garbage|exposed_garbage|暴露垃圾|垃圾堆积"', "0101", "routine",
     "视频识别到路面散落生活垃圾：{name}", True, True),
    ("AI 视频：消防通道", 'kind =~ "fire_lane|fire_lane_blocked|消防通道.*"', "1001", "urgent",
     "视频识别到消防通道被占用：{name}", True, True),
    ("AI 视频：烟火", 'kind =~ "fire_smoke|flame|烟火.*"', "1007", "emergency",
     "烟火识别告警，疑似烟雾或火焰：{name}，置信度 {value}", True, False),
    ("设备离线", 'kind =~ "offline|device_offline|low_battery|离线|低电量"', "", "routine", "", False, True),
)  # fmt: skip

_INHIBITIONS: Final[tuple[tuple[str, str, str, tuple[str, ...], bool], ...]] = (
    ("配电箱失电时不报其下单灯", "kind =~ \"power_cut|cabinet_offline|power_failure|失电|停电\"",
     "kind =~ \"lamp_fault|lamp_off|street_light_fault|路灯故障\"", (), True),
    ("同一设备：严重告警压住一般告警", "severity =~ \"critical|fatal|emergency\"",
     "severity =~ \"warning|minor\"", ("device", "kind"), False),
)  # fmt: skip


@transaction.atomic
def load_defaults() -> bool:
    """Write them where there are none yet; what a district has made of them stays. Did it?"""
    if AlertRule.objects.exists() or AlertInhibition.objects.exists():
        return False
    AlertRule.objects.bulk_create(
        AlertRule(
            position=10 * (index + 1),
            name=name,
            matchers=_read(matchers),
            category_code=category,
            urgency=urgency,
            text=text,
            makes_case=makes_case,
            closes_itself=closes,
        )
        for index, (name, matchers, category, urgency, text, makes_case, closes) in enumerate(_RULES)
    )
    AlertInhibition.objects.bulk_create(
        AlertInhibition(
            name=name,
            source_matchers=_read(source),
            target_matchers=_read(target),
            equal=list(equal),
            of_parent=of_parent,
        )
        for name, source, target, equal, of_parent in _INHIBITIONS
    )
    return True


def _read(text: str) -> list[dict[str, Any]]:
    return [matcher.as_json() for matcher in read_lines(text)]
