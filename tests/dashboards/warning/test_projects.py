"""Projects: who begins one and works on it, what never changes, and what its before and after may say."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dashboards.models import Project, ProjectEvent
from dashboards.warning import before_after, projects
from dashboards.warning.before_after import Comparison
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage
from tests.cast import TUESDAY, Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI, case, fact
from tests.dashboards.warning.found import found

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 7)
WHY = "连片熄灯反复发生,需集中整治"


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


@pytest.fixture
def lamps_head() -> Person:
    return person("lamps-head", Role.LEADER, "lighting-company", "罗明")


def begun(by: Person, **given: object) -> Project:
    told = {
        "warning": found().pk, "name": "平湖路灯整治", "problem": WHY, "unit": "lighting-company",
        "categories": ["0204"], "start": TODAY, "end": TODAY + timedelta(days=60), **given,
    }  # fmt: skip
    return projects.begin(actor=by.actor, at=TUESDAY, **told)  # type: ignore[arg-type]


def test_a_warning_becomes_a_project_once_and_another_may_join_it(
    street_supervisor: Person, supervisor: Person, lamps_head: Person, other_handler: Person
) -> None:
    made = begun(street_supervisor)
    warning = made.warnings.get()
    assert (warning.status, made.status, made.cases.count()) == ("project", "running", 3)
    told = OutboxMessage.objects.filter(kind="warning.project").values_list("receiver", flat=True)
    assert sorted(told) == ["head:lighting-company", "unit:lighting-company"]
    with pytest.raises(ActionRefused):
        begun(supervisor, warning=warning.pk)
    projects.add_warning(warning=found(cases=2).pk, project=made.pk, actor=supervisor.actor, at=TUESDAY)
    assert made.cases.count() == 5
    for wrong in ({"categories": []}, {"categories": ["9999"]}, {"unit": "nobody"}, {"name": " "},
                  {"problem": ""}, {"end": TODAY - timedelta(days=1)}):  # fmt: skip
        with pytest.raises(InvalidInput):
            begun(supervisor, **wrong)
    # The owner works on it and does not decide when it is done; strangers do neither.
    item = projects.add_item(
        project=made.pk, kind="measure", words="更换控制箱", unit="lighting-company",
        due=TODAY + timedelta(days=9), actor=lamps_head.actor, at=TUESDAY,
    )  # fmt: skip
    for _twice in range(2):
        projects.carry_out(item=item.pk, actor=lamps_head.actor, at=TUESDAY)
    for who, call in (
        (lamps_head, lambda who: projects.finish(
            project=made.pk, words=WHY, actor=who.actor, at=TUESDAY)),
        (other_handler, lambda who: projects.carry_out(item=item.pk, actor=who.actor, at=TUESDAY)),
    ):  # fmt: skip
        with pytest.raises(ActionRefused) as refused:
            call(who)
        assert refused.value.code == "not_allowed"
    projects.finish(project=made.pk, words=WHY, actor=supervisor.actor, at=TUESDAY)
    with pytest.raises(ActionRefused):
        projects.add_warning(warning=found().pk, project=made.pk, actor=supervisor.actor, at=TUESDAY)
    kinds = list(made.events.values_list("kind", flat=True))
    assert kinds == ["opened", "warning", "warning", "item", "item_done", "finished"]
    with pytest.raises(DatabaseError), transaction.atomic():
        ProjectEvent.objects.update(kind="status")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((10,) * 12, (3,) * 4, "fewer"),
        ((3,) * 12, (10,) * 4, "more"),
        ((10,) * 12, (9,) * 4, "level"),
        ((0, 40) * 6, (12,) * 4, "level"),  # weeks that differ anyhow
        ((1,) * 12, (0,) * 4, "small"),
        ((10,) * 12, (0,), "small"),  # one week says nothing
        ((10,) * 12, (), "small"),
    ],
)
def test_only_what_chance_would_not_make_is_called_a_difference(
    before: tuple[int, ...], after: tuple[int, ...], verdict: str
) -> None:
    found_ = Comparison(before, after, TODAY, before_after._dispersion(before))
    assert found_.verdict == verdict
    if found_.interval and found_.ratio is not None:
        low, high = found_.interval
        assert low <= found_.ratio <= high


def test_whole_weeks_of_its_own_place_and_matters_are_counted(supervisor: Person) -> None:
    start = TODAY - timedelta(days=16)
    made = begun(supervisor, start=start)
    # the week before, its first and last day; two whole weeks since; days of a week that runs still
    for day, times in ((-7, 2), (-1, 1), (-85, 9), (0, 1), (6, 1), (7, 4), (14, 8)):
        for _time in range(times):
            fact(case(), "received", day=start + timedelta(days=day))
    fact(case(street_code=BUJI, community_code="440307014007"), "received", day=start)
    fact(case(category_id="0101"), "received", day=start)
    counted = before_after.compare(made, today=TODAY)
    assert counted.before == (*(0,) * 11, 3)
    assert counted.after == (2, 4)


def test_weeks_before_anything_was_counted_are_unknown_not_empty(supervisor: Person) -> None:
    start = TODAY - timedelta(days=16)
    made = begun(supervisor, start=start)
    assert before_after.compare(made, today=TODAY).before == ()
    fact(case(category_id="0101"), "received", day=start - timedelta(days=15))  # the district's first case
    for day in (-3, 2, 9):
        fact(case(), "received", day=start + timedelta(days=day))
    counted = before_after.compare(made, today=TODAY)
    assert (counted.before, counted.after) == ((0, 1), (1, 1))
    # Begun on the installation's second day: its weeks are told, and nothing is said of a change.
    young = begun(supervisor, start=start - timedelta(days=14))
    counted = before_after.compare(young, today=TODAY)
    assert (counted.before, counted.after) == ((), (0, 1, 1, 1))
    assert (counted.verdict, len(before_after.chart(counted)["series"])) == ("small", 1)
    assert "0.0" not in before_after.sentence(counted)


def test_begun_worked_on_and_read_on_pages(
    client: Client, street_supervisor: Person, lamps_head: Person, leader: Person, other_handler: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    warning = found()
    browser, url = sign_in(client, street_supervisor), f"/warnings/{warning.pk}/project/"
    assert browser.get(url).status_code == 200
    assert browser.post(url, {"seen": 0}).status_code == 400
    said = {"name": "平湖路灯整治", "problem": WHY, "unit": "lighting-company", "categories": ["0204"],
            "start": "2026-07-07", "end": "2026-09-01", "seen": 0}  # fmt: skip
    assert browser.post(url, {**said, "seen": 5}).status_code == 409
    assert browser.post(url, said).status_code == 302
    made = Project.objects.get()
    joined = client.post(
        f"/api/v1/warnings/{found(cases=0).pk}/join/", {"project": made.pk}, "application/json"
    )
    assert joined.json()["warning"]["project"] == made.pk
    page = f"/projects/{made.pk}/"
    assert browser.get(f"{page}cases/").content.decode().count('<th scope="row"') == 3
    elsewhere = begun(person("s2", Role.SUPERVISOR, "operations-centre"), warning=found(street_code=BUJI).pk)
    assert browser.get(f"/projects/{elsewhere.pk}/").status_code == 404
    for number in range(3):
        item = {"kind": "measure", "words": f"第{number}项", "unit": "lighting-company", "due": "2026-07-20"}
        assert sign_in(client, lamps_head).post(page, item).status_code == 302
    assert browser.post(page, {**item, "due": ""}).status_code == 400
    first = made.items.first()
    assert first is not None
    assert client.post(f"{page}items/{first.pk}/done/").status_code == 302
    assert client.post(f"{page}status/", {"status": "done"}).status_code == 403
    assert sign_in(client, other_handler).get(page).status_code == 404
    assert sign_in(client, leader).post(page, item).status_code == 403
    assert "第0项" in client.get(page).content.decode()
    with django_assert_max_num_queries(40) as few:
        client.get("/projects/")
    for _number in range(4):
        begun(person(f"s{_number + 3}", Role.SUPERVISOR, "operations-centre"))
    with django_assert_max_num_queries(len(few)):
        client.get("/projects/")
