"""Screens that are left running: who lends what for how long, what the browser may read, what ends it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership
from dashboards.models import ScreenDisplay
from dashboards.screen import displays
from dashboards.screen.pages import COOKIE
from incidents.errors import ActionRefused, InvalidInput
from tests.browsers import As
from tests.cast import Person
from tests.dashboards.screen.test_screen import POLL, live, page
from tests.incidents.centre.people import DISTRICT, PINGHU

RUNNING = reverse("screen-running")


def lend(by: Person, *, area: str = DISTRICT, days: int = 7, **given: Any) -> displays.Opened:
    told = {"name": "指挥大厅西墙", "language": "zh-hans", "at": timezone.now(), **given}
    return displays.open_display(area_code=area, days=days, actor=by.actor, **told)


def showing(opened: displays.Opened) -> Client:
    """The browser behind the screen."""
    client = Client()
    client.cookies[COOKIE] = opened.token
    return client


def test_a_supervisor_leaves_a_browser_running_that_then_reads_one_screen_and_nothing_else(
    browse: As, supervisor: Person
) -> None:
    client = browse(supervisor)
    form = {"name": "指挥大厅西墙", "area": PINGHU, "days": "30", "language": "en"}
    answer = client.post(RUNNING, form)
    assert (answer.status_code, answer["Location"]) == (302, page(PINGHU))
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/board/screen/", True, "Strict")
    row = ScreenDisplay.objects.get()
    assert cookie.value not in (row.token_hash, "")
    assert (row.opened_by, row.area_code, (row.expires_at - row.opened_at).days) == (
        supervisor.user,
        PINGHU,
        30,
    )
    # Nobody's sign-in is left on the wall.
    assert "_auth_user_id" not in client.session
    shown = client.get(page(PINGHU))
    assert shown.status_code == 200
    assert b'lang="en"' in shown.content
    assert client.get(live(PINGHU), headers=POLL).status_code == 200
    assert client.get(reverse("screen"))["Location"] == page(PINGHU)
    assert client.get(page()).status_code == client.get(live()).status_code == 401
    for elsewhere in ("board", "cases", "screen-running"):
        assert client.get(reverse(elsewhere))["Location"].startswith(reverse("sign-in"))
    assert client.get("/api/v1/kpis/").status_code in (401, 403)


@pytest.mark.parametrize("end", ["ended", "expired", "left", "moved", "stranger"])
def test_a_screen_goes_dark_when_it_is_ended_or_nobody_stands_behind_it(
    street_supervisor: Person, end: str
) -> None:
    opened = lend(street_supervisor, area=PINGHU, days=1)
    client = showing(opened)
    assert client.get(live(PINGHU), headers=POLL).status_code == 200
    user, row = street_supervisor.user, opened.display
    if end == "ended":
        displays.end_display(display=row.pk, actor=street_supervisor.actor, at=timezone.now())
    elif end == "expired":
        past = timezone.now() - timedelta(days=2)
        ScreenDisplay.objects.filter(pk=row.pk).update(opened_at=past, expires_at=past + timedelta(days=1))
    elif end == "left":
        user.is_active = False
        user.save()
    elif end == "moved":
        Membership.objects.filter(user=user).update(unit="buji/operations")
    else:
        client.cookies[COOKIE] = "0" * 43
    for address in (live(PINGHU), page(PINGHU), reverse("screen")):
        answer = client.get(address)
        assert answer.status_code == 401
        assert b"data-part" not in answer.content


def test_whoever_may_not_see_an_area_lends_nobody_a_look_at_it(
    browse: As, street_supervisor: Person, operator: Person, leader: Person, handler: Person
) -> None:
    for who, area in ((street_supervisor, DISTRICT), (operator, DISTRICT), (handler, PINGHU)):
        with pytest.raises(ActionRefused) as refused:
            lend(who, area=area)
        assert refused.value.code == "not_allowed"
    theirs = lend(leader)
    with pytest.raises(ActionRefused) as refused:
        displays.end_display(display=theirs.display.pk, actor=street_supervisor.actor, at=timezone.now())
    assert refused.value.code == "not_allowed"
    assert browse(street_supervisor).get(RUNNING).context["rows"] == []
    assert browse(street_supervisor).post(reverse("screen-end", args=[theirs.display.pk])).status_code == 403
    assert browse(operator).get(RUNNING).status_code == 403
    form = {"name": "墙", "area": DISTRICT, "days": "7", "language": "en"}
    assert browse(street_supervisor).post(RUNNING, form).status_code == 422
    assert ScreenDisplay.objects.count() == 1


def test_what_is_typed_is_held_to_its_bounds(leader: Person) -> None:
    for wrong, field in (
        ({"name": "  "}, "name"),
        ({"name": "墙" * 41}, "name"),
        ({"days": 365}, "days"),
        ({"language": "fr"}, "language"),
    ):
        with pytest.raises(InvalidInput) as refused:
            lend(leader, **wrong)  # type: ignore[arg-type]
        assert refused.value.field == field
    for number in range(displays.RUNNING_MOST):
        lend(leader, name=f"墙 {number}")
    with pytest.raises(ActionRefused) as full:
        lend(leader)
    assert full.value.code == "too_many"


def test_another_supervisor_ends_it_twice_and_is_told_once(
    browse: As, leader: Person, supervisor: Person
) -> None:
    opened = lend(leader)
    client = browse(supervisor)
    assert [row["display"] for row in client.get(RUNNING).context["rows"]] == [opened.display]
    for _click in range(2):
        client.post(reverse("screen-end", args=[opened.display.pk]))
    row = ScreenDisplay.objects.get()
    assert row.ended_by == supervisor.user
    assert client.get(RUNNING).context["rows"] == []
    assert client.post(reverse("screen-end", args=[0])).status_code == 404


def test_a_running_screen_asks_two_questions_and_notes_now_and_then_that_it_was_here(
    leader: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    opened = lend(leader)
    client = showing(opened)
    client.get(page())
    seen = ScreenDisplay.objects.get().seen_at
    assert seen is not None
    with django_assert_num_queries(2):  # the screen with its opener, and what that person may see
        client.get(live(), headers=POLL)
    assert ScreenDisplay.objects.get().seen_at == seen
    ScreenDisplay.objects.update(seen_at=seen - timedelta(minutes=6))
    client.get(live(), headers=POLL)
    assert ScreenDisplay.objects.get().seen_at >= seen


def test_a_screen_says_when_its_time_draws_near(leader: Person) -> None:
    opened = lend(leader, days=7)
    client = showing(opened)
    assert "X-Until" not in client.get(live(), headers=POLL)
    now = timezone.now()
    ScreenDisplay.objects.update(opened_at=now - timedelta(days=5), expires_at=now + timedelta(days=2))
    assert client.get(live(), headers=POLL)["X-Until"] == (now + timedelta(days=2)).isoformat()


@pytest.mark.parametrize("count", [3, 15])
def test_the_list_of_screens_costs_the_same_however_many_run(
    browse: As, supervisor: Person, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        lend(supervisor, name=f"墙 {number}")
    client = browse(supervisor)
    client.get(RUNNING)
    with django_assert_num_queries(12):
        assert len(client.get(RUNNING).context["rows"]) == count
