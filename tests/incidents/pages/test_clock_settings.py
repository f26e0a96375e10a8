"""The administrator's pages of the work calendar and of the clock rules."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from dispatch import edition
from dispatch.edition import work_calendar
from dispatch.models import CalendarDay, CalendarYear, Stoppage, WorkingHours
from incidents import clock_rules
from incidents.models import ClockRule, Incident
from tests.browsers import As
from tests.cast import TUESDAY, Person

CALENDAR = "/installation/calendar/"
DAY = f"{CALENDAR}days/2026-07-10/"
RULE = "/installation/clocks/handling/routine/"
STORM = {"reason": "台风红色预警", "starts_at": "2026-07-08T00:00", "ends_at": "2026-07-09T00:00"}
HOURS = {"periods": "22:00-06:00", "weekdays": ["4", "5"], "follows_stoppages": "on"}


@pytest.fixture
def client(browse: As, admin: Person) -> Client:
    """An administrator's browser."""
    edition.distrust()
    return browse(admin)


def addresses() -> list[str]:
    return [
        CALENDAR,
        DAY,
        f"{CALENDAR}hours/",
        f"{CALENDAR}hours/?add",
        f"{CALENDAR}stops/add/",
        "/installation/clocks/",
        RULE,
    ]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_for_an_administrator(client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    for address in addresses():
        page = client.get(address)
        assert page.status_code == 200, address
        assert f'<html lang="{language}"' in page.content.decode()


def test_nobody_else_sees_them_or_changes_anything(
    browse: As, supervisor: Person, leader: Person, handler: Person
) -> None:
    for other in (supervisor, leader, handler):
        for address in addresses():
            assert browse(other).get(address).status_code == 403
            assert browse(other).post(address, {**STORM, **HOURS, "declare": "1"}).status_code in (403, 405)
        assert browse(other).post(f"{CALENDAR}2030/confirm/").status_code == 403
    assert not Stoppage.objects.exists()
    assert not WorkingHours.objects.exists()
    assert Client().get(CALENDAR).status_code == 302


def test_the_coming_year_is_called_a_forecast_until_it_is_confirmed(client: Client) -> None:
    CalendarYear.objects.filter(year=2027).update(confirmed=False)
    page = client.get(CALENDAR)
    assert page.context["coming"].year == 2027
    assert "2027 is a FORECAST" in client.get(CALENDAR, headers={"accept-language": "en"}).content.decode()
    assert client.post(f"{CALENDAR}2027/confirm/").status_code == 302
    page = client.get(f"{CALENDAR}?year=2027", headers={"accept-language": "en"}).content.decode()
    assert "FORECAST" not in page
    assert CalendarYear.objects.get(year=2027).confirmed_by is not None


def test_a_day_is_set_and_put_back(client: Client) -> None:
    day = date(2026, 7, 10)
    assert client.post(DAY, {"is_working": "no", "name": "区庆"}).status_code == 302
    assert CalendarDay.objects.get(pk=day).by_hand
    assert not work_calendar().is_working_day(day)
    assert client.post(DAY, {"reset": "1"}).status_code == 302
    assert work_calendar().is_working_day(day)


def test_hours_are_added_changed_and_removed(client: Client) -> None:
    assert client.post(f"{CALENDAR}hours/?add", {**HOURS, "unit": "pinghu/enforcement"}).status_code == 302
    row = WorkingHours.objects.get()
    assert (row.unit_id, row.weekdays, row.follows_holidays) == ("pinghu/enforcement", [4, 5], False)
    one = f"{CALENDAR}hours/?unit=pinghu/enforcement"
    assert "22:00-06:00" in client.get(one).content.decode()
    assert client.post(one, {**HOURS, "periods": "00:00-24:00"}).status_code == 302
    assert WorkingHours.objects.get().periods == "00:00-24:00"
    assert client.post(one, {"remove": "1"}).status_code == 302
    assert not WorkingHours.objects.exists()


def test_a_stop_is_first_foreseen_and_then_declared(client: Client, accepted_case: Incident) -> None:
    address = f"{CALENDAR}stops/add/"
    seen = client.post(address, STORM)
    assert seen.status_code == 200
    assert "1 " in seen.context["seen"]
    assert not Stoppage.objects.exists()
    shown = seen.context["shown"]
    other = client.post(address, {**STORM, "declare": "1"})  # not what was shown: looked at first
    assert (other.status_code, Stoppage.objects.exists()) == (200, False)
    assert client.post(address, {**STORM, "declare": "1", "shown": shown}).status_code == 302
    stop = Stoppage.objects.get()
    assert stop.starts_at == TUESDAY + timedelta(hours=14)  # midnight in the district
    page = client.get(CALENDAR)
    assert page.context["waiting"] >= 1
    assert "台风红色预警" in page.content.decode()
    again = f"{CALENDAR}stops/{stop.pk}/revoke/"
    assert client.get(again).status_code == 200
    assert client.post(again).status_code == 302
    assert Stoppage.objects.get().revoked_at is not None
    assert client.post(again, follow=True).status_code == 200  # twice: said, not done


@pytest.mark.parametrize(
    ("address", "given", "field"),
    [
        (DAY, {"is_working": "perhaps", "name": "x"}, "is_working"),
        (DAY, {"is_working": "no", "name": " "}, "name"),
        (DAY, {}, "is_working"),
        (f"{CALENDAR}hours/", {**HOURS, "periods": "9 to 5"}, "periods"),
        (f"{CALENDAR}hours/", {**HOURS, "periods": "09:00-13:00,12:00-18:00"}, "periods"),
        (f"{CALENDAR}hours/", {**HOURS, "weekdays": []}, "weekdays"),
        (f"{CALENDAR}hours/", {**HOURS, "weekdays": ["9"]}, "weekdays"),
        (f"{CALENDAR}hours/?add", {**HOURS, "unit": "nowhere"}, "unit"),
        (f"{CALENDAR}hours/?add", {**HOURS, "unit": "a\x00b"}, "unit"),
        (f"{CALENDAR}stops/add/", {**STORM, "ends_at": "2026-07-07T00:00"}, "ends_at"),
        (f"{CALENDAR}stops/add/", {**STORM, "ends_at": "2027-07-07T00:00"}, "ends_at"),
        (f"{CALENDAR}stops/add/", {**STORM, "starts_at": "0001-01-01T00:00"}, "starts_at"),
        (
            f"{CALENDAR}stops/add/",
            {**STORM, "starts_at": "9999-12-30T00:00", "ends_at": "9999-12-31T23:59"},
            "ends_at",
        ),
        (f"{CALENDAR}stops/add/", {**STORM, "starts_at": "soon"}, "starts_at"),
        (f"{CALENDAR}stops/add/", {**STORM, "reason": "\x00"}, "reason"),
        (RULE, {"warn_at": "0, 50"}, "warn_at"),
        (RULE, {"warn_at": "50; 80"}, "warn_at"),
        (RULE, {"warn_at": "10 20 30 40 50 60"}, "warn_at"),
        (RULE, {"head_after": "tomorrow"}, "head_after"),
        (RULE, {"leader_after": "-1h"}, "leader_after"),
        ("/installation/clocks/first_contact/routine/", {"limit": ""}, "limit"),
        ("/installation/clocks/first_contact/routine/", {"limit": "0h"}, "limit"),
    ],
)
def test_bad_input_is_said_at_its_field(
    client: Client, address: str, given: dict[str, object], field: str
) -> None:
    for declare in ({}, {"declare": "1"}):
        page = client.post(address, {**given, **declare})
        assert page.status_code == 400
        assert field in page.context["form"].errors
    assert not Stoppage.objects.exists()
    assert not WorkingHours.objects.exists()
    assert not ClockRule.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        f"{CALENDAR}days/2026-02-30/",
        f"{CALENDAR}days/2099-01-01/",
        f"{CALENDAR}days/x/",
        f"{CALENDAR}hours/?unit=nowhere",
        f"{CALENDAR}hours/?unit=pinghu",
        f"{CALENDAR}hours/?unit=%00",
        f"{CALENDAR}stops/99999999999999999999/revoke/",
        "/installation/clocks/parked/routine/",
        "/installation/clocks/handling/never/",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404


def test_an_unknown_year_shows_the_present_one(client: Client) -> None:
    for asked in ("1900", "20260", "x", "２０２６", ""):
        assert client.get(CALENDAR, {"year": asked}).context["year"].year == 2026
    assert client.post(f"{CALENDAR}99999999999/confirm/").status_code == 404


def test_a_rule_is_changed_for_later_clocks_and_put_back(client: Client) -> None:
    before = clock_rules.DEFAULTS["handling", "routine"]
    assert (
        client.post(RULE, {"warn_at": "60%, 90", "head_after": "0m", "supervise_after": "3wd"}).status_code
        == 302
    )
    clock_rules.forget()
    rule = clock_rules.rule_for("handling", "routine")
    assert (rule.warn_at, rule.head_after, rule.street_after, rule.supervise_after) == (
        (60, 90),
        "0m",
        "",
        "3wd",
    )
    assert client.get(reverse("clock-rules")).status_code == 200
    assert client.post(RULE, {"restore": "1"}).status_code == 302
    clock_rules.forget()
    assert clock_rules.rule_for("handling", "routine") == before


def test_the_installation_page_leads_to_both(client: Client) -> None:
    page = client.get(reverse("installation")).content.decode()
    assert reverse("work-calendar") in page
    assert reverse("clock-rules") in page
