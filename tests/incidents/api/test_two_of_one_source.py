"""Two systems of one source, two suppliers or two hotlines: each has what it filed itself, and no more."""

import pytest

from accounts.models import ApiClient
from incidents.models import Incident, ReportUpdate
from tests.cast import file_report, reload
from tests.incidents.api.conftest import Caller, lamp, problems
from tests.incidents.sources.payloads import notice, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_hotline() -> Caller:
    return Caller(token=ApiClient.objects.issue(name="Another hotline", source="hotline")[1])


def test_what_one_filed_is_not_there_for_the_other(hotline_api: Caller, other_hotline: Caller) -> None:
    told = hotline_api.post("reports/", lamp()).json()
    report, case = f"reports/{told['report']}/", f"incidents/{told['incident']['number']}/"
    for path in (report, case, case + "timeline/", case + "decisions/"):
        assert hotline_api.get(path).status_code == 200
        assert problems(other_hotline.get(path), 404) == [("", "not_found")]
    for path, mine in (("incidents/", 1), ("feeds/reports/", 2), ("feeds/city-12345/", 2)):
        assert len(hotline_api.get(path).json()["results"]) == mine
        assert other_hotline.get(path).json()["results"] == []


def test_nobody_speaks_about_the_report_of_another_system(hotline_api: Caller, other_hotline: Caller) -> None:
    filed = hotline_api.post("sources/city-12345/orders/", order()).json()
    case = Incident.objects.get()
    for kind in ("withdraw", "chase", "accept"):
        answer = other_hotline.post(
            f"reports/{filed['report']}/updates/", {"external_id": kind, "kind": kind}
        )
        assert problems(answer, 404) == [("", "not_found")]
    assert problems(other_hotline.post("sources/city-12345/notices/", notice("撤单")), 404)
    assert not ReportUpdate.objects.exclude(external_id__startswith="order:").exists()
    assert reload(case).is_open
    assert hotline_api.post("sources/city-12345/notices/", notice("撤单")).status_code == 201
    assert not reload(case).is_open


def test_no_supplier_takes_back_what_another_ones_device_said() -> None:
    first, second = (
        Caller(token=ApiClient.objects.issue(name=name, source="sensor")[1]) for name in ("One", "Two")
    )
    filed = first.post("reports/", lamp(source="sensor", reporter=None)).json()
    withdrawal = {"external_id": "x", "kind": "withdraw"}
    assert problems(second.post(f"reports/{filed['report']}/updates/", withdrawal), 404)
    assert Incident.objects.get().is_open
    assert first.post(f"reports/{filed['report']}/updates/", withdrawal).status_code == 201
    assert not Incident.objects.get().is_open


def test_a_number_that_another_system_has_used_is_refused_though_all_of_it_is_the_same(
    hotline_api: Caller, other_hotline: Caller
) -> None:
    assert hotline_api.post("reports/", lamp()).status_code == 201
    assert hotline_api.post("reports/", lamp()).status_code == 200
    assert problems(other_hotline.post("reports/", lamp()), 409) == [("external_id", "conflict")]
    assert problems(other_hotline.post("reports/", lamp(text="别的事")), 409) == [("external_id", "conflict")]
    # Nor is an order's clock set through it.
    hotline_api.post("sources/city-12345/orders/", order(orderNo="W-1", deadline=None, chaseCount=0))
    answer = other_hotline.post(
        "sources/city-12345/orders/", order(orderNo="W-1", deadline=None, chaseCount=3)
    )
    assert answer.status_code == 409
    assert Incident.objects.filter(chased_count__gt=0).count() == 0


def test_in_a_case_that_they_share_each_reads_its_own_words(
    hotline_api: Caller, other_hotline: Caller
) -> None:
    first = hotline_api.post("reports/", lamp()).json()
    joined = other_hotline.post("reports/", lamp("B-1", text="植物园路的路灯不亮，晚上很黑")).json()
    assert joined["incident"]["number"] == first["incident"]["number"]
    path = f"incidents/{first['incident']['number']}/"
    ours, theirs = hotline_api.get(path).json(), other_hotline.get(path).json()
    assert [one["external_id"] for one in ours["reports"]] == ["H-1"]
    assert [one["external_id"] for one in theirs["reports"]] == ["B-1"]
    assert ours["text"]
    assert theirs["text"] == ""
    assert other_hotline.get("incidents/").json()["results"][0]["text"] == ""
    assert len(other_hotline.get(path + "decisions/").json()) <= len(
        hotline_api.get(path + "decisions/").json()
    )


def test_what_people_entered_under_a_source_is_there_for_all_of_its_systems(
    hotline_api: Caller, other_hotline: Caller
) -> None:
    case = file_report()  # an order typed in by hand while the line was down
    assert case.links.get().report.client is None
    for caller in (hotline_api, other_hotline):
        assert caller.get(f"incidents/{case.number}/").json()["text"]
