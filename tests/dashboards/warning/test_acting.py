"""What people may do with a warning, in which order, and that of two at once one is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.roles import Role
from dashboards.models import Warning, WarningCase, WarningEvent
from dashboards.warning import acting, shown, telling
from incidents import notices
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, OutboxMessage, Supervision
from incidents.telling import Telling
from tests.cast import TUESDAY, Person, person
from tests.dashboards.facts import BUJI
from tests.dashboards.warning.found import found

LATER = TUESDAY + timedelta(minutes=5)
WHY = "管网抢修，已派水车"


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises((ActionRefused, InvalidInput)) as refused:
        call()
    return refused.value.code


@pytest.mark.django_db
def test_from_claim_to_judgement_every_step_stays_in_the_trail(
    supervisor: Person, street_supervisor: Person
) -> None:
    warning = found()
    acting.claim(warning=warning.pk, actor=street_supervisor.actor, at=TUESDAY)
    acting.claim(warning=warning.pk, actor=street_supervisor.actor, at=LATER)  # a second press
    assert refusal(lambda: acting.claim(warning=warning.pk, actor=supervisor.actor, at=LATER)) == "claimed"
    assert (
        refusal(lambda: acting.dismiss(warning=warning.pk, words=WHY, actor=supervisor.actor, at=LATER))
        == "claimed"
    )
    acting.release(warning=warning.pk, actor=supervisor.actor, at=LATER)  # for them
    stale = refusal(
        lambda: acting.dismiss(warning=warning.pk, words=WHY, actor=supervisor.actor, at=LATER, seen=1)
    )
    assert stale == "stale"
    assert refusal(
        lambda: acting.dismiss(warning=warning.pk, words="无", actor=supervisor.actor, at=LATER)
    ) == ("too_short")
    acting.dismiss(warning=warning.pk, words=WHY, actor=supervisor.actor, at=LATER, seen=2)
    warning.refresh_from_db()
    assert (warning.status, warning.useful, warning.claimed_by) == ("dismissed", False, None)
    # Somebody knows better: it waits again, and the last word counts.
    acting.judge(warning=warning.pk, useful=True, words=WHY, actor=street_supervisor.actor, at=LATER)
    warning.refresh_from_db()
    assert (warning.status, warning.useful) == ("open", True)
    assert refusal(
        lambda: acting.judge(warning=warning.pk, useful=True, words=WHY, actor=supervisor.actor, at=LATER)
    ) == ("judged_already")
    assert list(warning.events.values_list("kind", flat=True)) == [
        "claimed",
        "released",
        "dismissed",
        "useful",
    ]
    for attempt in (lambda: warning.events.update(kind="useless"), lambda: warning.events.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.django_db
def test_what_was_useful_stays_so_when_it_is_set_aside(supervisor: Person) -> None:
    warning, actor = found(), supervisor.actor
    acting.judge(warning=warning.pk, useful=True, words=WHY, actor=actor, at=TUESDAY)
    acting.dismiss(warning=warning.pk, words=WHY, actor=actor, at=LATER)
    warning.refresh_from_db()
    assert (warning.status, warning.useful) == ("dismissed", True)
    acting.judge(warning=warning.pk, useful=True, words=WHY, actor=actor, at=LATER)  # taken up again
    warning.refresh_from_db()
    assert (warning.status, warning.useful) == ("open", True)


@pytest.mark.django_db
def test_who_may_not_act_is_refused_and_nothing_is_written(
    street_supervisor: Person, leader: Person, handler: Person
) -> None:
    elsewhere, district = found(street_code=BUJI), found(street_code="", community_code="")
    for who, warning in (
        (street_supervisor, elsewhere),
        (street_supervisor, district),
        (leader, elsewhere),
        (handler, elsewhere),
    ):
        told = {"warning": warning.pk, "actor": who.actor, "at": TUESDAY}
        for call in (
            partial(acting.claim, **told),
            partial(acting.judge, useful=True, words=WHY, **told),
            partial(acting.supervise, numbers=["20260707-000001"], words=WHY, **told),
        ):
            assert refusal(call) == "not_allowed"
    assert not WarningEvent.objects.exists()


@pytest.mark.django_db
def test_supervision_orders_each_chosen_case_or_none(supervisor: Person, accepted_case: Incident) -> None:
    warning = found(cases=1)
    WarningCase.objects.create(warning=warning, incident=accepted_case)
    waiting = warning.cases.order_by("pk")[0].incident  # before the desk: nobody to order

    def order(*numbers: str) -> list[str]:
        return acting.supervise(
            warning=warning.pk, numbers=numbers, words=WHY, actor=supervisor.actor, at=LATER
        )

    assert refusal(lambda: order()) == "required"
    assert refusal(lambda: order("20200101-999999")) == "unknown"
    assert refusal(lambda: order(accepted_case.number, waiting.number)) == "not_assigned"
    assert not Supervision.objects.exists()
    given = order(accepted_case.number)
    assert [order.number for order in Supervision.objects.all()] == given
    warning.refresh_from_db()
    assert warning.status == "supervised"
    assert warning.events.get().data == {"orders": given}
    assert refusal(lambda: order(accepted_case.number)) == "already_ordered"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_wins_and_the_other_is_told(supervisor: Person) -> None:
    other = person("other-supervisor", Role.SUPERVISOR, "operations-centre")
    warning = found()
    start = Barrier(2)

    def one(who: Person) -> str:
        try:
            start.wait(timeout=10)
            acting.claim(warning=warning.pk, actor=who.actor, at=TUESDAY)
        except ActionRefused as error:
            return error.code
        finally:
            connection.close()
        return "mine"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, (supervisor, other))) == ["claimed", "mine"]
    assert warning.events.count() == 1


@pytest.mark.django_db
def test_precision_counts_what_was_judged_in_ninety_days() -> None:
    for number in range(4):
        found(cases=0, useful=number > 0)
    found(cases=0)
    found(cases=0, useful=True, found_at=TUESDAY - timedelta(days=91))
    found(cases=0, kind="theme", useful=True)
    whole, kinds = shown.precision(Warning.objects.all(), at=TUESDAY)
    burst = next(one for one in kinds if one.kind == "burst")
    assert (burst.found, burst.share.part, burst.share.whole, burst.is_small) == (5, 3, 4, True)
    assert (whole.found, whole.share.part, whole.share.whole) == (6, 4, 5)
    assert 0 < burst.share.low < 3 / 4 < burst.share.high < 1


@pytest.mark.django_db
def test_who_should_know_is_told_once_and_old_ones_are_no_news() -> None:
    here = found()
    found(cases=0, found_at=TUESDAY - timedelta(days=2))
    assert (telling.tell_new(at=TUESDAY), telling.tell_new(at=TUESDAY)) == (1, 0)
    told = OutboxMessage.objects.filter(kind="warning.found")
    assert {message.data["number"] for message in told} == {str(here.pk)}
    families = {message.receiver.partition(":")[0] for message in told}
    assert {"supervisors", "leaders", "street", "head"} >= families >= {"supervisors", "leaders"}
    words = notices.for_staff(Telling("warning.found", str(here.pk), told[0].data, TUESDAY))
    assert "38" in words
    assert "1–8" in words
