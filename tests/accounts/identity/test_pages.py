"""My sign-in and its pages: the password's rules, setting up a second factor, its codes and its removal."""

import base64
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.identity import factors
from accounts.models import SignInEvent, StaffSession, User
from accounts.roles import Role
from tests.accounts.identity.conftest import Hours, is_in, signed_in, with_phone
from tests.browsers import As
from tests.cast import PASSWORD, Person, person

NEW = "Lamps-and-2-Rivers"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
    told = {"old": old, "new": new, "again": new if again is None else again}
    return client.post(reverse("password-change"), told)


def offered_by(page: Any) -> tuple[str, str]:
    """What the page sends back, and the key that a telephone reads from it."""
    offered = page.context["offered"]
    return offered, page.context["key"].replace(" ", "")


# --- the password -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["Short-1", "onlysmallletters", "aaaaa-BBBB-1234x", "Qwerty-12-Lamps", "My-12345-lamps", "password1234"],
)
def test_what_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize("password", [NEW, "路灯坏了请来修a1-b2x", "a long sentence needs no signs at all"])
def test_what_is_hard_to_guess_is_taken(password: str) -> None:
    validate_password(password)


def test_not_ones_own_name(operator: Person) -> None:
    user = User(username="operator-liang-jing")
    with pytest.raises(ValidationError):
        validate_password("Operator-Liang-Jing1", user)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_rules_stand_there_before_anything_is_typed(operator: Person, language: str) -> None:
    client = signed_in(operator)
    client.cookies["django_language"] = language
    page = client.get(reverse("password-change"))
    assert len(page.context["rules"]) == 5
    assert "12" in page.content.decode().split('id="password-rules"')[1].split("</ul>")[0]


def test_a_new_password_ends_all_other_sign_ins(operator: Person, hours: Hours) -> None:
    here, there = signed_in(operator), signed_in(operator)
    assert change(here).status_code == 302
    assert [is_in(here), is_in(there)] == [True, False]
    operator.user.refresh_from_db()
    assert operator.user.check_password(NEW)
    assert operator.user.password_changed_at == hours.now
    kinds = set(SignInEvent.objects.filter(user=operator.user).values_list("kind", flat=True))
    assert {"password_changed", "ended"} <= kinds


def test_after_it_this_sign_in_is_still_listed(operator: Person) -> None:
    client = signed_in(operator)
    change(client)
    rows = client.get(reverse("my-sign-in")).context["sign_ins"]
    assert [row.is_this for row in rows] == [True]
    assert StaffSession.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"old": "wrong"}, "old"),
        ({"new": "short"}, "new"),
        ({"new": PASSWORD}, "new"),
        ({"again": "Something-else-1"}, "again"),
        ({"new": ""}, "new"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    operator: Person, told: dict[str, str], field: str
) -> None:
    answer = change(signed_in(operator), **told)
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    operator.user.refresh_from_db()
    assert operator.user.check_password(PASSWORD)


def test_guessing_the_old_one_is_locked_as_at_the_door(operator: Person) -> None:
    client = signed_in(operator)
    answers = [change(client, old="wrong").status_code for _try in range(11)]
    assert answers[-1] == 429


def test_a_password_whose_time_is_up_is_changed_first(operator: Person, settings: Any) -> None:
    settings.PASSWORD_MAX_AGE_DAYS = 90
    User.objects.filter(pk=operator.user.pk).update(
        date_joined=operator.user.date_joined - timedelta(days=91)
    )
    client = signed_in(operator)
    assert client.get("/notices/")["Location"] == reverse("password-change") + "?next=%2Fnotices%2F"
    told = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert client.post(reverse("password-change") + "?next=/notices/", told)["Location"] == "/notices/"
    assert is_in(client)


# --- the second factor ------------------------------------------------------------------------------


def test_setting_up_shows_a_picture_and_the_key(operator: Person) -> None:
    page = signed_in(operator).get(reverse("second-factor-set-up"))
    offered, key = offered_by(page)
    html = page.content.decode()
    assert re.fullmatch(r"[A-Z2-7]{32}", key)
    assert 'src="data:image/svg+xml' in html
    assert key not in offered
    assert "no-store" in page["Cache-Control"]
    assert not factors.has_one(operator.user)


def test_a_page_that_is_loaded_anew_shows_the_same_key(operator: Person) -> None:
    client = signed_in(operator)
    shown = {offered_by(client.get(reverse("second-factor-set-up"))) for _time in range(2)}
    assert len(shown) == 1
    another = signed_in(operator).get(reverse("second-factor-set-up"))
    assert offered_by(another) not in shown


def test_where_the_rules_do_not_hold_nobody_needs_one(admin: Person, client: Client, settings: Any) -> None:
    settings.STRICT_SIGN_IN = False
    security = person("locks", Role.SECURITY, "district")
    client.force_login(security.user)
    page = client.get(reverse("sign-ins-of", args=[admin.user.pk]), headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert page.context["needs_factor"] is False


def test_the_first_right_code_takes_it_into_use(operator: Person, hours: Hours) -> None:
    client, other = signed_in(operator), signed_in(operator)
    offered, key = offered_by(client.get(reverse("second-factor-set-up")))
    told = {"offered": offered, "password": PASSWORD, "code": pyotp.TOTP(key).at(hours.now)}
    page = client.post(reverse("second-factor-set-up"), told)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    codes = page.context["codes"]
    file = base64.b64decode(page.context["file"].partition("base64,")[2]).decode("utf-8-sig")
    assert all(code in file for code in codes)
    assert codes[0] not in client.get(reverse("my-sign-in")).content.decode()
    assert [is_in(client), is_in(other)] == [True, False]
    # Sent twice, it neither fails nor makes a second one.
    assert client.post(reverse("second-factor-set-up"), told).status_code == 302
    assert factors.codes_left(operator.user) == 10


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"password": "wrong"}, "password"),
        ({"code": "000000"}, "code"),
        ({"offered": "x"}, "code"),
        ({"offered": ""}, "code"),
    ],
)
def test_what_is_wrong_in_setting_up_is_named(
    operator: Person, hours: Hours, told: dict[str, str], field: str
) -> None:
    client = signed_in(operator)
    offered, key = offered_by(client.get(reverse("second-factor-set-up")))
    right = {"offered": offered, "password": PASSWORD, "code": pyotp.TOTP(key).at(hours.now)}
    page = client.post(reverse("second-factor-set-up"), right | told)
    assert page.status_code == 400
    assert page.context["form"].errors[field]
    assert not factors.has_one(operator.user)
    # A wrong code leaves the same key on the page: the telephone has it already.
    assert (offered_by(page)[1] == key) is ("offered" not in told)


def test_who_was_sent_to_set_up_goes_on_from_there(admin: Person, hours: Hours, settings: Any) -> None:
    settings.STRICT_SIGN_IN = True
    client = signed_in(admin)
    address = client.get("/installation/")["Location"]
    offered, key = offered_by(client.get(address))
    told = {"offered": offered, "password": PASSWORD, "code": pyotp.TOTP(key).at(hours.now)}
    page = client.post(address, told)
    assert page.context["next"] == "/installation/"
    assert client.get("/installation/").status_code == 200


def test_new_codes_need_both_factors(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = signed_in(operator, phone=phone)
    hours.pass_by(seconds=60)
    address = reverse("second-factor-codes")
    assert client.post(address, {"password": "wrong", "code": phone.code()}).status_code == 400
    assert client.post(address, {"password": PASSWORD, "code": "000000"}).status_code == 400
    page = client.post(address, {"password": PASSWORD, "code": phone.code()})
    assert len(page.context["codes"]) == 10
    assert not set(page.context["codes"]) & set(phone.codes)


def test_removing_needs_both_and_the_role_s_leave(admin: Person, hours: Hours, settings: Any) -> None:
    settings.STRICT_SIGN_IN = True
    phone = with_phone(admin.user, hours)
    client = signed_in(admin, phone=phone)
    hours.pass_by(seconds=60)
    client.post(reverse("second-factor-remove"), {"password": PASSWORD, "code": phone.code()})
    assert not factors.has_one(admin.user)
    assert client.get("/installation/")["Location"].startswith(reverse("second-factor-set-up"))


def test_without_one_there_is_nothing_to_renew_or_remove(operator: Person) -> None:
    client = signed_in(operator)
    for name in ("second-factor-codes", "second-factor-remove"):
        assert client.get(reverse(name))["Location"] == reverse("my-sign-in")
        answer = client.post(reverse(name), {"password": PASSWORD, "code": "000000"})
        assert answer["Location"] == reverse("my-sign-in")


# --- for administrators -----------------------------------------------------------------------------


def test_a_reset_wants_a_reason_and_another_administrator(
    browse: As, admin: Person, operator: Person, hours: Hours
) -> None:
    with_phone(operator.user, hours)
    with_phone(admin.user, hours)
    office = browse(admin)
    session = office.session
    session["sign_in"] = {**session["sign_in"], "factor": "code"}
    session.save()
    assert office.post(reverse("sign-ins-reset", args=[operator.user.pk])).status_code == 400
    own = office.post(reverse("sign-ins-reset", args=[admin.user.pk]), {"reason": "lost"})
    assert own.status_code == 400
    assert factors.has_one(admin.user)
    office.post(reverse("sign-ins-reset", args=[operator.user.pk]), {"reason": "lost, seen in person"})
    assert not factors.has_one(operator.user)
    page = office.get(reverse("sign-ins-of", args=[operator.user.pk])).content.decode()
    assert "lost, seen in person" in page
    # Pressed again: told, and nothing more is written.
    again = office.post(reverse("sign-ins-reset", args=[operator.user.pk]), {"reason": "once more"})
    assert again.status_code == 400
    assert SignInEvent.objects.filter(kind="factor_reset").count() == 1


def test_people_are_found_by_name(browse: As, admin: Person, operator: Person, handler: Person) -> None:
    office = browse(admin)
    rows = office.get(reverse("sign-ins"), {"q": "梁静"}).context["rows"]
    assert [row["user"] for row in rows] == [operator.user]
    for odd in ({"q": "\x00"}, {"q": "x" * 500}, {"page": "x"}, {"page": "99999999999"}, {"q": "%"}):
        assert office.get(reverse("sign-ins"), odd).status_code == 200
    assert office.get(reverse("sign-ins-of", args=[10**12])).status_code == 404


def test_the_list_asks_the_same_whatever_its_length(
    browse: As, admin: Person, operator: Person, handler: Person, django_assert_max_num_queries: Any
) -> None:
    office = browse(admin)
    office.get(reverse("sign-ins"))
    with django_assert_max_num_queries(22):
        office.get(reverse("sign-ins"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_open_in_both_languages(
    browse: As, admin: Person, operator: Person, hours: Hours, language: str
) -> None:
    signed_in(operator)
    phone = with_phone(operator.user, hours)
    client = signed_in(operator, phone=phone)
    office = browse(admin)
    for one in (client, office):
        one.cookies["django_language"] = language
    for name in ("my-sign-in", "password-change", "second-factor-codes", "second-factor-remove"):
        assert client.get(reverse(name)).status_code == 200
    assert office.get(reverse("sign-ins")).status_code == 200
    assert office.get(reverse("sign-ins-of", args=[operator.user.pk])).status_code == 200
    translation.deactivate()
