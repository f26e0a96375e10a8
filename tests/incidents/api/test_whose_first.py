"""Whose it is comes before what is said: who may not is refused, whatever they sent or left out."""

import pytest
from django.test import Client

from accounts.models import OrgUnit, User
from accounts.roles import Role
from incidents.models import Incident, Instruction, InstructionPart, Text
from tests.cast import LAMP_UNIT, TUESDAY, Person, person

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(who: Person, url: str, **told: str) -> int:
    if url.startswith("/api/"):
        return as_user(who.user).post(url, told, content_type="application/json").status_code
    return as_user(who.user).post(url, told).status_code


@pytest.mark.parametrize(
    "address", ["categories", "units", "areas", "incidents", "mediations", "instructions"]
)
def test_somebody_without_a_role_reads_nothing_of_the_district(address: str) -> None:
    answer = as_user(User.objects.create(username="was-here-once")).get(f"/api/v1/{address}/")
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "not_allowed"


@pytest.mark.parametrize("role", [Role.LEADER, Role.ADMIN, Role.STEWARD, Role.SECURITY, Role.AUDITOR])
@pytest.mark.parametrize("address", ["reports", "reports/batch", "attachments", "imports"])
def test_who_files_for_no_door_files_nothing(role: Role, address: str) -> None:
    who = person("somebody", role, "operations-centre")
    assert as_user(who.user).post(f"/api/v1/{address}/").status_code == 403


def test_a_patrol_reads_nothing_of_why_a_case_went_where_it_did(lamp_case: Incident) -> None:
    client = as_user(person("patrol", Role.PATROL, LAMP_UNIT).user)
    assert client.get(f"/api/v1/incidents/{lamp_case.number}/").status_code == 200
    assert client.get(f"/api/v1/incidents/{lamp_case.number}/decisions/").status_code == 403
    assert client.get(f"/api/v1/incidents/{lamp_case.number}/mediations/").status_code == 403


@pytest.mark.parametrize("step", ["note", "supervise", "close"])
def test_a_page_asks_whose_it_is_before_it_looks_at_a_form(
    lamp_case: Incident, leader: Person, step: str
) -> None:
    assert post(leader, f"/cases/{lamp_case.number}/{step}/") == 403


@pytest.fixture
def instruction(leader: Person) -> Instruction:
    given = Instruction.objects.create(
        number="P-20260707-01",
        office=OrgUnit.objects.get(pk="district"),
        given_by=leader.user,
        recorded_by=leader.user,
        words=Text.objects.create(body="查一查", created_at=TUESDAY),
        given_at=TUESDAY,
    )
    InstructionPart.objects.create(instruction=given, unit_id=LAMP_UNIT, due_at=TUESDAY)
    return given


@pytest.mark.parametrize("deed", ["judge", "withdraw"])
def test_the_unit_that_was_instructed_answers_no_report(instruction: Instruction, deed: str) -> None:
    head = person("lamps-head", Role.LEADER, LAMP_UNIT)
    stranger = person("water-head", Role.LEADER, "water-group")
    for start in ("", "/api/v1"):
        url = f"{start}/instructions/{instruction.number}/{deed}/"
        assert post(head, url) == 403
        assert post(stranger, url) == 404


def test_instructions_are_given_by_who_may(
    instruction: Instruction, handler: Person, operator: Person
) -> None:
    assert post(handler, "/api/v1/instructions/") == 403
    assert as_user(operator.user).get("/api/v1/instructions/").status_code == 403
    assert post(operator, f"/api/v1/instructions/{instruction.number}/report/") == 404


def test_a_unit_s_steward_says_nothing_of_the_district_s_sources(
    lamps_steward: Person, steward: Person
) -> None:
    assert as_user(lamps_steward.user).get("/sources/").status_code == 403
    assert post(lamps_steward, "/sources/hotline/name/", name="路灯", category="0204") == 403
    assert post(lamps_steward, "/sources/hotline/sheet/") == 403
    assert post(steward, "/sources/hotline/name/", name="路灯", category="0204") == 302


def test_a_street_s_desk_is_shown_no_form_for_what_is_the_district_s(
    lamp_case: Incident, dispatcher: Person
) -> None:
    street = person("street-desk", Role.DISPATCHER, "longgang/operations")
    assert as_user(street.user).get(f"/desk/{lamp_case.number}/split/").status_code == 403
    assert as_user(dispatcher.user).get(f"/desk/{lamp_case.number}/split/").status_code == 200


def test_who_sees_a_case_without_answering_for_its_street_releases_nothing(lamp_case: Incident) -> None:
    inside = person("desk-in-unit", Role.OPERATOR, LAMP_UNIT)
    assert post(inside, f"/release/{lamp_case.number}/", act="withhold") == 403


def test_the_list_is_for_the_staff() -> None:
    assert as_user(User.objects.create(username="was-here-once")).get("/lists/").status_code == 403
