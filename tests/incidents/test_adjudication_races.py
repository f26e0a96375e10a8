"""Two hands on one dispute, or a hand and the clock: one of them is first, and the other is told so."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from dashboards import rollups
from incidents import actions, adjudicating, sweeps
from incidents.errors import ActionRefused
from incidents.models import Adjudication, Incident, Text
from tests.cast import LAMP_UNIT, TUESDAY, Person, reload

pytestmark = pytest.mark.django_db(transaction=True)
NOON = TUESDAY + timedelta(hours=2)


def objected(case: Incident, handler: Person) -> Adjudication:
    return actions.raise_objection(
        number=case.number, reason="属供电", cites="0204-002", actor=handler.actor, at=NOON
    )


def ruled(case: Incident, by: Person, unit: str, at=NOON + timedelta(hours=1)) -> Adjudication:
    return actions.rule(
        number=case.number, ruling="查明产权", unit_code=unit, item_code="0204-002", actor=by.actor, at=at
    )


def at_once(*steps: Callable[[], object]) -> list[str]:
    """Take the steps in threads of their own; answers the codes of those that were refused."""
    said: list[str] = []
    start = threading.Barrier(len(steps))

    def attempt(step: Callable[[], object]) -> None:
        try:
            start.wait()
            step()
        except ActionRefused as refused:
            said.append(refused.code)
        finally:
            connection.close()

    threads: Sequence[threading.Thread] = [threading.Thread(target=attempt, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_two_objections_at_once_open_one_dispute(accepted_case: Incident, handler: Person) -> None:
    said = at_once(*[lambda: objected(accepted_case, handler)] * 2)
    assert said == ["already_disputed"]
    assert accepted_case.adjudications.count() == 1


def test_the_database_refuses_a_second_open_dispute(accepted_case: Incident, handler: Person) -> None:
    first = objected(accepted_case, handler)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjudication.objects.create(
            incident=accepted_case,
            cause="objection",
            disputed=first.disputed,
            asked_by_unit=first.asked_by_unit,
            reason=Text.objects.create(body="又一次", created_at=NOON),
            opened_at=NOON,
            timer=accepted_case.timers.get(kind="handling"),
        )


def test_two_adjudicators_at_once_make_one_ruling(
    accepted_case: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    objected(accepted_case, handler)
    said = at_once(
        lambda: ruled(accepted_case, supervisor, "power-grid"),
        lambda: ruled(accepted_case, dispatcher, "transport"),
    )
    assert said == ["nothing_disputed"]
    dispute, case = accepted_case.adjudications.get(), reload(accepted_case)
    assert case.owner_unit_id == dispute.unit_id
    assert case.assignments.filter(ended_at=None).count() == 1
    assert [str(one) for one in rollups.differences()] == []


@pytest.mark.parametrize("late", [timedelta(seconds=-1), timedelta()])
def test_the_ruling_and_the_clock_at_once_end_it_once(
    accepted_case: Incident, handler: Person, supervisor: Person, late: timedelta
) -> None:
    due_at = objected(accepted_case, handler).timer.due_at
    said = at_once(
        lambda: ruled(accepted_case, supervisor, "power-grid", due_at + late),
        lambda: sweeps.catch_up(at=due_at),
    )
    sweeps.catch_up(at=due_at)
    dispute, case = accepted_case.adjudications.get(), reload(accepted_case)
    if said:
        assert said == ["nothing_disputed"]
        assert (dispute.outcome, dispute.ruled_by, case.owner_unit_id) == ("confirmed", None, LAMP_UNIT)
    else:
        assert (dispute.outcome, dispute.ruled_by, case.owner_unit_id) == (
            "ruled",
            supervisor.user,
            "power-grid",
        )
    if not late:
        assert said  # at the due time it is too late, whoever comes first
    assert not case.timers.filter(kind="adjudication", stopped_at=None).exists()
    assert case.timeline.filter(kind="ruled").count() == 1
    assert not adjudicating.is_open(case)


def test_resolving_and_ruling_at_once_move_nothing_that_is_done(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    objected(accepted_case, handler)
    later = NOON + timedelta(hours=1)
    said = at_once(
        lambda: ruled(accepted_case, supervisor, "power-grid", later),
        lambda: actions.resolve(
            number=accepted_case.number,
            outcome="solved",
            text="已修",
            attested=True,
            actor=handler.actor,
            at=later,
        ),
    )
    case = reload(accepted_case)
    assert accepted_case.adjudications.get().outcome == "ruled"
    if said:  # the ruling came first, and the case is the other unit's
        assert (said, case.status, case.owner_unit_id) == (["not_allowed"], "handling", "power-grid")
    else:
        assert (case.status, case.owner_unit_id) == ("resolved", LAMP_UNIT)
    assert [str(one) for one in rollups.differences()] == []


def test_two_clicks_propose_one_change(
    accepted_case: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    objected(accepted_case, handler)
    ruled(accepted_case, supervisor, "power-grid")
    later = NOON + timedelta(hours=2)
    said = at_once(
        *(
            lambda by=by: actions.propose_change(number=accepted_case.number, actor=by.actor, at=later)
            for by in (supervisor, dispatcher)
        )
    )
    assert said in (["already_proposed"], ["nothing_ruled"])
    dispute = accepted_case.adjudications.get()
    assert dispute.suggested_list is not None
    assert dispute.suggested_list.items.get(code="0204-002").lead_unit == "power-grid"
    assert accepted_case.timeline.filter(kind="change_proposed").count() == 1
