"""What tests say of people and groups before they come through the provider."""

from django.utils import timezone

from accounts.identity.provider import asking, linking
from accounts.identity.provider.asking import Asserted
from accounts.identity.where import Where
from accounts.models import GroupRole, Membership, OrgUnit, ProviderLink, SignInEvent, User
from accounts.roles import Role
from tests.cast import Person


def link(who: Person, subject: str) -> ProviderLink:
    """They have linked themselves with this person at the provider."""
    asserted = Asserted(
        issuer=asking.issuer(),
        subject=subject,
        login_name=subject,
        name="",
        groups=None,
        has_second_factor=False,
        id_token="",
    )
    return linking.link_own(user=who.user, asserted=asserted, at=timezone.now(), where=Where())


def without_password(who: Person) -> None:
    who.user.set_unusable_password()
    who.user.save()


def said(who: Person, name: str, by: Person) -> None:
    """They have nothing to show here, and an administrator says by which name they come."""
    without_password(who)
    linking.link(user=who.user, login_name=name, actor=by.user, at=timezone.now(), where=Where())


def group(name: str, role: Role, unit: str, by: Person) -> GroupRole:
    found = OrgUnit.objects.get(pk=unit)
    return linking.add_group(group=name, role=role, unit=found, actor=by.user, at=timezone.now())


def roles_of(user: User) -> set[tuple[str, str]]:
    return set(Membership.objects.filter(user=user).values_list("role", "unit"))


def kinds_of(user: User) -> list[str]:
    return list(SignInEvent.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))
