"""What follows from a group at the provider ends with it: for who comes by password, for who never comes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit.rows import AuditEvent
from accounts.models import GroupRole, Membership, ProviderLink, SignInEvent, User
from accounts.roles import Role
from accounts.separation import is_separated
from accounts.viewer import Viewer
from incidents.recipients import resolve
from tests.accounts.identity.conftest import Hours, hours  # noqa: F401  # the fixture
from tests.accounts.provider.conftest import House, Visitor
from tests.accounts.provider.said import group, link, roles_of
from tests.browsers import As
from tests.cast import LAMP_UNIT, PASSWORD, Person, person

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

OFFICE = "government-services"


@pytest.fixture
def at_the_desk(house: House, handler: Person, security: Person) -> GroupRole:
    """Their group makes them an operator, and they came in."""
    house.knows("huang", groups=["desk"])
    link(handler, "huang")
    row = group("desk", Role.OPERATOR, "operations-centre", security)
    assert Visitor().sign_in("huang").status_code == 302
    return row


def by_password(who: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    told = {"username": who.user.username, "password": PASSWORD}
    assert client.post(reverse("sign-in"), told).status_code == 302
    return client


def roles_now(who: Person) -> frozenset[str]:
    return Viewer(User.objects.get(pk=who.user.pk)).roles


def told_now(who: Person) -> bool:
    """Do notices to the desk go to them?"""
    meant = resolve(["unit:operations-centre"], at=timezone.now())
    return who.user in meant["unit:operations-centre"].users


# --- by time ----------------------------------------------------------------------------------------


def test_a_role_by_group_lapses_for_who_comes_by_password(
    hours: Hours,  # noqa: F811
    at_the_desk: GroupRole,
    handler: Person,
    settings: Any,
) -> None:
    desk = reverse("desk")
    hours.pass_by(hours=settings.OIDC_ROLES_HOURS - 1)
    assert by_password(handler).get(desk).status_code == 200
    assert told_now(handler)
    hours.pass_by(hours=2)
    assert by_password(handler).get(desk).status_code == 403
    assert roles_now(handler) == {"handler"}  # by hand: it stays
    assert not told_now(handler)
    # The provider speaks of them again.
    assert Visitor().sign_in("huang").status_code == 302
    assert roles_now(handler) == {"handler", "operator"}
    assert told_now(handler)


def test_a_sign_in_by_password_does_not_put_it_off(
    hours: Hours,  # noqa: F811
    at_the_desk: GroupRole,
    handler: Person,
    settings: Any,
) -> None:
    for _day in range(4):
        hours.pass_by(hours=20)
        by_password(handler)
    assert roles_now(handler) == {"handler"}


def test_the_page_of_the_person_says_until_when(
    at_the_desk: GroupRole, handler: Person, security: Person, browse: As
) -> None:
    page = browse(security).get(reverse("sign-ins-of", args=[handler.user.pk]))
    assert page.context["roles_until"] > timezone.now() + timedelta(hours=70)


# --- at once ----------------------------------------------------------------------------------------


def test_ending_a_group_takes_its_role_at_once(
    at_the_desk: GroupRole, handler: Person, security: Person, browse: As
) -> None:
    client = by_password(handler)
    assert client.get(reverse("desk")).status_code == 200
    browse(security).post(reverse("provider-group-end", args=[at_the_desk.pk]))
    assert client.get(reverse("desk")).status_code == 403
    assert not told_now(handler)
    line = SignInEvent.objects.filter(user=handler.user, kind="roles").latest("pk")
    assert (line.reason, line.actor) == ("-operator operations-centre", security.user)


def test_but_not_from_who_has_it_by_another_group(
    house: House, at_the_desk: GroupRole, handler: Person, security: Person, browse: As
) -> None:
    house.knows("huang", groups=["desk", "nights"])
    group("nights", Role.OPERATOR, "operations-centre", security)
    Visitor().sign_in("huang")
    answer = browse(security).post(reverse("provider-group-end", args=[at_the_desk.pk]), follow=True)
    assert roles_now(handler) == {"handler", "operator"}
    assert answer.status_code == 200


def test_taking_the_link_away_takes_its_roles(
    at_the_desk: GroupRole, handler: Person, security: Person, browse: As
) -> None:
    browse(security).post(reverse("sign-ins-unlink", args=[handler.user.pk]))
    assert roles_of(handler.user) == {("handler", LAMP_UNIT)}
    assert by_password(handler).get(reverse("desk")).status_code == 403


# --- what the provider has not said -----------------------------------------------------------------


@pytest.mark.parametrize("silence", ["missing", "overage"])
def test_a_claim_that_is_missing_takes_nothing(
    house: House, at_the_desk: GroupRole, handler: Person, silence: str
) -> None:
    before = ProviderLink.objects.get().groups_at
    # As Entra ID does for somebody in too many groups; or a mapper that was taken out.
    more = {"_claim_names": {"groups": "src1"}} if silence == "overage" else {}
    house.knows("huang", groups=None, **more)
    house.claims = lambda claims: {name: value for name, value in claims.items() if name != "groups"}
    visitor = Visitor()
    assert visitor.sign_in("huang").status_code == 302
    assert "did not say which groups" in visitor.client.get("/me/sign-in/").content.decode()
    assert roles_now(handler) == {"handler", "operator"}
    assert SignInEvent.objects.filter(user=handler.user, kind="roles").latest("pk").reason == (
        "groups_not_told"
    )
    # Nor does it put the end off.
    assert ProviderLink.objects.get().groups_at == before


def test_none_is_something_else(house: House, at_the_desk: GroupRole, handler: Person) -> None:
    house.knows("huang", groups=[])
    Visitor().sign_in("huang")
    assert roles_now(handler) == {"handler"}


# --- the last security administrator ----------------------------------------------------------------


@pytest.fixture
def only_one(house: House, admin: Person) -> tuple[Person, GroupRole]:
    """The one security administrator is that by a group, which the system administrator has set up."""
    keeper = person("keeper", Role.HANDLER, LAMP_UNIT)
    house.knows("keeper", groups=["security"])
    link(keeper, "keeper")
    row = group("security", Role.SECURITY, OFFICE, admin)
    Visitor().sign_in("keeper")
    assert is_separated()
    return keeper, row


def test_the_provider_never_takes_the_last_one(house: House, only_one: tuple[Person, GroupRole]) -> None:
    house.knows("keeper", groups=[])
    assert Visitor().sign_in("keeper").status_code == 302
    assert is_separated()
    assert SignInEvent.objects.filter(kind="roles").latest("pk").reason == "last_security_kept"
    person("second", Role.SECURITY, OFFICE)
    Visitor().sign_in("keeper")
    assert roles_of(only_one[0].user) == {("handler", LAMP_UNIT)}


def test_nor_does_anybody_by_a_group_or_a_link(only_one: tuple[Person, GroupRole], browse: As) -> None:
    keeper, row = only_one
    office = browse(keeper)
    for address in (
        reverse("provider-group-end", args=[row.pk]),
        reverse("sign-ins-unlink", args=[keeper.user.pk]),
    ):
        assert office.post(address).status_code == 302
        assert is_separated()
        assert ProviderLink.objects.filter(user=keeper.user).exists()
        row.refresh_from_db()
        assert row.ended_at is None
    person("second", Role.SECURITY, OFFICE)
    assert office.post(reverse("provider-group-end", args=[row.pk])).status_code == 302
    assert roles_of(keeper.user) == {("handler", LAMP_UNIT)}


def test_who_cannot_act_is_none_that_is_left(house: House, only_one: tuple[Person, GroupRole]) -> None:
    """Switched off, in a closed unit, or by a provider that is silent: then nobody could keep people."""
    off = person("off", Role.SECURITY, OFFICE)
    User.objects.filter(pk=off.user.pk).update(is_active=False)
    lapsed = person("lapsed", Role.SECURITY, OFFICE)
    Membership.objects.filter(user=lapsed.user).update(by_provider=True)
    house.knows("keeper", groups=[])
    Visitor().sign_in("keeper")
    assert ("security", OFFICE) in roles_of(only_one[0].user)


# --- told -------------------------------------------------------------------------------------------


def test_every_role_that_changed_is_told(house: House, handler: Person, security: Person) -> None:
    units = ["operations-centre", "pinghu/operations", "water-group", "district", OFFICE]
    roles = [Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER]
    for unit in units:
        for role in roles:
            group("many", role, unit, security)
    house.knows("huang", groups=["many"])
    link(handler, "huang")
    Visitor().sign_in("huang")
    lines = SignInEvent.objects.filter(kind="roles").order_by("pk").values_list("reason", flat=True)
    told = [part for line in lines for part in line.split(", ")]
    assert sorted(told) == sorted(f"+{role} {unit}" for unit in units for role in roles)
    assert len(told) == 20


def test_the_history_says_it_in_words(at_the_desk: GroupRole, handler: Person) -> None:
    page = by_password(handler).get("/me/sign-in/").content.decode()
    assert "+operator" not in page
    assert "+Operator" in page


def audit_lines(what: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(kind="role", what=what).order_by("pk"))


def test_what_a_group_means_stands_in_the_audit_log(
    house: House, security: Person, admin: Person, browse: As
) -> None:
    told = {"group": "desk", "role": "operator", "unit": "operations-centre"}
    browse(security).post(reverse("provider"), told)
    browse(security).post(reverse("provider-group-end", args=[GroupRole.objects.get().pk]))
    added, ended = audit_lines("group_role")
    assert (added.user_id, added.about, added.details["after"]["role"]) == (
        security.user.pk,
        "desk",
        "operator",
    )
    assert (ended.user_id, ended.details["op"]) == (security.user.pk, "update")
    assert "ended_at" in ended.details["changed"]


def test_a_role_by_group_is_the_person_s_own_line(at_the_desk: GroupRole, handler: Person) -> None:
    """They come in by GET: the line says who and from where all the same, and that the provider gave it."""
    line = next(one for one in audit_lines("membership") if one.details["after"].get("by_provider"))
    assert (line.user_id, line.address) == (handler.user.pk, "127.0.0.1")
    assert line.details["after"]["role"] == "operator"


def test_a_link_stands_in_the_audit_log(
    at_the_desk: GroupRole, handler: Person, security: Person, browse: As
) -> None:
    browse(security).post(reverse("sign-ins-unlink", args=[handler.user.pk]))
    made, gone = audit_lines("provider_link")
    assert (made.user_id, made.about) == (handler.user.pk, str(handler.user.pk))
    assert made.details["after"]["subject"] == "huang"
    assert (gone.user_id, gone.details["op"]) == (security.user.pk, "delete")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_grouprole",
        "TRUNCATE accounts_grouprole",
        "UPDATE accounts_grouprole SET role = 'supervisor'",
        "UPDATE accounts_grouprole SET \"group\" = 'everybody', ended_at = now()",
        "UPDATE accounts_providerlink SET subject = 'somebody else'",
        "UPDATE accounts_providerlink SET subject = NULL",
    ],
)
def test_the_database_refuses_to_change_what_was_said(at_the_desk: GroupRole, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_ended_does_not_begin_again(at_the_desk: GroupRole, security: Person, browse: As) -> None:
    browse(security).post(reverse("provider-group-end", args=[at_the_desk.pk]))
    with pytest.raises(DatabaseError), transaction.atomic():
        GroupRole.objects.update(ended_at=None, ended_by=None)
    assert Membership.objects.filter(by_provider=True).count() == 0
