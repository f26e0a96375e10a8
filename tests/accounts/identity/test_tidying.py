"""What is over is taken away at night, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.identity import tidying
from accounts.models import ApiClient, OldToken, SignInEvent, StaffSession
from accounts.tasks import tidy_sign_ins
from tests.accounts.identity.conftest import Hours, is_in, signed_in
from tests.cast import Person

pytestmark = pytest.mark.django_db
HALF_A_YEAR = timedelta(days=183)


def test_sessions_that_are_over_go_and_those_that_run_stay(operator: Person, hours: Hours) -> None:
    gone = signed_in(operator)
    hours.pass_by(hours=11)
    stays = signed_in(operator)
    hours.pass_by(hours=2)
    assert tidying.tidy(at=hours.now)["sessions"] == 1
    assert [is_in(gone), is_in(stays)] == [False, True]
    assert StaffSession.objects.count() == 2  # told of for a month yet
    hours.pass_by(days=32)
    assert tidying.tidy(at=hours.now)["sign_ins"] == 2
    assert not Session.objects.filter(expire_date__lte=hours.now).exists()


def test_logs_stay_for_half_a_year_and_the_history_for_good(operator: Person, hours: Hours) -> None:
    signed_in(operator)
    AccessAttempt.objects.create(username="x", attempt_time=hours.now, failures_since_start=1)
    for model in (AccessLog, AccessAttempt):
        model.objects.update(attempt_time=hours.now)
    at = hours.now
    lines = SignInEvent.objects.count()
    kept = tidying.tidy(at=at + HALF_A_YEAR)
    assert (kept["accesses"], kept["attempts"]) == (0, 0)
    gone = tidying.tidy(at=at + HALF_A_YEAR + timedelta(seconds=1))
    assert (gone["accesses"], gone["attempts"]) == (1, 1)
    assert SignInEvent.objects.count() == lines


def test_many_go_in_batches(monkeypatch: pytest.MonkeyPatch, hours: Hours) -> None:
    monkeypatch.setattr(tidying, "BATCH", 3)
    Session.objects.bulk_create(
        Session(session_key=f"k{number}", session_data="", expire_date=hours.now) for number in range(8)
    )
    assert tidying.tidy(at=hours.now)["sessions"] == 8


def test_replaced_tokens_go_when_nobody_asks_after_them(hours: Hours) -> None:
    client, _token = ApiClient.objects.issue(name="x", source="hotline")
    OldToken.objects.create(client=client, token_hash="0" * 64, good_until=hours.now - HALF_A_YEAR)
    assert tidying.tidy(at=hours.now)["old_tokens"] == 0
    assert tidying.tidy(at=hours.now + timedelta(days=1))["old_tokens"] == 1


def test_beat_sends_for_it() -> None:
    assert settings.CELERY_BEAT_SCHEDULE[tidy_sign_ins.name]["task"] == "accounts.tidy_sign_ins"
    Session.objects.create(session_key="k", session_data="", expire_date=datetime(2020, 1, 1, tzinfo=UTC))
    assert tidy_sign_ins() == 1
