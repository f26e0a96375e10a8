"""Briefs by REST: the same people write, issue, correct and are sent them as on pages, by the same rules."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.roles import Role
from dashboards.briefs import acting, sweeping
from dashboards.models import Brief, BriefEdition, BriefSubscription
from incidents.actor import SYSTEM
from tests.cast import Person, person
from tests.dashboards.briefs.weeks import EIGHT, WEEK, two_weeks
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(EIGHT + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def weeks() -> None:
    """This week's briefs are drafts; those of the week before are issued."""
    two_weeks()
    sweeping.begin_due(at=EIGHT)
    for brief in Brief.objects.exclude(first=WEEK[0]):
        acting.issue(brief=brief.pk, actor=SYSTEM, at=EIGHT)


@pytest.fixture
def held(weeks: None) -> Brief:
    """The district's draft."""
    return Brief.objects.get(kind="week", about="district", first=WEEK[0])


def api(brief: Brief, act: str = "") -> str:
    return f"/api/v1/briefs/{brief.pk}/{act}"


def post(client: Client, url: str, body: dict[str, Any]) -> Any:
    return client.post(url, body, "application/json")


def fields(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def test_drafts_are_read_by_who_writes_in_them_alone(
    client: Client, held: Brief, supervisor: Person, leader: Person, street_supervisor: Person
) -> None:
    sign_in(client, supervisor)
    drafts = client.get("/api/v1/briefs/?status=draft").json()["results"]
    assert held.pk in [one["id"] for one in drafts]
    assert {one["status"] for one in drafts} == {"draft"}
    assert {one["status"] for one in client.get("/api/v1/briefs/").json()["results"]} == {"issued"}
    detail = client.get(api(held)).json()
    assert detail["edition"] is None
    assert detail["editions"] == []
    assert {one["code"] for one in detail["indicators"]} >= {"dispatch_mean", "handle_mean", "on_time"}
    assert client.get(f"{api(held)}?edition=0").status_code == 404
    assert client.get(api(held, "pdf/")).headers["Content-Type"] == "application/pdf"
    assert client.get("/api/v1/briefs/?status=secret").status_code == 400
    for other in (leader, street_supervisor):
        sign_in(client, other)
        assert held.pk not in [
            one["id"] for one in client.get("/api/v1/briefs/?status=draft").json()["results"]
        ]
        for act in ("", "words/", "pdf/"):
            assert client.get(api(held, act)).status_code == 404


def test_who_may_not_write_is_told_so_and_nothing_is_written(
    client: Client, held: Brief, leader: Person, street_supervisor: Person, handler: Person
) -> None:
    issued = Brief.objects.get(kind="week", about="district", status="issued")
    said = {"decision": "是否同意?", "seen": issued.version, "words": "更正"}
    sign_in(client, leader)  # reads it
    assert client.get(api(issued)).status_code == 200
    assert client.get(api(issued, "words/")).status_code == 403
    assert post(client, api(issued, "words/"), {"seen": 0}).status_code == 403
    assert post(client, api(issued, "issue/"), {}).status_code == 403
    assert post(client, api(issued, "revise/"), {"words": "更正一处"}).status_code == 403
    sign_in(client, street_supervisor)  # it is not their street's
    for act in ("words/", "issue/", "revise/", "subscription/"):
        assert post(client, api(held, act), said).status_code == 404
    sign_in(client, handler)
    for act in ("words/", "issue/", "revise/", "subscription/"):
        assert post(client, api(issued, act), said).status_code == 403
    client.logout()
    assert post(client, api(issued, "issue/"), {}).status_code in (401, 403)
    assert BriefEdition.objects.filter(brief=issued).count() == 1
    assert not Brief.objects.get(pk=held.pk).version


def test_a_streets_supervisor_writes_in_the_streets_own(client: Client, weeks: None) -> None:
    buji = person("buji-supervisor", Role.SUPERVISOR, "buji/operations", "布吉督办")
    held = Brief.objects.get(kind="week", about="street", code=BUJI, first=WEEK[0])
    sign_in(client, buji)
    assert post(client, api(held, "words/"), {"outlook": "下周有暴雨。", "seen": 0}).status_code == 200
    assert post(client, api(held, "issue/"), {"seen": 1}).status_code == 200
    assert Brief.objects.get(pk=held.pk).status == "issued"


def test_write_issue_correct(client: Client, held: Brief, supervisor: Person) -> None:
    sign_in(client, supervisor)
    copy = client.get(api(held, "words/")).json()
    assert copy["version"] == 0
    measure = f"handle_mean:{BUJI}:0101"
    assert measure in [one["key"] for one in copy["measures"]]
    assert measure in [one["measure"] for one in copy["entries"] if one["kind"] == "problem"]
    owed = [one["follows"] for one in copy["entries"] if one["kind"] == "followed"]
    body: dict[str, Any] = {
        "problems": [{"words": "布吉供水抢修慢", "measure": measure, "unit": "water-group"}],
        "followed": [{"follows": pk, "state": "done"} for pk in owed],
        "decision": "是否同意增派?",
        "seen": 0,
    }
    problem = body["problems"][0]
    assert fields(post(client, api(held, "words/"), {**body, "seen": None})) == ["seen"]
    wrong = {**body, "problems": [problem, {**problem, "unit": "no-such"}]}
    answer = post(client, api(held, "words/"), wrong)
    assert (answer.status_code, fields(answer)) == (400, ["problems.1.unit"])
    for spoilt in (
        {"problems": [problem] * 4},
        {"problems": [{**problem, "words": "长" * 41}]},
        {"problems": [{**problem, "measure": "moon:::"}]},
        {"decision": "决" * 221},
        {"followed": [{"follows": 999_999, "state": "done"}]},
        {"surprise": 1},
    ):
        assert post(client, api(held, "words/"), {**body, **spoilt}).status_code == 400
    written = post(client, api(held, "words/"), body)
    assert written.status_code == 200
    assert written.json()["version"] == 1
    assert post(client, api(held, "words/"), body).status_code == 409  # it is another version by now
    assert post(client, api(held, "issue/"), {"seen": 0}).status_code == 409
    for _twice in range(2):
        issued = post(client, api(held, "issue/"), {"seen": 1})
        assert issued.status_code == 200
        assert issued.json()["edition"]["number"] == 0
    assert "布吉供水抢修慢" in [one["words"] for one in issued.json()["entries"]]
    assert BriefEdition.objects.filter(brief=held).count() == 1
    assert post(client, api(held, "revise/"), {"words": "没有变化也更正"}).status_code == 409
    assert post(client, api(held, "revise/"), {"words": "改"}).status_code == 400
    assert post(client, api(held, "words/"), {**body, "decision": "是否批准?", "seen": 1}).status_code == 200
    revised = post(client, api(held, "revise/"), {"words": "补充请示事项", "seen": 2}).json()
    assert revised["edition"]["number"] == 1
    assert revised["edition"]["note"] == "补充请示事项"
    assert revised["brief"]["revisions"] == 1


def test_being_sent_them(client: Client, weeks: None, leader: Person) -> None:
    issued = Brief.objects.get(kind="week", about="street", code=BUJI, status="issued")
    sign_in(client, leader)
    assert post(client, api(issued, "subscription/"), {}).status_code == 400
    for wanted in (True, True, False):
        answer = post(client, api(issued, "subscription/"), {"wanted": wanted})
        assert answer.json() == {"comes": wanted}
    assert BriefSubscription.objects.get(user=leader.user).wanted is False
