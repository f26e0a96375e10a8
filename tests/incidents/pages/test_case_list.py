"""The list of cases: what narrows it, what is typed into its box, and the views that people keep."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from config.simulation.views import prepare_views
from dispatch.vocabulary import Level
from incidents import actions
from incidents.intake import Reporter
from incidents.models import Incident, SavedView
from incidents.pages import case_list, case_search
from incidents.searching import rows, saved
from tests.browsers import As
from tests.cast import NOWHERE, TUESDAY, Person, file_report

pytestmark = pytest.mark.django_db

PHONE = "138 1234 2207"


@pytest.fixture(autouse=True)
def no_look_ups_before() -> None:
    case_search.LOOK_UPS.forget()


@pytest.fixture
def park_case(db: None) -> Incident:
    """Somebody else's tree, by another door, a week before."""
    return file_report(
        at=TUESDAY - timedelta(days=7),
        source="city_app",
        category=None,
        text="公园里一棵大树倒了。昨晚刮风,压在路灯旁边的长椅上",
        place=NOWHERE,
        address="",
        reporter=Reporter(name="李女士", phone="13900001111"),
    )


def fill() -> None:
    while rows.fill():
        pass


def found(client: Client, **query: Any) -> set[str]:
    page = client.get(reverse("cases"), query)
    assert page.status_code == 200
    return {row["case"].number for row in page.context["rows"]}


def search(client: Client, typed: str, filters: str = "") -> str:
    """Where typing this leads."""
    answer = client.post(reverse("search"), {"q": typed, "filters": filters})
    assert answer.status_code == 302
    return str(answer.url)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# --- filters ----------------------------------------------------------------------------------------


def test_every_filter_narrows_by_what_it_says(
    browse: As, supervisor: Person, lamp_case: Incident, park_case: Incident, dispatcher: Person
) -> None:
    client = browse(supervisor)
    both, lamp, park = {lamp_case.number, park_case.number}, {lamp_case.number}, {park_case.number}
    assert found(client) == both
    assert found(client, domain="02") == lamp
    assert found(client, community=lamp_case.community_code) == lamp
    assert found(client, source="city_app") == park
    Incident.objects.filter(pk=lamp_case.pk).update(level=Level.STREET)
    Incident.objects.filter(pk=park_case.pk).update(level=Level.DISTRICT)
    assert found(client, level="C") == lamp
    assert found(client, received_from="2026-07-07") == lamp
    assert found(client, received_to="2026-07-06") == park
    assert found(client, received_from="2026-06-30", received_to="2026-07-07") == both
    assert found(client, tag="several") == set()
    actions.merge(number=park_case.number, into=lamp_case.number, actor=dispatcher.actor, at=TUESDAY)
    assert found(client, tag="several") == lamp
    assert found(client, tag=["several", "returned"]) == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("unit", "no-such-unit"),
        ("category", "9999"),
        ("tag", "nonsense"),
        ("received_from", "soon"),
        ("received_to", "9999-12-31"),
        ("level", "Z"),
        ("q", "x" * 200),
    ],
)
def test_a_filter_that_cannot_be_read_finds_nothing_and_says_so(
    browse: As, supervisor: Person, lamp_case: Incident, name: str, value: str
) -> None:
    page = browse(supervisor).get(reverse("cases"), {name: value})
    assert page.context["rows"] == []
    assert page.context["search"]["unread"]


def test_facets_count_what_is_found_and_narrow_it(
    browse: As, supervisor: Person, lamp_case: Incident, park_case: Incident
) -> None:
    client = browse(supervisor)
    facets = {facet["label"]: facet for facet in client.get(reverse("cases")).context["facets"]}
    sources = [facet for facet in facets.values() if any("source=" in one["url"] for one in facet["values"])]
    assert len(sources) == 1
    for value in sources[0]["values"]:
        assert value["count"] == len(client.get(reverse("cases") + value["url"]).context["rows"]) == 1


def test_what_is_too_many_to_count_has_no_facets(
    browse: As, supervisor: Person, lamp_case: Incident, park_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.queries.COUNT_MAX", 1)
    context = browse(supervisor).get(reverse("cases")).context
    assert context["count"] == 2 > context["count_max"]
    assert context["facets"] == []


def test_the_list_costs_the_same_however_much_it_finds(
    browse: As, supervisor: Person, lamp_case: Incident, django_assert_num_queries: Any
) -> None:
    def widen(count: int) -> None:
        for serial in range(count):
            words = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙"[serial]
            file_report(
                external_id=f"list-{count}-{serial}",
                category=None,
                place=NOWHERE,
                text=f"{words * 20}路灯坏了",
            )
        fill()

    client = browse(supervisor)
    client.get(reverse("cases"))
    widen(2)
    for size in (3, 30):
        for query, queries in (({}, 21), ({"q": "路灯"}, 28)):
            with django_assert_num_queries(queries):
                page = client.get(reverse("cases"), query)
            assert len(page.context["rows"]) == size, query
        if size == 3:
            widen(27)


# --- the search box ---------------------------------------------------------------------------------


def test_words_lead_to_the_list_and_show_where_they_stand(
    browse: As, supervisor: Person, lamp_case: Incident, park_case: Incident
) -> None:
    fill()
    client = browse(supervisor)
    url = search(client, " 路灯 长椅 ", filters="source=city_app&after=1_1")
    page = client.get(url)
    (row,) = page.context["rows"]
    assert row["case"] == park_case
    assert "after" not in url
    assert [text for text, is_hit in row["excerpt"].pieces if is_hit] == ["路灯", "长椅"]
    assert "<mark>长椅</mark>" in page.content.decode()
    # A new search keeps the filters and drops the words.
    assert "source=city_app" in search(client, "大树", filters=page.context["search"]["filters"])


def test_a_whole_number_leads_to_its_case_if_one_may_see_it(
    browse: As, supervisor: Person, other_handler: Person, lamp_case: Incident
) -> None:
    case_url = reverse("case", args=[lamp_case.number])
    assert search(browse(supervisor), lamp_case.number.replace("-", "")) == case_url
    hidden = browse(other_handler)
    assert search(hidden, lamp_case.number) != case_url
    assert found(hidden, q=lamp_case.number) == set()


def test_a_telephone_number_is_in_no_address_and_no_page(
    browse: As, supervisor: Person, lamp_case: Incident, park_case: Incident
) -> None:
    client = browse(supervisor)
    url = search(client, PHONE)
    page = client.get(url)
    assert {row["case"].number for row in page.context["rows"]} == {lamp_case.number}
    assert page.context["search"]["caller"] == "138****2207"
    for said in (url, page.content.decode(), str(dict(client.session))):
        assert "2207" not in said.replace("138****2207", "")
        assert not re.search("1381234", said)
    # Together with filters, and never kept in a view.
    assert found(client, caller=url.partition("caller=")[2], status="closed") == set()
    assert "caller" not in page.context["view_query"]


def test_a_look_up_is_one_persons_and_one_sessions(
    browse: As, supervisor: Person, operator: Person, lamp_case: Incident
) -> None:
    url = search(browse(supervisor), PHONE)
    page = browse(operator).get(url)
    assert page.context["rows"] == []
    assert page.context["search"]["caller_is_gone"]


def test_who_is_shown_no_reporter_looks_up_no_number(
    browse: As, leader: Person, steward: Person, lamp_case: Incident
) -> None:
    for one in (leader, steward):
        client = browse(one)
        answer = client.post(reverse("search"), {"q": PHONE})
        assert answer.url == reverse("cases")
        assert told(answer)
        assert "callers" not in client.session


def test_numbers_are_not_tried_one_after_the_other(browse: As, operator: Person) -> None:
    client = browse(operator)
    leads = [search(client, f"1380000{serial:04d}") for serial in range(case_search.LOOK_UPS.limit + 1)]
    assert all("caller=" in url for url in leads[:-1])
    assert leads[-1] == reverse("cases")
    assert len(client.session["callers"]) <= 20


@pytest.mark.parametrize("typed", ["440307199001011234", "张三 13812342207", "13812342207 路灯"])
def test_no_number_of_anybody_gets_into_an_address(browse: As, operator: Person, typed: str) -> None:
    client = browse(operator)
    answer = client.post(reverse("search"), {"q": typed})
    assert answer.url == reverse("cases")
    assert told(answer)
    # Whoever types it into the address by hand finds nothing, and is told why.
    assert client.get(reverse("cases"), {"q": typed}).context["search"]["kind"] == "personal"


@pytest.mark.parametrize("typed", ["", "灯", "\x00", "%", "_", "'; drop", "😀😀", "a" * 500, "1/0"])
def test_whatever_is_typed_is_answered(browse: As, operator: Person, lamp_case: Incident, typed: str) -> None:
    client = browse(operator)
    assert client.get(search(client, typed)).status_code == 200


def test_the_list_says_when_search_is_behind(
    browse: As, operator: Person, lamp_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_list, "BEHIND", 0)
    client = browse(operator)
    assert client.get(reverse("cases"), {"q": "路灯"}).context["search"]["is_behind"]
    fill()
    assert not client.get(reverse("cases"), {"q": "路灯"}).context["search"]["is_behind"]


# --- saved views ------------------------------------------------------------------------------------


def keep(client: Client, name: str, query: str = "status=open", **more: str) -> Any:
    return client.post(reverse("view-save"), {"page": "cases", "name": name, "query": query, **more})


def tabs(client: Client, query: str = "") -> dict[str, str]:
    page = client.get(reverse("cases") + query)
    return {view["label"]: view["url"] for view in page.context["saved_views"]}


def test_a_view_is_an_address_that_is_kept_for_oneself(
    browse: As, operator: Person, dispatcher: Person, lamp_case: Incident
) -> None:
    client = browse(operator)
    keep(client, " 热线  未结 ", "source=hotline&status=open&after=1_1&caller=abc&csrf=")
    assert tabs(client) == {"热线 未结": reverse("cases") + "?source=hotline&status=open"}
    page = client.get(tabs(client)["热线 未结"])
    assert [view["active"] for view in page.context["saved_views"]] == [True]
    assert {row["case"].number for row in page.context["rows"]} == {lamp_case.number}
    assert tabs(browse(dispatcher)) == {}
    # The same name again changes it.
    keep(client, "热线 未结", "source=hotline")
    assert SavedView.objects.get().query == "source=hotline"


def test_a_shared_view_is_seen_by_the_unit_with_each_ones_own_eyes(
    browse: As,
    operator: Person,
    supervisor: Person,
    handler: Person,
    street_supervisor: Person,
    lamp_case: Incident,
) -> None:
    keep(browse(operator), "大家的", unit="operations-centre")
    assert "大家的" in tabs(browse(supervisor))
    assert tabs(browse(handler)) == tabs(browse(street_supervisor)) == {}
    # Only with a unit of one's own.
    answer = keep(browse(handler), "外单位", unit="operations-centre")
    assert told(answer)
    assert not SavedView.objects.filter(name="外单位").exists()


def test_a_view_is_removed_by_its_owner_or_a_head_above_it(
    browse: As, operator: Person, dispatcher: Person, supervisor: Person
) -> None:
    keep(browse(operator), "甲", unit="operations-centre")
    keep(browse(operator), "乙")
    shared, own = SavedView.objects.get(name="甲"), SavedView.objects.get(name="乙")
    browse(dispatcher).post(reverse("view-remove", args=[shared.pk]))
    browse(supervisor).post(reverse("view-remove", args=[own.pk]))
    assert SavedView.objects.count() == 2
    browse(supervisor).post(reverse("view-remove", args=[shared.pk]))
    browse(operator).post(reverse("view-remove", args=[own.pk]))
    browse(operator).post(reverse("view-remove", args=[own.pk]))  # a second click
    assert SavedView.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "status=open"),
        ("x" * 25, "status=open"),
        ("全部", ""),
        ("电话", "q=13812342207"),
        ("长", "q=" + "x" * 700),
    ],
)
def test_what_cannot_be_kept_is_said(browse: As, operator: Person, name: str, query: str) -> None:
    answer = keep(browse(operator), name, query)
    assert told(answer)
    assert not SavedView.objects.exists()


def test_nobody_keeps_views_without_end(
    browse: As, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "MOST", 2)
    client = browse(operator)
    for name in "甲乙丙":
        keep(client, name)
    assert set(tabs(client)) == {"甲", "乙"}
    keep(client, "乙", "status=closed")  # one that is there can still be changed
    assert SavedView.objects.get(name="乙").query == "status=closed"


def test_a_unit_shares_no_views_without_end(
    browse: As, operator: Person, dispatcher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "MOST_OF_UNIT", 2)
    keep(browse(operator), "甲", unit="operations-centre")
    keep(browse(dispatcher), "乙", unit="operations-centre")
    client = browse(operator)
    assert " 2 " in told(keep(client, "丙", unit="operations-centre"))
    assert set(tabs(client)) == {"甲", "乙"}
    keep(client, "丙")  # for oneself
    keep(client, "甲", "status=closed", unit="operations-centre")  # one that is there can still be changed
    assert SavedView.objects.get(name="甲").query == "status=closed"
    # Nor does it get there by being kept for oneself first.
    keep(client, "丙", "status=closed", unit="operations-centre")
    mine = SavedView.objects.get(name="丙")
    assert (mine.unit, mine.query) == (None, "status=open")


def test_a_view_outlives_the_unit_that_it_asks_for(browse: As, operator: Person) -> None:
    client = browse(operator)
    keep(client, "旧单位", "unit=a-unit-that-went")
    page = client.get(tabs(client)["旧单位"])
    assert page.context["rows"] == []
    assert page.context["search"]["unread"]


def test_the_demos_views_all_narrow_by_what_exists(browse: As, operator: Person, supervisor: Person) -> None:
    prepare_views(at=TUESDAY)
    prepare_views(at=TUESDAY)  # a second start keeps none twice
    kept = SavedView.objects.all()
    assert kept
    for view in kept:
        page = browse(supervisor).get(f"{reverse('cases')}?{view.query}")
        assert page.context["search"]["unread"] == "", view


def test_a_view_can_be_a_tab_of_the_desk(
    browse: As, operator: Person, dispatcher: Person, handler: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    keep(client, "只看紧急", "urgency=emergency", page="desk")
    answer = keep(client, "来源", f"source={desk_case.source}", page="desk")
    tab = answer["Location"]
    page = client.get(tab)
    assert [row["case"] for row in page.context["rows"]] == [desk_case]
    assert [one["label"] for one in page.context["tabs"] if one.get("view")] == ["只看紧急", "来源"]
    urgent = SavedView.objects.get(name="只看紧急")
    assert client.get(f"{reverse('desk')}?tab=view-{urgent.pk}").context["rows"] == []
    # Somebody else's view is nobody's tab; it leads to the whole desk.
    whole = browse(dispatcher).get(tab)
    assert (whole.context["tab"], whole.context["rows"][0]["case"]) == ("", desk_case)
    # Words are for the list.
    assert told(keep(client, "字", "q=路灯", page="desk"))
    assert SavedView.objects.count() == 2
    # It is let go of where it was made, and somebody without a desk is not asked about one.
    assert tabs(client)["来源"] == tab
    assert not browse(handler).get(reverse("cases")).context["view_has_desk"]
