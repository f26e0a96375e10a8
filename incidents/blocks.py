"""街区: the block that a place lies in, and who answers for it by name."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Membership, User
from accounts.roles import ADMINISTRATORS, Role
from accounts.viewer import Reach, viewer_of
from grids import coding, outlines, registers
from grids.locate import Place, geography_with
from grids.models import Area
from grids.romanise import romanise
from incidents import contacting, mediating
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockCell, BlockChange, BlockRole, CouncilMeeting, CouncilMember

# Seconds for which a process takes the blocks it has read to be unchanged.
TRUST = 10.0
# Who cuts blocks and names those who answer for them, of the whole district or of the block's street.
NAMERS = (Role.SUPERVISOR, Role.LEADER)
CELLS_MOST = 200
# Of one community; a code has two digits for them.
BLOCKS_MOST = 99
SHOWN_MOST = 300
# In a report's attributes: the block somewhere in which it is; its cell only stands for that.
STANDS_FOR = "somewhere_in_block"
CHANGES_SHOWN = 20
# Digits of a code that name the street.
_STREET = 9
_read: Mapping[str, str] | None = None
_read_at = 0.0


def block_of(cell_code: str) -> str:
    """The code of the block that a cell lies in; empty where the street has cut none there."""
    global _read, _read_at
    if _read is None or time.monotonic() - _read_at > TRUST:
        _read = dict(BlockCell.objects.values_list("cell_id", "block_id"))
        _read_at = time.monotonic()
    return _read.get(cell_code, "")


def forget() -> None:
    """Read the blocks anew at the next question, and the areas where their stamp says so."""
    global _read
    _read = None
    registers.distrust()


def is_in(block_code: str, place: Place) -> bool:
    """Does a place lie in this block, as far as is known? Without a cell, its community is all there is."""
    if place.cell:
        return block_of(place.cell) == block_code
    return bool(place.community) and geography_with(block_code).parents.get(block_code) == place.community


def stand_in(block: Area) -> str:
    """The cell that stands for the whole block where nothing finer is known: the one in which its label
    stands; empty where it has none."""
    cells = BlockCell.objects.filter(block=block).order_by("cell__code")
    own = list(cells.values_list("cell_id", "cell__lon", "cell__lat"))
    labelled = (code for code, lon, lat in own if (lon, lat) == (block.lon, block.lat))
    return next(labelled, own[0][0] if own else "")


def blocks_in(community: str) -> list[Area]:
    """The blocks that a community is cut into."""
    found = Area.objects.blocks().without_polygons().filter(parent=community)
    return list(found.order_by("code"))


@transaction.atomic
def cut(*, name_zh: str, name_en: str, cells: Iterable[str], by: User | None, at: datetime) -> Area:
    """A block of these cells, which lie in one community and in no other block yet; answers its area.

    Its outline is that of its cells together; where they do not touch, that of the largest part. `by` is
    None where the installation's keeper loads a file. Raises InvalidInput (name_zh, name_en, cells).
    """
    names = _names(name_zh, name_en)
    found = _cells(cells, by=by)
    community = _hold_community(found)
    _refuse_name(names, community, block=None)
    _refuse_taken(found, block=None)
    block = Area(code=_next_code(community), kind=Area.Kind.BLOCK, parent=community)
    _shape(block, names, found)
    BlockCell.objects.bulk_create([BlockCell(block=block, cell=cell) for cell in found])
    _note(block, BlockChange.What.CUT, found, by=by, at=at)
    return block


@transaction.atomic
def change(
    *, area_code: str, name_zh: str, name_en: str, cells: Iterable[str], by: User | None, at: datetime
) -> Area:
    """The same block with another name or of other cells of its community; its people and its council stay.

    Raises InvalidInput (block, name_zh, name_en, cells).
    """
    names = _names(name_zh, name_en)
    _block(area_code, by=by)
    found = _cells(cells, by=by)
    community = _hold_community(found)
    block = _block(area_code, by=by)  # once more: it may have been taken apart meanwhile
    if community != block.parent:
        raise InvalidInput("cells", "unknown", _("Choose grid cells of the block's own community."))
    _refuse_name(names, community, block=block)
    _refuse_taken(found, block=block)
    kept = {cell.pk for cell in found}
    had = set(BlockCell.objects.filter(block=block).values_list("cell_id", flat=True))
    if had == kept and (block.name_zh, block.name_en) == names:
        return block
    BlockCell.objects.filter(block=block).exclude(cell__in=kept).delete()
    BlockCell.objects.bulk_create([BlockCell(block=block, cell_id=code) for code in sorted(kept - had)])
    _shape(block, names, found)
    _note(block, BlockChange.What.CHANGED, found, by=by, at=at)
    return block


@transaction.atomic
def undo(*, area_code: str, by: User | None, at: datetime) -> int:
    """There is no such block any more: its cells are free, nobody answers for it, and its plates are out of
    use. Answers how many of those were still on walls; again is no change.

    Raises ActionRefused where its council has met: then its cells are changed instead.
    """
    if not Area.objects.blocks().filter(code=area_code).exists():
        if BlockChange.objects.filter(area_code=area_code).exists():
            return 0
        raise InvalidInput("block", "unknown", _("There is no such block."))
    block = _block(area_code, by=by)
    _hold_community([block])
    members = CouncilMember.objects.filter(area_code=area_code)
    if CouncilMeeting.objects.filter(area_code=area_code).exists() or members.exists():
        raise ActionRefused(
            "has_council", _("This block has a council with members or meetings. Change its cells instead.")
        )
    # Once more: another may have taken it apart while this one waited for the community.
    if not Area.objects.blocks().filter(code=area_code).update(retired_at=at):
        return 0
    BlockCell.objects.filter(block=block).delete()
    # Who answered for it, from when to when, stays on record.
    BlockRole.objects.filter(area=block, until__isnull=True).update(until=at)
    plates = coding.retire_codes_of(area=block.pk, at=at, by=by)
    _note(block, BlockChange.What.UNDONE, [], by=by, at=at)
    return plates


def changes_in(community: str) -> list[BlockChange]:
    """What was done to the blocks of a community lately, newest first."""
    found = BlockChange.objects.filter(area_code__startswith=f"{community}B").select_related("by")
    return list(found.order_by("-at", "-pk")[:CHANGES_SHOWN])


def _names(name_zh: str, name_en: str) -> tuple[str, str]:
    names = name_zh.strip(), name_en.strip() or _in_english(name_zh.strip())
    for field, name, most in (("name_zh", names[0], 40), ("name_en", names[1], 80)):
        if not name or len(name) > most or "\x00" in name:
            raise InvalidInput(
                field,
                "invalid",
                pgettext_lazy("block", "Write a name of at most %(max)d characters.") % {"max": most},
            )
    return names


def _in_english(name_zh: str) -> str:
    """What a block is called on English pages where nobody said so: as other areas are, romanised; by its
    Chinese name where that has more than Chinese characters in it."""
    proper = name_zh.removesuffix("街区")
    if not proper or any(not "\u4e00" <= character <= "\u9fff" for character in proper):
        return name_zh
    return f"{romanise(proper)[:70]} block" if proper != name_zh else romanise(proper)[:80]


def _refuse_name(names: tuple[str, str], community: Area, *, block: Area | None) -> None:
    """Two blocks of one community that are called the same could not be told apart on any list."""
    others = Area.objects.blocks().filter(parent=community).exclude(pk=block.pk if block is not None else "")
    for field, name in (("name_zh", names[0]), ("name_en", names[1])):
        if others.filter(**{f"{field}__iexact": name}).exists():
            raise InvalidInput(
                field, "taken", _("Another block of this community is called so: choose another name.")
            )


def _cells(told: Iterable[str], *, by: User | None) -> list[Area]:
    codes = sorted(set(told))
    known = [code for code in codes if len(code) <= 15 and "\x00" not in code]
    found = list(Area.objects.cells().filter(code__in=known).select_related("parent"))
    if not found or len(found) != len(codes) or len({area.parent_id for area in found}) != 1:
        raise InvalidInput("cells", "unknown", _("Choose grid cells of one community."))
    if len(found) > CELLS_MOST:
        raise InvalidInput("cells", "too_many", _("At most %(max)d cells.") % {"max": CELLS_MOST})
    _refuse_strangers(by, found[0].code)
    return found


def _block(area_code: str, *, by: User | None) -> Area:
    block = Area.objects.blocks().select_related("parent").filter(code=area_code).first()
    if block is None:
        raise InvalidInput("block", "unknown", _("There is no such block."))
    _refuse_strangers(by, block.code)
    return block


def _refuse_strangers(by: User | None, area_code: str) -> None:
    if by is not None and not may_name(by, area_code):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))


def _hold_community(parts: Sequence[Area]) -> Area:
    """The community of these areas, locked: two who cut it at once do so one after the other."""
    return Area.objects.select_for_update(no_key=True).get(pk=parts[0].parent_id)


def _refuse_taken(cells: Iterable[Area], *, block: Area | None) -> None:
    taken = BlockCell.objects.filter(cell__in=[cell.pk for cell in cells])
    if (taken.exclude(block=block) if block is not None else taken).exists():
        raise InvalidInput("cells", "taken", _("One of these cells lies in another block already."))


def _next_code(community: Area) -> str:
    """The next number of the community's blocks: one that is gone leaves its number to nobody."""
    begins = f"{community.code}B"
    areas = Area.objects.filter(code__startswith=begins).values_list("code", flat=True)
    noted = BlockChange.objects.filter(area_code__startswith=begins).values_list("area_code", flat=True)
    serial = 1 + max((int(code[len(begins) :]) for code in {*areas, *noted}), default=0)
    if serial > BLOCKS_MOST:
        raise InvalidInput(
            "cells", "too_many", _("A community has at most %(max)d blocks.") % {"max": BLOCKS_MOST}
        )
    return f"{begins}{serial:02d}"


def _shape(block: Area, names: tuple[str, str], cells: list[Area]) -> None:
    widest = max(cells, key=lambda area: area.area_m2)
    block.name_zh, block.name_en = names
    block.lon, block.lat = widest.lon, widest.lat
    block.area_m2 = sum(area.area_m2 for area in cells)
    block.polygon = outlines.joined(area.polygon for area in cells)
    block.save()


def _note(block: Area, what: str, cells: Iterable[Area], *, by: User | None, at: datetime) -> None:
    codes = sorted(cell.pk for cell in cells)
    BlockChange.objects.create(area_code=block.pk, what=what, name=block.name_zh, cells=codes, by=by, at=at)
    registers.touch(registers.AREAS)
    forget()
    transaction.on_commit(forget)


def roles_of(block_code: str) -> list[BlockRole]:
    """Who answers for this block now, the first secretary first; nobody who works there no more."""
    found = BlockRole.objects.filter(_holds(), area=block_code).select_related("user")
    order = BlockRole.Role.values
    return sorted(found, key=lambda one: order.index(one.role))


def holders(block_and_role: str) -> tuple[User, ...]:
    """Who holds this role now, of `AREA:ROLE`; nobody where it is vacant or they have left the street."""
    area, _colon, role = block_and_role.partition(":")
    held = BlockRole.objects.filter(_holds_in_force(), area=area, role=role)
    return tuple(one.user for one in held.select_related("user"))


def cells_of(user: User) -> QuerySet[BlockCell]:
    """The cells of the blocks that the person answers for by name."""
    held = BlockRole.objects.filter(_holds_in_force(), user=user)
    return BlockCell.objects.filter(block__in=held.values("area"))


def streets_of(user: User) -> set[str]:
    """The streets in which the person answers for a block by name; one query."""
    held = BlockRole.objects.filter(_holds_in_force(), user=user).order_by()
    return {f"{area[:_STREET]}000" for area in held.values_list("area", flat=True)}


def may_be_told() -> Q:
    """The condition on cases that whoever answers for their block learns of them by that.

    Not where the reporter is protected, and no dispute: those are no matter of a neighbour's.
    """
    return ~contacting.protected() & ~Q(category__code__startswith=mediating.DISPUTES)


def _holds_in_force() -> Q:
    """The same, and what they are told and may open ends with what the provider says of them no more."""
    return _holds(Membership.objects.in_force(timezone.now()))


def _holds(members: QuerySet[Membership] | None = None) -> Q:
    """A role is held by who works for the block's street: it ends with the membership."""
    works = (
        (Membership.objects.all() if members is None else members)
        .filter(
            user=OuterRef("user"),
            unit__is_open=True,
            unit__area_code__startswith=Left(OuterRef("area_id"), _STREET),
        )
        .exclude(role__in=ADMINISTRATORS)
    )
    return Q(Exists(works), until__isnull=True, user__is_active=True)


def may_name(user: User, area_code: str) -> bool:
    """May this person cut blocks here, and say who answers for them: the district's, and the street's own."""
    return any(
        grant.reach == Reach.DISTRICT
        or (grant.reach == Reach.STREET and grant.unit.area_code[:_STREET] == area_code[:_STREET])
        for grant in viewer_of(user).with_roles(*NAMERS)
    )


def candidates(area_code: str) -> list[User]:
    """Who can be named: whoever works for the street or the community that the block lies in, and may open
    cases at all: they hear of what is late, and go and look."""
    return list(_workers(area_code).order_by("display_name", "pk")[:SHOWN_MOST])


def _workers(area_code: str) -> QuerySet[User]:
    works = Membership.objects.filter(
        unit__area_code__startswith=area_code[:_STREET], unit__is_open=True, user__is_active=True
    ).exclude(role__in=ADMINISTRATORS)  # they see no case
    return User.objects.filter(pk__in=works.values("user"))


@transaction.atomic(durable=True)
def name(*, area_code: str, role: str, user_id: int | None, by: User, at: datetime) -> BlockRole | None:
    """Name somebody for a role of a block, or nobody: whoever held it until now holds it no more."""
    if not may_name(by, area_code):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    # The row of the block keeps two who name at once apart.
    block = Area.objects.blocks().select_for_update().filter(code=area_code).first()
    if block is None or role not in BlockRole.Role.values:
        raise InvalidInput("role", "unknown", _("Choose a block and one of its roles."))
    named = _workers(area_code).filter(pk=user_id).first() if user_id is not None else None
    if user_id is not None and named is None:
        raise InvalidInput("user", "unknown", _("Choose somebody who works for this street."))
    held = BlockRole.objects.filter(area=block, role=role, until__isnull=True)
    if named is not None and held.filter(user=named).exists():
        return held.get()
    held.update(until=at)
    if named is None:
        return None
    return BlockRole.objects.create(area=block, role=role, user=named, since=at, named_by=by)
