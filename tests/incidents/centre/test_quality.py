"""Samples of decisions: drawn at random once a week is over, judged by somebody else."""

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.roles import Role
from grids.locate import locate
from grids.models import Area
from incidents import actions
from incidents.centre import quality
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, QualitySample
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person
from tests.incidents.centre.people import PINGHU

MONDAY_AFTER = TUESDAY + timedelta(days=6)
WEEK = quality.week_of(TUESDAY)


def decide(who: Person, count: int, *, at: object = TUESDAY) -> list[Incident]:
    """Matters without a place, each dispatched by this person."""
    made = []
    for n in range(count):
        words, told = f"说不清的事{n}", f"{who.user}-{n}-{at}"
        case = file_report(place=NOWHERE, address="", category=None, text=words, external_id=told, at=at)
        actions.dispatch(
            number=case.number,
            item_code="0204-001",
            unit_code=LAMP_UNIT,
            reason="现场是路灯",
            actor=who.actor,
            at=at,
        )
        made.append(case)
    return made


def test_each_operators_week_gives_five_and_no_more(operator: Person, dispatcher: Person) -> None:
    mine = decide(operator, 8)
    decide(dispatcher, 2)
    assert quality.draw(week=WEEK, at=MONDAY_AFTER) == 7
    drawn = QualitySample.objects.filter(operator=operator.user)
    assert drawn.count() == quality.SIZE
    assert {one.incident_id for one in drawn} < {case.pk for case in mine}
    one = drawn[0]
    assert (one.deed, one.sent_to, one.item_code) == ("dispatched", LAMP_UNIT, "0204-001")
    assert one.words is not None
    assert one.words.body == "现场是路灯"


def test_a_week_is_drawn_once_whoever_draws_it(operator: Person) -> None:
    decide(operator, 8)
    quality.draw(week=WEEK, at=MONDAY_AFTER, dice=random.Random(1))
    before = set(QualitySample.objects.values_list("pk", "incident"))
    assert quality.draw(week=WEEK, at=MONDAY_AFTER, dice=random.Random(2)) == 0
    assert quality.draw_weeks(at=MONDAY_AFTER) == 0
    assert set(QualitySample.objects.values_list("pk", "incident")) == before


def test_a_missed_week_is_made_up_for(operator: Person) -> None:
    decide(operator, 1)
    assert quality.draw_weeks(at=MONDAY_AFTER + timedelta(days=14)) == 1
    assert QualitySample.objects.get().week == WEEK


def test_every_decision_may_be_drawn(operator: Person) -> None:
    cases = {case.pk for case in decide(operator, 7)}
    seen = set()
    for seed in range(12):
        QualitySample.objects.all().delete()
        quality.draw(week=WEEK, at=MONDAY_AFTER, dice=random.Random(seed))
        seen |= set(QualitySample.objects.values_list("incident", flat=True))
    assert seen == cases


def test_a_week_that_goes_on_is_not_drawn(operator: Person) -> None:
    decide(operator, 1)
    for week in (WEEK, WEEK - timedelta(days=1)):
        with pytest.raises(InvalidInput) as wrong:
            quality.draw(week=week, at=TUESDAY + timedelta(days=2))
        assert wrong.value.code == "not_over"


def test_what_units_do_is_not_sampled(handler: Person, accepted_case: Incident) -> None:
    assert quality.draw(week=WEEK, at=MONDAY_AFTER) == 0


def test_who_sits_at_a_streets_desk_by_the_office_is_sampled_there(db: None) -> None:
    office = person("street-dispatcher", Role.DISPATCHER, "pinghu")
    street = Area.objects.get(code=PINGHU)
    assert street.lon is not None
    assert street.lat is not None
    there = locate(lon=street.lon, lat=street.lat)
    case = file_report(place=there, category=None, text="这里有人在吵架,也不知道归谁管")
    actions.dispatch(
        number=case.number,
        item_code="0204-001",
        unit_code="pinghu/enforcement",
        reason="依职责",
        actor=office.actor,
        at=TUESDAY + timedelta(minutes=5),
    )
    assert quality.draw(week=WEEK, at=MONDAY_AFTER) == 1
    drawn = QualitySample.objects.get()
    assert (drawn.unit_id, drawn.operator) == ("pinghu/operations", office.user)


@pytest.fixture
def sample(operator: Person) -> QualitySample:
    decide(operator, 1)
    quality.draw(week=WEEK, at=MONDAY_AFTER)
    return QualitySample.objects.get()


def judge(one: QualitySample, who: Person, **marks: object) -> QualitySample:
    given = {"right_unit": True, "right_words": True, "right_limit": True, **marks}
    return quality.score(sample=one.pk, actor=who.actor, at=MONDAY_AFTER, **given)  # type: ignore[arg-type]


def test_a_supervisor_of_the_centre_judges(
    sample: QualitySample, supervisor: Person, dispatcher: Person, street_supervisor: Person
) -> None:
    for stranger in (dispatcher, street_supervisor):
        with pytest.raises(ActionRefused) as refused:
            judge(sample, stranger)
        assert refused.value.code == "not_allowed"
    judged = judge(sample, supervisor, right_words=False, note="没有写明杆号")
    assert judged.scored_by == supervisor.user
    result = quality.results(QualitySample.objects.all())[0]
    assert (result.operator, result.units, result.words, result.all_right) == (
        sample.operator,
        1.0,
        0.0,
        0.0,
    )


def test_a_no_says_what_would_have_been_right(sample: QualitySample, supervisor: Person) -> None:
    with pytest.raises(InvalidInput) as wrong:
        judge(sample, supervisor, right_unit=False)
    assert (wrong.value.field, wrong.value.code) == ("note", "required")
    with pytest.raises(InvalidInput) as missing:
        judge(sample, supervisor, right_limit=None)
    assert missing.value.field == "right_limit"


def test_nobody_judges_their_own_work(supervisor: Person) -> None:
    decide(supervisor, 1)
    quality.draw(week=WEEK, at=MONDAY_AFTER)
    own = QualitySample.objects.get()
    with pytest.raises(ActionRefused) as refused:
        judge(own, supervisor)
    assert refused.value.code == "own_work"
    with pytest.raises(IntegrityError), transaction.atomic():
        QualitySample.objects.update(scored_by=supervisor.user, scored_at=MONDAY_AFTER)


def test_an_answer_on_the_spot_has_no_limit(
    enquiry_case: Incident, operator: Person, supervisor: Person
) -> None:
    actions.answer(number=enquiry_case.number, text="带身份证", actor=operator.actor, at=TUESDAY)
    quality.draw(week=WEEK, at=MONDAY_AFTER)
    judged = judge(QualitySample.objects.get(), supervisor, right_limit=False)
    assert (judged.right_unit, judged.right_limit) == (True, None)
    assert quality.results(QualitySample.objects.all())[0].all_right == 1.0


def test_what_does_not_apply_counts_in_no_share(operator: Person, supervisor: Person) -> None:
    decide(operator, 2)
    quality.draw(week=WEEK, at=MONDAY_AFTER)
    one, other = QualitySample.objects.all()
    judged = judge(one, supervisor, right_limit=None, not_applicable=["right_limit"])
    assert (judged.right_unit, judged.right_limit) == (True, None)
    result = quality.results(QualitySample.objects.all())[0]
    assert (result.scored, result.limits, result.all_right) == (1, None, 1.0)
    # One about which nothing can be said is judged, and makes nobody better or worse.
    judge(one, supervisor, right_words=False, note="没有写明杆号")
    judge(other, supervisor, not_applicable=["right_unit", "right_words", "right_limit"])
    result = quality.results(QualitySample.objects.all())[0]
    assert (result.scored, result.units, result.all_right) == (2, 1.0, 0.0)


def test_who_has_judged_may_change_it_and_nobody_else(sample: QualitySample, supervisor: Person) -> None:
    second = person("supervisor-2", Role.SUPERVISOR, "operations-centre")
    judge(sample, supervisor)
    with pytest.raises(ActionRefused) as refused:
        judge(sample, second)
    assert refused.value.code == "already_scored"
    assert judge(sample, supervisor, right_unit=False, note="应为电信").right_unit is False
