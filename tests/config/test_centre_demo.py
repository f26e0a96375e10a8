"""The demo's centres: on shift, handing over, sharing, judged; and the same when it runs again."""

from datetime import timedelta
from pathlib import Path

from accounts.models import DutyShift
from config.simulation.centre import run_centres, staff_centres
from config.simulation.people import Staff, prepare_people
from incidents import actions
from incidents.centre.shares import shares_of
from incidents.models import Handover, QualitySample, QueueShare
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, file_report


def test_every_page_of_a_centre_has_something_to_show(db: None, tmp_path: Path) -> None:
    prepare_people(tmp_path / "demo.json")
    desk = Staff().desk(at_night=False)
    for n in range(6):
        case = file_report(place=NOWHERE, category=None, text=f"说不清的事{n}", external_id=f"demo-{n}")
        actions.dispatch(
            number=case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=desk, at=TUESDAY
        )
    at = TUESDAY + timedelta(days=7)
    for _twice in range(2):
        staff_centres(at=at)
        run_centres(at=at)
        told = Handover.objects.filter(unit="operations-centre")
        assert [note.taken_at is None for note in told.order_by("pk")] == [False, False, True]
        assert Handover.objects.filter(unit="buji/operations").count() == 1
        assert len(shares_of("operations-centre", at)) == QueueShare.objects.count() == 2
        assert DutyShift.objects.filter(unit__code__endswith="/operations").count() == 9 * 7
        assert QualitySample.objects.count() == 5
        assert QualitySample.objects.filter(scored_at__isnull=False).count() == 3
