"""Files as they come from districts: read whole and bounded, or refused with what to do about it."""

import io
import re
import struct
import zipfile
from datetime import date, time

import openpyxl
import pytest

from dispatch.models import ListImport
from dispatch.spreadsheets import grid as grids
from dispatch.spreadsheets.grid import TableError, column_letter
from dispatch.spreadsheets.reading import open_table
from tests.dispatch.spreadsheets.files import delimited, saved, texts, workbook

ROWS = [["编码", "名称", "时限"], ["0101-001", "暴露垃圾", "4小时"], ["0101-002", "渣土", "5天"]]


def refused(data: bytes) -> str:
    """Why a file is not read."""
    with pytest.raises(TableError) as caught:
        texts(data)
    return caught.value.code


def repacked(data: bytes, **parts: bytes) -> bytes:
    """A workbook with some of its parts replaced (by their last names)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            name = info.filename.rpartition("/")[2].partition(".")[0]
            new.writestr(info.filename, parts.get(name, old.read(info)))
    return out.getvalue()


def sheet_xml(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def merging(data: bytes, *ranges: str) -> bytes:
    """A workbook with these ranges merged: openpyxl would write every cell of them."""
    told = "".join(f'<mergeCell ref="{cells}"/>' for cells in ranges).encode()
    merged = b"</sheetData><mergeCells>" + told + b"</mergeCells>"
    return repacked(data, sheet1=sheet_xml(data).replace(b"</sheetData>", merged))


@pytest.mark.parametrize(
    "data",
    [
        workbook(ROWS),
        delimited(ROWS),
        delimited(ROWS, encoding="utf-8"),
        delimited(ROWS, encoding="gb18030"),
        delimited(ROWS, encoding="utf-16", delimiter="\t"),
        delimited(ROWS, encoding="gb18030", delimiter=";"),
        delimited(ROWS, delimiter="\t"),
    ],
    ids=["xlsx", "utf-8 bom", "utf-8", "gb18030", "utf-16 tab", "gb18030 semicolon", "tab"],
)
def test_the_same_list_reads_the_same_from_any_kind_of_file(data: bytes) -> None:
    assert texts(data) == list(enumerate(ROWS, start=1))


def test_the_comma_separates_although_cells_have_semicolons() -> None:
    rows = [["编码", "单位"], *(["1", "水务局;住建局;城管局"] for _ in range(9))]
    assert texts(delimited(rows))[1] == (2, ["1", "水务局;住建局;城管局"])


def test_rows_keep_their_numbers_across_blank_ones_and_breaks_in_cells() -> None:
    rows = [["a", "b"], [], ["一\n二", "c"], ["d", "e"]]
    for data in (workbook(rows), delimited(rows)):
        assert texts(data) == [(1, ["a", "b"]), (3, ["一\n二", "c"]), (4, ["d", "e"])]


def test_merged_cells_all_say_what_the_merged_cell_says() -> None:
    rows = [["类别", "名称", "单位"], ["垃圾", "甲", "城管局"], [None, "乙", None], [None, "丙", "水务局"]]
    data = workbook(rows, merged=["A2:A4", "C2:C3"])
    assert [cells for _number, cells in texts(data)][1:] == [
        ["垃圾", "甲", "城管局"],
        ["垃圾", "乙", "城管局"],
        ["垃圾", "丙", "水务局"],
    ]


def test_a_title_merged_across_is_a_band_and_no_row() -> None:
    data = workbook([["龙岗区权责清单", None, None], *ROWS], merged=["A1:C1"])
    assert open_table(data).grid("清单").bands == {1}


def test_a_merge_down_to_the_last_row_of_excel_costs_nothing() -> None:
    data = merging(workbook([["类别", "名称"], ["垃圾", "甲"], [None, "乙"]]), "A2:A1048576")
    assert texts(data)[-1] == (3, ["垃圾", "乙"])


def test_values_are_as_a_person_would_type_them() -> None:
    data = workbook(
        [["x"], [5], [0.5], [5.0], [date(2026, 7, 7)], [time(22, 0)], [" \u3000满\u3000 "], [" "]]
    )
    assert [cells[0] for _number, cells in texts(data)] == ["x", "5", "0.5", "5", "2026-07-07", "22:00", "满"]


def test_a_formula_is_what_it_came_to_and_never_its_text() -> None:
    """openpyxl saves formulas without what they come to, as some exports do: that is a fault to be told."""
    data = workbook([["限"], ["=1+4"], ["=NA()"]])
    [_head, uncalculated, _other] = list(open_table(data).grid("清单"))
    assert (uncalculated.cells, uncalculated.faults) == ([""], {0: grids.NO_VALUE})
    sheet = sheet_xml(data)
    sheet = re.sub(rb"<f>1\+4</f><v ?/>", b"<f>1+4</f><v>5</v>", sheet)
    sheet = re.sub(
        rb'<c r="A3"( t="\w+")?><f>NA\(\)</f><v ?/>', b'<c r="A3" t="e"><f>NA()</f><v>#N/A</v>', sheet
    )
    [_head, five, error] = list(open_table(repacked(data, sheet1=sheet)).grid("清单"))
    assert five.cells == ["5"]
    assert error.faults == {0: grids.ERROR}


def test_hidden_sheets_are_left_alone() -> None:
    book = openpyxl.Workbook()
    book.active.title = "一"
    book.active.append(["a"])
    book.create_sheet("二").sheet_state = "hidden"
    assert list(open_table(saved(book)).sheets) == ["一"]


def test_an_apostrophe_before_a_formula_sign_was_put_there_by_the_export() -> None:
    rows = [["'@street", "'=1+1", "'plain", "''=x", "-"]]
    assert texts(delimited(rows)) == [(1, ["@street", "=1+1", "'plain", "'=x", "-"])]


def test_an_old_or_protected_workbook_is_told_apart() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    assert refused(ole) == "old_excel"
    assert refused(ole + "EncryptedPackage".encode("utf-16-le")) == "encrypted"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"PK\x03\x04 not really", "broken"),
        (b"\xff\xfe\x00\x00", "encoding"),
        (b"a,b\n\x00\x01\x02\xff", "encoding"),
        (b'a,b\n"c,d\n', "csv"),
        (bytes(grids.FILE_MOST) + b"x", "file_size"),
    ],
    ids=["nothing", "blanks", "no zip", "utf-16 of NUL", "binary", "open quote", "too large"],
)
def test_what_is_no_table_is_told_why(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_zip_that_is_no_workbook_is_broken() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert refused(out.getvalue()) == "broken"


def test_xml_with_entities_is_refused() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
    )
    assert refused(repacked(workbook(ROWS), sheet1=bomb)) == "broken"


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_parsed() -> None:
    assert refused(repacked(workbook(ROWS), sheet1=b" " * (65 * 1024 * 1024))) == "too_big"
    cells = b"<c/>" * 3_000_001
    assert refused(repacked(workbook(ROWS), sheet1=cells)) == "too_big"


BOOK, STYLES = "xl/workbook.xml", "xl/styles.xml"


@pytest.mark.parametrize("name", ["[Content_Types].xml", BOOK, "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("filling", [b"<a/>" * 60_000, b" " * 2 * 1024 * 1024], ids=["tags", "bytes"])
def test_so_is_a_part_that_only_names_the_others(name: str, filling: bytes) -> None:
    head, end, tail = part_of(workbook(ROWS), name).rpartition(b"</")
    assert refused(with_part(workbook(ROWS), name, head + filling + end + tail)) == "too_big"


def part_of(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def with_part(data: bytes, name: str, part: bytes) -> bytes:
    """A workbook with another part of this full name."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, part if info.filename == name else old.read(info))
    return out.getvalue()


def test_one_element_of_very_many_attributes_is_refused() -> None:
    attributes = b" ".join(b'a%d=""' % nth for nth in range(100_001))
    book = part_of(workbook(ROWS), BOOK).replace(b"<sheets>", b"<sheets " + attributes + b">")
    assert refused(with_part(workbook(ROWS), BOOK, book)) == "too_big"


def test_a_workbook_whose_styles_are_too_big_is_read_without_them() -> None:
    many = part_of(workbook(ROWS), STYLES).replace(b"</fonts>", b"<font/>" * 200_001 + b"</fonts>")
    assert texts(with_part(workbook(ROWS), STYLES, many)) == list(enumerate(ROWS, start=1))


def test_a_sheet_s_name_is_as_long_as_we_can_keep() -> None:
    data = workbook(ROWS, title="NAME")
    most = ListImport._meta.get_field("sheet").max_length
    kept, too_long = (
        with_part(data, BOOK, part_of(data, BOOK).replace(b"NAME", b"N" * letters))
        for letters in (most, most + 1)
    )
    assert open_table(kept).sheets == ["N" * most]
    assert refused(too_long) == "sheet_name"


@pytest.mark.parametrize("number", [b"0", b"1048577", b"99999999999999999999"])
def test_a_row_that_no_sheet_can_have_is_refused(number: bytes) -> None:
    sheet = sheet_xml(workbook(ROWS))
    assert refused(
        repacked(workbook(ROWS), sheet1=sheet.replace(b'<row r="3"', b'<row r="%s"' % number))
    ) == ("broken")


def test_a_merge_beyond_all_numbers_is_refused() -> None:
    assert refused(merging(workbook(ROWS), "A2:A99999999999999999999")) == "broken"


def test_a_lie_about_the_unpacked_size_does_not_help() -> None:
    """The central directory says 10 bytes where megabytes stand: no more than that is unpacked."""
    data = bytearray(repacked(workbook(ROWS), sheet1=b" " * (65 * 1024 * 1024)))
    at = data.rindex(b"xl/worksheets/sheet1.xml") - 46  # its entry in the central directory
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    assert refused(bytes(data)) == "broken"


def test_too_many_rows_and_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [["x"]] * (grids.ROWS_MOST + 1)
    assert refused(delimited(many)) == "rows"
    assert refused(delimited([["x"] * (grids.COLUMNS_MOST + 1)])) == "columns"
    assert refused(workbook([["x"] * (grids.COLUMNS_MOST + 1)])) == "columns"


def test_many_wide_merges_are_refused() -> None:
    data = workbook([["x", "y"] for _ in range(1_000)])
    assert refused(merging(data, *(f"A{row}:CV1000" for row in range(1, 60)))) == "merges"


def test_columns_are_lettered_as_a_spreadsheet_does() -> None:
    assert [column_letter(column) for column in (0, 25, 26, 51, 52, 701, 702)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA")
    ]
