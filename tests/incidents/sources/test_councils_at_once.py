"""Two people of one council at the same moment: each meeting, issue and block's number is there once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from grids.models import Area
from incidents import blocks
from incidents.errors import InvalidInput
from incidents.models import BlockCell, CouncilMeeting, Report
from incidents.sources import council_life, councils
from tests.cast import TUESDAY, Person
from tests.incidents.sources.test_council_life import plan
from tests.incidents.sources.test_councils import AREA, ISSUES, meeting
from tests.incidents.test_adjudication_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def blocks_are_gone_afterwards(transactional_db: None) -> Iterator[None]:
    """The map is kept from test to test, and a block is part of it."""
    yield
    Area.objects.of_kind(Area.Kind.BLOCK).delete()
    blocks.forget()


def test_two_who_write_down_a_planned_meeting_write_it_once(operator: Person, supervisor: Person) -> None:
    planned = plan(operator)
    held = TUESDAY + timedelta(days=7)

    def write(who: Person) -> object:
        told = meeting(key=f"by-{who.user.pk}", planned=planned.pk, held_at=held)
        return councils.hold(told, user=who.user, at=held + timedelta(days=1))

    said = at_once(lambda: write(operator), lambda: write(supervisor))
    assert said == ["wrong_state"]
    assert (CouncilMeeting.objects.count(), Report.objects.count()) == (1, len(ISSUES))


def test_one_form_of_a_plan_pressed_twice_plans_once(operator: Person) -> None:
    assert at_once(*[lambda: plan(operator)] * 4) == []
    assert CouncilMeeting.objects.count() == 1


def test_one_form_of_a_meeting_pressed_twice_files_each_issue_once(operator: Person) -> None:
    assert at_once(*[lambda: councils.hold(meeting(), user=operator.user, at=TUESDAY)] * 2) == []
    assert (CouncilMeeting.objects.count(), Report.objects.count()) == (1, len(ISSUES))


def test_it_is_written_down_or_cancelled_and_not_both(operator: Person, supervisor: Person) -> None:
    planned = plan(operator)
    held = TUESDAY + timedelta(days=7)
    told = meeting(key="w-1", planned=planned.pk, held_at=held)
    said = at_once(
        lambda: councils.hold(told, user=operator.user, at=held + timedelta(days=1)),
        lambda: council_life.cancel(meeting=planned.pk, user=supervisor.user, at=held + timedelta(days=1)),
    )
    assert said == ["wrong_state"]
    planned.refresh_from_db()
    assert (planned.attendance > 0) == (planned.cancelled_at is None)


def test_two_who_cut_one_community_get_two_numbers_and_no_cell_twice(supervisor: Person) -> None:
    cells = list(Area.objects.cells().filter(parent=AREA).order_by("code").values_list("code", flat=True))[:4]
    refused: list[str] = []

    def cut(part: list[str]) -> None:
        told = {"name_zh": "街区", "name_en": "Block", "at": TUESDAY}
        try:
            blocks.cut(**told, cells=part, by=supervisor.user)
        except InvalidInput as error:
            refused.append(error.code)

    at_once(lambda: cut(cells[:2]), lambda: cut(cells[2:]), lambda: cut(cells[1:3]))
    made = Area.objects.of_kind(Area.Kind.BLOCK).filter(parent=AREA)
    assert len(refused) in (1, 2)  # the third takes of both, or both of the third
    assert sorted(one.code[-3:] for one in made) == [f"B{n:02d}" for n in range(1, 4 - len(refused))]
    assert BlockCell.objects.filter(block__in=made).count() == 2 * made.count()
