"""Whose number it is, asked and guessed by many at the same moment: no more than one after the other."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from incidents import actions, proving
from incidents.errors import ActionRefused
from incidents.models import Incident, PhoneProof
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "13812342207"


def at_once(steps: Sequence[Callable[[], object]]) -> list[object]:
    """Take the steps in threads of their own; answers what each gave, or the code by which it was refused."""
    given: list[object] = []
    start = threading.Barrier(len(steps))

    def attempt(step: Callable[[], object]) -> None:
        try:
            start.wait()
            given.append(step())
        except ActionRefused as refused:
            given.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_many_who_ask_for_one_number_get_three_codes(lamp_case: Incident) -> None:
    given = at_once([lambda: actions.ask_code(phone=PHONE, language="zh-hans", at=TUESDAY)] * 8)
    assert given.count("too_many") == 8 - proving.AT_ONCE
    assert PhoneProof.objects.count() == proving.AT_ONCE


def test_many_who_guess_have_five_tries_together(lamp_case: Incident) -> None:
    ticket, code = actions.ask_code(phone=PHONE, language="zh-hans", at=TUESDAY)
    wrong = "000000" if code != "000000" else "111111"
    now = timezone.now()
    given = at_once([lambda: proving.try_code(ticket, wrong, now=now)] * 12)
    assert sorted(map(str, given)) == ["False"] * proving.TRIES + ["None"] * (12 - proving.TRIES)
    assert proving.try_code(ticket, code, now=now + timedelta(seconds=1)) is None
