"""The digital city-management platform in its own words."""

import json
from typing import Any

import pytest

from accounts.models import ApiClient
from dispatch.models import SourceCategory
from incidents import actions
from incidents.models import Contact, Incident, Report
from tests.cast import TUESDAY, Person
from tests.incidents.api.conftest import Caller, lamp, problems, without

CASES, NOTICES, FEED = (
    "sources/city-management/orders/",
    "sources/city-management/notices/",
    "feeds/city-management/",
)
# A part's case as the platform hands it to the district.
CASE = json.loads("""
{
  "taskNum": "440307202607070123",
  "recType": "部件",
  "mainTypeCode": "01",
  "mainTypeName": "公用设施",
  "subTypeCode": "0121",
  "subTypeName": "路灯",
  "description": "植物园路公交站往北第三根路灯不亮",
  "partCode": "4403070121000345",
  "address": "植物园路公交站往北60米",
  "street": "龙岗街道",
  "community": "南联社区",
  "gridCode": "44030701600612",
  "coordinateX": 114.265631,
  "coordinateY": 22.762136,
  "urgency": "一般",
  "collector": {"code": "C0312", "name": "赵敏", "phone": "13500001111"},
  "reportTime": "2026-07-07 08:40:00",
  "createTime": "2026-07-07 08:52:10",
  "dispatchTime": "2026-07-07 08:55:00",
  "deadline": "2026-07-08 17:00:00",
  "attachments": []
}
""")


@pytest.fixture
def platform(db: None) -> Caller:
    client, token = ApiClient.objects.issue(name="City management", source="patrol")
    ApiClient.objects.filter(pk=client.pk).update(accepts_closing=True)
    return Caller(token=token)


def notice(kind: str, number: str = "N-1", **given: Any) -> dict[str, Any]:
    return {"noticeNum": number, "taskNum": CASE["taskNum"], "noticeType": kind, **given}


def test_a_case_of_the_platform_is_a_finding_with_its_codes(platform: Caller) -> None:
    SourceCategory.objects.create(source="patrol", name="公用设施/路灯", category_id="0204")
    answer = platform.post(CASES, CASE)
    assert answer.status_code == 201, answer.content
    report, case = Report.objects.get(), Incident.objects.get()
    assert (report.source, report.nature, case.category_id) == ("patrol", "finding", "0204")
    told = report.attributes["order"]
    assert (told["kind"], told["codes"], told["part_code"]) == ("part", ["01", "0121"], "4403070121000345")
    assert set(told["stages"]) == {"createTime", "dispatchTime"}
    assert report.outside_due_at.isoformat() == "2026-07-08T09:00:00+00:00"
    assert Contact.objects.get().name == "赵敏"
    assert "赵敏" not in str(report.attributes)
    assert platform.post(CASES, CASE).status_code == 200


def test_its_check_closes_the_case_and_its_rework_reopens_it(
    platform: Caller, handler: Person, supervisor: Person
) -> None:
    SourceCategory.objects.create(source="patrol", name="公用设施/路灯", category_id="0204")
    platform.post(CASES, CASE)
    number = Incident.objects.get().number
    actions.accept(number=number, actor=handler.actor, at=TUESDAY)
    for sent, content, status in (("核查不通过", "仍不亮", "handling"), ("核查通过", "", "closed")):
        told = {"outcome": "solved", "text": "已换灯头", "attested": True}
        actions.resolve(number=number, **told, actor=handler.actor, at=TUESDAY)
        actions.close(number=number, reason="照片清楚", actor=supervisor.actor, at=TUESDAY)
        answer = platform.post(NOTICES, notice(sent, f"N-{sent}", content=content))
        assert answer.json()["incident"]["status"] == status
    told = [(one["stage"], one["taskNum"], one["part"]) for one in platform.get(FEED).json()["results"]]
    assert [stage for stage, _task, _part in told] == [
        "受理",
        "派遣",
        "接收",
        "处置反馈",
        "申请核查",
        "返工处置",
        "处置反馈",
        "申请核查",
        "结案",
    ]
    assert {(task, part) for _stage, task, part in told} == {(CASE["taskNum"], "1/1")}


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"recType": "人"}, "recType", "unknown"),
        ({"subTypeName": ""}, "subTypeName", "blank"),
        ({"dispatchTime": "2026-07-07 08:00:00"}, "dispatchTime", "out_of_order"),
        ({"coordinateX": 22.7, "coordinateY": 114.2}, "coordinate", "swapped"),
        ({"collector": {"phone": "无"}}, "collector.phone", "phone"),
    ],
)
def test_what_breaks_a_rule_is_named_in_its_own_words(
    platform: Caller, given: dict[str, Any], field: str, code: str
) -> None:
    assert (field, code) in problems(platform.post(CASES, {**CASE, **given}), 400)
    assert not Report.objects.exists()


def test_a_patrol_app_of_somebody_else_files_with_its_token(platform: Caller) -> None:
    """Without an adapter: our own words, a token of the source, and pictures sent before."""
    body = without(lamp("P-1"), "source", "nature", "reporter")
    answer = platform.post("reports/", {**body, "attributes": {"device": "PDA-7"}})
    assert answer.status_code == 201
    report = Report.objects.get()
    assert (report.source, report.nature) == ("patrol", "finding")
    assert {one["event"] for one in platform.get("feeds/reports/").json()["results"]} >= {"received"}
