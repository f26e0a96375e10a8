"""What comes through other doors in the demo: the city's orders, letters, councils, names to be mapped."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import ApiClient, User
from accounts.roles import Role
from config.simulation.blocks import BUJI_COUNCIL, cut_blocks, seat_council
from config.simulation.people import Staff
from dispatch.models import SourceCategory
from incidents import actions
from incidents.actor import Actor
from incidents.api.fields import checked
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Receipt
from incidents.models import CouncilMeeting, Incident
from incidents.models.incident import Status
from incidents.numbers import DISTRICT_ZONE
from incidents.sources import councils, naming, petitions
from incidents.sources.acceptance import say_who_accepts
from incidents.sources.city12345 import City12345
from incidents.sources.taking import take_order

CITY = "市12345热线平台"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Number, hours ago, type, levels of the category, words, community (with its street), urgency, what
# became of it: up (before the city), asked (more time), sent_back, nothing.
_ORDERS: tuple[tuple[str, float, str, str, str, tuple[str, str], str, str], ...] = (
    (
        "SZ-DEMO-000311",
        50,
        "投诉",
        "城市管理/市政设施/路灯",
        "南联社区植物园路公交站往北第三根路灯坏了，晚上不亮",
        ("龙岗街道", "南联社区"),
        "普通",
        "up",
    ),
    (
        "SZ-DEMO-000318",
        44,
        "求助",
        "城市管理/市政设施/路灯",
        "吉祥路人行道上两盏路灯一直闪，行人害怕",
        ("龙城街道", "吉祥社区"),
        "普通",
        "sent_back",
    ),
    (
        "SZ-DEMO-000325",
        20,
        "投诉",
        "城市管理/市政设施/路灯",
        "布龙路辅道整段路灯不亮，已经三天",
        ("坂田街道", "坂田社区"),
        "紧急",
        "asked",
    ),
    (
        "SZ-DEMO-000332",
        6,
        "咨询",
        "公安政法/户政/居住登记",
        "请问租房没有合同，能不能办居住登记",
        ("", ""),
        "普通",
        "",
    ),
    (
        "SZ-DEMO-000333",
        3,
        "投诉",
        "城乡建设/施工扰民/夜间施工",
        "工地凌晨两点还在打桩，孩子睡不着",
        ("横岗街道", ""),
        "普通",
        "",
    ),
)
_LETTERS: tuple[dict[str, Any], ...] = (
    {
        "number": "信2026-1182",
        "kind": "letter",
        "nature": "help",
        "text": "我们楼下的化粪池满溢两个多月，雨天污水流到路上，物业说不归他管，请协调。",
        "address": "布吉街道吉政路",
        "names": ("王秀英",),
        "people": 12,
        "is_joint": True,
        "source_category": "城乡建设/物业管理",
    },
    {
        "number": "访2026-0457",
        "kind": "visit",
        "nature": "tip_off",
        "text": "工厂三个月没有发工资，老板不接电话，希望有人管，请不要让厂里知道是我们来的。",
        "address": "平湖街道",
        "names": ("李某", "陈某"),
        "people": 2,
        "is_confidential": True,
        "source_category": "人社/劳动报酬",
    },
)
_ISSUES: tuple[tuple[str, float, int, tuple[tuple[str, str], ...]], ...] = (
    (
        "440307016006",
        9,
        14,
        (
            ("三巷口路灯坏了两盏，老人晚上不敢出门", "三巷口"),
            ("垃圾投放点旁边总堆着装修垃圾", ""),
            ("小广场的健身器材松动，怕伤到孩子", ""),
        ),
    ),
    (
        "440307016006",
        2,
        17,
        (("电动车充电桩不够，有人从楼上拉线充电", ""), ("雨水篦子堵了，一下雨就积水", "")),
    ),
    # Of the street whose leader has a login.
    (
        BUJI_COUNCIL,
        3,
        11,
        (("菜市场门口摊位占了盲道", ""), ("楼下路口的红绿灯时间太短，老人过不去", "")),
    ),
)


def open_doors(*, at: datetime) -> None:
    """Give the demo's other doors something to show; once."""
    if CouncilMeeting.objects.exists():
        return
    people = User.objects.in_bulk(["operator", "supervisor", "steward", "dispatcher"], field_name="username")
    _map_names(people, at=at)
    _orders(people["supervisor"], at=at)
    _letters(people["operator"], at=at)
    cut_blocks(at=at)
    _councils(people["operator"], at=at)
    seat_council(keeper=people["operator"], at=at)


def _map_names(people: dict[str, User], *, at: datetime) -> None:
    keeper = people.get("steward")
    if keeper is None or SourceCategory.objects.filter(source="hotline", changed_by=keeper).exists():
        return
    told = {"source": "hotline", "name": "城市管理/市政设施/路灯", "category": "0204"}
    naming.set_name(**told, user=keeper, at=at - 9 * _DAY)


def _orders(supervisor: User, *, at: datetime) -> None:
    client, _token = ApiClient.objects.issue(name=CITY, source="hotline")
    keeper = User.objects.filter(memberships__role=Role.ADMIN, is_active=True).order_by("pk")[0]
    client = say_who_accepts(client=client, accepts=True, user=keeper, at=at - 9 * _DAY)
    adapter = City12345()
    for number, ago, kind, levels, words, (street, community), urgency, fate in _ORDERS:
        sent_at = at - ago * _HOUR
        order = {
            "orderNo": number,
            "content": words,
            "caller": {"name": "市民", "phone": "13800000000"},
            "acceptTime": f"{(sent_at - _HOUR / 2).astimezone(DISTRICT_ZONE):%Y-%m-%d %H:%M:%S}",
            "orderType": kind,
            "categories": levels.split("/"),
            "region": {"street": street, "community": community},
            "urgency": urgency,
            "deadline": f"{(at + 4 * _DAY).astimezone(DISTRICT_ZONE):%Y-%m-%d} 18:00:00",
        }
        filed = adapter.order(checked(adapter.order_input, order))
        receipt = take_order(filed, client=client, at=sent_at)
        if isinstance(receipt, Receipt) and receipt.created and not receipt.joined and fate:
            _live(receipt.incident, fate, supervisor, since=sent_at, at=at)


def _live(case: Incident, fate: str, supervisor: User, *, since: datetime, at: datetime) -> None:
    """What the unit and the centre did with an order, up to where the city has its word."""
    centre = Actor.person(supervisor, "operations-centre")
    case.refresh_from_db()
    if case.status != Status.DISPATCHED:
        return
    handler = Staff().handler(case.owner_unit_id)
    try:
        actions.accept(number=case.number, actor=handler, at=since + _HOUR / 3)
        if fate == "asked":
            wanted = at + 7 * _DAY
            actions.ask_upstream(
                number=case.number,
                kind="extension",
                until=wanted,
                reason="整段电缆被挖断，等供电部门修复",
                actor=centre,
                at=at - _HOUR,
            )
            return
        done = since + 6 * _HOUR
        words = "已更换灯头，晚上复查正常"
        told: dict[str, Any] = {"outcome": "solved", "text": words, "attested": True}
        actions.resolve(number=case.number, **told, actor=handler, at=done)
        actions.close(number=case.number, reason="照片清楚", actor=centre, at=done + 2 * _HOUR)
        if fate == "sent_back":
            reason = "市民称仍在闪，请复核"
            actions.answer_upstream(
                number=case.number, accepted=False, reason=reason, actor=centre, at=done + 5 * _HOUR
            )
    except (ActionRefused, InvalidInput):
        return  # the clocks of the history were quicker


def _letters(operator: User, *, at: datetime) -> None:
    for index, told in enumerate(_LETTERS):
        reply_by = (at + (10 + index) * _DAY).date()
        petitions.enter(
            petitions.Petition(**told, reply_by=reply_by), user=operator, at=at - (index + 1) * 5 * _HOUR
        )


def _councils(operator: User, *, at: datetime) -> None:
    for area, ago, attendance, issues in _ISSUES:
        held_at = at - ago * _DAY
        councils.hold(
            councils.Meeting(
                key=f"demo-{area}-{ago}",
                area=area,
                held_at=held_at,
                attendance=attendance,
                issues=tuple(councils.Issue(*issue) for issue in issues),
            ),
            user=operator,
            at=held_at + _HOUR,
        )
