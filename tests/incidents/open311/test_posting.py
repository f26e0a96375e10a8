"""What an app posts becomes a case once, with its reporter sealed away, or is refused in words."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from accounts.models import ApiClient
from grids.locate import locate
from grids.models import Area
from incidents.models import Attachment, Contact, Incident, Report
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, LAMP_UNIT, TUESDAY
from tests.drawing import lives
from tests.incidents.open311 import schemas
from tests.incidents.open311.conftest import V2, App, Hands, lamp, xml
from tests.incidents.resident.conftest import picture
from tests.incidents.servers import web_server

pytestmark = pytest.mark.django_db


def test_a_request_is_a_case_with_its_unit_when_it_is_answered(app: App) -> None:
    told = app.post(lamp(account_id="u-17"))
    assert told.status_code == 201
    validate(told.json(), schemas.POSTED)
    incident = Incident.objects.get(number=told.json()[0]["service_request_id"])
    assert (incident.category_id, incident.owner_unit_id) == (LAMP_CATEGORY, LAMP_UNIT)
    report = Report.objects.get()
    assert (report.source, report.text.body, report.nature) == ("city_app", LAMP_TEXT, "complaint")
    assert (report.lon, report.lat) == LAMP_POINT
    assert report.client is not None
    # Where the reporter can follow it is told to the app that posted it, and to nobody else.
    assert f"/r/{report.tracking_code}/" in told.json()[0]["service_notice"]
    assert told.json()[0]["account_id"] == "u-17"
    read = app.get(f"requests/{incident.number}.json", extensions="true").content.decode()
    assert report.tracking_code not in read


def test_the_same_in_xml(app: App) -> None:
    root = xml(app.post(lamp(), "requests.xml"))
    assert (root.tag, [child.tag for child in root]) == ("service_requests", ["request"])
    assert [child.tag for child in root[0]] == ["service_request_id", "service_notice", "account_id"]
    assert root[0][0].text == Incident.objects.get().number


def test_who_said_it_is_sealed_away(app: App) -> None:
    app.post(
        lamp(
            first_name="小明", last_name="王", phone="138 1234 2207", email="wang@example.org", device_id="x1"
        )
    )
    contact = Contact.objects.get()
    assert (contact.name, contact.phone, contact.email) == ("王小明", "138 1234 2207", "wang@example.org")
    assert b"wang" not in bytes(contact.email_sealed)
    everything = app.get("requests.json", extensions="true").content.decode()
    for secret in ("小明", "2207", "wang", "x1"):
        assert secret not in everything


@pytest.mark.parametrize(
    "sender",
    [{"device_id": "x1"}, {"account_id": "u-17"}, {"phone": "13812342207"}, {"email": "wang@example.org"}],
)
def test_posted_twice_by_one_sender_it_is_one_report_for_ten_minutes(
    app: App, hands: Hands, sender: dict[str, str]
) -> None:
    first = app.post(lamp(**sender))
    hands.at = TUESDAY + timedelta(minutes=9)
    again = app.post(lamp(**sender))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Report.objects.count() == 1
    hands.at = TUESDAY + timedelta(minutes=11)
    assert app.post(lamp(**sender)).status_code == 201
    # Something else was said meanwhile, by the same app.
    other = lamp(description="路边的井盖没有了", service_code="0201", **sender)
    assert app.post(other).status_code == 201
    assert Report.objects.count() == 3


def test_two_strangers_who_say_the_same_are_both_counted_and_each_has_a_link(app: App) -> None:
    answers = [app.post(lamp(description=None)), App(app.key).post(lamp(description=None))]
    assert [answer.status_code for answer in answers] == [201, 201]
    codes = list(Report.objects.order_by("pk").values_list("tracking_code", flat=True))
    assert len(set(codes)) == 2
    for answer, code in zip(answers, codes, strict=True):
        assert f"/r/{code}/" in answer.json()[0]["service_notice"]
    # They are about one lamp all the same, and both are heard.
    assert Incident.objects.get().report_count == 2


def test_an_idempotency_key_says_for_good_that_it_is_the_same(app: App, hands: Hands) -> None:
    told = {"Idempotency-Key": "a1-b2"}
    first = app.post(lamp(), headers=told)
    hands.at = TUESDAY + timedelta(days=3)
    again = app.post(lamp(), headers=told)
    assert again.json()[0]["service_request_id"] == first.json()[0]["service_request_id"]
    assert app.post(lamp(), headers={"Idempotency-Key": "x" * 81}).status_code == 400
    assert Report.objects.count() == 1


def test_an_idempotency_key_that_comes_with_something_else_is_refused(app: App) -> None:
    told = {"Idempotency-Key": "1"}
    assert app.post(lamp(phone="13812342207"), headers=told).status_code == 201
    code = Report.objects.get().tracking_code
    other = lamp(service_code="0201", description="井盖没有了，有人要掉下去", phone="13900001111")
    refused = app.post(other, headers=told)
    assert refused.status_code == 409
    validate(refused.json(), schemas.ERRORS)
    assert (refused.json()[0]["code"], code in refused.content.decode()) == (409, False)
    assert [child.tag for child in xml(app.post(other, "requests.xml", headers=told))] == ["error"]
    assert Report.objects.count() == 1
    assert app.post(other, headers={"Idempotency-Key": "2"}).status_code == 201
    # The first one is still known by its key.
    assert app.post(lamp(phone="13812342207"), headers=told).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_posts_at_the_same_moment_are_one_report(app: App) -> None:
    answers: list[Any] = []

    def post() -> None:
        answers.append(App(app.key).post(lamp(device_id="x1")))
        connection.close()

    threads = [threading.Thread(target=post) for _index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()[0]["service_request_id"] for answer in answers}) == 1
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("place", "community"),
    [
        ({"lat": LAMP_POINT[1], "long": LAMP_POINT[0]}, True),
        ({"address_string": "龙岗街道南联社区植物园路"}, True),
        ({"address_string": "某处"}, False),
    ],
)
def test_a_place_is_a_point_or_words(app: App, place: dict[str, Any], community: bool) -> None:
    told = app.post(lamp(**{"lat": None, "long": None, **place}))
    assert told.status_code == 201, told.content
    assert bool(Incident.objects.get().community_code) == community


def test_a_place_is_the_code_of_an_area_too(app: App) -> None:
    app.post(lamp())
    code = Incident.objects.get().community_code
    other = "路灯又坏了一盏，在另一条路上"
    told = app.post(lamp(lat=None, long=None, address_id=code, description=other))
    assert Incident.objects.get(number=told.json()[0]["service_request_id"]).community_code == code
    unknown = app.post(lamp(lat=None, long=None, address_id="999999999"))
    assert (unknown.status_code, "address_id" in unknown.json()[0]["description"]) == (400, True)


def test_attributes_reach_the_decision_and_a_wrong_one_is_named(app: App) -> None:
    given_by_brackets = {
        "attribute[place_type]": "park",
        "attribute[occurred_at][]": "2026-07-07T09:30:00+08:00",
        "attribute[facility]": "",
    }
    told = app.post(lamp(**given_by_brackets))
    assert told.status_code == 201, told.content
    report = Report.objects.get()
    assert Incident.objects.get().place_type == "park"
    assert report.occurred_at == TUESDAY - timedelta(minutes=30)
    wrong = app.post(
        lamp(
            **{
                "attribute[place_type]": "moon",
                "attribute[colour]": "red",
                "attribute[occurred_at]": "2030-01-01T00:00:00Z",
                "attribute[": "?",
            }
        )
    )
    assert wrong.status_code == 400
    assert len(wrong.json()) == 4
    assert Report.objects.count() == 1


def test_a_token_is_given_where_it_is_asked_for_and_answers_at_once(app: App, stranger: App) -> None:
    told = app.post(lamp(), headers={"Prefer": "respond-async"})
    validate(told.json(), schemas.POSTED)
    token = told.json()[0]["token"]
    found = stranger.get(f"tokens/{token}.json")
    validate(found.json(), schemas.TOKENS)
    assert found.json() == [{"service_request_id": Incident.objects.get().number, "token": token}]
    root = xml(stranger.get(f"tokens/{token}.xml"))
    assert [child.tag for child in root[0]] == ["service_request_id", "token"]


class TestPictures:
    def test_a_file_comes_along_re_encoded(self, app: App) -> None:
        upload = SimpleUploadedFile("lamp.png", picture(kind="PNG"), content_type="image/png")
        told = app.client.post(V2 + "requests.json", {"api_key": app.key, **lamp(), "media": upload})
        assert told.status_code == 201, told.content
        kept = Attachment.objects.get()
        assert (kept.content_type, kept.report) == ("image/jpeg", Report.objects.get())
        # Nobody has looked at it yet, so nobody sees it.
        assert app.get("requests.json").json()[0]["media_url"] is None
        assert app.client.get(f"/public/photos/{kept.pk}.jpg").status_code == 404

    def test_pictures_are_part_of_what_a_request_says(self, app: App) -> None:
        def post(body: bytes) -> int:
            upload = SimpleUploadedFile("lamp.png", body, content_type="image/png")
            return app.client.post(
                V2 + "requests.json",
                {"api_key": app.key, **lamp(), "media": upload},
                headers={"Idempotency-Key": "1"},
            ).status_code

        first, other = picture(kind="PNG"), picture(kind="PNG") + b"?"
        assert [post(first), post(first), post(other)] == [201, 200, 409]
        assert Attachment.objects.get().report == Report.objects.get()

    def test_what_is_no_picture_is_refused_and_nothing_is_kept(self, app: App) -> None:
        uploads = [
            SimpleUploadedFile("a.jpg", picture(), content_type="image/jpeg"),
            SimpleUploadedFile("b.jpg", b"<script>", content_type="image/jpeg"),
        ]
        told = app.client.post(V2 + "requests.json", {"api_key": app.key, **lamp(), "media": uploads})
        assert told.status_code == 400
        validate(told.json(), schemas.ERRORS)
        assert (Attachment.objects.count(), Report.objects.count()) == (0, 0)

    def test_an_address_is_followed_only_below_one_that_is_trusted(self, app: App, settings: Any) -> None:
        with web_server() as web:
            web.body = picture()
            site = web.url.partition("/hook")[0]
            inside = f"{site}/photos/1.jpg"
            assert app.post(lamp(media_url=inside)).status_code == 400
            settings.OPEN311_MEDIA = [f"{site}/photos/"]
            for elsewhere in (
                f"{site}/secrets/1.jpg",
                f"{site}/photos/../secrets",
                "http://169.254.169.254/latest/meta-data/",
                "file:///etc/passwd",
                "http://[::1",
            ):
                assert app.post(lamp(media_url=elsewhere)).status_code == 400
            assert web.posted == []
            assert app.post(lamp(media_url=inside)).status_code == 201
            assert [asked.path for asked in web.posted] == ["/photos/1.jpg"]
        assert Attachment.objects.get().report == Report.objects.get()


class TestKeys:
    def test_without_a_key_that_may_nothing_is_taken(self, app: App, stranger: App) -> None:
        reading = ApiClient.objects.issue(name="reads", source="city_app", scopes=["read", "report"])[1]
        for key in ("", "wrong", reading, "密钥", "a\x00b"):
            told = App(key).post(lamp())
            assert told.status_code == 403
            validate(told.json(), schemas.ERRORS)
        root = xml(stranger.post(lamp(), "requests.xml"))
        assert root[0].find("code").text == "403"  # type: ignore[union-attr]
        assert Report.objects.count() == 0

    def test_a_key_in_the_address_is_refused_for_it_would_be_logged(self, app: App) -> None:
        told = App().post(lamp(), f"requests.json?api_key={app.key}")
        assert (told.status_code, Report.objects.count()) == (403, 0)

    def test_a_key_that_was_withdrawn_or_is_over_opens_nothing(self, app: App) -> None:
        client = ApiClient.objects.filter(name="City in your pocket")
        client.update(expires_at=timezone.now() - timedelta(minutes=1))
        assert app.post(lamp()).status_code == 403
        client.update(expires_at=None, is_active=False)
        assert app.post(lamp()).status_code == 403

    def test_such_a_key_opens_no_door_of_the_rest_interface(self, app: App) -> None:
        told = {"Authorization": f"Bearer {app.key}"}
        assert app.client.get("/api/v1/incidents/", headers=told).status_code == 403
        sent = app.client.post(
            "/api/v1/reports/", {"text": "x"}, content_type="application/json", headers=told
        )
        assert sent.status_code == 403

    def test_one_telephone_cannot_use_up_the_key_that_all_have(self, app: App, settings: Any) -> None:
        settings.OPEN311_REQUESTS_PER_MINUTE, settings.API_REQUESTS_PER_MINUTE = 2, 4
        wild = [app.post(lamp()).status_code for _index in range(5)]
        assert wild == [201, 201, 429, 429, 429]
        other = App(app.key, client=Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.7"))
        assert [other.post(lamp()).status_code for _index in range(2)] == [201, 201]
        # All of them together have the key's own limit.
        third = App(app.key, client=Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.8"))
        assert third.post(lamp()).status_code == 429

    def test_a_key_that_asks_too_often_is_told_to_wait(self, app: App, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 1
        assert app.post(lamp()).status_code == 201
        told = app.post(lamp())
        assert told.status_code == 429
        assert int(told["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"service_code": None}, 400),
        ({"service_code": "9999"}, 404),
        ({"jurisdiction_id": "elsewhere.example"}, 404),
        ({"lat": None}, 400),
        ({"lat": None, "long": None}, 400),
        ({"lat": "x"}, 400),
        ({"lat": "1e999"}, 400),
        ({"description": "长" * 4_001}, 400),
        ({"description": "a\x00b"}, 400),
        ({"email": "nobody"}, 400),
        ({"phone": "call me"}, 400),
        ({"first_name": "x" * 201}, 400),
        ({"address_string": "x" * 150}, 400),
        ({"attribute[facility]": "NO-SUCH-PLATE"}, 400),
    ],
)
def test_bad_input_is_an_array_of_errors(app: App, given: dict[str, Any], status: int) -> None:
    told = app.post(lamp(**given))
    assert told.status_code == status, told.content
    validate(told.json(), schemas.ERRORS)
    assert (Report.objects.count(), Contact.objects.count()) == (0, 0)


def test_a_place_outside_the_district_is_refused_and_one_at_its_edge_is_taken(app: App) -> None:
    told = app.post(lamp(lat=40.7, long=-74.0))
    assert told.status_code == 400
    validate(told.json(), schemas.ERRORS)
    assert "outside the district" in told.json()[0]["description"]
    assert Report.objects.count() == 0
    last = Area.objects.cells().order_by("-lon")[0]
    steps = (last.lon + 0.0001 * step for step in range(1, 2_000))
    edge = next(lon for lon in steps if "nearest_cell" in str(locate(lon=lon, lat=last.lat).evidence))
    assert app.post(lamp(lat=last.lat, long=edge)).status_code == 201


def test_the_notice_reads_as_one_text_in_chinese(app: App) -> None:
    told = app.post(lamp(), headers={"Accept-Language": "zh-hans"}).json()[0]["service_notice"]
    assert not re.search(r"[。：] (?!http)", told), told
    assert ". Follow it" in app.post(lamp(description="Another lamp")).json()[0]["service_notice"]


def test_a_body_that_is_no_form_is_refused(app: App) -> None:
    for body, kind in ((b"{}", "application/json"), (b"<a/>", "text/xml"), (b"", "")):
        told = app.client.generic("POST", V2 + "requests.json", body, content_type=kind)
        assert told.status_code == 400
        validate(told.json(), schemas.ERRORS)
    broken = app.client.generic(
        "POST", V2 + "requests.json", b"--x\r\nnonsense", content_type="multipart/form-data; boundary=y"
    )
    assert broken.status_code in (400, 403)
    many = "&".join(f"f{index}=1" for index in range(2_000))
    told = app.client.generic(
        "POST", V2 + "requests.json", many, content_type="application/x-www-form-urlencoded"
    )
    assert told.status_code == 400


def test_without_words_the_service_says_what_it_is(app: App) -> None:
    assert app.post(lamp(description=None)).status_code == 201
    assert Report.objects.get().text.body


_FIELDS = st.sampled_from(
    (
        *("service_code", "lat", "long", "address_string", "address_id", "description", "phone", "email"),
        *("first_name", "media_url", "attribute[place_type]", "attribute[x][]", "jurisdiction_id", "status"),
        *("start_date", "page", "page_size", "radius", "q", "service_request_id", "updated_after", "api_key"),
    )
)
_VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ("0204", "nan", "-0", "1e400", "٣", "2026-07-07", "9999-12-31T23:59:59+14:00", "0001-01-01")
    ),
)


@lives(60)
@given(form=st.dictionaries(_FIELDS, _VALUES, max_size=6), format=st.sampled_from(("xml", "json")))
def test_whatever_is_sent_no_answer_is_a_crash(app: App, form: dict[str, str], format: str) -> None:
    for told in (app.get(f"requests.{format}", **form), app.post(form, f"requests.{format}")):
        assert told.status_code in (200, 201, 400, 403, 404, 429), (form, told.content)
        if format == "xml":
            xml(told)
        else:
            told.json()
