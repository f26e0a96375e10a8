"""Briefs are made once, say the boards' own numbers, freeze when they are issued, and are mailed once."""

import json
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override

from accounts.models import Membership
from accounts.roles import Role
from dashboards.briefs import acting, figuring, keeping, measuring, periods, reach, shown, sweeping
from dashboards.briefs.acting import FollowedSaid, ProblemSaid
from dashboards.briefs.subjects import Subject, board_of
from dashboards.drill import LISTS, facts
from dashboards.indicators import BY_CODE
from dashboards.models import Brief, BriefEdition, BriefEntry, BriefRun, BriefSubscription
from dashboards.reading import Span, one_state
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage, Text
from tests.cast import Person, person
from tests.dashboards.briefs.weeks import EIGHT, FIRST, LAMPS, WATER, WEEK, two_weeks, work
from tests.dashboards.facts import BUJI, fact

pytestmark = pytest.mark.django_db

Kind = BriefEntry.Kind


@pytest.fixture
def weeks() -> None:
    two_weeks()


@pytest.fixture
def head(db: None) -> Person:
    """The head of the water company."""
    return person("water-head", Role.LEADER, "water-group", "水务负责人")


def made(about: str = "district", code: str = "", kind: str = "week", *, first: date = WEEK[0]) -> Brief:
    return Brief.objects.get(kind=kind, about=about, code=code, first=first)


def begun(at: Any = EIGHT) -> Brief:
    sweeping.begin_due(at=at)
    return made()


def issued(at: Any = EIGHT) -> BriefEdition:
    brief = begun(at)
    sweeping.issue_due(at=at, limit=100)
    return brief.editions.get(number=0)


def figure(edition: BriefEdition, code: str) -> dict[str, Any]:
    return next(one for one in edition.figures["indicators"] if one["code"] == code)


# --- when --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "before", "at", "span"),
    [
        ("week", EIGHT - timedelta(minutes=1), EIGHT, Span(*WEEK)),
        ("month", FIRST - timedelta(minutes=1), FIRST, Span(date(2026, 6, 1), date(2026, 6, 30))),
    ],
)
def test_a_brief_is_due_at_eight_on_monday_or_on_the_first(
    kind: str, before: Any, at: Any, span: Span
) -> None:
    assert periods.latest(kind, at) == span
    assert periods.latest(kind, before) == periods.before(kind, span)
    assert periods.due_at(span) == at


@pytest.mark.usefixtures("weeks")
def test_however_often_the_clock_asks_a_brief_is_begun_and_issued_once() -> None:
    assert sweeping.begin_due(at=EIGHT - timedelta(minutes=1)) > 0  # the week before that, made up for
    assert not Brief.objects.filter(first=WEEK[0]).exists()
    first = sweeping.begin_due(at=EIGHT)
    # The district, two streets, the lamp department and the water company.
    assert first == Brief.objects.filter(first=WEEK[0]).count() == 5
    assert sweeping.begin_due(at=EIGHT + timedelta(minutes=1)) == 0
    assert sweeping.issue_due(at=EIGHT, limit=100) == Brief.objects.count()
    told = OutboxMessage.objects.count()
    assert sweeping.issue_due(at=EIGHT + timedelta(hours=1), limit=100) == 0
    assert BriefEdition.objects.count() == Brief.objects.count()
    assert OutboxMessage.objects.count() == told


@pytest.mark.usefixtures("weeks")
def test_what_was_missed_is_made_up_for_and_only_the_newest_is_mailed(leader: Person) -> None:
    late = EIGHT + timedelta(days=3, hours=5)  # no worker ran since the week before last
    sweeping.begin_due(at=late)
    weekly = Brief.objects.filter(kind="week", about="district").order_by("first")
    # The week of the 15th was the first that was counted, by halves perhaps: nobody reports it.
    assert [(one.first, one.number, one.is_told) for one in weekly] == [
        (date(2026, 6, 22), 1, False),
        (date(2026, 6, 29), 2, True),
    ]
    sweeping.issue_due(at=late, limit=100)
    mailed = OutboxMessage.objects.filter(kind="brief.issued", receiver=f"user:{leader.user.pk}")
    assert [row.data["first"] for row in mailed] == ["2026-06-29"]
    # June began before anything was counted.
    assert not BriefRun.objects.filter(kind="month").exists()


@pytest.mark.usefixtures("weeks")
def test_a_monthly_draft_waits_for_words_and_then_goes_out_by_itself(supervisor: Person) -> None:
    work(date(2026, 5, 30), date(2026, 5, 31), 2, **LAMPS)
    sweeping.begin_due(at=FIRST)
    brief = made(kind="month", first=date(2026, 6, 1))
    assert brief.issue_at == FIRST + timedelta(hours=72)
    told = OutboxMessage.objects.filter(kind="brief.drafted")
    assert set(told.values_list("receiver", flat=True)) == {
        "supervisors",
        f"street:{BUJI}",
        "street:440307003000",
    }
    sweeping.issue_due(at=FIRST + timedelta(hours=71), limit=100)
    assert not brief.editions.exists()
    sweeping.issue_due(at=FIRST + timedelta(hours=72), limit=100)
    assert brief.editions.get().by is None


# --- the boards' numbers ----------------------------------------------------------------------------


@pytest.mark.usefixtures("weeks")
@pytest.mark.parametrize(
    ("about", "code", "shown_by"),
    [("district", "", ""), ("street", BUJI, f"&street={BUJI}"), ("unit", "water-group", "&unit=water-group")],
)
def test_every_number_is_the_boards_and_as_long_as_its_list(
    client: Any, leader: Person, about: str, code: str, shown_by: str
) -> None:
    client.force_login(leader.user, backend="django.contrib.auth.backends.ModelBackend")
    issued()
    edition = made(about, code).editions.get()
    page = client.get(f"/board/?from={WEEK[0]}&to={WEEK[1]}{shown_by}")
    board = page.context["board"]
    assert board.now["handled"] >= 40
    for one in edition.figures["indicators"]:
        assert one["value"] == board.value(one["code"]), one["code"]
        assert one["before"] == board.value_before(one["code"]), one["code"]
        assert one["year_before"] == board.value_year_before(one["code"]), one["code"]
        assert one["base"] == BY_CODE[one["code"]].base(board.now), one["code"]
    for name in ("received", "handled", "due"):
        entry = LISTS[name]
        rows = facts(entry, board.selection, board.span, leader.user)  # type: ignore[arg-type]
        assert edition.figures["counts"][name] == rows.count()
    places = {row["code"]: row for row in edition.figures["places"]}
    assert set(places) == {row.code for row in board.places}
    for row in board.places:
        kept = places[row.code]
        assert (kept["handled"], kept["late"], kept["verdict"]) == (row.now["handled"], row.late, row.verdict)
    assert sum(day["handled"] for day in edition.figures["days"]) == board.now["handled"]
    assert edition.figures["line"]["steps"][-1]["handle_mean"] == pytest.approx(board.value("handle_mean"))
    assert edition.figures["line"]["steps"][-2]["handle_mean"] == board.value_before("handle_mean")
    # And what the page of the brief links to is that list.
    with override("en"):
        sheet = shown.of_edition(made(about, code), edition)
    for line in (one for one in sheet.rows if one.url):
        listed = client.get(line.url)
        assert listed.status_code == 200
        assert f"{listed.context['page'].paginator.count:,}" == line.base, line.code


def test_a_month_is_compared_with_the_month_before_as_on_the_board() -> None:
    subject, june = Subject("district"), Span(date(2026, 6, 1), date(2026, 6, 30))
    board = board_of(subject, june, at=FIRST)
    assert board.before_span == Span(date(2026, 5, 1), date(2026, 5, 31))
    february = board_of(subject, Span(date(2026, 2, 1), date(2026, 2, 28)), at=FIRST)
    assert february.before_span == Span(date(2026, 1, 1), date(2026, 1, 31))
    # Other days are compared with as many before them.
    week = board_of(subject, Span(*WEEK), at=EIGHT)
    assert week.before_span == Span(date(2026, 6, 22), date(2026, 6, 28))


@pytest.mark.usefixtures("weeks")
def test_a_unit_that_no_board_knows_is_an_error_and_not_the_whole_district() -> None:
    with pytest.raises(LookupError):
        board_of(Subject("unit", "no-such-unit"), Span(*WEEK), at=EIGHT)
    brief = begun()
    Brief.objects.filter(about="unit", code="water-group", first=WEEK[0]).update(code="gone")
    sweeping.issue_due(at=EIGHT, limit=100)
    poison = Brief.objects.get(code="gone")
    # It waits for the next try, and holds up nobody.
    assert poison.status == "draft"
    assert poison.issue_at > EIGHT
    assert brief.editions.exists()


@pytest.mark.usefixtures("weeks")
def test_the_rules_propose_what_got_worse_with_the_unit_that_has_most_of_it() -> None:
    brief = begun()
    found = keeping.proposed(brief, at=EIGHT)
    assert (found[0].indicator, found[0].street_code, found[0].category_code) == ("handle_mean", BUJI, "0101")
    assert found[0].unit_id == "water-group"
    edition = issued()
    problem = edition.entries.get(kind=Kind.PROBLEM, position=0)
    assert problem.measured["differs"] is True
    assert problem.measured["now"] == pytest.approx(6.0, abs=0.05)
    assert problem.measured["base"] == 40
    # Frozen in both languages, whoever opens it.
    assert edition.figures["words"]["zh"]["finding"] != edition.figures["words"]["en"]["finding"]
    assert problem.measured["place_zh"] == "布吉街道"


def test_what_chance_alone_makes_is_no_problem() -> None:
    for first in (date(2026, 6, 15), date(2026, 6, 22), WEEK[0]):
        work(first, first + timedelta(days=6), 60, late=3, **LAMPS)
    one_of_one = {**WATER, "category_id": "0402"}
    work(*WEEK, 1, late=1, **one_of_one)
    work(*WEEK, 10, late=3, **WATER)  # three of ten; two would be no surprise
    brief = begun()
    assert keeping.proposed(brief, at=EIGHT) == []
    edition = issued()
    with override("en"):
        sheet = shown.of_edition(brief, edition)
    assert (sheet.problems, sheet.has_advice, sheet.has_year) == ([], False, False)
    assert sheet.no_problem
    # Ten of eleven are more than chance puts there.
    work(*WEEK, 10, late=10, **one_of_one)
    assert [
        (one.street_code, one.category_code, one.unit_id) for one in keeping.proposed(brief, at=EIGHT)
    ] == [(BUJI, "0402", "water-group")]


@pytest.mark.usefixtures("weeks")
def test_a_week_that_was_slower_says_so_in_its_verdict() -> None:
    words = issued().figures["words"]["en"]["finding"]
    assert len(words) == 3  # the pace, what was late, and that it took twice as long as the week before
    assert "100%" in words[-1]


# --- people's words ---------------------------------------------------------------------------------


def said(**given: Any) -> dict[str, Any]:
    return {
        "problems": [
            ProblemSaid(
                words="布吉供水抢修慢",
                cause="抢修队同时段只有一组",
                advice="夜间增派一组,材料前置到街道",
                unit="water-group",
                due=date(2026, 7, 20),
                measure=f"handle_mean:{BUJI}:0101",
            )
        ],
        "decision": "是否同意增派夜间抢修组?",
        **given,
    }


@pytest.mark.usefixtures("weeks")
def test_words_are_kept_in_a_draft_and_frozen_with_the_numbers(supervisor: Person, leader: Person) -> None:
    brief = begun()
    acting.write(brief=brief.pk, **said(), actor=supervisor.actor, at=EIGHT, seen=0)
    for somebody in (leader, person("s", Role.SUPERVISOR, "pinghu/operations")):
        with pytest.raises(ActionRefused) as refused:
            acting.write(brief=brief.pk, **said(), actor=somebody.actor, at=EIGHT)
        assert refused.value.code == "not_allowed"
    with pytest.raises(ActionRefused) as stale:
        acting.write(brief=brief.pk, **said(), actor=supervisor.actor, at=EIGHT, seen=0)
    assert stale.value.code == "stale"
    with pytest.raises(ActionRefused) as unseen:
        acting.issue(brief=brief.pk, actor=supervisor.actor, at=EIGHT, seen=0)
    assert unseen.value.code == "stale"
    edition = acting.issue(brief=brief.pk, actor=supervisor.actor, at=EIGHT, seen=1)
    assert acting.issue(brief=brief.pk, actor=supervisor.actor, at=EIGHT + timedelta(hours=1)) == edition
    assert (edition.by, edition.figures["cut"]) == (supervisor.user, EIGHT.isoformat())
    problem = edition.entries.get(kind=Kind.PROBLEM)
    assert problem.words is not None
    assert (problem.words.body, problem.unit_id, problem.due) == (
        "布吉供水抢修慢",
        "water-group",
        date(2026, 7, 20),
    )
    sheet = shown.of_edition(brief, edition)
    assert sheet.decision == "是否同意增派夜间抢修组?"
    # The facts move on; what was issued does not.
    before = json.dumps(edition.figures, sort_keys=True)
    work(*WEEK, 10, days=9.0, **WATER)
    edition.refresh_from_db()
    assert json.dumps(edition.figures, sort_keys=True) == before
    for rewrite in (
        lambda: BriefEdition.objects.update(number=3),
        lambda: edition.entries.update(position=2),
        lambda: edition.entries.all().delete(),
        lambda: Brief.objects.filter(pk=brief.pk).update(first=date(2026, 1, 1)),
        lambda: Brief.objects.filter(pk=brief.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rewrite()


@pytest.mark.usefixtures("weeks")
def test_a_correction_is_a_dated_revision_and_says_why(supervisor: Person) -> None:
    edition = issued()
    brief, later = edition.brief, EIGHT + timedelta(days=2)
    with pytest.raises(ActionRefused) as same:
        acting.revise(brief=brief.pk, words="没有变化也要改", actor=supervisor.actor, at=later)
    assert same.value.code == "nothing_to_revise"
    work(*WEEK, 10, days=9.0, **WATER)
    with pytest.raises(InvalidInput):
        acting.revise(brief=brief.pk, words=" ", actor=supervisor.actor, at=later)
    revised = acting.revise(brief=brief.pk, words="补录十件", actor=supervisor.actor, at=later)
    assert (revised.number, revised.figures["counts"]["handled"]) == (1, 90)
    assert brief.editions.get(number=0).figures["counts"]["handled"] == 80
    assert "补录十件" in shown.of_edition(brief, revised).edition
    # Words alone are a reason too.
    acting.write(brief=brief.pk, **said(), actor=supervisor.actor, at=later)
    again = acting.revise(brief=brief.pk, words="补充建议", actor=supervisor.actor, at=later)
    assert again.number == 2
    draft = made("street", BUJI)
    assert draft.status == "issued"


@pytest.mark.usefixtures("weeks")
def test_words_fit_the_page_and_name_what_exists(supervisor: Person) -> None:
    brief = begun()

    def refused(**given: Any) -> str:
        problem = {"words": "路灯", "unit": "water-group", **given}
        with pytest.raises(InvalidInput) as error:
            acting.write(brief=brief.pk, problems=[ProblemSaid(**problem)], actor=supervisor.actor, at=EIGHT)
        return f"{error.value.field} {error.value.code}"

    assert refused(words="灯" * 41) == "problem-0-words max_length"
    assert refused(unit="no-such") == "problem-0-unit unknown"
    assert refused(measure="handle_mean:440307014000:9999") == "problem-0-measure unknown"
    assert refused(measure="secrets::") == "problem-0-measure unknown"
    assert refused(due=date(2031, 1, 1)) == "problem-0-due range"
    with pytest.raises(InvalidInput) as strange:
        acting.write(
            brief=brief.pk,
            problems=[],
            followed=[FollowedSaid(999, "done")],
            actor=supervisor.actor,
            at=EIGHT,
        )
    assert strange.value.code == "unknown"
    assert not Text.objects.filter(body__contains="灯灯").exists()


@pytest.mark.usefixtures("weeks")
def test_last_weeks_advice_is_followed_up_by_the_measure_that_it_was_given_with(supervisor: Person) -> None:
    brief = begun()
    acting.write(brief=brief.pk, **said(), actor=supervisor.actor, at=EIGHT)
    edition = acting.issue(brief=brief.pk, actor=supervisor.actor, at=EIGHT)
    origin = edition.entries.get(kind=Kind.PROBLEM)
    # The week after it was three days quicker.
    work(date(2026, 7, 6), date(2026, 7, 12), 40, days=3.0, **WATER)
    work(date(2026, 7, 6), date(2026, 7, 12), 40, **LAMPS)
    monday = EIGHT + timedelta(days=7)
    sweeping.begin_due(at=monday)
    after = made(first=date(2026, 7, 6))
    owed = keeping.owed(after)
    assert [one.follows for one in owed] == [origin]
    acting.write(
        brief=after.pk,
        problems=[],
        followed=[FollowedSaid(origin.pk, "done", "夜间组已到位")],
        actor=supervisor.actor,
        at=monday,
    )
    sweeping.issue_due(at=monday, limit=100)
    with override("zh-hans"):
        sheet = shown.of_edition(after, after.editions.get())
    line = sheet.followed[0]
    assert (line.mark, line.name, line.state, line.words) == ("✓", "布吉供水抢修慢", "on", "夜间组已到位")
    assert "6.00 → 3.00" in line.came
    assert sheet.problems == []  # a person has written, and named none


def test_a_measure_moves_only_by_more_than_chance() -> None:
    work(date(2026, 6, 15), date(2026, 6, 21), 40, days=2.0, **WATER)
    work(date(2026, 6, 22), date(2026, 6, 28), 40, days=2.02, **WATER)
    first, second = Span(date(2026, 6, 15), date(2026, 6, 21)), Span(date(2026, 6, 22), date(2026, 6, 28))
    measure = measuring.Measure("handle_mean", BUJI, "0101")
    then = measure.taken(Subject("district"), first, at=EIGHT)
    assert measure.since(then, Subject("district"), (first, second), at=EIGHT) == "level"
    few = measuring.Measure("handle_mean", BUJI, "0204")
    assert few.since({"now": 2.0}, Subject("district"), (first, second), at=EIGHT) == "small"
    assert measuring.Measure.parse("handle_mean:a:b:c") is None


# --- who is told ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("weeks")
def test_it_goes_to_who_answers_for_it_and_to_who_asked_and_may_read_it(
    supervisor: Person, leader: Person, street_supervisor: Person, handler: Person, head: Person
) -> None:
    buji = person("buji-head", Role.LEADER, "buji", "布吉书记")
    begun()
    assert set(reach.recipients(made())) == {supervisor.user.pk, leader.user.pk}
    assert reach.recipients(made("street", BUJI)) == [buji.user.pk]
    assert reach.recipients(made("unit", "water-group")) == [head.user.pk]
    sweeping.issue_due(at=EIGHT, limit=100)
    # The leader of the district asks for the street's; the supervisor wants none of the district's any more.
    asks = {"kind": "week", "at": EIGHT}
    acting.subscribe(about="street", code=BUJI, wanted=True, actor=leader.actor, **asks)
    acting.subscribe(about="street", code=BUJI, wanted=True, actor=leader.actor, **asks)
    acting.subscribe(about="district", code="", wanted=False, actor=supervisor.actor, **asks)
    assert set(reach.recipients(made("street", BUJI))) == {buji.user.pk, leader.user.pk}
    assert reach.recipients(made()) == [leader.user.pk]
    for nobody in (street_supervisor, handler, head):
        with pytest.raises(ActionRefused):
            acting.subscribe(about="street", code=BUJI, wanted=True, actor=nobody.actor, **asks)
    # Who asked once and has left the street's office is sent nothing.
    BriefSubscription.objects.create(
        user=street_supervisor.user, about="street", code=BUJI, wanted=True, since=EIGHT, kind="week"
    )
    assert street_supervisor.user.pk not in reach.recipients(made("street", BUJI))


@pytest.mark.usefixtures("weeks")
def test_pages_and_mails_agree_on_who_may_read_which_brief() -> None:
    issued()
    units = ("district", "operations-centre", "buji", "buji/operations", "buji/enforcement", "pinghu",
             "water-group", "urban-management")  # fmt: skip
    briefs = list(Brief.objects.filter(status="issued"))
    assert {one.about for one in briefs} == {"district", "street", "unit"}
    for number, (role, unit) in enumerate(product((Role.LEADER, Role.SUPERVISOR, Role.HANDLER), units)):
        user = person(f"reader-{number}", role, unit).user
        listed = set(Brief.objects.filter(reach.visible(user), status="issued"))
        own = Membership.objects.filter(user=user)
        assert listed == {one for one in briefs if own.filter(reach.readable_by(one)).exists()}, (role, unit)


@pytest.mark.usefixtures("weeks")
def test_one_state_reads_nothing_that_came_meanwhile_and_writes_nothing() -> None:
    # Inside a caller's transaction its own state is what is read.
    with one_state():
        count = figuring.read(Subject("district"), "week", Span(*WEEK), at=EIGHT)["counts"]["handled"]
    assert count == 80
    incident = work(*WEEK, 1, **WATER)[0]
    fact(incident, "returned", day=WEEK[0])
    assert figuring.read(Subject("district"), "week", Span(*WEEK), at=EIGHT)["counts"]["handled"] == 81
