"""Two supervisors press at the same moment: one publication, one ruling, one revision."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.roles import Role
from dashboards.models import Edition, Exclusion, Ruling
from dashboards.scoring import acting
from incidents.errors import ActionRefused
from incidents.models import OutboxMessage
from tests.cast import Person, person
from tests.dashboards.scoring.months import JULY, LAMPS, june, work

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act: Callable[[Person], object], *people: Person) -> list[object]:
    """What each of them gets, an exception's code where it was refused."""
    start = Barrier(len(people))

    def one(who: Person) -> object:
        try:
            start.wait(timeout=10)
            return act(who)
        except ActionRefused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(one, people))


def test_two_presses_are_one(supervisor: Person) -> None:
    other = person("other-supervisor", Role.SUPERVISOR, "operations-centre")
    head = person("lamps-head", Role.LEADER, "lighting-company")
    late, *_rest = work(40, late=4, **LAMPS)
    period = june()
    published = at_once(
        lambda who: acting.publish(period=period.pk, actor=who.actor, at=JULY).pk, supervisor, other
    )
    assert published == [Edition.objects.get().pk] * 2
    assert OutboxMessage.objects.filter(kind="scoring.published").count() == 2  # the head, the unit
    asked = acting.appeal(
        period=period.pk,
        unit="lighting-company",
        number=late.number,
        what="due",
        reason="force_majeure",
        words="台风停工",
        actor=head.actor,
        at=JULY,
    )
    ruled = at_once(
        lambda who: acting.rule(appeal=asked.pk, upheld=True, words="属实剔除", actor=who.actor, at=JULY).pk,
        supervisor,
        other,
    )
    assert sorted(map(str, ruled)) == sorted([str(Ruling.objects.get().pk), "ruled_already"])
    assert Exclusion.objects.count() == 1
    assert list(period.editions.values_list("number", flat=True)) == [0, 1]
