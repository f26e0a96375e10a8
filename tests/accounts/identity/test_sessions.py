"""How long a sign-in holds, how many there may be, and how they are ended at once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.identity import sessions
from accounts.identity.rules import NO_ROLE, RULES, STRICTEST, rule_of, strictest_of
from accounts.models import SignInEvent, StaffSession, User
from accounts.roles import Role
from tests.accounts.identity.conftest import Hours, is_in, signed_in, with_phone
from tests.browsers import As
from tests.cast import PASSWORD, Person

POLL = {"X-Requested-With": "poll"}


@pytest.fixture
def strict(settings: Any) -> None:
    """As in production."""
    settings.STRICT_SIGN_IN = True


def endings(who: Person) -> list[str]:
    return list(
        SignInEvent.objects.filter(user=who.user, kind="ended")
        .order_by("pk")
        .values_list("ending", flat=True)
    )


def why_page(client: Client) -> str:
    """What the door says to who is sent back to it."""
    client.get(reverse("notices"))
    return str(client.get(reverse("sign-in")).context["ended"])


# --- the table ------------------------------------------------------------------------------------


def test_every_role_stands_in_the_table() -> None:
    assert set(RULES) >= set(Role.values)


def test_who_keeps_the_installation_or_the_list_needs_a_second_factor() -> None:
    assert RULES[Role.ADMIN].second_factor
    assert RULES[Role.STEWARD].second_factor


def test_of_several_roles_the_strictest_of_each_holds() -> None:
    both = strictest_of(frozenset({Role.HANDLER, Role.ADMIN}))
    assert (both.hours, both.idle_minutes, both.at_once, both.second_factor) == (8, 30, 2, True)


def test_a_role_that_the_table_forgot_is_no_way_around_it() -> None:
    assert strictest_of(frozenset({"new-role"})) == STRICTEST
    assert strictest_of(frozenset()) == NO_ROLE


def test_a_demonstration_asks_for_no_second_factor(admin: Person, settings: Any) -> None:
    settings.STRICT_SIGN_IN = False
    rule = rule_of(admin.user)
    assert (rule.second_factor, rule.at_once, rule.idle_minutes, rule.hours) == (False, 0, 0, 8)


# --- how long -------------------------------------------------------------------------------------


def test_a_sign_in_ends_after_the_hours_of_the_role(operator: Person, admin: Person, hours: Hours) -> None:
    desk, office = signed_in(operator), signed_in(admin)
    hours.pass_by(hours=7, minutes=59)
    assert is_in(desk)
    assert is_in(office)
    hours.pass_by(minutes=2)
    assert is_in(desk)
    assert not is_in(office)
    hours.pass_by(hours=4)
    assert not is_in(desk)


def test_working_makes_it_no_longer(operator: Person, hours: Hours) -> None:
    client = signed_in(operator)
    for _hour in range(12):
        assert is_in(client)
        hours.pass_by(hours=1)
    hours.pass_by(minutes=1)
    assert not is_in(client)


def test_nothing_done_for_too_long_ends_it(supervisor: Person, hours: Hours, strict: None) -> None:
    client = signed_in(supervisor)
    hours.pass_by(minutes=119)
    assert is_in(client)
    hours.pass_by(minutes=119)
    assert is_in(client)
    hours.pass_by(minutes=121)
    assert not is_in(client)
    assert client.get(reverse("sign-in")).context["ended"]
    assert StaffSession.objects.get().ending == "idle"


def test_a_page_that_asks_by_itself_is_nobody_working(supervisor: Person, hours: Hours, strict: None) -> None:
    client = signed_in(supervisor)
    for _quarter in range(8):
        hours.pass_by(minutes=15)
        client.get(reverse("notices-bell"), headers=POLL)
    hours.pass_by(minutes=1)
    answer = client.get(reverse("notices-bell"), headers=POLL)
    assert answer.status_code == 302  # the page then loads itself anew
    assert not is_in(client)
    assert client.get(reverse("sign-in")).context["ended"]


def test_a_script_is_told_in_its_own_words(supervisor: Person, hours: Hours, strict: None) -> None:
    client = signed_in(supervisor)
    hours.pass_by(minutes=121)
    answer = client.get("/api/v1/incidents/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_desk_stays_open_for_its_shift(operator: Person, hours: Hours, strict: None) -> None:
    client = signed_in(operator)
    hours.pass_by(hours=11)
    assert is_in(client)


def test_signed_in_before_there_were_rules(browse: As, operator: Person, hours: Hours) -> None:
    client = browse(operator)
    session = client.session
    del session[sessions.MARK]
    session.save()
    StaffSession.objects.all().delete()
    assert is_in(client)
    assert [row.user for row in StaffSession.objects.all()] == [operator.user]


def test_an_ordinary_page_costs_no_query_more(
    operator: Person, hours: Hours, django_assert_num_queries: Any
) -> None:
    client = signed_in(operator)
    client.get(reverse("my-sign-in"))
    hours.pass_by(seconds=30)
    # session, person, memberships for the page's guard; then what the page itself asks
    with django_assert_num_queries(2):
        client.get(reverse("sign-out"))  # 405: nothing but who it is


# --- how many -------------------------------------------------------------------------------------


def test_one_too_many_ends_the_oldest_and_says_so(operator: Person, hours: Hours, strict: None) -> None:
    browsers = []
    for _each in range(3):
        browsers.append(signed_in(operator))
        hours.pass_by(minutes=1)
    assert [is_in(client) for client in browsers] == [False, True, True]
    assert endings(operator) == ["surplus"]
    assert why_page(browsers[0]) != ""


def test_who_has_gone_counts_no_more(operator: Person, hours: Hours, strict: None) -> None:
    first, second = signed_in(operator), signed_in(operator)
    first.post(reverse("sign-out"))
    third = signed_in(operator)
    assert [is_in(client) for client in (second, third)] == [True, True]
    assert endings(operator) == []


def test_a_shared_sign_in_of_a_demonstration_is_not_ended(operator: Person) -> None:
    browsers = [signed_in(operator) for _each in range(5)]
    assert all(is_in(client) for client in browsers)


# --- ending ---------------------------------------------------------------------------------------


def test_my_sign_ins_are_listed_and_ended(operator: Person, hours: Hours) -> None:
    here = signed_in(operator)
    there = signed_in(operator, agent="Mozilla/5.0 (iPhone; like Mac OS X) Version/17 Safari/604")
    rows = here.get(reverse("my-sign-in")).context["sign_ins"]
    assert [(row.device, row.is_this) for row in rows] == [
        ("Chrome · Windows", True),
        ("Safari · iPhone", False),
    ]
    here.post(reverse("my-sign-in-end"), {"sign_in": rows[1].row.pk})
    assert [is_in(here), is_in(there)] == [True, False]
    assert endings(operator) == ["elsewhere"]


def test_all_others_are_ended_together(operator: Person) -> None:
    here, *others = [signed_in(operator) for _each in range(4)]
    here.post(reverse("my-sign-in-end"), {"sign_in": "others"})
    assert is_in(here)
    assert not any(is_in(client) for client in others)
    here.post(reverse("my-sign-in-end"), {"sign_in": "others"})  # pressed twice
    assert endings(operator) == ["elsewhere"] * 3


@pytest.mark.parametrize("said", ["", "x", "-1", "9" * 40, "１", "0"])
def test_what_names_no_sign_in_ends_none(operator: Person, said: str) -> None:
    here, there = signed_in(operator), signed_in(operator)
    assert here.post(reverse("my-sign-in-end"), {"sign_in": said}).status_code == 302
    assert is_in(there)


def test_nobody_ends_anothers(operator: Person, dispatcher: Person) -> None:
    there, here = signed_in(dispatcher), signed_in(operator)
    theirs = StaffSession.objects.get(user=dispatcher.user)
    here.post(reverse("my-sign-in-end"), {"sign_in": theirs.pk})
    assert is_in(there)


def test_an_administrator_signs_somebody_out_at_once(browse: As, admin: Person, operator: Person) -> None:
    browsers = [signed_in(operator) for _each in range(3)]
    browse(admin).post(reverse("sign-ins-end", args=[operator.user.pk]))
    assert not any(is_in(client) for client in browsers)
    assert browsers[0].get("/api/v1/incidents/").status_code == 401
    told = SignInEvent.objects.filter(user=operator.user, kind="ended")
    assert [event.actor for event in told] == [admin.user] * 3
    assert why_page(browsers[1]) != ""


def test_who_is_switched_off_is_out_at_once(operator: Person) -> None:
    client = signed_in(operator)
    User.objects.filter(pk=operator.user.pk).update(is_active=False)
    assert not is_in(client)


def test_an_administrator_who_ends_their_own_stays_where_they_are(admin: Person, hours: Hours) -> None:
    elsewhere, here = signed_in(admin), signed_in(admin)
    hours.pass_by(minutes=5)  # the request marks its session as seen
    answer = here.post(reverse("sign-ins-end", args=[admin.user.pk]))
    assert (answer.status_code, is_in(here), is_in(elsewhere)) == (302, True, False)


@pytest.mark.parametrize("key", ['"ab\\000cdefghij"', "a b", "A" * 32, "x" * 5_000])
def test_a_cookie_that_is_no_key_is_nobodys_session(db: None, key: str) -> None:
    client = Client()
    client.cookies["sessionid"] = "x"
    client.cookies["sessionid"].set("sessionid", key, key)
    assert client.get(reverse("notices")).status_code == 302


@pytest.mark.parametrize("name", ["sign-ins-end", "sign-ins-unlock", "sign-ins-reset", "sign-ins-of"])
def test_it_is_for_administrators_alone(
    browse: As, operator: Person, supervisor: Person, leader: Person, dispatcher: Person, name: str
) -> None:
    for who in (operator, supervisor, leader):
        client = browse(who)
        assert client.get(reverse("sign-ins")).status_code == 403
        address = reverse(name, args=[dispatcher.user.pk])
        answer = client.get(address) if name == "sign-ins-of" else client.post(address, {"reason": "x"})
        assert answer.status_code == 403


# --- who needs a second factor ----------------------------------------------------------------------


def test_where_the_role_needs_one_nothing_opens_before(admin: Person, strict: None) -> None:
    client = signed_in(admin)
    answer = client.get("/installation/?x=1")
    assert answer["Location"] == reverse("second-factor-set-up") + "?next=%2Finstallation%2F%3Fx%3D1"
    assert client.get("/api/v1/units/").status_code == 403
    assert client.post(reverse("sign-ins-end", args=[admin.user.pk])).status_code == 302
    page = client.get(reverse("second-factor-set-up"))
    assert page.status_code == 200
    # Who does not want to can leave, and is not led round in a circle.
    assert f'action="{reverse("sign-out")}"' in page.content.decode()
    assert f'href="{reverse("my-sign-in")}"' not in page.content.decode().partition("<main")[2]
    assert client.get("/no-such-page/").status_code == 404


def test_the_page_of_the_set_up_does_not_load_itself_again(admin: Person, strict: None) -> None:
    answer = signed_in(admin).get(reverse("notices-bell"), headers=POLL)
    assert answer.status_code == 204


def test_with_one_it_opens(admin: Person, hours: Hours, strict: None) -> None:
    phone = with_phone(admin.user, hours)
    client = signed_in(admin, phone=phone)
    assert client.get("/installation/").status_code == 200


def test_who_becomes_one_while_signed_in_needs_it_at_once(operator: Person, strict: None) -> None:
    client = signed_in(operator)
    assert is_in(client)
    operator.user.memberships.create(unit_id="government-services", role=Role.ADMIN)
    assert not is_in(client)


def test_a_sign_in_from_before_it_was_set_up_is_ended(admin: Person, hours: Hours, strict: None) -> None:
    old = signed_in(admin)
    with_phone(admin.user, hours)
    assert old.get("/installation/", follow=True).request["PATH_INFO"] == reverse("sign-in")


def test_others_go_without(operator: Person, strict: None) -> None:
    assert is_in(signed_in(operator))


# --- what others see ------------------------------------------------------------------------------


def test_a_public_page_is_no_secret_to_caches(client: Client, db: None) -> None:
    session = client.session
    session["draft"] = "words"
    session.save()
    assert "Cookie" not in client.get("/site.webmanifest").get("Vary", "")


def test_the_password_is_never_in_a_session(operator: Person, hours: Hours) -> None:
    with_phone(operator.user, hours)
    client = Client()
    client.post(reverse("sign-in"), {"username": "operator", "password": PASSWORD})
    assert PASSWORD not in str(dict(client.session.items()))


# --- when something about them changes --------------------------------------------------------------


def test_a_reset_of_the_second_factor_ends_every_sign_in(
    browse: As, admin: Person, operator: Person, hours: Hours
) -> None:
    phone = with_phone(operator.user, hours)
    with_the_telephone = signed_in(operator, phone=phone)
    assert is_in(with_the_telephone)
    browse(admin).post(reverse("sign-ins-reset", args=[operator.user.pk]), {"reason": "stolen"})
    assert not is_in(with_the_telephone)
    assert "second factor" in why_page_in_english(with_the_telephone)


def test_removing_it_ends_the_others(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    here = signed_in(operator, phone=phone)
    hours.pass_by(seconds=60)
    there = signed_in(operator, phone=phone)
    hours.pass_by(seconds=60)
    here.post(reverse("second-factor-remove"), {"password": PASSWORD, "code": phone.code()})
    assert [is_in(here), is_in(there)] == [True, False]
    assert endings(operator)[-1] == "factor_gone"


def why_page_in_english(client: Client) -> str:
    client.cookies["django_language"] = "en"
    return why_page(client)


def test_who_becomes_administrator_has_the_sign_in_of_one_from_then_on(
    operator: Person, hours: Hours, strict: None
) -> None:
    phone = with_phone(operator.user, hours)
    client = signed_in(operator, phone=phone)
    hours.pass_by(hours=1)
    assert is_in(client)  # an operator may sit still
    unit = operator.user.memberships.get().unit
    operator.user.memberships.create(unit=unit, role=Role.ADMIN)
    assert is_in(client)
    hours.pass_by(minutes=31)
    assert not is_in(client)
    assert endings(operator) == []  # by itself, not by somebody


def test_and_none_that_would_be_over_by_then(operator: Person, hours: Hours) -> None:
    client = signed_in(operator)
    hours.pass_by(hours=9)
    assert is_in(client)
    operator.user.memberships.update(role=Role.ADMIN)
    client.get(reverse("notices"))  # the last page
    assert not is_in(client)
    assert why_page_in_english(client) == "You were signed out because your roles have changed."
    assert StaffSession.objects.get().ending == "roles"


def test_fewer_roles_give_the_longer_sign_in(operator: Person, hours: Hours) -> None:
    unit = operator.user.memberships.get().unit
    more = operator.user.memberships.create(unit=unit, role=Role.ADMIN)
    client = signed_in(operator)
    hours.pass_by(hours=1)
    more.delete()
    assert is_in(client)
    hours.pass_by(hours=10)
    assert is_in(client)
    hours.pass_by(hours=1)
    assert not is_in(client)
