"""Mediations in the demo: each stands somewhere else, and a case is resolved with what its file says."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from config.simulation import mediating
from config.simulation.crew import Crew, Habits, Memory
from config.simulation.people import prepare_people
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


def test_whoever_signs_in_as_the_mediator_has_disputes_to_take_on(tmp_path: Path) -> None:
    prepare_people(tmp_path / "demo.json")
    logins = json.loads((tmp_path / "demo.json").read_text())["logins"]
    [unit] = [one["unit"] for one in logins if one["username"] == "mediator"]
    at = TUESDAY + timedelta(hours=5)
    for _time in "12":  # a demo that goes on lays none there twice
        mediating.lay_before_the_mediator(at=at)
        mediating.take_on(at=at)  # and takes none of theirs
    theirs = Incident.objects.filter(owner_unit=unit, category__code__startswith="14").order_by("pk")
    assert [one.status for one in theirs] == ["dispatched", "handling", "handling"]
    [file] = MediationFile.objects.all()
    assert (file.incident, file.state, file.mediator.username) == (theirs[2], "open", "mediator")
    assert file.sessions.count() == 1


def test_what_is_due_is_asked_after_and_some_of_it_waits() -> None:
    for seed, case in enumerate(in_hand(6)):
        play(case, seed)
    settled = MediationFile.objects.filter(state="settled")
    assert settled.count() > 1
    later = TUESDAY + timedelta(days=100)
    assert mediating.ask_after(at=later) == (settled.count() + 1) // 2
    assert settled.filter(follow_ups__isnull=True).exists()
