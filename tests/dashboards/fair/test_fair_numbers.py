"""DOMAIN.md's "Fair numbers": what people will try when they are ranked, each with the rule against it.

Everything is done by the same actions that people have, and read as boards and league tables read it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.roles import Action, Role
from dashboards.scoring.formulas import BY_VERSION
from grids.locate import locate
from incidents import actions, policy, repeats, sweeps, verifying
from incidents.errors import ActionRefused
from incidents.intake import Reporter, receive_one
from incidents.models import Assignment, Attachment, FiredStage, Incident, TimelineEntry, Timer, Verification
from incidents.models.incident import ResolutionOutcome
from incidents.pages import photo_evidence
from tests.cast import LAMP_POINT, LAMP_UNIT, NOWHERE, TUESDAY, Person, draft, file_report, person, reload
from tests.dashboards.fair.figures import counts, handling, of_all, of_unit, scored

pytestmark = pytest.mark.django_db

NOON = TUESDAY + timedelta(hours=2)
LAMP_ITEM = "0204-001"


def solve(case: Incident, who: Person, at: datetime, **given: Any) -> Incident:
    values: dict[str, Any] = {"outcome": ResolutionOutcome.SOLVED, "text": "已换灯头", "attested": True}
    return actions.resolve(number=case.number, **{**values, **given}, actor=who.actor, at=at)


def checked(case: Incident, *, fixed: bool, at: datetime) -> Incident:
    """What whoever was asked to check it found."""
    asked = Verification.objects.get(incident=case, done_at__isnull=True)
    checker = person(f"checker-{asked.pk}", Role.HANDLER, asked.unit_id)
    text = "" if fixed else "还坏着"
    return actions.verify(number=case.number, fixed=fixed, text=text, actor=checker.actor, at=at)


def find_repeats() -> None:
    """The sweep, until it has looked at every case."""
    while repeats.find_repeats(now=datetime(2026, 7, 7, tzinfo=UTC)):
        pass


def refusal(act: Any) -> str:
    with pytest.raises(ActionRefused) as refused:
        act()
    return refused.value.code


# --- fake closing ---------------------------------------------------------------------------------


def test_a_fix_that_was_none_is_taken_out_and_counts_against_who_said_so(
    resolved_case: Incident, supervisor: Person
) -> None:
    assert counts(of_unit(), "handled", "due_met", "reworked") == {"handled": 1, "due_met": 1}
    checked(resolved_case, fixed=False, at=NOON + timedelta(hours=1))
    assert counts(of_unit(), "handled", "due_met", "reworked") == {"reworked": 1}


def test_nobody_checks_their_own_work(resolved_case: Incident, handler: Person) -> None:
    lead = resolved_case.assignments.get(role=Assignment.Role.LEAD)
    checkers = verifying.checkers_for(resolved_case, lead)
    assert len(checkers) > 5
    assert not any(code.startswith(("longgang/", LAMP_UNIT)) for code in checkers)
    both = person("both", Role.SUPERVISOR, "operations-centre")
    both.user.memberships.create(unit_id=LAMP_UNIT, role=Role.HANDLER)
    for who in (handler, both):
        assert not policy.can(who.user, Action.VERIFY, resolved_case)


def test_a_picture_that_proved_another_case_proves_nothing(
    resolved_case: Incident, supervisor: Person
) -> None:
    other = file_report(joins="", at=NOON)
    same = uuid4().hex
    for case in (resolved_case, other):
        Attachment.objects.create(
            file="x.jpg", content_type="image/jpeg", size=1, width=1, height=1, fingerprint=same,
            uploaded_at=NOON, incident=case, stage="after", lon=LAMP_POINT[0] + 0.02, lat=LAMP_POINT[1],
        )  # fmt: skip
    [shown] = photo_evidence.shown(other, list(other.attachments.all()), supervisor.user)
    assert (shown.state, resolved_case.number in shown.words) == ("overdue", True)
    Attachment.objects.filter(incident=resolved_case).delete()
    [shown] = photo_evidence.shown(other, list(other.attachments.all()), supervisor.user)
    assert shown.state == "warned"  # two kilometres from the place


def test_what_comes_back_at_the_same_place_counts_against_who_closed_it(
    resolved_case: Incident, supervisor: Person
) -> None:
    checked(resolved_case, fixed=True, at=NOON)
    formula = BY_VERSION["2"]
    assert scored(formula=formula).score == 100
    lon, lat = LAMP_POINT
    later = {"joins": "", "reporter": Reporter(phone="13900000001")}
    # The next lamp, and the same one after two months, are no repeats of it.
    file_report(at=NOON + timedelta(days=3), place=locate(lon=lon, lat=lat + 0.002), **later)
    file_report(at=NOON + timedelta(days=60), place=locate(lon=lon, lat=lat), **later)
    find_repeats()
    assert scored(formula=formula).score == 100
    file_report(at=NOON + timedelta(days=12), place=locate(lon=lon, lat=lat), **later)
    find_repeats()
    row = scored(formula=formula)
    assert row.counts["came_back"] == 1
    assert row.score == 90
    # The national formula knew nothing of it: periods that were scored by it stay as they were.
    assert scored(formula=BY_VERSION["1"]).score == 100


# --- early closing --------------------------------------------------------------------------------


def test_an_interim_answer_stops_the_first_contact_and_nothing_else(
    accepted_case: Incident, handler: Person
) -> None:
    due_at = handling(accepted_case).due_at
    actions.contact(number=accepted_case.number, reached=True, actor=handler.actor, at=NOON)
    actions.message(number=accepted_case.number, text="已安排,请耐心等待", actor=handler.actor, at=NOON)
    running = reload(accepted_case).timers.filter(stopped_at__isnull=True)
    assert set(running.values_list("kind", flat=True)) == {Timer.Kind.HANDLING}
    assert handling(accepted_case).due_at == due_at
    assert counts(of_unit(), "handled", "closed", "due") == {}
    sweeps.catch_up(at=due_at + timedelta(minutes=1))
    assert counts(of_unit(), "due", "due_met") == {"due": 1}


def test_what_is_parked_is_not_solved_and_stays_open(accepted_case: Incident, handler: Person) -> None:
    solve(
        accepted_case,
        handler,
        NOON,
        outcome=ResolutionOutcome.PARKED,
        parked_until=(NOON + timedelta(days=30)).date(),
    )
    assert reload(accepted_case).status == "parked"
    sweeps.catch_up(at=NOON + timedelta(days=20))
    # Outside the on-time rate, both ways, and not handled.
    assert counts(of_unit(), "handled", "solved", "closed", "due") == {}


def test_only_solved_counts_as_solved(accepted_case: Incident, handler: Person) -> None:
    solve(accepted_case, handler, NOON, outcome=ResolutionOutcome.EXPLAINED)
    assert counts(of_unit(), "handled", "solved") == {"handled": 1}


# --- pausing --------------------------------------------------------------------------------------


def test_a_pause_is_in_the_handling_time_and_its_rate_is_shown(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    until = TUESDAY + timedelta(days=3)
    actions.request_suspension(
        number=accepted_case.number, until=until, reason="等备件", actor=handler.actor, at=NOON
    )
    # Nobody lets their own clock stand still.
    assert refusal(
        lambda: actions.decide_suspension(
            number=accepted_case.number, agreed=True, actor=handler.actor, at=NOON
        )
    )
    actions.decide_suspension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=NOON)
    sweeps.catch_up(at=until)
    solve(accepted_case, handler, until + timedelta(hours=1))
    row = scored()
    assert row.counts["paused"] == 1
    sent = reload(accepted_case).dispatched_at
    assert sent is not None
    assert row.figures.mean("handle", "handled") == (until + timedelta(hours=1) - sent).total_seconds()


# --- re-dating ------------------------------------------------------------------------------------


def test_when_it_happened_moves_no_limit_and_counts_for_half_an_hour(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    due_at = handling(accepted_case).due_at
    # Typed in an hour after the breach, said to have happened an hour before it.
    sweeps.catch_up(at=due_at + timedelta(hours=1))
    solve(accepted_case, handler, due_at + timedelta(hours=1), happened_at=due_at - timedelta(hours=1))
    assert handling(accepted_case).due_at == due_at
    assert counts(of_unit(), "due", "due_met") == {"due": 1}
    assert scored().counts["told_late"] == 1
    # The unit does not countersign itself; the centre does, and then it counts.
    sign = {"number": accepted_case.number, "fact": "resolved", "agreed": True}
    after = due_at + timedelta(hours=2)
    assert refusal(lambda: actions.countersign(**sign, actor=handler.actor, at=after))  # type: ignore[arg-type]
    actions.countersign(**sign, actor=supervisor.actor, at=after)  # type: ignore[arg-type]
    assert counts(of_unit(), "due", "due_met") == {"due": 1, "due_met": 1}
    assert scored().counts["told_late"] == 1


def test_half_an_hour_late_counts_as_told_and_is_shown(accepted_case: Incident, handler: Person) -> None:
    due_at = handling(accepted_case).due_at
    solve(accepted_case, handler, due_at + timedelta(minutes=10), happened_at=due_at - timedelta(minutes=15))
    assert counts(of_unit(), "due", "due_met") == {"due": 1, "due_met": 1}
    assert scored().counts["told_late"] == 1


# --- splitting, finding one's own, ratings --------------------------------------------------------


def test_only_the_centre_splits_and_a_root_counts_once(
    lamp_case: Incident, operator: Person, handler: Person, street_supervisor: Person
) -> None:
    for who in (handler, street_supervisor):
        with pytest.raises(ActionRefused):
            actions.split(number=lamp_case.number, text="第二盏", actor=who.actor, at=NOON)
    root = file_report(text="有两盏灯坏了,不知道在哪", category=None, place=NOWHERE, at=NOON, joins="")
    parts = [
        actions.split(number=root.number, text=f"第{n}盏", actor=operator.actor, at=NOON) for n in range(3)
    ]
    before = of_all()["received"]
    for case in (root, *parts):
        actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=NOON)
    for case in (root, *parts):
        actions.accept(number=case.number, actor=handler.actor, at=NOON)
        solve(case, handler, NOON + timedelta(hours=1))
    assert of_all()["received"] == before == 2
    assert of_unit()["handled"] == 1


def test_what_one_finds_and_fixes_oneself_ranks_nobody(settings: Any, db: None) -> None:
    assert settings.SELF_FIXED_CHECKED == 0.05  # looked at again, nobody can foresee which
    settings.SELF_FIXED_CHECKED = 0.0
    patrol = person("patrol", Role.PATROL, "longgang/grid-station")
    told = draft(source="patrol", nature="finding", reporter=Reporter(), joins="")
    case = receive_one(told, at=TUESDAY, user=patrol.user).incident  # type: ignore[union-attr]
    kept = Attachment.objects.create(
        file="x.jpg", content_type="image/jpeg", size=1, width=1, height=1, fingerprint=uuid4().hex,
        uploaded_at=TUESDAY, uploaded_by=patrol.user,
    )  # fmt: skip
    actions.add_photo(number=case.number, attachment=kept, stage="after", actor=patrol.actor, at=TUESDAY)
    assert counts(of_all(), "received", "first_sent") == {"received": 1, "first_sent": 1}
    actions.fix_on_spot(number=case.number, text="已扶正", actor=patrol.actor, at=TUESDAY)
    assert reload(case).status == "closed"
    told = counts(of_all(), "received", "dispatched", "first_sent", "handled", "due", "closed", "reworked")
    assert told == {}
    assert of_all().seconds == dict.fromkeys(("dispatch", "handle", "first", "paused"), 0)


def test_ratings_are_asked_for_by_others_and_the_first_one_stands(
    resolved_case: Incident, handler: Person, supervisor: Person, operator: Person
) -> None:
    checked(resolved_case, fixed=True, at=NOON)
    closed = reload(resolved_case)
    # Silence is unrated, not satisfied, and the share that answered is shown.
    assert counts(of_unit(), "rated", "scored", "satisfied", "closed") == {"closed": 1}
    report = closed.links.get().report
    assert not policy.can(handler.user, Action.CALL_BACK, closed)
    assert policy.can(operator.user, Action.CALL_BACK, closed)
    actions.rate(report=report, result=2, solved=False, at=NOON + timedelta(hours=1))
    assert (
        refusal(lambda: actions.rate(report=report, result=5, solved=True, at=NOON + timedelta(days=1)))
        == "already_rated"
    )
    # Solved is what the reporter says; the score that units are ranked by has no rating in it.
    assert counts(of_unit(), "scored", "satisfied", "asked_solved", "said_solved", "solved") == {
        "scored": 1,
        "asked_solved": 1,
        "solved": 1,
    }
    assert scored().score == 100


def test_a_word_to_the_reporter_after_resolving_goes_through_the_platform_and_is_recorded(
    resolved_case: Incident, handler: Person
) -> None:
    actions.message(number=resolved_case.number, text="已修好,请给好评", actor=handler.actor, at=NOON)
    said = TimelineEntry.objects.filter(incident=resolved_case).order_by("pk").last()
    assert said is not None
    assert (said.kind, said.actor_id, said.at) == ("messaged", handler.user.pk, NOON)


# --- rewriting history ----------------------------------------------------------------------------


def test_an_appealed_breach_leaves_the_rate_and_keeps_its_record(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    due_at = handling(accepted_case).due_at
    sweeps.catch_up(at=due_at)
    later = due_at + timedelta(days=1)
    actions.appeal(number=accepted_case.number, reason="台风停工", actor=handler.actor, at=later)
    assert counts(of_unit(), "due") == {"due": 1}
    assert refusal(
        lambda: actions.decide_appeal(
            number=accepted_case.number, agreed=True, reason="属实", actor=handler.actor, at=later
        )
    )
    actions.decide_appeal(
        number=accepted_case.number, agreed=True, reason="属实", actor=supervisor.actor, at=later
    )
    assert counts(of_unit(), "due") == {}
    assert FiredStage.objects.filter(timer__incident=accepted_case, stage="breach").exists()
    assert accepted_case.timeline.filter(kind="breached").exists()
