"""Every line of the timeline is a sentence, in both languages; what came in late says both its times."""

from typing import Any

import pytest
from django.utils import translation

from incidents.actor import SYSTEM
from incidents.models import Incident
from incidents.timeline import Kind, record
from incidents.timeline_words import read
from tests.cast import LAMP_UNIT, TUESDAY

# As actions write them; what is not here needs nothing.
DATA: dict[str, dict[str, Any]] = {
    Kind.ESCALATED: {"clock": "handling", "stage": "esc_head"},
    Kind.WARNED: {"clock": "handling", "stage": "warn_70"},
    Kind.LEVEL_RAISED: {"before": "C", "after": "B", "why": "breach"},
    Kind.EXTENSION_ASKED: {"until": "2026-07-10T10:00:00+00:00"},
    Kind.PAUSED: {"why": "resident", "until": "2026-07-10T10:00:00+00:00"},
    Kind.PAUSE_ENDED: {"end": "answered", "due_at": "2026-07-10T10:00:00+00:00"},
    Kind.COUNTERSIGNED: {"fact": "resolved", "happened_at": "2026-07-07T01:00:00+00:00"},
}


def sentence(case: Incident, kind: Kind, **data: Any) -> str:
    row = record(kind, incident_id=case.pk, at=TUESDAY, actor=SYSTEM, unit=LAMP_UNIT, **data)
    return read([row])[0].words


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_has_a_sentence(lamp_case: Incident, language: str) -> None:
    with translation.override(language):
        for kind in Kind:
            words = sentence(lamp_case, kind, **DATA.get(kind, {}))
            assert words
            assert words != kind
            assert "%" not in words.replace("70%", "")


def test_a_warning_says_its_share(lamp_case: Incident) -> None:
    with translation.override("en"):
        assert "70%" in sentence(lamp_case, Kind.WARNED, clock="handling", stage="warn_70")


def test_an_escalation_says_whom_it_told(lamp_case: Incident) -> None:
    with translation.override("en"):
        told = {
            stage: sentence(lamp_case, Kind.ESCALATED, clock="handling", stage=stage)
            for stage in ("esc_head", "esc_street", "esc_district", "esc_leader")
        }
        assert "head of the unit" in told["esc_head"]
        assert len(set(told.values())) == 4


def test_a_late_entry_says_when_it_happened_and_when_it_was_typed_in(lamp_case: Incident) -> None:
    late = {
        "late": "waiting",
        "happened_at": "2026-07-07T02:12:00+00:00",
        "entered_at": "2026-07-07T02:40:00+00:00",
    }
    with translation.override("en"):
        words = sentence(lamp_case, Kind.CONTACTED, reached=True, **late)
        assert "10:12" in words
        assert "10:40" in words
        assert "countersigned" in words
        at_once = sentence(lamp_case, Kind.CONTACTED, reached=True)
        assert "typed in" not in at_once


def test_an_acceptance_by_telephone_says_so(lamp_case: Incident) -> None:
    with translation.override("en"):
        assert "telephone" in sentence(lamp_case, Kind.ACCEPTED, how="phone")
        assert "telephone" not in sentence(lamp_case, Kind.ACCEPTED, how="explicit")
