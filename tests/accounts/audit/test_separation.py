"""系统、安全、审计三权分立: nobody is two of them, each opens their own pages, and none sees a case."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, OrgUnit, User
from accounts.roles import ADMINISTRATORS, Role
from accounts.separation import is_separated, why_not
from accounts.viewer import viewer_of
from incidents.models import Incident
from incidents.policy import visible
from tests.cast import Person, person

UNIT = "government-services"


def fresh(one: Person) -> User:
    """The person as the next request finds them."""
    return User.objects.get(pk=one.user.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("first", sorted(ADMINISTRATORS))
@pytest.mark.parametrize("second", sorted(ADMINISTRATORS))
def test_nobody_is_two_of_the_three(first: str, second: str) -> None:
    user = person("one", Role(first), UNIT).user
    if first == second:
        user.memberships.create(unit_id="operations-centre", role=second)
        assert why_not([first], second) == ""
        return
    assert why_not([first], second)
    with pytest.raises(DatabaseError, match="three people"), transaction.atomic():
        user.memberships.create(unit_id="operations-centre", role=second)
    other = person("two", Role(second), UNIT).user
    with pytest.raises(DatabaseError, match="three people"), transaction.atomic():
        other.memberships.update(user=user)


@pytest.mark.django_db
@pytest.mark.parametrize("other", [role for role in Role if role not in ADMINISTRATORS])
def test_who_audits_has_no_other_role_and_the_other_two_may(other: Role) -> None:
    auditor = person("auditor", Role.AUDITOR, UNIT).user
    with pytest.raises(DatabaseError, match="no other role"), transaction.atomic():
        auditor.memberships.create(unit_id=UNIT, role=other)
    worker = person("worker", other, UNIT).user
    with pytest.raises(DatabaseError, match="no other role"), transaction.atomic():
        worker.memberships.create(unit_id=UNIT, role=Role.AUDITOR)
    worker.memberships.create(unit_id=UNIT, role=Role.SECURITY)
    assert why_not([other], Role.AUDITOR)
    assert why_not([Role.AUDITOR], other)
    assert why_not([other], Role.SECURITY) == ""


@pytest.mark.django_db(transaction=True)
def test_two_roles_given_at_the_same_moment_see_each_other() -> None:
    user = User.objects.create_user("both")
    OrgUnit.objects.get_or_create(
        code=UNIT, defaults={"kind": "district_department", "area_code": "440307000000", "path": UNIT}
    )
    began, refused = threading.Event(), []

    def give_the_other() -> None:
        try:
            began.wait(10)
            Membership.objects.create(user=user, unit_id=UNIT, role=Role.SECURITY)
        except DatabaseError as error:
            refused.append(str(error))
        finally:
            connection.close()

    other = threading.Thread(target=give_the_other)
    other.start()
    with transaction.atomic():
        Membership.objects.create(user=user, unit_id=UNIT, role=Role.ADMIN)
        began.set()
        other.join(0.3)  # it waits for this transaction
        assert other.is_alive()
    other.join(10)
    assert len(refused) == 1
    assert list(user.memberships.values_list("role", flat=True)) == [Role.ADMIN]


@pytest.mark.django_db
def test_a_system_administrator_keeps_people_until_somebody_else_does(admin: Person) -> None:
    browser = Client()
    browser.force_login(admin.user)
    page = reverse("sign-ins")
    assert not is_separated()
    assert browser.get(page).status_code == 200
    assert page in browser.get(reverse("installation")).content.decode()
    security = person("security", Role.SECURITY, UNIT)
    assert browser.get(page).status_code == 403
    assert page not in browser.get(reverse("installation")).content.decode()
    for name in ("sign-ins-end", "sign-ins-unlock", "sign-ins-reset"):
        assert browser.post(reverse(name, args=[security.user.pk])).status_code == 403
    browser.force_login(security.user)
    assert browser.get(page).status_code == 200
    assert browser.get(reverse("installation")).status_code == 403


@pytest.mark.django_db
def test_no_system_administrator_gets_them_back_by_closing_the_others_unit(
    admin: Person, security: Person
) -> None:
    OrgUnit.objects.filter(code=UNIT).update(is_open=False)
    OrgUnit.objects.filter(code="operations-centre").update(is_open=True)
    admin.user.memberships.update(unit_id="operations-centre")
    User.objects.filter(pk=security.user.pk).update(is_active=False)
    assert viewer_of(fresh(admin)).roles == {Role.ADMIN}


@pytest.mark.django_db
def test_a_closed_door_is_closed_for_the_auditor_too(auditor: Person, admin: Person) -> None:
    browser = Client()
    browser.force_login(auditor.user)
    for name in ("installation", "sign-ins", "messages", "work-calendar", "clock-rules", "sources"):
        assert browser.get(reverse(name)).status_code == 403, name


def test_none_of_the_three_sees_a_case(
    lamp_case: Incident, admin: Person, security: Person, auditor: Person, operator: Person
) -> None:
    assert Incident.objects.filter(visible(operator.user)).count() == 1
    for one in (admin, security, auditor):
        assert not Incident.objects.filter(visible(one.user)).exists()
