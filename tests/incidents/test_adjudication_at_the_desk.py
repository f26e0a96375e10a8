"""裁定 and the desk: a disputed case that comes there waits for its ruling, and for nothing else."""

from datetime import timedelta

import pytest

from dashboards import rollups
from incidents import actions, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Assignment, Incident, Outcome
from tests.cast import TUESDAY, Person, reload
from tests.incidents.test_adjudication import clocks, disputed_case, due, give_back, ruled
from tests.incidents.test_raising import ROADSIDE_LITTER, breach, cleaner, handling, litter_case, station

__all__ = ("cleaner", "disputed_case", "station")  # fixtures
pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def contested_litter(cleaner: Person) -> Incident:
    """The cleaning company has accepted, and objects."""
    case = litter_case()
    actions.accept(number=case.number, actor=cleaner.actor, at=TUESDAY + 5 * MINUTE)
    actions.raise_objection(
        number=case.number, reason="不归我们", cites="第三条", actor=cleaner.actor, at=TUESDAY + 6 * MINUTE
    )
    return reload(case)


def returned_by_the_unit_above(case: Incident, station: Person, dispatcher: Person) -> Incident:
    """The company is late; the station, which has it then, gives it back."""
    case = breach(case)
    return give_back(case, station, dispatcher, handling(case).started_at + 3 * MINUTE)


def raised_to_the_desk(case: Incident) -> Incident:
    """The company is late, and above it is nobody but the desk."""
    Assignment.objects.filter(incident=case).update(supervising_unit="operations-centre")
    Incident.objects.filter(pk=case.pk).update(level="C")
    return breach(reload(case))


def waits_for_its_ruling(case: Incident) -> bool:
    assert (case.status, case.owner_unit_id) == ("triage", "operations-centre")
    assert (case.triage_codes[0], case.clock_kind, case.due_at) == ("disputed", "adjudication", due(case))
    assert clocks(case) == {"adjudication"}
    return True


def test_a_contested_case_that_is_returned_waits_for_its_ruling(
    contested_litter: Incident, station: Person, dispatcher: Person, operator: Person
) -> None:
    case = returned_by_the_unit_above(contested_litter, station, dispatcher)
    assert waits_for_its_ruling(case)
    assert case.triage_codes == ["disputed", "returned"]
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(
            number=case.number,
            item_code=ROADSIDE_LITTER,
            actor=operator.actor,
            at=case.clock_started_at + HOUR,
        )
    assert refused.value.code == "disputed"


def test_a_contested_case_that_is_raised_to_the_desk_waits_for_its_ruling(contested_litter: Incident) -> None:
    case = raised_to_the_desk(contested_litter)
    assert waits_for_its_ruling(case)
    assert case.triage_codes == ["disputed", "raised"]


def test_the_ruling_sends_it_from_the_desk(contested_litter: Incident, supervisor: Person) -> None:
    case = raised_to_the_desk(contested_litter)
    ruled(case, supervisor, item=ROADSIDE_LITTER, unit="longgang", at=due(case) - MINUTE)
    case = reload(case)
    assert (case.status, case.owner_unit_id, case.triage_codes) == ("handling", "longgang", [])
    assert "handling" in clocks(case)
    assert not {"adjudication", "dispatch"} & clocks(case)


# --- nobody rules, and nobody sweeps ------------------------------------------------------------


def swept(case: Incident, *, late: timedelta) -> Incident:
    """The first sweep after the ruling was due comes so much later."""
    sweeps.catch_up(at=due(case) + late)
    return reload(case)


def test_a_late_sweep_takes_nothing_from_the_fallback_unit(disputed_case: Incident) -> None:
    was_due, late = due(disputed_case), due(disputed_case) + 9 * DAY
    case = swept(disputed_case, late=9 * DAY)
    sent = case.assignments.get(ended_at=None)
    assert (sent.unit_id, sent.sent_at, sent.accepted_at) == ("longgang", late, late)
    assert case.dispatched_at == late
    assert handling(case).started_at == late
    assert not case.outcomes.filter(kind=Outcome.Kind.DUE).exists()
    assert not case.supervisions.exists()
    # but that nobody ruled was so when it was due
    assert case.adjudications.get().ended_at == was_due
    assert case.timeline.get(kind="ruled").at == was_due
    assert [str(one) for one in rollups.differences()] == []


def test_upstreams_deadline_that_passed_unswept_is_not_the_fallback_units(disputed_case: Incident) -> None:
    outside = due(disputed_case) + 3 * DAY
    draft = UpdateDraft(external_id="D-1", kind="deadline", due_at=outside)
    apply_update(report=disputed_case.links.get().report, draft=draft, actor=SYSTEM, at=TUESDAY + 2 * HOUR)
    case = swept(disputed_case, late=9 * DAY)
    assert handling(case).due_at > outside + 6 * DAY
    assert not case.outcomes.filter(kind=Outcome.Kind.DUE).exists()


def test_upstreams_deadline_is_the_fallback_units_where_it_is_ahead(disputed_case: Incident) -> None:
    outside = due(disputed_case) + HOUR
    draft = UpdateDraft(external_id="D-1", kind="deadline", due_at=outside)
    apply_update(report=disputed_case.links.get().report, draft=draft, actor=SYSTEM, at=TUESDAY + 2 * HOUR)
    assert handling(swept(disputed_case, late=MINUTE)).due_at == outside


def test_a_case_that_a_late_sweep_has_raised_is_accepted_after_it_was_sent(
    contested_litter: Incident,
) -> None:
    case = swept(contested_litter, late=9 * DAY)
    assert case.adjudications.get().outcome == "confirmed"
    for sent in case.assignments.filter(accepted_at__isnull=False):
        assert sent.accepted_at is not None
        assert sent.accepted_at >= sent.sent_at
