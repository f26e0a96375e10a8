"""The doctor tells of a log that was tampered with, of a seal that lags, and of one that nobody checks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit.verifying import keep, verify
from config.doctor import Level
from config.doctor.audit import audit_log
from config.doctor.examining import examine
from tests.accounts.audit.conftest import seal_all, write

pytestmark = pytest.mark.django_db(transaction=True)


def level(after: timedelta = timedelta(0)) -> Level:
    (found,) = audit_log(now=timezone.now() + after)
    assert bool(found.advice) == (found.level > Level.GOOD)
    return found.level


def test_what_there_is_to_say_of_the_log(behind_the_guards: Callable[..., int]) -> None:
    assert level() == Level.GOOD  # nothing has happened yet
    write(3)
    assert level() == Level.GOOD
    assert level(timedelta(minutes=11)) == Level.WARNING
    seal_all()
    assert level() == Level.GOOD
    assert level(timedelta(hours=51)) == Level.WARNING  # never looked through
    now = timezone.now()
    keep(verify(at=now), at=now)
    assert level() == Level.GOOD
    assert level(timedelta(hours=51)) == Level.WARNING
    behind_the_guards("UPDATE accounts_auditevent SET who = 'somebody' WHERE seq = 1")
    keep(verify(at=now), at=now)
    assert level() == Level.PROBLEM
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq = 3")
    assert level() == Level.PROBLEM


def test_it_is_among_what_the_doctor_looks_at() -> None:
    assert "audit-log" in [finding.check for finding in examine()]
