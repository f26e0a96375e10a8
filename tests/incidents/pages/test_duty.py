"""The duty roster's pages: who sees it, who keeps it, what it shows and what it refuses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.models import DutyShift
from accounts.roles import Role
from incidents.models import Incident
from tests.browsers import As
from tests.cast import NOWHERE, TUESDAY, Person, file_report, person
from tests.incidents.pages.conftest import SetClock

HOUR = timedelta(hours=1)
# Tuesday, 7 July 2026, midnight in the district.
MIDNIGHT = TUESDAY - 10 * HOUR


def shift(who: Person, start: float = 8, hours: float = 12, **given: Any) -> DutyShift:
    """Of that Tuesday, `start` hours after midnight."""
    starts_at = MIDNIGHT + start * HOUR
    facts = {
        "unit_id": who.unit,
        "user": who.user,
        "starts_at": starts_at,
        "ends_at": starts_at + hours * HOUR,
    }
    return DutyShift.objects.create(**{**facts, **given})


def asked(who: Person, **given: Any) -> dict[str, Any]:
    """What the form is sent for a shift of Wednesday."""
    facts = {"user": who.user.pk, "starts_at": "2026-07-08T08:00", "ends_at": "2026-07-08T20:00", "days": 1}
    return {**facts, "phone": "", **given}


def add_url(unit: str) -> str:
    return f"{reverse('duty-add')}?unit={unit}"


@pytest.fixture
def head(db: None) -> Person:
    """Heads the lamp company."""
    return person("head", Role.LEADER, "lighting-company", "罗主任")


# --- who sees, who keeps ------------------------------------------------------------------------


def test_a_person_sees_the_roster_of_their_own_unit(browse: As, handler: Person) -> None:
    assert browse(handler).get(reverse("duty")).context["unit"].code == "lighting-company"


def test_another_units_roster_is_not_for_them(browse: As, other_handler: Person) -> None:
    assert browse(other_handler).get(f"{reverse('duty')}?unit=lighting-company").status_code == 403


def test_the_centres_people_look_any_unit_up(browse: As, operator: Person) -> None:
    client = browse(operator)
    assert client.get(f"{reverse('duty')}?unit=lighting-company").status_code == 200
    assert client.get(f"{reverse('duty')}?q=平湖街道").context["found"][0].code == "pinghu"
    one = client.get(f"{reverse('duty')}?q=路灯养护")
    assert one.status_code == 302
    assert "unit=lighting-company" in one["Location"]


def test_a_search_finds_only_what_may_be_seen(browse: As, handler: Person) -> None:
    page = browse(handler).get(f"{reverse('duty')}?q=街道")
    assert page.status_code == 200
    assert page.context["found"] == []


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("handler", True),
        ("head", True),
        ("supervisor", True),
        ("dispatcher", True),
        ("operator", False),
        ("street_supervisor", False),
        ("other_handler", False),
        ("leader", False),
        ("admin", False),
    ],
)
def test_who_keeps_a_roster(
    browse: As, request: pytest.FixtureRequest, handler: Person, who: str, may: bool
) -> None:
    actor = request.getfixturevalue(who)
    answer = browse(actor).post(add_url("lighting-company"), asked(handler))
    assert answer.status_code == (302 if may else 403)
    assert DutyShift.objects.exists() is may
    others = shift(handler)
    for url in (reverse("duty-change", args=[others.pk]), reverse("duty-remove", args=[others.pk])):
        assert (browse(actor).post(url, {}).status_code == 403) is not may
    copied = browse(actor).post(reverse("duty-copy"), {"unit": "lighting-company", "week": "2026-07-13"})
    assert copied.status_code == (302 if may else 403)


def test_a_street_office_keeps_the_rosters_below_it(browse: As, db: None) -> None:
    secretary = person("secretary", Role.LEADER, "pinghu")
    of_team = person("of-team", Role.HANDLER, "pinghu/safety")
    assert browse(secretary).post(add_url("pinghu/safety"), asked(of_team)).status_code == 302
    assert browse(of_team).get(add_url("pinghu")).status_code == 403


def test_buttons_stand_only_where_they_work(browse: As, handler: Person, operator: Person) -> None:
    url = f"{reverse('duty')}?unit=lighting-company"
    assert reverse("duty-copy") in browse(handler).get(url).content.decode()
    assert reverse("duty-copy") not in browse(operator).get(url).content.decode()


# --- keeping it ---------------------------------------------------------------------------------


def test_a_night_shift_for_a_whole_week(browse: As, handler: Person) -> None:
    given = asked(handler, starts_at="2026-07-08T20:00", ends_at="2026-07-09T08:00", days=7)
    answer = browse(handler).post(add_url("lighting-company"), given)
    assert answer["Location"].endswith("week=2026-07-06")
    starts = list(DutyShift.objects.values_list("starts_at", flat=True))
    assert starts == [MIDNIGHT + timedelta(days=1 + day) + 20 * HOUR for day in range(7)]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ends_at": "2026-07-08T08:00"}, "ends_at"),
        ({"ends_at": "2026-07-16T08:00"}, "ends_at"),
        ({"starts_at": "2026-07-06T08:00", "ends_at": "2026-07-06T20:00"}, "ends_at"),
        ({"starts_at": "2028-07-06T08:00", "ends_at": "2028-07-06T20:00"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"user": "99999999"}, "user"),
        ({"user": "x\0"}, "user"),
        ({"user": ""}, "user"),
        ({"days": "0"}, "days"),
        ({"days": "99999999999999999999"}, "days"),
        ({"phone": "<script>"}, "phone"),
    ],
)
def test_bad_input_names_its_field(browse: As, handler: Person, given: dict[str, str], field: str) -> None:
    answer = browse(handler).post(add_url("lighting-company"), asked(handler, **given))
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert not DutyShift.objects.exists()


def test_only_the_units_own_people_are_put_on_duty(
    browse: As, supervisor: Person, other_handler: Person
) -> None:
    answer = browse(supervisor).post(add_url("lighting-company"), asked(other_handler))
    assert "user" in answer.context["form"].errors


def test_the_same_person_twice_is_refused_and_nothing_is_kept(
    browse: As, handler: Person, head: Person
) -> None:
    shift(handler, start=24 + 24 + 8)
    answer = browse(head).post(add_url("lighting-company"), asked(handler, days=3))
    assert "user" in answer.context["form"].errors
    assert DutyShift.objects.count() == 1
    two = browse(head).post(add_url("lighting-company"), asked(head, days=3))
    assert two.status_code == 302
    assert DutyShift.objects.count() == 4


def test_a_shift_is_changed_and_taken_off(browse: As, handler: Person, head: Person) -> None:
    known = shift(handler, start=32)
    url = reverse("duty-change", args=[known.pk])
    assert 'value="2026-07-08T08:00"' in browse(head).get(url).content.decode()
    assert browse(head).post(url, asked(head, phone="0755-28900000")).status_code == 302
    known.refresh_from_db()
    assert (known.user, known.phone) == (head.user, "0755-28900000")
    browse(handler).post(reverse("duty-remove", args=[known.pk]))
    assert not DutyShift.objects.exists()


def test_what_is_over_stays_as_it_was(browse: As, handler: Person) -> None:
    past = shift(handler, start=-24)
    client = browse(handler)
    assert client.post(reverse("duty-change", args=[past.pk]), asked(handler)).status_code == 400
    client.post(reverse("duty-remove", args=[past.pk]))
    assert DutyShift.objects.get().starts_at == past.starts_at


def test_last_week_is_copied_once(browse: As, handler: Person, head: Person) -> None:
    shift(handler), shift(head, start=20), shift(handler, start=24 + 8)
    client = browse(handler)
    for _time in range(2):
        client.post(reverse("duty-copy"), {"unit": "lighting-company", "week": "2026-07-15"})
    copies = DutyShift.objects.filter(starts_at__gt=MIDNIGHT + timedelta(days=5))
    assert [(one.user_id, one.starts_at) for one in copies] == [
        (handler.user.pk, MIDNIGHT + timedelta(days=7) + 8 * HOUR),
        (head.user.pk, MIDNIGHT + timedelta(days=7) + 20 * HOUR),
        (handler.user.pk, MIDNIGHT + timedelta(days=8) + 8 * HOUR),
    ]


def test_copying_leaves_out_who_left_and_who_is_busy_then(
    browse: As, handler: Person, head: Person, supervisor: Person
) -> None:
    shift(handler), shift(head)
    shift(head, start=24 * 7 + 10, hours=1)
    handler.user.memberships.all().delete()
    answer = browse(supervisor).post(
        reverse("duty-copy"), {"unit": "lighting-company", "week": "2026-07-13"}, follow=True
    )
    assert DutyShift.objects.count() == 3
    assert "0" in str(next(iter(answer.context["messages"])))


# --- the week -----------------------------------------------------------------------------------


def lines(page: Any, day: int) -> list[tuple[str, str, str]]:
    """(from, until, who) of a day of the week shown; nobody is "—"."""
    return [
        (line["from"], line["until"], str(line["shift"].user) if "shift" in line else "—")
        for line in page.context["days"][day]["lines"]
    ]


def test_the_week_shows_shifts_and_the_hours_with_nobody(browse: As, handler: Person, head: Person) -> None:
    shift(handler)  # 08-20
    shift(head, start=12, hours=10)  # 12-22
    shift(handler, start=24 + 8)
    page = browse(handler).get(reverse("duty"))
    assert lines(page, 0) == [("00:00", "24:00", "—")]
    assert lines(page, 1) == [
        ("00:00", "08:00", "—"),
        ("08:00", "20:00", "黄志强"),
        ("12:00", "22:00", "罗主任"),
        ("22:00", "24:00", "—"),
    ]
    assert lines(page, 2) == [("00:00", "08:00", "—"), ("08:00", "20:00", "黄志强"), ("20:00", "24:00", "—")]
    assert page.context["uncovered"] == timedelta(hours=7 * 24 - 14 - 12)


def test_a_shift_over_midnight_stands_on_both_days(browse: As, handler: Person) -> None:
    shift(handler, start=20)
    page = browse(handler).get(reverse("duty"))
    assert lines(page, 1)[-1] == ("20:00", "24:00", "黄志强")
    assert lines(page, 2)[0] == ("00:00", "08:00", "黄志强")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_who_is_on_duty_now_stands_at_the_top_with_a_number(
    browse: As, handler: Person, language: str
) -> None:
    shift(handler, phone="0755 2890")
    with translation.override(language):
        client = browse(handler)
        client.cookies["django_language"] = language
        html = client.get(reverse("duty")).content.decode()
    assert 'href="tel:07552890"' in html


def test_where_nobody_is_on_duty_it_says_who_takes_the_call(browse: As, operator: Person) -> None:
    district = person("deputy", Role.SUPERVISOR, "district", "区总值班")
    url = f"{reverse('duty')}?unit=lighting-company"
    assert browse(operator).get(url).context["now_on"] == {"shifts": [], "elsewhere": None}
    shift(district)
    page = browse(operator).get(url)
    assert page.context["now_on"]["elsewhere"].code == "district"
    assert "区总值班" in page.content.decode()


@pytest.mark.parametrize(
    "query", ["week=x", "week=0001-01-01", "week=9999-12-31", "week=2026-02-31", "unit=%00", "q=%00", "q=%25"]
)
def test_an_odd_address_is_no_broken_page(browse: As, operator: Person, query: str) -> None:
    assert browse(operator).get(f"{reverse('duty')}?{query}").status_code in (200, 404)


def test_no_such_unit_or_shift(browse: As, supervisor: Person) -> None:
    client = browse(supervisor)
    assert client.get(f"{reverse('duty')}?unit=nobody").status_code == 404
    assert client.get(reverse("duty-change", args=[10**30])).status_code == 404
    assert client.post(reverse("duty-copy"), {"unit": "pinghu", "week": "x"}).status_code == 302


def test_the_week_costs_the_same_for_many_shifts(
    browse: As, handler: Person, head: Person, django_assert_num_queries: Any
) -> None:
    for day in range(-1, 5):
        shift(handler, start=24 * day + 8)
        shift(head, start=24 * day + 20)
    client = browse(handler)
    client.get(reverse("duty"))
    # session, user, memberships, unit, week, on duty, inbox (units, what they were asked, how much),
    # instructions, bell
    with django_assert_num_queries(12):
        client.get(reverse("duty"))


# --- on the case --------------------------------------------------------------------------------


@pytest.fixture
def emergency(db: None) -> Incident:
    """A live wire on the pavement: an emergency, dispatched."""
    case = file_report(urgency="emergency")
    assert case.urgency == "emergency"
    return case


def owner_on_duty(case: Incident, now: datetime) -> Person:
    member = person("night", Role.HANDLER, case.owner_unit_id, "值班员甲")
    member.user.phone = "13900001111"
    member.user.save()
    DutyShift.objects.create(unit_id=member.unit, user=member.user, starts_at=now - HOUR, ends_at=now + HOUR)
    return member


def test_the_desk_sees_whom_to_call_about_an_emergency(
    browse: As, operator: Person, emergency: Incident, now: SetClock
) -> None:
    owner_on_duty(emergency, now.at)
    page = browse(operator).get(reverse("case", args=[emergency.number]))
    assert 'href="tel:13900001111"' in page.content.decode()


def test_others_do_not_see_it_and_other_cases_do_not_ask(
    browse: As, operator: Person, lamp_case: Incident, emergency: Incident, now: SetClock
) -> None:
    member = owner_on_duty(emergency, now.at)
    assert browse(member).get(reverse("case", args=[emergency.number])).context["duty_now"] is None
    assert browse(operator).get(reverse("case", args=[lamp_case.number])).context["duty_now"] is None


def test_what_the_desk_has_still_to_send_has_nobody_to_call(browse: As, operator: Person) -> None:
    case = file_report(urgency="emergency", place=NOWHERE, address="", category=None, text="出事了")
    assert browse(operator).get(reverse("case", args=[case.number])).context["duty_now"] is None
