"""The second factor: codes of the standard, good once, closed after too many wrong ones, sealed at rest."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.identity import factors
from accounts.identity.factors import Refused, Verdict
from accounts.identity.where import Where
from accounts.models import RecoveryCode, SecondFactor, SignInEvent, User
from accounts.sealing import unseal
from tests.accounts.identity.conftest import Hours, Phone, with_phone
from tests.cast import Person

HERE = Where("198.51.100.7", "Chrome · Windows")


def check(who: Person, code: str, hours: Hours) -> Verdict:
    return factors.check(user=who.user, code=code, at=hours.now, where=HERE)


def kinds(who: Person) -> list[str]:
    return list(SignInEvent.objects.filter(user=who.user).order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def phone(admin: Person, hours: Hours) -> Phone:
    return with_phone(admin.user, hours)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    # RFC 6238, appendix B: the last six of its eight digits.
    key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = datetime.fromtimestamp(seconds, UTC)
    assert factors._step_of(key, code, at, after=0) == seconds // 30


def test_a_right_code_is_good_once(admin: Person, phone: Phone, hours: Hours) -> None:
    code = phone.code()
    assert check(admin, code, hours) is Verdict.CODE
    assert check(admin, code, hours) is Verdict.WRONG
    assert kinds(admin)[-1] == "wrong_code"


def test_the_code_that_set_it_up_opens_nothing(admin: Person, hours: Hours) -> None:
    offered = factors.offer(admin.user)
    first = pyotp.TOTP(factors.offered_key(admin.user, offered)).at(hours.now)
    factors.set_up(user=admin.user, offered=offered, code=first, at=hours.now, where=HERE)
    assert check(admin, first, hours) is Verdict.WRONG


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [(-2, Verdict.WRONG), (-1, Verdict.CODE), (0, Verdict.CODE), (1, Verdict.CODE), (2, Verdict.WRONG)],
)
def test_a_telephone_may_be_half_a_minute_off(
    admin: Person, phone: Phone, hours: Hours, steps: int, verdict: Verdict
) -> None:
    hours.pass_by(seconds=120)
    assert check(admin, phone.code(steps=steps), hours) is verdict


def test_no_older_code_is_taken_after_a_newer_one(admin: Person, phone: Phone, hours: Hours) -> None:
    older, newer = phone.code(), phone.code(steps=1)
    assert check(admin, newer, hours) is Verdict.CODE
    assert check(admin, older, hours) is Verdict.WRONG


@pytest.mark.parametrize("typed", ["{a} {b}", " {a}{b} ", "{a}-{b}"])
def test_blanks_in_a_code_do_not_matter(admin: Person, phone: Phone, hours: Hours, typed: str) -> None:
    code = phone.code()
    assert check(admin, typed.format(a=code[:3], b=code[3:]), hours) is Verdict.CODE


def test_full_width_digits_are_digits(admin: Person, phone: Phone, hours: Hours) -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in phone.code())
    assert check(admin, wide, hours) is Verdict.CODE


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "x" * 5000, "\x00", "🙂🙂🙂", "000000"])
def test_what_is_no_code_is_wrong(admin: Person, phone: Phone, hours: Hours, typed: str) -> None:
    assert check(admin, typed, hours) is Verdict.WRONG


def test_a_recovery_code_is_good_once(admin: Person, phone: Phone, hours: Hours) -> None:
    assert len(set(phone.codes)) == 10
    assert check(admin, phone.codes[3].upper().replace("-", " "), hours) is Verdict.RECOVERY
    assert check(admin, phone.codes[3], hours) is Verdict.WRONG
    assert factors.codes_left(admin.user) == 9


def test_nobody_comes_in_with_anothers_codes(
    admin: Person, operator: Person, phone: Phone, hours: Hours
) -> None:
    with_phone(operator.user, hours)
    assert check(operator, phone.codes[0], hours) is Verdict.WRONG
    assert check(operator, phone.code(), hours) is Verdict.WRONG


def test_five_wrong_codes_close_it_and_the_right_one_does_not_help(
    admin: Person, phone: Phone, hours: Hours
) -> None:
    verdicts = [check(admin, "000000", hours) for _try in range(5)]
    assert verdicts == [Verdict.WRONG] * 4 + [Verdict.CLOSED]
    assert check(admin, phone.code(), hours) is Verdict.CLOSED
    assert check(admin, phone.codes[0], hours) is Verdict.CLOSED
    assert kinds(admin)[-5:] == ["wrong_code"] * 4 + ["codes_closed"]
    hours.pass_by(minutes=15, seconds=1)
    assert check(admin, phone.code(), hours) is Verdict.CODE


def test_each_time_it_stays_closed_for_twice_as_long(admin: Person, phone: Phone, hours: Hours) -> None:
    for minutes in (15, 30, 60):
        for _try in range(5):
            check(admin, "000000", hours)
        until = factors.closed_until(admin.user, hours.now)
        assert until == hours.now + timedelta(minutes=minutes)
        hours.pass_by(minutes=minutes, seconds=1)
    assert check(admin, phone.code(), hours) is Verdict.CODE
    assert SecondFactor.objects.get(user=admin.user).failures == 0


def test_closed_for_half_a_day_at_most(admin: Person, phone: Phone, hours: Hours) -> None:
    SecondFactor.objects.filter(user=admin.user).update(failures=999_999)
    check(admin, "000000", hours)
    assert factors.closed_until(admin.user, hours.now) == hours.now + timedelta(hours=12)


def test_the_key_is_sealed_at_rest_and_codes_are_digests(admin: Person, phone: Phone) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_sealed FROM accounts_secondfactor")
        sealed = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT string_agg(digest, ' ') FROM accounts_recoverycode")
        digests = cursor.fetchone()[0]
    assert phone.key.encode() not in sealed
    assert unseal(sealed) == phone.key
    assert not any(code in digests or code.replace("-", "") in digests for code in phone.codes)


def test_where_the_key_of_the_installation_is_lost_recovery_codes_still_open(
    admin: Person, phone: Phone, hours: Hours, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CONTACT_KEYS = [Fernet.generate_key().decode()]
    for _try in range(6):  # no fault of theirs: nothing is closed
        assert check(admin, phone.code(), hours) is Verdict.UNREADABLE
    assert phone.code() not in caplog.text
    assert check(admin, phone.codes[0], hours) is Verdict.RECOVERY


def test_an_offer_is_for_one_person_and_for_half_an_hour(
    admin: Person, operator: Person, hours: Hours
) -> None:
    offered = factors.offer(admin.user)
    with pytest.raises(Refused):
        factors.offered_key(operator.user, offered)
    with pytest.raises(Refused):
        factors.offered_key(admin.user, offered[:-4] + "AAA=")
    hours.pass_by(minutes=31)
    with pytest.raises(Refused):
        factors.offered_key(admin.user, offered)


def test_who_has_one_sets_up_no_second(admin: Person, phone: Phone, hours: Hours) -> None:
    offered = factors.offer(admin.user)
    code = pyotp.TOTP(factors.offered_key(admin.user, offered)).at(hours.now)
    with pytest.raises(Refused):
        factors.set_up(user=admin.user, offered=offered, code=code, at=hours.now, where=HERE)


def test_new_recovery_codes_end_the_old_ones(admin: Person, phone: Phone, hours: Hours) -> None:
    verdict, codes = factors.renew_codes(user=admin.user, code=phone.code(), at=hours.now, where=HERE)
    assert verdict is Verdict.CODE
    assert check(admin, phone.codes[0], hours) is Verdict.WRONG
    assert check(admin, codes[0], hours) is Verdict.RECOVERY


def test_a_wrong_code_renews_and_removes_nothing(admin: Person, phone: Phone, hours: Hours) -> None:
    assert factors.renew_codes(user=admin.user, code="000000", at=hours.now, where=HERE)[1] == []
    assert factors.remove(user=admin.user, code="000000", at=hours.now, where=HERE) is Verdict.WRONG
    assert factors.codes_left(admin.user) == 10


def test_a_reset_is_by_somebody_else_with_a_reason(
    admin: Person, operator: Person, phone: Phone, hours: Hours
) -> None:
    def reset(actor: User, reason: str) -> None:
        factors.reset(user=admin.user, actor=actor, reason=reason, at=hours.now, where=HERE)

    with pytest.raises(Refused):
        reset(admin.user, "lost my phone")
    with pytest.raises(Refused):
        reset(operator.user, "  ")
    assert factors.has_one(admin.user)
    reset(operator.user, "phone lost, seen in person")
    assert not factors.has_one(admin.user)
    assert not RecoveryCode.objects.filter(user=admin.user).exists()
    line = SignInEvent.objects.filter(user=admin.user).latest("pk")
    assert (line.kind, line.actor, line.reason) == (
        "factor_reset",
        operator.user,
        "phone lost, seen in person",
    )


def test_who_keeps_the_server_resets_by_command(admin: Person, phone: Phone) -> None:
    call_command("reset_second_factor", "admin", reason="only administrator, phone lost", verbosity=0)
    assert not factors.has_one(admin.user)
    assert SignInEvent.objects.latest("pk").actor is None
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "admin", reason="again", verbosity=0)
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody-at-all", reason="why not", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_one_moment_one_code_lets_one_in(
    transactional_db: None, admin: Person, hours: Hours
) -> None:
    phone = with_phone(admin.user, hours)
    code, at, verdicts, begun = phone.code(), hours.now, [], threading.Barrier(4)

    def show() -> None:
        begun.wait()
        try:
            verdicts.append(factors.check(user=admin.user, code=code, at=at, where=HERE))
        finally:
            connection.close()

    threads = [threading.Thread(target=show) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == [Verdict.CODE, *[Verdict.WRONG] * 3]
