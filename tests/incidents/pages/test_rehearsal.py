"""The rehearsal's pages: beside the draft, as a whole, one case side by side, from a file, and for whom."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dispatch.models import ResponsibilityList
from incidents import rehearsal
from incidents.models import Incident, Rehearsal, RehearsalPart, RehearsedCase
from tests.browsers import As
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, LAMP_UNIT, TUESDAY, Person, file_report
from tests.dispatch.versions import change, new_draft
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(steward: Person) -> ResponsibilityList:
    made = new_draft(steward)
    change(made, steward, lead_unit="water-group")
    made.refresh_from_db()
    return made


def at(name: str, draft: ResponsibilityList, *more: int) -> str:
    return reverse(name, args=[draft.version, *more])


def work(now: SetClock) -> None:
    while rehearsal.step(at=now.at):
        pass


@pytest.fixture
def rehearsed(draft: ResponsibilityList, steward: Person, lamp_case: Incident, now: SetClock) -> Rehearsal:
    """The lamp's case, which is open, would go to the water group."""
    asked = rehearsal.start(draft=draft, days=30, by=steward.user, at=now.at)
    work(now)
    return Rehearsal.objects.get(pk=asked.pk)


PAGES = ("rehearsal-panel", "rehearsal", "rehearsal-file", "rehearsal-export")


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_the_stewards(
    name, browse: As, draft, rehearsed, steward, operator, handler, admin, leader
):
    assert browse(steward).get(at(name, draft)).status_code == 200
    for other in (operator, handler, admin, leader):
        assert browse(other).get(at(name, draft)).status_code == 403
    assert Client().get(at(name, draft)).status_code == 302


@pytest.mark.parametrize("name", ["rehearsal-start", "rehearsal-cancel"])
def test_starting_and_stopping_are_the_stewards(name, browse: As, draft, steward, operator):
    assert browse(operator).post(at(name, draft), {"days": "30"}).status_code == 403
    assert browse(steward).get(at(name, draft)).status_code == 405


def test_a_draft_without_a_rehearsal_offers_one(browse: As, draft, steward):
    page = browse(steward).get(at("rehearsal-panel", draft), headers=HTMX)
    assert page.context["done"] is None
    assert at("rehearsal-start", draft) in page.content.decode()
    assert browse(steward).get(at("rehearsal", draft)).status_code == 200


def test_it_starts_runs_and_shows(browse: As, draft, steward, lamp_case, now):
    client = browse(steward)
    page = client.post(at("rehearsal-start", draft), {"days": "90"}, headers=HTMX)
    assert page.context["is_active"]
    assert "every 1s" in page.content.decode()
    work(now)
    page = client.get(at("rehearsal-panel", draft), headers=HTMX)
    assert "every 1s" not in page.content.decode()
    assert page.context["told"].tally.changed == 1
    [flow] = page.context["flows"]
    assert (flow.key, flow.count, flow.right, flow.wrong) == (f"{LAMP_UNIT}>water-group", 1, 0, 0)
    [row] = page.context["rows"]
    assert (row.name, row.may_see) == (lamp_case.number, True)


@pytest.mark.parametrize("days", ["", "0", "-1", "731", "9" * 30, "١٢", "x"])
def test_days_that_are_none_are_refused_in_the_panel(days, browse: As, draft, steward):
    page = browse(steward).post(at("rehearsal-start", draft), {"days": days}, headers=HTMX)
    assert page.context["refused"]
    assert not Rehearsal.objects.exists()


def test_without_scripts_the_same_forms_lead_to_the_page(browse: As, draft, steward):
    client = browse(steward)
    answer = client.post(at("rehearsal-start", draft), {"days": "30"})
    assert answer.headers["Location"] == at("rehearsal", draft)
    assert client.get(answer.headers["Location"]).context["is_active"]
    client.post(at("rehearsal-cancel", draft))
    assert Rehearsal.objects.get().state == Rehearsal.State.CANCELLED


def test_a_page_that_waits_for_a_result_is_told_to_load_again(browse: As, draft, rehearsed, steward):
    answer = browse(steward).get(at("rehearsal-panel", draft) + "?page=1", headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"


def test_where_nobody_works_it_is_said(browse: As, draft, steward, lamp_case, now):
    client = browse(steward)
    page = client.post(at("rehearsal-start", draft), {"days": "30"}, headers=HTMX)
    assert not page.context["is_quiet"]
    now.at += timedelta(seconds=30)
    assert client.get(at("rehearsal-panel", draft)).context["is_quiet"]
    rehearsal.step(at=now.at)  # somebody begins, and then nothing
    assert not client.get(at("rehearsal-panel", draft)).context["is_quiet"]
    now.at += timedelta(minutes=2)
    assert client.get(at("rehearsal-panel", draft)).context["is_quiet"]


def test_an_edit_makes_the_result_stale_and_starts_the_next_by_itself(
    browse: As, draft, rehearsed, steward, now
):
    client = browse(steward)
    assert not client.get(at("rehearsal-panel", draft)).context["is_stale"]
    change(draft, steward, at=now.at, lead_unit="urban-management")
    page = client.get(at("rehearsal-panel", draft))
    assert page.context["is_stale"]
    assert "load, submit" in page.content.decode()
    client.post(at("rehearsal-start", draft), {"days": "30"}, headers=HTMX)
    client.post(at("rehearsal-cancel", draft), headers=HTMX)
    page = client.get(at("rehearsal-panel", draft))
    assert page.context["is_stale"]
    assert "load, submit" not in page.content.decode()  # it was called off: so it stays


def test_a_failure_is_shown(browse: As, draft, rehearsed, steward):
    Rehearsal.objects.update(state="failed", error="KeyError")
    assert "KeyError" in browse(steward).get(at("rehearsal-panel", draft)).content.decode()


def test_a_case_is_shown_side_by_side(browse: As, draft, rehearsed, steward, lamp_case):
    shown = RehearsedCase.objects.get()
    page = browse(steward).get(at("rehearsal-case", draft, shown.pk))
    before, after = page.context["before"]["decision"], page.context["after"]["decision"]
    assert (before.is_dispatched, after.is_dispatched) == (True, True)
    assert before.reasons
    assert after.reasons
    assert before.unit != after.unit
    assert LAMP_TEXT[:4] in page.content.decode()
    assert reverse("case", args=[lamp_case.number]) in page.content.decode()


def test_of_a_case_that_a_steward_may_not_see_there_is_the_number_only(
    browse: As, draft, rehearsed, lamps_steward, lamp_case
):
    shown = RehearsedCase.objects.get()
    other = file_report(at=TUESDAY, category="0101", text="路边一袋垃圾没人收拾", joins="")
    RehearsedCase.objects.update(incident=other)
    client = browse(lamps_steward)
    for page in (
        client.get(at("rehearsal", draft) + "?tab=open"),
        client.get(at("rehearsal-case", draft, shown.pk)),
    ):
        assert page.status_code == 200
        text = page.content.decode()
        assert other.number in text
        assert "垃圾没人" not in text
        assert reverse("case", args=[other.number]) not in text


def test_nobody_s_name_or_number_is_on_any_page(browse: As, draft, rehearsed, steward):
    client = browse(steward)
    pages = [at(name, draft) for name in PAGES]
    pages.append(at("rehearsal-case", draft, RehearsedCase.objects.get().pk))
    for address in pages:
        answer = client.get(address)
        body = b"".join(answer) if answer.streaming else answer.content
        assert "王小明" not in body.decode()
        assert "13812342207" not in body.decode()


def test_a_case_of_a_stale_result_shows_what_was_found_and_no_reasons(
    browse: As, draft, rehearsed, steward, now
):
    change(draft, steward, at=now.at, lead_unit="urban-management")
    page = browse(steward).get(at("rehearsal-case", draft, RehearsedCase.objects.get().pk))
    assert page.context["is_stale"]
    assert page.context["after"]["decision"].reasons == ()
    assert page.context["row"].end == page.context["one"].units.label("water-group")


@pytest.mark.parametrize("pk", [0, 2**63, 2**70])
def test_a_case_that_is_not_in_it_is_not_there(pk, browse: As, draft, rehearsed, steward):
    assert browse(steward).get(at("rehearsal-case", draft, pk)).status_code == 404


@pytest.fixture
def many(rehearsed: Rehearsal) -> Rehearsal:
    """Thirty cases of every turn, of which each third is another flow."""
    row = RehearsedCase.objects.get()
    part = RehearsalPart.objects.get()
    rows = []
    for nth in range(180):
        turn = ("wronged", "righted", "still_wrong", "spared", "open", "unknown")[nth % 6]
        rows.append(
            RehearsedCase(
                rehearsal=rehearsed,
                part=part,
                incident=row.incident,
                kind="unit",
                turn=turn,
                from_pattern=LAMP_UNIT,
                to_pattern=("water-group", "@street", "@community")[nth % 3],
                settled_unit=LAMP_UNIT,
                before=row.before,
                after=row.after,
            )
        )
    RehearsedCase.objects.bulk_create(rows)
    return rehearsed


def test_lists_are_filtered_and_counted(browse: As, draft, many, steward):
    client = browse(steward)
    page = client.get(at("rehearsal", draft) + f"?tab=righted&flow={LAMP_UNIT}%3E%40street")
    assert {tab.name: tab.count for tab in page.context["tabs"]} == {
        "wronged": 0,
        "righted": 30,
        "open": 30,
        "limits": 0,
    }
    assert page.context["page"].paginator.count == 30
    page = client.get(at("rehearsal", draft) + "?tab=open&category=0101")
    assert page.context["page"].paginator.count == 0


def test_a_case_knows_its_neighbours_in_the_list_it_was_opened_from(browse: As, draft, many, steward):
    righted = list(RehearsedCase.objects.filter(turn="righted").order_by("pk"))
    page = browse(steward).get(at("rehearsal-case", draft, righted[3].pk) + "?tab=righted")
    assert (page.context["earlier"], page.context["later"]) == (righted[2].pk, righted[4].pk)
    assert (page.context["position"], page.context["count"]) == (4, 30)
    for end, earlier, later in ((righted[0], None, righted[1].pk), (righted[-1], righted[-2].pk, None)):
        page = browse(steward).get(at("rehearsal-case", draft, end.pk) + "?tab=righted")
        assert (page.context["earlier"], page.context["later"]) == (earlier, later)


def test_neighbours_go_by_the_parts_and_then_by_the_cases(browse: As, draft, many, steward):
    """Parts are done in any order, so a later part's cases may have been written first."""
    second = RehearsalPart.objects.create(rehearsal=many, position=1, size=1)
    righted = list(RehearsedCase.objects.filter(turn="righted").order_by("pk"))
    first, *rest = righted
    RehearsedCase.objects.filter(pk=first.pk).update(part=second)
    page = browse(steward).get(at("rehearsal-case", draft, first.pk) + "?tab=righted")
    assert (page.context["earlier"], page.context["later"]) == (rest[-1].pk, None)
    assert page.context["position"] == 30


def test_a_case_and_its_neighbours_are_found_without_reading_the_list(browse: As, draft, many, steward):
    shown = RehearsedCase.objects.filter(turn="righted").first()
    client = browse(steward)
    with CaptureQueriesContext(connection) as caught:
        client.get(at("rehearsal-case", draft, shown.pk) + "?tab=righted")
    lists = [
        query["sql"]
        for query in caught
        if 'FROM "incidents_rehearsedcase"' in query["sql"] and "COUNT(" not in query["sql"]
    ]
    assert lists
    assert all("LIMIT 1" in sql for sql in lists), lists


@pytest.mark.parametrize("query", ["?tab=nothing", "?tab=%00"])
def test_a_list_that_does_not_exist_is_not_there(query, browse: As, draft, rehearsed, steward):
    answer = browse(steward).get(at("rehearsal", draft) + query)
    assert answer.status_code == (404 if "nothing" in query else 200)


def test_pages_take_a_fixed_number_of_queries(browse: As, draft, rehearsed, steward, request):
    client = browse(steward)

    def queries() -> dict[str, int]:
        counts = {}
        for name in ("rehearsal-panel", "rehearsal", "rehearsal-export"):
            client.get(at(name, draft))
            with CaptureQueriesContext(connection) as caught:
                answer = client.get(at(name, draft) + "?tab=open")
                if answer.streaming:
                    b"".join(answer)
            counts[name] = len(caught)
        return counts

    few = queries()
    request.getfixturevalue("many")
    assert queries() == few
    assert all(count <= 26 for count in few.values()), few


def test_the_differences_as_csv_have_units_and_no_words(browse: As, draft, many, steward, lamp_case):
    answer = browse(steward).get(at("rehearsal-export", draft))
    told = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(told)))
    assert len(rows) == 1 + RehearsedCase.objects.count()
    assert rows[1][0] == lamp_case.number
    assert LAMP_TEXT[:4] not in told


# --- from a file ----------------------------------------------------------------------------------------


def upload(
    client: Client, draft: ResponsibilityList, body: str | bytes, name: str = "cases.csv", **more: str
):
    content = body.encode() if isinstance(body, str) else body
    return client.post(at("rehearsal-file", draft), {"file": SimpleUploadedFile(name, content), **more})


GOOD = (
    "内容,类别,来源,时间,社区编码,办结单位\n"
    f'"{LAMP_TEXT}",{LAMP_CATEGORY},hotline,2026-07-01 09:30,,water-group\n'
)


def test_rows_of_a_file_are_decided_and_their_words_forgotten(browse: As, draft, steward, now):
    client = browse(steward)
    answer = upload(client, draft, GOOD)
    assert answer.status_code == 302
    assert RehearsalPart.objects.get().rows[0]["text"] == LAMP_TEXT
    work(now)
    done = Rehearsal.objects.get()
    assert (done.state, done.total, done.file_name) == ("done", 1, "cases.csv")
    assert RehearsalPart.objects.get().rows is None
    row = RehearsedCase.objects.get()
    assert (row.row, row.turn, row.settled_unit) == (2, "righted", "water-group")
    assert LAMP_TEXT not in json.dumps(row.facts, ensure_ascii=False)
    page = client.get(at("rehearsal-case", draft, row.pk))
    assert page.context["is_explained"]
    assert client.get(at("rehearsal", draft)).status_code == 200


def test_words_of_a_file_are_forgotten_too_where_it_is_called_off(browse: As, draft, steward):
    client = browse(steward)
    upload(client, draft, GOOD)
    client.post(at("rehearsal-cancel", draft))
    assert RehearsalPart.objects.get().rows is None


def test_json_lines_and_a_chinese_excel_s_encoding_are_read(browse: As, draft, steward):
    client = browse(steward)
    line = json.dumps({"text": LAMP_TEXT, "lon": 114.26054, "lat": 22.76488, "category": LAMP_CATEGORY})
    assert upload(client, draft, line + "\n\n" + line, "cases.jsonl").status_code == 302
    part = RehearsalPart.objects.get()
    assert [row["row"] for row in part.rows] == [1, 3]
    assert part.rows[0]["community"]
    assert upload(client, draft, GOOD.encode("gb18030")).status_code == 302


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_of_json_ends_where_a_line_ends_and_not_within_its_text(end, browse: As, draft, steward):
    texts = [f"{LAMP_TEXT}\u2028第二行", f"{LAMP_TEXT}\u0085第二行"]
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    assert upload(browse(steward), draft, end.join(lines), "cases.jsonl").status_code == 302
    part = RehearsalPart.objects.get()
    assert [(row["row"], row["text"]) for row in part.rows] == list(enumerate(texts, start=1))


BAD = [
    ("text\n", 0, "", "empty"),
    ("words\nx\n", 0, "text", "required"),
    ("text,text\na,b\n", 0, "", "repeated"),
    ('text\n"a', 0, "", "not_csv"),
    (b"\x00\x01PNG", 0, "", "not_text"),
    ("text,category\n灯坏了,9999\n", 2, "category", "unknown"),
    ("text,category\n ,0204\n", 2, "text", "required"),
    ("text,source\n灯坏了,pigeon\n", 2, "source", "unknown"),
    ("text,received_at\n灯坏了,昨天\n", 2, "received_at", "not_a_time"),
    ("text,received_at\n灯坏了,2031-01-01\n", 2, "received_at", "out_of_range"),
    ("text,lon,lat\n灯坏了,22.7,114.2\n", 2, "lat", "swapped"),
    ("text,lon,lat\n灯坏了,x,114.2\n", 2, "lon", "not_a_number"),
    ("text,area\n灯坏了,999\n", 2, "area", "unknown_area"),
    ("text,settled_unit\n灯坏了,某某局\n", 2, "settled_unit", "unknown"),
    ("text\n灯坏了,多一格\n", 2, "", "too_many_fields"),
]


@pytest.mark.parametrize(("body", "row", "field", "code"), BAD)
def test_a_bad_row_is_named_with_its_field_and_nothing_runs(
    body, row, field, code, browse: As, draft, steward
):
    page = upload(browse(steward), draft, body)
    assert page.status_code == 400
    [problem] = page.context["problems"]
    assert (problem.row, problem.code) == (row, code)
    assert problem.field.endswith(field)
    assert problem.message
    assert not Rehearsal.objects.exists()


@pytest.mark.parametrize("line", ["[1]", "{", '{"text": "\\ud800"}', '{"text": "a\\u0000b"}'])
def test_a_bad_line_of_json_is_named_too(line, browse: As, draft, steward):
    page = upload(browse(steward), draft, line, "x.jsonl")
    assert [problem.row for problem in page.context["problems"]] == [1]


def test_bad_rows_are_left_out_where_that_is_asked_for(browse: As, draft, steward):
    body = GOOD + "灯坏了,9999,,,,\n"
    assert upload(browse(steward), draft, body).context["good_count"] == 1
    assert upload(browse(steward), draft, body, leave_out="on").status_code == 302
    assert Rehearsal.objects.get().total == 1
