"""The pages of a file of reports, and the same for programs."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import clock
from incidents.bulk import imports, lines, sample, taking, working
from incidents.bulk.imports import Sender
from incidents.models import BulkImport, Incident, Report
from tests.cast import TUESDAY
from tests.incidents.bulk.sheets import HEAD, as_csv, checked, row, taken, work

pytestmark = pytest.mark.django_db
NOW = TUESDAY + timedelta(minutes=5)
BAD_PHONE = {"联系电话": "1.38E+10"}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def url(name: str, bulk: BulkImport, *more: str) -> str:
    return reverse(name, args=[bulk.pk, *more])


def send(client, data: bytes, **more: str):
    file = SimpleUploadedFile("工单.csv", data)
    return client.post(reverse("bulk-imports"), {"source": "hotline", "file": file, **more}, follow=True)


def test_from_the_upload_to_the_end_without_javascript(client, operator):
    client.force_login(operator.user)
    assert "bulk-imports" in client.get(reverse("bulk-imports")).resolver_match.view_name
    page = send(client, as_csv([row("SZ1"), row("SZ2", **BAD_PHONE)]))
    bulk = BulkImport.objects.get()
    assert page.redirect_chain[-1][0] == url("bulk-columns", bulk)
    chosen = {name: field.initial for name, field in page.context["form"].fields.items()}
    initial = {name: page.context["form"].initial.get(name, "") for name in chosen}
    assert initial["column_4"] == "text"
    said = {name: value for name, value in initial.items() if value not in (None, False)}
    page = client.post(url("bulk-columns", bulk), said, follow=True)
    assert page.templates[0].name == "incidents/bulk/progress.html"
    work(NOW)
    page = client.get(url("bulk-import", bulk))
    first, second = page.context["rows"]
    assert first["row"].decision.is_dispatched
    assert (first["row"].reporter, first["row"].phone) == ("王小明", "13800002207")
    assert second["problems"]
    assert not Report.objects.exists()
    client.post(url("bulk-act", bulk, "start"))
    client.post(url("bulk-act", bulk, "start"))  # a double click is refused in words
    work(NOW)
    page = client.get(url("bulk-import", bulk))
    assert [count for _state, _words, count in page.context["result"]] == [1, 1]
    assert client.post(url("bulk-act", bulk, "forget")).status_code == 302
    assert client.get(url("bulk-refused", bulk, "csv")).status_code == 404


def test_a_preview_names_the_case_that_is_there_and_the_one_that_would_be_joined(client, operator):
    taken(as_csv([row("SZ1")]), operator, at=NOW - timedelta(minutes=3))
    bulk = checked(as_csv([row("SZ1"), row("SZ2")]), operator, at=NOW)
    client.force_login(operator.user)
    known, alike = (one["row"] for one in client.get(url("bulk-import", bulk)).context["rows"])
    case = Incident.objects.get()
    assert (known.there, known.joins) == (case, None)
    assert (alike.there, alike.joins.number) == (None, case.number)


def test_the_bar_is_not_sent_again_while_it_stands(client, operator):
    client.force_login(operator.user)
    bulk = checked(as_csv([row("SZ1")]), operator, at=NOW)
    assert client.get(url("bulk-progress", bulk)).status_code == 302
    imports.start(bulk=bulk, by=Sender(operator.user), at=NOW)
    answer = client.get(url("bulk-progress", bulk))
    again = client.get(url("bulk-progress", bulk), headers={"If-None-Match": answer["ETag"]})
    assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")


def test_whether_somebody_works_on_it_is_told_by_the_lock_and_not_by_patience(client, operator):
    client.force_login(operator.user)
    bulk, other = (checked(as_csv([row(number)]), operator, at=NOW) for number in ("SZ1", "SZ2"))
    imports.start(bulk=bulk, by=Sender(operator.user), at=NOW - timedelta(minutes=3))

    def told() -> tuple[bool, bool]:
        context = client.get(url("bulk-progress", bulk)).context
        return context["is_stalled"], context["is_behind"]

    assert told() == (True, False)
    with working._held(working._PART_LOCK, bulk.parts.get().pk):
        assert told() == (False, False)
    with working._held(working._PART_LOCK, other.parts.get().pk):
        assert told() == (False, True)
    assert told() == (True, False)
    BulkImport.objects.filter(pk=bulk.pk).update(started_at=NOW)
    assert told() == (False, False)  # a moment ago: wait for it


def test_the_bar_moves_within_a_part(client, operator, monkeypatch):
    monkeypatch.setattr(taking, "BATCH", 2)
    bulk = checked(as_csv([row(f"SZ{n}") for n in range(5)]), operator, at=NOW)
    imports.start(bulk=bulk, by=Sender(operator.user), at=NOW)
    with CaptureQueriesContext(connection) as asked:
        work(NOW)
    told = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "incidents_bulkpart" SET "result"')]
    assert len(told) == 2
    bulk.refresh_from_db()
    assert sum(bulk.result.values()) == Report.objects.count() == 5
    # As the page reads it while the part is in hand.
    BulkImport.objects.update(state=BulkImport.State.RUNNING)
    bulk.parts.update(done_at=None, result={"dispatched": 1, "joined": 3})
    bulk.refresh_from_db()
    assert imports.lines_done(bulk) == 4


def test_refused_rows_come_back_with_what_is_to_be_mended_and_go_in_when_it_is(client, operator):
    client.force_login(operator.user)
    rows = [row("SZ1"), row("SZ2", 地址="=HYPERLINK(1)", **BAD_PHONE), row("SZ3", 诉求类型="@其他")]
    bulk = taken(as_csv(rows), operator, at=NOW)
    told = b"".join(client.get(url("bulk-refused", bulk, "csv")).streaming_content).decode("utf-8-sig")
    head, *refused = csv.reader(io.StringIO(told))
    assert head[: len(HEAD)] == list(HEAD)
    assert [(one[0], one[len(HEAD)], one[-2]) for one in refused] == [
        ("SZ2", "3", "cut_number"),
        ("SZ3", "4", "unknown_word"),
    ]
    # Nothing in it runs in a spreadsheet.
    cells = [cell for one in refused for cell in one]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    answer = client.get(url("bulk-refused", bulk, "xlsx"))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    values = [cell for line in book.worksheets[0].iter_rows() for cell in line if cell.value]
    assert not [cell for cell in values if cell.data_type == "f"]
    assert "=HYPERLINK(1)" in [cell.value for cell in values]
    mended = [[*one] for one in refused]
    mended[0][3], mended[1][5] = "13800002208", "投诉"
    again = taken(as_csv(mended, head=head), operator, at=NOW + timedelta(hours=1))
    assert again.mapping == bulk.mapping
    assert sum(again.result.values()) == 2
    assert "refused" not in again.result
    assert set(Report.objects.values_list("external_id", flat=True)) == {"SZ1", "SZ2", "SZ3"}


def test_whoever_did_not_send_it_sees_nobody_in_it(client, operator, supervisor):
    bulk = checked(
        as_csv([row("SZ1", 诉求内容="路灯坏了，打13800002207找我"), row("SZ2", **BAD_PHONE)]),
        operator,
        at=NOW,
    )
    for who, sees in ((operator, True), (supervisor, False)):
        client.force_login(who.user)
        pages = [client.get(url(name, bulk)).content.decode() for name in ("bulk-import", "bulk-columns")]
        sheet = b"".join(client.get(url("bulk-refused", bulk, "csv")).streaming_content).decode()
        for told in (*pages, sheet):
            assert ("王小明" in told) is sees
        assert ("13800002207" in "".join(pages)) is sees


def test_the_sheet_of_refused_rows_names_nobody_to_others(client, operator, supervisor):
    """Neither in what was said, nor in a column that no field is for."""
    said = "路灯坏了，王小明住3栋501室，打13800002207找我"
    rows = [[*row("SZ2", 诉求内容=said, **BAD_PHONE), "440307199001011234"]]
    bulk = checked(as_csv(rows, head=(*HEAD, "身份证号")), operator, at=NOW)
    told = []
    for who in (operator, supervisor):
        client.force_login(who.user)
        sheet = b"".join(client.get(url("bulk-refused", bulk, "csv")).streaming_content).decode("utf-8-sig")
        head, refused = csv.reader(io.StringIO(sheet))
        told.append(dict(zip(head, refused, strict=True)))
    mine, others = told
    assert (mine["诉求内容"], mine["身份证号"]) == (said, "440307199001011234")
    assert others["诉求内容"].startswith("路灯坏了")
    for name in ("王小明", "13800002207", "501", "440307199001011234"):
        assert name in "".join(mine.values())
        assert name not in "".join(others.values())
    # What is to be mended can still be found.
    assert (others["工单编号"], others["坐标系"]) == ("SZ2", "WGS84")


def test_who_may_open_it(client, operator, handler, leader):
    bulk = checked(as_csv([row()]), operator, at=NOW)
    for who in (handler, leader):
        client.force_login(who.user)
        for name in ("bulk-import", "bulk-columns", "bulk-progress"):
            assert client.get(url(name, bulk)).status_code == 403
        assert client.get(reverse("bulk-imports")).status_code == 403
    client.force_login(operator.user)
    assert client.get(reverse("bulk-import", args=[bulk.pk + 1])).status_code == 404
    assert client.post(url("bulk-act", bulk, "nothing")).status_code == 404


def test_a_file_that_is_none_is_refused_in_words(client, operator):
    client.force_login(operator.user)
    page = send(client, b"\x00\x01")
    assert page.status_code == 400
    assert page.context["form"].errors["file"]
    named = SimpleUploadedFile("工单.xlsx", as_csv([row("SZ1")]))
    page = client.post(reverse("bulk-imports"), {"source": "hotline", "file": named})
    assert (page.status_code, list(page.context["form"].errors)) == (400, ["file"])
    assert not BulkImport.objects.exists()


def test_another_sheet_or_heading_row_is_read_when_asked_for(client, operator):
    client.force_login(operator.user)
    bulk = BulkImport.objects.get(pk=send(client, as_csv([row("SZ1"), row("SZ2")])).context["bulk"].pk)
    client.post(url("bulk-columns", bulk), {"read": "1", "sheet": "", "row": "2"})
    bulk.refresh_from_db()
    assert bulk.heading["first"] == 2


@pytest.mark.parametrize("many", [3, 25])
def test_queries_of_the_list_and_of_a_preview(client, operator, many, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(lines, "PART", 10)
    rows = [row(f"SZ{n}", 诉求内容=f"第{n}盏路灯不亮") for n in range(many)]
    bulks = [checked(as_csv(rows[n:]), operator, at=NOW) for n in range(3 if many == 3 else 6)]
    client.force_login(operator.user)
    client.get(reverse("bulk-imports"))
    client.get(url("bulk-import", bulks[0]))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(reverse("bulk-imports"))
    with django_assert_num_queries(PREVIEW_QUERIES):
        client.get(url("bulk-import", bulks[0]))


LIST_QUERIES, PREVIEW_QUERIES = 9, 15


def test_the_sample_file_goes_in(client, operator):
    client.force_login(operator.user)
    data = b"".join(client.get(reverse("bulk-sample")).streaming_content)
    bulk = taken(data, operator, at=NOW)
    assert len(bulk.mapping) == len(sample.HEAD)
    assert (bulk.result["refused"], bulk.result["left_out"]) == (1, 1)
    assert sum(bulk.result.values()) == len(list(sample.rows(NOW)))


# --- programs -------------------------------------------------------------------------------------------


def test_a_program_sends_a_file_and_fetches_what_was_refused(client, hotline, operator):
    _client, token = hotline
    mine = {"Authorization": f"Bearer {token}"}
    file = SimpleUploadedFile("a.csv", as_csv([row("SZ1"), row("SZ2", **BAD_PHONE)]))
    answer = client.post("/api/v1/imports/", {"file": file}, headers=mine)
    assert (answer.status_code, answer.json()["state"]) == (202, "checking")
    work(NOW)
    at = f"/api/v1/imports/{answer.json()['id']}/"
    told = client.get(at, headers=mine).json()
    assert (told["state"], told["result"]) == ("done", {"dispatched": 1, "refused": 1})
    refused = client.get(told["refused_url"], headers=mine)
    assert b"cut_number" in b"".join(refused.streaming_content)
    assert client.post(f"{at}cancel/", headers=mine).status_code == 409
    assert BulkImport.objects.get().options["leave_out_over"] is True
    assert Report.objects.get().client == _client
    client.force_login(operator.user)
    assert client.get(at).json()["id"] == told["id"]


def test_what_a_program_gets_wrong_is_named(client, hotline, handler):
    mine = {"Authorization": f"Bearer {hotline[1]}"}

    def sent(data: bytes = b"a,b\n1,2\n", **more: str):
        return client.post(
            "/api/v1/imports/", {"file": SimpleUploadedFile("a.csv", data), **more}, headers=mine
        )

    for answer, status, field, code in (
        (sent(b"\x00\x01"), 400, "file", "encoding"),
        (sent(source="council"), 403, "source", "not_your_source"),
        (sent(columns='{"a": "nothing"}'), 400, "columns", "unknown_field"),
        (sent(crs="moon"), 400, "crs", "invalid_choice"),
    ):
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (status, field, code)
    # No column of it can be what was said: it ends by itself, and says why.
    told = sent().json()
    assert (told["state"], bool(told["failure"])) == ("failed", True)
    named = sent(columns='{"b": "text"}').json()
    assert named["state"] == "checking"
    client.force_login(handler.user)
    assert client.get(f"/api/v1/imports/{named['id']}/").status_code == 403
