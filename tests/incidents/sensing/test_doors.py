"""The doors for alerts: what is answered, to whom, and what is set aside."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connections

from accounts.models import ApiClient
from incidents.models import Alert, AlertEpisode, AlertFeed, AlertSetAside, Incident, IncidentReport
from incidents.sensing import taking
from tests.cast import TUESDAY
from tests.incidents.api.conftest import Caller, tuesday_morning  # noqa: F401
from tests.incidents.sensing import payloads

pytestmark = pytest.mark.django_db(transaction=True)

ALERTMANAGER, CLOUDEVENTS = "alerts/alertmanager/", "alerts/cloudevents/"


@pytest.fixture
def token(rules: None) -> str:
    return ApiClient.objects.issue(name="Prometheus", source="sensor")[1]


@pytest.fixture
def sensors(token: str) -> Caller:
    return Caller(token=token)


def deliver(caller: Caller, body: bytes = payloads.ALERTMANAGER):
    return caller.post_raw(ALERTMANAGER, body, **payloads.ALERTMANAGER_HEADERS)


def send(caller: Caller, body: bytes, content_type: str, **headers: str):
    return caller.post_raw(CLOUDEVENTS, body, content_type, **headers)


def test_alertmanager_delivers_and_delivers_again(sensors, place: Callable):
    place("MH-0017", name="植物园路 17 号井")
    answer = deliver(sensors)
    assert (answer.status_code, answer.json()) == (200, {"taken": 2, "again": 0, "set_aside": 0})
    assert deliver(sensors).json() == {"taken": 2, "again": 2, "set_aside": 0}
    incident = Incident.objects.get()
    assert (incident.source, incident.nature, incident.category_id) == ("sensor", "alert", "0201")
    assert "植物园路 17 号井" in incident.text.body
    alert = Alert.objects.get(device__code="MH-0017")
    assert (alert.repeats, alert.fires, alert.severity) == (1, 1, "critical")
    # The other one was over before it was heard of.
    assert AlertEpisode.objects.get(alert__device__code="L-1").fate == AlertEpisode.Fate.LATE
    assert AlertFeed.objects.get().heard_at == TUESDAY


def test_an_event_in_any_mode_is_one_alert_and_its_id_is_taken_once(sensors, place):
    place("MH-0017")
    binary = {
        key.replace("-", "_"): value
        for key, value in payloads.BINARY_HEADERS.items()
        if key != "content-type"
    }
    answers = [
        send(sensors, payloads.STRUCTURED, "application/cloudevents+json; charset=utf-8"),
        send(sensors, payloads.BINARY, "application/json", **binary),
        send(sensors, b"[" + payloads.STRUCTURED + b"]", "application/cloudevents-batch+json"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.json()["again"] for answer in answers] == [0, 1, 1]
    assert Incident.objects.count() == Alert.objects.count() == 1
    assert Alert.objects.get().labels["region"] == "龙岗"


def test_what_cannot_be_read_is_refused_for_good_and_shown_to_staff(sensors):
    cases = [
        (deliver(sensors, b"{"), "not_json", "body"),
        (deliver(sensors, b'{"version":"3"}'), "unknown_version", "version"),
        (send(sensors, b"{}", "application/cloudevents+json"), "unknown_version", "specversion"),
        (send(sensors, b"{}", "application/json"), "unknown_version", "specversion"),
        (send(sensors, b"{}", "application/cloudevents-batch+json"), "not_an_array", "body"),
    ]
    for answer, code, field in cases:
        told = answer.json()["errors"][0]
        assert (answer.status_code, told["code"], told["field"]) == (400, code, field)
        assert code not in told["detail"]
    # What is kept of it is the same in every language.
    assert all(one.detail.isascii() for one in AlertSetAside.objects.all())
    assert AlertSetAside.objects.count() == len(cases)
    mixed = payloads.alertmanager(payloads.alert(), payloads.alert(status="?"), truncatedAlerts=3)
    assert deliver(sensors, mixed).json() == {"taken": 1, "again": 0, "set_aside": 2}
    assert set(AlertSetAside.objects.values_list("reason", flat=True)) >= {"bad_state", "truncated"}
    batch = json.dumps([json.loads(payloads.STRUCTURED), {"specversion": "1.0"}]).encode()
    answer = send(sensors, batch, "application/cloudevents-batch+json")
    assert answer.json() == {"taken": 1, "again": 0, "set_aside": 1}


def test_only_tokens_of_devices_come_in(rules, hotline, admin):
    video = ApiClient.objects.issue(name="Cameras", source="ai_video")[1]
    reader = ApiClient.objects.issue(name="Reader", source="sensor", scopes=["read"])[1]
    assert deliver(Caller(token=video)).status_code == 200
    assert deliver(Caller(token=hotline[1])).status_code == 403
    assert deliver(Caller(token=reader)).status_code == 403
    assert deliver(Caller(token="nobody")).status_code == 401
    assert deliver(Caller()).status_code == 401


def test_what_may_pass_is_answered_so_that_it_is_sent_again(sensors, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 1
    assert deliver(sensors).status_code == 200
    assert deliver(sensors).status_code == 503  # Alertmanager would give up after a 429
    settings.API_REQUESTS_PER_MINUTE = 0

    def away(*_args):
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(taking, "lock", away)
        assert deliver(sensors).status_code == 503
    assert deliver(sensors).status_code == 200


def test_two_deliveries_of_one_alert_at_one_moment_make_one_case(token, place):
    place("MH-0017")
    at_once = 6
    ready = Barrier(at_once)

    def one(_index: int) -> int:
        try:
            ready.wait(timeout=30)
            return deliver(Caller(token=token)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(at_once) as pool:
        assert list(pool.map(one, range(at_once))) == [200] * at_once
    assert Incident.objects.count() == IncidentReport.objects.count() == 1
    assert Alert.objects.get(device__code="MH-0017").repeats == at_once - 1


def test_devices_below_one_parent_that_report_at_one_moment_over_many_requests_make_one_case(token, place):
    cabinet = place("CAB-1")
    for index in range(6):
        place(f"L-{index}", parent=cabinet)
    ready = Barrier(6)

    def one(index: int) -> int:
        told = payloads.alert(
            labels={"alertname": "LampFault", "kind": "lamp_fault", "device": f"L-{index}"},
            fingerprint=f"f{index}",
        )
        try:
            ready.wait(timeout=30)
            return deliver(Caller(token=token), payloads.alertmanager(told)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == [200] * 6
    assert Incident.objects.count() == 1
    assert Alert.objects.filter(case__devices=6).count() == 6
