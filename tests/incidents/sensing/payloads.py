# ruff: noqa: E501
"""Payloads byte for byte as their senders write them, headers included."""

import json
from typing import Any

# Alertmanager 0.27 (notify/webhook): the body of a group with one alert that burns and one that cleared.
ALERTMANAGER_HEADERS = {"User-Agent": "Alertmanager/0.27.0"}
ALERTMANAGER = b"""{"receiver":"yiwang","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"\
ManholeTilt","device":"MH-0017","kind":"manhole_tilt","job":"iot-gateway","severity":"critical"},"annotations":{\
"description":"tilt 23.5 degrees for 30s","summary":"\xe5\x8d\x97\xe8\x81\x94\xe7\xa4\xbe\xe5\x8c\xba\xe4\xba\x95\
\xe7\x9b\x96\xe5\x80\xbe\xe6\x96\x9c"},"startsAt":"2026-07-07T01:58:03.254781936Z","endsAt":"0001-01-01T00:00:00Z",\
"generatorURL":"http://prometheus:9090/graph?g0.expr=tilt_degrees+%3E+15\\u0026g0.tab=1","fingerprint":\
"c4a5c7a8b1f0e6d2"},{"status":"resolved","labels":{"alertname":"LampFault","device":"L-1","kind":"lamp_fault",\
"severity":"warning"},"annotations":{},"startsAt":"2026-07-07T01:30:00.1Z","endsAt":"2026-07-07T01:59:30.1Z",\
"generatorURL":"http://prometheus:9090/graph?g0.expr=lamp_ok+%3D%3D+0\\u0026g0.tab=1","fingerprint":\
"9f0e1d2c3b4a5968"}],"groupLabels":{"area":"longgang"},"commonLabels":{"area":"longgang"},"commonAnnotations":{},\
"externalURL":"http://alertmanager:9093","version":"4","groupKey":"{}:{area=\\"longgang\\"}","truncatedAlerts":0}
"""

# cloudevents 2.2.0 (to_structured_event and to_binary_event), as it wrote them.
_EVENT_DATA = (
    b'{"device": "MH-0017", "kind": "manhole_tilt", "state": "firing", "value": 23.5, "threshold": 15, '
    b'"unit": "\\u00b0"}'
)
STRUCTURED_HEADERS = {"content-type": "application/cloudevents+json"}
STRUCTURED = (
    b'{"id": "A234-1234-1234", "source": "https://iot.example.gov.cn/yiwang", "type": '
    b'"cn.yiwang.alert.firing", "specversion": "1.0", "time": "2026-07-07T01:58:03Z", "subject": "MH-0017", '
    b'"datacontenttype": "application/json", "traceparent": '
    b'"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "region": "\\u9f99\\u5c97", "data": '
    + _EVENT_DATA
    + b"}"
)
BINARY_HEADERS = {
    "ce-id": "A234-1234-1234",
    "ce-source": "https://iot.example.gov.cn/yiwang",
    "ce-type": "cn.yiwang.alert.firing",
    "ce-specversion": "1.0",
    "ce-time": "2026-07-07T01:58:03Z",
    "ce-subject": "MH-0017",
    "content-type": "application/json",
    "ce-traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "ce-region": "%E9%BE%99%E5%B2%97",
}
BINARY = _EVENT_DATA


def alertmanager(*alerts: dict[str, Any], **more: Any) -> bytes:
    """A notification of these alerts."""
    told = {**json.loads(ALERTMANAGER), "alerts": list(alerts), **more}
    return json.dumps(told).encode()


def alert(**more: Any) -> dict[str, Any]:
    """The first alert of the notification above, or what is said instead."""
    first: dict[str, Any] = json.loads(ALERTMANAGER)["alerts"][0]
    return {**first, **more}
