"""What counts as leaving an item, where the cases end up, and which item stands first."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import OrgUnit
from accounts.roles import Role
from dashboards import learning
from dashboards.claims import MOVES, claims_of
from dispatch import editing, lists
from dispatch.edition import edition
from dispatch.item_rules import values_of
from dispatch.models import ResponsibilityList
from incidents import actions
from incidents.models import Incident
from tests.cast import TUESDAY, Person, person
from tests.dashboards.learned import (
    BUJI,
    DAY,
    LAMP,
    LONGCHENG,
    MINUTE,
    OTHER_LAMP,
    PINGHU,
    STALL,
    Desk,
    counted,
    question,
    somewhere,
    stall,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kept(desk: Desk) -> Incident:
    return desk.lamp()


def refused(desk: Desk) -> Incident:
    case = desk.lamp()
    desk.ask_back(case)
    desk.answer_return(case, agreed=False)
    return case


def agreed_with(desk: Desk) -> Incident:
    case = desk.guessed()
    desk.send(case)
    return case


def overridden(desk: Desk) -> Incident:
    case = desk.guessed()
    desk.send(case, unit="water-group")
    return case


def reread(desk: Desk) -> Incident:
    case = desk.guessed()
    desk.send(case, item=OTHER_LAMP, unit="lighting-company")
    return case


def sent_on(desk: Desk) -> Incident:
    case = desk.lamp()
    desk.send_on(case, "water-group")
    return case


def ruled(desk: Desk) -> Incident:
    case = desk.lamp()
    actions.accept(number=case.number, actor=desk.handler.actor, at=desk.at + MINUTE)
    actions.raise_objection(
        number=case.number,
        reason="不归我们",
        cites="第三条",
        proposed_unit="water-group",
        actor=desk.handler.actor,
        at=desk.at + 2 * MINUTE,
    )
    actions.rule(
        number=case.number,
        ruling="由水务先行处置",
        unit_code="water-group",
        actor=desk.supervisor.actor,
        at=desk.at + 3 * MINUTE,
    )
    return case


@pytest.mark.parametrize(
    ("life", "told"),
    [
        (kept, {"automatic": 1}),
        (refused, {"automatic": 1, "refused": 1}),
        (agreed_with, {}),
        (Desk.returned, {"automatic": 1, "returned": 1}),
        (overridden, {"overridden": 1}),
        (sent_on, {"automatic": 1, "redispatched": 1}),
        (ruled, {"automatic": 1, "ruled": 1, "disputed": 1}),
        (reread, {"reread": 1}),
    ],
)
def test_a_case_leaves_its_item_in_one_way(
    desk: Desk, life: Callable[[Desk], Incident], told: dict[str, int]
) -> None:
    life(desk)
    row = counted()
    assert row is not None
    names = ("automatic", *MOVES, "inside", "reread", "unsure", "refused", "disputed")
    assert {name: getattr(row, name) for name in names} == {**dict.fromkeys(names, 0), **told}
    assert (row.decided, row.moved) == (1, sum(told.get(name, 0) for name in MOVES))


def test_the_first_thing_that_took_it_away_is_the_one_that_counts(desk: Desk) -> None:
    case = desk.returned("water-group")
    desk.send_on(case, "transport")
    row = counted()
    assert row is not None
    assert (row.decided, row.returned, row.overridden, row.redispatched) == (1, 1, 0, 0)
    assert [claim.final_unit for claim in claims_of(LAMP, question())] == ["transport"]


def test_a_guess_that_the_machine_called_unsure_tells_nothing_of_the_list(desk: Desk) -> None:
    case = desk.lamp(category=None, text="这里有人在吵架,也不知道归谁管", place_type=None)
    guess = case.decisions.get()
    assert guess.outcome == "triage"
    assert guess.unit_code != "water-group"
    desk.send(case, unit="water-group")
    row = counted(guess.item_code)
    assert row is not None
    assert (row.unsure, row.moved) == (1, 0)


def test_what_nobody_has_sent_yet_is_no_decision(desk: Desk) -> None:
    desk.guessed()
    assert counted() is None


def test_a_merged_case_is_its_roots(desk: Desk) -> None:
    root, child = desk.lamp(), desk.returned()
    actions.merge(number=child.number, into=root.number, actor=desk.dispatcher.actor, at=desk.at + MINUTE)
    row = counted()
    assert row is not None
    assert (row.decided, row.moved) == (1, 0)


def test_a_case_that_is_raised_a_level_has_not_left(desk: Desk) -> None:
    case = stall(PINGHU)
    team = person("pinghu-enforcement", Role.HANDLER, "pinghu/enforcement")
    at = desk.at
    actions.request_raise(number=case.number, reason="超出能力", actor=team.actor, at=at + MINUTE)
    actions.decide_raise(number=case.number, agreed=True, actor=desk.supervisor.actor, at=at + 2 * MINUTE)
    row = counted(STALL)
    assert row is not None
    assert (row.decided, row.moved, row.inside) == (1, 0, 0)


def test_a_street_that_moves_a_case_among_its_teams_returns_nothing(desk: Desk) -> None:
    case = stall(PINGHU)
    assert (case.item_code, case.owner_unit_id) == (STALL, "pinghu/enforcement")
    centre = person("pinghu-centre", Role.SUPERVISOR, "pinghu/operations")
    desk.send_on(case, "pinghu/municipal-services", item=STALL, by=centre)
    row = counted(STALL)
    assert row is not None
    assert (row.decided, row.inside, row.moved) == (1, 1, 0)


def test_a_return_that_waits_for_its_next_unit_is_with_nobody(desk: Desk) -> None:
    case = desk.lamp()
    desk.ask_back(case)
    desk.answer_return(case, agreed=True)
    study = learning.study(LAMP, question(), edition().units)
    assert (len(study.moved), study.with_nobody, list(study.places)) == (1, 1, [])


def test_teams_of_their_own_streets_are_one_pattern(desk: Desk) -> None:
    offices = {PINGHU: "pinghu", BUJI: "buji"}
    for street, office in offices.items():
        desk.returned(f"{office}/municipal-services", **somewhere(street))
    desk.returned("water-group")
    study = learning.study(LAMP, question(), edition().units)
    assert [(place.pattern, place.share.part, place.share.whole) for place in study.places] == [
        ("@street/municipal-services", 2, 3),
        ("water-group", 1, 3),
    ]
    assert study.leading is not None
    assert set(study.leading.units) == {"pinghu/municipal-services", "buji/municipal-services"}
    ranked = learning.ranking(question(), edition().units)
    assert ranked[0].leading is not None
    assert ranked[0].leading.share == study.leading.share


def test_many_stand_before_one_of_one_and_few_after_all(desk: Desk) -> None:
    for number in range(7):
        desk.returned() if number < 5 else desk.lamp()
    one = stall(PINGHU)
    desk.send_on(one, "water-group", item=STALL)
    ranked = learning.ranking(question(), edition().units)
    assert [(row.tally.code, row.share.part, row.share.whole) for row in ranked] == [
        (LAMP, 5, 7),
        (STALL, 1, 1),
    ]


def test_an_item_that_lost_few_cases_comes_after_all_others(desk: Desk) -> None:
    """Three of three are 44 % at the least, five of nine 27 %: but three are no pattern."""
    for number in range(9):
        desk.returned() if number < 5 else desk.lamp()
    for street in (PINGHU, BUJI, LONGCHENG):
        desk.send_on(stall(street), "water-group", item=STALL)
    ranked = learning.ranking(question(), edition().units)
    assert [row.tally.code for row in ranked] == [LAMP, STALL]
    assert ranked[0].share.low < ranked[1].share.low
    assert [row.is_thin for row in ranked] == [False, True]


def test_words_that_the_moved_cases_have_are_known(desk: Desk) -> None:
    desk.returned()
    study = learning.study(LAMP, question(), edition().units)
    assert "路灯坏" in study.moved[0].keywords


def test_only_the_asked_for_cases_are_counted(desk: Desk) -> None:
    desk.returned(**somewhere(PINGHU))
    desk.lamp(**somewhere(BUJI))

    def both(**given: Any) -> tuple[int, int] | None:
        row = counted(**given)
        return (row.decided, row.moved) if row else None

    assert both() == (2, 1)
    assert both(streets=(BUJI,)) == (1, 0)
    assert both(units=("lighting-company",)) == (2, 1)
    assert both(units=("water-group",)) is None
    assert both(categories=("0204",)) == (2, 1)
    assert both(categories=("0101",)) is None
    assert both(end=TUESDAY - DAY) is None


def test_what_an_item_did_under_another_wording_is_told_apart(
    desk: Desk, steward: Person, chief_steward: Person
) -> None:
    desk.returned()
    live = edition()
    draft = lists.draft_from(
        base=ResponsibilityList.objects.get(pk=live.list_id),
        title="路灯改由水务",
        by=steward.user,
        at=desk.at,
    )
    values = {**values_of(draft.items.get(code=LAMP)), "lead_unit": "water-group"}
    editing.save_item(draft=draft, code=LAMP, values=values, why="退件", by=steward.user, at=desk.at)
    proposed = lists.propose(draft=draft, remark="", by=steward.user, at=desk.at)
    lists.adopt(proposed=proposed, by=chief_steward.user, at=desk.at)
    after = desk.lamp()
    assert after.owner_unit_id == "water-group"
    row, every = counted(), counted(as_now=False)
    assert row is not None
    assert every is not None
    assert (row.decided, row.moved) == (1, 0)
    assert (every.decided, every.moved) == (2, 1)
    study = learning.study(LAMP, question(as_now=False), edition().units)
    assert [(version, share.part, share.whole) for version, share in study.versions] == [
        (live.version, 1, 1),
        (proposed.version, 0, 1),
    ]


def test_every_unit_of_a_street_is_known_to_be_inside_it() -> None:
    """The statement finds streets by the units' paths: the tree has them there."""
    for unit in OrgUnit.objects.filter(code__contains="/"):
        office = unit.code.partition("/")[0]
        assert f">{office}>" in unit.path, unit.code
