"""The demo's blocks: one community is cut into two, with people who answer for them and a council that
meets again next week."""

from datetime import datetime, timedelta

from accounts.models import Membership, User
from accounts.roles import Role
from grids.models import Area
from incidents import blocks
from incidents.models import BlockCell, BlockRole
from incidents.sources import council_life

_COMMUNITY = "440307016006"
# 布吉圩社区: its street's leader has a login, and can try a council.
BUJI_COUNCIL = "440307014001"
_NAMES = (("东区街区", "East block"), ("西区街区", "West block"))
_MEMBERS = (("周玉兰", "chair"), ("何志远", "secretary"), ("邓小梅", "member"), ("罗建军", "member"))
_BUJI_MEMBERS = (("黄秋月", "chair"), ("谢文彬", "member"), ("冯建平", "member"))
_WANTED = {
    BlockRole.Role.HEAD: {Role.PATROL},
    BlockRole.Role.INSTRUCTOR: {Role.HANDLER},
    BlockRole.Role.FIRST_SECRETARY: {Role.LEADER, Role.SUPERVISOR},
}
_AGENDA = "1. 上次议题办得怎么样\n2. 电动车充电桩选址\n3. 暑期儿童活动安排"


def cut_blocks(*, at: datetime) -> None:
    """Cut the community's cells from east to west; once."""
    if BlockCell.objects.exists():
        return
    cells = list(Area.objects.cells().filter(code__startswith=_COMMUNITY).order_by("-lon", "code"))
    half = (len(cells) + 1) // 2
    people = _people()
    for (name_zh, name_en), part in zip(_NAMES, (cells[:half], cells[half:]), strict=True):
        if not part:
            continue
        block = blocks.cut(
            name_zh=name_zh, name_en=name_en, cells=[cell.code for cell in part], by=None, at=at
        )
        for role, user in people.items():
            BlockRole.objects.create(area=block, role=role, user=user, since=at)


def _people() -> dict[BlockRole.Role, User]:
    """A grid member heads it, somebody of the community's station or a team instructs, a leader is the
    secretary; where one of these works there nobody, whoever is left."""
    works = Membership.objects.filter(
        user__in=blocks.candidates(_COMMUNITY), unit__area_code__startswith=_COMMUNITY[:9]
    )
    roles: dict[int, set[str]] = {}
    for user, role in works.values_list("user", "role"):
        roles.setdefault(user, set()).add(role)
    left = blocks.candidates(_COMMUNITY)
    found = {}
    for role, wanted in _WANTED.items():
        fitting = [user for user in left if wanted & roles[user.pk]] or left
        if fitting:
            found[role] = fitting[0]
            left.remove(fitting[0])
    return found


def seat_council(*, keeper: User, at: datetime) -> None:
    """Its members, and the agenda of its next meeting; members for the council of another street."""
    for area, members in ((_COMMUNITY, _MEMBERS), (BUJI_COUNCIL, _BUJI_MEMBERS)):
        for name, duty in members:
            council_life.add_member(area=area, name=name, duty=duty, user=keeper, at=at)
    council_life.plan(
        area=_COMMUNITY,
        held_at=at + timedelta(days=5),
        agenda=_AGENDA,
        key=f"demo-{_COMMUNITY}-next",
        user=keeper,
        at=at,
    )
