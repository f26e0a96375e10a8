"""Two requests at one moment: still never twice, never lost, never half."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from PIL import Image

from accounts.models import ApiClient
from incidents.models import IdempotencyKey, Incident, IncidentReport, Report
from tests.incidents.api.conftest import Caller, lamp, without

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def all_at_once(call: Callable[[int], int]) -> list[int]:
    """The statuses of several calls that start together, each on a connection of its own."""
    ready = Barrier(AT_ONCE)

    def one(index: int) -> int:
        try:
            ready.wait(timeout=30)
            return call(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(one, range(AT_ONCE)))


@pytest.fixture
def token() -> str:
    return ApiClient.objects.issue(name="12345", source="hotline")[1]


def test_one_report_sent_many_times_at_once_is_one_report(token: str) -> None:
    statuses = all_at_once(lambda _index: Caller(token=token).post("reports/", lamp()).status_code)
    assert statuses == [200] * (AT_ONCE - 1) + [201]
    assert Report.objects.count() == Incident.objects.count() == IncidentReport.objects.count() == 1


def test_one_key_used_many_times_at_once_is_one_report(token: str) -> None:
    body = without(lamp(), "external_id")
    statuses = all_at_once(
        lambda _index: Caller(token=token).post("reports/", body, Idempotency_Key="k-1").status_code
    )
    assert statuses == [200] * (AT_ONCE - 1) + [201]
    assert Report.objects.count() == IdempotencyKey.objects.count() == 1


def test_one_key_for_different_reports_at_once_keeps_one_of_them(token: str) -> None:
    def send(index: int) -> int:
        return Caller(token=token).post("reports/", lamp(f"H-{index}"), Idempotency_Key="k-1").status_code

    assert all_at_once(send) == [201] + [409] * (AT_ONCE - 1)
    assert Report.objects.count() == IdempotencyKey.objects.count() == 1


def test_one_thing_reported_by_many_at_once_is_one_case(token: str) -> None:
    def send(index: int) -> int:
        return Caller(token=token).post("reports/", lamp(f"H-{index}", reporter=None)).status_code

    assert all_at_once(send) == [201] * AT_ONCE
    assert Report.objects.count() == AT_ONCE
    assert Incident.objects.get().report_count == AT_ONCE


def test_one_update_sent_many_times_at_once_counts_once(token: str) -> None:
    report = Caller(token=token).post("reports/", lamp()).json()["report"]
    body = {"external_id": "U-1", "kind": "chase"}
    statuses = all_at_once(
        lambda _index: Caller(token=token).post(f"reports/{report}/updates/", body).status_code
    )
    assert statuses == [200] * (AT_ONCE - 1) + [201]
    assert Incident.objects.get().chased_count == 1


def a_picture(token: str) -> str:
    """The id of a picture that was sent."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8)).save(kept, "PNG")
    kept.seek(0)
    kept.name = "a.png"
    return str(Caller(token=token).upload(kept).json()["id"])


def test_one_picture_named_by_many_reports_at_once_is_of_one(token: str) -> None:
    picture = a_picture(token)

    def send(index: int) -> int:
        return Caller(token=token).post("reports/", lamp(f"H-{index}", attachments=[picture])).status_code

    assert all_at_once(send) == [201] + [400] * (AT_ONCE - 1)
    assert Report.objects.count() == 1


def test_one_report_with_its_picture_sent_many_times_at_once_is_one_report(token: str) -> None:
    body = lamp(attachments=[a_picture(token)])
    statuses = all_at_once(lambda _index: Caller(token=token).post("reports/", body).status_code)
    assert statuses == [200] * (AT_ONCE - 1) + [201]
