"""One clock whose stages lie in the wrong order delays nobody: a sweep goes on with all the others."""

from datetime import timedelta

import pytest

from incidents import sweeps
from incidents.models import FiredStage, Timer
from tests.cast import TUESDAY, file_report

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_clock_in_disorder_does_not_stop_the_sweep() -> None:
    odd, other = file_report(), file_report(text="村口的路灯杆歪了,快要倒下来")
    clock = Timer.objects.get(incident=odd, kind=Timer.Kind.HANDLING)
    # Its next stage, and after it one that should have come long before anything of anybody's.
    clock.stage_times[1] = TUESDAY - timedelta(days=1)
    clock.save(update_fields=["stage_times"])
    sweeps.catch_up(at=clock.stage_times[0] + timedelta(days=60))
    fired = FiredStage.objects.filter(timer__incident=other, timer__kind=Timer.Kind.HANDLING)
    assert list(fired.values_list("stage", flat=True)) == clock.stage_names
    assert FiredStage.objects.filter(timer=clock).count() == len(clock.stage_names)
