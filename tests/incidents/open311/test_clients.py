"""Two strangers' programs, unchanged and over HTTP: georeport reads, civicbot reads and writes."""

import importlib
import urllib.request
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import validate

from accounts.models import ApiClient, Scope
from incidents.models import Report
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, file_report
from tests.incidents.open311 import schemas

# Neither ships types.
georeport: Any = importlib.import_module("georeport")
civicbot: Any = importlib.import_module("civicbot")
civicbot_http: Any = importlib.import_module("civicbot.http")
civicbot_registry: Any = importlib.import_module("civicbot.registry")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(live_server: Any) -> str:
    return f"{live_server.url}/open311/v2"


def robot(address: str) -> Any:
    """civicbot, pointed at us; its politeness of half a second between requests is left at home."""
    endpoint = civicbot_registry.Endpoint(
        id="longgang", name="Longgang", base_url=address, write=True, api_key_required_for_write=True
    )
    polite = civicbot_http.RateLimiter(min_interval=0.0)
    return civicbot.Open311Client(endpoint, civicbot_http.HttpTransport(rate_limiter=polite))


@pytest.mark.parametrize("format", ["json", "xml"])
def test_georeport_reads_everything(address: str, format: str) -> None:
    numbers = [file_report(joins="").number for _index in range(2)]
    client = georeport.GeoReport(address, jurisdiction="440307", output_format=format)
    services = client.get_service_list()
    assert len(services) == 146
    definition = client.get_service_definition(LAMP_CATEGORY)
    assert definition["service_code"] == LAMP_CATEGORY
    found = client.get_service_requests(start_date="2026-07-01T00:00:00+08:00", status="open")
    assert [one["service_request_id"] for one in found] == numbers[::-1]
    both = client.get_service_requests(service_request_id=",".join(numbers))
    assert len(both) == 2
    one = client.get_service_request(numbers[0])
    assert (one["service_request_id"], one["status"]) == (numbers[0], "open")


def test_civicbot_reports_and_follows(address: str) -> None:
    key = ApiClient.objects.issue(name="robot", source="city_app", scopes=[Scope.OPEN311])[1]
    client, (lon, lat) = robot(address), LAMP_POINT
    sent = client.create_request(
        LAMP_CATEGORY,
        lat=lat,
        lng=lon,
        description=LAMP_TEXT,
        attributes={"place_type": "main_road", "occurred_at": "2026-07-07T09:30:00+08:00"},
        first_name="小明",
        last_name="王",
        phone="13812342207",
        email="wang@example.org",
        api_key=key,
        dry_run=False,
        confirm="SEND",
        validate_remote=True,
    )
    validate(sent.response, schemas.POSTED)
    number = sent.response[0]["service_request_id"]
    report = Report.objects.get()
    assert report.contact is not None
    assert (report.text.body, report.contact.name) == (LAMP_TEXT, "王小明")
    followed = client.get_request(number)
    assert (followed["service_code"], followed["status"]) == (LAMP_CATEGORY, "open")
    listed = client.list_requests(service_code=LAMP_CATEGORY, status="open", page_size=10)
    assert [one["service_request_id"] for one in listed] == [number]
    (token,) = client.get_token(report.tracking_code)
    assert token["service_request_id"] == number
    # A key that is not right is its own kind of error there, and nothing is filed.
    with pytest.raises(civicbot_http.HttpError) as refused:
        client.create_request(
            LAMP_CATEGORY, lat=lat, lng=lon, api_key="wrong", dry_run=False, confirm="SEND", description="x"
        )
    assert refused.value.status == 403
    assert Report.objects.count() == 1


def test_a_discovery_leads_to_the_endpoint_that_it_names(address: str) -> None:
    with urllib.request.urlopen(f"{address}/discovery.xml") as answer:
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        named = ElementTree.fromstring(answer.read()).findtext("endpoints/endpoint/url")
    assert named == address
    with urllib.request.urlopen(f"{named}/services.xml") as answer:
        assert len(ElementTree.fromstring(answer.read())) == 146
