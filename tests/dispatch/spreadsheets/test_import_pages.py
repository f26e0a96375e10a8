"""The pages of importing and exporting, as a steward goes through them."""

import csv
import io
import re
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from config import clock
from dispatch.models import ItemChange, ListImport, ResponsibilityList
from dispatch.spreadsheets import checking
from dispatch.spreadsheets.columns import HEADINGS
from tests.cast import Person
from tests.dispatch.spreadsheets.files import delimited, workbook
from tests.dispatch.spreadsheets.runs import SHEET, applied, asked, checked
from tests.dispatch.versions import change, live_list, new_draft

pytestmark = pytest.mark.django_db
State = ListImport.State


@pytest.fixture
def page(client: Client, steward: Person) -> Client:
    """The district's steward, signed in."""
    client.force_login(steward.user)
    return client


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def sent(page: Client, data: bytes, name: str = "清单.xlsx", **query: str) -> Any:
    return page.post(
        reverse("list-import-begin", query=query or None), {"file": SimpleUploadedFile(name, data)}
    )


def chosen(page: Client, url: str, **changed: Any) -> dict[str, Any]:
    """What the mapping screen would post as it stands, but for what is changed."""
    form = page.get(url).context["form"]
    told = {name: form[name].value() for name in form.fields}
    head = page.get(url).context["head"]
    told |= {"sheet": head.sheet, "row": head.heading.first, **changed}
    return {name: value for name, value in told.items() if value not in (None, False)}


def check() -> None:
    while checking.check_next(at=clock.now()):
        pass


def test_a_steward_goes_from_the_file_to_the_draft(page: Client) -> None:
    columns = sent(page, workbook(SHEET))
    run = ListImport.objects.get()
    assert columns.url == reverse("list-import-columns", args=[run.pk])
    posted = page.post(columns.url, chosen(page, columns.url, title="新清单"))
    assert posted.url == reverse("list-import", args=[run.pk])
    assert "data-poll" in page.get(posted.url).content.decode()
    check()
    # The bar's answer is the way back to the page.
    assert page.get(reverse("list-import-progress", args=[run.pk])).url == posted.url
    preview = page.get(posted.url)
    assert [tab.count for tab in preview.context["tabs"]][:3] == [0, 1, 1]
    done = page.post(reverse("list-import-apply", args=[run.pk]), {"why": "新清单"})
    draft = ResponsibilityList.objects.get(title="新清单")
    assert done.url == reverse("list-changes", args=[draft.version])
    assert ItemChange.objects.filter(list=draft, why="新清单").count() == 2
    assert page.get(posted.url).status_code == 200


def test_a_problem_stands_at_its_cell_and_nothing_can_be_imported(page: Client, steward: Person) -> None:
    run = checked(steward, [*SHEET, ["0204-003", "路灯照明", "第三项", "火星管理局", "4小时", "x"]])
    url = reverse("list-import", args=[run.pk])
    body = page.get(url).content.decode()
    assert "<b>D4</b>" in body
    assert reverse("list-import-apply", args=[run.pk]) not in body
    refused = page.post(reverse("list-import-apply", args=[run.pk]), {"why": "x"})
    assert refused.status_code == 409
    rows = list(csv.reader(io.StringIO(joined(page.get(reverse("list-import-problems", args=[run.pk]))))))
    assert [row[:2] for row in rows[1:]] == [["4", "D"]]


def joined(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


@pytest.mark.parametrize("show", ["problems", "changed", "added", "missing", "notes"])
def test_every_part_of_the_preview_is_there(page: Client, steward: Person, show: str) -> None:
    run = checked(steward)
    answer = page.get(reverse("list-import", args=[run.pk]), {"show": show})
    assert answer.context["tab"].name == show
    assert len(answer.context["rows"]) == min(answer.context["tab"].count, 50)


def test_the_preview_asks_the_database_as_often_for_many_rows_as_for_few(
    page: Client, steward: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = checked(steward)
    url = reverse("list-import", args=[run.pk])
    page.get(url)
    with django_assert_max_num_queries(22):
        assert len(page.get(url, {"show": "missing"}).context["rows"]) == 50


def test_a_file_that_is_no_table_is_refused_at_the_door(page: Client) -> None:
    answer = sent(page, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "清单.xls")
    assert answer.status_code == 400
    assert answer.context["form"].errors["file"]
    assert not ListImport.objects.exists()


def test_the_sheet_that_looks_like_a_list_is_taken_and_another_can_be_asked_for(page: Client) -> None:
    data = workbook([["说明"], ["甲", "乙", "丙"]], title="说明", 清单=SHEET)
    url = sent(page, data).url
    assert page.get(url).context["head"].sheet == "清单"
    other = page.get(url, {"sheet": "说明", "row": "2"})
    assert other.context["head"].sheet == "说明"
    assert [column.label for column in other.context["form"].columns] == ["甲", "乙", "丙"]


def test_a_row_without_headings_is_told(page: Client) -> None:
    url = sent(page, workbook(SHEET)).url
    answer = page.get(url, {"row": "99"})
    assert (answer.status_code, answer.context["form"]) == (200, None)


def test_a_column_that_is_chosen_twice_is_told_at_the_column(page: Client) -> None:
    url = sent(page, workbook(SHEET)).url
    answer = page.post(url, chosen(page, url, column_5="lead_unit"))
    assert answer.status_code == 400
    assert answer.context["form"].has_error("column_5", "repeated")


def test_a_sheet_of_known_headings_comes_as_it_was_read_last(page: Client) -> None:
    url = sent(page, workbook(SHEET)).url
    page.post(url, chosen(page, url, column_5="", days_are_working="on", dispatch_minutes="45"))
    again = page.get(sent(page, delimited(SHEET, encoding="gb18030"), "清单.csv").url)
    form = again.context["form"]
    assert form["column_5"].value() is None
    assert form["days_are_working"].value() is True
    assert str(form["dispatch_minutes"].value()) == "45"
    assert again.context["remembered"] is not None


def test_it_goes_into_the_draft_that_it_was_begun_from(page: Client, steward: Person) -> None:
    draft = new_draft(steward)
    url = sent(page, workbook(SHEET), into=str(draft.version)).url
    page.post(url, chosen(page, url))
    assert ListImport.objects.get().target == draft


def test_a_stale_preview_offers_a_fresh_check_and_not_the_import(page: Client, steward: Person) -> None:
    draft = new_draft(steward)
    run = checked(steward, target=draft)
    change(draft, steward)
    url = reverse("list-import", args=[run.pk])
    answer = page.get(url)
    assert answer.context["is_stale"]
    assert reverse("list-import-apply", args=[run.pk]) not in answer.content.decode()
    page.post(reverse("list-import-check", args=[run.pk]))
    check()
    assert not page.get(url).context["is_stale"]


def test_where_no_worker_runs_the_page_says_what_is_waited_for(page: Client, steward: Person) -> None:
    run = asked(steward, at=clock.now())
    url = reverse("list-import", args=[run.pk])
    assert not page.get(url).context["is_stalled"]
    long_ago = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    ListImport.objects.filter(pk=run.pk).update(asked_at=long_ago)
    answer = page.get(url)
    assert answer.context["is_stalled"]
    assert "make run" in answer.content.decode()


def test_progress_is_a_share(page: Client, steward: Person) -> None:
    run = asked(steward)
    ListImport.objects.filter(pk=run.pk).update(state=State.CHECKING, step="comparing", done=30, total=120)
    answer = page.get(reverse("list-import-progress", args=[run.pk]))
    assert re.search(r'<progress max="100" value="25"', answer.content.decode())


def test_a_file_can_be_forgotten(page: Client, steward: Person) -> None:
    run = checked(steward)
    page.post(reverse("list-import-drop", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == State.DROPPED
    assert page.get(reverse("list-import", args=[run.pk])).status_code == 200


def test_imports_are_for_stewards_and_each_sees_their_own(
    steward: Person, lamps_steward: Person, operator: Person
) -> None:
    run = checked(steward)
    url = reverse("list-import", args=[run.pk])
    assert signed_in(operator).get(reverse("list-import-begin")).status_code == 403
    assert signed_in(lamps_steward).get(url).status_code == 404
    assert signed_in(lamps_steward).post(reverse("list-import-apply", args=[run.pk])).status_code == 404
    assert Client().get(url).status_code == 302


def test_an_applied_import_says_where_it_went(page: Client, steward: Person) -> None:
    run = checked(steward)
    draft = applied(run, steward)
    body = page.get(reverse("list-import", args=[run.pk])).content.decode()
    assert reverse("list-changes", args=[draft.version]) in body


# --- out ------------------------------------------------------------------------------------------------


def exported(version: ResponsibilityList, kind: str) -> str:
    return reverse("list-export", args=[version.version, kind])


def test_any_version_goes_out_as_excel_and_csv(page: Client, steward: Person) -> None:
    draft = new_draft(steward)
    for version in (live_list(), draft):
        answer = page.get(exported(version, "xlsx"))
        assert f"-{version.version}.xlsx" in answer["Content-Disposition"]
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
        assert sheet.max_row == version.items.count() + 1
        rows = list(csv.reader(io.StringIO(joined(page.get(exported(version, "csv"))))))
        assert (rows[0][0], len(rows)) == (HEADINGS["code"][0], version.items.count() + 1)


def test_other_systems_get_codes_without_the_mark(page: Client) -> None:
    url = exported(live_list(), "csv")
    answer = page.get(url, {"heading": "codes", "bom": "0"})
    assert b"".join(answer.streaming_content).startswith(b"code,category_code,")


def test_drafts_go_out_to_stewards_only(steward: Person, operator: Person) -> None:
    draft = new_draft(steward)
    assert signed_in(operator).get(exported(draft, "csv")).status_code == 404
    assert signed_in(operator).get(exported(live_list(), "csv")).status_code == 200
    assert signed_in(steward).get(exported(draft, "pdf")).status_code == 404
