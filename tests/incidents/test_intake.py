"""From a report to a case with a unit, clocks and reasons."""

import pytest
from django.db import OperationalError, connection
from psycopg2.errors import DeadlockDetected

from config import clock
from dispatch.models import ResponsibilityList
from incidents.intake import Receipt, Refusal, receive, receive_one
from incidents.models import (
    Assignment,
    DecisionRecord,
    Incident,
    OutboxMessage,
    Outcome,
    PendingStage,
    Report,
    Text,
    Timer,
)
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, draft, file_report, reload

pytestmark = pytest.mark.django_db


def test_a_clear_report_is_dispatched_in_the_same_transaction():
    incident = file_report()
    assert (incident.status, incident.owner_unit_id) == ("dispatched", LAMP_UNIT)
    lead = incident.assignments.get(role="lead")
    assert lead.automatic
    assert lead.decision.responsibility_list == ResponsibilityList.objects.live(clock.now()).get()
    assert [line.kind for line in incident.timeline.all()] == ["received", "dispatched"]
    assert {timer.kind for timer in incident.timers.all()} == {"acceptance", "first_contact", "handling"}
    assert PendingStage.objects.filter(incident_id=incident.pk).count() == 3
    assert OutboxMessage.objects.filter(receiver=f"unit:{LAMP_UNIT}").count() == 1
    assert set(incident.outcomes.values_list("kind", flat=True)) == {"received", "dispatched"}


def test_an_unclear_report_waits_on_the_desk_with_its_clock(desk_case):
    assert desk_case.status == "triage"
    assert desk_case.owner_unit_id == "operations-centre"
    assert desk_case.triage_codes
    assert [timer.kind for timer in desk_case.timers.all()] == [Timer.Kind.DISPATCH]
    assert desk_case.due_at is not None


def test_the_same_report_again_is_the_same_case():
    first = receive_one(draft(external_id="A1"), at=TUESDAY)
    again = receive_one(draft(external_id="A1"), at=TUESDAY)
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.created, again.created) == (True, False)
    assert first.incident == again.incident
    assert Report.objects.count() == 1


def test_the_same_id_with_other_words_is_refused():
    receive_one(draft(external_id="A1"), at=TUESDAY)
    other = receive_one(draft(external_id="A1", text="完全不同的一件事"), at=TUESDAY)
    assert isinstance(other, Refusal)
    assert other.code == "conflict"
    assert Report.objects.count() == 1


def test_one_bad_report_does_not_sink_the_rest():
    answers = receive([draft(), draft(category="9999"), draft(place=NOWHERE)], at=TUESDAY)
    assert [type(answer) for answer in answers] == [Receipt, Refusal, Receipt]
    assert Report.objects.count() == 2


@pytest.fixture
def picky():
    """A database that does not take one sentence, for a reason that nobody has thought of."""
    with connection.cursor() as cursor:
        table = Text._meta.db_table
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT picky CHECK (body !~ '杯子')")


def test_a_report_that_the_database_never_takes_is_refused_by_itself(picky, caplog):
    drafts = [draft(text=f"路灯不亮,第 {number} 盏") for number in range(5)]
    drafts[2] = draft(text="杯子碎了", external_id="X1")
    answers = receive(drafts, at=TUESDAY)
    assert [type(answer) for answer in answers] == [Receipt, Receipt, Refusal, Receipt, Receipt]
    assert answers[2].code == "broken"
    assert Report.objects.count() == 4
    assert isinstance(receive_one(drafts[2], at=TUESDAY), Refusal)
    # Whoever runs this reads which rule it was, and nothing of what was said.
    assert "picky" in caplog.text
    assert "杯子" not in caplog.text


def test_a_batch_that_the_database_gave_up_for_another_is_written_again():
    struck = []

    def strike(execute, sql, params, many, context):
        if "EXECUTE" in str(sql) and not struck:
            struck.append(sql)
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(strike):
        answers = receive([draft(), draft(text="垃圾没人清", category=None)], at=TUESDAY)
    assert struck
    assert all(isinstance(one, Receipt) for one in answers)
    assert Report.objects.count() == 2


def test_a_repeat_inside_a_batch_is_one_report():
    answers = receive([draft(external_id="A1"), draft(external_id="A1")], at=TUESDAY)
    assert [answer.created for answer in answers if isinstance(answer, Receipt)] == [True, False]
    assert Report.objects.count() == 1


def test_the_same_words_at_the_same_spot_join_the_open_case():
    first = file_report()
    second = receive_one(draft(), at=TUESDAY)
    assert isinstance(second, Receipt)
    assert second.joined
    assert second.incident == first
    assert reload(first).report_count == 2
    assert Incident.objects.count() == 1
    assert Outcome.objects.filter(kind="received").count() == 1


def test_other_words_nearby_are_a_case_of_their_own():
    file_report()
    second = receive_one(draft(text="路灯一闪一闪的,晃眼睛,睡不着觉"), at=TUESDAY)
    assert isinstance(second, Receipt)
    assert not second.joined


def test_case_numbers_carry_the_districts_day():
    late_evening = TUESDAY.replace(hour=17)  # 01:00 on Wednesday in Shenzhen
    numbers = [file_report(place=NOWHERE, at=late_evening).number for _index in range(3)]
    assert {number[:8] for number in numbers} == {"20260708"}
    serials = [int(number[9:]) for number in numbers]
    assert serials == list(range(serials[0], serials[0] + 3))


def test_the_decision_is_frozen_without_the_words():
    incident = file_report()
    record = DecisionRecord.objects.get(incident=incident)
    assert record.item_code.startswith("0204")
    assert "植物园路公交站往北" not in str(record.detail)
    assert record.detail["candidates"][0]["unit"] == LAMP_UNIT


def test_a_point_outside_the_district_is_taken_in_and_flagged():
    from grids.locate import locate

    incident = file_report(place=locate(lon=113.3, lat=23.1))
    assert incident.status == "triage"
    assert "out_of_area" in incident.triage_codes


def test_nothing_is_left_of_a_batch_that_was_refused_whole():
    receive([draft(category="9999")], at=TUESDAY)
    assert not Report.objects.exists()
    assert not Assignment.objects.exists()
