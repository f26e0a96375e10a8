"""Shares of a queue: fair by weight, still where nothing changes, and never in nobody's way."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership
from accounts.roles import Role
from incidents.centre import shares
from incidents.centre.shares import Share, Waiting, choose, owner_of
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, QueueShare
from incidents.models.incident import Status
from tests.cast import NOWHERE, TUESDAY, Person, file_report, person
from tests.drawing import examples
from tests.incidents.centre.people import centre, on_shift, share

CASES = range(1, 4001)
people = st.lists(
    st.builds(Share, user_id=st.integers(1, 60), weight=st.integers(0, 9)),
    max_size=8,
    unique_by=lambda one: one.user_id,
)
waiting = st.lists(
    st.builds(
        Waiting,
        pk=st.integers(1, 10_000),
        is_emergency=st.booleans(),
        due_at=st.one_of(st.none(), st.integers(-60, 600).map(lambda m: TUESDAY + timedelta(minutes=m))),
        since=st.integers(0, 90).map(lambda m: TUESDAY - timedelta(minutes=m)),
    ),
    max_size=25,
    unique_by=lambda one: one.pk,
)


def test_twice_the_weight_is_twice_the_cases() -> None:
    counted = Counter(owner_of(case, [Share(1, 1), Share(2, 2), Share(3, 3)]) for case in CASES)
    assert [round(counted[user] / len(CASES), 1) for user in (1, 2, 3)] == [0.2, 0.3, 0.5]


@given(there=people, case=st.integers(1, 10**9))
@examples(200)
def test_whoever_leaves_takes_no_case_of_the_others_along(there: list[Share], case: int) -> None:
    owner = owner_of(case, there)
    for gone in there:
        left = [one for one in there if one != gone]
        if gone.user_id == owner:
            assert owner_of(case, left) != owner
        else:
            assert owner_of(case, left) == owner
    assert (owner is None) == all(one.weight == 0 for one in there)
    assert owner_of(case, list(reversed(there))) == owner


@given(there=people, queue=waiting, gone=st.sets(st.integers(1, 60)), minutes=st.integers(0, 30))
@examples(200)
def test_a_queue_empties_whoever_is_left_to_work_on_it(
    there: list[Share], queue: list[Waiting], gone: set[int], minutes: int
) -> None:
    at = TUESDAY + timedelta(minutes=minutes)
    left = [one for one in there if one.user_id not in gone]
    worker = left[0].user_id if left else 999
    taken = []
    while queue:
        chosen = choose(queue, worker, left, at)
        assert chosen is not None
        taken.append(chosen)
        queue = [case for case in queue if case.pk != chosen]
    assert len(taken) == len(set(taken))


@given(there=people, queue=waiting)
@examples(200)
def test_what_burns_comes_before_what_is_ones_own(there: list[Share], queue: list[Waiting]) -> None:
    for person_there in there:
        chosen = choose(queue, person_there.user_id, there, TUESDAY)
        first = next((case.pk for case in queue if shares.is_everybodys(case, TUESDAY)), None)
        before = [case.pk for case in queue]
        if first is not None and chosen is not None:
            assert before.index(chosen) <= before.index(first)


@pytest.fixture
def queue(db: None) -> list[Incident]:
    """Eight plain matters on the desk, none of them urgent, all just in."""
    made = [
        file_report(
            place=NOWHERE, address="", category=None, text=f"第{n}件说不清归谁管的事", external_id=f"q{n}"
        )
        for n in range(8)
    ]
    Incident.objects.filter(pk__in=[case.pk for case in made]).update(
        status=Status.TRIAGE, urgency="routine", due_at=TUESDAY + timedelta(hours=2)
    )
    return made


def asked(who: Person, at: object = TUESDAY) -> Incident | None:
    cases = Incident.objects.at_desk().burning_first()
    return shares.next_for(who.user, cases, at=at)  # type: ignore[arg-type]


def test_two_on_shift_are_led_to_different_cases(
    queue: list[Incident], operator: Person, dispatcher: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    there = shares.shares_of("operations-centre", TUESDAY)
    for who in (operator, dispatcher):
        case = asked(who)
        assert case is not None
        assert owner_of(case.pk, there) == who.user.pk
    assert asked(operator) != asked(dispatcher)


def test_after_ten_minutes_a_case_is_everybodys(
    queue: list[Incident], operator: Person, dispatcher: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    later = TUESDAY + shares.SHARE_LASTS
    assert asked(operator, later) == asked(dispatcher, later) == Incident.objects.at_desk().burning_first()[0]


@pytest.mark.parametrize("left", ["shift over", "away", "no weight", "not here any more", "never shared"])
def test_nothing_stays_with_somebody_who_is_not_there(
    queue: list[Incident], operator: Person, dispatcher: Person, left: str
) -> None:
    on_shift(operator)
    share(operator)
    if left != "never shared":
        on_shift(dispatcher, hours=-0.5 if left == "shift over" else 8)
        share(dispatcher, 0 if left == "no weight" else 1)
    if left == "away":
        QueueShare.objects.filter(user=dispatcher.user).update(away_since=TUESDAY)
    if left == "not here any more":
        dispatcher.user.memberships.all().delete()
    assert [one.user_id for one in shares.shares_of("operations-centre", TUESDAY)] == [operator.user.pk]
    opened = []
    while (case := asked(operator)) is not None:
        opened.append(case.pk)
        Incident.objects.filter(pk=case.pk).update(status=Status.DISPATCHED)
    assert sorted(opened) == sorted(one.pk for one in queue)


def test_somebody_without_a_share_takes_the_worst_first(
    queue: list[Incident], operator: Person, dispatcher: Person, supervisor: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    assert asked(supervisor) == Incident.objects.at_desk().burning_first()[0]


def test_the_next_case_costs_the_same_with_three_and_with_thirty(
    queue: list[Incident], operator: Person, dispatcher: Person, django_assert_num_queries
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    asked(operator)
    with django_assert_num_queries(3):  # the shares, what waits, the case
        asked(operator)


def test_only_its_supervisors_set_a_desks_shares(
    operator: Person, dispatcher: Person, supervisor: Person, street_supervisor: Person
) -> None:
    weights = {operator.user.pk: 2, dispatcher.user.pk: None}
    for stranger in (operator, street_supervisor):
        with pytest.raises(ActionRefused) as refused:
            shares.set_weights(centre=centre(), weights=weights, actor=stranger.actor, at=TUESDAY)
        assert refused.value.code == "not_allowed"
    assert shares.set_weights(centre=centre(), weights=weights, actor=supervisor.actor, at=TUESDAY) == 1
    assert shares.set_weights(centre=centre(), weights=weights, actor=supervisor.actor, at=TUESDAY) == 0
    outsider = person("outsider", Role.HANDLER, "water-group")
    for wrong in ({outsider.user.pk: 1}, {operator.user.pk: 10}):
        with pytest.raises(InvalidInput):
            shares.set_weights(centre=centre(), weights=wrong, actor=supervisor.actor, at=TUESDAY)
    assert QueueShare.objects.get().weight == 2


def test_one_says_for_oneself_that_one_is_away(
    operator: Person, dispatcher: Person, supervisor: Person
) -> None:
    share(operator)

    def step(who: Person, away: bool) -> QueueShare:
        return shares.step_out(
            centre=centre(), user_id=operator.user.pk, away=away, actor=who.actor, at=TUESDAY
        )

    with pytest.raises(ActionRefused) as refused:
        step(dispatcher, True)
    assert refused.value.code == "not_allowed"
    assert step(operator, True).away_since == TUESDAY
    assert step(operator, True).away_since == TUESDAY  # said twice
    assert step(supervisor, False).away_since is None


def test_who_lost_the_desks_role_owns_no_case_whatever_the_roster_says(
    operator: Person, dispatcher: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    assert {one.user_id for one in shares.shares_of("operations-centre", TUESDAY)} == {
        operator.user.pk,
        dispatcher.user.pk,
    }
    Membership.objects.filter(user=operator.user).update(role=Role.LEADER)
    assert shares.shares_of("operations-centre", TUESDAY) == [Share(dispatcher.user.pk, 1)]
