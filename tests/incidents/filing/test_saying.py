"""What people say, or do not: rude words, no words, the same words again, a guess at what they mean."""

from typing import Any

import pytest
import time_machine
from django.urls import reverse

from incidents import releasing
from incidents.models import Incident, Report
from incidents.pages import resident
from incidents.public import status
from incidents.rude_words import covered, is_rude, says_something
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, TUESDAY, file_report
from tests.incidents.resident.conftest import Resident, picture, upload

ANGRY = "他妈的这盏路灯坏了半个月了，你们这群王八蛋到底管不管"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ANGRY, "***这盏路灯坏了半个月了，你们这群***到底管不管"),
        ("傻 逼物业把消防通道锁了", "* *物业把消防通道锁了"),
        ("This f*** bin is full", "This f*** bin is full"),
        ("This fucking bin is full", "This ******* bin is full"),
        ("妈的，又停水", "**，又停水"),
    ],
)
def test_an_insult_is_covered_and_the_matter_stays(text: str, told: str) -> None:
    assert covered(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "我妈的房子漏水",
        "我妈妈的轮椅过不去",
        "我操作不了这个门禁",
        "废物回收站味道很大",
        "有条狗掉下去死了",
        "Scunthorpe Road 的井盖",
        "USB 充电桩坏了",
    ],
)
def test_what_only_looks_like_an_insult_stays(text: str) -> None:
    assert covered(text) == text
    assert not is_rude(text)


@pytest.mark.parametrize("text", ["！！！", "123456", "啊啊啊啊", "操你妈", "傻逼 傻逼！", "....", "a"])
def test_what_says_nothing_of_what_happened(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["路灯坏了", "漏水", "help, flood", ANGRY, "3栋停电"])
def test_a_few_words_say_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.django_db
def test_nothing_is_refused_for_its_tone_and_the_public_reads_it_covered(someone: Resident) -> None:
    someone.begin(ANGRY)
    someone.say_where()
    assert someone.client.get(someone.url("finish")).context["is_rude"]
    someone.finish()
    report = Report.objects.get()
    assert report.text.body == ANGRY  # those who deal with it read what was said
    assert "王八蛋" not in releasing.masked(Incident.objects.get(), report.text.body)


@pytest.mark.django_db
def test_abuse_alone_is_asked_for_what_happened(someone: Resident) -> None:
    answer = someone.begin("操你妈！！！")
    assert answer.status_code == 400
    assert answer.context["form"]["text"].errors


@pytest.mark.django_db
def test_a_photo_can_say_it_alone(someone: Resident) -> None:
    form = someone.client.get(reverse("report")).context["draft"].form
    someone.form = form
    step = someone.client.post(reverse("report"), {"form": form, "text": "", "photo_only": "on"})
    assert step.url == someone.url("place")
    assert someone.say_where().url == someone.url("finish")
    without = someone.finish()
    assert without.status_code == 400
    assert without.context["problems"]
    assert someone.finish(photos=[upload(picture())]).status_code == 302
    report = Report.objects.get()
    assert report.attachments.count() == 1
    assert Incident.objects.get().status == "triage"  # a person looks at it


@pytest.mark.django_db
def test_going_back_from_a_photo_one_can_still_say_it(someone: Resident) -> None:
    form = someone.client.get(reverse("report")).context["draft"].form
    someone.form = form
    someone.client.post(reverse("report"), {"form": form, "photo_only": "on"})
    again = someone.client.get(someone.url("words-again"))
    assert again.context["form"]["text"].value() == ""
    someone.client.post(someone.url("words-again"), {"text": LAMP_TEXT})
    someone.say_where()
    assert someone.finish().status_code == 302
    assert Report.objects.get().text.body == LAMP_TEXT


@pytest.mark.django_db
def test_the_words_suggest_a_category_that_nobody_has_to_choose(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    page = someone.client.get(someone.url("finish"))
    assert page.context["matters"][0].code == LAMP_CATEGORY
    assert page.context["matters"][0].name in page.content.decode()
    someone.finish()
    assert Report.objects.get().given_category == ""


@pytest.mark.django_db
@pytest.mark.parametrize(("chosen", "kept"), [(LAMP_CATEGORY, LAMP_CATEGORY), ("9999", ""), ("' OR 1", "")])
def test_only_what_was_suggested_can_be_chosen(someone: Resident, chosen: str, kept: str) -> None:
    someone.begin()
    someone.say_where()
    assert someone.finish(category=chosen).status_code == 302
    assert Report.objects.get().given_category == kept


def once_more(first: Resident, text: str = LAMP_TEXT) -> Resident:
    """Another form in the same browser, filled in up to its last step."""
    again = Resident(client=first.client)
    again.begin(text)
    if again.say_where().url == again.url("same"):
        again.client.post(again.url("same"), {"same": "none"})
    return again


@pytest.mark.django_db
def test_the_same_words_again_within_minutes_are_asked_about_and_never_dropped(someone: Resident) -> None:
    someone.file()
    again = once_more(someone)
    asked = again.finish(phone="13812342207", photos=[upload(picture())])
    page = asked.content.decode()
    assert asked.status_code == 409
    assert someone.url("received") in page  # that report, for who meant it
    assert 'name="again"' in page
    assert 'value="13812342207"' in page
    (photo,) = asked.context["photos"]
    assert Report.objects.count() == 1
    answer = again.finish(phone="13812342207", photo=photo["token"], again="1")
    assert answer.url == again.url("received")
    second = Report.objects.latest("pk")
    assert second.contact is not None
    assert second.attachments.count() == 1
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_a_mistake_in_the_last_step_does_not_ask_again(someone: Resident) -> None:
    someone.file()
    again = once_more(someone)
    mistaken = again.finish(phone="138", again="1")
    assert mistaken.status_code == 400
    assert 'name="again"' in mistaken.content.decode()


@pytest.mark.django_db
def test_other_words_are_not_asked_about(someone: Resident) -> None:
    someone.file()
    assert once_more(someone, "第四根路灯也坏了，一闪一闪的").finish().status_code == 302
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_what_was_withdrawn_by_mistake_is_filed_again_unasked(someone: Resident) -> None:
    first = someone.file()
    someone.client.post(reverse("resident-withdraw", args=[first.tracking_code]), {"sure": "yes"})
    assert status(first.tracking_code, at=TUESDAY).phase == "withdrawn"
    assert once_more(someone).finish().status_code == 302
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_the_same_words_an_hour_later_are_filed_unasked(someone: Resident) -> None:
    with time_machine.travel("2026-03-03T02:00:00Z", tick=False) as machine:
        someone.file()
        again = once_more(someone)
        machine.shift(3600)
        assert again.finish().status_code == 302
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_a_case_in_the_same_community_is_offered_where_only_the_address_is_told(someone: Resident) -> None:
    known = file_report()
    someone.begin("路灯黑了好几天，走路害怕")
    step = someone.client.post(someone.url("place"), {"address": "龙岗街道南联社区植物园路"})
    assert step.url == someone.url("same")
    page = someone.client.get(step.url)
    assert [case["category"] for case in page.context["alike"]] == [known.category.name]
    assert known.number not in page.content.decode()
    someone.client.post(step.url, {"same": "0"})
    someone.finish()
    assert Incident.objects.get().report_count == 2


@pytest.mark.django_db
def test_in_another_community_nothing_is_offered(someone: Resident) -> None:
    file_report()
    someone.begin("路灯黑了好几天，走路害怕")
    step = someone.client.post(someone.url("place"), {"address": "五和社区"})
    assert step.url == someone.url("finish")


@pytest.mark.django_db
def test_one_number_cannot_report_without_end_wherever_it_comes_from(
    someone: Resident, settings: Any
) -> None:
    settings.FORM_MOST_PER_PHONE = 1
    someone.file(phone="13812342207")
    other = Resident()
    other.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    other.begin("人行道地砖碎了一大片")
    other.client.post(other.url("place"), {"nowhere": "on"})
    refused = other.finish(phone="+86 138-1234-2207")
    assert refused.status_code == 400
    assert refused.context["form"]["phone"].errors
    assert Report.objects.count() == 1
    assert other.finish(phone="13912342207").status_code == 302


@pytest.mark.django_db
def test_who_reports_can_stay_unknown_to_those_who_deal_with_it(someone: Resident) -> None:
    report = someone.file(phone="13812342207", in_confidence="on")
    assert report.attributes["confidential"] is True


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "is_danger"), [("楼下电线杆漏电，冒火花", True), (LAMP_TEXT, False)])
def test_who_sent_word_of_a_danger_is_told_whom_to_call_once_more(
    someone: Resident, text: str, is_danger: bool
) -> None:
    someone.begin(text)
    someone.say_where()
    page = someone.client.get(someone.finish().url)
    assert ("tel:119" in page.content.decode().split("<footer")[0]) == is_danger


@pytest.mark.django_db
def test_pictures_of_a_form_that_is_sent_again_and_again_are_counted(
    someone: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident.UPLOADS, "limit", 2)
    someone.begin()
    someone.say_where()
    answer = someone.finish(photos=[upload(picture(), f"{n}.jpg") for n in range(3)])
    assert answer.status_code == 400
    assert len(answer.context["photos"]) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phone", "told", "untold"),
    [
        ("13812342207", "opens all your reports", "nobody can look it up"),
        ("0755-28912345", "nobody can look it up", "opens all your reports"),
        ("", "nobody can look it up", "opens all your reports"),
    ],
)
def test_how_a_lost_code_is_made_good_is_told_as_it_is(
    someone: Resident, phone: str, told: str, untold: str
) -> None:
    someone.file(phone=phone)
    page = someone.client.get(someone.url("received"), headers={"Accept-Language": "en"}).content.decode()
    assert told in page
    assert untold not in page


@pytest.mark.django_db
def test_a_photo_that_is_too_large_is_said_in_words(someone: Resident) -> None:
    resident = Resident()
    resident.begin()
    resident.say_where()
    page = resident.client.get(resident.url("finish"), headers={"Accept-Language": "en"}).content.decode()
    assert 'data-say-large="{name} is larger than 10 MB' in page
