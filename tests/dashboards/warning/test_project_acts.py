"""A project's owner, lists and end: on pages and by REST the same, with what was counted kept at its end."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dashboards.models import Project, ProjectItem
from dashboards.warning import projects
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage
from tests.cast import TUESDAY, Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI, case, fact
from tests.dashboards.warning.found import found
from tests.dashboards.warning.test_projects import TODAY, begun, lamps_head

__all__ = ["lamps_head"]
pytestmark = pytest.mark.django_db
WHY = "线路归属已查明，改由街道牵头"
STREET = "pinghu/public-services"


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


def measure(made: Project, by: Person, words: str = "更换控制箱") -> ProjectItem:
    return projects.add_item(
        project=made.pk, kind="measure", words=words, unit="lighting-company",
        due=TODAY + timedelta(days=9), actor=by.actor, at=TUESDAY,
    )  # fmt: skip


def test_another_owner_is_told_and_takes_the_work_with_it(supervisor: Person, lamps_head: Person) -> None:
    made = begun(supervisor)
    told = {"project": made.pk, "unit": STREET, "words": WHY, "at": TUESDAY}
    for wrong in ({"unit": "nobody"}, {"words": ""}):
        with pytest.raises(InvalidInput):
            projects.change_owner(**{**told, **wrong}, actor=supervisor.actor)  # type: ignore[arg-type]
    with pytest.raises(ActionRefused):  # nobody gives away what is asked of them
        projects.change_owner(**told, actor=lamps_head.actor)  # type: ignore[arg-type]
    projects.change_owner(**told, actor=supervisor.actor)  # type: ignore[arg-type]
    with pytest.raises(ActionRefused) as refused:
        projects.change_owner(**told, actor=supervisor.actor)  # type: ignore[arg-type]
    assert refused.value.code == "unchanged"
    event = made.events.get(kind="owner")
    assert (event.data, event.words and event.words.body) == (
        {"before": "lighting-company", "after": STREET}, WHY,
    )  # fmt: skip
    receivers = OutboxMessage.objects.filter(kind="warning.project").values_list("receiver", flat=True)
    assert {f"head:{STREET}", f"unit:{STREET}"} <= set(receivers)
    with pytest.raises(ActionRefused):
        measure(made, lamps_head)
    measure(made, person("carer", Role.HANDLER, STREET))
    assert not Project.objects.filter(projects.visible(lamps_head.user)).exists()


def test_it_ends_when_nothing_is_open_and_keeps_what_was_counted_then(supervisor: Person) -> None:
    made = begun(supervisor, start=TODAY - timedelta(days=16))
    for day, times in ((-7, 2), (0, 1), (7, 4)):
        for _time in range(times):
            fact(case(), "received", day=made.start + timedelta(days=day))
    fact(case(), "received", day=made.start - timedelta(days=8))  # something was counted before
    first, second = measure(made, supervisor), measure(made, supervisor, "整段换灯")

    def end() -> Project:
        return projects.finish(project=made.pk, words=WHY, actor=supervisor.actor, at=TUESDAY)

    with pytest.raises(ActionRefused) as refused:
        end()
    assert refused.value.code == "open_measures"
    projects.carry_out(item=first.pk, actor=supervisor.actor, at=TUESDAY)
    drop = {"words": WHY, "actor": supervisor.actor, "at": TUESDAY}
    with pytest.raises(ActionRefused):  # what was carried out stays carried out
        projects.drop_item(item=first.pk, **drop)  # type: ignore[arg-type]
    projects.drop_item(item=second.pk, **drop)  # type: ignore[arg-type]
    with pytest.raises(ActionRefused):
        projects.drop_item(item=second.pk, **drop)  # type: ignore[arg-type]
    with pytest.raises(ActionRefused):
        projects.carry_out(item=second.pk, actor=supervisor.actor, at=TUESDAY)
    with pytest.raises(InvalidInput):  # an end is told, and not set
        projects.set_status(project=made.pk, status="done", actor=supervisor.actor, at=TUESDAY)
    assert end().status == "done"
    data = made.events.get(kind="finished").data
    assert (data["before"], data["after"], data["verdict"]) == ([2], [1, 4], "small")
    with pytest.raises(ActionRefused):
        end()


def test_on_pages(
    client: Client, street_supervisor: Person, lamps_head: Person, other_handler: Person
) -> None:
    made = begun(street_supervisor)
    item = measure(made, lamps_head)
    page = f"/projects/{made.pk}/"
    browser = sign_in(client, street_supervisor)
    assert browser.post(f"{page}finish/", {"words": WHY}).status_code == 409
    assert browser.get(f"{page}finish/").status_code == 200
    assert browser.post(f"{page}items/{item.pk}/drop/", {"words": ""}).status_code == 400
    assert browser.post(f"{page}items/{item.pk}/drop/", {"words": WHY}).status_code == 302
    assert browser.post(f"{page}owner/", {"unit": STREET, "words": WHY}).status_code == 302
    assert browser.post(f"{page}finish/", {"words": "全部更换完毕"}).status_code == 302
    body = browser.get(page).content.decode()
    assert "全部更换完毕" in body
    assert "/finish/" not in body
    elsewhere = begun(person("s2", Role.SUPERVISOR, "operations-centre"), warning=found(street_code=BUJI).pk)
    assert browser.post(f"/projects/{elsewhere.pk}/finish/", {"words": WHY}).status_code == 404
    assert browser.get(f"{page}items/0/drop/").status_code == 404
    # Whose unit owned it before does not see it any more.
    assert sign_in(client, lamps_head).get(f"{page}owner/").status_code == 404
    assert sign_in(client, other_handler).get(f"{page}finish/").status_code == 404


def test_by_rest(
    client: Client, supervisor: Person, lamps_head: Person, leader: Person, other_handler: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    made = begun(supervisor)
    url = f"/api/v1/projects/{made.pk}/"

    def post(who: Person, path: str, told: dict[str, object]) -> tuple[int, dict[str, object]]:
        answer = sign_in(client, who).post(f"{url}{path}/", told, "application/json")
        return answer.status_code, answer.json()

    added = {"kind": "measure", "words": "更换控制箱", "unit": "lighting-company", "due": "2026-07-20"}
    assert post(lamps_head, "items", {**added, "kind": "wish"})[0] == 400
    assert post(lamps_head, "items", {**added, "colour": "red"})[0] == 400
    for _twice in range(2):
        assert post(lamps_head, "items", added)[0] == 200
    first, second = made.items.order_by("pk")
    assert post(lamps_head, f"items/{first.pk}/done", {})[0] == 200
    assert post(lamps_head, f"items/{second.pk}/drop", {"words": WHY})[0] == 200
    assert post(lamps_head, "items/999999/drop", {"words": WHY})[0] == 404
    assert post(lamps_head, "finish", {"words": WHY})[0] == 403
    assert post(leader, "items", added)[0] == 403
    assert post(other_handler, "items", added)[0] == 404
    assert post(supervisor, "status", {"status": "watch"})[0] == 200
    assert post(supervisor, "status", {"status": "done"})[0] == 400
    assert post(supervisor, "owner", {"unit": "lighting-company", "words": WHY})[0] == 409
    status, told = post(supervisor, "finish", {"words": WHY})
    assert status == 200
    assert told["events"][-1]["words"] == WHY  # type: ignore[index]
    assert [row["done_at"] is not None for row in told["measures"]] == [True, False]  # type: ignore[index]
    assert told["before_after"]["verdict"] == "small"  # type: ignore[index]

    browser = sign_in(client, supervisor)
    rows = browser.get("/api/v1/projects/?status=done").json()["results"]
    assert [(row["id"], row["measures"], row["carried_out"], row["cases"]) for row in rows] == [
        (made.pk, 1, 1, 3)
    ]
    assert browser.get("/api/v1/projects/?status=running").json()["results"] == []
    assert browser.get("/api/v1/projects/?colour=red").status_code == 400
    assert len(browser.get(f"{url}problems/").json()["results"]) == 3
    with django_assert_max_num_queries(20) as few:
        browser.get("/api/v1/projects/")
    for number in range(3):
        begun(person(f"s{number}", Role.SUPERVISOR, "operations-centre"))
    with django_assert_max_num_queries(len(few)):
        browser.get("/api/v1/projects/")
    assert sign_in(client, other_handler).get(url).status_code == 404
    client.logout()
    assert client.get("/api/v1/projects/").status_code in (401, 403)
