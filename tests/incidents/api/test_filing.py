"""Reports in through REST: the contract's answers, repeats, batches and pictures."""

import io
import uuid

import pytest
from PIL import Image
from redis.connection import AbstractConnection

from accounts.models import ApiClient
from incidents.models import Attachment, IdempotencyKey, Incident, Report
from tests.cast import LAMP_UNIT, Person
from tests.incidents.api.conftest import Caller, lamp, problems, without


def picture() -> io.BytesIO:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(kept, "JPEG")
    kept.seek(0)
    kept.name = "lamp.jpg"
    return kept


def test_a_report_is_answered_with_its_case_and_its_decision(hotline_api: Caller) -> None:
    answer = hotline_api.post("reports/", lamp())
    assert answer.status_code == 201
    told = answer.json()
    assert set(told) == {"report", "incident", "decision"}
    incident = Incident.objects.get()
    assert told["incident"] == {
        "number": incident.number,
        "status": "dispatched",
        "category": "0204",
        "unit": LAMP_UNIT,
        "due_at": told["incident"]["due_at"],
        "url": f"http://testserver/api/v1/incidents/{incident.number}/",
    }
    assert told["incident"]["due_at"].endswith("+08:00")
    assert set(told["decision"]) == {"outcome", "item", "unit", "confidence", "reasons"}
    assert told["decision"]["outcome"] == "dispatched"
    assert told["decision"]["unit"] == LAMP_UNIT
    assert all(reason["text"] and reason["code"] for reason in told["decision"]["reasons"])
    assert told["report"] == Report.objects.get().pk


def test_a_source_may_leave_itself_out(hotline_api: Caller) -> None:
    assert hotline_api.post("reports/", without(lamp(), "source")).status_code == 201
    assert Report.objects.get().source == "hotline"


def test_only_a_letter_asks_that_nobody_learns_who_wrote_it(hotline_api: Caller) -> None:
    secret = {"external_id": "C-1", "text": "路灯不亮", "attributes": {"confidential": True}}
    answer = hotline_api.post("reports/", secret)
    assert answer.status_code == 400
    assert not Report.objects.exists()
    letters = Caller(token=ApiClient.objects.issue(name="letters", source="letter_visit")[1])
    assert letters.post("reports/", secret).status_code == 201


def test_null_is_the_same_as_left_out(hotline_api: Caller) -> None:
    spelt = lamp(urgency=None, owner=None, attributes=None, occurred_at=None, attachments=None)
    assert hotline_api.post("reports/", spelt).status_code == 201
    assert hotline_api.post("reports/", lamp()).status_code == 200


def test_emoji_and_full_width_digits_are_kept_as_they_came(hotline_api: Caller) -> None:
    text = "１２号路灯坏了😡，看不清路"
    assert hotline_api.post("reports/", lamp(text=text)).status_code == 201
    assert Report.objects.get().text.body == text


def test_a_point_outside_the_district_waits_on_the_desk(hotline_api: Caller) -> None:
    told = hotline_api.post("reports/", lamp(location={"lon": 113.95, "lat": 22.53})).json()
    assert told["incident"]["status"] == "triage"
    assert told["decision"]["outcome"] == "triage"
    assert "out_of_area" in Incident.objects.get().triage_codes


def test_words_that_name_the_place_stand_in_for_a_location(hotline_api: Caller) -> None:
    hotline_api.post("reports/", without(lamp(), "location"))
    assert Incident.objects.get().community_code


def test_the_same_report_again_is_the_same_case(hotline_api: Caller) -> None:
    first = hotline_api.post("reports/", lamp())
    again = hotline_api.post("reports/", lamp())
    assert again.status_code == 200
    assert again.json() == first.json()
    assert Report.objects.count() == 1


def test_the_same_report_spelt_otherwise_is_the_same_report(hotline_api: Caller) -> None:
    hotline_api.post("reports/", lamp(occurred_at="2026-07-07T09:00:00+08:00"))
    spelt = lamp(occurred_at="2026-07-07T01:00:00Z", text=f"  {lamp()['text']}\n")
    assert hotline_api.post("reports/", spelt).status_code == 200


def test_the_same_id_with_other_content_is_a_conflict(hotline_api: Caller) -> None:
    hotline_api.post("reports/", lamp())
    answer = hotline_api.post("reports/", lamp(text="另一件事:井盖不见了"))
    assert problems(answer, 409) == [("external_id", "conflict")]
    assert Report.objects.count() == 1


def test_a_key_stands_in_for_an_id(hotline_api: Caller) -> None:
    body = without(lamp(), "external_id")
    first = hotline_api.post("reports/", body, Idempotency_Key="k-1")
    again = hotline_api.post("reports/", body, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_a_key_reused_for_another_report_is_a_conflict(hotline_api: Caller) -> None:
    hotline_api.post("reports/", lamp("H-1"), Idempotency_Key="k-1")
    assert hotline_api.post("reports/", lamp("H-1"), Idempotency_Key="k-1").status_code == 200
    answer = hotline_api.post("reports/", lamp("H-2"), Idempotency_Key="k-1")
    assert problems(answer, 409) == [("Idempotency-Key", "key_reused")]
    assert Report.objects.count() == IdempotencyKey.objects.count() == 1


def test_two_clients_of_a_source_may_use_the_same_key(hotline_api: Caller) -> None:
    other = Caller(token=ApiClient.objects.issue(name="Second hotline", source="hotline")[1])
    body = without(lamp(), "external_id")
    hotline_api.post("reports/", body, Idempotency_Key="k-1")
    assert other.post("reports/", body, Idempotency_Key="k-1").status_code == 201


def test_a_batch_answers_each_report_by_itself(hotline_api: Caller) -> None:
    rows = [
        lamp("H-1"),
        lamp("H-2", category="9999"),
        "not an object",
        lamp("H-3", source="sensor"),
        lamp("H-1"),
        lamp("H-1", text="另一件事:井盖不见了"),
        lamp("H-4", text=""),
        lamp("H-5", location={"lon": 114.25051, "lat": 22.73051}),
    ]
    answer = hotline_api.post("reports/batch/", rows)
    assert answer.status_code == 200
    told = answer.json()["results"]
    assert [row["status"] for row in told] == [201, 400, 400, 403, 200, 409, 400, 201]
    assert told[1]["errors"][0]["field"] == "category"
    assert told[2]["errors"][0]["field"] == "body"
    assert told[3]["errors"][0]["code"] == "not_your_source"
    assert told[4]["incident"] == told[0]["incident"]
    assert Report.objects.count() == 2


def test_the_same_batch_again_doubles_nothing(hotline_api: Caller) -> None:
    rows = [lamp(f"H-{index}") for index in range(20)]
    first = hotline_api.post("reports/batch/", rows).json()["results"]
    again = hotline_api.post("reports/batch/", rows).json()["results"]
    assert {row["status"] for row in first} == {201}
    assert {row["status"] for row in again} == {200}
    assert [row["incident"]["number"] for row in again] == [row["incident"]["number"] for row in first]


def test_more_than_a_thousand_are_refused_as_a_whole(hotline_api: Caller) -> None:
    answer = hotline_api.post("reports/batch/", [{}] * 1_001)
    assert problems(answer, 400) == [("body", "too_many")]
    assert "1000" in answer.json()["errors"][0]["detail"]


def test_a_batch_is_an_array(hotline_api: Caller) -> None:
    assert problems(hotline_api.post("reports/batch/", lamp()), 400) == [("body", "not_a_list")]


def test_a_picture_comes_first_and_is_named_by_its_id(hotline_api: Caller) -> None:
    kept = hotline_api.upload(picture())
    assert kept.status_code == 201
    body = lamp(attachments=[kept.json()["id"]])
    first = hotline_api.post("reports/", body)
    assert first.status_code == 201
    assert Attachment.objects.get().report_id == first.json()["report"]
    assert hotline_api.post("reports/", body).status_code == 200
    answer = hotline_api.post("reports/", lamp("H-2", attachments=[kept.json()["id"]]))
    assert problems(answer, 400) == [("attachments.0", "used")]


def test_a_picture_of_another_client_or_of_nobody_is_not_there(
    hotline_api: Caller, city_app_api: Caller
) -> None:
    other = city_app_api.upload(picture()).json()["id"]
    answer = hotline_api.post("reports/", lamp(attachments=[other, str(uuid.uuid4())]))
    assert problems(answer, 400) == [("attachments.0", "unknown"), ("attachments.1", "unknown")]


def test_one_picture_cannot_be_of_two_reports_of_a_batch(hotline_api: Caller) -> None:
    kept = hotline_api.upload(picture()).json()["id"]
    rows = [lamp("H-1", attachments=[kept]), lamp("H-2", attachments=[kept])]
    told = hotline_api.post("reports/batch/", rows).json()["results"]
    assert [row["status"] for row in told] == [201, 400]


def test_an_operator_files_for_the_hotline(operator: Person) -> None:
    caller = Caller(user=operator.user)
    assert caller.post("reports/", lamp()).status_code == 201
    report = Report.objects.get()
    assert report.filed_by == operator.user
    assert report.client is None
    assert problems(caller.post("reports/", lamp("P-1", source="patrol")), 403) == [
        ("source", "not_your_source")
    ]
    assert problems(caller.post("reports/", without(lamp("P-2"), "source")), 400) == [("source", "required")]


def test_a_handler_reports_what_the_patrol_found(handler: Person) -> None:
    caller = Caller(user=handler.user)
    assert caller.post("reports/", without(lamp(), "source")).status_code == 201
    assert Report.objects.get().source == "patrol"


def test_a_decision_is_explained_and_nothing_is_written(hotline_api: Caller) -> None:
    tables = [Report, Incident, Attachment, IdempotencyKey]
    told = hotline_api.post("decisions/", lamp()).json()
    assert told["outcome"] == "dispatched"
    assert told["unit"] == LAMP_UNIT
    assert told["unit_name"]
    assert told["item_name"]
    assert all(reason["text"] for reason in told["reasons"])
    assert told["candidates"][0]["item"] == told["item"]
    assert told["place"]["community"]
    assert "text" not in told["facts"]
    assert not any(model.objects.exists() for model in tables)


def test_a_decision_needs_no_id(hotline_api: Caller) -> None:
    assert hotline_api.post("decisions/", {"text": "楼下烧烤店半夜还在吵"}).status_code == 200


def test_a_decision_is_explained_in_the_readers_language(hotline: tuple[ApiClient, str]) -> None:
    chinese = Caller(token=hotline[1], language="zh-CN").post("decisions/", lamp()).json()
    english = Caller(token=hotline[1], language="en").post("decisions/", lamp()).json()
    assert chinese["unit_name"] != english["unit_name"]


def test_reports_are_taken_in_and_dispatched_with_the_broker_down(
    hotline_api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: AbstractConnection) -> None:
        raise ConnectionError("the broker is down")

    monkeypatch.setattr(AbstractConnection, "connect", refuse)
    assert hotline_api.post("reports/", lamp()).json()["incident"]["status"] == "dispatched"
