"""Who gets in, who sees which case, and who may do what to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, override_settings

from accounts.models import ApiClient, Scope
from incidents.api.throttles import PerMinute
from incidents.models import Incident
from tests.cast import Person, file_report
from tests.incidents.api.conftest import API, Caller, lamp, problems

Staff = Callable[[Person], Caller]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["incidents/", "categories/", "reports/1/", "incidents/x/timeline/"])
def test_nobody_gets_in_without_a_token_or_a_sign_in(path: str) -> None:
    answer = Caller().get(path)
    assert problems(answer, 401) == [("", "not_authenticated")]
    assert answer["WWW-Authenticate"] == 'Bearer realm="yiwang"'


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "bearer x y", "Bearer \xff"])
def test_a_token_that_is_not_known(header: str) -> None:
    answer = Client().get(API + "categories/", headers={"Authorization": header})
    assert problems(answer, 401) == [("", "authentication_failed")]


def test_a_token_that_was_withdrawn(hotline: tuple[ApiClient, str]) -> None:
    ApiClient.objects.update(is_active=False)
    assert Caller(token=hotline[1]).get("categories/").status_code == 401


def test_a_token_expires_by_the_real_clock(hotline: tuple[ApiClient, str]) -> None:
    ApiClient.objects.update(expires_at=datetime.now(UTC) + timedelta(seconds=1))
    assert Caller(token=hotline[1]).get("categories/").status_code == 200
    ApiClient.objects.update(expires_at=datetime.now(UTC))
    assert problems(Caller(token=hotline[1]).get("categories/"), 401) == [("", "token_expired")]


def test_a_token_does_what_its_scopes_say(db: None) -> None:
    files = ApiClient.objects.issue(name="Files", source="sensor", scopes=[Scope.REPORT])[1]
    reads = ApiClient.objects.issue(name="Reads", source="sensor", scopes=[Scope.READ])[1]
    assert problems(Caller(token=files).get("incidents/"), 403) == [("", "missing_scope")]
    assert problems(Caller(token=reads).post("reports/", lamp(source="sensor")), 403) == [
        ("", "missing_scope")
    ]
    assert Caller(token=reads).get("incidents/").status_code == 200
    assert Caller(token=files).post("reports/", lamp(source="sensor")).status_code == 201


def test_a_session_without_its_csrf_token_is_refused(operator: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post(API + "reports/", lamp(), content_type="application/json")
    assert problems(answer, 403) == [("", "permission_denied")]


def test_a_source_sees_what_became_of_its_own_reports_only(hotline_api: Caller, city_app_api: Caller) -> None:
    told = hotline_api.post("reports/", lamp()).json()
    number = told["incident"]["number"]
    assert hotline_api.get(f"incidents/{number}/").status_code == 200
    assert hotline_api.get(f"reports/{told['report']}/").status_code == 200
    assert len(hotline_api.get("incidents/").json()["results"]) == 1
    for path in (f"incidents/{number}/", f"incidents/{number}/timeline/", f"reports/{told['report']}/"):
        assert problems(city_app_api.get(path), 404) == [("", "not_found")]
    assert city_app_api.get("incidents/").json()["results"] == []


def test_a_source_that_joined_a_case_does_not_read_the_others(
    hotline_api: Caller, city_app_api: Caller
) -> None:
    hotline_api.post("reports/", lamp())
    joined = city_app_api.post("reports/", lamp("A-1", source="city_app", reporter=None)).json()
    case = city_app_api.get(f"incidents/{joined['incident']['number']}/").json()
    assert case["report_count"] == 2
    assert case["text"] == ""
    assert [report["source"] for report in case["reports"]] == ["city_app"]


def test_a_token_does_nothing_to_cases(hotline_api: Caller) -> None:
    number = hotline_api.post("reports/", lamp()).json()["incident"]["number"]
    assert problems(hotline_api.post(f"incidents/{number}/accept/"), 403) == [("", "people_only")]
    assert hotline_api.get(f"incidents/{number}/").json()["actions"] == []


def test_a_handler_of_another_unit_sees_nothing_and_does_nothing(
    staff: Staff, lamp_case: Incident, other_handler: Person
) -> None:
    caller = staff(other_handler)
    for path in (f"incidents/{lamp_case.number}/", f"incidents/{lamp_case.number}/timeline/"):
        assert problems(caller.get(path), 404) == [("", "not_found")]
    for action in ("accept", "resolve", "note", "unmask", "add-photo"):
        assert problems(caller.post(f"incidents/{lamp_case.number}/{action}/"), 404) == [("", "not_found")]
    assert caller.get("incidents/").json()["results"] == []


def test_who_sees_a_case_may_not_do_everything_to_it(
    staff: Staff, lamp_case: Incident, operator: Person, leader: Person
) -> None:
    assert problems(staff(operator).post(f"incidents/{lamp_case.number}/accept/"), 403) == [
        ("", "not_allowed")
    ]
    assert staff(leader).get(f"incidents/{lamp_case.number}/").status_code == 200
    assert problems(staff(leader).post(f"incidents/{lamp_case.number}/note/", {"text": "快"}), 403) == [
        ("", "not_allowed")
    ]


def test_an_admin_sees_no_case(staff: Staff, lamp_case: Incident, admin: Person) -> None:
    assert staff(admin).get(f"incidents/{lamp_case.number}/").status_code == 404


def test_a_street_sees_its_own_cases(staff: Staff, street_supervisor: Person, lamp_case: Incident) -> None:
    assert staff(street_supervisor).get("incidents/").json()["results"] == []


def test_nobody_is_named_anywhere_but_by_unmasking(
    staff: Staff, hotline_api: Caller, dispatcher: Person
) -> None:
    told = hotline_api.post("reports/", lamp()).json()
    number = told["incident"]["number"]
    caller = staff(dispatcher)
    for answer in (
        hotline_api.get(f"reports/{told['report']}/"),
        hotline_api.get(f"incidents/{number}/"),
        hotline_api.get(f"incidents/{number}/timeline/"),
        caller.get(f"reports/{told['report']}/"),
        caller.get(f"incidents/{number}/"),
        caller.get(f"incidents/{number}/timeline/"),
        caller.get("incidents/"),
    ):
        assert answer.status_code == 200
        assert "王小明" not in answer.content.decode()
        assert "13812342207" not in answer.content.decode()
    seen = caller.post(f"incidents/{number}/unmask/", {"report": told["report"]})
    assert seen.json() == {"name": "王小明", "phone": "13812342207", "address": "", "email": ""}
    kinds = [line["kind"] for line in caller.get(f"incidents/{number}/timeline/").json()]
    assert kinds[-1] == "unmasked"


def test_a_source_that_runs_wild_is_told_when_to_come_back(
    hotline_api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerMinute, "_counts", {})
    monkeypatch.setattr(PerMinute, "clock", staticmethod(lambda: 90.0))
    with override_settings(API_REQUESTS_PER_MINUTE=2):
        assert [hotline_api.get("categories/").status_code for _turn in range(2)] == [200, 200]
        answer = hotline_api.get("categories/")
        assert problems(answer, 429) == [("", "throttled")]
        assert answer["Retry-After"] == "30"
        monkeypatch.setattr(PerMinute, "clock", staticmethod(lambda: 121.0))
        assert hotline_api.get("categories/").status_code == 200


def test_case_numbers_of_others_are_not_told_from_numbers_that_do_not_exist(
    staff: Staff, other_handler: Person, db: None
) -> None:
    case = file_report()
    caller = staff(other_handler)
    assert caller.get(f"incidents/{case.number}/").json() == caller.get("incidents/20200101-000001/").json()


def test_the_code_that_rates_a_handling_is_not_told_to_handlers(
    staff: Staff, hotline_api: Caller, handler: Person, operator: Person
) -> None:
    report = hotline_api.post("reports/", lamp()).json()["report"]
    assert hotline_api.get(f"reports/{report}/").json()["tracking_code"]
    assert staff(handler).get(f"reports/{report}/").json()["tracking_code"] == ""
    assert staff(operator).get(f"reports/{report}/").json()["tracking_code"] == ""
    own = staff(operator).post("reports/", lamp("D-1")).json()["report"]
    assert staff(operator).get(f"reports/{own}/").json()["tracking_code"]


def test_a_unit_never_learns_who_tipped_it_off(
    staff: Staff, hotline_api: Caller, handler: Person, dispatcher: Person
) -> None:
    told = hotline_api.post("reports/", lamp(nature="tip_off")).json()
    path = f"incidents/{told['incident']['number']}/"
    assert "unmask" not in staff(handler).get(path).json()["actions"]
    refused = staff(handler).post(path + "unmask/", {"report": told["report"]})
    assert problems(refused, 403) == [("", "not_allowed")]
    assert staff(dispatcher).post(path + "unmask/", {"report": told["report"]}).status_code == 200
