"""A block has people who answer for it by name: they stand on its cases, and hear when one is late."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.translation import override

from accounts.models import Membership, OrgUnit
from accounts.roles import Role
from grids.models import Area
from incidents import blocks, delivery, seeing, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockCell, BlockChange, BlockRole, Incident, Notification, OutboxMessage, Timer
from incidents.sources import council_life
from tests.cast import TUESDAY, Person, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    blocks.forget()
    yield
    blocks.forget()


@pytest.fixture
def block(lamp_case: Incident) -> Area:
    """The lamp stands in it."""
    return blocks.cut(
        name_zh="植物园街区",
        name_en="Botanical Garden block",
        cells=[lamp_case.cell_code],
        by=None,
        at=TUESDAY,
    )


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
        blocks.cut(name_zh="另一个", name_en="Another", cells=[lamp_case.cell_code], by=None, at=TUESDAY)


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


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        (Role.LEADER, "lighting-company"),
        (Role.SUPERVISOR, "urban-management"),
        (Role.LEADER, "longgang/enforcement"),
        (Role.SUPERVISOR, "longgang/c006"),
        (Role.PATROL, "longgang/grid-station"),
    ],
)
def test_who_stands_in_no_street_cuts_and_names_nothing(
    block: Area, head: Person, lamp_case: Incident, role: Role, unit: str
) -> None:
    somebody = person("somebody", role, unit)
    with pytest.raises(ActionRefused):
        name(block, head, somebody)
    with pytest.raises(ActionRefused):
        blocks.undo(area_code=block.code, by=somebody.user, at=TUESDAY)
    with pytest.raises(ActionRefused):
        blocks.cut(name_zh="一", name_en="One", cells=[others(block)[0]], by=somebody.user, at=TUESDAY)


def others(block: Area) -> list[str]:
    """Cells of its community that lie in no block."""
    taken = BlockCell.objects.values("cell")
    cells = Area.objects.cells().filter(parent=block.parent_id).exclude(pk__in=taken)
    return list(cells.order_by("code").values_list("code", flat=True))


def test_a_block_gets_other_cells_and_keeps_its_people(
    block: Area, lamp_case: Incident, head: Person, street: Person
) -> None:
    name(block, head, street)
    told = {"area_code": block.code, "name_zh": "新街区", "name_en": "New block", "at": TUESDAY}
    cells = others(block)[:2]
    blocks.change(**told, cells=cells, by=street.user)
    assert blocks.block_of(lamp_case.cell_code) == ""
    assert [blocks.block_of(cell) for cell in cells] == [block.code] * 2
    block.refresh_from_db()
    assert (block.name_zh, block.area_m2) == ("新街区", sum(_sizes(cells)))
    assert [one.user for one in blocks.roles_of(block.code)] == [head.user]
    noted = BlockChange.objects.filter(area_code=block.code).order_by("pk")
    assert [(one.what, one.by, one.cells) for one in noted] == [
        ("cut", None, [lamp_case.cell_code]),
        ("changed", street.user, cells),
    ]
    blocks.change(**told, cells=cells, by=street.user)  # the second of two presses
    assert noted.count() == 2


def _sizes(cells: list[str]) -> list[int]:
    return list(Area.objects.filter(code__in=cells).values_list("area_m2", flat=True))


def test_two_blocks_of_one_community_are_not_called_the_same(block: Area, street: Person) -> None:
    free = others(block)
    told = {"cells": free[:1], "by": street.user, "at": TUESDAY}
    for field, names in (
        ("name_zh", (" 植物园街区 ", "Other block")),
        ("name_en", ("别的街区", "botanical garden block")),
    ):
        with pytest.raises(InvalidInput) as refused:
            blocks.cut(name_zh=names[0], name_en=names[1], **told)
        assert (refused.value.field, refused.value.code) == (field, "taken")
    second = blocks.cut(name_zh="别的街区", name_en="Other block", **told)
    with pytest.raises(InvalidInput) as refused:
        blocks.change(area_code=second.code, name_zh="植物园街区", name_en="Other block", **told)
    assert refused.value.field == "name_zh"
    # Its own name it may keep, and that of one that is gone is free.
    blocks.change(area_code=second.code, name_zh="别的街区", name_en="Other block too", **told)
    blocks.undo(area_code=block.code, by=street.user, at=TUESDAY)
    blocks.change(area_code=second.code, name_zh="植物园街区", name_en="Other block", **told)


def test_an_english_name_may_be_left_out(block: Area, street: Person) -> None:
    page = f"/councils/area/{block.parent_id}/blocks/"
    client = Client()
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    made = client.post(page, {"name_zh": "榕树街区", "name_en": "", "cells": others(block)[:1]})
    assert made.status_code == 302
    assert Area.objects.blocks().get(name_zh="榕树街区").name_en == "Rongshu block"
    made = client.post(page, {"name_zh": "A区街区", "name_en": "", "cells": others(block)[:1]})
    assert made.status_code == 302
    assert Area.objects.blocks().get(name_zh="A区街区").name_en == "A区街区"


def test_a_block_is_taken_apart_and_its_number_is_given_to_no_other(
    block: Area, lamp_case: Incident, street: Person
) -> None:
    for _press in range(2):
        blocks.undo(area_code=block.code, by=street.user, at=TUESDAY)
    assert blocks.block_of(lamp_case.cell_code) == ""
    again = {"name_zh": "又一个", "name_en": "Again", "cells": [lamp_case.cell_code]}
    later = blocks.cut(**again, by=street.user, at=TUESDAY)
    assert (block.code[-3:], later.code[-3:]) == ("B01", "B02")


def test_a_block_whose_council_has_met_is_not_taken_apart(block: Area, street: Person) -> None:
    council_life.add_member(area=block.code, name="王秀英", duty="chair", user=street.user, at=TUESDAY)
    with pytest.raises(ActionRefused) as refused:
        blocks.undo(area_code=block.code, by=street.user, at=TUESDAY)
    assert refused.value.code == "has_council"


def test_more_than_ninety_nine_blocks_are_refused(block: Area, street: Person) -> None:
    told = {"what": "undone", "name": "旧", "cells": [], "at": TUESDAY}
    BlockChange.objects.create(area_code=f"{block.parent_id}B99", **told)
    with pytest.raises(InvalidInput):
        blocks.cut(name_zh="一", name_en="One", cells=[others(block)[0]], by=street.user, at=TUESDAY)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name_zh": ""}, "name_zh"),
        ({"name_en": "n" * 81}, "name_en"),
        ({"cells": []}, "cells"),
        ({"cells": ["440307003002001", "\x00"]}, "cells"),
        ({"cells": ["440307003002001", "440307016006001"]}, "cells"),
        ({"cells": ["440307016006"]}, "cells"),
    ],
)
def test_what_breaks_a_rule_of_blocks(db: None, given: dict[str, Any], field: str) -> None:
    told = {"name_zh": "一", "name_en": "One", "cells": ["440307016006001"], **given}
    with pytest.raises(InvalidInput) as refused:
        blocks.cut(**told, by=None, at=TUESDAY)
    assert refused.value.field == field


def test_a_block_s_name_is_no_person_s(db: None) -> None:
    with pytest.raises(InvalidInput) as refused:
        blocks.cut(name_zh="", name_en="One", cells=["440307016006001"], by=None, at=TUESDAY)
    with override("zh-hans"):
        assert "姓名" not in str(refused.value)


def test_who_works_there_no_more_answers_for_nothing(block: Area, head: Person, street: Person) -> None:
    name(block, head, street)
    Membership.objects.filter(user=head.user).update(unit=OrgUnit.objects.get(code="pinghu/grid-station"))
    assert blocks.holders(f"{block.code}:head") == ()
    assert blocks.roles_of(block.code) == []


def test_the_head_of_a_block_opens_the_case_that_they_hear_of(
    block: Area, lamp_case: Incident, head: Person, street: Person
) -> None:
    client = Client()
    client.force_login(head.user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/cases/{lamp_case.number}/").status_code == 404
    name(block, head, street)
    assert client.get(f"/cases/{lamp_case.number}/").status_code == 200
    assert lamp_case in seeing.cases_of(head.user)
    other = person("other", Role.PATROL, "longgang/grid-station")
    assert not seeing.can_see(other.user, lamp_case)


@pytest.mark.parametrize("told", [{"nature": "tip_off"}, {"category_id": "1501"}, {"category_id": "1401"}])
def test_a_tip_off_a_labour_matter_and_a_dispute_are_told_to_nobody_who_may_not_open_them(
    block: Area, lamp_case: Incident, head: Person, street: Person, told: dict[str, str]
) -> None:
    name(block, head, street)
    secretary = person("first", Role.LEADER, "longgang", "李书记")
    name(block, secretary, street, role="first_secretary")
    Incident.objects.filter(pk=lamp_case.pk).update(**told)
    assert not seeing.can_see(head.user, lamp_case)
    due = lamp_case.timers.get(kind=Timer.Kind.HANDLING).due_at
    sweeps.catch_up(at=due + timedelta(days=4))
    while delivery.spread(at=due + timedelta(days=4)):
        pass
    heard = Notification.objects.filter(message__receiver__startswith="block:").values_list("user", flat=True)
    assert set(heard) == {secretary.user.pk}  # sees every case of the street anyway


def test_whoever_works_for_a_big_street_can_be_named(
    block: Area, head: Person, street: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "SHOWN_MOST", 1)
    shown = blocks.candidates(block.code)
    hidden = next(one for one in (head, street) if one.user not in shown)
    held = name(block, hidden, street)
    assert held is not None
    assert held.user == hidden.user


def test_only_who_works_for_the_street_is_named(block: Area, street: Person, other_handler: Person) -> None:
    with pytest.raises(InvalidInput) as refused:
        name(block, other_handler, street)
    assert refused.value.field == "user"


def test_they_are_named_on_the_page_of_the_council(block: Area, head: Person, street: Person) -> None:
    client = Client()
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"/councils/area/{block.code}/role/", {"role": "head", "user": head.user.pk})
    assert "张街区" in client.get(f"/councils/area/{block.code}/").content.decode()


def test_a_community_is_cut_on_its_page_and_the_cut_is_taken_back(
    lamp_case: Incident, street: Person
) -> None:
    client = Client()
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    community = lamp_case.community_code
    address = f"/councils/area/{community}/blocks/"
    assert address in client.get(f"/councils/area/{community}/").content.decode()
    told = {"name_zh": "植物园街区", "name_en": "Garden block", "cells": [lamp_case.cell_code]}
    assert client.post(address, told)["Location"] == address
    [block] = blocks.blocks_in(community)
    assert client.post(address, told).status_code == 400  # the cell is no longer to be had
    opened = client.get(f"{address}?block={block.code}")
    assert opened.context["form"].initial["cells"] == [lamp_case.cell_code]
    assert f'<input type="hidden" name="block" value="{block.code}">' in opened.content.decode()
    assert 'type="hidden" name="block"' not in client.get(address).content.decode()
    changed = {
        **told,
        "block": block.code,
        "name_zh": "新名",
        "cells": [lamp_case.cell_code, *others(block)[:1]],
    }
    assert client.post(address, changed).status_code == 302
    assert BlockCell.objects.filter(block=block).count() == 2
    page = client.get(address).content.decode()
    assert "新名" in page
    assert "龙岗督办" in page  # who did it
    client.post(f"{address}undo/", {"block": block.code})
    assert blocks.blocks_in(community) == []
    assert client.get(f"{address}?block={block.code}")["Location"] == address


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"name_zh": "一", "name_en": "One"},
        {"name_zh": "一", "name_en": "One", "cells": ["440307003002001"]},
        {"name_zh": "", "name_en": "One", "cells": ["440307016006001"]},
    ],
)
def test_what_is_wrong_with_a_cut_is_said_on_the_page(street: Person, told: dict[str, Any]) -> None:
    client = Client()
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    answered = client.post("/councils/area/440307016006/blocks/", told)
    assert answered.status_code == 400
    assert answered.context["form"].errors
    assert not BlockCell.objects.exists()


def test_another_streets_page_of_blocks_is_nobodys(street_supervisor: Person, handler: Person) -> None:
    address = "/councils/area/440307016006/blocks/"
    for one, expected in ((street_supervisor, 404), (handler, 403)):
        client = Client()
        client.force_login(one.user, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get(address).status_code == expected
        assert client.post(f"{address}undo/", {"block": "440307016006B01"}).status_code == expected


def load(folder: Path, *rows: str) -> str:
    file, said = folder / "blocks.csv", StringIO()
    file.write_text("\n".join(["community,name_zh,name_en,cells", *rows]))
    call_command("load_blocks", str(file), stdout=said)
    return said.getvalue()


def test_blocks_come_from_a_file_and_again(db: None, tmp_path: Path) -> None:
    area = "440307016006"
    cells = list(Area.objects.cells().filter(parent=area).order_by("code").values_list("code", flat=True))
    load(tmp_path, f"{area},东区,East,{cells[0]} {cells[1]}", f"{area},西区,West,{cells[2]}")
    load(tmp_path, f"{area},东区,East,{cells[0]}")
    made = blocks.blocks_in(area)
    assert [one.name_zh for one in made] == ["东区", "西区"]
    assert BlockCell.objects.filter(block=made[0]).count() == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("440307016006,西区,West,440307003002001", "Row 3, cells"),
        ("440307016006,西区,West,440307016006001", "Row 3, cells"),  # the row before has it
        ("440307016006,,West,440307016006002", "Row 3, name_zh"),
        ("999,西区,West,440307016006002", "Row 3, community"),
    ],
)
def test_one_bad_row_loads_nothing(db: None, tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        load(tmp_path, "440307016006,东区,East,440307016006001", row)
    assert not BlockCell.objects.exists()
