"""The demo's other doors are open: none of their pages is empty."""

from pathlib import Path

from config.simulation.doors import open_doors
from config.simulation.people import prepare_people
from incidents.models import CouncilMeeting, Incident, Report, UpstreamRequest, UpstreamReview
from incidents.sources import naming
from tests.cast import TUESDAY


def test_every_door_has_something_to_show_and_opens_once(db: None, tmp_path: Path) -> None:
    prepare_people(tmp_path / "demo.json")
    open_doors(at=TUESDAY)
    filed = Report.objects.count()
    assert Incident.objects.filter(upstream_since__isnull=False).exists()
    assert UpstreamReview.objects.filter(answer="sent_back").exists()
    assert UpstreamRequest.objects.filter(answered_at=None).exists()
    assert Report.objects.filter(source="letter_visit").count() == 2
    assert CouncilMeeting.objects.filter(attendance__gt=0).count() == 3
    assert CouncilMeeting.objects.filter(attendance=0).count() == 1  # the next one is planned
    assert naming.unmapped("hotline")
    open_doors(at=TUESDAY)
    assert Report.objects.count() == filed
