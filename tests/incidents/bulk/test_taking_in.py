"""A file, from its upload to what came of each row."""

import io
from datetime import timedelta

import openpyxl
import pytest

from accounts.roles import Role
from dispatch.spreadsheets.grid import TableError
from incidents.bulk import imports, lines, working
from incidents.bulk import rows as rows_of_sheets
from incidents.bulk.imports import Sender
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BulkFile, BulkImport, BulkPart, Incident, Report
from tests.cast import LAMP_UNIT, TUESDAY, file_report, person
from tests.incidents.bulk.sheets import HEAD, as_csv, as_xlsx, checked, problems, row, sent, taken, work

pytestmark = pytest.mark.django_db
State = BulkImport.State
ELSEWHERE = {"经度": "114.2", "纬度": "22.7", "类别编码": ""}
OTHER_TEXT = "请问办居住证要带什么材料?"


def test_an_export_is_read_by_its_headings_and_becomes_cases_of_today(operator):
    rows = [
        row("SZ1"),
        row("SZ2", 诉求内容=OTHER_TEXT, 诉求类型="咨询", 类别编码="", 地址="", 经度="", 纬度=""),
    ]
    bulk = checked(as_csv(rows), operator)
    assert list(bulk.mapping.values()) == [
        *("external_id", "occurred_at", "reporter_name", "reporter_phone", "text", "nature"),
        *("category", "address", "lon", "lat", "crs"),
    ]
    assert (bulk.state, bulk.counts["good"], bulk.counts["bad"]) == (State.READY, 2, 0)
    assert not Report.objects.exists()
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)
    work(TUESDAY)
    bulk.refresh_from_db()
    assert bulk.state == State.DONE
    assert bulk.result == {"dispatched": 1, "triage": 1}
    lamp = Report.objects.get(external_id="SZ1")
    assert (lamp.received_at, lamp.filed_by, lamp.nature) == (TUESDAY, operator.user, "complaint")
    assert lamp.occurred_at.isoformat() == "2026-07-06T01:30:00+00:00"
    assert (lamp.contact.name, lamp.contact.phone) == ("王小明", "13800002207")
    assert lamp.links.get().incident.owner_unit_id == LAMP_UNIT


def test_the_same_file_again_writes_nothing_and_says_so(operator):
    data = as_csv([row("SZ1"), row("", 诉求内容=OTHER_TEXT, **ELSEWHERE)])
    first = taken(data, operator)
    again = checked(as_xlsx([row("SZ1"), row("", 诉求内容=OTHER_TEXT, **ELSEWHERE)]), operator)
    # Saved as another format, it is the same table.
    assert imports.same_table(again) == first
    assert again.counts["there"] == 2
    imports.start(bulk=again, by=Sender(operator.user), at=TUESDAY + timedelta(days=9))
    work(TUESDAY + timedelta(days=9))
    again.refresh_from_db()
    assert again.result == {"there": 2}
    assert Report.objects.count() == 2


def test_a_worker_that_died_after_its_batch_does_not_lose_the_count(operator, monkeypatch):
    bulk = checked(
        as_csv([row(f"SZ{n}", 诉求内容=f"{OTHER_TEXT}{n}", **ELSEWHERE) for n in range(3)]), operator
    )
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)

    class Killed(BaseException):
        pass

    def killed(*_args: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(working.taking, "_keep", killed)
        with pytest.raises(Killed):
            working.step(at=TUESDAY)
    assert Report.objects.count() == 3
    work(TUESDAY + timedelta(hours=1))
    bulk.refresh_from_db()
    assert (bulk.state, sum(bulk.result.values()), bulk.result.get("there")) == (State.DONE, 3, None)
    assert Report.objects.count() == 3


def test_a_part_that_always_fails_is_set_aside_and_shown(operator, monkeypatch):
    good = taken(as_csv([row("SZ9")]), operator)
    bulk = checked(as_csv([row("SZ1"), row("SZ9")]), operator)
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("poison")

    monkeypatch.setattr(working.taking, "receive", broken)
    work(TUESDAY + timedelta(hours=1))
    bulk.refresh_from_db()
    assert good.state == bulk.state == State.DONE
    assert bulk.result == {"refused": 1, "there": 1}
    [told] = lines.opened(bulk.parts.get().rejects)
    assert told[3] == [["", "", "broken", ""]]


def test_every_problem_stands_at_its_row_and_column(operator):
    rows = [
        row("SZ1", 联系电话="1.38E+10"),
        row("SZ2", 受理时间="7/4/2026"),
        row("SZ3", 诉求内容=""),
        row("SZ4", 诉求类型="其他类"),
        row("SZ5", 经度="22.76", 纬度="114.26"),
        row("SZ6", 坐标系="月球"),
        row("SZ7", 受理时间="2026-09-01"),
        row("SZ8", 纬度=""),
        row("SZ9"),
        row("SZ9", 诉求内容=OTHER_TEXT),
        row("4.40307E+17"),
    ]
    bulk = checked(as_csv(rows), operator)
    assert problems(bulk) == [
        (2, "D", "reporter_phone", "cut_number"),
        (3, "B", "occurred_at", "which_day"),
        (4, "E", "text", "required"),
        (5, "F", "nature", "unknown_word"),
        (6, "I", "lon", "swapped"),
        (7, "K", "crs", "unknown_crs"),
        (8, "B", "occurred_at", "in_future"),
        (9, "J", "lat", "half_a_point"),
        (12, "A", "external_id", "cut_number"),
        (11, "", "external_id", "twice"),
    ]
    assert (bulk.counts["good"], bulk.counts["bad"]) == (1, 10)
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)
    work(TUESDAY)
    bulk.refresh_from_db()
    assert bulk.result == {"dispatched": 1, "refused": 10}


@pytest.mark.parametrize("offset", ["+99:00", "-24:00"])
def test_a_row_of_which_nobody_has_thought_holds_up_no_file(operator, offset):
    bad = checked(as_csv([row("SZ1"), row("SZ2", 受理时间=f"2026-07-04 09:30:00 {offset}")]), operator)
    assert (bad.state, bad.counts["good"]) == (State.READY, 1)
    assert problems(bad) == [(3, "B", "occurred_at", "not_a_time")]


def test_what_a_reader_breaks_at_is_one_rows_problem(operator, monkeypatch, caplog):
    def breaks(word: str, **_more: object) -> None:
        raise RuntimeError(word)

    with monkeypatch.context() as patch:
        patch.setattr(rows_of_sheets, "read_time", breaks)
        bulk = checked(as_csv([row("SZ1", 受理时间="王小明"), row("SZ2", 受理时间="")]), operator)
    assert (bulk.state, bulk.counts["good"]) == (State.READY, 1)
    assert problems(bulk) == [(2, "", "", "broken")]
    assert "RuntimeError" in caplog.text
    assert "王小明" not in caplog.text


def test_a_part_that_cannot_be_checked_is_given_up_and_the_file_behind_it_goes_on(operator, monkeypatch):
    check = working.checking.check_part
    bulk = sent(as_csv([row("SZ1")]), operator)

    def breaks(part: BulkPart, *, at: object) -> None:
        if part.bulk_id == bulk.pk:
            raise RuntimeError("poison")
        check(part, at=at)

    monkeypatch.setattr(working.checking, "check_part", breaks)
    columns, options, _kept = imports.suggested(bulk)
    imports.map_columns(bulk=bulk, columns=columns, options=options, by=Sender(operator.user), at=TUESDAY)
    behind = checked(as_csv([row("SZ2")]), operator)
    bulk.refresh_from_db()
    assert (bulk.state, behind.state) == (State.FAILED, State.READY)
    assert bulk.failure
    assert bytes(bulk.parts.get().rows) == b""


@pytest.mark.parametrize(
    ("lon", "found"),
    [("东经114.26°", True), ("114.26E", True), ("1.1426e2", True), ("114.26e400", False), ("11e4.26", False)],
)
def test_degrees_are_understood_or_refused_and_never_others(operator, lon, found):
    bulk = (taken if found else checked)(as_csv([row("SZ1", 经度=lon)]), operator)
    assert bulk.counts["good"] == found
    assert [round(one, 2) for one in Report.objects.values_list("lon", flat=True)] == [114.26] * found
    assert problems(bulk) == ([] if found else [(2, "I", "lon", "not_a_number")])


def test_sheets_as_people_make_them(operator):
    """A title above, serial dates, numbers, apostrophes, blanks, the heading again, a sum below."""
    rows = [
        row("SZ1", 受理时间=46207.396, 联系电话=13800002207, 经度=LON, 纬度=LAT),
        [None] * len(HEAD),
        row("'SZ2", 联系电话="１３８０００02207", 诉求内容=f"　{OTHER_TEXT}\u00a0", **ELSEWHERE),
        HEAD,
        row("SZ3", 诉求内容="=CONCATENATE(1,2)", **ELSEWHERE),
        row("SZ4", 诉求内容=f"{OTHER_TEXT}呢", 来电人="匿名", 联系电话="/", 经度="0", 纬度="0", 类别编码=""),
        ["合计：4"],
        ["合计", 6000],
    ]
    bulk = taken(as_xlsx(rows, title="龙岗区12345工单导出"), operator)
    assert bulk.heading["first"] == 2
    assert bulk.counts["rows"] == 4
    assert Report.objects.filter(external_id__in=["SZ1", "SZ2", "SZ4"]).count() == 3
    assert [told[3] for told in lines.opened(bulk.parts.get().rejects)] == [[["E", "text", "no_value", ""]]]
    assert Report.objects.get(external_id="SZ2").contact.phone == "13800002207"
    silent = Report.objects.get(external_id="SZ4")
    assert (silent.contact, silent.lon) == (None, None)


LON, LAT = 114.26054, 22.76488


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_and_separators(operator, encoding):
    data = as_csv([row("SZ1")], encoding="utf-8").decode().replace(",", "\t").encode(encoding)
    assert checked(data, operator).counts["good"] == 1


def test_what_is_over_at_its_source_is_left_out(operator):
    head = (*HEAD, "工单状态", "办理期限")
    rows = [
        [*row("SZ1"), "已办结", ""],
        [*row("SZ2"), "作废", ""],
        [*row("SZ3"), "处理中", "2026-07-08"],
    ]
    bulk = taken(as_csv(rows, head=head), operator)
    assert bulk.result == {"dispatched": 1, "left_out": 2}
    assert Report.objects.get().outside_due_at.isoformat() == "2026-07-08T15:59:59+00:00"
    # Taken in on purpose: as new, since nobody here has handled them.
    again = taken(as_csv(rows, head=head), operator, leave_out_over=False)
    assert again.result == {"joined": 1, "there": 1, "left_out": 1}


def test_a_mapping_is_remembered_for_its_source_and_headings(operator, supervisor):
    head = ("单", "话", "甲")
    bulk = checked(
        as_csv([["A1", OTHER_TEXT, "x"]], head=head), operator, columns={0: "external_id", 1: "text"}
    )
    assert bulk.counts["good"] == 1
    other = sent(as_csv([["A2", OTHER_TEXT, "x"]], head=head), supervisor)
    columns, _options, kept = imports.suggested(other)
    assert columns == {0: "external_id", 1: "text"}
    assert kept is not None
    assert kept.used_by == operator.user
    for told, code in (
        ({0: "external_id"}, "required"),
        ({0: "text", 1: "text"}, "repeated"),
        ({0: "x"}, "unknown_field"),
    ):
        with pytest.raises(InvalidInput) as refused:
            imports.map_columns(bulk=other, columns=told, options={}, by=Sender(operator.user), at=TUESDAY)
        assert refused.value.code == code


def test_stopped_between_parts_what_is_in_stays_and_the_rest_is_forgotten(operator, monkeypatch):
    monkeypatch.setattr(lines, "PART", 2)
    rows = [row(f"SZ{n}", 诉求内容=f"{OTHER_TEXT}{n}", **ELSEWHERE) for n in range(5)]
    bulk = checked(as_csv(rows), operator)
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)
    working.step(at=TUESDAY)
    imports.cancel(bulk=bulk, by=Sender(operator.user), at=TUESDAY)
    work(TUESDAY)
    bulk.refresh_from_db()
    assert (bulk.state, sum(bulk.result.values()), Report.objects.count()) == (State.CANCELLED, 1, 1)
    assert not BulkPart.objects.exclude(rows=b"").exists()
    # Sent again it goes on.
    assert taken(as_csv(rows), operator).result == {"there": 1, "triage": 4}


def test_what_names_people_is_sealed_and_goes(operator):
    bulk = checked(as_csv([row("SZ1"), row("SZ2", 联系电话="王小明")]), operator)
    kept = [bytes(BulkFile.objects.get().sealed), bytes(bulk.parts.get().rows)]
    assert not [one for one in kept if "王小明".encode() in one]
    assert "王小明" not in str(bulk.parts.get().problems)
    imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)
    work(TUESDAY)
    part = bulk.parts.get()
    assert (bytes(part.rows), BulkFile.objects.count()) == (b"", 0)
    assert bytes(part.rejects) != b""
    work(TUESDAY + imports.KEPT_FOR + timedelta(hours=1))
    assert bytes(bulk.parts.get().rejects) == b""


def test_who_may(operator, supervisor, handler, steward):
    street = person("street-operator", Role.OPERATOR, "pinghu/operations")
    bulk = sent(as_csv([row()]), operator)
    for other in (handler, steward, street):
        with pytest.raises(ActionRefused):
            sent(as_csv([row()]), other)
        assert not imports.visible(Sender(other.user)).exists()
        with pytest.raises(ActionRefused):
            imports.drop(bulk=bulk, by=Sender(other.user), at=TUESDAY)
    assert imports.sees_people(bulk, Sender(operator.user))
    assert not imports.sees_people(bulk, Sender(supervisor.user))
    with pytest.raises(InvalidInput):
        imports.begin(
            source="sensor", file_name="a", data=b"x", language="en", by=Sender(operator.user), at=TUESDAY
        )
    imports.drop(bulk=bulk, by=Sender(supervisor.user), at=TUESDAY)
    with pytest.raises(ActionRefused):  # a stale page
        imports.start(bulk=bulk, by=Sender(operator.user), at=TUESDAY)


def test_what_is_no_sheet_is_refused_at_once(operator):
    for data in (b"", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x00\x01\x02"):
        with pytest.raises(TableError):
            sent(data, operator)
    assert not BulkImport.objects.exists()
    assert sent("只有一行".encode(), operator).state == State.FAILED


def test_rows_join_the_case_that_is_open(operator):
    case = file_report(at=TUESDAY - timedelta(hours=1))
    assert taken(as_csv([row("SZ1")]), operator).result == {"joined": 1}
    assert Incident.objects.get() == case


def test_bounds_are_said_in_words(operator, monkeypatch):
    """What is larger than a file may be: refused by whoever reads it, and nothing of it is kept."""
    small = imports.BOUNDS._replace(rows=2)
    monkeypatch.setattr(imports, "BOUNDS", small)
    for data in (as_csv([row("SZ1"), row("SZ2")]), as_xlsx([row("SZ1"), row("SZ2")])):
        bulk = sent(data, operator)
        assert (bulk.state, bool(bulk.failure)) == (State.FAILED, True)
        assert not BulkFile.objects.filter(bulk=bulk).exists()
    monkeypatch.setattr(imports, "FILE_BYTES_MOST", 10)
    with pytest.raises(TableError) as refused:
        sent(as_csv([row()]), operator)
    assert refused.value.code == "file_size"


def test_the_sheet_with_most_known_headings_is_read_and_hidden_ones_never(operator):
    book = openpyxl.Workbook()
    notes = book.worksheets[0]
    notes.title = "说明"
    notes.append(["此表由系统导出"])
    hidden = book.create_sheet("隐藏")
    hidden.sheet_state = "hidden"
    orders = book.create_sheet("工单")
    for sheet in (hidden, orders):
        sheet.append(HEAD)
        sheet.append(row("SZ1"))
    orders.merge_cells("L1:L2")
    out = io.BytesIO()
    book.save(out)
    bulk = sent(out.getvalue(), operator)
    assert (bulk.sheets, bulk.sheet, bulk.lines) == (["说明", "工单"], "工单", 2)
    with pytest.raises(InvalidInput):
        imports.read_otherwise(bulk=bulk, sheet="隐藏", row=None, by=Sender(operator.user), at=TUESDAY)


def test_a_file_that_nobody_came_back_to_is_forgotten(operator):
    bulk = checked(as_csv([row()]), operator)
    work(TUESDAY + imports.KEPT_FOR + timedelta(hours=1))
    bulk.refresh_from_db()
    assert (bulk.state, bytes(bulk.parts.get().rows)) == (State.DROPPED, b"")
    assert not BulkFile.objects.exists()
