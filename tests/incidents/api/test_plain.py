"""What is plainly right is read quickly; it must never be read differently."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from incidents.api.errors import read_error
from incidents.api.fields import checked
from incidents.api.inputs import ReportInput
from incidents.api.parsers import parse_carefully, parse_json
from incidents.api.plain import PlainReader, checked_quickly
from tests.drawing import examples, lives
from tests.incidents.api.conftest import Caller, lamp


def outcome(read: Callable[[], Any]) -> object:
    """What it answers, or else what it says is wrong."""
    try:
        return ("read", read())
    except Exception as error:
        return ("refused", read_error(error)[:2])


# What people and systems send for a field, rightly and wrongly.
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            *("0204", " 0204", "hotline", "patrol", "routine", "main_road", "complaint", "private", "", "  "),
            *(
                "\u200b",
                "路灯坏了",
                "路灯坏了\n",
                "字" * 5_001,
                "x" * 121,
                "13812342207",
                "１３８１２３４２２０７",
            ),
            *(
                "+86 138 1234 2207 ext 5",
                "王小明",
                "2026-07-07T09:00:00+08:00",
                "2026-07-07",
                "2199-01-01T00:00Z",
            ),
            *("0c7f5c1e-6c1e-4d5e-9b0e-3f8d3d2d9b10", "wgs84", "gcj02"),
        ]
    ),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(
        st.sampled_from(["lon", "lat", "crs", "address", "area", "name", "phone", "深"]),
        st.one_of(
            st.none(), st.text(max_size=5), st.floats(100, 120), st.sampled_from(["wgs84", "138 1234 2207"])
        ),
        max_size=3,
    ),
)
fields = st.sampled_from([*ReportInput().fields, "speling"])


@given(st.dictionaries(fields, values, max_size=4), st.sets(fields, max_size=2))
@lives(300)
@pytest.mark.django_db
def test_a_report_is_read_as_the_serializer_reads_it(given: dict[str, Any], missing: set[str]) -> None:
    row = {name: value for name, value in lamp(**given).items() if name not in missing}
    quick, slow = (outcome(lambda read=read: read(ReportInput, row)) for read in (checked_quickly, checked))
    assert quick == slow


@pytest.mark.django_db
def test_a_plain_report_needs_no_serializer() -> None:
    assert PlainReader(ReportInput()).read(lamp())["text"] == lamp()["text"]


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    documents.map(json.dumps),
    documents.map(lambda told: json.dumps(told, ensure_ascii=False, indent=1)),
    st.sampled_from(
        [
            *('{"a":1,"a":2}', '{"a":{"b":1, "b" :2}}', '{"a":"\\":"}', '{"":":"}', '[{"a":1},{"a":1}]'),
            *(
                '"\\u0000"',
                '{"\\u0000":1}',
                '"\\ud800"',
                '"\\ud83d\\ude00"',
                "NaN",
                "1e999",
                "-1e999",
                "[1,]",
            ),
            *(
                "9223372036854775807",
                "9223372036854775808",
                "[" * 40 + "]" * 40,
                "\ufeff{}",
                "",
                " ",
                '{"a":1',
            ),
            '{"a":1,"\\u0061":2}',
        ]
    ),
)


@given(bodies)
@examples(400)
def test_a_body_is_read_as_the_careful_reader_reads_it(body: str) -> None:
    raw = body.encode("utf-8", "surrogatepass")
    assert repr(outcome(lambda: parse_json(raw))) == repr(outcome(lambda: parse_carefully(raw)))


def asked_by(call: Callable[[], object]) -> list[str]:
    """The statements of a call; without those that are asked once in a while, and once on a connection."""
    with CaptureQueriesContext(connection) as asked:
        call()
    told = [query["sql"] for query in asked]
    return [sql for sql in told if not any(word in sql for word in ("PREPARE", "listterm", "clockrule"))]


def test_a_report_costs_six_statements(hotline_api: Caller) -> None:
    """The token; the transaction's two ends; what came before; the neighbourhood's lock and who is near; the
    rows. The limit is 15."""
    hotline_api.post("reports/", lamp("H-0", location={"lon": 114.2, "lat": 22.7}))
    told = asked_by(lambda: hotline_api.post("reports/", lamp("H-1", text="另一处的路灯也坏了,一闪一闪")))
    assert len(told) == 6, told


def test_a_batch_costs_no_more_statements_than_a_report(hotline_api: Caller) -> None:
    def send(count: int) -> None:
        told = [
            lamp(f"B{count}-{index}", text=f"第{index * 7919}号灯杆倒了", category=None, location=None)
            for index in range(count)
        ]
        assert hotline_api.post("reports/batch/", told).status_code == 200

    hotline_api.post("reports/", lamp("H-0", location={"lon": 114.2, "lat": 22.7}))
    assert len(asked_by(lambda: send(3))) <= len(asked_by(lambda: send(30))) <= 6
