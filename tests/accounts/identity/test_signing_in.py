"""In at the door: password, code, recovery code; locks; and what the history says of it."""

import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from cryptography.fernet import Fernet
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.identity import factors
from accounts.identity.where import device_words, masked_address
from accounts.models import SignInEvent
from tests.accounts.identity.conftest import CHROME, Hours, is_in, signed_in, with_phone
from tests.browsers import As
from tests.cast import PASSWORD, Person


def knock(client: Client, who: Person, password: str = PASSWORD, **more: str) -> Any:
    return client.post(reverse("sign-in"), {"username": who.user.username, "password": password, **more})


def history(who: Person) -> list[str]:
    return list(SignInEvent.objects.filter(user=who.user).order_by("pk").values_list("kind", flat=True))


def test_without_a_second_factor_the_password_is_enough(operator: Person) -> None:
    assert is_in(signed_in(operator))
    event = SignInEvent.objects.get(user=operator.user)
    assert (event.kind, event.factor, event.device) == ("signed_in", "password", "Chrome · Windows")
    assert event.address == "127.0.0.1"


def test_with_one_the_password_alone_opens_nothing(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    assert knock(client, operator, next="/notices/")["Location"] == reverse("sign-in-code")
    assert not is_in(client)
    assert client.get("/api/v1/incidents/").status_code == 401
    assert client.get(reverse("my-sign-in")).status_code == 302
    answer = client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert answer["Location"] == "/notices/"
    assert is_in(client)
    assert SignInEvent.objects.filter(user=operator.user).latest("pk").factor == "code"


def test_a_recovery_code_lets_in_and_says_how_many_are_left(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client(headers={"accept-language": "en"})
    knock(client, operator)
    client.post(reverse("sign-in-code") + "?recovery", {"code": phone.codes[0]})
    page = client.get(reverse("notices"))
    assert "9" in " ".join(str(message) for message in page.context["messages"])
    assert SignInEvent.objects.filter(user=operator.user).latest("pk").factor == "recovery"


def test_a_wrong_code_says_so_and_too_many_say_how_long(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    wrong = client.post(reverse("sign-in-code"), {"code": "000000"})
    assert wrong.status_code == 200
    assert wrong.context["form"].errors["code"]
    for _try in range(4):
        shut = client.post(reverse("sign-in-code"), {"code": "000000"})
    assert (shut.status_code, shut["Retry-After"]) == (429, "900")
    assert client.post(reverse("sign-in-code"), {"code": phone.code()}).status_code == 429
    assert not is_in(client)


def test_the_second_step_waits_five_minutes(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    hours.pass_by(minutes=6)
    assert client.post(reverse("sign-in-code"), {"code": phone.code()})["Location"] == reverse("sign-in")
    assert not is_in(client)


def test_the_second_step_needs_the_first(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    assert client.get(reverse("sign-in-code"))["Location"] == reverse("sign-in")
    client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert not is_in(client)


@pytest.mark.parametrize("change", ["password", "switched off"])
def test_the_second_step_is_of_who_they_were(operator: Person, hours: Hours, change: str) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    if change == "password":
        operator.user.set_password("another-Sentence-1")
    operator.user.is_active = change == "password"
    operator.user.save()
    client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert not is_in(client)


def test_the_second_step_leads_nowhere_else(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator, next="https://evil.example/")
    assert client.post(reverse("sign-in-code"), {"code": phone.code()})["Location"] == "/"


def test_coming_in_changes_the_key_of_the_session(operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    client.get(reverse("sign-in"))
    knock(client, operator)
    before = client.cookies["sessionid"].value
    client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert client.cookies["sessionid"].value != before
    stranger = Client()
    stranger.cookies["sessionid"] = before
    assert not is_in(stranger)


# --- locks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_ten_wrong_passwords_lock_and_the_page_says_how_long(
    operator: Person, hours: Hours, language: str
) -> None:
    client = Client()
    client.cookies["django_language"] = language
    answers = [knock(client, operator, "wrong") for _try in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [429]
    hours.pass_by(minutes=20)
    locked = knock(client, operator)  # the right one
    assert (locked.status_code, locked["Retry-After"]) == (429, str(40 * 60))
    assert "40" in locked.content.decode()
    assert "AXES" not in locked.content.decode()
    assert not is_in(client)
    hours.pass_by(minutes=40, seconds=1)  # knocking made the wait no longer
    knock(client, operator)
    assert is_in(client)


def test_a_name_that_nobody_has_is_locked_with_the_same_words(operator: Person, hours: Hours) -> None:
    pages = []
    for name in ("operator", "nobody-at-all"):
        client = Client()
        for _try in range(10):
            answer = client.post(reverse("sign-in"), {"username": name, "password": "wrong"})
        pages.append(re.sub(r'content="\w{64}"', "", answer.content.decode()))
    assert pages[0] == pages[1]


def test_a_lock_is_for_the_address_and_told_once(operator: Person, hours: Hours) -> None:
    client = Client()
    for _try in range(14):
        knock(client, operator, "wrong")
    assert history(operator).count("wrong_password") == 9  # the tenth is told as the lock that it was
    assert history(operator).count("locked_out") == 1
    assert is_in(signed_in(operator, address="203.0.113.9"))


def test_what_nobody_is_called_is_not_kept(db: None) -> None:
    Client().post(reverse("sign-in"), {"username": "my-secret-password", "password": "x"})
    assert not SignInEvent.objects.exists()


def test_an_administrator_unlocks(browse: As, admin: Person, operator: Person, hours: Hours) -> None:
    client = Client()
    for _try in range(10):
        knock(client, operator, "wrong")
    office = browse(admin)
    page = office.get(reverse("sign-ins") + "?locked=1")
    assert [row["user"] for row in page.context["rows"]] == [operator.user]
    office.post(reverse("sign-ins-unlock", args=[operator.user.pk]))
    knock(client, operator)
    assert is_in(client)
    unlocked = SignInEvent.objects.get(kind="unlocked")
    assert (unlocked.user, unlocked.actor) == (operator.user, admin.user)
    assert not AccessAttempt.objects.filter(username="operator").exists()


def test_unlocking_opens_the_codes_too(browse: As, admin: Person, operator: Person, hours: Hours) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    for _try in range(5):
        client.post(reverse("sign-in-code"), {"code": "000000"})
    office = browse(admin)
    rows = office.get(reverse("sign-ins")).context["rows"]
    assert [row["user"] for row in rows if row["is_locked"]] == [operator.user]
    office.post(reverse("sign-ins-unlock", args=[operator.user.pk]))
    assert not any(row["is_locked"] for row in office.get(reverse("sign-ins")).context["rows"])
    client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert is_in(client)


def test_four_wrong_codes_are_forgotten_too(
    browse: As, admin: Person, operator: Person, hours: Hours
) -> None:
    phone = with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    for _try in range(4):
        client.post(reverse("sign-in-code"), {"code": "000000"})
    browse(admin).post(reverse("sign-ins-unlock", args=[operator.user.pk]))
    client.post(reverse("sign-in-code"), {"code": "000000"})
    client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert is_in(client)


def test_a_lost_key_is_said_and_is_no_crash(operator: Person, hours: Hours, settings: Any) -> None:
    phone = with_phone(operator.user, hours)
    client = Client(headers={"accept-language": "en"})
    knock(client, operator)
    settings.CONTACT_KEYS = [Fernet.generate_key().decode()]
    page = client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert page.status_code == 200
    assert "recovery code" in str(page.context["form"].errors["code"])
    client.post(reverse("sign-in-code") + "?recovery", {"code": phone.codes[0]})
    assert is_in(client)


def test_nobody_unlocks_themselves(browse: As, admin: Person, hours: Hours) -> None:
    # With an open browser that is not theirs somebody could guess, unlock, and guess on.
    client = Client()
    for _try in range(10):
        knock(client, admin, "wrong")
    browse(admin).post(reverse("sign-ins-unlock", args=[admin.user.pk]))
    assert AccessAttempt.objects.filter(username="admin").exists()


def test_nothing_of_a_form_is_kept_beside_a_wrong_password(
    browse: As, operator: Person, hours: Hours
) -> None:
    phone = with_phone(operator.user, hours)
    client = browse(operator)
    fresh, code = "a-new-Password-2026", phone.codes[0]
    for _twice in range(2):
        client.post(reverse("password-change"), {"old": "mistyped-Old-1", "new": fresh, "again": fresh})
        client.post(reverse("second-factor-remove"), {"password": "mistyped-Old-1", "code": code})
        client.post(reverse("second-factor-codes"), {"password": "mistyped-Old-1", "code": code})
    assert AccessAttempt.objects.exists()
    kept = str(list(AccessAttempt.objects.values()))
    for secret in (fresh, code, "mistyped-Old-1"):
        assert secret not in kept


# --- the history ----------------------------------------------------------------------------------


def test_who_comes_in_is_told_of_tries_that_failed(operator: Person) -> None:
    client = Client(headers={"accept-language": "en"})
    for _try in range(3):
        knock(client, operator, "wrong")
    knock(client, operator)
    page = client.get(reverse("notices"))
    assert "3" in " ".join(str(message) for message in page.context["messages"])


def test_signing_out_stands_there_too(operator: Person) -> None:
    client = signed_in(operator)
    client.post(reverse("sign-out"))
    assert history(operator) == ["signed_in", "signed_out"]


def test_the_page_has_the_network_and_not_the_machine(operator: Person) -> None:
    client = signed_in(operator, address="198.51.100.77")
    page = client.get(reverse("my-sign-in")).content.decode()
    assert "198.51.100.*" in page
    assert "198.51.100.77" not in page


def test_nobody_sees_anothers_history(operator: Person, dispatcher: Person) -> None:
    signed_in(dispatcher, address="203.0.113.50")
    assert "203.0.113" not in signed_in(operator).get(reverse("my-sign-in")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_history_is_only_added_to(transactional_db: None, operator: Person) -> None:
    signed_in(operator)
    for statement in (
        "UPDATE accounts_signinevent SET kind = 'signed_out'",
        "DELETE FROM accounts_signinevent",
        "TRUNCATE accounts_signinevent",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    SignInEvent.objects.create(user=operator.user, kind="signed_in", at="2026-01-01T00:00:00Z")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_signinevent WHERE at < '2026-01-02'")
        assert cursor.rowcount == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537 Edg/120", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Version/17 Safari/604", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/116 Mobile Safari MicroMessenger/8.0", "WeChat · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; UOS) Firefox/115", "Firefox · UOS"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_device_is_told_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words


@pytest.mark.parametrize(
    ("address", "shown"),
    [("198.51.100.7", "198.51.100.*"), ("2001:db8:1:2::", "2001:0db8:0001:*"), (None, ""), ("x", "")],
)
def test_an_address_is_masked(address: str | None, shown: str) -> None:
    assert masked_address(address) == shown


def test_a_second_factor_is_not_asked_of_an_empty_form(operator: Person, hours: Hours) -> None:
    with_phone(operator.user, hours)
    client = Client()
    knock(client, operator)
    assert client.post(reverse("sign-in-code"), {}).status_code == 200
    assert client.post(reverse("sign-in-code"), {"code": "1" * 5000}).status_code == 200
    assert factors.closed_until(operator.user, hours.now) is None
