"""What stands on each wire, read: the payloads as their senders write them, and what is refused and why."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incidents import sensing
from incidents.models import Alert, AlertRule
from incidents.sensing import alertmanager, cloudevents, topics
from incidents.sensing.matchers import BadMatcher, all_hold, read_lines
from incidents.sensing.meaning import words_for
from incidents.sensing.notice import Malformed, instant
from incidents.sensing.problem_words import problem_words
from incidents.sensing.reading import notice_of
from tests.cast import TUESDAY
from tests.incidents.sensing import payloads


def parse(body: bytes) -> Any:
    return json.loads(body)


def code_of(call, *args, **more) -> str:
    with pytest.raises(Malformed) as caught:
        call(*args, **more)
    return caught.value.code


# --- Alertmanager ---


def test_a_notification_of_alertmanager_is_read_alert_by_alert():
    group = alertmanager.read(parse(payloads.ALERTMANAGER), at=TUESDAY)
    burning, cleared = group.notices
    assert (burning.is_firing, burning.key, burning.kind) == (True, "c4a5c7a8b1f0e6d2", "manhole_tilt")
    assert (burning.device, burning.severity, burning.ended_at) == ("MH-0017", "critical", None)
    # Nanoseconds are cut, Go's zero time is no time.
    assert burning.started_at == datetime(2026, 7, 7, 1, 58, 3, 254781, UTC)
    assert burning.annotations["summary"] == "南联社区井盖倾斜"
    assert burning.url.startswith("http://prometheus:9090/graph?")
    assert (cleared.is_firing, cleared.started_at) == (False, datetime(2026, 7, 7, 1, 30, 0, 100000, UTC))
    assert cleared.ended_at == datetime(2026, 7, 7, 1, 59, 30, 100000, UTC)
    assert (group.origin, group.truncated, group.problems) == ("http://alertmanager:9093", 0, [])


def test_one_alert_that_cannot_be_read_does_not_sink_its_group():
    broken = [
        payloads.alert(status="pending"),
        payloads.alert(startsAt="yesterday"),
        payloads.alert(labels={"device": "x"}),
        payloads.alert(labels=["x"]),
        "nonsense",
    ]
    group = alertmanager.read(json.loads(payloads.alertmanager(*broken, payloads.alert())), at=TUESDAY)
    assert len(group.notices) == 1
    assert [error.code for error, _body in group.problems] == [
        "bad_state",
        "bad_time",
        "no_kind",
        "not_an_object",
        "not_an_object",
    ]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ([], "not_an_object"),
        ({"alerts": []}, "unknown_version"),
        ({"version": "3", "alerts": []}, "unknown_version"),
        ({"version": "4", "alerts": {}}, "no_alerts"),
        ({"version": "4", "alerts": [{}] * (alertmanager.ALERTS_MAX + 1)}, "too_many"),
    ],
)
def test_what_is_no_notification_is_refused(told, code):
    assert code_of(alertmanager.read, told, at=TUESDAY) == code


def test_without_a_fingerprint_the_same_labels_are_the_same_alert():
    def key(**labels: str) -> str:
        told = payloads.alert(labels={"alertname": "x", **labels})
        told.pop("fingerprint")
        return alertmanager.read(json.loads(payloads.alertmanager(told)), at=TUESDAY).notices[0].key

    assert key(a="1", b="2") == key(b="2", a="1") != key(a="1", b="3")


# --- CloudEvents ---


def structured(**more: Any) -> dict[str, Any]:
    return {**json.loads(payloads.STRUCTURED), **more}


def test_one_event_says_the_same_in_every_mode():
    by_body = cloudevents.of_json(parse(payloads.STRUCTURED), parse=parse)
    by_headers = cloudevents.of_headers(
        payloads.BINARY_HEADERS, payloads.BINARY, content_type="application/json", parse=parse
    )
    encoded = structured(data_base64=base64.b64encode(payloads.BINARY).decode())
    encoded.pop("data")
    assert by_body == by_headers == cloudevents.of_json(encoded, parse=parse)
    notice = cloudevents.notice_of_event(by_body, at=TUESDAY)
    assert (notice.key, notice.is_firing, notice.value) == ("MH-0017|manhole_tilt", True, "23.5")
    assert (notice.origin, notice.message_id) == ("https://iot.example.gov.cn/yiwang", "A234-1234-1234")
    assert notice.at == datetime(2026, 7, 7, 1, 58, 3, tzinfo=UTC)
    # What nobody knows of an envelope is kept, unescaped.
    assert notice.labels["region"] == "龙岗"
    assert notice.labels["traceparent"].startswith("00-0af7651916cd")
    assert notice.annotations == {"threshold": "15", "unit": "°"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"specversion": "0.3"}, "unknown_version"),
        ({"id": ""}, "missing"),
        ({"source": 7}, "missing"),
        ({"type": "x" * 201}, "too_long"),
        ({"time": "2026-07-07 02:00"}, "bad_time"),
        ({"Bad-Name": "x"}, "bad_name"),
        ({"data_base64": "e30="}, "two_bodies"),
        ({"data": [1]}, "not_an_object"),
        ({"data": {"device": "x"}}, "no_kind"),
        ({"data": {"kind": "x", "state": "maybe"}}, "bad_state"),
        ({"data": {"kind": "x", "state": "firing", "lon": 114.2}}, "bad_place"),
        ({"data": {"kind": "x", "state": "firing", "lon": 914.2, "lat": 22}}, "bad_place"),
        ({**{f"e{index}": "x" for index in range(30)}}, "too_many"),
    ],
)
def test_what_is_no_event_or_no_alert_is_refused(more, code):
    def read():
        return cloudevents.notice_of_event(cloudevents.of_json(structured(**more), parse=parse), at=TUESDAY)

    assert code_of(read) == code


def test_the_type_says_the_state_and_the_subject_the_device_where_the_data_does_not():
    told = structured(type="com.example.alert.cleared", subject="S-9", data={"kind": "smoke"})
    notice = cloudevents.notice_of_event(cloudevents.of_json(told, parse=parse), at=TUESDAY)
    assert (notice.is_firing, notice.device) == (False, "S-9")


# --- MQTT ---


def published(topic: str, payload: bytes):
    return topics.read(topics.read_topic(topic), payload, at=TUESDAY, parse=parse)


def test_a_topic_says_who_speaks_of_what():
    notice = published(
        "yiwang/v1/lamps/L-1/lamp_fault", b'{"state":"firing","device":"other","fingerprint":"x","value":3}'
    )
    # The broker lets a device publish on its own topic: that is who it is, whatever it says.
    assert (notice.device, notice.kind, notice.key) == ("L-1", "lamp_fault", "L-1|lamp_fault")
    assert (notice.is_firing, notice.value, notice.at) == (True, "3", TUESDAY)


@pytest.mark.parametrize(("word", "burns"), [(b"ON", True), (b"1", True), (b"off", False), (b"0", False)])
def test_a_bare_word_is_enough(word, burns):
    assert published("yiwang/v1/lamps/L-1/lamp_fault", word).is_firing is burns


def test_an_empty_message_only_clears_what_was_retained():
    assert published("yiwang/v1/lamps/L-1/lamp_fault", b"") is None


def test_an_event_may_be_published_too_and_times_may_be_numbers():
    event = published("yiwang/v1/lamps/L-1/lamp_fault", payloads.STRUCTURED)
    assert (event.device, event.message_id, event.channel) == ("L-1", "A234-1234-1234", "mqtt")
    said = published("yiwang/v1/a/b/c", b'{"state":"on","at":1783389483000}')
    assert said.at == datetime(2026, 7, 7, 1, 58, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("yiwang/v2/a/b/c", b"1", "bad_topic"),
        ("yiwang/v1/a/b", b"1", "bad_topic"),
        ("yiwang/v1/a//c", b"1", "bad_topic"),
        ("yiwang/v1/a/b/c", b"x" * (topics.PAYLOAD_MAX + 1), "too_large"),
        ("yiwang/v1/a/b/c", b"[]", "not_an_object"),
        ("yiwang/v1/a/b/c", b"{}", "bad_state"),
    ],
)
def test_what_cannot_be_read_on_a_topic_is_refused(topic, payload, code):
    assert code_of(published, topic, payload) == code


# --- what is shared ---


def test_an_instant_needs_its_offset():
    assert instant("2026-07-07T10:00:00+08:00", where="x") == TUESDAY
    assert code_of(instant, "2026-07-07T10:00:00", where="x") == "bad_time"


def test_matchers_read_as_alertmanagers_do():
    labels = {"kind": "smoke", "severity": "critical"}
    assert all_hold(read_lines('kind = smoke\nseverity =~ "warning|critical"\nteam = ""'), labels)
    assert not all_hold(read_lines("severity =~ crit"), labels)  # the whole value
    assert not all_hold(read_lines("severity !~ crit.*"), labels)
    assert all_hold(read_lines("team != x"), labels)


@pytest.mark.parametrize(
    "line", ["kind", "= x", "kind =~ (", "kind =~ (a+)+b", "kind =~ .*a.*b.*c.*", r"kind =~ (a)\1"]
)
def test_a_pattern_that_could_run_for_ever_is_refused(line):
    with pytest.raises(BadMatcher):
        read_lines(line)


# --- Words ---


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"device": "W-1", "kind": "level", "state": "?"}, "state"),
        ({"device": "W-1", "state": "on"}, "kind"),
        ({"device": "W-1", "kind": "level", "state": "on", "at": "gestern"}, "at"),
        ({"device": "W-1", "kind": "level", "state": "on", "lon": 999, "lat": 1}, "lon"),
    ],
)
def test_what_cannot_be_read_names_its_field(body, field):
    with pytest.raises(Malformed) as caught:
        notice_of(body, channel="mqtt", at=TUESDAY)
    assert caught.value.field == field


def test_every_reason_has_words_of_its_own():
    """Whatever the code says, staff read more than that it cannot be read."""
    raised = set()
    for path in Path(sensing.__file__).parent.glob("*.py"):
        raised |= set(re.findall(r"Malformed\(\s*\"(\w+)\"", path.read_text("utf-8")))
    assert len(raised) > 15
    assert not [code for code in raised if problem_words(code) == problem_words("")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("井盖报警：{name} 井盖移位 {value}{unit}，可能井口敞开", "井盖报警：W-1 井盖移位，可能井口敞开"),
        ("内涝报警：{name} 积水 {value}{unit}，阈值 {threshold}", "内涝报警：W-1 积水"),
        ("液位超限 {value}{unit}：{name}", "液位超限：W-1"),
    ],
)
def test_what_is_not_known_leaves_no_hole_in_the_words(text, said):
    alert = Alert(kind="level", labels={"device": "W-1"})
    assert words_for(alert, AlertRule(text=text)) == said
    alert.value, alert.annotations = "30", {"unit": "cm", "threshold": "25"}
    assert "30cm" in words_for(alert, AlertRule(text=text))
