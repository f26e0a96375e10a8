"""Decisions over the API: every item explained, drafts tried, and what was decided about a case."""

from collections.abc import Callable

import pytest

from dispatch.models import ResponsibilityList
from incidents import actions
from incidents.models import Incident
from tests.cast import LAMP_CATEGORY, LAMP_UNIT, TUESDAY, Person, file_report
from tests.dispatch.versions import adopted, change, new_draft
from tests.incidents.api.conftest import Caller, lamp, nothing_written, problems

Staff = Callable[[Person], Caller]


def test_explains_every_item_where_it_is_asked(hotline_api: Caller) -> None:
    told = hotline_api.post("decisions/", lamp(explain=True)).json()
    (category,) = told["explanation"]
    items = ResponsibilityList.objects.get().items.filter(category=LAMP_CATEGORY)
    assert {row["item"] for row in category["items"]} == set(items.values_list("code", flat=True))
    first, *others = category["items"]
    assert (first["item"], first["standing"]) == (told["item"], "won")
    for row in others:
        assert row["failed"] or row["lost"]
        assert all(reason["text"] for reason in (*row["held"], *row["failed"], *row["lost"]))
    assert nothing_written()


def test_explains_nothing_where_it_is_not_asked(hotline_api: Caller) -> None:
    told = hotline_api.post("decisions/", lamp()).json()
    assert "explanation" not in told
    asked = hotline_api.post("decisions/", lamp(explain=True)).json()
    del asked["explanation"]
    assert asked == told


def test_a_steward_tries_a_draft(staff: Staff, steward: Person) -> None:
    draft = new_draft(steward)
    change(draft, steward, lead_unit="water-group")
    caller = staff(steward)
    told = caller.post("decisions/", lamp(list_version=draft.version)).json()
    assert (told["list_version"], told["unit"]) == (draft.version, "water-group")
    assert caller.post("decisions/", lamp()).json()["unit"] == LAMP_UNIT


def test_a_draft_is_there_for_stewards_only(
    staff: Staff, hotline_api: Caller, operator: Person, steward: Person
) -> None:
    draft = new_draft(steward)
    for caller in (hotline_api, staff(operator)):
        answer = caller.post("decisions/", lamp(list_version=draft.version))
        assert problems(answer, 400) == [("list_version", "unknown")]
    assert problems(staff(steward).post("decisions/", lamp(list_version=99)), 400) == [
        ("list_version", "unknown")
    ]


def test_the_live_version_may_be_named_by_anybody(hotline_api: Caller) -> None:
    live = ResponsibilityList.objects.get().version
    assert hotline_api.post("decisions/", lamp(list_version=live)).json()["list_version"] == live


def test_a_cases_decisions_are_told_as_they_were_made(
    staff: Staff, dispatcher: Person, desk_case: Incident, steward: Person, chief_steward: Person
) -> None:
    actions.dispatch(
        number=desk_case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=dispatcher.actor, at=TUESDAY
    )
    adopted(steward, chief_steward, matter_zh="别的名字")
    machine, person = staff(dispatcher).get(f"incidents/{desk_case.number}/decisions/").json()
    record = desk_case.decisions.order_by("pk").first()
    assert machine["is_automatic"]
    assert machine["outcome"] == "triage"
    assert [one["item"] for one in machine["candidates"]] == [
        one["item"] for one in record.detail["candidates"]
    ]
    assert all(reason["text"] for reason in machine["reasons"])
    assert (person["is_automatic"], person["by"]) == (False, str(dispatcher.user))
    assert (person["unit"], person["item_name"]) == (LAMP_UNIT, "市政道路单盏路灯不亮")


def test_a_token_reads_its_own_sources_decisions_without_names(
    hotline_api: Caller, city_app_api: Caller, dispatcher: Person, desk_case: Incident
) -> None:
    actions.dispatch(
        number=desk_case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=dispatcher.actor, at=TUESDAY
    )
    told = hotline_api.get(f"incidents/{desk_case.number}/decisions/").json()
    assert [one["by"] for one in told] == ["", ""]
    assert city_app_api.get(f"incidents/{desk_case.number}/decisions/").status_code == 404


@pytest.mark.django_db
def test_a_case_that_one_may_not_see_has_no_decisions(staff: Staff, other_handler: Person) -> None:
    case = file_report()
    assert staff(other_handler).get(f"incidents/{case.number}/decisions/").status_code == 404
