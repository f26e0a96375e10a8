"""Whatever becomes of the rules, the categories and the cases: each goes when its time is over, and once."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from incidents import actions
from incidents.intake import Reporter
from incidents.models import Contact, Incident
from incidents.privacy import ageing
from tests.cast import Person, file_report, reload
from tests.incidents.privacy.conftest import LATER, NAME, PHONE, YEARS, close, names_them, over

pytestmark = pytest.mark.django_db


def sweep(at: Any = YEARS) -> int:
    """As the worker does."""
    reached: ageing.Reached = {}
    total = 0
    while done := ageing.step(at=at, limit=2, reached=reached):
        total += done
    return total


def is_forgotten(case: Incident) -> bool:
    return case.timeline.filter(kind="forgotten").exists()


def test_a_case_that_a_rule_kept_goes_when_the_rule_is_there_no_more(operator: Person, settings: Any) -> None:
    settings.RETENTION_BY_CATEGORY = {"02": 0}
    kept = over(operator)
    enquiry = close(file_report(category=None, text="请问办居住证要带什么材料?", nature="enquiry"))
    sweep()
    assert (is_forgotten(kept), is_forgotten(enquiry)) == (False, True)
    settings.RETENTION_BY_CATEGORY = {}
    assert sweep() == 1
    assert is_forgotten(kept)
    assert reload(kept).forgotten_at == YEARS
    assert Contact.objects.filter(erased_at__isnull=True, name_sealed__gt=b"").count() == 0


def test_one_whose_category_is_put_right_falls_under_the_other_rule(operator: Person, settings: Any) -> None:
    settings.RETENTION_BY_CATEGORY = {"02": 0}
    kept = over(operator)
    sweep()
    Incident.objects.filter(pk=kept.pk).update(category="0401")
    sweep()
    assert is_forgotten(kept)


def test_one_that_was_reopened_and_closed_again_goes_again(operator: Person, resolved_case: Incident) -> None:
    case = actions.close(number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=LATER)
    sweep()
    assert reload(case).forgotten_at == YEARS
    actions.reopen(number=case.number, reason="又坏了", actor=operator.actor, at=YEARS)
    assert reload(case).forgotten_at is None
    actions.note(number=case.number, text=f"{NAME}又打来,{PHONE}", actor=operator.actor, at=YEARS)
    Incident.objects.filter(pk=case.pk).update(
        status="closed", closed_at=YEARS, resolved_at=YEARS, due_at=None, clock_kind=""
    )
    assert sweep(YEARS + timedelta(days=2)) == 0  # not yet
    assert sweep(YEARS + timedelta(days=4 * 366)) == 1
    assert case.timeline.filter(kind="forgotten").count() == 2


def test_each_goes_once(operator: Person) -> None:
    cases = [close(file_report()) for _number in range(5)]
    assert sweep() == 5
    assert sweep() == 0
    assert all(case.timeline.filter(kind="forgotten").count() == 1 for case in cases)


def test_one_that_no_key_opens_holds_nobody_else_up(
    operator: Person, caplog: pytest.LogCaptureFixture
) -> None:
    locked = close(file_report(reporter=Reporter(name=NAME, phone=PHONE)))
    strange = Fernet(Fernet.generate_key()).encrypt(b"x")
    Contact.objects.filter(reports__links__incident=locked).update(name_sealed=strange)
    others = [close(file_report()) for _number in range(3)]
    sweep()
    assert all(is_forgotten(case) for case in others)
    assert not is_forgotten(locked)
    assert reload(locked).forgotten_at is None
    assert str(locked.pk) in caplog.text
    assert names_them(caplog.text) == []


def test_what_is_kept_for_longer_is_passed_once_in_a_sweep(operator: Person, settings: Any) -> None:
    settings.RETENTION_BY_CATEGORY = {"15": 6}
    for _number in range(4):
        close(file_report())
    reached: ageing.Reached = {}
    ageing.step(at=YEARS, limit=2, reached=reached)
    # The rule that nothing falls under is at its end, and says so.
    assert reached["15"][0] > LATER


def test_the_sweep_reads_what_is_over_and_whole_by_its_index(operator: Person) -> None:
    over(operator)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM incidents_incident WHERE closed_at < now() AND forgotten_at IS NULL"
            " AND status IN ('closed', 'rejected') ORDER BY closed_at, id LIMIT 100"
        )
        assert "incident_to_forget" in str(cursor.fetchall())
