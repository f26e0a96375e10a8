"""A patrol's round: found and put right on the spot, checks for others, and the way from stop to stop."""

from datetime import timedelta
from importlib import import_module
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.roles import Action, Role
from dashboards import drill, rollups
from dashboards.reading import Selection, Span, read
from incidents import actions, outcomes, policy
from incidents.errors import ActionRefused, InvalidInput
from incidents.field import rounds, route
from incidents.intake import Receipt, Reporter, receive_one
from incidents.models import Attachment, Incident, OutboxMessage, Outcome, Verification
from incidents.models.incident import Status
from tests.cast import TUESDAY, Person, draft, file_report, person, reload
from tests.drawing import lives

SOON = TUESDAY + timedelta(minutes=4)
pytestmark = pytest.mark.django_db


@pytest.fixture
def patrol() -> Person:
    """Walks the community that the lamp stands in."""
    return person("patrol", Role.PATROL, "longgang/grid-station", "何敏")


@pytest.fixture(autouse=True)
def never_drawn(settings: Any) -> None:
    settings.SELF_FIXED_CHECKED = 0.0


def find(who: Person, *, at: Any = TUESDAY, **given: Any) -> Incident:
    """What this person reported on their round."""
    told = draft(source="patrol", nature="finding", reporter=Reporter(), joins="", **given)
    receipt = receive_one(told, at=at, user=who.user)
    assert isinstance(receipt, Receipt), receipt
    return receipt.incident


def show(case: Incident, who: Person, stage: str = "after") -> None:
    kept = Attachment.objects.create(
        file="x.jpg", content_type="image/jpeg", size=1, width=1, height=1, fingerprint=uuid4().hex,
        uploaded_at=SOON, uploaded_by=who.user,
    )  # fmt: skip
    actions.add_photo(number=case.number, attachment=kept, stage=stage, actor=who.actor, at=SOON)


def fix(case: Incident, who: Person, at: Any = SOON) -> Incident:
    return actions.fix_on_spot(number=case.number, text="已扶正并填实", actor=who.actor, at=at)


def counted(case: Incident) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in Outcome.objects.filter(incident=case):
        found[row.kind] = found.get(row.kind, 0) + row.sign
    return {kind: number for kind, number in found.items() if number}


def test_found_and_fixed_is_closed_at_level_a_and_counts_nowhere(patrol: Person) -> None:
    case = find(patrol)
    assert (case.status, counted(case)) == (Status.DISPATCHED, {"received": 1, "dispatched": 1})
    show(case, patrol)
    fix(case, patrol)
    done = reload(case)
    assert (done.status, done.level, done.owner_unit_id, done.outcome, done.self_fixed) == (
        Status.CLOSED, "A", patrol.unit, "solved", True,
    )  # fmt: skip
    assert counted(case) == {}
    assert [str(one) for one in rollups.differences()] == []
    assert not done.timers.filter(stopped_at__isnull=True).exists()
    assert [line.kind for line in done.timeline.order_by("pk")][-2:] == ["fixed_on_spot", "closed"]
    # The unit that intake had named was not told of it before, and is not now.
    assert not OutboxMessage.objects.filter(incident=case, receiver__startswith="unit:").exists()


def test_what_was_fixed_before_facts_could_be_taken_back_entirely_is_no_first_sending(patrol: Person) -> None:
    case = find(patrol)
    outcomes.take_back(case, Outcome.Kind.RECEIVED, Outcome.Kind.DISPATCHED)
    Incident.objects.filter(pk=case.pk).update(self_fixed=True)
    for _batch in rollups.fold_all():
        pass
    days = Span(case.received_at.date(), case.received_at.date())
    assert read(Selection(), [days])[0][()]["first_sent"] == 1
    with connection.cursor() as cursor:
        cursor.execute(import_module("incidents.migrations.0037_counted_entirely").OWN_FIXES)
    assert not read(Selection(), [days])[0][()]
    assert not any(read(Selection(), [days])[0][()].seconds.values())
    assert not outcomes.is_first_sending_counted(case)
    told = drill.facts(drill.LISTS["first_sent"], Selection(), days, patrol.user)  # type: ignore[arg-type]
    assert not told.exists()
    assert [str(one) for one in rollups.differences() if one.what.startswith("cell")] == []


def test_a_unit_that_has_been_told_is_told_that_it_is_over(patrol: Person) -> None:
    case = find(patrol)
    OutboxMessage.objects.filter(incident=case).update(sent_at=TUESDAY)
    show(case, patrol)
    fix(case, patrol)
    assert OutboxMessage.objects.filter(incident=case, kind="case.recalled").count() == 1


def test_some_are_looked_at_again_and_a_bad_fix_counts_like_any(patrol: Person, settings: Any) -> None:
    settings.SELF_FIXED_CHECKED = 1.0
    case = find(patrol)
    show(case, patrol)
    fix(case, patrol)
    asked = Verification.objects.get(incident=case)
    assert reload(case).status == Status.RESOLVED
    assert asked.unit_id != patrol.unit
    checker = person("checker", Role.PATROL, asked.unit_id)
    assert list(rounds.open_checks(checker.user)) == [asked]
    assert list(rounds.open_checks(patrol.user)) == []
    actions.verify(
        number=case.number, fixed=False, text="还是歪的", actor=checker.actor, at=SOON + timedelta(hours=3)
    )
    back = reload(case)
    assert (back.status, back.self_fixed, back.rework_count) == (Status.HANDLING, False, 1)
    assert counted(case) == {"received": 1, "dispatched": 1, "reworked": 1}
    # A case has one first sending, whether that stood or not; while it was the patrol's own, it had none.
    firsts = Outcome.objects.filter(incident=case, kind="dispatched", first=True)
    assert list(firsts.order_by("pk").values_list("sign", "entirely")) == [
        (1, False),
        (-1, True),
        (1, False),
    ]
    assert [str(one) for one in rollups.differences()] == []


def test_a_good_fix_stays_in_its_class_when_it_was_looked_at(patrol: Person, settings: Any) -> None:
    settings.SELF_FIXED_CHECKED = 1.0
    case = find(patrol)
    show(case, patrol)
    fix(case, patrol)
    checker = person("checker", Role.PATROL, Verification.objects.get(incident=case).unit_id)
    actions.verify(number=case.number, fixed=True, actor=checker.actor, at=SOON + timedelta(hours=3))
    assert (reload(case).status, counted(case)) == (Status.CLOSED, {})


@pytest.mark.parametrize("to_desk", [False, True])
def test_a_fix_that_is_opened_again_leaves_its_class(
    patrol: Person, supervisor: Person, to_desk: bool
) -> None:
    case = find(patrol)
    show(case, patrol)
    fix(case, patrol)
    actions.reopen(
        number=case.number,
        reason="又倒了",
        to_desk=to_desk,
        actor=supervisor.actor,
        at=SOON + timedelta(days=1),
    )
    assert (reload(case).self_fixed, reload(case).rework_count) == (False, 1)
    assert [str(one) for one in rollups.differences()] == []


def refusal(case: Incident, who: Person, at: Any = SOON) -> str:
    with pytest.raises((ActionRefused, InvalidInput)) as refused:
        fix(case, who, at)
    return str(refused.value.code)  # type: ignore[attr-defined]


def test_what_cannot_be_fixed_on_the_spot(patrol: Person, handler: Person, dispatcher: Person) -> None:
    case = find(patrol)
    assert refusal(case, patrol) == "required"  # no picture of how it looks now
    show(case, patrol)
    assert refusal(case, handler) == "not_allowed"
    other = person("other", Role.PATROL, patrol.unit)
    assert refusal(case, other) == "not_allowed"
    assert refusal(case, patrol, TUESDAY + timedelta(hours=25)) in ("too_late", "wrong_state")
    emergency = find(patrol, urgency="emergency")
    show(emergency, patrol)
    assert refusal(emergency, patrol) == "emergency"
    actions.accept(number=case.number, actor=handler.actor, at=SOON)
    assert refusal(case, patrol, SOON + timedelta(minutes=1)) == "wrong_state"


def test_what_residents_reported_too_is_answered_by_its_unit(patrol: Person) -> None:
    case = find(patrol)
    show(case, patrol)
    assert file_report(at=SOON).pk == case.pk
    assert refusal(case, patrol, SOON + timedelta(minutes=1)) == "others_wait"


def test_a_patrol_sees_its_findings_and_its_checks_and_nothing_else(
    resolved_case: Incident, patrol: Person
) -> None:
    station = Verification.objects.get(incident=resolved_case).unit
    community = station.parent.children.filter(kind="community_station").first()  # type: ignore[union-attr]
    assert community is not None
    near = person("near", Role.PATROL, community.code)
    far = person("far", Role.PATROL, "operations-centre")
    own = find(patrol, text="南联社区公厕旁垃圾桶翻倒", category="0101")
    for who, checks, sees in ((near, True, {resolved_case}), (patrol, False, {own})):
        assert policy.can(who.user, Action.VERIFY, resolved_case) is checks
        assert rounds.open_checks(who.user).exists() is checks
        assert set(Incident.objects.filter(policy.visible(who.user))) == sees
    # Even one who walks for the whole district fixes what they found themselves, and nothing else.
    assert not policy.can(far.user, Action.FIX_ON_SPOT, own)
    assert policy.can(patrol.user, Action.FIX_ON_SPOT, own)


def test_who_works_for_the_handling_unit_has_no_check_of_it(resolved_case: Incident) -> None:
    asked = Verification.objects.get(incident=resolved_case)
    both = person("both", Role.PATROL, asked.unit_id)
    assert rounds.open_checks(both.user).count() == 1
    hat = person("hat", Role.HANDLER, resolved_case.owner_unit_id)
    both.user.memberships.create(unit_id=hat.unit, role=Role.HANDLER)
    again = type(both.user).objects.get(pk=both.user.pk)
    assert rounds.open_checks(again).count() == 0
    assert not policy.can(again, Action.VERIFY, resolved_case)


points = st.tuples(st.floats(114.0, 114.4), st.floats(22.5, 22.9))


@lives(60)
@given(stops=st.lists(points, min_size=1, max_size=6), start=st.none() | points)
def test_the_way_visits_every_stop_and_is_hardly_longer_than_the_shortest(
    stops: list[tuple[float, float]], start: tuple[float, float] | None
) -> None:
    order = route.in_order(stops, start)
    assert sorted(order) == list(range(len(stops)))
    ways = [list(way) for way in permutations(range(len(stops))) if start or way[0] == 0]
    shortest = min(route.length(stops, way, start) for way in ways)
    assert route.length(stops, order, start) <= shortest * 1.35 + 1


def test_no_stop_no_way() -> None:
    assert route.in_order([]) == []
