"""What a security administrator does to people: added, changed, switched off and on, given and taken roles.

Nobody is deleted: what they did keeps their name. Nobody does any of it to themselves, and neither the last
security administrator nor the last system administrator can be taken.
"""

import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit.reasons import because
from accounts.identity import factors, sessions
from accounts.identity.rows import SignInEvent
from accounts.identity.rules import SECURITY_ROLES
from accounts.identity.where import Where
from accounts.models import Membership, OrgUnit, User
from accounts.refusals import NotAllowed as NotAllowed
from accounts.refusals import NotTaken as NotTaken
from accounts.roles import ADMINISTRATORS, Role
from accounts.separation import why_not
from accounts.viewer import viewer_of

# Without what looks alike on paper. 16 of 56 are 93 bits.
_LETTERS: Final = "".join(sorted(set(string.ascii_letters + string.digits) - set("Il1O0o")))
_PASSWORD_LENGTH: Final = 16
# Who has taken somebody's second factor does not hand out their password for so long.
_APART: Final = timedelta(days=7)
# A district needs one of each at all times.
NEVER_NONE: Final = (Role.SECURITY, Role.ADMIN, Role.AUDITOR)
# What a telephone number may look like.
PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{2,19}")


@dataclass(frozen=True, slots=True)
class Terms:
    """Who somebody is."""

    username: str
    display_name: str
    phone: str


def terms_of(user: User) -> Terms:
    """As they are now."""
    return Terms(user.username, user.display_name, user.phone)


def stamp_of(user: User) -> str:
    """How somebody stood when a page was made; changed meanwhile, a form of that page is refused."""
    terms = terms_of(user)
    return "\x1f".join((terms.username, terms.display_name, terms.phone, str(user.is_active)))


def may_keep(user: User) -> bool:
    """Does this person keep people?"""
    return bool(viewer_of(user).with_roles(*SECURITY_ROLES))


def first_password() -> str:
    """One to be handed out, of every kind that a password may have to have."""
    while True:
        made = "".join(secrets.choice(_LETTERS) for _place in range(_PASSWORD_LENGTH))
        if (
            any(c.islower() for c in made)
            and any(c.isupper() for c in made)
            and any(c.isdigit() for c in made)
        ):
            return made


@transaction.atomic(durable=True)
def add(*, terms: Terms, actor: User, at: datetime) -> tuple[User, str]:
    """A new person, without a role, and the password that they get from whoever adds them.

    Raises NotAllowed, NotTaken.
    """
    check(actor)
    return make(terms, at=at)


def make(terms: Terms, *, at: datetime) -> tuple[User, str]:
    """The same in the caller's transaction, who has asked whether the actor may. Raises NotTaken."""
    password = first_password()
    return _make(terms, password, at=at), password


def enter(terms: Terms, *, at: datetime) -> User:
    """A new person who has no password yet: it is handed out on their page, or they come through the
    provider. In the caller's transaction, as `make`. Raises NotTaken."""
    return _make(terms, None, at=at)


def _make(terms: Terms, password: str | None, *, at: datetime) -> User:
    _refuse_name_taken(terms.username)
    user = User(date_joined=at, password_is_first=password is not None)
    _apply(user, terms)
    user.set_password(password)  # None: one that nothing matches
    _save(user, force_insert=True)
    return user


def _save(user: User, **how: Any) -> None:
    """Of two who take a name at the same moment the second is told. Raises NotTaken."""
    try:
        with transaction.atomic():
            user.save(**how)
    except IntegrityError as error:
        raise NotTaken("username", _("Somebody has this user name already.")) from error


@transaction.atomic(durable=True)
def change(*, pk: int, terms: Terms, seen: str, actor: User) -> bool:
    """Say anew who somebody is; was there anything new? Raises NotAllowed, NotTaken."""
    check(actor)
    held = locked(pk)
    if terms_of(held) == terms:
        return False
    if stamp_of(held) != seen:
        raise NotTaken("", _("Somebody else has changed this meanwhile. Look again, then change it."))
    rename(held, terms)
    return True


def rename(held: User, terms: Terms) -> None:
    """Write it, for a locked person. Raises NotTaken."""
    _refuse_name_taken(terms.username, but=held)
    _apply(held, terms)
    _save(held, update_fields=["username", "display_name", "phone"])


@transaction.atomic(durable=True)
def switch(*, pk: int, on: bool, reason: str, actor: User, at: datetime, where: Where) -> bool:
    """Switch a sign-in off, which ends all that are open, or on again; was it otherwise before?

    Raises NotAllowed, NotTaken.
    """
    check(actor)
    _refuse_self(pk, actor, _("Nobody switches themselves off: ask another administrator."))
    hold_administrators()
    held = locked(pk)
    if held.is_active == on:
        return False
    set_active(held, on=on, reason=reason, actor=actor, at=at, where=where)
    return True


def set_active(
    held: User, *, on: bool, reason: str, actor: User, at: datetime, where: Where, last: bool = True
) -> None:
    """The same of a locked person; the administrators are held. `last`: see that nobody is the last one; who
    does several deeds asks once they are done (`standing`, `refuse_gone`). Raises NotTaken."""
    _refuse_self(held.pk, actor, _("Nobody switches themselves off: ask another administrator."))
    if not on and last:
        _refuse_last(held, [row.role for row in held.memberships.all()])
    with because(reason):
        held.is_active = on
        held.save(update_fields=["is_active"])
    if not on:
        sessions.end_with(user=held, actor=actor, at=at, where=where)


@transaction.atomic(durable=True)
def hand_out_password(*, pk: int, reason: str, actor: User, at: datetime, where: Where) -> str:
    """A password for who has forgotten theirs; it ends their sign-ins. Raises NotAllowed, NotTaken."""
    check(actor)
    _refuse_self(pk, actor, _("Your own password you change under “My sign-in”."))
    held = locked(pk)
    _refuse_alone(held, actor, at=at)
    password = first_password()
    held.set_password(password)
    held.password_is_first = True
    with because(reason):
        held.save(update_fields=["password", "password_is_first"])
    sessions.end_with(user=held, actor=actor, at=at, where=where)
    return password


def _refuse_alone(held: User, actor: User, *, at: datetime) -> None:
    """One person alone never has all that somebody comes in with."""
    resets = SignInEvent.objects.filter(user=held, kind=SignInEvent.Kind.FACTOR_RESET, actor=actor)
    if resets.filter(at__gt=at - _APART).exists():
        raise NotTaken(
            "",
            _("You have reset their second factor lately: another administrator hands out a password."),
        )
    is_administrator = held.memberships.filter(role__in=ADMINISTRATORS).exists()
    if is_administrator and held.last_login is not None and not factors.has_one(held):
        raise NotTaken(
            "",
            _(
                "An administrator without a second factor gets a password on the server: "
                "manage.py changepassword."
            ),
        )


@transaction.atomic(durable=True)
def give(*, pk: int, unit: str, role: str, reason: str, actor: User) -> Membership:
    """Give somebody a role in a unit: it holds from their next page on. Raises NotAllowed, NotTaken."""
    check(actor)
    held = locked(pk)
    return grant(held, unit=unit, role=role, reason=reason, actor=actor)


def grant(held: User, *, unit: str, role: str, reason: str, actor: User) -> Membership:
    """The same of a locked person. Raises NotTaken."""
    _refuse_self(held.pk, actor, _("Nobody gives a role to themselves: ask another administrator."))
    if role not in Role.values:
        raise NotTaken("role", _("There is no such role."))
    # Locked: a unit that is being closed takes nobody in any more.
    found = OrgUnit.objects.select_for_update(no_key=True).filter(pk=unit).first()
    if found is None or not found.is_open:
        raise NotTaken("unit", _("There is no open unit with this code."))
    rows = list(held.memberships.all())
    if any(row.unit_id == unit and row.role == role for row in rows):
        raise NotTaken("role", _("They have this role in this unit already."))
    if words := why_not([row.role for row in rows], role):
        raise NotTaken("role", words)
    with because(reason):
        return Membership.objects.create(user=held, unit=found, role=role)


@transaction.atomic(durable=True)
def take(*, pk: int, membership: int, reason: str, actor: User) -> bool:
    """Take a role away again; was it still there? Raises NotAllowed, NotTaken."""
    check(actor)
    hold_administrators()
    held = locked(pk)
    row = held.memberships.filter(pk=membership).first()
    if row is None:
        return False
    revoke(held, row, reason=reason, actor=actor)
    return True


def revoke(held: User, row: Membership, *, reason: str, actor: User, last: bool = True) -> None:
    """The same of a locked person; the administrators are held. `last`: as in `set_active`.

    Raises NotTaken.
    """
    _refuse_self(held.pk, actor, _("Nobody takes a role from themselves: ask another administrator."))
    if row.by_provider:
        raise NotTaken("", by_provider_words())
    if last:
        _refuse_last(held, [row.role], but=row)
    with because(reason):
        row.delete()


@transaction.atomic(durable=True)
def move_all(*, unit: str, to: str, reason: str, actor: User) -> tuple[int, list[str]]:
    """Let everybody who has a role in `unit` have it in `to` instead; how many roles moved, and whose could
    not, in words. Who has it there already loses the one here. Raises NotAllowed, NotTaken."""
    check(actor)
    hold_administrators()
    with_roles = Membership.objects.filter(unit=unit).values("user")
    people = User.objects.filter(pk__in=with_roles).order_by("pk").select_for_update(no_key=True)
    held = {user.pk: user for user in people}
    target = OrgUnit.objects.select_for_update(no_key=True).filter(pk=to, is_open=True).first()
    if target is None or to == unit:
        raise NotTaken("to", _("There is no open unit with this code."))
    moved, left = 0, []
    with because(reason):
        for row in Membership.objects.filter(unit=unit, user__in=held).order_by("pk"):
            if row.user_id == actor.pk:
                left.append(_("%(who)s: nobody moves their own roles.") % {"who": held[row.user_id]})
            elif row.by_provider:
                told = {"who": held[row.user_id]}
                left.append(_("%(who)s: a group at the provider gives this role.") % told)
            elif Membership.objects.filter(user=row.user_id, unit=to, role=row.role).exists():
                row.delete()
                moved += 1
            else:
                row.unit = target
                row.save(update_fields=["unit"])
                moved += 1
    return moved, left


def check(actor: User) -> None:
    """Raises NotAllowed."""
    if not may_keep(actor):
        raise NotAllowed


def locked(pk: int) -> User:
    """Held until the end of the transaction, so that two administrators see each other. Raises NotTaken."""
    found = User.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if found is None:
        raise NotTaken("", _("There is no such person."))
    return found


def hold_administrators() -> None:
    """Lock the roles of the administrators in one order: of two who take the last but one from each other at
    the same moment, or close the units of both, the second sees what the first did. People and units are
    locked after them."""
    list(Membership.objects.filter(role__in=NEVER_NONE).order_by("pk").select_for_update())


def standing() -> dict[str, set[tuple[int, str]]]:
    """Who could act as which of the administrators now: (person, unit) by role."""
    found: dict[str, set[tuple[int, str]]] = {str(role): set() for role in NEVER_NONE}
    able = Membership.objects.able(timezone.now()).filter(role__in=NEVER_NONE)
    for role, user, unit in able.values_list("role", "user", "unit"):
        found[role].add((user, unit))
    return found


def refuse_gone(before: Mapping[str, Collection[object]]) -> None:
    """Refuse where somebody stood before and nobody does now. Raises NotTaken."""
    now = standing()
    for role in NEVER_NONE:
        if before[role] and not now[role]:
            raise NotTaken("", last_words(role))


def last_words(role: str) -> str:
    """What is said where nobody would be this administrator any more."""
    told = {"role": Role(role).label}
    return _("Nobody would be %(role)s any more: give the role to another first.") % told


def by_provider_words() -> str:
    """What is said of a role that is not taken here."""
    return _("A group at the provider gives this role: it would be back at the next sign-in.")


def stored_name(typed: str) -> str:
    """A user name as Django's sign-in reads it: ｚｈａｎｇ and zhang are one."""
    return User.normalize_username(typed)


def _refuse_self(pk: int, actor: User, words: str) -> None:
    if pk == actor.pk:
        raise NotTaken("", words)


def _refuse_last(held: User, roles: Iterable[str], but: Membership | None = None) -> None:
    """Refuse where nobody would be left who can act as one of these administrators."""
    able = Membership.objects.able(timezone.now())
    others = able.exclude(pk=but.pk) if but else able.exclude(user=held)
    for role in NEVER_NONE:
        if role in roles and able.filter(user=held, role=role) and not others.filter(role=role).exists():
            raise NotTaken("", last_words(role))


def _refuse_name_taken(username: str, but: User | None = None) -> None:
    found = User.objects.filter(username__iexact=stored_name(username))
    if (found.exclude(pk=but.pk) if but else found).exists():
        raise NotTaken("username", _("Somebody has this user name already."))


def _apply(user: User, terms: Terms) -> None:
    user.username, user.display_name, user.phone = (
        stored_name(terms.username),
        terms.display_name,
        terms.phone,
    )
