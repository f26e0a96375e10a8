"""Who reads which briefs on pages and by the API, who writes in them, and how few queries it takes."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from config.simulation.briefs import issue_briefs
from dashboards.briefs import acting, sweeping
from dashboards.models import Brief, BriefEdition, BriefEntry, BriefSubscription
from incidents.actor import SYSTEM
from tests.cast import Person, person
from tests.dashboards.briefs.weeks import EIGHT, LAMPS, WATER, WEEK, two_weeks, work
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    """An hour after the week's briefs were due."""
    with time_machine.travel(EIGHT + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def weeks() -> None:
    """This week's briefs are drafts; those of the week before are issued."""
    two_weeks()
    sweeping.begin_due(at=EIGHT)
    for brief in Brief.objects.filter(first=date(2026, 6, 22)):
        acting.issue(brief=brief.pk, actor=SYSTEM, at=EIGHT)


def brief(about: str = "district", code: str = "", *, draft: bool = True) -> Brief:
    first = WEEK[0] if draft else date(2026, 6, 22)
    return Brief.objects.get(kind="week", about=about, code=code, first=first)


def typed(form: Any) -> dict[str, Any]:
    """What a browser would send back of a form as it stands."""
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items()}


def listed(client: Client, query: str = "") -> set[tuple[str, str, str]]:
    page = client.get(f"/briefs/{query}")
    assert page.status_code == 200
    return {(row["brief"].about, row["brief"].code, row["brief"].status) for row in page.context["rows"]}


@pytest.mark.usefixtures("weeks")
def test_everybody_reads_their_own_and_drafts_are_for_who_writes(
    client: Client, supervisor: Person, leader: Person, street_supervisor: Person, handler: Person
) -> None:
    heads = {
        "buji": person("buji-head", Role.LEADER, "buji"),
        "water": person("water-head", Role.LEADER, "water-group"),
    }
    everything = {("district", ""), ("street", BUJI), ("street", "440307003000"), ("unit", "water-group")}
    everything |= {("unit", "urban-management")}
    seen = {
        supervisor: {(*one, state) for one in everything for state in ("draft", "issued")},
        leader: {(*one, "issued") for one in everything},
        street_supervisor: {("street", "440307003000", state) for state in ("draft", "issued")},
        heads["buji"]: {("street", BUJI, "issued")},
        heads["water"]: {("unit", "water-group", "issued")},
    }
    for somebody, rows in seen.items():
        sign_in(client, somebody)
        found = listed(client)
        # The week before's Buji had its first cases then; where nothing was, there is no brief.
        assert found == {
            row for row in rows if Brief.objects.filter(about=row[0], code=row[1], status=row[2])
        }
        api = client.get("/api/v1/briefs/").json()["results"]
        assert {(one["about"], one["code"], "issued") for one in api} == {
            row for row in found if row[2] == "issued"
        }
        for one in Brief.objects.all():
            may = (one.about, one.code, one.status) in rows
            assert client.get(f"/briefs/{one.pk}/").status_code == (200 if may else 404)
            for file in ("brief.pdf", "brief.xlsx") if one.about == "street" else ():
                assert client.get(f"/briefs/{one.pk}/{file}").status_code == (200 if may else 404)
    assert sign_in(client, handler).get("/briefs/").status_code == 403
    assert client.get("/api/v1/briefs/").status_code == 403
    client.logout()
    assert client.get("/briefs/").status_code == 302


@pytest.mark.usefixtures("weeks")
def test_the_archive_is_filtered_paged_and_says_what_it_did_not_understand(
    client: Client, supervisor: Person
) -> None:
    sign_in(client, supervisor)
    assert listed(client, f"?about=street&code={BUJI}&status=draft") == {("street", BUJI, "draft")}
    assert listed(client, "?kind=month") == set()
    assert b'class="empty"' in client.get("/briefs/?kind=month").content
    assert {row[2] for row in listed(client, "?to=2026-06-28")} == {"issued"}
    assert {row[2] for row in listed(client, "?from=2026-06-29")} == {"draft"}
    strange = client.get("/briefs/?kind=year&from=x&code=../etc")
    assert len(strange.context["filters"].strange) == 3
    assert len(strange.context["rows"]) == Brief.objects.count()
    assert client.get("/briefs/?page=999").status_code == 200
    assert client.get("/briefs/99999999999999999999/").status_code == 404
    Brief.objects.filter(status="draft").delete()


@pytest.mark.usefixtures("weeks")
def test_write_issue_correct_and_subscribe_on_pages(
    client: Client, supervisor: Person, leader: Person, street_supervisor: Person
) -> None:
    held, last = brief(), brief(draft=False)
    here = f"/briefs/{held.pk}/"
    for nobody in (leader, street_supervisor):
        sign_in(client, nobody)
        assert client.get(f"{here}write/").status_code in (403, 404)
        assert client.post(f"{here}issue/").status_code in (403, 404)
        assert client.post(f"/briefs/{last.pk}/revise/", {"words": "改", "seen": 1}).status_code in (403, 404)
    sign_in(client, supervisor)
    page = client.get(f"{here}write/")
    form = page.context["form"]
    data = typed(form)
    # What the rules propose and what last week's brief advised is filled in already.
    assert data["problem-0-measure"] == f"handle_mean:{BUJI}:0101"
    data |= {"problem-0-words": "布吉供水抢修慢", "decision": "是否同意?", "problem-0-due": "2026-07-20"}
    for number, _entry in enumerate(form.owed):
        data[f"followed-{number}-state"] = "done"
    assert client.post(f"{here}write/", {**data, "problem-0-unit": "no-such"}).status_code == 400
    assert client.post(f"{here}write/", {**data, "decision": "决" * 221}).status_code == 400
    assert client.post(f"{here}write/", data).status_code == 302
    again = client.post(f"{here}write/", data)  # the page of before: somebody has written since
    assert again.status_code == 409
    assert "布吉供水抢修慢" in again.content.decode()
    assert client.post(f"{here}issue/", {"seen": "0"}).status_code == 302
    assert Brief.objects.get(pk=held.pk).status == "draft"
    for _press in range(2):
        client.post(f"{here}issue/", {"seen": "1"})
    assert BriefEdition.objects.filter(brief=held).count() == 1
    shown = client.get(here).content.decode()
    assert "布吉供水抢修慢" in shown
    assert "list=late&amp;" in shown or "list=handled&amp;" in shown
    # A correction: nothing to correct, then words, then a page with both editions.
    client.post(f"{here}revise/", {"words": "无变化也更正", "seen": "1"})
    assert BriefEdition.objects.filter(brief=held).count() == 1
    form = client.get(f"{here}write/").context["form"]
    data = typed(form) | {"decision": "是否同意增派?"}
    assert client.post(f"{here}write/", data).status_code == 302
    assert "是否同意增派" in client.get(f"{here}?next=1").content.decode()
    assert "是否同意增派" not in client.get(here).content.decode()
    client.post(f"{here}revise/", {"words": "补充请示", "seen": "2"})
    assert "是否同意增派" in client.get(here).content.decode()
    assert "是否同意增派" not in client.get(f"{here}?edition=0").content.decode()
    assert client.get(f"{here}?edition=7").status_code == 404
    detail = client.get(f"/api/v1/briefs/{held.pk}/?edition=0").json()
    assert [one["number"] for one in detail["editions"]] == [0, 1]
    assert [one["words"] for one in detail["entries"] if one["kind"] == "decision"] == ["是否同意?"]
    for file, kind in (("pdf", "application/pdf"), ("xlsx", "application/vnd.openxml")):
        answer = client.get(f"/api/v1/briefs/{held.pk}/{file}/")
        assert answer.headers["Content-Type"].startswith(kind)
        assert "attachment" in answer.headers["Content-Disposition"]
    for wanted in ("0", "0", "1"):
        client.post(f"{here}subscribe/", {"wanted": wanted})
    assert BriefSubscription.objects.get(user=supervisor.user).wanted is True


@pytest.mark.usefixtures("weeks")
def test_a_page_takes_as_few_queries_with_three_briefs_as_with_thirty(
    client: Client, supervisor: Person, leader: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sign_in(client, supervisor)
    held = brief(draft=False)
    with django_assert_max_num_queries(17):
        client.get("/briefs/")
    like = [
        Brief(
            kind="week",
            about="district",
            name_zh="龙岗区",
            name_en="Longgang",
            first=WEEK[0] - timedelta(days=7 * number),
            last=WEEK[1] - timedelta(days=7 * number),
            number=100 + number,
            issue_at=EIGHT + timedelta(days=1),
            made_at=EIGHT,
        )
        for number in range(2, 32)
    ]
    Brief.objects.bulk_create(like)
    with django_assert_max_num_queries(17):
        assert len(client.get("/briefs/").context["rows"]) == 30
    # What is issued is read as it was kept: no board is asked.
    with django_assert_max_num_queries(21):
        client.get(f"/briefs/{held.pk}/")
    sign_in(client, leader)
    with django_assert_max_num_queries(12):
        client.get(f"/api/v1/briefs/{held.pk}/")


def test_the_demo_has_a_month_with_words_and_last_months_advice(supervisor: Person) -> None:
    at = EIGHT + timedelta(days=1)
    for first, last in (
        (date(2026, 4, 28), date(2026, 4, 30)),
        (date(2026, 5, 1), date(2026, 5, 31)),
        (date(2026, 6, 1), date(2026, 6, 30)),
    ):
        work(first, last, 40, **LAMPS)
        work(first, last, 40, days=6.0, late=16, **WATER)
    for _twice in range(2):
        issue_briefs(at=at)
    months = Brief.objects.filter(kind="month", about="district").order_by("first")
    assert [(one.first.month, one.status) for one in months] == [(5, "issued"), (6, "issued")]
    june = BriefEntry.objects.filter(edition__brief=months[1])
    assert set(june.values_list("kind", flat=True)) == {"problem", "followed", "decision", "outlook"}
    assert june.filter(kind="problem", due__isnull=False, advice__isnull=False).exists()
    # One of another street or department is left to the clock.
    assert Brief.objects.filter(status="draft", about="unit").exists()
