"""An action settles its case first: what is due is fired before it, whatever sweeps hold meanwhile."""

import threading
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection

from incidents import actions
from incidents.models import FiredStage, Incident, PendingStage, Timer
from tests.cast import Person

pytestmark = pytest.mark.django_db(transaction=True)
HELD_SECONDS = 0.7


def test_a_stage_that_a_sweep_holds_for_a_moment_is_not_lost_to_the_action(
    lamp_case: Incident, handler: Person
) -> None:
    # A sweep that claimed the row and then passed it over keeps it locked until its transaction ends.
    # An action that skipped it as well would stop the clock with a due stage unfired, for ever.
    clock = Timer.objects.get(incident=lamp_case, kind=Timer.Kind.ACCEPTANCE)
    pending = PendingStage.objects.get(timer=clock)
    database = connection.settings_dict
    with closing(
        psycopg2.connect(host=database["HOST"], user=database["USER"], dbname=database["NAME"])
    ) as sweep:
        sweep.cursor().execute(
            "SELECT id FROM incidents_pendingstage WHERE id = %s FOR UPDATE SKIP LOCKED", [pending.pk]
        )
        lets_go = threading.Timer(HELD_SECONDS, sweep.rollback)
        lets_go.start()
        actions.accept(
            number=lamp_case.number, actor=handler.actor, at=clock.stage_times[0] + timedelta(minutes=1)
        )
        lets_go.join()
    fired = FiredStage.objects.filter(timer=clock).values_list("stage", "due_at")
    assert list(fired) == [(clock.stage_names[0], clock.stage_times[0])]
    assert not PendingStage.objects.filter(timer=clock).exists()
