"""Lines of work: every case in exactly one, told the same way by the database and by plain words."""

from datetime import timedelta

import pytest
from django.db.models import Count

from dispatch.models import Category
from dispatch.vocabulary import Source
from incidents import actions
from incidents.centre import board
from incidents.centre.groups import BY_CODE, GROUPS, OTHER, group_of, place_in
from incidents.models import Incident
from incidents.models.incident import ResolutionOutcome
from tests.cast import LAMP_CATEGORY, TUESDAY, Person, file_report
from tests.incidents.centre.people import PINGHU, centre

LONGGANG_STREET = "440307016000"


def test_the_database_groups_as_the_plain_rule_does(lamp_case: Incident) -> None:
    wrong = []
    for category in [*Category.objects.order_by("code").values_list("code", flat=True), None]:
        for source in Source.values:
            Incident.objects.filter(pk=lamp_case.pk).update(category=category, source=source)
            row = Incident.objects.annotate(line=group_of()).values_list("line", flat=True).get()
            if row != place_in(source, category or ""):
                wrong.append((source, category, row))
    assert wrong == []


def test_every_line_has_matters_or_doors_that_no_earlier_line_takes_all_of(db: None) -> None:
    categories = list(Category.objects.values_list("code", flat=True))
    reached = {place_in(source, code) for source in Source.values for code in categories}
    assert reached == {group.code for group in GROUPS}
    known = {code[:2] for code in categories} | set(categories)
    assert [prefix for group in GROUPS for prefix in group.matters if prefix not in known] == []


@pytest.mark.parametrize(
    ("source", "category", "line"),
    [
        ("hotline", "1004", "hotline"),  # whatever it is about
        ("patrol", "1004", "small_premises"),
        ("patrol", "1007", "work_safety"),
        ("city_app", "0803", "minor_works"),
        ("city_app", "0801", "building"),
        ("patrol", "0101", "city"),
        ("patrol", "1201", "grid"),
        ("city_app", "1201", OTHER),
        ("city_app", "", OTHER),
    ],
)
def test_lines_as_a_sub_centre_draws_them(source: str, category: str, line: str) -> None:
    assert place_in(source, category) == line


def test_a_boards_numbers_are_the_rows_behind_them(handler: Person) -> None:
    lamp = file_report(source="city_app")
    file_report(external_id="call", category="1201", text="餐馆后厨不干净")  # by the hotline
    file_report(source="patrol", category="0101", text="人行道有垃圾", external_id="grid")
    actions.accept(number=lamp.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=5))
    at = TUESDAY + timedelta(days=20)
    for code in (LONGGANG_STREET, "440307000000"):
        here = centre(code)
        lines = board.lines_of(here, at)
        assert [line.group for line in lines] == list(GROUPS)
        assert sum(line.open for line in lines) == Incident.objects.count() == 3
        for line in lines:
            assert board.cases_of(here, line.group, at).count() == line.open
            assert board.cases_of(here, line.group, at, only="overdue").count() == line.overdue
    assert sum(line.open for line in board.lines_of(centre(PINGHU), at)) == 0


def test_how_fast_a_line_is_comes_from_its_facts(handler: Person) -> None:
    lamp = file_report(source="city_app")
    actions.accept(number=lamp.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=5))
    actions.resolve(
        number=lamp.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已换",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=3),
    )
    lines = {line.group.code: line for line in board.lines_of(centre(), TUESDAY + timedelta(hours=4))}
    line = lines[place_in("city_app", LAMP_CATEGORY)]
    assert (line.received, line.handled, line.mean_seconds) == (1, 1, 3 * 3600)
    assert BY_CODE[line.group.code] is line.group
    assert Incident.objects.aggregate(count=Count("pk"))["count"] == 1
