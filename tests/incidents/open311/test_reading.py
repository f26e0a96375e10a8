"""What anybody may ask: in both formats, as the specification says it, and about nobody."""

import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from jsonschema import validate

from incidents import actions
from incidents.actor import SYSTEM
from incidents.models import Incident, Report
from incidents.models.incident import ResolutionOutcome
from tests.cast import LAMP_CATEGORY, LAMP_POINT, TUESDAY, Person, file_report
from tests.incidents.open311 import schemas
from tests.incidents.open311.conftest import App, Hands, lamp, xml

pytestmark = pytest.mark.django_db


def case(**given: Any) -> Incident:
    """A lamp of its own."""
    return file_report(joins="", **given)


def settle(incident: Incident, outcome: str = ResolutionOutcome.SOLVED) -> Incident:
    at = incident.received_at
    told = {"number": incident.number, "actor": SYSTEM}
    actions.accept(**told, at=at + timedelta(minutes=5))
    actions.resolve(**told, outcome=outcome, text="换了灯头", attested=True, at=at + timedelta(hours=1))
    return actions.verify(**told, fixed=True, at=at + timedelta(hours=2))


def ids(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["service_request_id"] for one in answer.json()]


def as_json(element: ElementTree.Element) -> Any:
    """XML by the Spark convention, every leaf a string or null."""
    lists = {
        "services",
        "service_requests",
        "attributes",
        "values",
        "endpoints",
        "formats",
        "photos",
        "notes",
    }
    if element.tag in lists:
        return [as_json(child) for child in element]
    if len(element):
        return {child.tag: as_json(child) for child in element}
    return element.text


def as_strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_strings(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_strings(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@pytest.mark.parametrize(
    ("path", "asked", "schema"),
    [
        ("discovery", {}, schemas.DISCOVERY),
        ("services", {}, schemas.SERVICES),
        (f"services/{LAMP_CATEGORY}", {}, schemas.DEFINITION),
        ("requests", {}, schemas.REQUESTS),
        ("requests", {"extensions": "true"}, schemas.EXTENDED_REQUESTS),
    ],
)
def test_each_document_is_what_the_specification_says_and_the_same_in_both_formats(
    stranger: App, path: str, asked: dict[str, str], schema: dict[str, Any]
) -> None:
    case()
    told = stranger.get(f"{path}.json", **asked)
    assert told.status_code == 200
    assert told["Content-Type"] == "application/json; charset=utf-8"
    validate(told.json(), schema)
    written = as_json(xml(stranger.get(f"{path}.xml", **asked)))
    assert written == as_strings(told.json())


def test_the_services_are_the_categories_in_their_domains_and_in_the_readers_language(
    stranger: App,
) -> None:
    told = stranger.get("services.json").json()
    assert len(told) == 146
    assert len({one["group"] for one in told}) == 20
    lights = next(one for one in told if one["service_code"] == LAMP_CATEGORY)
    chinese = App(language="zh-hans").get("services.json").json()
    assert lights["service_name"].isascii()
    assert not next(one for one in chinese if one["service_code"] == LAMP_CATEGORY)["service_name"].isascii()


def test_a_definition_asks_for_what_can_decide_whose_job_it_is_and_for_nothing_that_must_be(
    stranger: App,
) -> None:
    told = stranger.get(f"services/{LAMP_CATEGORY}.json").json()
    by_code = {one["code"]: one for one in told["attributes"]}
    assert "main_road" in [value["key"] for value in by_code["place_type"]["values"]]
    assert by_code["occurred_at"]["datatype"] == "datetime"
    assert [one["order"] for one in told["attributes"]] == list(range(1, len(by_code) + 1))
    assert not any(one["required"] for one in told["attributes"])


def test_the_ending_decides_the_format_else_what_is_accepted_else_it_is_xml(stranger: App) -> None:
    for accepted, kind in (
        ("application/json", "application/json"),
        ("text/xml", "text/xml"),
        ("*/*", "text/xml"),
        ("application/json;q=0.1, text/xml", "text/xml"),
    ):
        told = stranger.get("services", headers={"Accept": accepted})
        assert told["Content-Type"] == f"{kind}; charset=utf-8"
    told = stranger.get("services.xml", headers={"Accept": "application/json"})
    assert told["Content-Type"] == "text/xml; charset=utf-8"


def test_a_case_is_told_with_its_state_whose_it_is_and_when_and_never_in_its_reporters_words(
    stranger: App,
) -> None:
    incident = case()
    (told,) = stranger.get(f"requests/{incident.number}.json").json()
    assert (told["status"], told["service_code"]) == ("open", LAMP_CATEGORY)
    assert told["agency_responsible"]
    assert told["agency_responsible"] in told["status_notes"]
    assert parse_datetime(told["requested_datetime"]) == TUESDAY
    assert told["requested_datetime"].endswith("+08:00")
    assert told["updated_datetime"] == told["requested_datetime"]
    assert parse_datetime(told["expected_datetime"]) > TUESDAY
    assert told["address_id"] == incident.community_code
    assert (told["description"], told["media_url"]) == (None, None)
    everything = stranger.get("requests.xml", extensions="true").content.decode()
    for secret in ("植物园", "王小明", "13812342207", "60 米"):
        assert secret not in everything
    lon, lat = LAMP_POINT
    assert (told["lat"], told["long"]) == (round(lat, 4), round(lon, 4))


def test_an_address_is_written_as_its_readers_write_it(stranger: App) -> None:
    number = case().number
    (told,) = stranger.get(f"requests/{number}.json").json()
    assert told["address"].count(", ") == 2
    (read,) = stranger.get(f"requests/{number}.json", headers={"Accept-Language": "zh-hans"}).json()
    assert re.fullmatch(r"龙岗区\w+街道\w+社区", read["address"])


def test_a_closed_case_says_so_and_since_when_and_a_duplicate_names_the_other(
    stranger: App, dispatcher: Person
) -> None:
    done = settle(case())
    first, second = case(), case()
    actions.merge(
        number=second.number, into=first.number, actor=dispatcher.actor, at=TUESDAY + timedelta(hours=1)
    )
    told = {one["service_request_id"]: one for one in stranger.get("requests.json", status="closed").json()}
    assert set(told) == {done.number, second.number}
    assert parse_datetime(told[done.number]["updated_datetime"]) == TUESDAY + timedelta(hours=2)
    assert told[done.number]["expected_datetime"] is None
    assert first.number in told[second.number]["status_notes"]


@pytest.mark.parametrize(
    "given", [{"nature": "tip_off"}, {"nature": "praise"}, {"category": "1401"}, {"category": "0604"}]
)
def test_what_is_between_people_is_not_there_not_even_for_the_system_that_reported_it(
    app: App, stranger: App, given: dict[str, str]
) -> None:
    number = app.post(lamp()).json()[0]["service_request_id"]
    Incident.objects.filter(number=number).update(
        **{{"category": "category_id"}.get(name, name): value for name, value in given.items()}
    )
    # The key lies in an app that anybody can take apart.
    for headers in ({}, {"Authorization": f"Bearer {app.key}"}):
        assert stranger.get(f"requests/{number}.json", headers=headers).status_code == 404
        assert ids(stranger.get("requests.json", headers=headers)) == []
        assert ids(stranger.get("requests.json", headers=headers, service_request_id=number)) == []
    # Its reporter follows it by what they alone were given.
    code = Report.objects.get().tracking_code
    assert stranger.get(f"tokens/{code}.json").json()[0]["service_request_id"] == number
    assert stranger.client.get(f"/r/{code}/").status_code == 200


class TestFilters:
    def test_a_service_that_there_is_none_of_is_refused_like_a_status(self, stranger: App) -> None:
        for asked in ({"service_code": "9999"}, {"service_code": "0204,9999"}, {"status": "lost"}):
            told = stranger.get("requests.json", **asked)
            assert told.status_code == 400
            validate(told.json(), schemas.ERRORS)
        assert "9999" in stranger.get("requests.json", service_code="0204,9999").json()[0]["description"]

    def test_numbers_override_everything_else(self, stranger: App) -> None:
        first, second, _third = case(), case(at=TUESDAY - timedelta(days=200)), case()
        asked = f"{first.number}, {second.number}"
        told = stranger.get("requests.json", service_request_id=asked, status="closed", service_code="0101")
        assert ids(told) == [first.number, second.number]

    def test_codes_and_status_may_be_lists_or_repeated_and_empty_is_not_given(self, stranger: App) -> None:
        lights, waste = case(), case(category="0101", text="路边一堆垃圾")
        done = settle(case())
        assert set(ids(stranger.get("requests.json", service_code=f"{LAMP_CATEGORY},0101"))) == {
            lights.number,
            waste.number,
            done.number,
        }
        assert ids(stranger.get("requests.json", service_code=["0101", "0301"])) == [waste.number]
        assert ids(stranger.get("requests.json", status="closed")) == [done.number]
        assert len(ids(stranger.get("requests.json", status="open,closed"))) == 3
        assert len(ids(stranger.get("requests.json", status="", service_code="", start_date=""))) == 3

    def test_without_dates_it_is_ninety_days_and_one_date_is_one_end_of_them(
        self, stranger: App, hands: Hands
    ) -> None:
        old = case(at=TUESDAY - timedelta(days=100))
        new = case()
        assert ids(stranger.get("requests.json")) == [new.number]
        assert ids(stranger.get("requests.json", start_date="2026-03-20T00:00:00+08:00")) == [old.number]
        assert ids(stranger.get("requests.json", end_date="2026-05-01T00:00:00Z")) == [old.number]
        told = stranger.get(
            "requests.json", start_date="2026-01-01T00:00:00Z", end_date="2026-07-30T00:00:00Z"
        )
        assert told.status_code == 400
        # A day is the district's day, and an unescaped plus is a plus.
        assert ids(stranger.get("requests.json", start_date="2026-07-07", end_date="2026-07-07")) == [
            new.number
        ]
        raw = stranger.client.get("/open311/v2/requests.json?start_date=2026-07-07T09:59:59+08:00")
        assert ids(raw) == [new.number]

    def test_updated_after_finds_what_moved(self, stranger: App, hands: Hands) -> None:
        still, moved = case(), settle(case())
        hands.at = TUESDAY + timedelta(days=1)
        since = (TUESDAY + timedelta(minutes=30)).isoformat()
        assert ids(stranger.get("requests.json", updated_after=since)) == [moved.number]
        assert ids(stranger.get("requests.json", updated_before=since)) == [still.number]

    def test_a_circle_and_words(self, stranger: App) -> None:
        here = case()
        lon, lat = LAMP_POINT
        for metres, found in ((50, [here.number]), (200, [here.number])):
            told = stranger.get("requests.json", lat=lat + 0.0003, long=lon, radius=metres)
            assert ids(told) == found
        assert ids(stranger.get("requests.json", lat=lat + 0.01, long=lon, radius=1000)) == []
        assert ids(stranger.get("requests.json", q="南联")) == [here.number]
        assert (
            ids(stranger.get("requests.json", q="植物园")) == []
        )  # said by the reporter, released by nobody

    def test_pages_are_whole_and_name_the_next_one(self, stranger: App) -> None:
        made = [case().number for _index in range(5)]
        seen: list[str] = []
        for page in (1, 2, 3):
            told = stranger.get("requests.json", page=page, page_size=2, status="open")
            seen += ids(told)
            assert ("Link" in told) == (page < 3)
            if page < 3:
                assert f"page={page + 1}&page_size=2" in told["Link"].replace("status=open&", "")
        assert seen == made[::-1]
        assert ids(stranger.get("requests.json", page=4, page_size=2)) == []

    @pytest.mark.parametrize(
        "asked",
        [
            {"start_date": "yesterday"},
            {"start_date": "2026-07-07T00:00:00"},
            {"end_date": "2026-13-45"},
            {"start_date": "2026-07-02", "end_date": "2026-07-01"},
            {"status": "pending"},
            {"page": "0"},
            {"page": "1.5"},
            {"page": "99999999999999"},
            {"page_size": "1001"},
            {"page_size": "-1"},
            {"lat": "22.7"},
            {"lat": "north", "long": "114"},
            {"lat": "nan", "long": "114"},
            {"lat": "91", "long": "114"},
            {"radius": "100"},
            {"lat": "22.7", "long": "114.2", "radius": "inf"},
            {"q": "x" * 101},
            {"q": "a\x00b"},
            {"service_request_id": "a\x00b"},
            {"service_code": ",".join(map(str, range(300)))},
        ],
    )
    def test_what_cannot_be_understood_is_said_as_an_array(
        self, stranger: App, asked: dict[str, str]
    ) -> None:
        told = stranger.get("requests.json", **asked)
        assert told.status_code == 400
        validate(told.json(), schemas.ERRORS)
        assert told.json()[0]["code"] == 400
        element = xml(stranger.get("requests.xml", **asked))
        assert [child.tag for child in element] == ["error"]
        assert [child.tag for child in element[0]] == ["code", "description"]


@pytest.mark.parametrize(
    "path",
    [
        *("services/9999.json", "requests/20260101-999999.json", "tokens/AAAAA-BBBBB.json"),
        *("nothing.json", "requests/a/b.json", "services/%00.json", "requests/%E8%B7%AF.json"),
        *("services.json?jurisdiction_id=elsewhere.example", "requests.json?jurisdiction_id=sfgov.org"),
    ],
)
def test_what_is_not_there_is_a_404_and_an_array(stranger: App, path: str) -> None:
    told = stranger.get(path)
    assert told.status_code == 404
    validate(told.json(), schemas.ERRORS)


def test_the_one_jurisdiction_may_be_named_or_left_out(stranger: App) -> None:
    for named in ("440307", "testserver", "127.0.0.1", ""):
        assert stranger.get("services.json", jurisdiction_id=named).status_code == 200


def test_other_endings_and_other_methods_are_refused_in_words(stranger: App) -> None:
    assert xml(stranger.get("services.html")).tag == "errors"
    refused = stranger.client.put("/open311/v2/requests.json")
    assert (refused.status_code, "POST" in refused["Allow"]) == (405, True)
    validate(refused.json(), schemas.ERRORS)


def test_pages_of_other_sites_may_ask(stranger: App) -> None:
    assert stranger.get("services.json")["Access-Control-Allow-Origin"] == "*"
    asked = stranger.client.options("/open311/v2/requests.json")
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, "*")
    assert "sessionid" not in stranger.client.cookies


def test_an_address_that_asks_too_often_is_told_to_wait(stranger: App, settings: Any) -> None:
    settings.OPEN311_REQUESTS_PER_MINUTE = 2
    answers = [stranger.get("services.json") for _index in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    validate(answers[-1].json(), schemas.ERRORS)
    assert 0 < int(answers[-1]["Retry-After"]) <= 61


def test_a_list_takes_as_many_queries_for_thirty_cases_as_for_three(
    stranger: App, django_assert_num_queries: Any
) -> None:
    for _index in range(3):
        case()
    stranger.get("requests.json")
    with django_assert_num_queries(3):
        assert len(ids(stranger.get("requests.json"))) == 3
    for _index in range(27):
        case()
    with django_assert_num_queries(3):
        assert len(ids(stranger.get("requests.json"))) == 30
