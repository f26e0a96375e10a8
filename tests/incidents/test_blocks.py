"""A block has people who answer for it by name: they stand on its cases, and hear when one is late."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.roles import Role
from grids.models import Area
from incidents import blocks, delivery, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockCell, BlockRole, Incident, Notification, OutboxMessage, Timer
from tests.cast import TUESDAY, Person, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def read_anew() -> None:
    blocks.forget()


@pytest.fixture
def block(lamp_case: Incident) -> Area:
    """The lamp stands in it."""
    return blocks.cut(name_zh="植物园街区", name_en="Botanical Garden block", cells=[lamp_case.cell_code])


@pytest.fixture
def street(db: None) -> Person:
    """Supervises the street that the lamp stands in."""
    return person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations", "龙岗督办")


@pytest.fixture
def head(db: None) -> Person:
    return person("head", Role.PATROL, "longgang/grid-station", "张街区")


def name(block: Area, who: Person | None, by: Person, role: str = "head") -> BlockRole | None:
    return blocks.name(
        area_code=block.code, role=role, user_id=who.user.pk if who else None, by=by.user, at=TUESDAY
    )


def test_a_block_is_an_area_of_its_cells(block: Area, lamp_case: Incident) -> None:
    assert (block.kind, block.parent_id) == (Area.Kind.BLOCK, lamp_case.community_code)
    assert blocks.block_of(lamp_case.cell_code) == block.code
    assert block.polygon[0][0] == block.polygon[0][-1]
    with pytest.raises(InvalidInput):
        blocks.cut(name_zh="另一个", name_en="Another", cells=[lamp_case.cell_code])


def test_loading_the_map_again_leaves_it(block: Area) -> None:
    call_command("load_areas", stdout=StringIO())
    blocks.forget()
    assert Area.objects.filter(pk=block.pk).exists()
    assert BlockCell.objects.filter(block=block).count() == 1


def test_its_people_stand_on_the_case(
    block: Area, lamp_case: Incident, head: Person, street: Person, handler: Person
) -> None:
    name(block, head, street)
    client = Client()
    client.force_login(handler.user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/cases/{lamp_case.number}/").content.decode()
    assert "植物园街区" in page
    assert "张街区" in page


def test_when_a_case_is_late_they_hear_of_it_one_after_the_other(
    block: Area, lamp_case: Incident, head: Person, street: Person
) -> None:
    name(block, head, street)
    secretary = person("first", Role.LEADER, "longgang", "李书记")
    name(block, secretary, street, role="first_secretary")
    due = lamp_case.timers.get(kind=Timer.Kind.HANDLING).due_at
    sweeps.catch_up(at=due + timedelta(minutes=1))
    told = OutboxMessage.objects.filter(receiver__startswith="block:").order_by("pk")
    assert list(told.values_list("kind", "receiver")) == [("timer.breached", f"block:{block.code}:head")]
    sweeps.catch_up(at=due + timedelta(days=4))
    assert told.last().receiver == f"block:{block.code}:first_secretary"
    while delivery.spread(at=due + timedelta(days=4)):
        pass
    assert Notification.objects.filter(user=head.user, kind="timer.breached").count() == 1
    assert Notification.objects.filter(user=secretary.user, kind="timer.escalated").count() == 1


def test_who_is_named_later_takes_over(block: Area, head: Person, street: Person) -> None:
    first = name(block, head, street)
    assert name(block, head, street) == first  # twice is once
    other = person("other", Role.PATROL, "longgang/grid-station", "赵街区")
    name(block, other, street)
    assert [one.user for one in blocks.roles_of(block.code)] == [other.user]
    assert BlockRole.objects.get(pk=first.pk).until == TUESDAY if first else False
    name(block, None, street)
    assert blocks.holders(f"{block.code}:head") == ()


def test_another_streets_supervisor_names_nobody(
    block: Area, head: Person, street_supervisor: Person, handler: Person
) -> None:
    for one in (street_supervisor, handler):
        with pytest.raises(ActionRefused):
            name(block, head, one)


def test_only_who_works_for_the_street_is_named(block: Area, street: Person, other_handler: Person) -> None:
    with pytest.raises(InvalidInput) as refused:
        name(block, other_handler, street)
    assert refused.value.field == "user"


def test_they_are_named_on_the_page_of_the_council(block: Area, head: Person, street: Person) -> None:
    client = Client()
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"/councils/area/{block.code}/role/", {"role": "head", "user": head.user.pk})
    assert "张街区" in client.get(f"/councils/area/{block.code}/").content.decode()
