"""Whatever is done to a case, in whatever order, its facts say what the case and its timeline say."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership, User
from accounts.roles import Role
from dashboards import rollups
from incidents import actions, sweeps
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Incident
from incidents.models.incident import ResolutionOutcome
from tests.cast import NOWHERE, TUESDAY, file_report, reload

pytestmark = pytest.mark.django_db

LAMP_ITEM = "0204-001"
Step = Callable[[Incident, Actor, datetime], object]


def everybody() -> Actor:
    """Somebody who holds every role at the district: this is about facts, not about permission."""
    return somebody("everybody", Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.HANDLER)


def checker() -> Actor:
    """Somebody who works for no unit that handles anything: nobody judges their own work."""
    return somebody("checker", Role.SUPERVISOR)


def somebody(username: str, *roles: Role) -> Actor:
    user, _created = User.objects.get_or_create(username=username)
    for role in roles:
        Membership.objects.get_or_create(user=user, unit_id="district", role=role)
    return Actor.person(User.objects.get(pk=user.pk), "district")


def return_it(case: Incident, actor: Actor, at: datetime) -> None:
    actions.request_return(number=case.number, reason="不归我们", cites="第三条", actor=actor, at=at)
    actions.decide_return(number=case.number, agreed=True, actor=actor, at=at + timedelta(minutes=5))


def resolve(outcome: str) -> Step:
    return lambda case, actor, at: actions.resolve(
        number=case.number,
        outcome=outcome,
        text="已处理",
        attested=True,
        parked_until=(at + timedelta(days=30)).date() if outcome == ResolutionOutcome.PARKED else None,
        actor=actor,
        at=at,
    )


def merge_away(case: Incident, actor: Actor, at: datetime) -> None:
    root = file_report(at=at, place=NOWHERE, category=None, text="同一盏灯,不知道在哪")
    actions.merge(number=case.number, into=root.number, actor=actor, at=at + timedelta(minutes=1))


def update(kind: str) -> Step:
    def tell(case: Incident, actor: Actor, at: datetime) -> None:
        link = case.links.filter(unlinked_at__isnull=True).first()
        if link is not None:
            draft = UpdateDraft(external_id=f"{kind}-{at.timestamp()}", kind=kind, text="请尽快")
            apply_update(report=link.report, draft=draft, actor=SYSTEM, at=at)

    return tell


def rate(case: Incident, actor: Actor, at: datetime) -> None:
    link = case.links.filter(unlinked_at__isnull=True).first()
    if link is not None:
        actions.rate(report=link.report, result=4, solved=True, at=at)


def object_to(case: Incident, actor: Actor, at: datetime) -> None:
    link = case.links.filter(unlinked_at__isnull=True).first()
    if link is not None:
        actions.object_to(report=link.report, reason="没有修好", at=at)


STEPS: dict[str, Step] = {
    "dispatch": lambda c, a, at: actions.dispatch(number=c.number, item_code=LAMP_ITEM, actor=a, at=at),
    "accept": lambda c, a, at: actions.accept(number=c.number, actor=a, at=at),
    "return": return_it,
    "redispatch": lambda c, a, at: actions.redispatch(
        number=c.number, item_code=LAMP_ITEM, unit_code="water-group", reason="应由水务", actor=a, at=at
    ),
    "solve": resolve(ResolutionOutcome.SOLVED),
    "explain": resolve(ResolutionOutcome.EXPLAINED),
    "park": resolve(ResolutionOutcome.PARKED),
    "found fixed": lambda c, a, at: actions.verify(number=c.number, fixed=True, actor=checker(), at=at),
    "found not fixed": lambda c, a, at: actions.verify(
        number=c.number, fixed=False, text="还坏着", actor=checker(), at=at
    ),
    "close": lambda c, a, at: actions.close(number=c.number, reason="电话核实", actor=a, at=at),
    "reopen": lambda c, a, at: actions.reopen(number=c.number, reason="又坏了", actor=a, at=at),
    "reopen to desk": lambda c, a, at: actions.reopen(
        number=c.number, reason="又坏了", to_desk=True, actor=a, at=at
    ),
    "answer": lambda c, a, at: actions.answer(number=c.number, text="请带身份证", actor=a, at=at),
    "reject": lambda c, a, at: actions.reject(number=c.number, reason="不属本区", actor=a, at=at),
    "merge": merge_away,
    "unmerge": lambda c, a, at: actions.unmerge(number=c.number, actor=a, at=at),
    "rate": rate,
    "object": object_to,
    "withdraw": update("withdraw"),
    "reopen upstream": update("reopen"),
    "sweep": lambda c, a, at: sweeps.fire_due_stages(at=at),
}
line = st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from([5, 60, 600, 3 * 1440, 20 * 1440]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(placed=st.booleans(), life=st.lists(line, min_size=3, max_size=14))
def test_the_facts_bear_out_the_case(placed: bool, life: list[tuple[str, int]]) -> None:
    # Many lives in one test, each from nothing: a block that is undone, and that the actions' own
    # durable transactions take for the test's.
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        live(placed, life)
        transaction.set_rollback(True)


def live(placed: bool, life: list[tuple[str, int]]) -> None:
    """One case's life; what cannot be done as it stands is left out."""
    actor, at = everybody(), TUESDAY
    given_facts = {} if placed else {"place": NOWHERE, "category": None, "text": "有人在吵架"}
    case = file_report(at=at, **given_facts)
    done = []
    for name, minutes in life:
        at += timedelta(minutes=minutes)
        try:
            STEPS[name](reload(case), actor, at)
            done.append(name)
        except (ActionRefused, InvalidInput):
            continue
    found = [str(difference) for difference in rollups.differences()]
    assert found == [], done


def test_a_long_life_is_counted_as_it_went() -> None:
    actor, at = everybody(), TUESDAY
    case = file_report(at=at)
    life = (
        "return|dispatch|accept|solve|found not fixed|explain|found fixed|rate|object|solve|close"
        "|reopen to desk|dispatch|merge|unmerge"
    )
    for name in life.split("|"):
        at += timedelta(minutes=30)
        STEPS[name](reload(case), actor, at)
    assert [str(difference) for difference in rollups.differences()] == []
