"""Who has no role in an open unit is told why, and whom to ask."""

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import OrgUnit
from tests.cast import LAMP_UNIT, Person

pytestmark = pytest.mark.django_db


def read(who: Person) -> str:
    client = Client()
    client.force_login(who.user)
    with translation.override("en"):
        return client.get("/no-role/", headers={"accept-language": "en"}).content.decode()


def test_whose_unit_was_merged_is_told_who_goes_on(handler: Person) -> None:
    heir = OrgUnit.objects.get(code="water-group")
    OrgUnit.objects.filter(code=LAMP_UNIT).update(is_open=False, successor=heir)
    page = read(handler)
    assert "is closed" in page
    assert f"{heir.name_en} goes on with its work" in page


def test_whose_unit_was_closed_is_told_so(handler: Person) -> None:
    OrgUnit.objects.filter(code=LAMP_UNIT).update(is_open=False)
    assert "which unit you belong to now" in read(handler)


def test_who_never_had_a_role_is_told_that(handler: Person) -> None:
    handler.user.memberships.all().delete()
    assert "You have no role yet" in read(handler)
