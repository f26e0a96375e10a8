"""Taking it: whole, by ranges, by pages; once counted, whoever took it and however often it was cut."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from accounts.audit.rows import AuditEvent
from dashboards.datasets import building, usage
from dashboards.datasets.catalogue import AREAS, CATEGORIES, DAILY, EVENTS
from dashboards.models import Download, SnapshotFile
from tests.cast import Person
from tests.dashboards.conftest import sign_in
from tests.dashboards.datasets.built import build, sheet, stored
from tests.dashboards.datasets.conftest import NOON
from tests.dashboards.facts import case

pytestmark = pytest.mark.django_db
FILE = "/api/v1/datasets/categories/files/csv/"
ROWS = "/api/v1/datasets/{}/rows/".format


@pytest.fixture
def reader(client: Client, handler: Person) -> Client:
    return sign_in(client, handler)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_file_whole_by_ranges_and_not_again(reader: Client) -> None:
    (snapshot,) = build(CATEGORIES, at=NOON)
    data = stored(snapshot, "csv")
    whole = reader.get(FILE)
    assert (whole.status_code, body(whole)) == (200, data)
    etag = whole["ETag"]
    assert etag == f'"{hashlib.sha256(data).hexdigest()}"'
    assert whole["Content-Length"] == str(len(data))
    assert whole["X-Schema-Version"] == "1"

    def part(span: str, **headers: str) -> tuple[int, bytes, str]:
        answer = reader.get(FILE, headers={"Range": span, **headers})
        return answer.status_code, body(answer), answer.get("Content-Range", "")

    size = len(data)
    assert part("bytes=10-19") == (206, data[10:20], f"bytes 10-19/{size}")
    assert part("bytes=100-") == (206, data[100:], f"bytes 100-{size - 1}/{size}")
    assert part("bytes=-7") == (206, data[-7:], f"bytes {size - 7}-{size - 1}/{size}")
    assert part("bytes=5-", **{"If-Range": etag})[0] == 206
    # Another file by now: the rest of it would not fit what the caller has.
    assert part("bytes=5-", **{"If-Range": '"another"'}) == (200, data, "")
    assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    for odd in ("bytes=1-2,4-5", "lines=1-2", "bytes=-", "bytes=a-b", "bytes=9-3"):
        assert part(odd)[0] in (200, 416)
    assert reader.get(FILE, headers={"If-None-Match": etag}).status_code == 304
    assert reader.head(FILE)["Content-Length"] == str(size)
    # Parts of what is being taken, the unchanged file and the question how large it is are no downloads.
    taken = Download.objects.all()
    assert {(one.format, one.rows, one.bytes, one.requests) for one in taken} == {("csv", 146, size, 1)}
    assert len([one for one in taken if one.user_id]) == len(taken) < 8


@pytest.mark.parametrize("accel", ["", "/files/"])
def test_whoever_begins_in_the_middle_has_taken_it_once(reader: Client, settings: Any, accel: str) -> None:
    settings.DATASETS_ACCEL = accel
    build(CATEGORIES, at=NOON)
    for span in ("bytes=1-", "bytes=40-99", "bytes=-7"):
        body(reader.get(FILE, headers={"Range": span}))
    told = Download.objects.get()
    assert (told.format, told.rows, told.user_id is not None) == ("csv", 146, True)
    # The other file, the next night's and a slice are takings of their own.
    body(reader.get(FILE.replace("csv", "parquet"), headers={"Range": "bytes=1-"}))
    build(CATEGORIES, at=NOON + timedelta(days=1))
    body(reader.get(FILE + "?domain=02"))
    body(reader.get(FILE, headers={"Range": "bytes=1-"}))
    assert sorted(Download.objects.values_list("format", "domain")) == [
        ("csv", ""), ("csv", ""), ("csv", "02"), ("parquet", ""),
    ]  # fmt: skip
    assert reader.get(FILE, headers={"Range": f"bytes={'9' * 5000}-"}).status_code == 200


def test_a_server_in_front_may_hand_it_out(reader: Client, settings: Any) -> None:
    settings.DATASETS_ACCEL = "/files/"
    build(CATEGORIES, at=NOON)
    answer = reader.get(FILE)
    assert answer["X-Accel-Redirect"] == "/files/" + SnapshotFile.objects.get(format="csv").name
    assert answer.content == b""


def test_pages_follow_one_snapshot_to_its_end(reader: Client, settings: Any) -> None:
    """What is built while somebody reads changes nothing for them, until their snapshot is thrown away."""
    settings.DATASETS_KEPT = 2
    (snapshot,) = build(CATEGORIES, at=NOON)
    address: str | None = ROWS("categories") + "?page_size=60"
    found: list[dict[str, Any]] = []
    pages: list[str] = []
    while address:
        answer = reader.get(address).json()
        found += answer["results"]
        assert answer["snapshot"] == snapshot.pk
        pages.append(address)
        address = answer["next"]
        if len(pages) == 1:
            build(CATEGORIES, at=NOON + timedelta(days=1))
    assert len(pages) == 3
    assert [row["category"] for row in found] == [row["category"] for row in sheet(snapshot)]
    assert set(found[0]) == set(CATEGORIES.names)
    told = Download.objects.get(format="api")
    assert (told.rows, told.requests) == (146, 3)
    build(CATEGORIES, at=NOON + timedelta(days=2))
    gone = reader.get(pages[-1])
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (409, "snapshot_gone")
    # Taken away between the look into the table and the look into the file.
    default_storage.delete(building.newest(CATEGORIES).files.get(format="csv").name)
    gone = reader.get(ROWS("categories"))
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (409, "snapshot_gone")


def test_values_have_their_types(reader: Client) -> None:
    build(AREAS, at=NOON)
    row = reader.get(ROWS("areas") + "?page_size=1").json()["results"][0]
    assert row["area"] == "440307000000"
    assert isinstance(row["lon"], float)
    assert isinstance(row["area_m2"], int)
    assert row["parent"] is None


def test_one_domain_and_from_a_day_on(client: Client, supervisor: Person) -> None:
    for back in range(6):
        for category in ("0204", "0101"):
            case(category_id=category, received_at=NOON - timedelta(days=back))
    build(EVENTS, at=NOON)
    reader = sign_in(client, supervisor)
    only = reader.get(ROWS("events"), {"domain": "02"}).json()["results"]
    assert [row["category"] for row in only] == ["0204"] * 6
    late = reader.get(ROWS("events"), {"from": "2026-07-05", "domain": "01"}).json()["results"]
    assert [row["received_on"] for row in late] == ["2026-07-05", "2026-07-06", "2026-07-07"]
    lines = body(reader.get("/data/events/files/csv/?domain=02")).decode().splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("\ufeffevent,received_on")
    assert Download.objects.get(format="csv").rows == 6
    for wrong, code in (
        ({"domain": "20"}, "unknown"),
        ({"domain": "x"}, "invalid"),
        ({"from": "May"}, "invalid"),
    ):
        answer = reader.get(ROWS("events"), wrong)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert reader.get(ROWS("areas"), {"from": "2026-07-05"}).status_code == 404  # nothing is built of it


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0x", "W10", "Wy0xLDBd", "eyJhIjogMX0", "é" * 40])
def test_a_strange_cursor_is_told(reader: Client, cursor: str) -> None:
    build(CATEGORIES, at=NOON)
    answer = reader.get(ROWS("categories"), {"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


def test_the_catalogue_tells_what_a_program_needs(reader: Client) -> None:
    build(CATEGORIES, DAILY, at=NOON)
    told = {one["code"]: one for one in reader.get("/api/v1/datasets/").json()["results"]}
    assert told["categories"]["yours"] is True
    assert told["events"]["yours"] is False
    assert told["events"]["snapshot"] is None
    one = reader.get("/api/v1/datasets/events/").json()
    fields = {field["name"]: field for field in one["fields"]}
    assert fields["category"]["codes"] == {"dataset": "categories", "field": "category", "values": []}
    assert {value["code"] for value in fields["urgency"]["codes"]["values"]} == {
        "routine",
        "urgent",
        "emergency",
    }
    assert one["versions"] == [1]
    assert [item["code"] for item in reader.get("/api/v1/datasets/?q=146").json()["results"]] == [
        "events",
        "durations",
        "categories",
        "responsibility-items",
    ]
    assert reader.get("/api/v1/datasets/events/?version=2").status_code == 404


def test_an_old_version_says_when_it_ends() -> None:
    from django.http import HttpResponse

    from dashboards.datasets.serving import tell_version

    answer = HttpResponse()
    tell_version(answer, replace(EVENTS, sunset=date(2026, 12, 31)))
    assert answer["Sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"


def test_usage_is_counted_by_receiver(
    reader: Client, client: Client, handler: Person, supervisor: Person
) -> None:
    build(CATEGORIES, at=NOON)
    reader.get(FILE)
    reader.get(FILE)
    sign_in(client, supervisor).get(FILE)
    assert usage.counts(["categories", "events"], NOON) == {
        "categories": {"downloads": 3, "rows": 438, "receivers": 2}
    }
    assert usage.counts(["categories"], NOON + timedelta(days=31)) == {}
    assert building.newest(CATEGORIES).downloads.filter(unit_code=handler.unit).count() == 2


def test_the_audit_log_says_from_where_a_file_was_taken(reader: Client) -> None:
    build(CATEGORIES, at=NOON)
    body(reader.get(FILE, headers={"User-Agent": "Firefox"}, REMOTE_ADDR="203.0.113.7"))
    line = AuditEvent.objects.get(what="dataset", kind=AuditEvent.Kind.EXPORT)
    assert line.address == "203.0.113.7"
