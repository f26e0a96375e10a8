"""Closed cases as the classifier learns from them: whose each was, in the list's own terms."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import actions
from incidents.history_texts import closed_cases
from incidents.models import Incident
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db


def closed(case: Incident, operator: Person) -> Incident:
    actions.close(
        number=case.number, reason="材料齐全", actor=operator.actor, at=TUESDAY + timedelta(hours=3)
    )
    return reload(case)


def test_a_closed_case_is_its_words_and_its_unit(resolved_case: Incident, operator: Person) -> None:
    case = closed(resolved_case, operator)
    (row,) = closed_cases()
    assert (row.text, row.unit, row.category) == (LAMP_TEXT, "lighting-company", LAMP_CATEGORY)
    assert row.item == case.item_code
    assert row.received_at == case.received_at


def test_open_cases_teach_nothing_yet(resolved_case: Incident, desk_case: Incident) -> None:
    assert closed_cases() == []


def test_erased_words_are_not_learnt_from(resolved_case: Incident, operator: Person) -> None:
    case = closed(resolved_case, operator)
    case.text.erased_at = timezone.now()
    case.text.save(update_fields=["erased_at"])
    assert closed_cases() == []


def test_numbers_of_persons_stay_out(handler: Person, operator: Person) -> None:
    case = file_report(text="路灯不亮,请打13812342207联系我")
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY)
    actions.resolve(
        number=case.number,
        outcome="solved",
        text="已换新",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=2),
    )
    closed(case, operator)
    (row,) = closed_cases()
    assert row.text == "路灯不亮,请打联系我"


def test_reading_them_takes_a_fixed_number_of_statements(
    resolved_case: Incident, operator: Person, django_assert_num_queries: object
) -> None:
    closed(resolved_case, operator)
    with django_assert_num_queries(3):  # type: ignore[operator]
        closed_cases()
