"""A unit's own system: it files inside that unit's area, and reads what is its own or that unit's."""

import pytest
from django.test import Client

from accounts.models import ApiClient, OrgUnit
from dashboards.datasets.catalogue import EVENTS
from dashboards.datasets.definition import Access, Mode
from dashboards.datasets.reach import Ground, standing
from incidents.models import Report
from tests.accounts.systems.conftest import System, code_of, issue, lamp
from tests.cast import LAMP_UNIT, file_report

pytestmark = pytest.mark.django_db
INSIDE, ELSEWHERE = "longgang", "pinghu"
NOWHERE = {"text": "路灯坏了，晚上不亮，看不清路", "location": None}


@pytest.mark.parametrize(
    ("unit", "status"), [(None, 201), ("district", 201), (INSIDE, 201), (ELSEWHERE, 403)]
)
def test_it_files_inside_its_unit_s_area(unit: str | None, status: int) -> None:
    _client, token = issue(unit=unit)
    answer = System(token).post("reports/", lamp())
    assert answer.status_code == status
    if status == 403:
        assert code_of(answer) == "outside_unit"
        assert answer.json()["errors"][0]["field"] == "location"
    assert Report.objects.count() == (1 if status == 201 else 0)


def test_one_report_outside_does_not_sink_the_others() -> None:
    _client, token = issue(unit=ELSEWHERE)
    told = System(token).post("reports/batch/", [lamp(), lamp("H-2", **NOWHERE)]).json()
    assert [one["status"] for one in told["results"]] == [403, 201]


def test_what_nobody_could_place_goes_to_the_desk() -> None:
    _client, token = issue(unit=ELSEWHERE)
    assert System(token).post("reports/", lamp(**NOWHERE)).status_code == 201


def test_the_same_holds_for_an_app_s_key() -> None:
    _client, key = issue(unit=ELSEWHERE, source="city_app", scopes=["open311"])
    told = {"api_key": key, "service_code": "0204", "lat": "22.76488", "long": "114.26054"}
    answer = Client().post("/open311/v2/requests.json", {**told, "description": "路灯坏了"})
    assert 400 <= answer.status_code < 404
    assert not Report.objects.exists()


@pytest.mark.parametrize(("unit", "sees"), [(None, True), (LAMP_UNIT, True), ("water-group", False)])
def test_of_what_people_entered_it_reads_what_its_unit_has_in_hand(unit: str | None, sees: bool) -> None:
    case = file_report()
    assert case.owner_unit_id == LAMP_UNIT
    _client, token = issue(unit=unit)
    listed = System(token).get("incidents/").json()["results"]
    assert [one["number"] for one in listed] == ([case.number] if sees else [])
    for path in (f"incidents/{case.number}/", f"incidents/{case.number}/timeline/"):
        assert System(token).get(path).status_code == (200 if sees else 404)


def test_what_it_filed_itself_it_follows_wherever_it_went() -> None:
    _client, token = issue(unit=INSIDE)
    told = System(token).post("reports/", lamp()).json()
    assert told["incident"]["unit"] == LAMP_UNIT
    assert System(token).get(f"incidents/{told['incident']['number']}/").status_code == 200


@pytest.mark.parametrize(
    ("unit", "ground"),
    [(None, Ground.NONE), ("pinghu", Ground.UNIT), ("buji", Ground.NONE)],
)
def test_it_has_the_data_sets_that_its_unit_has(unit: str | None, ground: Ground) -> None:
    client, _token = issue(unit=unit, source="data", scopes=["data"])
    access = Access(Mode.UNITS, units=("pinghu",))
    assert standing(ApiClient.objects.get(pk=client.pk), EVENTS, access, ()).ground == ground


def test_the_unit_is_there() -> None:
    assert OrgUnit.objects.filter(pk__in=(INSIDE, ELSEWHERE, LAMP_UNIT, "buji")).count() == 4
