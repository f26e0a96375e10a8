"""Another district's past, lived again here: every event through the REST API, at its own time.

The driver owns the clock (a file that all processes read), posts each event when it happened, lets a
simulated crew do what units do in between, and compares the unit that was named with the one that did
it. It runs in a database of its own, on real processes; only the people are simulated.
"""

import heapq
import json
import random
import runpy
import statistics
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import ApiClient, OrgUnit
from config.clock import SteppedClock
from config.pingshan import Event
from config.progress import say
from config.simulation.crew import Crew, Memory, Step
from incidents import sweeps
from incidents.models import Incident, Outcome, TimelineEntry

_SWEEP_EVERY = timedelta(hours=1)
_TAIL = timedelta(days=45)  # after the last event, for what is still in hand


class Groups:
    """Function groups: what makes units of two cities comparable."""

    def __init__(self, path: Path) -> None:
        names = runpy.run_path(str(path))
        self._theirs: Callable[[str], str] = names["group"]
        self._ours: Mapping[str, str] = names["OURS"]
        self._kinds = dict(OrgUnit.objects.values_list("code", "kind"))

    def theirs(self, unit_name: str) -> str:
        """The group of a unit by its name there."""
        return self._theirs(unit_name)

    def ours(self, unit_code: str) -> str:
        """The group of one of our units."""
        kind = self._kinds.get(unit_code)
        if kind == OrgUnit.Kind.STREET_OFFICE:
            return self._ours["@street"]
        if kind == OrgUnit.Kind.COMMUNITY_STATION:
            return self._ours["@community"]
        if kind == OrgUnit.Kind.STREET_TEAM:
            return self._ours[f"@street/{unit_code.partition('/')[2]}"]
        return self._ours.get(unit_code, "other")


@dataclass(slots=True)
class Tally:
    """What came of it."""

    events: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    dispatched: int = 0
    right_dispatched: int = 0
    right: int = 0
    named: int = 0
    triage: Counter[str] = field(default_factory=Counter)
    real: list[tuple[str, str]] = field(default_factory=list)  # (type, group that did it)
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)  # (who did it, whom we named)
    posting_seconds: float = 0.0

    def ceiling(self) -> float:
        """The share right of who answers each type's most frequent group, in the same events."""
        by_type: dict[str, Counter[str]] = {}
        for kind, group in self.real:
            by_type.setdefault(kind, Counter())[group] += 1
        best = sum(counts.most_common(1)[0][1] for counts in by_type.values())
        return best / len(self.real) if self.real else 0.0

    def note(
        self, kind: str, real: str, decision: Mapping[str, Any], named: str | None, codes: Iterable[str]
    ) -> None:
        """Count one decision (`named`: our unit's group) against the group that really did it.

        `codes` say why it went to a person, where it did.
        """
        self.real.append((kind, real))
        right = named == real
        self.named += named is not None
        self.right += right
        if decision["outcome"] == "dispatched":
            self.dispatched += 1
            self.right_dispatched += right
        else:
            self.triage.update(codes)
        if not right:
            self.wrong[real, named or "-"] += 1

    def as_json(self) -> dict[str, Any]:
        """The figures, shares of 1."""
        ceiling = self.ceiling()
        share = self.right / max(1, len(self.real))
        return {
            "events": self.events,
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "dispatched_without_a_person": self.dispatched,
            "triage": dict(self.triage.most_common()),
            "same_group": round(share, 4),
            "ceiling": round(ceiling, 4),
            "of_ceiling": round(share / ceiling, 4) if ceiling else None,
            "same_group_among_dispatched": round(self.right_dispatched / max(1, self.dispatched), 4),
            "posts_per_second": round(self.events / self.posting_seconds, 1)
            if self.posting_seconds
            else None,
            "most_frequent_differences": [
                {"did_it": real, "we_named": named, "events": count}
                for (real, named), count in self.wrong.most_common(12)
            ],
        }


class Api:
    """The REST API as a source sees it."""

    def __init__(self, address: str, tokens: Mapping[str, str] | None = None) -> None:
        self._address = address
        self._tokens = dict(tokens or {})

    def post(self, path: str, source: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer; an error's answer too."""
        request = urllib.request.Request(
            f"{self._address}/api/v1/{path}",
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "Authorization": f"Bearer {self._token(source)}",
                "Content-Type": "application/json",
                "Accept-Language": "en",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def _token(self, source: str) -> str:
        if source not in self._tokens:
            _client, self._tokens[source] = ApiClient.objects.issue(name=f"replay {source}", source=source)
        return self._tokens[source]


class Replay:
    """Lives a list of events in time order."""

    def __init__(self, api: Api, clock: SteppedClock, groups: Groups, *, seed: int) -> None:
        self._api, self._clock, self._groups = api, clock, groups
        self._crew = Crew(random.Random(seed))
        self._queue: list[tuple[datetime, int, int, Step]] = []
        self._memories: dict[int, Memory] = {}
        self._order = 0
        self._swept = datetime.min.replace(tzinfo=UTC)
        self.tally = Tally()

    def run(self, events: Iterable[tuple[str, Event]]) -> Tally:
        """Everything, to the end of what is in hand. `events` come with the name of their type."""
        began, last = time.monotonic(), None
        for kind, event in events:
            self._live_until(event.at)
            self._post(kind, event)
            last = event.at
            if self.tally.events % 500 == 0:
                pace = self.tally.events / (time.monotonic() - began)
                say(f"replay: {self.tally.events} events, now {event.at:%Y-%m-%d}, {pace:.0f} events/s")
        if last is not None:
            self._live_until(last + _TAIL)
        return self.tally

    def _post(self, kind: str, event: Event) -> None:
        self._go_to(event.at)
        began = time.monotonic()
        status, answer = self._api.post("reports/", str(event.report["source"]), event.report)
        self.tally.posting_seconds += time.monotonic() - began
        self.tally.events += 1
        if status not in (200, 201):
            for error in answer.get("errors", [{"field": "", "code": str(status)}]):
                self.tally.refused[f"{error['field']}: {error['code']}"] += 1
            return
        self.tally.accepted += 1
        real = self._groups.theirs(event.unit_name)
        incident = Incident.objects.get(number=answer["incident"]["number"])
        decision, unit = answer["decision"], answer["decision"]["unit"]
        named = self._groups.ours(unit) if unit else None
        self.tally.note(kind, real, decision, named, incident.triage_codes)
        if incident.pk not in self._memories:
            memory = Memory(late=event.was_late, is_wrong=lambda code: self._groups.ours(code) != real)
            self._memories[incident.pk] = memory
            self._plan(incident, event.at)

    def _live_until(self, at: datetime) -> None:
        """Let the crew and the clocks do everything that comes before `at`."""
        while self._queue and self._queue[0][0] <= at:
            when, _order, incident_id, step = heapq.heappop(self._queue)
            self._go_to(when)
            # Refused or not: something has moved the case on, so look at it again.
            self._crew.take(step)
            self._plan(Incident.objects.get(pk=incident_id), when)
        self._go_to(at)

    def _go_to(self, at: datetime) -> None:
        """Move the clock; every hour of it the sweeps come by, as the workers would."""
        if at - self._swept >= _SWEEP_EVERY:
            self._swept = at
            sweeps.catch_up(at=at)
        self._clock.set(at)

    def _plan(self, incident: Incident, since: datetime) -> None:
        step = self._crew.next_step(incident, self._memories[incident.pk], since=since)
        if step is not None:
            self._order += 1
            heapq.heappush(self._queue, (step.at, self._order, incident.pk, step))


def durations() -> dict[str, Any]:
    """Mean and median dispatch hours and handling days of what stands in the database."""

    def standing(kind: str) -> list[int]:
        rows = Outcome.objects.filter(kind=kind, sign=1, reversal__isnull=True)
        return [seconds or 0 for seconds in rows.values_list("elapsed", flat=True)]

    dispatch, handling = standing("dispatched"), standing("handled")
    due = Outcome.objects.filter(kind="due", sign=1, reversal__isnull=True)
    return {
        "dispatch_hours_mean": round(statistics.fmean(dispatch) / 3600, 3) if dispatch else None,
        "dispatch_hours_median": round(statistics.median(dispatch) / 3600, 3) if dispatch else None,
        "handling_days_mean": round(statistics.fmean(handling) / 86_400, 3) if handling else None,
        "handling_days_median": round(statistics.median(handling) / 86_400, 3) if handling else None,
        "handled": len(handling),
        "on_time": round(due.filter(on_time=True).count() / max(1, due.count()), 4),
        "returns": TimelineEntry.objects.filter(kind="return_agreed").count(),
        "statuses": dict(Counter(Incident.objects.values_list("status", flat=True))),
    }


def decide_texts(api: Api, rows: Iterator[Mapping[str, str]], groups: Groups) -> Tally:
    """Ask what would happen to each text, writing nothing; rows have `text`, `unit_group` and `cat2`."""
    tally = Tally()
    for row in rows:
        began = time.monotonic()
        status, answer = api.post("decisions/", "hotline", {"source": "hotline", "text": row["text"]})
        tally.posting_seconds += time.monotonic() - began
        tally.events += 1
        if status != 200:
            tally.refused[str(status)] += 1
            continue
        tally.accepted += 1
        unit = answer["unit"] or _pattern(answer)
        group = groups.ours(unit) if unit else None
        tally.note(row.get("cat2", ""), row["unit_group"], answer, group, answer["triage_codes"])
    return tally


def _pattern(decision: Mapping[str, Any]) -> str | None:
    """A relative unit, where no place says which: any street's will do for its group."""
    candidates = decision.get("candidates") or [{}]
    pattern = str(candidates[0].get("unit_pattern") or "")
    if pattern == "@community":
        return OrgUnit.objects.filter(kind=OrgUnit.Kind.COMMUNITY_STATION).values_list("code", flat=True)[0]
    return pattern.replace("@street", "buji") or None
