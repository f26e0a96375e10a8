"""Keep events coming: residents report through the REST API, and units act on their cases."""

import heapq
import json
import random
import signal
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import clock
from config.progress import say
from config.replay import Api
from config.simulation.crew import Crew, Memory, Step
from config.simulation.people import prepare_people
from config.simulation.reports import Made, Residents
from config.simulation.rhythm import BY_HOUR
from config.simulation.year import asking
from dispatch.calendar import SHANGHAI
from incidents.intake import ReportDraft
from incidents.models import Incident
from incidents.models.incident import Status

_TICK = 0.25  # seconds of this machine
_LIVELY = (Status.TRIAGE, Status.DISPATCHED, Status.HANDLING, Status.PARKED, Status.RESOLVED)


class Command(BaseCommand):
    help = (
        "Report through the REST API in the rhythm of a district, and let its units act, until Ctrl-C. "
        "Time runs as the server's does: CLOCK_START and CLOCK_RATE make both of them run faster. With "
        "--year: live a whole year of the district by hand and on this platform, in a database of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--per-day", type=float, default=400.0, help="reports on a district's day")
        parser.add_argument("--seconds", type=float, default=None, help="stop after so long")
        parser.add_argument("--reports-only", action="store_true", help="leave the work to whoever signs in")
        parser.add_argument("--seed", type=int, default=None, help="the same dice throw the same events")
        asking.add_arguments(parser)

    def handle(
        self, *, per_day: float, seconds: float | None, reports_only: bool, seed: int | None, **options: Any
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError("simulate is refused in production")
        if options["year"]:
            asking.answer(options)
            return
        if per_day <= 0:
            raise CommandError("--per-day must be above 0")
        path = settings.VAR_DIR / "demo.json"
        prepare_people(path)
        document = json.loads(path.read_text())
        api = Api(document["address"], document["tokens"])
        dice = random.Random(seed)
        # Every run files under its own numbers, or the API would answer that it knows them already.
        residents = Residents(dice, prefix=f"simulate-{int(time.time())}")
        life = _Life(api, residents, None if reports_only else Crew(dice), dice, per_day)
        stop_at = None if seconds is None else time.monotonic() + seconds
        stopped: list[int] = []

        def stop(number: int, _frame: FrameType | None) -> None:
            stopped.append(number)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        say(f"simulating {per_day:g} reports a day at {document['address']}; Ctrl-C ends")
        while not stopped and (stop_at is None or time.monotonic() < stop_at):
            life.tick(clock.now())
            time.sleep(_TICK)
        say(f"simulated: {life.filed} reports filed, {life.refused} refused, {life.steps} steps of units")


@dataclass(slots=True)
class _Life:
    """What goes on in the district from one tick to the next."""

    api: Api
    residents: Residents
    crew: Crew | None
    dice: random.Random
    per_day: float
    filed: int = 0
    refused: int = 0
    steps: int = 0
    _before: datetime | None = None
    _known: dict[int, tuple[int, Memory]] = field(default_factory=dict)  # case: version planned, memory
    _queue: list[tuple[datetime, int, int, Step]] = field(default_factory=list)
    _order: int = 0

    def tick(self, at: datetime) -> None:
        """Bring everything up to `at`."""
        passed = at - (self._before or at)
        self._before = at
        for _report in range(self._arrivals(at, passed)):
            self._file(self.residents.report(at))
        if self.crew is not None:
            self._plan(at)
            while self._queue and self._queue[0][0] <= at:
                _when, _order, incident_id, step = heapq.heappop(self._queue)
                self.steps += self.crew.take(step)
                # Whatever came of it, look at the case again.
                _version, memory = self._known[incident_id]
                self._known[incident_id] = (0, memory)

    def _arrivals(self, at: datetime, passed: timedelta) -> int:
        """How many report in this stretch: a Poisson throw by the hour's share of the day."""
        share = BY_HOUR[at.astimezone(SHANGHAI).hour] / sum(BY_HOUR)
        expected = self.per_day * share * passed.total_seconds() / 3600
        count, left = 0, self.dice.expovariate(1.0)
        while left < expected and count < 500:
            count += 1
            left += self.dice.expovariate(1.0)
        return count

    def _file(self, made: Made) -> None:
        status, _answer = self.api.post("reports/", made.draft.source, payload(made.draft))
        if status in (200, 201):
            self.filed += 1
        else:
            self.refused += 1

    def _plan(self, at: datetime) -> None:
        """Plan the next step of every live case that has changed since it was planned."""
        assert self.crew is not None
        for incident in Incident.objects.filter(status__in=_LIVELY).order_by("pk"):
            version, memory = self._known.get(incident.pk, (0, Memory()))
            if version == incident.version:
                continue
            self._known[incident.pk] = (incident.version, memory)
            step = self.crew.next_step(incident, memory, since=at)
            if step is not None:
                self._order += 1
                heapq.heappush(self._queue, (max(step.at, at), self._order, incident.pk, step))


def payload(draft: ReportDraft) -> dict[str, Any]:
    """A draft in the words of POST reports/."""
    place = draft.place
    body: dict[str, Any] = {
        "source": draft.source,
        "external_id": draft.external_id,
        "text": draft.text,
        "nature": draft.nature,
        "category": draft.category,
        "place_type": draft.place_type,
        "owner": draft.owner,
    }
    if place.lon is not None and place.lat is not None:
        body["location"] = {"lon": place.lon, "lat": place.lat}
        if draft.address:
            body["location"]["address"] = draft.address
    if draft.reporter:
        body["reporter"] = {"name": draft.reporter.name, "phone": draft.reporter.phone}
    return {name: value for name, value in body.items() if value is not None}
