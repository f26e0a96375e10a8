"""An emergency by a guess says so, is called false like any other, and no calm text becomes one."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from dispatch import service
from dispatch.items import normal_form
from dispatch.normalise import urgency
from dispatch.vocabulary import Nature
from incidents import actions, dangers
from incidents.models import EmergencyAlarm, Incident
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db

# Read as a sudden environmental event; no word of it is in the table of dangers.
GUESS = "河面上漂着一大片油污，鱼死了很多，水的颜色也变了"


def decided(text: str, **given: Any) -> service.Decision:
    request = service.Request(text=text, source="resident_form", at=TUESDAY, **given)
    return service.decide_many([request])[0]


def case_of(text: str) -> Incident:
    return file_report(text=text, category=None, nature=None, joins="", urgency=None)


def test_a_guess_says_that_it_is_one_and_is_kept_like_an_alarm() -> None:
    decision = decided(GUESS)
    assert decision.urgency == "emergency"
    told = next(reason for reason in decision.reasons if reason.code == "urgency_guessed")
    assert told.params["category"] == decision.category
    case = case_of(GUESS)
    alarm = EmergencyAlarm.objects.get(incident=case)
    assert (alarm.danger, alarm.phrase) == (dangers.GUESSED, decision.category)
    given = decided(GUESS, category=decision.category)
    assert "urgency_guessed" not in {reason.code for reason in given.reasons}


def test_it_is_called_false_by_the_same_key_and_counted(
    browse: As, operator: Person, supervisor: Person
) -> None:
    case = case_of(GUESS)
    shown = browse(operator).get(reverse("desk-case", args=[case.number])).content.decode()
    assert "data-guess" in shown
    assert 'data-key="f"' in shown
    actions.false_alarm(
        number=case.number, reason="不是突发", actor=operator.actor, at=TUESDAY + timedelta(minutes=1)
    )
    assert reload(case).urgency == "routine"
    again = browse(operator).get(reverse("desk-case", args=[case.number])).content.decode()
    assert "data-guess" not in again
    (row,) = browse(supervisor).get(reverse("alarms")).context["phrases"]
    assert (row["tally"].alarms, row["tally"].false) == (1, 1)
    assert row["words"] != row["tally"].key  # the category's name, and not its code


@pytest.mark.parametrize(
    "text",
    [
        "感谢消防来小区做电梯困人演练，居民都学到了",
        "上周楼道有煤气味，燃气公司已经来修好了，现在没有味道了，谢谢",
        "建议在河边多放几个救生圈，防止有人溺水",
        "刷单兼职日结三百，加QQ",
    ],
)
def test_praise_what_is_over_suggestions_and_talk_raise_nothing_by_a_guess(text: str) -> None:
    assert decided(text).urgency == "routine"


ENQUIRIES = [
    "where can I buy a gas stove?",
    "How do I apply for a gas meter",
    "Which office registers a new lift",
    "哪里可以买燃气灶",
    "燃气表怎么过户",
    "请问电梯年检多少钱",
    "咨询一下消防证需要什么材料",
    "危险化学品经营许可证在哪里办理?",
    "烟花爆竹销售点怎么申请",
    "救生员证去哪考",
]


# Read as emergencies by their category alone; who pleads, or tells what happens, does not only ask.
PLEAS = [
    "煤气灶关不上火一直往上窜怎么办",
    "液化气罐翻了怎么办",
    "孩子喝了洗厕所的水怎么办啊",
    "小区配电房在嗡嗡响还有火光请问找谁",
    "请问有老人在阳台外面坐着要往下跳该找谁",
    "请问天然气罐子嘶嘶响要紧吗",
    "how do I get my son out of the lift?",
]


@pytest.mark.parametrize("text", PLEAS)
@pytest.mark.parametrize("nature", [Nature.COMPLAINT, Nature.ENQUIRY])
def test_a_plea_is_no_question_about_a_service(text: str, nature: Nature) -> None:
    assert not urgency.is_only_asked(normal_form(text), nature)


@pytest.mark.parametrize("text", ENQUIRIES)
def test_an_enquiry_about_a_service_raises_nothing_by_a_guess(text: str) -> None:
    decision = decided(text)
    assert decision.urgency != "emergency"
    assert "urgency_guessed" not in {reason.code for reason in decision.reasons}


@pytest.mark.parametrize(
    ("text", "nature"),
    [
        ("楼道有股怪味，这是什么味道？", "enquiry"),
        ("What is that smell in our corridor? It burns in the eyes", "enquiry"),
        ("河面上漂着一大片油污，请问这样危险吗？", "enquiry"),
        ("请问燃气表漏了找谁", "enquiry"),
    ],
)
def test_who_asks_before_what_they_sense_does_not_only_ask(text: str, nature: str) -> None:
    assert not urgency.is_only_asked(normal_form(text), nature)


def test_an_emergency_is_never_turned_away_with_one_key(browse: As, operator: Person) -> None:
    case = case_of("测试一下")
    address = reverse("desk-talk", args=[case.number])
    assert browse(operator).get(reverse("desk-case", args=[case.number])).context["end"] is not None
    Incident.objects.filter(pk=case.pk).update(urgency="emergency")
    assert browse(operator).get(reverse("desk-case", args=[case.number])).context["end"] is None
    assert browse(operator).post(address).status_code == 409
    assert reload(case).status == "triage"
