"""The form, a step at a time and without scripts: what is filed, what is refused, what is kept."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from incidents.models import Attachment, Contact, Incident, Report
from incidents.pages import resident, resident_drafts
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, file_report
from tests.incidents.resident.conftest import Resident, picture, upload

pytestmark = pytest.mark.django_db

FAR_AWAY = {"lon": 113.0, "lat": 23.5}


def test_four_steps_file_one_report(someone: Resident) -> None:
    assert someone.begin().url == someone.url("place")
    assert someone.say_where().url == someone.url("finish")
    done = someone.finish(phone="138 1234 2207", name="王小明")
    assert done.url == someone.url("received")
    report = Report.objects.get()
    assert (report.source, report.external_id) == ("resident_form", someone.form)
    assert report.text.body == LAMP_TEXT
    assert report.contact is not None
    assert report.contact.masked_phone == "138****2207"
    incident = Incident.objects.get()
    # By words alone nothing goes out before the classifier has learnt from the district.
    assert (incident.status, incident.category_id) == ("triage", LAMP_CATEGORY)
    page = someone.client.get(done.url)
    assert report.tracking_code in page.content.decode()
    assert page.context["case"].phase == "deciding"


def test_without_phone_and_name_nothing_personal_is_stored(someone: Resident) -> None:
    assert someone.file().contact is None
    assert not Contact.objects.exists()


def test_what_the_text_alone_does_not_decide_says_that_a_person_decides(someone: Resident) -> None:
    someone.begin("我有一件事想说")
    someone.client.post(someone.url("place"), {"nowhere": "on"})
    page = someone.client.get(someone.finish().url)
    assert page.context["case"].phase == "deciding"
    assert page.context["case"].due_at is not None
    assert page.context["case"].unit == ""


@pytest.mark.parametrize("text", ["", "   \n ", "灯坏了\x00", "灯" * 1_001])
def test_words_that_break_a_rule_are_shown_again_with_the_rule(someone: Resident, text: str) -> None:
    answer = someone.begin(text)
    assert answer.status_code == 400
    assert answer.context["form"]["text"].errors
    assert 'id="text-error"' in answer.content.decode()
    assert not Report.objects.exists()


def test_a_megabyte_of_words_is_refused_and_not_kept(someone: Resident) -> None:
    assert someone.begin("灯" * 350_000).status_code == 400
    assert resident_drafts.load(someone.client.session, someone.form) is None


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"address": ""}, "address"),
        ({"lon": LAMP_POINT[1], "lat": LAMP_POINT[0]}, "address"),  # swapped
        ({"lon": "114.2"}, "address"),
        ({"lon": "east", "lat": "22.7"}, "lon"),
        ({"lon": "nan", "lat": "22.7"}, "lon"),
        ({"address": "a\x00b"}, "address"),
        ({"address": "路" * 121}, "address"),
        ({"area": "000000000000"}, "address"),
    ],
)
def test_a_place_that_cannot_be_one_is_shown_again(
    someone: Resident, place: dict[str, object], field: str
) -> None:
    someone.begin()
    answer = someone.say_where(**place)
    assert answer.status_code == 400
    assert answer.context["form"][field].errors


def test_a_place_outside_the_district_is_said_and_taken_in(someone: Resident) -> None:
    someone.begin()
    step = someone.say_where(**FAR_AWAY)
    assert someone.client.get(step.url).context["is_outside"]
    someone.finish()
    assert "out_of_area" in Incident.objects.get().triage_codes


def test_a_scanned_code_fills_in_the_place(someone: Resident, lamp_case: Incident) -> None:
    code = lamp_case.community_code
    someone.begin(area=code)
    page = someone.client.get(someone.url("place"))
    assert page.context["form"]["area"].value() == code
    assert len(page.context["scanned"]) == 2  # street and community
    someone.say_where(area=code)
    someone.finish()
    assert Incident.objects.latest("pk").community_code == code


def test_a_code_on_the_wall_that_is_unknown_is_ignored(someone: Resident) -> None:
    someone.begin(area="../../etc")
    assert someone.client.get(someone.url("place")).context["form"]["area"].value() == ""


def test_something_alike_nearby_is_offered_without_anybodys_words(someone: Resident) -> None:
    file_report(text="邻居说的原话不能给别人看，路灯不亮")
    someone.begin()
    assert someone.say_where().url == someone.url("same")
    page = someone.client.get(someone.url("same"))
    assert len(page.context["alike"]) == 1
    body = page.content.decode()
    assert "邻居说的原话" not in body
    assert Incident.objects.get().number not in body


def test_the_same_thing_joins_the_open_case(someone: Resident, lamp_case: Incident) -> None:
    someone.begin("路灯黑了好几天了，走路害怕")
    assert someone.say_where().url == someone.url("same")
    assert someone.client.post(someone.url("same"), {"same": "0"}).url == someone.url("finish")
    page = someone.client.get(someone.finish().url)
    assert Incident.objects.get().report_count == 2
    assert page.context["others"] == 1


def test_none_of_these_files_a_case_of_its_own_though_the_words_are_equal(
    someone: Resident, lamp_case: Incident
) -> None:
    someone.file()
    assert Incident.objects.count() == 2


def test_a_case_that_closed_meanwhile_is_not_joined(
    someone: Resident, lamp_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone.begin("路灯黑了好几天了，走路害怕")
    someone.say_where()
    someone.client.post(someone.url("same"), {"same": "0"})
    Incident.objects.update(status="closed", closed_at=lamp_case.received_at)
    someone.finish()
    assert Incident.objects.count() == 2


@pytest.mark.parametrize("chosen", ["", "9", "-1", "9" * 5_000, "20260707-000001", "x"])
def test_only_what_was_offered_can_be_chosen(someone: Resident, lamp_case: Incident, chosen: str) -> None:
    someone.begin()
    someone.say_where()
    answer = someone.client.post(someone.url("same"), {"same": chosen})
    assert answer.status_code == 400
    assert answer.context["error"]


def test_sending_twice_files_once(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    codes = set()
    for _tap in range(2):
        page = someone.client.get(someone.finish(photos=[upload(picture())]).url)
        codes.add(page.context["case"].code)
    assert len(codes) == Report.objects.count() == 1


def test_the_same_form_from_a_browser_that_forgot_it_was_sent_files_once(someone: Resident) -> None:
    """Two taps at one moment: both carry the draft, and the second arrives after the first is in."""
    someone.begin()
    someone.say_where()
    session = dict(someone.client.session.items())
    someone.finish(photos=[upload(picture())])
    restored = someone.client.session
    restored.update(session)
    restored.save()
    again = someone.finish(photos=[upload(picture())])
    assert again.url == someone.url("received")
    assert Report.objects.count() == 1
    assert Attachment.objects.count() == 1  # the second tap's picture is gone again


def test_going_back_changes_the_words_and_keeps_the_place(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    page = someone.client.get(reverse("report-words-again", args=[someone.form]))
    assert LAMP_TEXT in page.content.decode()
    someone.client.post(reverse("report-words-again", args=[someone.form]), {"text": "第三根路灯一直在闪"})
    assert "植物园路" in someone.client.get(someone.url("place")).content.decode()


def test_after_sending_no_step_opens_again(someone: Resident) -> None:
    someone.file()
    for step in ("words-again", "place", "same", "finish"):
        assert someone.client.get(someone.url(step)).url == someone.url("received")


def test_a_sent_form_leaves_nothing_of_it_in_the_session(someone: Resident) -> None:
    someone.file(phone="13812342207")
    assert LAMP_TEXT not in str(dict(someone.client.session.items()))
    assert "13812342207" not in str(dict(someone.client.session.items()))


def test_a_form_that_has_expired_says_so(someone: Resident) -> None:
    someone.begin()
    stranger = Client()
    for step in ("words-again", "place", "same", "finish", "received"):
        assert stranger.get(someone.url(step)).status_code == 410


def test_a_session_keeps_a_few_forms_only(someone: Resident) -> None:
    forms = []
    for _index in range(5):
        someone.begin()
        forms.append(someone.form)
    kept = [form for form in forms if resident_drafts.load(someone.client.session, form)]
    assert kept == forms[-resident_drafts.DRAFTS_MAX :]


def test_photos_go_with_the_report(someone: Resident) -> None:
    report = someone.file(photos=[upload(picture()), upload(picture(kind="PNG"), "b.png")])
    assert report.attachments.count() == 2


def test_a_file_that_is_no_picture_is_named_and_the_good_ones_are_kept(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    answer = someone.finish(photos=[upload(picture()), upload(b"<html>", "page.jpg")], phone="13812342207")
    assert answer.status_code == 400
    assert "page.jpg" in answer.context["problems"][0]
    tokens = [photo["token"] for photo in answer.context["photos"]]
    assert len(tokens) == 1
    assert 'value="13812342207"' in answer.content.decode()
    assert b"".join(someone.client.get(answer.context["photos"][0]["url"])).startswith(b"\xff\xd8")
    someone.finish(photo=tokens)
    assert Report.objects.get().attachments.count() == 1


def test_at_most_four_photos(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    answer = someone.finish(photos=[upload(picture(), f"{index}.jpg") for index in range(5)])
    assert answer.status_code == 400
    assert len(answer.context["photos"]) == 4


def test_a_photo_sent_ahead_is_claimed_by_its_token_alone(someone: Resident) -> None:
    someone.begin()
    someone.say_where()
    ahead = someone.client.post(reverse("report-upload"), {"file": upload(picture())})
    assert ahead.status_code == 201
    foreign = Attachment.objects.get()
    someone.finish(photo=[f"{foreign.pk.hex}:forged"])
    assert Report.objects.get().attachments.count() == 0


def test_a_refused_photo_answers_in_json(someone: Resident) -> None:
    assert someone.client.post(reverse("report-upload"), {"file": upload(b"no")}).status_code == 400
    assert someone.client.post(reverse("report-upload")).json()["error"]


@pytest.mark.parametrize("phone", ["12", "abc", "电话13812342207", "1" * 20])
def test_a_phone_number_that_is_none_is_refused(someone: Resident, phone: str) -> None:
    someone.begin()
    someone.say_where()
    answer = someone.finish(phone=phone)
    assert answer.status_code == 400
    assert answer.context["form"]["phone"].errors


def test_full_width_digits_are_a_phone_number(someone: Resident) -> None:
    report = someone.file(phone="１３８１２３４２２０７")
    assert report.contact is not None
    assert report.contact.phone == "13812342207"


def test_what_fills_in_the_hidden_field_files_nothing(someone: Resident) -> None:
    assert someone.begin(website="https://spam.example").status_code == 400
    someone.begin()
    someone.say_where()
    assert someone.finish(website="x").status_code == 400
    assert not Report.objects.exists()


def test_one_address_cannot_file_without_end(someone: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident.FILINGS, "limit", 1)
    someone.file()
    other = Resident()
    other.begin("人行道地砖碎了")
    other.client.post(other.url("place"), {"address": "龙平西路"})
    answer = other.finish(phone="13812342207")
    assert answer.status_code == 429
    assert 'value="13812342207"' in answer.content.decode()  # nothing typed is lost
    assert Report.objects.count() == 1


def test_words_of_danger_put_the_numbers_to_call_first(someone: Resident) -> None:
    someone.begin("电线杆漏电")
    page = someone.client.get(someone.url("place")).content.decode()
    assert page.index("tel:119") < page.index('id="id_address"')
    assert "tel:119" in someone.client.get(reverse("report")).content.decode()


def test_the_pages_run_no_inline_script(someone: Resident) -> None:
    someone.begin()
    for url in (reverse("report"), someone.url("place"), reverse("public-home"), reverse("resident-look-up")):
        answer = someone.client.get(url)
        body = answer.content.decode()
        assert not re.search(r"\son\w+=", body), url
        assert not re.search(r"<script(?![^>]*(src=|application/json))", body), url
        assert "'unsafe-inline'" not in answer["Content-Security-Policy"].split("style-src-attr")[0]
