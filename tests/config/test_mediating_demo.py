"""Mediations in the demo: each stands somewhere else, and a case is resolved with what its file says."""

import random
from datetime import timedelta

import pytest

from config.simulation import mediating
from config.simulation.crew import Crew, Habits, Memory
from incidents import actions
from incidents.models import Incident, Mediation, MediationFile
from tests.cast import TUESDAY, reload
from tests.config.test_crew import QUIET
from tests.incidents.mediation.conftest import new_dispute

pytestmark = pytest.mark.django_db(transaction=True)


def in_hand(count: int) -> list[Incident]:
    staff = mediating.Staff()
    cases = [new_dispute(joins="", at=TUESDAY + timedelta(minutes=place)) for place in range(count)]
    for case in cases:
        actor = staff.handler(case.owner_unit_id or "")
        actions.accept(number=case.number, actor=actor, at=TUESDAY + timedelta(hours=1))
    return cases


def play(case: Incident, seed: int) -> Incident:
    crew = Crew(random.Random(seed), Habits(**QUIET))
    crew.play(case, Memory(late=False), since=TUESDAY, until=TUESDAY + timedelta(days=40))
    return reload(case)


def test_disputes_in_hand_stand_at_different_steps() -> None:
    in_hand(6)
    assert mediating.take_on(at=TUESDAY + timedelta(hours=5)) == 6
    found = MediationFile.objects.order_by("pk")
    assert [one.state for one in found] == ["open", "settled", "open", "failed", "open", "settled"]
    assert [one.sessions.count() for one in found] == [0, 1, 1, 1, 1, 1]
    assert [one.agreements.count() for one in found] == [0, 1, 0, 0, 1, 1]
    assert mediating.take_on(at=TUESDAY + timedelta(hours=6)) == 0  # a demo that goes on takes none on twice


def test_a_dispute_is_resolved_with_what_its_file_says() -> None:
    cases = in_hand(4)
    mediating.take_on(at=TUESDAY + timedelta(hours=5))
    for seed, case in enumerate(cases):
        done = play(reload(case), seed)
        assert done.closed_at, done.status
        [file] = done.mediation_files.all()
        assert not file.is_open
        told = Mediation.objects.get(incident=done)
        assert (told.kind, told.settled) == (file.kind, file.state == "settled")
    states = set(MediationFile.objects.values_list("state", flat=True))
    assert {"settled", "failed"} <= states


def test_what_is_due_is_asked_after_and_some_of_it_waits() -> None:
    for seed, case in enumerate(in_hand(6)):
        play(case, seed)
    settled = MediationFile.objects.filter(state="settled")
    assert settled.count() > 1
    later = TUESDAY + timedelta(days=100)
    assert mediating.ask_after(at=later) == (settled.count() + 1) // 2
    assert settled.filter(follow_ups__isnull=True).exists()
