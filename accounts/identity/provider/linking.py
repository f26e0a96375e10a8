"""What administrators say of the provider: who somebody is there, and what its groups mean here."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.identity import history, sessions
from accounts.identity.provider.asking import issuer
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import OrgUnit, User


class Refused(Exception):
    """It cannot be done; the words say why."""


@transaction.atomic(durable=True)
def link(*, user: User, login_name: str, actor: User, at: datetime, where: Where) -> ProviderLink:
    """Whoever comes next through the provider by this name is this person. Raises Refused."""
    if user.pk == actor.pk:
        raise Refused(_("Nobody links their own sign-in: ask another administrator."))
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two presses one links
    links = ProviderLink.objects.filter(issuer=issuer())
    if links.filter(user=user).exists():
        raise Refused(_("This person is linked already: take that link away first."))
    if links.filter(login_name=login_name).exists():
        raise Refused(_("Somebody else is linked with this name."))
    made = ProviderLink.objects.create(
        user=user, issuer=issuer(), login_name=login_name, linked_at=at, linked_by=actor
    )
    history.tell(user=user, kind=SignInEvent.Kind.LINKED, at=at, where=where, actor=actor, reason=login_name)
    return made


@transaction.atomic(durable=True)
def unlink(*, user: User, actor: User, at: datetime, where: Where) -> bool:
    """Take the link away, end what was opened with it; was there one? Roles by groups stay until somebody
    takes them: no provider speaks of this person any more."""
    gone, _by_model = ProviderLink.objects.filter(user=user, issuer=issuer()).delete()
    if not gone:
        return False
    history.tell(user=user, kind=SignInEvent.Kind.UNLINKED, at=at, where=where, actor=actor)
    sessions.end_provided(user=user, actor=actor, at=at, where=where)
    return True


@transaction.atomic(durable=True)
def add_group(*, group: str, role: str, unit: OrgUnit, actor: User, at: datetime) -> GroupRole:
    """Who is in this group has this role in this unit, from their next sign-in on. Raises Refused."""
    OrgUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)  # of two presses one adds
    if GroupRole.objects.filter(group=group, role=role, unit=unit, ended_at=None).exists():
        raise Refused(_("This group has this role in this unit already."))
    return GroupRole.objects.create(group=group, role=role, unit=unit, added_at=at, added_by=actor)


@transaction.atomic(durable=True)
def end_group(*, pk: int, actor: User, at: datetime) -> bool:
    """It means that no more; people lose the role at their next sign-in. Did it until now?"""
    return bool(GroupRole.objects.filter(pk=pk, ended_at=None).update(ended_at=at, ended_by=actor))
