"""The city's hotline in its own words: its orders, its notices, and what it reads back."""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from accounts.models import ApiClient
from accounts.roles import Role
from dispatch.models import SourceCategory
from incidents import actions
from incidents.models import Attachment, Contact, Incident, Report, Text
from tests.cast import TUESDAY, Person, person
from tests.incidents.api.conftest import Caller, problems
from tests.incidents.sources.payloads import ORDER, notice, order

ORDERS, NOTICES, FEED = "sources/city-12345/orders/", "sources/city-12345/notices/", "feeds/city-12345/"


def picture(colour: str = "red") -> dict[str, str]:
    body = BytesIO()
    Image.new("RGB", (60, 40), colour).save(body, "JPEG")
    return {"name": "现场.jpg", "content": base64.b64encode(body.getvalue()).decode()}


@pytest.fixture
def lamps(db: None) -> None:
    """What the city calls a dead lamp is in the table."""
    SourceCategory.objects.create(source="hotline", name="城市管理/市政设施/路灯", category_id="0204")


def whoever_has(number: str) -> Person:
    """Somebody who works for the unit that the case was sent to."""
    return person("doer", Role.HANDLER, Incident.objects.get(number=number).owner_unit_id)


def heard(caller: Caller) -> list[tuple[str, str]]:
    """(feedbackType, content) of everything that the city reads from the beginning."""
    told = caller.get(FEED).json()
    assert not told["more"]
    return [(one["feedbackType"], one["content"]) for one in told["results"]]


def test_an_order_becomes_a_case_with_its_place_its_words_and_its_clock(
    city_api: Caller, lamps: None
) -> None:
    answer = city_api.post(ORDERS, ORDER)
    assert answer.status_code == 201
    assert answer.json()["incident"]["category"] == "0204"
    report, case = Report.objects.get(), Incident.objects.get()
    assert (report.source, report.external_id) == ("hotline", "SZ202607070012345")
    assert report.text.body == f"{ORDER['title']}。{ORDER['content']}"
    assert (report.nature, case.urgency, case.chased_count) == ("complaint", "urgent", 1)
    assert report.occurred_at.isoformat() == "2026-07-07T01:12:33+00:00"
    assert report.outside_due_at.isoformat() == "2026-07-09T10:00:00+00:00"
    assert report.source_category == "城市管理/市政设施/路灯"
    assert abs(case.lon - 114.2605) < 0.001  # the city's GCJ-02, converted
    assert case.in_district


def test_who_called_is_kept_in_the_contact_alone(city_api: Caller) -> None:
    city_api.post(ORDERS, ORDER)
    report, contact = Report.objects.get(), Contact.objects.get()
    assert (contact.name, contact.phone) == ("王女士", "13812342207")
    everything = f"{report.attributes} {list(Text.objects.values())} {list(Report.objects.values())}"
    assert "王女士" not in everything
    assert "13812342207" not in everything
    assert report.attributes["order"]["categories"] == ORDER["categories"]


def test_an_order_sent_again_is_the_same_order_and_another_one_a_conflict(city_api: Caller) -> None:
    with_picture = order(attachments=[picture()])
    first, again = city_api.post(ORDERS, with_picture), city_api.post(ORDERS, with_picture)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["incident"]["number"] == again.json()["incident"]["number"]
    assert (Attachment.objects.count(), Incident.objects.get().chased_count) == (1, 1)
    other = city_api.post(ORDERS, order(attachments=[picture()], content="路灯杆倒了"))
    assert problems(other, 409) == [("orderNo", "conflict")]
    assert Attachment.objects.count() == 1


def test_what_is_mapped_meanwhile_makes_no_other_order_of_it(city_api: Caller) -> None:
    assert city_api.post(ORDERS, ORDER).status_code == 201
    SourceCategory.objects.create(source="hotline", name="城市管理", category_id="0301")
    assert city_api.post(ORDERS, ORDER).status_code == 200


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"orderNo": ""}, "orderNo", "blank"),
        ({"orderType": "吐槽"}, "orderType", "unknown"),
        ({"urgency": "很急"}, "urgency", "unknown"),
        ({"acceptTime": "昨天"}, "acceptTime", "invalid"),
        ({"acceptTime": "2026-07-08 09:00:00"}, "acceptTime", "in_future"),
        ({"caller": {"phone": "打给我"}}, "caller.phone", "phone"),
        ({"location": {"lng": 22.7, "lat": 114.2}}, "location", "swapped"),
        ({"location": {"lng": 114.2}}, "location.lat", "required"),
        ({"content": "字" * 5001}, "content", "max_length"),
        ({"categories": ["一", "二", "三", "四"]}, "categories", "max_length"),
        ({"attachments": [{"content": "不是"}]}, "attachments.0.content", "not_base64"),
        ({"attachments": [{"content": "aGVsbG8="}]}, "attachments.0", "not_an_image"),
        ({"deadline": "2046-07-08 09:00:00"}, "deadline", "too_late"),
        ({"deadline": "2026-07-05 09:00:00"}, "deadline", "out_of_order"),
        ({"operator": "张三"}, "operator", "unknown_field"),
    ],
)
def test_what_breaks_a_rule_is_named_in_the_citys_own_words(
    city_api: Caller, given: dict[str, Any], field: str, code: str
) -> None:
    assert (field, code) in problems(city_api.post(ORDERS, order(**given)), 400)
    assert not Report.objects.exists()


def test_only_the_hotlines_tokens_come_in_here(city_app_api: Caller, dispatcher: Person) -> None:
    assert problems(city_app_api.post(ORDERS, ORDER), 403) == [("", "not_your_source")]
    assert problems(city_app_api.get(FEED), 403) == [("", "not_your_source")]
    signed_in = Caller(user=dispatcher.user)
    assert problems(signed_in.post(ORDERS, ORDER), 403) == [("", "tokens_only")]


@pytest.mark.parametrize(
    ("kind", "given", "field", "code"),
    [
        ("补充", {}, "content", "required"),
        ("时限变更", {}, "deadline", "required"),
        ("审核退回", {}, "content", "required"),
        ("抱怨", {}, "noticeType", "unknown"),
    ],
)
def test_a_notice_without_what_it_needs(
    city_api: Caller, kind: str, given: dict[str, Any], field: str, code: str
) -> None:
    city_api.post(ORDERS, ORDER)
    assert problems(city_api.post(NOTICES, notice(kind, **given)), 400) == [(field, code)]


def test_a_notice_about_an_order_that_never_came(city_api: Caller) -> None:
    assert problems(city_api.post(NOTICES, notice("催办")), 404) == [("", "not_found")]


def test_an_orders_whole_life_with_the_city(
    city_api: Caller, lamps: None, supervisor: Person, dispatcher: Person
) -> None:
    """Supplement, chaser, more time, receipt, reply, sent back, done again, accepted; and all of it read."""
    city_api.post(ORDERS, ORDER)
    number = Incident.objects.get().number
    handler = whoever_has(number)
    for one in (
        notice("补充", "TZ-1", content="对面那盏也不亮"),
        notice("催办", "TZ-2"),
        notice("时限变更", "TZ-3", deadline="2026-07-08 18:00:00"),
    ):
        assert city_api.post(NOTICES, one).status_code == 201
    assert city_api.post(NOTICES, notice("催办", "TZ-2")).status_code == 200
    _act(
        dispatcher,
        "ask_upstream",
        number,
        kind="extension",
        until=TUESDAY.replace(day=12),
        reason="等灯具到货",
    )
    assert city_api.post(NOTICES, notice("同意延期", "TZ-4")).status_code == 201
    assert Report.objects.get().outside_due_at.isoformat() == "2026-07-12T02:00:00+00:00"
    actions.accept(number=number, actor=handler.actor, at=TUESDAY)
    solved = {"outcome": "solved", "text": "两盏路灯已更换", "attested": True}
    _act(handler, "resolve", number, **solved)
    _act(supervisor, "close", number, reason="照片清楚")
    assert Incident.objects.get().status == "resolved"
    sent_back = city_api.post(NOTICES, notice("审核退回", "TZ-5", content="市民称对面那盏仍不亮"))
    assert sent_back.json()["incident"]["status"] == "handling"
    _act(handler, "resolve", number, **{**solved, "text": "对面一盏也已更换"})
    _act(supervisor, "close", number, reason="照片清楚")
    assert city_api.post(NOTICES, notice("审核通过", "TZ-6")).json()["incident"]["status"] == "closed"
    assert heard(city_api) == [
        ("收单", ""),
        ("派遣", ""),
        ("延期申请", "等灯具到货"),
        ("签收", ""),
        ("处置完成", "两盏路灯已更换"),
        ("办结回复", "两盏路灯已更换"),
        ("重新办理", ""),
        ("处置完成", "对面一盏也已更换"),
        ("办结回复", "对面一盏也已更换"),
        ("结案", ""),
    ]


def test_a_split_order_is_told_under_its_own_number(
    city_api: Caller, lamps: None, dispatcher: Person, supervisor: Person
) -> None:
    city_api.post(ORDERS, ORDER)
    case = Incident.objects.get()
    handler = whoever_has(case.number)
    actions.split(number=case.number, text="路面还有个坑", actor=dispatcher.actor, at=TUESDAY)
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY)
    _act(handler, "resolve", case.number, outcome="solved", text="已修", attested=True)
    _act(supervisor, "close", case.number, reason="照片清楚")
    told = city_api.get(FEED).json()["results"]
    assert {one["orderNo"] for one in told} == {ORDER["orderNo"]}
    assert {(one["partNo"], one["partCount"]) for one in told} == {(1, 2), (2, 2)}
    (reply,) = [one for one in told if one["feedbackType"] == "办结回复"]
    assert not reply["allPartsDone"]
    assert city_api.post(NOTICES, notice("审核通过")).status_code == 409
    assert city_api.post(NOTICES, notice("撤单", "TZ-2")).status_code == 201
    assert list(Incident.objects.values_list("status", flat=True)) == ["closed", "closed"]


def test_what_a_source_claims_about_parts_is_not_believed(city_api: Caller) -> None:
    other = ApiClient.objects.issue(name="App", source="city_app")[1]
    secret = Caller(token=other).post("reports/", {"external_id": "A-1", "text": "井盖松动"}).json()["report"]
    forged = {"external_id": "F-1", "text": "路灯不亮", "attributes": {"split_from": secret}}
    assert city_api.post("reports/", forged).status_code == 201
    assert {one["orderNo"] for one in city_api.get(FEED).json()["results"]} == {"F-1"}


def _act(person: Person, action: str, number: str, **told: Any) -> None:
    getattr(actions, action)(number=number, actor=person.actor, at=TUESDAY, **told)


def ids(told: dict[str, Any]) -> Sequence[str]:
    return [one["feedbackNo"] for one in told["results"]]


def test_an_order_that_joined_hears_whose_it_is_and_comes_back_after_it_was_taken_back(
    city_api: Caller, lamps: None
) -> None:
    city_api.post(ORDERS, ORDER)
    case = Incident.objects.get()
    assert case.status == "dispatched"
    second = order(orderNo="SZ-2", deadline=None)
    assert city_api.post(ORDERS, second).json()["incident"]["number"] == case.number

    def told() -> list[tuple[str, str]]:
        read = city_api.get(FEED).json()["results"]
        assert len({one["feedbackNo"] for one in read}) == len(read)
        return [(one["feedbackType"], one["unit"]) for one in read if one["orderNo"] == "SZ-2"]

    assert [kind for kind, _unit in told()] == ["收单", "派遣"]
    assert told()[-1][1] == case.owner_unit.name_zh
    assert city_api.post(NOTICES, notice("撤单", "TZ-2", orderNo="SZ-2")).status_code == 201
    assert Report.objects.get(external_id="SZ-2").withdrawn_at is not None
    assert city_api.post(NOTICES, notice("重办", "TZ-3", orderNo="SZ-2")).status_code == 201
    assert Report.objects.get(external_id="SZ-2").withdrawn_at is None
    assert Incident.objects.get().status == "dispatched"
    assert [kind for kind, _unit in told()][-2:] == ["收单", "派遣"]
    # The first one was never taken back: it is not to be opened again.
    assert city_api.post(NOTICES, notice("重办", "TZ-4")).status_code == 409


def test_the_feed_is_read_page_by_page_and_from_now_on(city_api: Caller) -> None:
    city_api.post(ORDERS, order(orderNo="SZ-before"))
    start = len(ids(city_api.get(FEED).json()))
    cursor = city_api.get(FEED, cursor="latest").json()["cursor"]
    for index in range(3):
        city_api.post(ORDERS, order(orderNo=f"SZ-{index}", content=f"第{index}处垃圾没人清", location=None))
    whole, read = city_api.get(FEED).json(), []
    told = {"cursor": "", "more": True}
    while told["more"]:
        told = city_api.get(FEED, cursor=told["cursor"], limit="2").json()
        read += ids(told)
    assert read == list(ids(whole))
    assert list(ids(city_api.get(FEED, cursor=cursor).json())) == read[start:]
    assert ids(city_api.get(FEED, cursor=told["cursor"]).json()) == []


@pytest.mark.parametrize("cursor", ["x", "1.2", "-1", "1.2.3.4", "9" * 40, "１"])
def test_a_cursor_that_was_never_given_out(city_api: Caller, cursor: str) -> None:
    assert problems(city_api.get(FEED, cursor=cursor), 400) == [("cursor", "invalid")]
