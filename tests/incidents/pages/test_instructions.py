"""The pages of instructions: written down, reported on, answered; who sees what; pages and refusals."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.roles import Role
from incidents import instructing
from incidents.models import Incident, Instruction
from tests.browsers import As
from tests.cast import LAMP_UNIT, TUESDAY, Person, person
from tests.incidents.pages.conftest import SetClock

DAY = timedelta(days=1)
NEW = "/instructions/new/"
BY = "2026-07-14T18:00"


@pytest.fixture
def given(leader: Person) -> Callable[..., Instruction]:
    def give(units: tuple[str, ...] = (LAMP_UNIT,), days: float = 7, **said: Any) -> Instruction:
        return instructing.give(
            office="district",
            words=said.pop("words", "全面排查主干道路灯"),
            units=units,
            due_at=TUESDAY + days * DAY,
            actor=leader.actor,
            at=TUESDAY,
            **said,
        )

    return give


def at_page(one: Instruction, step: str = "") -> str:
    return reverse(f"instruction-{step}" if step else "instruction", args=[one.number])


def test_a_supervisor_writes_it_down_for_the_cases_that_were_ticked(
    browse: As, supervisor: Person, leader: Person, lamp_case: Incident
) -> None:
    client = browse(supervisor)
    page = client.get(NEW, {"case": [lamp_case.number], "tab": "overdue"})
    assert lamp_case.number in page.content.decode()
    said = {"office": "district", "words": "今晚查清", "units": [LAMP_UNIT], "due_at": BY}
    refused = client.post(
        NEW, {**said, "case": f"{lamp_case.number} 20990101-000001", "given_by": leader.user.pk}
    )
    assert (refused.status_code, "case" in refused.context["form"].errors) == (400, True)
    assert "今晚查清" in refused.content.decode()
    nobody = client.post(NEW, {**said, "case": lamp_case.number})
    assert "given_by" in nobody.context["form"].errors
    done = client.post(
        NEW,
        {**said, "case": f"{lamp_case.number},{lamp_case.number}", "given_by": leader.user.pk},
        follow=True,
    )
    one = Instruction.objects.get()
    assert [case.number for case in one.cases.all()] == [lamp_case.number]
    assert one.number in done.content.decode()
    # and on the case's own page
    case_page = client.get(reverse("case", args=[lamp_case.number])).content.decode()
    assert at_page(one) in case_page


def test_the_unit_reports_and_the_leader_answers(
    browse: As, leader: Person, handler: Person, given: Callable[..., Instruction]
) -> None:
    one = given()
    mine, theirs = browse(handler), browse(leader)
    assert mine.get("/instructions/").context["wanted"] == "report"
    page = mine.get(at_page(one)).content.decode()
    assert at_page(one, "report") in page
    assert at_page(one, "judge") not in page
    empty = mine.post(at_page(one, "report"), {"unit": LAMP_UNIT, "text": " "})
    assert empty.status_code == 400
    mine.post(at_page(one, "report"), {"unit": LAMP_UNIT, "text": "已查 120 盏"})
    again = mine.post(at_page(one, "report"), {"unit": LAMP_UNIT, "text": "又按了一次"})
    assert again.status_code == 409
    assert theirs.get("/instructions/").context["wanted"] == "answer"
    back = {"unit": LAMP_UNIT, "accepted": "no"}
    refused = theirs.post(at_page(one, "judge"), back)
    form = next(part["judge_form"] for part in refused.context["parts"])
    assert (refused.status_code, set(form.errors)) == (400, {"remark", "due_at"})
    theirs.post(at_page(one, "judge"), {**back, "remark": "缺照片", "due_at": BY})
    assert "缺照片" in mine.get(at_page(one)).content.decode()
    mine.post(at_page(one, "report"), {"unit": LAMP_UNIT, "text": "照片已补"})
    theirs.post(at_page(one, "judge"), {"unit": LAMP_UNIT, "accepted": "yes"})
    one.refresh_from_db()
    assert one.end == "done"
    assert one.number in theirs.get("/instructions/?tab=ended").content.decode()


def test_each_unit_reads_its_own_report_and_not_the_others(
    browse: As, handler: Person, other_handler: Person, given: Callable[..., Instruction]
) -> None:
    one = given(units=(LAMP_UNIT, "water-group"))
    instructing.report(
        number=one.number, unit=LAMP_UNIT, text="路灯公司的情况", actor=handler.actor, at=TUESDAY
    )
    assert "路灯公司的情况" in browse(handler).get(at_page(one)).content.decode()
    others = browse(other_handler).get(at_page(one))
    assert others.status_code == 200
    assert "路灯公司的情况" not in others.content.decode()
    posed = browse(other_handler).post(at_page(one, "report"), {"unit": LAMP_UNIT, "text": "冒名"})
    assert posed.status_code == 403


def test_who_may_open_what(
    browse: As,
    operator: Person,
    handler: Person,
    other_handler: Person,
    leader: Person,
    given: Callable[..., Instruction],
) -> None:
    one = given()
    lamps_head = person("head", Role.LEADER, LAMP_UNIT)
    assert browse(operator).get("/instructions/").status_code == 403
    assert browse(handler).get(NEW).status_code == 403
    assert browse(lamps_head).get(NEW).status_code == 403
    assert browse(other_handler).get(at_page(one)).status_code == 404
    assert browse(lamps_head).get(at_page(one)).status_code == 200
    withdrawn = browse(handler).post(at_page(one, "withdraw"), {"reason": "不想办"})
    assert withdrawn.status_code == 403
    browse(leader).post(at_page(one, "withdraw"), {"reason": "已另行部署"})
    assert "已另行部署" in browse(handler).get(at_page(one)).content.decode()


def test_the_menu_counts_what_is_owed(
    browse: As, handler: Person, other_handler: Person, given: Callable[..., Instruction]
) -> None:
    given()

    def counts(who: Person) -> list[str]:
        nav = browse(who).get(reverse("inbox")).context["nav"]
        return [item["count"] for item in nav if item["url"] == "/instructions/"]

    assert (counts(handler), counts(other_handler)) == (["1"], [])


def test_pages_follow_each_other_without_gap_or_repeat(
    browse: As,
    leader: Person,
    handler: Person,
    given: Callable[..., Instruction],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("incidents.pages.instructions.PAGE", 2)
    made = [given(days=days) for days in (3, 1, 2, 2, 5)]
    instructing.report(number=made[0].number, unit=LAMP_UNIT, text="在办", actor=handler.actor, at=TUESDAY)
    client, seen, url = browse(leader), [], "/instructions/?tab=open"
    while url:
        context = client.get(url).context
        seen += [row["given"].number for row in context["rows"]]
        url = context["next_url"]
    by_due = [made[index].number for index in (1, 2, 3, 4, 0)]  # what is reported already stands last
    assert seen == by_due
    for after in ("x", "_", "nan_3", "1e400_1", "5_99999999999999999999"):
        assert client.get("/instructions/", {"tab": "open", "after": after}).status_code == 200
        assert client.get("/instructions/", {"tab": "ended", "after": after}).status_code == 200


def test_the_ledger_asks_the_same_few_questions_however_many_there_are(
    browse: As,
    leader: Person,
    given: Callable[..., Instruction],
    now: SetClock,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    client = browse(leader)
    for _index in range(3):
        given()
    client.get("/instructions/?tab=open")
    with django_assert_max_num_queries(18):
        client.get("/instructions/?tab=open")
    for _index in range(12):
        given(units=(LAMP_UNIT, "water-group", "pinghu/enforcement"))
    with django_assert_max_num_queries(18):
        assert len(client.get("/instructions/?tab=open").context["rows"]) == 15


def test_nothing_at_all_is_said(browse: As, leader: Person, handler: Person) -> None:
    for who in (leader, handler):
        assert browse(who).get("/instructions/").content.decode().count('class="empty"') == 1
