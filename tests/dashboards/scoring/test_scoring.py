"""Periods freeze, units appeal, somebody else rules, and what was published is never rewritten."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override

from accounts.roles import Role
from dashboards.models import Appeal, Edition, Exclusion, Ruling, ScoringPeriod, Standing
from dashboards.scope import Names
from dashboards.scoring import acting, keeping, sweeping
from dashboards.scoring.formulas import BY_VERSION, VERSIONS, formula_of
from incidents import notices, scoring_sentences
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, OutboxMessage
from incidents.telling import Telling
from tests.cast import Person, person
from tests.dashboards.facts import case, fact, take_back
from tests.dashboards.scoring.months import JULY, JUNE, LAMPS, WATER, facts_of, june, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamps_head() -> Person:
    """The head of the lighting company."""
    return person("lamps-head", Role.LEADER, "lighting-company", "罗明")


def row(edition: Edition, code: str, league: str = "unit") -> Standing:
    return edition.standings.get(league=league, code=code)


def appealed(period: ScoringPeriod, head: Person, **given: Any) -> Appeal:
    values: dict[str, Any] = {"unit": "lighting-company", "reason": "force_majeure", "words": "台风期间停工"}
    return acting.appeal(period=period.pk, **{**values, **given}, actor=head.actor, at=JULY)


def test_a_publication_freezes_figures_formula_and_bands(supervisor: Person) -> None:
    period = june()
    work(40, late=4, **LAMPS)
    work(60, unclosed=6, **WATER)
    edition = acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    period.refresh_from_db()
    assert (period.status, period.formula, period.published_by) == ("provisional", "2", supervisor.user)
    # five working days: Tuesday to Monday, when the offices close
    assert period.appeals_until == JULY.replace(day=13, hour=10)
    lamps = row(edition, "lighting-company")
    assert lamps.counts["due"] == 40
    assert lamps.counts["due_met"] == 36
    assert lamps.score == pytest.approx(36 / 40 * 60 + 30 + 10)
    water = row(edition, "water-group")
    assert water.score == pytest.approx(60 + 54 / 60 * 30 + 10)
    assert row(edition, "440307003000", "street").score == pytest.approx(lamps.score)
    assert row(edition, "440307003010", "community").counts == lamps.counts
    whole = row(edition, "", "district")
    assert whole.counts["due"] == 100
    # Again it answers the same, and writes nothing.
    told = OutboxMessage.objects.filter(kind="scoring.published").count()
    assert acting.publish(period=period.pk, actor=supervisor.actor, at=JULY + timedelta(days=1)) == edition
    assert Edition.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="scoring.published").count() == told == 4


def test_only_a_supervisor_of_the_district_publishes_and_only_what_is_over(
    supervisor: Person, street_supervisor: Person, leader: Person, handler: Person
) -> None:
    period = june()
    with pytest.raises(ActionRefused, match=r".") as empty:
        acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    assert empty.value.code == "empty"
    work(2, **LAMPS)
    for somebody in (street_supervisor, leader, handler):
        with pytest.raises(ActionRefused) as refused:
            acting.publish(period=period.pk, actor=somebody.actor, at=JULY)
        assert refused.value.code == "not_allowed"
    with pytest.raises(ActionRefused) as early:
        acting.publish(period=period.pk, actor=supervisor.actor, at=JULY - timedelta(days=6))
    assert early.value.code == "not_over"
    assert not Edition.objects.exists()


def test_the_database_refuses_to_rewrite_what_was_published(supervisor: Person, lamps_head: Person) -> None:
    period = june()
    first, *_rest = work(40, **LAMPS)
    edition = acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    made = appealed(period, lamps_head, number=first.number, what="case")
    acting.rule(appeal=made.pk, upheld=True, words="属实,予以剔除", actor=supervisor.actor, at=JULY)
    rewritings = [
        lambda: edition.standings.update(score=100),
        lambda: Edition.objects.filter(pk=edition.pk).update(formula="1"),
        lambda: Appeal.objects.all().delete(),
        lambda: Ruling.objects.update(upheld=False),
        lambda: Exclusion.objects.all().delete(),
        lambda: ScoringPeriod.objects.filter(pk=period.pk).update(formula="1"),
        lambda: ScoringPeriod.objects.filter(pk=period.pk).delete(),
    ]
    for rewrite in rewritings:
        with pytest.raises(DatabaseError), transaction.atomic():
            rewrite()


def test_an_upheld_appeal_takes_a_case_out_by_a_dated_revision(
    supervisor: Person, lamps_head: Person
) -> None:
    period = june()
    late, *_rest = work(40, late=4, **LAMPS)
    work(60, **WATER)
    published = acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    made = appealed(period, lamps_head, number=late.number, what="case")
    assert OutboxMessage.objects.filter(kind="scoring.appealed", receiver="supervisors").count() == 1
    later = JULY + timedelta(days=1)
    acting.rule(appeal=made.pk, upheld=True, words="属实,予以剔除", actor=supervisor.actor, at=later)
    revised = period.editions.get(number=1)
    assert (revised.cause, revised.appeal, revised.at, revised.by) == ("appeal", made, later, supervisor.user)
    before, after = row(published, "lighting-company"), row(revised, "lighting-company")
    assert (before.counts["due"], before.excluded) == (40, 0)
    assert (after.counts["due"], after.excluded) == (39, 1)
    assert after.counts["handled"] == 39
    assert after.seconds["handle"] == before.seconds["handle"] - facts_of(late, "handled").elapsed
    assert after.score == pytest.approx(36 / 39 * 60 + 40)
    assert row(revised, "water-group").excluded == 0
    assert row(revised, "", "district").excluded == 1
    # Only those whose own figures moved are told; the exclusion names who asked and who adjudicated.
    told = OutboxMessage.objects.filter(kind="scoring.revised").values_list("receiver", flat=True)
    assert "head:lighting-company" in told
    taken = Exclusion.objects.get()
    assert (taken.appeal.by, taken.appeal.ruling.by) == (lamps_head.user, supervisor.user)


@pytest.mark.parametrize(
    ("what", "due", "handled", "rework"), [("due", 39, 40, 3), ("rework", 40, 40, 2), ("rating", 40, 40, 3)]
)
def test_a_part_of_a_case_can_be_taken_out(
    supervisor: Person, lamps_head: Person, what: str, due: int, handled: int, rework: int
) -> None:
    period = june()
    first, *_rest = work(40, late=4, reworked=3, scores=(1, 5, 5), **LAMPS)
    made = appealed(period, lamps_head, number=first.number, what=what)
    acting.rule(appeal=made.pk, upheld=True, words="属实,予以剔除", actor=supervisor.actor, at=JULY)
    # Agreed to before publication, it is never published, but counted beside the rank.
    assert not Edition.objects.exists()
    lamps = row(acting.publish(period=period.pk, actor=supervisor.actor, at=JULY), "lighting-company")
    assert (lamps.counts["due"], lamps.counts["handled"], lamps.counts["reworked"]) == (due, handled, rework)
    assert lamps.counts["scored"] == (2 if what == "rating" else 3)
    assert lamps.excluded == 1


def test_a_refusal_changes_no_figure_and_stands(supervisor: Person, lamps_head: Person) -> None:
    period = june()
    first, *_rest = work(40, late=4, **LAMPS)
    acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    made = appealed(period, lamps_head, number=first.number, what="case")
    acting.rule(appeal=made.pk, upheld=False, words="当日并未停工", actor=supervisor.actor, at=JULY)
    assert period.editions.count() == 1
    assert not Exclusion.objects.exists()
    for again in (
        lambda: appealed(period, lamps_head, number=first.number, what="case"),
        lambda: acting.rule(
            appeal=made.pk, upheld=True, words="再想想还是同意", actor=supervisor.actor, at=JULY
        ),
    ):
        with pytest.raises(ActionRefused) as refused:
            again()
        assert refused.value.code in ("appealed_already", "ruled_already")


def test_a_unit_speaks_through_its_head_about_what_counts_for_it(
    supervisor: Person, lamps_head: Person, handler: Person, leader: Person
) -> None:
    period = june()
    first, *_rest = work(40, **LAMPS)
    [other] = work(1, **WATER)
    for somebody, unit in ((handler, "lighting-company"), (leader, "district"), (lamps_head, "water-group")):
        with pytest.raises(ActionRefused) as refused:
            appealed(period, somebody, unit=unit, number=first.number, what="case")
        assert refused.value.code == "not_allowed"
    with pytest.raises(InvalidInput) as foreign:
        appealed(period, lamps_head, number=other.number, what="case")
    assert (foreign.value.field, foreign.value.code) == ("number", "not_counted")
    for field, given in (
        ("what", {"number": first.number, "what": "all"}),
        ("reason", {"number": first.number, "what": "case", "reason": "because"}),
        ("indicator", {"indicator": "beauty"}),
        ("words", {"indicator": "on_time", "words": " "}),
    ):
        with pytest.raises(InvalidInput) as wrong:
            appealed(period, lamps_head, **given)  # type: ignore[arg-type]
        assert wrong.value.field == field


def test_nobody_rules_on_an_appeal_of_their_own_tree(lamps_head: Person, supervisor: Person) -> None:
    period = june()
    work(40, **LAMPS)
    made = appealed(period, lamps_head, indicator="on_time")
    # A supervisor of the district who also works for the unit, the unit's own, and a street's supervisor.
    both = person("both", Role.SUPERVISOR, "operations-centre")
    person_of = Person(both.user, "operations-centre")
    both.user.memberships.create(unit_id="lighting-company", role=Role.HANDLER)
    street = person("pinghu-supervisor", Role.SUPERVISOR, "pinghu/operations")
    for somebody in (person_of, street, lamps_head):
        with pytest.raises(ActionRefused) as refused:
            acting.rule(appeal=made.pk, upheld=True, words="应予更正", actor=somebody.actor, at=JULY)
        assert refused.value.code == "not_allowed"
    acting.rule(appeal=made.pk, upheld=False, words="数据无误", actor=supervisor.actor, at=JULY)


def test_the_window_closes_by_itself_and_what_was_asked_in_time_is_answered(
    supervisor: Person, lamps_head: Person
) -> None:
    period = june()
    first, second, *_rest = work(40, late=4, **LAMPS)
    acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    made = appealed(period, lamps_head, number=first.number, what="due")
    end = JULY.replace(day=13, hour=10)
    assert sweeping.close_windows(at=end - timedelta(seconds=1)) == 0
    with pytest.raises(ActionRefused) as late:
        acting.appeal(
            period=period.pk,
            unit="lighting-company",
            number=second.number,
            what="due",
            reason="force_majeure",
            words="台风期间停工",
            actor=lamps_head.actor,
            at=end,
        )
    assert late.value.code == "window_closed"
    assert sweeping.close_windows(at=end) == 1
    assert sweeping.close_windows(at=end) == 0
    period.refresh_from_db()
    assert (period.status, period.closed_at) == ("final", end)
    assert OutboxMessage.objects.filter(kind="scoring.closed", receiver="head:lighting-company").exists()
    acting.rule(appeal=made.pk, upheld=True, words="属实,予以剔除", actor=supervisor.actor, at=end)
    assert period.editions.get(number=1).cause == "appeal"


def test_late_facts_are_due_for_revision_and_rewrite_nothing(supervisor: Person) -> None:
    period = june()
    first, *_rest = work(40, late=4, unclosed=5, **LAMPS)
    published = acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    period.refresh_from_db()
    names = Names()

    def due() -> list[str]:
        ranking = keeping.compute(period, names, at=JULY + timedelta(days=9))
        last = period.editions.order_by("number").last()
        assert last is not None
        return [row.code for _old, row in keeping.differing(last, ranking) if row is not None]

    assert due() == []
    with pytest.raises(ActionRefused) as nothing:
        acting.revise(period=period.pk, words="例行核对", actor=supervisor.actor, at=JULY)
    assert nothing.value.code == "nothing_to_revise"
    # What was open is closed now: that comes too late to earn anything in June.
    for late in Incident.objects.filter(status="handling"):
        fact(late, "finished", day=JUNE, on_time=False)
    assert due() == []
    # Its reporters are called for days after the month: who answered is in no score.
    fact(first, "asked", day=JUNE)
    fact(first, "answered", day=JUNE)
    assert due() == []
    # A breach was appealed against and taken back; a case that nobody knew of turns up.
    take_back(facts_of(first, "due"))
    fact(case(**LAMPS), "due", day=JUNE, on_time=True)
    assert due() == ["", "lighting-company", "440307003000", "440307003010"]
    revised = acting.revise(
        period=period.pk,
        words="时限申诉成立,补录一件",
        actor=supervisor.actor,
        at=JULY + timedelta(days=9),
    )
    assert due() == []
    lamps = row(revised, "lighting-company")
    assert (lamps.counts["due"], lamps.counts["due_met"], lamps.counts["due_closed"]) == (40, 37, 35)
    frozen = row(published, "lighting-company")
    assert (frozen.counts["due"], frozen.counts["due_met"], frozen.counts["due_closed"]) == (40, 36, 35)


def test_a_period_keeps_the_formula_that_held_when_it_began() -> None:
    assert formula_of(JUNE).version == "2"
    assert formula_of(JUNE.replace(year=2025)).version == "1"
    assert [formula.since for formula in VERSIONS] == sorted(formula.since for formula in VERSIONS)
    assert set(BY_VERSION) == {formula.version for formula in VERSIONS}
    for formula in VERSIONS:
        assert sum(part.weight for part in formula.parts) == 100
        assert [band.least for band in formula.bands] == sorted(
            (band.least for band in formula.bands), reverse=True
        )
        assert formula.bands[-1].least == 0


def test_periods_open_by_themselves_back_to_the_first_fact() -> None:
    assert sweeping.open_periods(at=JULY) == 0
    work(1, **LAMPS)
    assert sweeping.open_periods(at=JULY) == 4
    assert [period.key for period in ScoringPeriod.objects.order_by("kind", "first")] == [
        "2026-06",
        "2026-07",
        "2026-Q2",
        "2026-Q3",
    ]
    assert sweeping.open_periods(at=JULY) == 0


@pytest.mark.parametrize("kind", sorted(scoring_sentences.STAFF))
def test_a_notice_names_the_period_and_says_what_there_is_to_do(kind: str) -> None:
    told = Telling(kind, "2026-06", {"until": "2026-07-13T10:00:00+00:00", "upheld": True}, JULY)
    bare = Telling(kind, "2026-06", {}, JULY)
    with override("en"):
        assert notices.for_staff(told).startswith("Scores of 2026-06: ")
        assert notices.for_staff(bare).startswith("Scores of 2026-06: ")
        assert ("13 Jul, 18:00" in notices.for_staff(told)) == (kind == "scoring.published")
