"""Who the person is that the provider speaks of, and which roles its groups give them."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.identity import history
from accounts.identity.provider.asking import Asserted
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import Membership, User
from accounts.separation import why_not

Held = set[tuple[str, str]]


class NotLetIn(Exception):
    """This person may not come in; the words are for them. `user`: whom the history is told of."""

    def __init__(self, code: str, words: str, *, user: User | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.user = user


@transaction.atomic(durable=True)
def whose(asserted: Asserted, *, at: datetime, where: Where) -> User:
    """The person, with the roles that their groups give them from now on. Raises NotLetIn; nothing is
    changed then."""
    desired = _roles_of(asserted)
    user = _known(asserted, at) or _named(asserted, at) or _made(asserted, desired, at)
    # One sign-in at a time: two at once would both write the same roles.
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not user.is_active:
        raise NotLetIn(
            "switched_off", _("Your sign-in is switched off here. Ask an administrator."), user=user
        )
    _follow(user, desired, at=at, where=where)
    return user


def tell_refused(refusal: NotLetIn, *, at: datetime, where: Where) -> None:
    """Into the history of whom it is about, where that is somebody."""
    if refusal.user is not None:
        history.tell(
            user=refusal.user,
            kind=SignInEvent.Kind.REFUSED,
            at=at,
            where=where,
            reason=refusal.code,
        )


def _known(asserted: Asserted, at: datetime) -> User | None:
    links = ProviderLink.objects.select_related("user").filter(issuer=asserted.issuer)
    link = links.filter(subject=asserted.subject).first()
    if link is not None:
        return link.user
    # An administrator said by which name they would come; from now on it is their subject.
    waiting = links.select_for_update(of=("self",)).filter(subject=None, login_name=asserted.login_name)
    link = waiting.first() if asserted.login_name else None
    if link is None:
        return None
    link.subject, link.linked_at = asserted.subject, at
    link.save(update_fields=["subject", "linked_at"])
    return link.user


def _named(asserted: Asserted, at: datetime) -> User | None:
    """Somebody who is called the same here, where that means the same person."""
    if not settings.OIDC_SAME_NAMES or not asserted.login_name:
        return None
    found = User.objects.select_for_update(no_key=True).filter(username=asserted.login_name).first()
    if found is None:
        return None
    if ProviderLink.objects.filter(user=found, issuer=asserted.issuer).exists():
        # A name that was given to somebody new: the one who had it before stays who they are.
        raise NotLetIn("name_taken", _taken_words())
    _link(found, asserted, at)
    return found


def _made(asserted: Asserted, desired: Held, at: datetime) -> User:
    if not settings.OIDC_CREATE or not desired:
        raise NotLetIn("unknown", _("The provider knows you, and nobody has made you a sign-in here yet."))
    user = User(username=asserted.login_name, display_name=asserted.name[:40])
    try:
        User._meta.get_field("username").clean(asserted.login_name, user)
    except ValidationError as error:
        words = _("The provider calls you by a name that cannot be one here.")
        raise NotLetIn("no_name", words) from error
    if User.objects.filter(username=user.username).exists():
        raise NotLetIn("name_taken", _taken_words())
    user.set_unusable_password()
    user.save()
    _link(user, asserted, at)
    return user


def _taken_words() -> str:
    return _("Somebody has this name here already. If that is you, an administrator links the two.")


def _link(user: User, asserted: Asserted, at: datetime) -> None:
    ProviderLink.objects.create(
        user=user,
        issuer=asserted.issuer,
        subject=asserted.subject,
        login_name=asserted.login_name,
        linked_at=at,
    )


def _roles_of(asserted: Asserted) -> Held:
    rows = GroupRole.objects.filter(group__in=asserted.groups, ended_at=None, unit__is_open=True)
    return set(rows.values_list("unit", "role"))


def _follow(user: User, desired: Held, *, at: datetime, where: Where) -> None:
    """Give what the groups say, take what they said before. What somebody here gave by hand stays."""
    held = list(Membership.objects.filter(user=user))
    by_hand: Held = {(one.unit_id, one.role) for one in held if not one.by_provider}
    before: Held = {(one.unit_id, one.role) for one in held if one.by_provider}
    added, gone = desired - before - by_hand, before - desired
    if not added and not gone:
        return
    roles = {role for _unit, role in (by_hand | before | added) - gone}
    for role in roles:
        if words := why_not(roles, role):
            raise NotLetIn("apart", words, user=user)
    for unit, role in gone:
        Membership.objects.filter(user=user, unit=unit, role=role, by_provider=True).delete()
    Membership.objects.bulk_create(
        Membership(user=user, unit_id=unit, role=role, by_provider=True) for unit, role in sorted(added)
    )
    told = [f"+{role} {unit}" for unit, role in sorted(added)]
    told += [f"-{role} {unit}" for unit, role in sorted(gone)]
    history.tell(user=user, kind=SignInEvent.Kind.ROLES, at=at, where=where, reason=", ".join(told)[:200])
