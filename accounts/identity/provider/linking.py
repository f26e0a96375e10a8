"""Who somebody is at the provider, shown by them or said of them, and what its groups mean here."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import actor as audit_actor
from accounts.identity import factors, history, sessions
from accounts.identity.provider import following
from accounts.identity.provider.asking import Asserted, issuer
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import OrgUnit, User
from accounts.roles import ADMINISTRATORS


class Refused(Exception):
    """It cannot be done; the words say why."""


def linked_words() -> str:
    """What is said to who is linked already."""
    return _("Your sign-in is linked already. A security administrator takes that link away.")


def why_themselves(user: User) -> str:
    """Why an administrator's word alone is not enough for this person; empty where it is.

    Whoever could say of anybody by which name they come could come as anybody: with a name of their own.
    """
    if user.memberships.filter(role__in=ADMINISTRATORS).exists():
        return _("An administrator links their own sign-in: they come in here and do it under “My sign-in”.")
    if user.has_usable_password() or factors.has_one(user):
        return _(
            "This person has a password or a second factor here: they come in with it and link the two "
            "themselves under “My sign-in”."
        )
    return ""


@transaction.atomic(durable=True)
def link(*, user: User, login_name: str, actor: User, at: datetime, where: Where) -> ProviderLink:
    """Whoever comes next through the provider by this name is this person, who has nothing here to show
    themselves. Raises Refused."""
    if user.pk == actor.pk:
        raise Refused(_("Nobody says it of themselves: link yourself under “My sign-in”."))
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two presses one links
    links = ProviderLink.objects.filter(issuer=issuer())
    if links.filter(user=user).exists():
        raise Refused(_("This person is linked already: take that link away first."))
    if words := why_themselves(user):
        raise Refused(words)
    if _has_taken_away(actor, user):
        raise Refused(
            _("You took this person's link or second factor away: another administrator links them anew.")
        )
    if links.filter(login_name=login_name).exists():
        raise Refused(_("Somebody else is linked with this name."))
    audit_actor.say(actor.pk, where)
    made = ProviderLink.objects.create(
        user=user, issuer=issuer(), login_name=login_name, linked_at=at, linked_by=actor
    )
    history.tell(user=user, kind=SignInEvent.Kind.LINKED, at=at, where=where, actor=actor, reason=login_name)
    return made


@transaction.atomic(durable=True)
def link_own(*, user: User, asserted: Asserted, at: datetime, where: Where) -> ProviderLink:
    """The person who is signed in here is who the provider says has come back. Raises Refused."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    links = ProviderLink.objects.filter(issuer=asserted.issuer)
    theirs = links.filter(user=user).first()
    if theirs is not None and theirs.subject is not None:
        raise Refused(linked_words())
    if links.filter(subject=asserted.subject).exists():
        raise Refused(_("This sign-in at the provider is linked with somebody else here."))
    audit_actor.say(user.pk, where)
    if theirs is not None:  # what an administrator has said beforehand
        theirs.delete()
    made = ProviderLink.objects.create(
        user=user,
        issuer=asserted.issuer,
        subject=asserted.subject,
        login_name=asserted.login_name,
        linked_at=at,
        is_proved=True,
    )
    name = asserted.login_name
    history.tell(user=user, kind=SignInEvent.Kind.LINKED, at=at, where=where, reason=name)
    return made


def prove(user: User) -> None:
    """They have come in through the provider, with all that was asked of them."""
    ProviderLink.objects.filter(user=user, issuer=issuer(), is_proved=False).update(is_proved=True)


@transaction.atomic(durable=True)
def unlink(*, user: User, actor: User, at: datetime, where: Where) -> bool:
    """Take the link away, with the roles that came by it, and end what was opened with it; was there one?
    Raises Refused."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    audit_actor.say(actor.pk, where)
    gone, _by_model = ProviderLink.objects.filter(user=user, issuer=issuer()).delete()
    if not gone:
        return False
    history.tell(user=user, kind=SignInEvent.Kind.UNLINKED, at=at, where=where, actor=actor)
    try:
        following.take_all(user, actor=actor, at=at, where=where)
    except following.Apart as error:
        raise Refused(str(error)) from error
    sessions.end_provided(user=user, actor=actor, at=at, where=where)
    return True


@transaction.atomic(durable=True)
def add_group(*, group: str, role: str, unit: OrgUnit, actor: User, at: datetime) -> GroupRole:
    """Who is in this group has this role in this unit, from their next sign-in on; never who says so. Raises
    Refused."""
    OrgUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)  # of two presses one adds
    if GroupRole.objects.filter(group=group, role=role, unit=unit, ended_at=None).exists():
        raise Refused(_("This group has this role in this unit already."))
    if ProviderLink.objects.filter(user=actor, groups__contains=[group]).exists():
        raise Refused(_("You are in this group yourself: another administrator gives it a role."))
    audit_actor.say(actor.pk, Where())
    return GroupRole.objects.create(group=group, role=role, unit=unit, added_at=at, added_by=actor)


@transaction.atomic(durable=True)
def end_group(*, pk: int, actor: User, at: datetime, where: Where) -> int | None:
    """It means that no more: how many people lost a role by that; nothing where it had ended before. Raises
    Refused."""
    audit_actor.say(actor.pk, where)
    row = GroupRole.objects.select_for_update(no_key=True).filter(pk=pk, ended_at=None).first()
    if row is None:
        return None
    row.ended_at, row.ended_by = at, actor
    row.save(update_fields=["ended_at", "ended_by"])
    try:
        return following.take_of_group(row, actor=actor, at=at, where=where)
    except following.Apart as error:
        raise Refused(str(error)) from error


def _has_taken_away(actor: User, user: User) -> bool:
    """Has this administrator taken from somebody what they came in with? Then one person alone would decide
    who comes in as them."""
    events = SignInEvent.objects.filter(user=user)
    taken = (SignInEvent.Kind.UNLINKED, SignInEvent.Kind.FACTOR_RESET)
    return (
        events.filter(kind=SignInEvent.Kind.SIGNED_IN).exists()
        and events.filter(kind__in=taken, actor=actor).exists()
    )
