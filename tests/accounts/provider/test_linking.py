"""Who links a person here with one at the provider: they themselves, by what they have here."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.identity import factors
from accounts.identity.provider import linking
from accounts.identity.where import Where
from accounts.models import GroupRole, ProviderLink, SignInEvent, StaffSession
from accounts.roles import Role
from tests.accounts.identity.conftest import Hours, hours, with_phone  # noqa: F401  # the fixture
from tests.accounts.provider.conftest import House, Visitor
from tests.accounts.provider.said import group, kinds_of, link, roles_of, said, without_password
from tests.browsers import As
from tests.cast import LAMP_UNIT, PASSWORD, Person, person

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ADDRESS = "/sign-in/provider/link/"


class Inside(Visitor):
    """Somebody who is signed in here and links themselves."""

    def __init__(self, who: Person) -> None:
        super().__init__()
        self.client.force_login(who.user)

    def leave_to_link(self, **told: str) -> str:
        """Show what they have here; where the browser is sent."""
        answer = self.client.post(ADDRESS, {"password": PASSWORD, **told})
        assert answer.status_code == 200, answer.content.decode()
        address = answer.context["address"]
        assert f'content="0; url={address.replace("&", "&amp;")}"' in answer.content.decode()
        return str(address)


def test_a_person_links_themselves_and_comes_in_by_it(house: House, handler: Person) -> None:
    house.knows("huang")
    inside = Inside(handler)
    assert ADDRESS in inside.client.get("/me/sign-in/").content.decode()
    back = inside.come_back(inside.at_provider(inside.leave_to_link(), "huang"))
    assert back["Location"] == "/me/sign-in/"
    page = inside.client.get("/me/sign-in/").content.decode()
    assert "Linked: from now on" in page
    assert ADDRESS not in page
    made = ProviderLink.objects.get()
    assert (made.user, made.subject, made.linked_by) == (handler.user, "huang", None)
    visitor = Visitor()
    assert visitor.sign_in("huang").status_code == 302
    assert visitor.is_in
    assert inside.client.get(ADDRESS)["Location"] == "/me/sign-in/"  # linked already


def test_against_the_password_and_the_code(
    house: House,
    handler: Person,
    hours: Hours,  # noqa: F811
) -> None:
    phone = with_phone(handler.user, hours)
    inside = Inside(handler)
    for wrong in (
        {"password": "not this one", "code": phone.code()},
        {"password": PASSWORD, "code": "000000"},
        {"password": PASSWORD},
    ):
        answer = inside.client.post(ADDRESS, wrong)
        assert answer.status_code == 400
        assert "at_provider" not in inside.client.cookies
    inside.leave_to_link(code=phone.code())


def test_the_way_back_is_the_person_s_alone(house: House, handler: Person, operator: Person) -> None:
    """Whoever gets somebody to open a way back that they began links nothing."""
    house.knows("huang")
    inside = Inside(handler)
    address = inside.at_provider(inside.leave_to_link(), "huang")
    other = Inside(operator)
    other.client.cookies["at_provider"] = inside.client.cookies["at_provider"].value
    assert other.come_back(address).status_code == 403
    out = Visitor()
    out.client.cookies["at_provider"] = inside.client.cookies["at_provider"].value
    assert out.come_back(address).status_code == 403
    assert not ProviderLink.objects.exists()
    assert not out.is_in


def test_nobody_takes_who_is_linked_with_somebody_else(
    house: House, handler: Person, operator: Person
) -> None:
    house.knows("huang")
    link(handler, "huang")
    inside = Inside(operator)
    inside.come_back(inside.at_provider(inside.leave_to_link(), "huang"))
    assert "linked with somebody else" in inside.client.get("/me/sign-in/").content.decode()
    assert ProviderLink.objects.get().user == handler.user


def test_without_a_provider_there_is_nothing_to_link(handler: Person, browse: As) -> None:
    assert browse(handler).get(ADDRESS).status_code == 404
    assert ADDRESS not in browse(handler).get("/me/sign-in/").content.decode()
    assert Client().get(ADDRESS).status_code in (302, 404)


# --- an administrator's word ------------------------------------------------------------------------


def says(security: Person, who: Person, browse: As) -> Any:
    address = reverse("sign-ins-link", args=[who.user.pk])
    return browse(security).post(address, {"login_name": "mine"})


def test_an_administrator_comes_as_nobody_who_has_a_password(
    house: House, supervisor: Person, security: Person, browse: As
) -> None:
    house.knows("mine", amr=["mfa"])
    assert says(security, supervisor, browse).status_code == 400
    assert Visitor().sign_in("mine").status_code == 403
    assert not ProviderLink.objects.exists()


def test_nor_as_anybody_with_a_second_factor(
    house: House,
    supervisor: Person,
    security: Person,
    browse: As,
    hours: Hours,  # noqa: F811
) -> None:
    with_phone(supervisor.user, hours)
    without_password(supervisor)
    assert says(security, supervisor, browse).status_code == 400


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.SECURITY])
def test_nor_as_another_administrator(house: House, security: Person, browse: As, role: Role) -> None:
    other = person("other", role, "government-services")
    without_password(other)
    assert says(security, other, browse).status_code == 400
    assert not ProviderLink.objects.exists()


def test_nor_where_they_got_something_to_show_since(
    house: House, visitor: Visitor, handler: Person, security: Person
) -> None:
    house.knows("mine")
    said(handler, "mine", security)
    handler.user.set_password(PASSWORD)
    handler.user.save()
    answer = visitor.sign_in("mine")
    assert answer.status_code == 403
    assert "link the two yourself" in answer.content.decode()
    assert not visitor.is_in
    assert SignInEvent.objects.get(kind="refused").reason == "link_yourself"
    # They do, and what was said beforehand is replaced.
    house.knows("huang")
    inside = Inside(handler)
    inside.come_back(inside.at_provider(inside.leave_to_link(), "huang"))
    assert ProviderLink.objects.get().subject == "huang"


def test_nor_by_taking_away_first_what_they_came_with(
    house: House, handler: Person, security: Person, browse: As
) -> None:
    """One administrator alone does not decide who comes in as somebody who came in before."""
    house.knows("huang")
    said(handler, "huang", security)  # a person who has the provider alone
    assert Visitor().sign_in("huang").status_code == 302
    browse(security).post(reverse("sign-ins-unlink", args=[handler.user.pk]))
    assert says(security, handler, browse).status_code == 400
    second = person("second", Role.SECURITY, "government-services")
    assert says(second, handler, browse).status_code == 302


def test_who_was_linked_by_somebody_is_told(house: House, handler: Person, security: Person) -> None:
    house.knows("huang")
    said(handler, "huang", security)
    visitor = Visitor()
    visitor.sign_in("huang")
    page = visitor.client.get("/me/sign-in/").content.decode()
    assert "has linked your sign-in with “huang”" in page
    assert "linked" in kinds_of(handler.user)
    again = Visitor()
    again.sign_in("huang")
    assert "has linked your sign-in" not in again.client.get("/notices/").content.decode()


def test_the_first_time_our_factor_is_asked_for_whatever_theirs_says(
    house: House,
    visitor: Visitor,
    handler: Person,
    settings: Any,
    hours: Hours,  # noqa: F811
) -> None:
    settings.OIDC_SAME_NAMES = True
    phone = with_phone(handler.user, hours)
    house.knows("x", preferred_username=handler.user.username, amr=["mfa"])
    assert visitor.sign_in("x")["Location"] == reverse("sign-in-code")
    assert not visitor.is_in
    visitor.client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert visitor.is_in
    again = Visitor()
    again.sign_in("x")
    assert again.is_in
    assert StaffSession.objects.filter(factor="sso_mfa").count() == 1


def test_a_first_time_that_was_not_finished_is_a_first_time_still(
    house: House,
    handler: Person,
    settings: Any,
    hours: Hours,  # noqa: F811
) -> None:
    settings.OIDC_SAME_NAMES = True
    with_phone(handler.user, hours)
    house.knows("x", preferred_username=handler.user.username, amr=["mfa"])
    for _try in range(2):
        visitor = Visitor()
        assert visitor.sign_in("x")["Location"] == reverse("sign-in-code")
        assert not visitor.is_in


# --- groups -----------------------------------------------------------------------------------------


def test_nobody_gives_a_role_to_a_group_of_their_own(house: House, security: Person, browse: As) -> None:
    house.knows("keeper", groups=["keepers"])
    link(security, "keeper")
    Visitor().sign_in("keeper")
    told = {"group": "keepers", "role": "supervisor", "unit": "district"}
    answer = browse(security).post(reverse("provider"), told)
    assert answer.status_code == 400
    assert not GroupRole.objects.exists()


def test_nor_where_nobody_knew_yet_that_it_is_theirs(house: House, security: Person) -> None:
    group("keepers", Role.SUPERVISOR, "district", security)
    house.knows("keeper", groups=["keepers"])
    link(security, "keeper")
    Visitor().sign_in("keeper")
    assert roles_of(security.user) == {("security", "government-services")}


def test_the_state_is_nobody_else_s(house: House, handler: Person) -> None:
    inside = Inside(handler)
    state = parse_qs(urlsplit(inside.leave_to_link()).query)["state"][0]
    assert inside.client.get("/sign-in/provider/back/", {"state": f"{state}x", "code": "1"}).status_code in (
        302,
        403,
    )
    assert not ProviderLink.objects.exists()
    assert roles_of(handler.user) == {("handler", LAMP_UNIT)}


def test_a_link_is_not_made_twice(house: House, handler: Person) -> None:
    link(handler, "one")
    with pytest.raises(linking.Refused):
        link(handler, "two")
    assert not factors.has_one(handler.user)
    assert linking.unlink(user=handler.user, actor=handler.user, at=timezone.now(), where=Where())
