"""A district's WeChat account: signed callbacks as the platform sends them, and what is filed by them."""

import json
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from defusedxml.ElementTree import fromstring
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.utils import translation

from accounts.models import ApiClient
from incidents.models import ChatMessage, Contact, Conversation, Incident, Report
from incidents.sources import conversing, wechat
from tests.cast import TUESDAY

TOKEN, OPENID = "yiwang2026", "oYx3D0aBcDeFgHiJkLmNoPqRsTu1"
ADDRESS = "/api/v1/callbacks/wechat/"
TEXT = "南联社区植物园路公交站往北第三根路灯坏了，晚上不亮"

# As the platform sends them.
TEXT_XML = """<xml>
  <ToUserName><![CDATA[gh_8f1c2d3e4a5b]]></ToUserName>
  <FromUserName><![CDATA[{openid}]]></FromUserName>
  <CreateTime>1783389600</CreateTime>
  <MsgType><![CDATA[text]]></MsgType>
  <Content><![CDATA[{words}]]></Content>
  <MsgId>{id}</MsgId>
</xml>"""
LOCATION_XML = """<xml>
  <ToUserName><![CDATA[gh_8f1c2d3e4a5b]]></ToUserName>
  <FromUserName><![CDATA[{openid}]]></FromUserName>
  <CreateTime>1783389601</CreateTime>
  <MsgType><![CDATA[location]]></MsgType>
  <Location_X>22.762136</Location_X>
  <Location_Y>114.265631</Location_Y>
  <Scale>16</Scale>
  <Label><![CDATA[龙岗区植物园路]]></Label>
  <MsgId>{id}</MsgId>
</xml>"""
IMAGE_XML = """<xml>
  <ToUserName><![CDATA[gh_8f1c2d3e4a5b]]></ToUserName>
  <FromUserName><![CDATA[{openid}]]></FromUserName>
  <CreateTime>1783389602</CreateTime>
  <MsgType><![CDATA[image]]></MsgType>
  <PicUrl><![CDATA[http://mmbiz.qpic.cn/mmbiz_jpg/abc/0]]></PicUrl>
  <MediaId><![CDATA[m3d14]]></MediaId>
  <MsgId>{id}</MsgId>
</xml>"""
SUBSCRIBE_XML = """<xml>
  <ToUserName><![CDATA[gh_8f1c2d3e4a5b]]></ToUserName>
  <FromUserName><![CDATA[{openid}]]></FromUserName>
  <CreateTime>1783389599</CreateTime>
  <MsgType><![CDATA[event]]></MsgType>
  <Event><![CDATA[subscribe]]></Event>
</xml>"""


@pytest.fixture(autouse=True)
def account(db: None, settings: Any) -> None:
    settings.WECHAT_TOKEN = TOKEN


def call(body: str = "", *, method: str = "POST", token: str = TOKEN, **query: str) -> HttpResponse:
    stamp, nonce = query.pop("timestamp", str(int(time.time()))), query.pop("nonce", str(uuid4().int)[:10])
    told = {
        "signature": wechat.sign(token, timestamp=stamp, nonce=nonce),
        "timestamp": stamp,
        "nonce": nonce,
        **query,
    }
    return Client().generic(method, f"{ADDRESS}?{urlencode(told)}", body.encode(), content_type="text/xml")


def say(words: str, number: int = 1, openid: str = OPENID) -> str:
    """What the account answers to words."""
    with translation.override("en"):
        answer = call(TEXT_XML.format(words=words, id=23456789012345000 + number, openid=openid))
    assert answer.status_code == 200, answer.content
    assert f"<ToUserName><![CDATA[{openid}]]></ToUserName>" in answer.content.decode()
    return answer.content.decode()


def test_the_platform_finds_out_that_it_is_us() -> None:
    assert call(method="GET", echostr="5838420").content == b"5838420"
    assert call(method="GET", token="another", echostr="5838420").status_code == 403
    old = str(int(time.time()) - 3_600)
    assert call(method="GET", timestamp=old, echostr="5838420").status_code == 403
    assert call(method="GET", timestamp="morgen", echostr="5838420").status_code == 403


def test_without_a_token_there_is_no_such_address(settings: Any) -> None:
    settings.WECHAT_TOKEN = ""
    assert call(method="GET").status_code == 404


def test_words_and_a_place_become_a_report_with_its_code() -> None:
    call(SUBSCRIBE_XML.format(openid=OPENID))
    say(TEXT, 1)
    call(LOCATION_XML.format(openid=OPENID, id=2))
    call(IMAGE_XML.format(openid=OPENID, id=3))
    assert not Report.objects.exists()
    answer = say("提交", 4)
    report, case = Report.objects.get(), Incident.objects.get()
    assert report.tracking_code in answer
    assert (report.source, report.text.body, report.address) == ("city_app", TEXT, "龙岗区植物园路")
    assert report.attributes == {"channel": "wechat", "pictures_not_taken": 1}
    assert abs(case.lon - 114.2605) < 0.001  # the platform's GCJ-02, converted


def test_who_it_was_is_nowhere_to_be_read() -> None:
    say(TEXT, 1)
    kept = Conversation.objects.get()
    assert TEXT.encode() not in bytes(kept.words_sealed)
    say("提交", 2)
    everything = [*Conversation.objects.values(), *Report.objects.values(), *ChatMessage.objects.values()]
    assert OPENID not in str(everything)
    assert bytes(Conversation.objects.get().words_sealed) == b""
    assert not Contact.objects.exists()


def test_a_message_that_is_sent_again_is_taken_once_and_answered_as_before() -> None:
    first, again = say(TEXT, 1), say(TEXT, 1)
    assert first.partition("<Content>")[2] == again.partition("<Content>")[2]
    done, once_more = say("提交", 2), say("提交", 2)
    assert done.partition("<Content>")[2] == once_more.partition("<Content>")[2]
    assert Report.objects.count() == 1
    assert Report.objects.get().text.body == TEXT


def test_what_broke_off_after_it_was_filed_is_filed_once() -> None:
    say(TEXT, 1)
    before = Conversation.objects.values("words_sealed", "report", "closed_at").get()
    say("提交", 2)
    # As a process leaves it that ends between filing and answering.
    Conversation.objects.update(**before)
    ChatMessage.objects.filter(message_id__endswith="02").delete()
    assert Report.objects.get().tracking_code in say("提交", 2)
    assert Report.objects.count() == 1


def test_two_people_do_not_mix_and_a_new_matter_is_a_new_report() -> None:
    say("井盖丢了，在南联社区", 1, "oAnother")
    say(TEXT, 2)
    say("提交", 3)
    say("还有垃圾没人清", 4)
    say("提交", 5)
    assert list(Report.objects.order_by("pk").values_list("text__body", flat=True)) == [
        TEXT,
        "还有垃圾没人清",
    ]


def test_nothing_said_is_nothing_filed_and_what_is_cancelled_is_forgotten() -> None:
    say("提交", 1)
    say(TEXT, 2)
    say("取消", 3)
    say("提交", 4)
    assert not Report.objects.exists()
    assert all(bytes(one.words_sealed) == b"" for one in Conversation.objects.all())


def test_what_nobody_finishes_is_forgotten(db: None) -> None:
    say(TEXT, 1)
    later = TUESDAY + conversing.KEPT * 2
    message = wechat.read(TEXT_XML.format(words="垃圾满了", id=9, openid="oAnother").encode())
    conversing.take(message, at=later)
    assert Conversation.objects.count() == 1


def test_mini_programmes_speak_json() -> None:
    told = {
        "ToUserName": "gh_1",
        "FromUserName": OPENID,
        "CreateTime": 1783389600,
        "MsgType": "text",
        "Content": TEXT,
        "MsgId": 77,
    }
    answer = call(json.dumps(told))
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["ToUserName"] == OPENID
    assert Conversation.objects.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "body: not_xml"),
        ("<xml><ToUserName>", "body: not_xml"),
        ("[1]", "body: not_xml"),
        ("{", "body: not_json"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>', "body: not_xml"),
        ("<xml><MsgType>text</MsgType></xml>", "FromUserName: required"),
        ("<xml><Encrypt>abc</Encrypt></xml>", "Encrypt: encrypted"),
        (TEXT_XML.replace("[text]", "[dance]"), "MsgType: unknown"),
        (LOCATION_XML.replace("22.762136", "north"), "Location_X: not_a_number"),
        ("<xml>" + "<a>" * 2_000, "body: not_xml"),
    ],
)
def test_what_cannot_be_read_is_told(body: str, said: str) -> None:
    answer = call(body)
    assert (answer.status_code, answer.content.decode()) == (400, said)


def test_a_body_has_its_bound() -> None:
    answer = call("<xml>" + "x" * wechat.BODY_MOST)
    assert answer.status_code == 413


def test_words_cannot_break_out_of_the_answer() -> None:
    message = wechat.read(TEXT_XML.format(words="x", id=1, openid=OPENID).encode())
    _type, body = wechat.answer(message, "a]]><evil/>", at=0)
    told: Any = fromstring(body)
    assert told.find("Content").text == "a]]><evil/>"
    assert told.find("evil") is None


def test_a_signature_is_good_for_one_message_however_often_that_is_sent() -> None:
    mine, other = (
        TEXT_XML.format(words=TEXT, id=1, openid=OPENID),
        TEXT_XML.format(words="x", id=2, openid=OPENID),
    )
    once = {"timestamp": str(int(time.time())), "nonce": "17"}
    first = call(mine, **once)
    assert (first.status_code, call(mine, **once).content) == (200, first.content)
    assert call(other, **once).status_code == 403
    assert call(other).status_code == 200
    done = {**once, "nonce": "18"}
    assert call(TEXT_XML.format(words="提交", id=3, openid=OPENID), **done).status_code == 200
    assert call(TEXT_XML.format(words="提交", id=4, openid=OPENID), **done).status_code == 403


def test_half_a_character_is_no_words_and_no_fault_of_ours() -> None:
    told = {"ToUserName": "gh_1", "FromUserName": "o_1", "CreateTime": 1, "MsgType": "text", "MsgId": 9}
    body = json.dumps({**told, "Content": "\ud83d"})
    answer = call(body)
    assert (answer.status_code, answer.content) == (400, b"Content: invalid")


def test_what_residents_write_comes_through_no_other_systems_door(settings: Any) -> None:
    ApiClient.objects.issue(name="lamps", source="sensor")
    settings.WECHAT_CLIENT = "lamps"
    with pytest.raises(ImproperlyConfigured, match="lamps"):
        call(TEXT_XML.format(words=TEXT, id=1, openid=OPENID))


def is_taken_in(answer: str) -> bool:
    """Is the report that came of it named by its code?"""
    return Report.objects.latest("pk").tracking_code in answer


def test_one_person_sends_so_many_matters_a_day_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversing, "REPORTS_MOST", 2)
    for number in range(0, 4, 2):
        say(f"{TEXT}{number}", number)
        assert is_taken_in(say("提交", number + 1))
    say(TEXT, 8)
    assert "12345" in say("提交", 9)
    assert Report.objects.count() == 2
    say(TEXT, 10, "another")
    assert is_taken_in(say("提交", 11, "another"))
    assert Report.objects.count() == 3


def test_what_became_a_report_long_ago_is_forgotten_and_the_report_is_not() -> None:
    say(TEXT, 1)
    say("提交", 2)
    long_ago = conversing.REMEMBERED + 2 * conversing.KEPT
    Conversation.objects.update(expires_at=F("expires_at") - long_ago)
    say("x", 3, "another")
    assert Conversation.objects.count() == 1
    assert ChatMessage.objects.count() == 1
    assert Report.objects.exists()
