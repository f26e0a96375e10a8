"""The roles that groups at the provider give: given and taken at a sign-in, taken at once where that ends.

Every way locks in this order: the person, the rows of the groups, the security administrators, what is held.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.identity import history
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.separation import why_not

log = logging.getLogger(__name__)

Held = set[tuple[str, str]]
# What a line of the history says instead of roles.
NOT_TOLD, LAST_KEPT = "groups_not_told", "last_security_kept"
_REASON_MOST = 200


class Apart(Exception):
    """The groups would make somebody what nobody may be at once; the words say what."""


def meant(groups: Collection[str], *, user: User | None = None) -> Held:
    """The roles (unit, role) that these groups mean now. A row gives nothing to who added it. The rows are
    locked, so that one that is being ended gives nothing after it has ended."""
    rows = GroupRole.objects.filter(group__in=groups, ended_at=None, unit__is_open=True)
    if user is not None:
        rows = rows.exclude(added_by=user)
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    return {(row.unit_id, row.role) for row in locked}


def follow(link: ProviderLink, groups: frozenset[str] | None, *, at: datetime, where: Where) -> bool:
    """Give what the groups say, take what they said before; what somebody here gave by hand stays. Nothing
    changes where the provider has not said which groups there are. Has it? Raises Apart."""
    user = link.user
    if groups is None:
        return _is_not_told(user, at=at, where=where)
    link.groups, link.groups_at = sorted(groups), at
    link.save(update_fields=["groups", "groups_at"])
    desired = meant(groups, user=user)
    held = list(Membership.objects.filter(user=user))
    by_hand: Held = {(one.unit_id, one.role) for one in held if not one.by_provider}
    before: Held = {(one.unit_id, one.role) for one in held if one.by_provider}
    added, gone = desired - before - by_hand, before - desired
    kept = _last_security(user, gone, at=at)
    gone -= kept
    if kept:
        log.error("the provider would take the last security administrator: user %s keeps that role", user.pk)
        _tell(user, LAST_KEPT, at=at, where=where)
    roles = {role for _unit, role in (by_hand | before | added) - gone}
    for role in roles:
        if words := why_not(roles, role):
            raise Apart(words)
    _take(user, gone)
    Membership.objects.bulk_create(
        Membership(user=user, unit_id=unit, role=role, by_provider=True) for unit, role in sorted(added)
    )
    _tell_changes(user, added, gone, at=at, where=where)
    return True


def take_all(user: User, *, actor: User, at: datetime, where: Where) -> int:
    """Take what groups gave somebody, of whom no provider speaks any more; how many roles. Raises Apart where
    they are the last security administrator."""
    rows = Membership.objects.filter(user=user, by_provider=True)
    gone: Held = set(rows.values_list("unit", "role"))
    _refuse_last([user], {user.pk: gone}, at=at)
    _take(user, gone)
    _tell_changes(user, set(), gone, at=at, where=where, actor=actor)
    return len(gone)


def take_of_group(row: GroupRole, *, actor: User, at: datetime, where: Where) -> int:
    """Take at once what this row gave, which has ended, from who has it by no other; how many people lost a
    role. Raises Apart where that is the last security administrator."""
    what = (row.unit_id, row.role)
    rows = Membership.objects.filter(unit=row.unit_id, role=row.role, by_provider=True).select_related("user")
    others = GroupRole.objects.filter(unit=row.unit_id, role=row.role, ended_at=None)
    meaning = list(others.values_list("group", "added_by"))
    said: dict[int, set[str]] = {}
    for link in ProviderLink.objects.filter(user__in=rows.values("user")):
        said.setdefault(link.user_id, set()).update(link.groups)
    losing = [
        one.user
        for one in rows
        if not any(
            group in said.get(one.user_id, ()) and added_by != one.user_id for group, added_by in meaning
        )
    ]
    _refuse_last(losing, {user.pk: {what} for user in losing}, at=at)
    for user in losing:
        _take(user, {what})
        _tell_changes(user, set(), {what}, at=at, where=where, actor=actor)
    return len(losing)


def _take(user: User, gone: Iterable[tuple[str, str]]) -> None:
    for unit, role in sorted(gone):
        Membership.objects.filter(user=user, unit=unit, role=role, by_provider=True).delete()


def _last_security(user: User, gone: Held, *, at: datetime) -> Held:
    """Of these roles the one without which nobody could act as security administrator: then whoever keeps the
    installation would be that too, by nobody's decision, or nobody would keep people at all."""
    security = sorted(one for one in gone if one[1] == Role.SECURITY)
    if not security or _left({user.pk: gone}, at=at):
        return set()
    return {security[0]}


def _refuse_last(users: Collection[User], gone: dict[int, Held], *, at: datetime) -> None:
    if not any(role == Role.SECURITY for held in gone.values() for _unit, role in held):
        return
    if users and not _left(gone, at=at):
        raise Apart(_("Nobody would be security administrator any more: make somebody that first."))


def _left(gone: dict[int, Held], *, at: datetime) -> bool:
    """Is somebody left who can act as security administrator? One who is switched off, whose unit is closed
    or whose role has lapsed keeps nobody's people."""
    # Locked, so that of two who lose it at once the second sees the first.
    held = list(Membership.objects.select_for_update().filter(role=Role.SECURITY).order_by("pk"))
    able = set(Membership.objects.able(at).filter(role=Role.SECURITY).values_list("pk", flat=True))
    return any(one.pk in able and (one.unit_id, one.role) not in gone.get(one.user_id, ()) for one in held)


def _is_not_told(user: User, *, at: datetime, where: Where) -> bool:
    log.warning("the provider did not tell the groups of user %s: their roles stay for now", user.pk)
    if Membership.objects.filter(user=user, by_provider=True).exists():
        _tell(user, NOT_TOLD, at=at, where=where)
    return False


def _tell_changes(
    user: User, added: Held, gone: Held, *, at: datetime, where: Where, actor: User | None = None
) -> None:
    """Every one of them; in several lines where they are too many for one."""
    told = [f"+{role} {unit}" for unit, role in sorted(added)]
    told += [f"-{role} {unit}" for unit, role in sorted(gone)]
    line = ""
    for one in told:
        if line and len(line) + len(one) + 2 > _REASON_MOST:
            _tell(user, line, at=at, where=where, actor=actor)
            line = ""
        line = f"{line}, {one}" if line else one
    if line:
        _tell(user, line, at=at, where=where, actor=actor)


def _tell(user: User, reason: str, *, at: datetime, where: Where, actor: User | None = None) -> None:
    history.tell(user=user, kind=SignInEvent.Kind.ROLES, at=at, where=where, reason=reason, actor=actor)
