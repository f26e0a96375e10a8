"""The demo's scores: a month that is final with a revision, and one whose appeal waits; nothing twice."""

from datetime import timedelta

import pytest

from accounts.roles import Role
from config.simulation.scoring import score_months
from dashboards.models import Appeal, ScoringPeriod
from tests.cast import Person, person
from tests.dashboards.facts import case, fact
from tests.dashboards.scoring.months import JULY, JUNE, LAMPS, WATER, work

pytestmark = pytest.mark.django_db


def test_two_months_of_scores(supervisor: Person) -> None:
    now = JULY + timedelta(days=5)
    score_months(at=now)  # nothing was played yet
    assert not ScoringPeriod.objects.filter(status="provisional").exists()
    person("lamps-head", Role.LEADER, "lighting-company", "罗明")
    work(40, late=4, **LAMPS)
    work(40, late=1, **WATER)
    for number in range(3):
        may = {"day": JUNE - timedelta(days=3 + number), "on_time": number > 0}
        incident = case(status="closed", closed_at=JULY, **LAMPS)
        fact(incident, "due", **may)
        fact(incident, "handled", day=may["day"], elapsed=9000, working=3000, first=True)
    for _run in range(2):
        score_months(at=now)
        may_row = ScoringPeriod.objects.get(kind="month", first="2026-05-01")
        june_row = ScoringPeriod.objects.get(kind="month", first=JUNE)
        assert (may_row.status, june_row.status) == ("final", "provisional")
        assert [edition.cause for edition in may_row.editions.order_by("number")] == ["published", "appeal"]
        assert may_row.exclusions.count() == 1
        assert june_row.editions.count() == 1
        [waits] = Appeal.objects.waiting()
        assert waits.period == june_row
