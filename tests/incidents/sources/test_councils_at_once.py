"""Two people of one council at the same moment: each meeting, issue and block's number is there once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from accounts.roles import Role
from grids.models import Area
from incidents import blocks
from incidents.errors import InvalidInput
from incidents.models import BlockCell, BlockChange, BlockRole, CouncilIssue, CouncilMeeting, Report
from incidents.sources import council_life, councils
from tests.cast import TUESDAY, Person, person
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


def test_what_another_press_files_in_between_is_filed_once(
    operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first press files the second issue just when the other one has read that it is not there."""
    councils.hold(meeting(issues=ISSUES[:1]), user=operator.user, at=TUESDAY)
    presses: list[int] = []

    def with_a_gap(*told: Any) -> Any:
        words: Any = Counter(*told)
        if not presses:
            presses.append(1)
            councils.hold(meeting(issues=ISSUES[:2]), user=operator.user, at=TUESDAY)
        return words

    monkeypatch.setattr(councils, "Counter", with_a_gap)
    councils.hold(meeting(issues=ISSUES[:2]), user=operator.user, at=TUESDAY)
    assert (CouncilIssue.objects.count(), Report.objects.count()) == (2, 2)


def test_two_who_name_at_once_name_one_each_time(supervisor: Person) -> None:
    cell = Area.objects.cells().filter(parent=AREA).order_by("code")[0]
    block = blocks.cut(name_zh="街区", name_en="Block", cells=[cell.code], by=None, at=TUESDAY)
    people = [person(f"head-{n}", Role.PATROL, "longgang/grid-station") for n in range(2)]

    def naming(who: Person) -> Callable[[], object]:
        told = {"area_code": block.code, "role": "head", "by": supervisor.user, "at": TUESDAY}
        return lambda: blocks.name(user_id=who.user.pk, **told)  # type: ignore[arg-type]

    assert at_once(*[naming(who) for who in people * 2]) == []
    assert BlockRole.objects.filter(area=block, until__isnull=True).count() == 1
    assert len(blocks.holders(f"{block.code}:head")) == 1


def test_a_block_is_changed_or_taken_apart_and_does_not_come_back(supervisor: Person) -> None:
    cells = list(Area.objects.cells().filter(parent=AREA).order_by("code").values_list("code", flat=True))[:2]
    told = {"name_zh": "街区", "name_en": "Block", "at": TUESDAY, "by": supervisor.user}
    block = blocks.cut(**told, cells=cells[:1])  # type: ignore[arg-type]

    def change() -> None:
        with suppress(InvalidInput):  # there is no such block any more
            blocks.change(area_code=block.code, cells=cells, **told)  # type: ignore[arg-type]

    def undo() -> None:
        blocks.undo(area_code=block.code, by=supervisor.user, at=TUESDAY)

    assert at_once(change, undo, undo) == []
    assert blocks.blocks_in(AREA) == []
    assert not BlockCell.objects.exists()
    assert BlockChange.objects.filter(area_code=block.code, what="undone").count() == 1


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
