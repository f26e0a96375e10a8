"""Bad input gets a clear 4xx that names the field and the rule, and nothing is half written."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from incidents.models import Attachment, Contact
from tests.incidents.api.conftest import API, Caller, lamp, nothing_written, problems, without

NUL = "\x00"


@pytest.fixture(autouse=True)
def nothing_was_written(db: None) -> Iterator[None]:
    """Whatever a test of this module sends, nothing of it stays."""
    yield
    assert nothing_written()
    assert not Contact.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"source": "telepathy"}, "source", "unknown"),
        ({"source": 7}, "source", "unknown"),
        ({"category": "9999"}, "category", "unknown"),
        ({"category": "路灯"}, "category", "unknown"),
        ({"category": 204}, "category", "invalid"),
        ({"owner": "nobody-we-know"}, "owner", "unknown"),
        ({"nature": "rant"}, "nature", "unknown"),
        ({"urgency": "yesterday"}, "urgency", "unknown"),
        ({"place_type": "moon"}, "place_type", "unknown"),
        ({"source_category": "长" * 81}, "source_category", "max_length"),
        ({"text": ""}, "text", "blank"),
        ({"text": " \n\t　"}, "text", "blank"),
        ({"text": "\u200b\u200b\ufeff"}, "text", "blank"),
        ({"text": None}, "text", "null"),
        ({"text": 5}, "text", "invalid"),
        ({"text": ["a"]}, "text", "invalid"),
        ({"text": "字" * 5_001}, "text", "max_length"),
        ({"text": "a" * 1_000_000}, "text", "max_length"),
        ({"external_id": "x" * 121}, "external_id", "max_length"),
        ({"external_id": 17}, "external_id", "invalid"),
        ({"occurred_at": "2026-07-07T10:06:00+08:00"}, "occurred_at", "in_future"),
        ({"occurred_at": "2126-07-07T10:00:00Z"}, "occurred_at", "in_future"),
        ({"occurred_at": "1970-01-01T00:00:00Z"}, "occurred_at", "too_early"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at", "too_early"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", "overflow"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at", "overflow"),
        ({"occurred_at": "yesterday"}, "occurred_at", "invalid"),
        ({"occurred_at": 1_783_390_000}, "occurred_at", "invalid"),
        ({"occurred_at": "2026-02-30T10:00:00Z"}, "occurred_at", "invalid"),
        ({"location": {"lon": 22.76488, "lat": 114.26054}}, "location.lat", "swapped"),
        ({"location": {"lon": "张三", "lat": 22.7}}, "location.lon", "not_a_number"),
        ({"location": {"lon": "114.2", "lat": 22.7}}, "location.lon", "not_a_number"),
        ({"location": {"lon": True, "lat": 22.7}}, "location.lon", "not_a_number"),
        ({"location": {"lon": {}, "lat": 22.7}}, "location.lon", "not_a_number"),
        ({"location": {"lon": 114.2}}, "location.lat", "required"),
        ({"location": {"lon": 500, "lat": 22.7}}, "location.lon", "out_of_range"),
        ({"location": {"lon": 114.2, "lat": 22.7, "crs": "flat"}}, "location.crs", "unknown"),
        ({"location": {"area": "000000000000"}}, "location.area", "unknown_area"),
        ({"location": {"address": "长" * 201}}, "location.address", "max_length"),
        ({"location": {"address": 5}}, "location.address", "invalid"),
        ({"location": {}}, "location", "required"),
        ({"location": "人民路 5 号"}, "location", "invalid"),
        ({"location": {"lon": 114.2, "lat": 22.7, "alt": 3}}, "location.alt", "unknown_field"),
        ({"reporter": {"phone": "王小明"}}, "reporter.phone", "phone"),
        ({"reporter": {"phone": "1"}}, "reporter.phone", "phone"),
        ({"reporter": {"phone": 13812342207}}, "reporter.phone", "invalid"),
        ({"reporter": {"phone": "1" * 41}}, "reporter.phone", "phone"),
        ({"reporter": {"name": "王" * 41}}, "reporter.name", "max_length"),
        ({"reporter": {"address": "王" * 201}}, "reporter.address", "max_length"),
        ({"reporter": {"age": 5}}, "reporter.age", "unknown_field"),
        ({"reporter": "王小明"}, "reporter", "invalid"),
        ({"attributes": []}, "attributes", "invalid"),
        ({"attributes": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "attributes", "too_deep"),
        ({"attributes": {"a": "x" * 9_000}}, "attributes", "too_large"),
        ({"attachments": ["not-an-id"]}, "attachments.0", "invalid"),
        ({"attachments": "abc"}, "attachments", "not_a_list"),
        ({"attachments": [{}]}, "attachments.0", "invalid"),
        ({"attachments": ["c5a1dd1e-0000-4000-8000-000000000000"]}, "attachments.0", "unknown"),
        ({"attachments": ["c5a1dd1e-0000-4000-8000-000000000000"] * 10}, "attachments", "max_length"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_a_wrong_value_is_named(hotline_api: Caller, given: dict[str, Any], field: str, code: str) -> None:
    assert problems(hotline_api.post("reports/", lamp(**given)), 400) == [(field, code)]


def test_every_field_at_fault_is_named(hotline_api: Caller) -> None:
    body = lamp(text="", urgency="soon", colour="red", location={"lon": 1})
    assert sorted(problems(hotline_api.post("reports/", body), 400)) == [
        ("colour", "unknown_field"),
        ("location.lat", "required"),
        ("text", "blank"),
        ("urgency", "unknown"),
    ]


def test_what_is_missing_is_named(hotline_api: Caller) -> None:
    assert problems(hotline_api.post("reports/", {}), 400) == [("text", "required")]
    assert problems(hotline_api.post("reports/", without(lamp(), "external_id")), 400) == [
        ("external_id", "required")
    ]


def test_another_source_than_the_tokens_is_refused(hotline_api: Caller) -> None:
    assert problems(hotline_api.post("reports/", lamp(source="sensor")), 403) == [
        ("source", "not_your_source")
    ]


def test_the_words_are_chinese_unless_english_is_asked_for(hotline: tuple[Any, str]) -> None:
    told = Caller(token=hotline[1], language="").post("reports/", {}).json()
    assert told["errors"][0]["detail"].isascii() is False


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (b"", "text", "required"),
        (b"{", "body", "not_json"),
        (b'{"text": "a",}', "body", "not_json"),
        (b"[" * 100_000, "body", "too_deep"),
        (b'{"a":' * 100_000, "body", "too_deep"),
        (b"[" * 40 + b"]" * 40, ".".join(["0"] * 32), "too_deep"),
        (b'{"text": "a", "text": "b"}', "text", "duplicate_key"),
        (b'{"location": {"lon": 1, "lon": 2}}', "location.lon", "duplicate_key"),
        (b'{"location": {"lon": NaN}}', "body", "not_a_number"),
        (b'{"location": {"lon": Infinity}}', "body", "not_a_number"),
        (b'{"location": {"lon": 1e999}}', "location.lon", "number_too_large"),
        (b'{"attributes": {"n": 99999999999999999999}}', "attributes.n", "number_too_large"),
        (b'{"attributes": {"n": ' + b"9" * 5_000 + b"}}", "body", "number_too_large"),
        (b'{"text": "a\\u0000b"}', "text", "null_characters"),
        (b'{"text": "a\x00b"}', "body", "not_json"),
        (b'{"attributes": {"deep": ["\\u0000"]}}', "attributes.deep.0", "null_characters"),
        (b'{"attributes": {"\\u0000": 1}}', "attributes", "null_characters"),
        (b'{"text": "\\ud83d"}', "text", "not_text"),
        ("路灯坏了".encode("gbk"), "body", "not_utf8"),
        ('{"text": "路灯坏了"}'.encode("gbk"), "body", "not_utf8"),
        ('{"text": "路灯坏了"}'.encode("utf-16"), "body", "not_utf8"),
        (b'"a report"', "body", "invalid"),
        (b"[]", "body", "invalid"),
        (b"null", "body", "null"),
        (b"5", "body", "invalid"),
    ],
)
def test_a_body_that_is_not_proper_json(hotline_api: Caller, body: bytes, field: str, code: str) -> None:
    assert problems(hotline_api.post_raw("reports/", body), 400) == [(field, code)]


@pytest.mark.parametrize("path", ["reports/", "reports/batch/", "decisions/"])
def test_broken_json_is_refused_wherever_json_is_read(hotline_api: Caller, path: str) -> None:
    assert problems(hotline_api.post_raw(path, b"{"), 400) == [("body", "not_json")]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=gbk",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
    ],
)
def test_a_wrong_charset(hotline_api: Caller, content_type: str) -> None:
    body = json.dumps(lamp(), ensure_ascii=False).encode("gbk")
    answer = hotline_api.post_raw("reports/", body, content_type)
    assert problems(answer, 415) == [("body", "unsupported_charset")]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"]
)
def test_another_kind_of_content(hotline_api: Caller, content_type: str) -> None:
    assert problems(hotline_api.post_raw("reports/", b"text=a", content_type), 415)[0][1] == (
        "unsupported_media_type"
    )


def test_a_body_beyond_ten_megabytes(hotline_api: Caller) -> None:
    body = json.dumps(lamp(text="a" * (10 * 1024 * 1024))).encode()
    assert problems(hotline_api.post_raw("reports/", body), 413) == [("body", "too_large")]


@pytest.mark.parametrize(("key", "code"), [("k" * 81, "invalid"), ("ключ", "invalid"), ("a\x01b", "invalid")])
def test_a_key_that_cannot_be_kept(hotline_api: Caller, key: str, code: str) -> None:
    answer = hotline_api.post("reports/", lamp(), Idempotency_Key=key)
    assert problems(answer, 400) == [("Idempotency-Key", code)]


def heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 64


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 400 megapixels."""
    kept = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(kept, "PNG")
    return kept.getvalue()


def cut_off() -> bytes:
    kept = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(kept, "JPEG")
    return kept.getvalue()[:2_000]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 not a picture", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"GIF89a" + b"\x00" * 40, "not_an_image"),
        (cut_off(), "not_an_image"),
        (heic(), "heic"),
        (bomb(), "too_many_pixels"),
    ],
)
def test_an_image_that_is_not_one(hotline_api: Caller, content: bytes, code: str) -> None:
    upload = io.BytesIO(content)
    upload.name = "photo.jpg"
    assert problems(hotline_api.upload(upload), 400) == [("file", code)]


def test_a_picture_that_is_too_large(hotline_api: Caller) -> None:
    upload = io.BytesIO(b"\xff" * (11 * 1024 * 1024))
    upload.name = "photo.jpg"
    assert problems(hotline_api.upload(upload), 413) == [("body", "too_large")]


def test_an_upload_without_a_file(hotline_api: Caller) -> None:
    answer = hotline_api.client.post(API + "attachments/", {"photo": "a"}, headers=hotline_api.headers)
    assert problems(answer, 400) == [("file", "required")]


def test_an_upload_that_is_not_multipart(hotline_api: Caller) -> None:
    assert problems(hotline_api.post("attachments/", {}), 415)[0][1] == "unsupported_media_type"


def test_an_upload_whose_parts_do_not_end(hotline_api: Caller) -> None:
    answer = hotline_api.post_raw("attachments/", b"--x\r\ngarbage", "multipart/form-data; boundary=x")
    assert answer.status_code == 400


def test_too_many_files_in_one_upload(hotline_api: Caller) -> None:
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\na\r\n'
        for _index in range(12)
    )
    answer = hotline_api.post_raw("attachments/", parts + b"--x--\r\n", "multipart/form-data; boundary=x")
    assert problems(answer, 400) == [("body", "unreadable")]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"statsu": "triage"}, "statsu"),
        ({"status": "asleep"}, "status"),
        ({"received_after": "yesterday"}, "received_after"),
        ({"street": NUL}, "street"),
        ({"number": NUL}, "number"),
    ],
)
def test_a_filter_that_makes_no_sense(hotline_api: Caller, query: dict[str, str], field: str) -> None:
    assert [name for name, _code in problems(hotline_api.get("incidents/", **query), 400)] == [field]


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-07-07T10:00:00+20:29", 200),
        ("2026-07-07T10:00:00-23:59", 200),
        ("0001-01-01T00:00:00+08:00", 400),
        ("9999-12-31T23:59:59-08:00", 400),
    ],
)
def test_an_instant_far_away_is_answered(hotline_api: Caller, at: str, status: int) -> None:
    assert hotline_api.get("incidents/", received_after=at).status_code == status


def test_a_page_that_does_not_exist(hotline_api: Caller) -> None:
    told = problems(hotline_api.get("incidents/", cursor="garbage"), 400)
    assert told == [("cursor", "invalid")]


@pytest.mark.parametrize(
    "path", ["nothing/", "reports", "reports/batch", "incidents/x/dance/", "reports/abc/"]
)
def test_an_address_that_does_not_exist(hotline_api: Caller, path: str) -> None:
    assert problems(hotline_api.get(path), 404)[0][1] == "not_found"
    assert problems(hotline_api.post(path, {}), 404)[0][1] == "not_found"


def test_a_number_larger_than_any_id(hotline_api: Caller) -> None:
    assert hotline_api.get("reports/99999999999999999999/").status_code == 404


def test_a_method_that_does_not_exist(hotline_api: Caller) -> None:
    assert problems(hotline_api.get("decisions/"), 405) == [("", "method_not_allowed")]


def test_any_accept_header_is_answered_in_json(hotline_api: Caller) -> None:
    hotline_api.headers["Accept"] = "text/html"
    assert hotline_api.get("categories/").status_code == 200
