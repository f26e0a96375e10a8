"""The demo's data sets: their owner finds a request that waits, and everybody something to take."""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import ApiClient
from config.simulation.data import build_data, use_data
from config.simulation.people import prepare_people
from dashboards.datasets import catalogue
from dashboards.models import DataRequest, Download, Snapshot
from tests.cast import TUESDAY, file_report


@pytest.mark.django_db
def test_there_is_something_to_decide_and_something_taken(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    prepare_people(tmp_path / "demo.json")
    file_report()
    for _again in range(2):
        build_data(at=TUESDAY)
        use_data(at=TUESDAY)
    states = DataRequest.objects.order_by("pk").values_list("dataset", "state")
    assert list(states) == [
        ("events", "granted"),
        ("indicators-daily", "granted"),
        ("warnings", "refused"),
        ("durations", "waiting"),
    ]
    assert Snapshot.objects.filter(state="ready").count() == 2 * len(catalogue.ALL)
    assert Download.objects.count() == 6
    assert Download.objects.filter(client__name="区大数据平台（演示）").count() == 2
    # The demo's token opens what is open and what was granted, and is the same after another start.
    token = (tmp_path / "demo.json").read_text()
    prepare_people(tmp_path / "demo.json")
    assert (tmp_path / "demo.json").read_text() == token
    assert ApiClient.objects.get(source="data").scopes == ["data"]
