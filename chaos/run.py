"""One run from the empty folder to the verdict."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg2 import InterfaceError, OperationalError

from chaos import checks, witness
from chaos.checks import Violation
from chaos.killer import Killer
from chaos.ledger import Ledger
from chaos.receiver import ANSWERED, Receiver
from chaos.set_piece import SetPiece
from chaos.stack import SECRET, Stack
from chaos.traffic import ACKNOWLEDGED, Traffic
from config.clock import SteppedClock
from config.embedded import StartError

# A working Tuesday, ten in the morning where the district is.
_BEGINS = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
_QUIET_SECONDS = 240.0


class Ticker:
    """Drives the clock file of the stack: `rate` seconds a second, jumps, and at last a standstill."""

    def __init__(self, path: Path, *, rate: float) -> None:
        self._clock, self._rate = SteppedClock(path), rate
        self._at = _BEGINS
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._clock.set(self._at)
        self._thread = threading.Thread(target=self._tick, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stand_still(self) -> None:
        self._ended.set()
        self._thread.join()

    def now(self) -> datetime:
        return self._clock.now()

    def jump(self, seconds: float) -> None:
        with self._lock:
            self._at += timedelta(seconds=seconds)
            self._clock.set(self._at)

    def _tick(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(0.02):
            now = time.monotonic()
            self.jump((now - before) * self._rate)
            before = now


@dataclass
class Result:
    """What was done, what came of it, and what must not have."""

    seed: int
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    traffic: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    own_deaths: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    district_days: float = 0.0
    quiet_seconds: float = 0.0
    put_back: int = 0  # dead letters

    @property
    def good(self) -> bool:
        return not self.violations and not self.errors

    def __str__(self) -> str:
        def table(title: str, rows: Counter[str]) -> str:
            lines = "\n".join(f"  {number:>8,}  {what}" for what, number in sorted(rows.items()))
            return f"{title}\n{lines}"

        parts = [
            f"seed {self.seed}: {self.seconds:.0f} s, {self.district_days:.1f} days of the district, "
            f"quiet after {self.quiet_seconds:.0f} s, {self.put_back} dead letters put back",
            table(f"killed or held: {sum(self.kills.values())}", self.kills),
            table("traffic", self.traffic),
            table("in the database", self.counts),
        ]
        if self.own_deaths:
            parts.append(table("died by themselves", Counter(self.own_deaths)))
        parts += [f"DRIVER FAILED  {error}" for error in self.errors]
        parts += [f"VIOLATION  {violation}" for violation in self.violations]
        parts.append(f"violations: {sum(violation.count for violation in self.violations)}")
        return "\n".join(parts)


class Run:
    """A stack with what goes on in it; `stack` stays up until `close`, so that it can be looked at."""

    def __init__(
        self, folder: Path, *, seed: int, rate: float = 3600.0, say: Callable[[str], None] = print
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.seed, self.say = seed, say
        self.book = folder / "ledger.jsonl"
        self._ledger = Ledger(self.book)
        self.receiver = Receiver(self._ledger, secret=SECRET, seed=seed)
        self.stack = Stack(folder, receiver=self.receiver.address, say=say)
        self.ticker = Ticker(self.stack.clock_file, rate=rate)
        self.result = Result(seed)

    def live(
        self,
        *,
        seconds: float,
        every: float,
        kills: int = 0,
        reports: int = 0,
        calls: int = 0,
        wanted: Sequence[str] = (),
        longest: float = 0.0,
        pause: float = 0.05,
    ) -> Result:
        """Prepare, let it run and die for `seconds`, wait for quiet, and judge. It goes on until it was
        killed so often, so many reports were acknowledged and calls answered, and each of the `wanted`
        queries answers a row; for `longest` seconds in all."""
        self.say(f"chaos: seed {self.seed}, {seconds:.0f} s in {self.stack.folder}")
        self.stack.prepare()
        with contextlib.closing(self.stack.connect()) as connection:
            witness.install(connection)
        book = self._ledger
        self.receiver.start()
        self.stack.start_all()
        people = json.loads((self.stack.folder / "people.json").read_text(encoding="utf-8"))
        traffic = Traffic(self.stack.port, people, book, self.seed, self.ticker.now)
        killer = Killer(self.stack, book, seed=self.seed, clock_jump=self.ticker.jump)

        def enough() -> bool:
            return (
                killer.kills.total() >= kills
                and traffic.counts[ACKNOWLEDGED] >= reports
                and self.receiver.counts[ANSWERED] >= calls
                and self._has(wanted)
            )

        began = time.monotonic()
        SetPiece(self.stack.port, people, book, now=self.ticker.now, jump=self.ticker.jump).play()
        self.ticker.start()
        traffic.start(seconds=max(seconds, longest), pause=pause)
        try:
            killer.run(
                seconds=seconds,
                every=every,
                longest=longest,
                done=lambda: traffic.counts[ACKNOWLEDGED],
                enough=enough,
            )
            traffic.ends = time.monotonic()
            killer.heal()
            self.receiver.be_well()
            while traffic.alive:
                self.stack.tend()
                time.sleep(0.1)
        finally:
            traffic.ends = 0.0
            traffic.join()
            self.ticker.stand_still()
        self.result.seconds = time.monotonic() - began
        self.say("chaos: waiting for quiet")
        self.result.errors += traffic.errors
        try:
            self._quieten()
        except TimeoutError as error:
            self.result.errors.append(str(error))
        self.result.quiet_seconds = time.monotonic() - began - self.result.seconds
        self.result.district_days = (self.ticker.now() - _BEGINS) / timedelta(days=1)
        self.result.kills, self.result.traffic = killer.kills, traffic.counts + self.receiver.counts
        self.result.own_deaths = self.stack.own_deaths
        self.judge()
        return self.result

    def judge(self) -> None:
        with contextlib.closing(self.stack.connect()) as connection:
            self.result.violations = checks.broken_rules(connection, self.book, now=self.ticker.now())
            self.result.counts = checks.counts(connection, self.book)
        if differs := self.rollup_differences():
            self.result.violations.append(Violation("rollups equal recomputation", 1, (differs,)))

    def rollup_differences(self) -> str:
        """What `manage.py rollups --verify` says, where it is not content."""
        try:
            self.stack.run("manage.py", "rollups", "--verify")
        except StartError as error:
            return str(error)
        return ""

    def close(self) -> None:
        self.stack.stop()
        self.receiver.stop()
        self._ledger.close()

    # --- inside -----------------------------------------------------------------------------------

    def _has(self, wanted: Sequence[str]) -> bool:
        """Whether each query answers a row; not where the server is being killed at this moment."""
        try:
            with contextlib.closing(self.stack.connect()) as connection, connection.cursor() as cursor:
                for query in wanted:
                    cursor.execute(query)
                    if cursor.fetchone() is None:
                        return False
        except (OperationalError, InterfaceError):
            return False
        return True

    def _quieten(self) -> None:
        """Until no sweep finds anything to do; what only backs off is given the time that it waits for."""
        deadline = time.monotonic() + _QUIET_SECONDS
        still = 0
        while still < 3:
            self.stack.tend()
            left, until = self._left()
            if left.get("dead letters"):
                self._put_back()
            if not left:
                still += 1
            else:
                still = 0
                if until is not None and until > self.ticker.now():
                    self.ticker.jump((until - self.ticker.now()).total_seconds() + 1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no quiet after {_QUIET_SECONDS:.0f} s: {left}")
            time.sleep(0.5)

    def _put_back(self) -> None:
        """Let a supervisor put dead letters back, by the product's own action: on a clock this fast their
        hours of trying are over in seconds."""
        for key in self.stack.run("-m", "chaos.dead_letters").split():
            self._ledger.note("put back", key=key)
            self.result.put_back += 1

    def _left(self) -> tuple[dict[str, int], datetime | None]:
        """What sweeps still have to do, and when the last of it may be tried, if nothing may be now."""
        with contextlib.closing(self.stack.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(_LEFT, {"now": self.ticker.now()})
            rows = cursor.fetchall()
        left = {name: number for name, number, _ready, _until in rows if number}
        ready = sum(number for _name, _all, number, _until in rows)
        times = [until for _name, number, _ready, until in rows if number and until is not None]
        return left, None if ready or not times else max(times)


_LEFT = """
SELECT 'stages', count(*), count(*), NULL::timestamptz FROM incidents_pendingstage WHERE fire_at <= %(now)s
UNION ALL SELECT 'actions', count(*), count(*) FILTER (WHERE not_before <= %(now)s), max(not_before)
FROM incidents_dueaction
UNION ALL SELECT 'messages', count(*), count(*) FILTER (WHERE not_before <= %(now)s), max(not_before)
FROM incidents_outboxmessage WHERE sent_at IS NULL AND dead_at IS NULL
UNION ALL SELECT 'parcels', count(*), count(*) FILTER (WHERE not_before <= %(now)s), max(not_before)
FROM incidents_parcel WHERE sent_at IS NULL AND dead_at IS NULL
UNION ALL SELECT 'clocks of an older calendar', count(*), count(*), NULL FROM incidents_timer
WHERE stopped_at IS NULL AND paused_at IS NULL AND "limit" LIKE '%%w%%'
    AND calendar_revision < (SELECT max(revision) FROM dispatch_calendaredition)
UNION ALL SELECT 'dead letters', count(*), count(*), NULL
FROM (SELECT id FROM incidents_outboxmessage WHERE dead_at IS NOT NULL
      UNION ALL SELECT id FROM incidents_parcel WHERE dead_at IS NOT NULL) dead
"""
