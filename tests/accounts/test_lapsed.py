"""Whose role by a group has lapsed, since their provider says nothing of them, is offered for nothing."""

import pytest

from accounts import rosters
from accounts.models import Membership, OrgUnit
from accounts.roles import Role
from dashboards.datasets import reach
from dashboards.datasets.catalogue import ALL
from incidents.assigning import hands_of
from incidents.instructing.reach import leaders_of
from tests.cast import LAMP_UNIT, Person, person

pytestmark = pytest.mark.django_db


def test_a_role_that_has_lapsed_offers_nobody(handler: Person) -> None:
    unit = OrgUnit.objects.get(pk=LAMP_UNIT)
    leader = person("leader", Role.LEADER, LAMP_UNIT)
    dataset = ALL[0]
    owner = person("owner", Role(sorted(dataset.owner_roles)[0]), dataset.owner_unit)

    def offered() -> tuple[bool, ...]:
        return (
            handler.user in hands_of(unit),
            leader.user in leaders_of(unit),
            handler.user in rosters.members(unit),
            owner.user.pk in reach.owners(dataset),
        )

    assert offered() == (True,) * 4
    Membership.objects.update(by_provider=True)
    assert offered() == (False,) * 4
