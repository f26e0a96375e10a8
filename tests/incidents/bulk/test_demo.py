"""The demo's files: one taken in, one that waits to be looked at."""

import pytest

from config.simulation.bulk import take_in_files
from incidents.models import BulkImport
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db


def test_the_demo_has_a_file_that_is_in_and_one_before_its_start(operator):
    take_in_files(at=TUESDAY)
    take_in_files(at=TUESDAY)  # a seed that is run again
    waiting, done = BulkImport.objects.order_by("-pk")
    assert (done.state, done.result["refused"]) == ("done", 1)
    assert (waiting.state, waiting.counts["bad"]) == ("ready", 1)
