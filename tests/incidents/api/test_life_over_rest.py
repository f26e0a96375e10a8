"""A case's life as programs and people live it through REST, in real transactions, in whatever order.

After every step: what DESIGN.md says must always be true. A refused step has written nothing, whoever it was
that tried it; what was allowed stands on the timeline under their name.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.models import ApiClient
from accounts.roles import ACTION_ROLES, Role
from config import clock
from dashboards import rollups
from incidents import joined, sweeps
from incidents.api.acting import DEEDS
from incidents.models import Assignment, Incident, IncidentReport, OutboxMessage, Outcome, TimelineEntry
from tests.cast import LAMP_UNIT, TUESDAY, person
from tests.drawing import lives
from tests.incidents.api.conftest import Caller, lamp
from tests.incidents.test_clock_lives import check, check_fired
from tests.lives import LAMP_ITEM

# Everybody who tries: name, role and where they hold it.
CAST = {
    "operator": (Role.OPERATOR, "operations-centre"),
    "dispatcher": (Role.DISPATCHER, "operations-centre"),
    "supervisor": (Role.SUPERVISOR, "operations-centre"),
    "checker": (Role.SUPERVISOR, "district"),
    "handler": (Role.HANDLER, LAMP_UNIT),
    "other-handler": (Role.HANDLER, "water-group"),
    "leader": (Role.LEADER, LAMP_UNIT),
    "patrol": (Role.PATROL, "longgang/operations"),
    "steward": (Role.STEWARD, "operations-centre"),
    "admin": (Role.ADMIN, "government-services"),
    "auditor": (Role.AUDITOR, "government-services"),
}
OUTSIDERS = ("the source", "another source", "nobody")
# What a refused step must not have touched.
HELD = (
    *("incident", "report", "incidentreport", "assignment", "timer", "pendingstage", "firedstage", "pause"),
    *("timelineentry", "outboxmessage", "outcome", "text", "decisionrecord", "caserequest", "supervision"),
    *("adjudication", "feedback", "lateentry", "contact", "reportupdate"),
)
DICE = st.integers(0, 2**32)
# What was tried, and how it was answered.
DONE: Counter[tuple[str, int]] = Counter()
Body = Callable[[Incident, datetime], dict[str, Any]]


def _later(**after: int) -> Callable[[datetime], str]:
    return lambda at: (at + timedelta(**after)).isoformat()


def _due(case: Incident, at: datetime) -> str:
    ruling = case.timers.filter(kind="handling").order_by("pk").last()
    return ((ruling.due_at if ruling else at) + timedelta(hours=5)).isoformat()


def _first_report(case: Incident) -> int:
    link = case.links.filter(unlinked_at=None).first() or case.links.first()
    assert link is not None
    return int(link.report_id)


def _other(case: Incident, at: datetime) -> dict[str, Any]:
    there = Incident.objects.exclude(pk=case.pk).order_by("pk").first()
    return {"into": there.number if there else case.number}


# An address under a case, and what is said there: right by itself, whatever the case makes of it.
BODIES: Mapping[str, Body] = {
    "claim": lambda c, at: {},
    "release": lambda c, at: {},
    "dispatch": lambda c, at: {"item": LAMP_ITEM, "unit": LAMP_UNIT},
    "redispatch": lambda c, at: {"item": LAMP_ITEM, "unit": "water-group", "reason": "应由水务"},
    "recall": lambda c, at: {},
    "accept": lambda c, at: {},
    "request-return": lambda c, at: {"reason": "不归我们", "cites": "第三条"},
    "decide-return": lambda c, at: {"agreed": c.version % 2 == 0, "reason": "清单写明"},
    "request-extension": lambda c, at: {"reason": "等备件", "until": _due(c, at)},
    "decide-extension": lambda c, at: {"agreed": True},
    "request-suspension": lambda c, at: {"reason": "等备件", "until": _later(days=4)(at)},
    "decide-suspension": lambda c, at: {"agreed": True},
    "resume": lambda c, at: {"reason": "备件到了"},
    "resolve": lambda c, at: {"outcome": "solved", "text": "已修好", "attested": True},
    "verify": lambda c, at: {"fixed": c.version % 3 != 0, "text": "看过了"},
    "close": lambda c, at: {"reason": "电话核实"},
    "reopen": lambda c, at: {"reason": "又坏了", "to_desk": c.version % 2 == 0},
    "merge": _other,
    "unmerge": lambda c, at: {},
    "split": lambda c, at: {"text": "还有一堆垃圾"},
    "correct": lambda c, at: {"category": "0204"},
    "set-place": lambda c, at: {},
    "reject": lambda c, at: {"reason": "不属本区"},
    "note": lambda c, at: {"text": "催一下"},
    "message": lambda c, at: {"text": "明天到场"},
    "contact": lambda c, at: {"reached": True},
    "ask-reporter": lambda c, at: {"question": "哪一根?"},
    "assign": lambda c, at: {"to": "handler"},
    "invite-support": lambda c, at: {"units": ["water-group"]},
    "answer-support": lambda c, at: {"answer": "done", "text": "已配合"},
    "decline-support": lambda c, at: {"reason": "不归我们"},
    "release-support": lambda c, at: {"unit": "water-group", "reason": "不用了"},
    "request-raise": lambda c, at: {"reason": "超出我们的能力"},
    "decide-raise": lambda c, at: {"agreed": True},
    "object": lambda c, at: {"reason": "不归我们", "cites": "第三条"},
    "withdraw-objection": lambda c, at: {"reason": "已协商"},
    "rule": lambda c, at: {"ruling": "归照明", "item": LAMP_ITEM},
    "supervise": lambda c, at: {"reason": "请尽快", "answer_by": _later(days=1)(at)},
    "answer-order": lambda c, at: {"text": "已安排"},
    "lift-order": lambda c, at: {"reason": "已办"},
    "appeal": lambda c, at: {"reason": "停电"},
    "decide-appeal": lambda c, at: {"agreed": True, "reason": "属实"},
    "unmask": lambda c, at: {"report": _first_report(c)},
}
# What brings a case on from where it is: tried more often than what does not.
ONWARDS: Mapping[str, tuple[str, ...]] = {
    "triage": ("dispatch", "dispatch", "claim", "merge", "reject", "split"),
    "dispatched": ("accept", "accept", "request-return", "decide-return", "redispatch", "recall", "object"),
    "handling": (
        *("resolve", "request-suspension", "decide-suspension", "request-extension", "decide-extension"),
        *("request-return", "decide-return", "invite-support", "answer-support", "ask-reporter", "merge"),
    ),
    "suspended": ("resume",),
    "resolved": ("verify", "close"),
    "closed": ("reopen",),
    "rejected": ("reopen",),
    "merged": ("unmerge",),
    "parked": ("resume",),
}


class LifeOverRest(RuleBasedStateMachine):
    """Cases from the first report on, and everybody who may or may not do something to them."""

    def __init__(self) -> None:
        super().__init__()
        _empty()
        self.at, self.done, self.sent = TUESDAY, ["begun"], 0
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(clock, "now", lambda: self.at)
        self.people = {name: person(name, role, unit) for name, (role, unit) in CAST.items()}
        tokens = {
            "the source": ApiClient.objects.issue(name="12345", source="hotline")[1],
            "another source": ApiClient.objects.issue(name="App", source="city_app")[1],
        }
        self.callers = {
            **{name: Caller(user=one.user) for name, one in self.people.items()},
            **{name: Caller(token=token) for name, token in tokens.items()},
            "nobody": Caller(),
        }
        self.lines: dict[int, tuple[Any, ...]] = {}
        self.held = _held()

    def teardown(self) -> None:
        try:
            self._at_the_end()
        finally:
            self.patch.undo()

    # --- what happens -------------------------------------------------------------------------

    @initialize()
    def a_lamp(self) -> None:
        self.file(place={}, minutes=0)

    @rule(
        place=st.sampled_from([{}, {"location": None}, {"category": "0101", "text": "人行道上有一堆垃圾"}]),
        minutes=st.sampled_from([1, 30]),
    )
    def file(self, place: dict[str, Any], minutes: int) -> None:
        self.sent += 1
        body = {**lamp(f"L-{self.sent}"), **place}
        if body["location"] is None:
            del body["location"]
        self._step("file", minutes)
        first = self.callers["the source"].post("reports/", body)
        assert first.status_code == 201, first.content
        number = first.json()["incident"]["number"]
        self._look({number})
        again = self.callers["the source"].post("reports/", body)
        assert (again.status_code, again.json()["incident"]["number"]) == (200, number)
        self._wrote_nothing("the same report again")
        other = self.callers["the source"].post("reports/", {**body, "text": "别的事情"})
        assert other.status_code == 409
        self._wrote_nothing("another report under the same id")

    @rule(dice=DICE, minutes=st.sampled_from([1, 5, 60]))
    def go_on(self, dice: int, minutes: int) -> None:
        self._do(dice, minutes, is_onwards=True, is_allowed=True)

    @rule(dice=DICE, minutes=st.sampled_from([5, 600, 3 * 1440]))
    def go_on_later(self, dice: int, minutes: int) -> None:
        self._do(dice, minutes, is_onwards=True, is_allowed=True)

    @rule(dice=DICE)
    def do_anything(self, dice: int) -> None:
        self._do(dice, 5, is_onwards=False, is_allowed=True)

    @rule(dice=DICE, is_onwards=st.booleans())
    def meddle(self, dice: int, is_onwards: bool) -> None:
        self._do(dice, 1, is_onwards=is_onwards, is_allowed=False)

    def _do(self, seed: int, minutes: int, *, is_onwards: bool, is_allowed: bool) -> None:
        """What the dice say; thrown anew for each step, or a short run would do one thing all the time."""
        dice = random.Random(f"{seed} {len(self.done)}")
        case = dice.choice(list(Incident.objects.order_by("pk")))
        deed = dice.choice(ONWARDS[case.status] if is_onwards else tuple(BODIES))
        roles = ACTION_ROLES[DEEDS[deed].action]
        those = [name for name, (role, _unit) in CAST.items() if role in roles]
        nearest = [name for name in those if CAST[name][1] == case.owner_unit_id] or those
        who = dice.choice(nearest if is_allowed else [*CAST, *OUTSIDERS])
        self._step(f"{deed} {case.number} by {who}", minutes)
        case.refresh_from_db()
        answer = self.callers[who].post(f"incidents/{case.number}/{deed}/", BODIES[deed](case, self.at))
        DONE[deed, answer.status_code] += 1
        assert answer.status_code in {200, 400, 401, 403, 404, 409}, (self.done, answer.content)
        if answer.status_code != 200:
            self._wrote_nothing(self.done[-1])
        if who not in those:
            assert answer.status_code in {401, 403, 404}, (self.done, answer.content)
        if answer.status_code == 200:
            self._told(case, who)
            self._refused_where_it_was_seen_before(case, deed, who)
        self._look({case.number})

    @rule(kind=st.sampled_from(["supplement", "chase", "withdraw", "reopen"]), which=st.integers(0, 5))
    def upstream_says(self, kind: str, which: int) -> None:
        reports = list(IncidentReport.objects.filter(unlinked_at=None).order_by("report_id"))
        report = reports[which % len(reports)].report_id
        self.sent += 1
        self._step(f"{kind} of report {report}", 5)
        body = {"external_id": f"U-{self.sent}", "kind": kind, "text": "请尽快"}
        stranger = self.callers["another source"].post(f"reports/{report}/updates/", body)
        assert stranger.status_code == 404
        self._wrote_nothing("another source's update")
        answer = self.callers["the source"].post(f"reports/{report}/updates/", body)
        assert answer.status_code in {201, 409}, answer.content
        self._look(set())
        again = self.callers["the source"].post(f"reports/{report}/updates/", body)
        assert again.status_code == (200 if answer.status_code == 201 else 409), again.content
        self._wrote_nothing("the same update again")

    @rule(minutes=st.sampled_from([60, 1440, 10 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self._step("sweep", minutes)
        sweeps.catch_up(at=self.at)
        self._look(set())

    # --- what must then be true ---------------------------------------------------------------

    def _step(self, what: str, minutes: int) -> None:
        self._look(set())
        self.at += timedelta(minutes=minutes)
        self.done.append(what)

    def _wrote_nothing(self, what: str) -> None:
        now = _held()
        assert now == self.held, (what, self.done, {one for one in now if now[one] != self.held[one]})

    def _told(self, case: Incident, who: str) -> None:
        """What was done stands on the timeline, under the name of who did it."""
        if _held() == self.held:
            return  # it was so already
        new = TimelineEntry.objects.exclude(pk__in=self.lines)
        mine = new.filter(actor=self.people[who].user, actor_unit=self.people[who].unit)
        assert mine.filter(incident=case).exists(), (self.done, list(new.values()))

    def _refused_where_it_was_seen_before(self, case: Incident, deed: str, who: str) -> None:
        """Who still looks at the case as it was before does nothing to it."""
        self._look({case.number})
        now = Incident.objects.get(pk=case.pk)
        fields = DEEDS[deed].input_class().fields
        if "version" not in fields or now.version == case.version:
            return
        body = {**BODIES[deed](now, self.at), "version": case.version}
        again = self.callers[who].post(f"incidents/{case.number}/{deed}/", body)
        assert again.status_code in {400, 403, 404, 409}, (self.done, again.content)
        self._wrote_nothing(f"{deed} on an old version")

    def _look(self, numbers: set[str]) -> None:
        """Everything that is always true; `numbers` are those that may have changed their state."""
        lines = {row[0]: row for row in TimelineEntry.objects.values_list("pk", "kind", "at", "data")}
        assert {pk: lines.get(pk) for pk in self.lines} == self.lines, self.done
        self.lines = lines
        for case in Incident.objects.order_by("pk"):
            check(case, self.done)
            leads = case.assignments.filter(role=Assignment.Role.LEAD, ended_at=None)
            is_with_unit = case.status in ("dispatched", "handling", "suspended", "parked")
            if is_with_unit:
                assert [one.unit_id for one in leads] == [case.owner_unit_id], self.done
            if case.status != "merged":
                assert joined.count(case) == case.report_count, (self.done, case.number)
        assert not Outcome.objects.filter(elapsed__lt=0).exists(), self.done
        keys = list(OutboxMessage.objects.values_list("key", flat=True))
        assert len(keys) == len(set(keys)), self.done
        doubled = IncidentReport.objects.filter(unlinked_at=None).values_list("report_id", flat=True)
        assert len(doubled) == len(set(doubled)) == self._reports(), self.done
        self.held = _held()

    def _reports(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM incidents_report")
            return int(cursor.fetchone()[0])

    def _at_the_end(self) -> None:
        self.at += timedelta(days=1)
        sweeps.catch_up(at=self.at)
        self._look(set())
        for case in Incident.objects.all():
            check_fired(case, self.at, self.done)
        list(rollups.fold_all())
        assert list(map(str, rollups.differences())) == [], self.done


def _held() -> dict[str, tuple[int, str]]:
    """Rows and a sum over all that they hold, of each table that a step may write."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text"
        f" FROM incidents_{name} t"
        for name in HELD
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return {name: (rows, total) for name, rows, total in cursor.fetchall()}


def _empty() -> None:
    """As after a test of its own: the next life begins in an empty district."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))


@pytest.fixture
def life() -> Iterator[LifeOverRest]:
    begun = LifeOverRest()
    begun.a_lamp()
    yield begun
    begun.patch.undo()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE incidents_incident SET status = 'handling'",
        "UPDATE incidents_incident SET report_count = 2",
        "UPDATE incidents_assignment SET ended_at = now()",
        "DELETE FROM incidents_pendingstage",
    ],
)
def test_what_must_not_be_is_found(life: LifeOverRest, wrong: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(wrong)
    with pytest.raises(AssertionError):
        life._look(set())


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_wrote_something_is_found(life: LifeOverRest) -> None:
    life._wrote_nothing("nothing")
    life.callers["handler"].post(f"incidents/{Incident.objects.get().number}/accept/", {})
    with pytest.raises(AssertionError):
        life._wrote_nothing("something")


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_over_rest_stays_whole() -> None:
    DONE.clear()
    few = settings(lives(3), stateful_step_count=30, phases=[Phase.generate])
    run_state_machine_as_test(LifeOverRest, settings=few)
    print(sorted(DONE.items()))
    # Lives in which everybody is refused would prove little.
    assert sum(number for (_deed, status), number in DONE.items() if status == 200) >= 12
    assert {status for _deed, status in DONE} >= {200, 403, 409}
