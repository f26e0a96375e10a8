"""The sweep that fills the rows: late, killed, doubled, it forgets nothing and writes nothing old."""

import threading
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection

from incidents import actions
from incidents.models import Incident, SearchPending, SearchRow
from incidents.searching import rows
from incidents.searching.finding import find
from tests.cast import TUESDAY, Person, file_report

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = ("路灯不亮了", "井盖松动", "垃圾没有清运", "树倒了压着车", "水管爆了", "噪音扰民")


def numbers(typed: str) -> set[str]:
    return {case.number for case in find(typed, Incident.objects.all()).any}


def test_a_killed_sweep_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [file_report(text=words + "在路口") for words in WORDS]
    written = rows.write

    def die(taken: list[int]) -> None:
        written(taken)
        raise SystemExit

    monkeypatch.setattr(rows, "write", die)
    with pytest.raises(SystemExit):
        rows.fill(limit=4)
    assert SearchRow.objects.count() == 0
    assert SearchPending.objects.count() == len(cases)

    monkeypatch.undo()
    assert rows.behind(3) == 4  # at least that many
    while rows.fill(limit=4):
        pass
    assert numbers("路口") == {case.number for case in cases}
    assert rows.behind(3) == 0


def test_a_change_while_the_sweep_reads_is_taken_by_the_next_one() -> None:
    """What commits after a filler has read a case's words is in the queue again."""
    case = file_report(text="井盖松动")
    other = psycopg2.connect(**connection.get_connection_params())
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE incidents_text SET body = '路灯不亮' WHERE id = %s", [case.text_id]
            )  # not committed yet
            while rows.fill():
                pass
            assert numbers("井盖") == {case.number}
            other.commit()
        assert rows.fill() == 1
    finally:
        other.close()
    assert numbers("井盖") == set()
    assert numbers("路灯") == {case.number}


def test_two_fillers_do_not_work_at_once() -> None:
    file_report(text="井盖松动")
    other = psycopg2.connect(**connection.get_connection_params())
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(2, 3)")
            assert rows.fill() == 0
            assert SearchPending.objects.count() == 1
        other.rollback()
        assert rows.fill() == 1
    finally:
        other.close()


def test_fillers_beside_each_other_leave_every_row_right() -> None:
    cases = [file_report(text=f"{words}在路口", external_id=f"t{n}") for n, words in enumerate(WORDS * 4)]

    def run() -> None:
        try:
            while SearchPending.objects.exists():
                rows.fill(limit=3)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _one in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SearchRow.objects.count() == Incident.objects.count()
    assert numbers("路口") >= {case.number for case in cases}


def test_of_a_crowd_the_first_and_the_last_are_read_and_what_the_unit_did_is_found(handler: Person) -> None:
    case = file_report()
    others = [
        file_report(text=f"路灯{name}不亮了", joins=case.number)
        for name in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃"
    ]
    assert {one.pk for one in others} == {case.pk}
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY)
    actions.resolve(
        number=case.number,
        outcome="solved",
        text="更换镇流器",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    said = rows.said_in([case.pk])[case.pk]
    assert sum(one.kind == "report" for one in said) == rows.REPORTS_MOST
    assert [one.words[2] for one in said if one.words.startswith("路灯") and one.words[3:] == "不亮了"][
        -1
    ] == "昃"
    while rows.fill():
        pass
    assert numbers("镇流器") == numbers("昃不亮") == {case.number}
