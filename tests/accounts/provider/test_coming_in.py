"""In through the provider: who is let in, with which roles, and what is asked of them still."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import GroupRole, ProviderLink, SignInEvent, StaffSession, User
from accounts.roles import Role
from tests.accounts.identity.conftest import Hours, hours, with_phone  # noqa: F401  # the fixture
from tests.accounts.provider.conftest import House, Visitor
from tests.accounts.provider.said import group, kinds_of, link, roles_of, said, without_password
from tests.browsers import As
from tests.cast import LAMP_UNIT, PASSWORD, Person

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

# --- who it is --------------------------------------------------------------------------------------


def test_who_was_linked_comes_in_and_is_known_by_subject_from_then_on(
    house: House, visitor: Visitor, handler: Person, security: Person
) -> None:
    house.knows("subject-1", preferred_username="huang.zq")
    said(handler, "huang.zq", security)
    answer = visitor.sign_in("subject-1", next="/notices/")
    assert answer["Location"] == "/notices/"
    assert visitor.is_in
    assert ProviderLink.objects.get().subject == "subject-1"
    row = StaffSession.objects.get()
    assert (row.user, row.factor) == (handler.user, "sso")
    assert kinds_of(handler.user) == ["linked", "signed_in"]
    # Renamed there: the same person. Somebody else who got the name: nobody here.
    house.knows("subject-1", preferred_username="huang.zhiqiang")
    assert Visitor().sign_in("subject-1").status_code == 302
    house.knows("subject-2", preferred_username="huang.zq")
    assert Visitor().sign_in("subject-2").status_code == 403


def test_an_unknown_person_is_told_by_which_name_they_came(house: House, visitor: Visitor) -> None:
    house.knows("stranger")
    answer = visitor.sign_in("stranger")
    assert answer.status_code == 403
    assert "stranger" in answer.content.decode()
    assert not visitor.is_in
    assert not User.objects.filter(username="stranger").exists()


def test_the_same_name_alone_is_nobody_s_key(house: House, visitor: Visitor, handler: Person) -> None:
    house.knows("x", preferred_username=handler.user.username)
    assert visitor.sign_in("x").status_code == 403
    assert not visitor.is_in


def test_unless_both_houses_take_names_from_one_register(
    house: House, visitor: Visitor, handler: Person, settings: Any
) -> None:
    settings.OIDC_SAME_NAMES = True
    house.knows("x", preferred_username=handler.user.username)
    assert visitor.sign_in("x").status_code == 302
    assert visitor.is_in
    # The name goes to somebody new there: they are not who had it.
    house.knows("y", preferred_username=handler.user.username)
    assert Visitor().sign_in("y").status_code == 403


def test_who_is_switched_off_here_stays_out(
    house: House, visitor: Visitor, handler: Person, security: Person
) -> None:
    house.knows("huang")
    said(handler, "huang", security)
    User.objects.filter(pk=handler.user.pk).update(is_active=False)
    answer = visitor.sign_in("huang")
    assert answer.status_code == 403
    assert "switched off" in answer.content.decode()
    assert not visitor.is_in
    refused = SignInEvent.objects.get(kind="refused")
    assert (refused.user, refused.reason) == (handler.user, "switched_off")
    assert ProviderLink.objects.get().subject is None  # nothing of it was kept


def test_an_administrator_says_it_of_nobody_twice(
    house: House, handler: Person, operator: Person, security: Person, browse: As
) -> None:
    office = browse(security)
    without_password(handler)
    without_password(operator)
    told = {"login_name": "huang"}
    assert office.post(reverse("sign-ins-link", args=[security.user.pk]), told).status_code == 400
    assert office.post(reverse("sign-ins-link", args=[handler.user.pk]), told).status_code == 302
    assert office.post(reverse("sign-ins-link", args=[operator.user.pk]), told).status_code == 400
    assert office.post(reverse("sign-ins-link", args=[operator.user.pk]), {}).status_code == 400
    assert ProviderLink.objects.get().user == handler.user
    assert browse(operator).post(reverse("sign-ins-link", args=[handler.user.pk]), told).status_code == 403


def test_taking_the_link_away_ends_what_it_opened(
    house: House, visitor: Visitor, handler: Person, security: Person, browse: As
) -> None:
    house.knows("huang")
    link(handler, "huang")
    visitor.sign_in("huang")
    by_password = Client()
    by_password.post(reverse("sign-in"), {"username": "handler", "password": PASSWORD})
    browse(security).post(reverse("sign-ins-unlink", args=[handler.user.pk]))
    assert not visitor.is_in
    assert by_password.get("/notices/").status_code == 200
    assert Visitor().sign_in("huang").status_code == 403


# --- roles ------------------------------------------------------------------------------------------


def test_whoever_comes_with_a_group_that_has_a_role_gets_a_sign_in(
    house: House, visitor: Visitor, security: Person, settings: Any
) -> None:
    settings.OIDC_CREATE = True
    group("lamps", Role.HANDLER, LAMP_UNIT, security)
    house.knows("chen", name="陈工", groups=["lamps", "choir"])
    assert visitor.sign_in("chen").status_code == 302
    made = User.objects.get(username="chen")
    assert (made.display_name, made.has_usable_password()) == ("陈工", False)
    assert roles_of(made) == {("handler", LAMP_UNIT)}
    assert visitor.client.get("/inbox/").status_code == 200
    assert "roles" in kinds_of(made)


@pytest.mark.parametrize("groups", [None, [], ["choir"], "choir", 7, {"a": 1}, ["lamps\x00"], [["lamps"]]])
def test_without_such_a_group_nobody_is_made(
    house: House, visitor: Visitor, security: Person, settings: Any, groups: Any
) -> None:
    settings.OIDC_CREATE = True
    group("lamps", Role.HANDLER, LAMP_UNIT, security)
    house.knows("chen", **({} if groups is None else {"groups": groups}))
    assert visitor.sign_in("chen").status_code == 403
    assert not User.objects.filter(username="chen").exists()


@pytest.mark.parametrize("name", ["", "handler", "a b/c?d", "x" * 200])
def test_nobody_is_made_under_a_name_that_is_none_or_taken(
    house: House, visitor: Visitor, security: Person, handler: Person, settings: Any, name: str
) -> None:
    settings.OIDC_CREATE = True
    group("lamps", Role.HANDLER, LAMP_UNIT, security)
    house.knows("someone", preferred_username=name, groups=["lamps"])
    before = User.objects.count()
    assert visitor.sign_in("someone").status_code == 403
    assert User.objects.count() == before


def test_roles_follow_the_groups_and_those_given_by_hand_stay(
    house: House, handler: Person, security: Person
) -> None:
    house.knows("huang", groups=["desk", "lamps"])
    link(handler, "huang")
    group("desk", Role.OPERATOR, "operations-centre", security)
    group("lamps", Role.HANDLER, LAMP_UNIT, security)  # what they have by hand already
    Visitor().sign_in("huang")
    by_hand, by_group = ("handler", LAMP_UNIT), ("operator", "operations-centre")
    assert roles_of(handler.user) == {by_hand, by_group}
    house.knows("huang", groups=[])
    Visitor().sign_in("huang")
    assert roles_of(handler.user) == {by_hand}
    told = [one.reason for one in SignInEvent.objects.filter(kind="roles").order_by("pk")]
    assert told == ["+operator operations-centre", "-operator operations-centre"]


def test_a_group_that_means_nothing_any_more_gives_nothing(
    house: House, handler: Person, security: Person, browse: As
) -> None:
    house.knows("huang", groups=["desk"])
    link(handler, "huang")
    row = group("desk", Role.OPERATOR, "operations-centre", security)
    Visitor().sign_in("huang")
    browse(security).post(reverse("provider-group-end", args=[row.pk]))
    Visitor().sign_in("huang")
    assert roles_of(handler.user) == {("handler", LAMP_UNIT)}
    row.refresh_from_db()
    assert row.ended_by == security.user


def test_groups_in_a_path_of_claims(house: House, handler: Person, security: Person, settings: Any) -> None:
    settings.OIDC_GROUPS_CLAIM = "realm_access.roles"
    house.knows("huang", realm_access={"roles": ["desk"]})
    link(handler, "huang")
    group("desk", Role.OPERATOR, "operations-centre", security)
    Visitor().sign_in("huang")
    assert ("operator", "operations-centre") in roles_of(handler.user)


def test_groups_that_are_told_on_asking_alone(house: House, handler: Person, security: Person) -> None:
    house.claims = lambda claims: {name: value for name, value in claims.items() if name != "groups"}
    house.knows("huang", groups=["desk"])
    link(handler, "huang")
    group("desk", Role.OPERATOR, "operations-centre", security)
    Visitor().sign_in("huang")
    assert ("operator", "operations-centre") in roles_of(handler.user)


def test_groups_make_nobody_two_administrators(
    house: House, visitor: Visitor, admin: Person, security: Person
) -> None:
    house.knows("guan", groups=["audit"])
    link(admin, "guan")
    group("audit", Role.AUDITOR, "government-services", security)
    answer = visitor.sign_in("guan")
    assert answer.status_code == 403
    assert roles_of(admin.user) == {("admin", "government-services")}
    assert SignInEvent.objects.get(kind="refused").reason == "apart"


# --- the second factor ------------------------------------------------------------------------------


def test_who_has_a_second_factor_here_is_asked_for_it(
    house: House,
    visitor: Visitor,
    handler: Person,
    security: Person,
    hours: Hours,  # noqa: F811
) -> None:
    house.knows("huang")
    link(handler, "huang")
    phone = with_phone(handler.user, hours)
    answer = visitor.sign_in("huang", next="/notices/")
    assert answer["Location"] == reverse("sign-in-code")
    assert not visitor.is_in
    answer = visitor.client.post(reverse("sign-in-code"), {"code": phone.code()})
    assert answer["Location"] == "/notices/"
    assert visitor.is_in
    assert StaffSession.objects.get(user=handler.user).factor == "sso_code"


@pytest.mark.parametrize(
    ("claims", "asked"),
    [
        ({"amr": ["pwd", "mfa"]}, False),
        ({"acr": "mfa"}, False),
        ({"amr": ["pwd"]}, True),
        ({"amr": []}, True),
    ],
)
def test_not_where_the_provider_says_that_it_saw_two(
    house: House,
    visitor: Visitor,
    handler: Person,
    security: Person,
    hours: Hours,  # noqa: F811
    claims: dict[str, Any],
    asked: bool,
) -> None:
    house.knows("huang", **claims)
    link(handler, "huang")
    with_phone(handler.user, hours)
    answer = visitor.sign_in("huang", next="/notices/")
    assert answer["Location"] == (reverse("sign-in-code") if asked else "/notices/")
    assert visitor.is_in is not asked


@pytest.mark.parametrize(("amr", "led"), [(["pwd"], True), (["mfa"], False)])
def test_a_role_that_needs_two_is_led_to_setting_one_up(
    house: House, visitor: Visitor, admin: Person, security: Person, settings: Any, amr: list[str], led: bool
) -> None:
    settings.STRICT_SIGN_IN = True
    house.knows("guan", amr=amr)
    link(admin, "guan")
    visitor.sign_in("guan")
    answer = visitor.client.get("/installation/")
    assert answer.status_code == (302 if led else 200)
    if led:
        assert answer["Location"].startswith(reverse("second-factor-set-up"))


def test_who_has_no_password_here_sets_one_up_right_after_coming_in(
    house: House,
    visitor: Visitor,
    handler: Person,
    security: Person,
    hours: Hours,  # noqa: F811
) -> None:
    without_password(handler)
    house.knows("huang")
    link(handler, "huang")
    visitor.sign_in("huang")
    page = visitor.client.get(reverse("second-factor-set-up"))
    assert "password" not in page.context["form"].fields
    assert visitor.client.get(reverse("password-change")).status_code == 302
    hours.pass_by(minutes=11)
    again = visitor.client.get(reverse("second-factor-set-up"))
    assert again["Location"] == "/sign-in/?next=%2Fme%2Fsecond-factor%2F"
    assert not visitor.is_in


def test_the_rules_of_the_role_hold_as_for_everybody(
    house: House, handler: Person, security: Person, settings: Any
) -> None:
    settings.STRICT_SIGN_IN = True
    house.knows("huang")
    link(handler, "huang")
    visitors = [Visitor() for _one in range(4)]
    for one in visitors:
        one.sign_in("huang")
    assert [one.is_in for one in visitors] == [False, True, True, True]


# --- out --------------------------------------------------------------------------------------------


def test_signing_out_leads_out_of_the_provider_too(
    house: House, visitor: Visitor, handler: Person, security: Person
) -> None:
    house.knows("huang")
    link(handler, "huang")
    visitor.sign_in("huang")
    page = visitor.client.post(reverse("sign-out"))
    leave = page.context["leave"]
    assert leave.startswith(f"{house.url}/oauth2/end_session?")
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Fsigned-out%2F" in leave
    assert "id_token_hint=ey" in leave
    assert not visitor.is_in
    assert visitor.client.get("/signed-out/?state=x")["Location"] == "/sign-in/"


def test_who_came_with_a_password_stays_with_their_provider(house: House, handler: Person) -> None:
    client = Client()
    client.post(reverse("sign-in"), {"username": handler.user.username, "password": PASSWORD})
    assert client.post(reverse("sign-out")).status_code == 302


# --- pages ------------------------------------------------------------------------------------------


def test_the_door_shows_the_way_where_there_is_one(house: House, settings: Any, db: None) -> None:
    settings.OIDC_NAME = "Unified identity"
    page = Client().get("/sign-in/?next=/inbox/")
    assert "/sign-in/provider/?next=%2Finbox%2F" in page.content.decode()
    assert "Unified identity" in page.content.decode()
    settings.OIDC_CLIENT_ID = ""
    assert "/sign-in/provider/" not in Client().get("/sign-in/").content.decode()
    assert Client().get("/sign-in/provider/").status_code == 404
    assert Client().get("/sign-in/provider/back/").status_code == 404


def test_the_table_of_groups(house: House, security: Person, operator: Person, browse: As) -> None:
    office = browse(security)
    told = {"group": "desk", "role": "operator", "unit": "operations-centre"}
    assert office.post(reverse("provider"), told).status_code == 302
    assert office.post(reverse("provider"), told).status_code == 400  # twice the same
    for wrong in ({"group": ""}, {"role": "king"}, {"unit": "nowhere"}):
        assert office.post(reverse("provider"), told | wrong).status_code == 400
    assert GroupRole.objects.count() == 1
    page = office.get(reverse("provider")).content.decode()
    assert "http://testserver/sign-in/provider/back/" in page
    assert browse(operator).get(reverse("provider")).status_code == 403
    assert browse(operator).post(reverse("provider"), told).status_code == 403


def test_without_a_provider_the_page_says_how(security: Person, browse: As) -> None:
    assert "OIDC_DISCOVERY_URL" in browse(security).get(reverse("provider")).content.decode()
