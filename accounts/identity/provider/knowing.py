"""Who the person is that the provider speaks of."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import actor
from accounts.identity import history
from accounts.identity.provider import following, linking
from accounts.identity.provider.asking import Asserted
from accounts.identity.provider.rows import ProviderLink
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import User


class NotLetIn(Exception):
    """This person may not come in; the words are for them. `user`: whom the history is told of."""

    def __init__(self, code: str, words: str, *, user: User | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.user = user


@dataclass(frozen=True, slots=True)
class Found:
    """Who it is. `is_proved`: they have come in so before; until then the provider alone is not believed to
    have seen two factors. `told_groups`: did it say which groups they are in?"""

    user: User
    is_proved: bool
    told_groups: bool


@transaction.atomic(durable=True)
def whose(asserted: Asserted, *, at: datetime, where: Where) -> Found:
    """The person, with the roles that their groups give them from now on. Raises NotLetIn; nothing is
    changed then."""
    links = ProviderLink.objects.filter(issuer=asserted.issuer)
    known = links.filter(subject=asserted.subject).first()
    found = known or _waiting(asserted, at) or _named(asserted, at) or _made(asserted, at)
    # One sign-in at a time: two at once would both write the same roles.
    user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
    link = links.filter(pk=found.pk).first()
    if link is None:  # taken away in between
        raise NotLetIn("unknown", _unknown_words())
    link.user = user
    if not user.is_active:
        raise NotLetIn(
            "switched_off", _("Your sign-in is switched off here. Ask the security administrator."), user=user
        )
    # They come in: what follows for their roles is theirs, and by the provider.
    actor.say(user.pk, where)
    try:
        told = following.follow(link, asserted.groups, at=at, where=where)
    except following.Apart as error:
        raise NotLetIn("apart", str(error), user=user) from error
    return Found(user, is_proved=link.is_proved, told_groups=told)


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


def _waiting(asserted: Asserted, at: datetime) -> ProviderLink | None:
    """An administrator said by which name they would come; from now on it is their subject. Not where they
    have something of their own to show since: then they link themselves."""
    waiting = ProviderLink.objects.filter(
        issuer=asserted.issuer, subject=None, login_name=asserted.login_name
    )
    found = waiting.select_related("user").first() if asserted.login_name else None
    if found is None:
        return None
    user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
    link = waiting.select_for_update().filter(pk=found.pk).first()
    if link is None:  # taken away in between
        return None
    if linking.why_themselves(user):
        words = _("Come in here as you did before, and link the two yourself under “My sign-in”.")
        raise NotLetIn("link_yourself", words, user=user)
    link.subject, link.linked_at = asserted.subject, at
    link.save(update_fields=["subject", "linked_at"])
    return link


def _named(asserted: Asserted, at: datetime) -> ProviderLink | None:
    """Somebody who is called the same here, where that means the same person."""
    if not settings.OIDC_SAME_NAMES or not asserted.login_name:
        return None
    found = User.objects.select_for_update(no_key=True).filter(username=asserted.login_name).first()
    if found is None:
        return None
    if ProviderLink.objects.filter(user=found, issuer=asserted.issuer).exists():
        # A name that was given to somebody new: the one who had it before stays who they are.
        raise NotLetIn("name_taken", _taken_words())
    return _link(found, asserted, at)


def _made(asserted: Asserted, at: datetime) -> ProviderLink:
    if not settings.OIDC_CREATE or not following.meant(asserted.groups or ()):
        raise NotLetIn("unknown", _unknown_words())
    # As Django writes names: ｚｈａｎｇ and zhang are one.
    user = User(username=User.normalize_username(asserted.login_name), display_name=asserted.name[:40])
    try:
        User._meta.get_field("username").clean(user.username, user)
    except ValidationError as error:
        words = _("The provider calls you by a name that cannot be one here.")
        raise NotLetIn("no_name", words) from error
    if User.objects.filter(username=user.username).exists():
        raise NotLetIn("name_taken", _taken_words())
    user.set_unusable_password()
    user.save()
    return _link(user, asserted, at)


def _unknown_words() -> str:
    return _("The provider knows you, and nobody has made you a sign-in here yet.")


def _taken_words() -> str:
    return _(
        "Somebody has this name here already. If that is you: come in here as you did before, and link the "
        "two under “My sign-in”."
    )


def _link(user: User, asserted: Asserted, at: datetime) -> ProviderLink:
    return ProviderLink.objects.create(
        user=user,
        issuer=asserted.issuer,
        subject=asserted.subject,
        login_name=asserted.login_name,
        linked_at=at,
    )
