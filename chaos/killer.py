"""The seeded sequence of what dies when."""

import random
import time
from collections import Counter
from collections.abc import Callable

from chaos.ledger import Ledger
from chaos.stack import LEASE_SECONDS, WORKERS, Stack

# Killing what has not come back from the kill before teaches nothing; but what never comes back is killed on.
_PATIENCE = 30.0
_CLOCK_KEEPERS = (*WORKERS, "beat")
# What happens how often, as shares.
_KINDS = {
    "worker": 6,
    "worker's fork": 4,
    "worker's leader alone": 3,
    "beat": 3,
    "web fork": 4,
    "web": 4,
    "valkey": 2,
    "valkey, wiped": 4,
    "postgres": 4,
    "postgres, all at once": 3,
    "postgres backend": 4,
    "everything": 2,
    "worker and postgres": 2,
    "web and valkey, wiped": 2,
    "clock-keepers held": 3,
    "worker frozen": 3,
}


class Killer:
    """Kills for a while, and keeps what is not held alive in between; in one thread with its stack."""

    def __init__(self, stack: Stack, book: Ledger, *, seed: int, clock_jump: Callable[[float], None]) -> None:
        self._stack, self._book = stack, book
        self._dice = random.Random(seed)
        self._jump = clock_jump
        self.kills: Counter[str] = Counter()
        self._thaw: list[tuple[float, str]] = []
        self._release: list[float] = []
        # Each kind once in a random order, before chance alone decides: a short run sees them all too.
        self._first = list(_KINDS)
        self._dice.shuffle(self._first)

    def run(
        self,
        *,
        seconds: float,
        every: float,
        longest: float,
        done: Callable[[], int],
        enough: Callable[[], bool],
    ) -> None:
        """For `seconds`, and on until it was `enough`, for `longest` seconds in all: on a slow machine all
        takes longer, and a run in which little happened would prove little. `done` counts what got through:
        between two kills something does, where that takes no longer than half a minute."""
        began, before = time.monotonic(), 0
        ends, latest = began + seconds, began + max(seconds, longest)
        upcoming = began + every
        while (now := time.monotonic()) < ends or (now < latest and not enough()):
            self._mend(now)
            if now >= upcoming and (done() > before or now >= upcoming + _PATIENCE):
                kind = self._first.pop() if self._first else self._draw()
                self._strike(kind)
                before = done()
                upcoming = time.monotonic() + self._dice.uniform(0.3, 1.7) * every
            time.sleep(0.05)

    def heal(self) -> None:
        """Everything runs again, and nothing is held."""
        self._release.clear()
        self._stack.hold(_CLOCK_KEEPERS, held=False)
        for _until, name in self._thaw:
            self._stack.thaw(name)
        self._thaw.clear()
        self._stack.tend()

    def _draw(self) -> str:
        return self._dice.choices(list(_KINDS), list(_KINDS.values()))[0]

    def _mend(self, now: float) -> None:
        for until, name in list(self._thaw):
            if now >= until:
                self._stack.thaw(name)
                self._thaw.remove((until, name))
        if self._release and now >= self._release[0]:
            self._release.clear()
            self._stack.hold(_CLOCK_KEEPERS, held=False)
        self._stack.tend()

    def _strike(self, kind: str) -> None:
        stack, dice = self._stack, self._dice
        worker = dice.choice(WORKERS)
        done = True
        match kind:
            case "worker":
                stack.kill(worker)
            case "worker's fork":
                done = stack.kill_one_fork(worker, dice.choice)
            case "worker's leader alone":
                stack.kill_leader(worker)
            case "beat":
                stack.kill("beat")
            case "web fork":
                done = stack.kill_one_fork("web", dice.choice)
            case "web":
                stack.kill("web")
            case "valkey":
                stack.kill("valkey")
            case "valkey, wiped":
                stack.wipe_valkey()
            case "postgres":
                stack.kill_postgres(forks_too=False)
            case "postgres, all at once":
                stack.kill_postgres(forks_too=True)
            case "postgres backend":
                done = stack.kill_backend(dice.choice)
            case "everything":
                stack.kill_postgres(forks_too=True)
                stack.wipe_valkey()
                for name in ("web", *_CLOCK_KEEPERS):
                    stack.kill(name)
            case "worker and postgres":
                stack.kill(worker)
                stack.kill_postgres(forks_too=dice.random() < 0.5)
            case "web and valkey, wiped":
                stack.kill("web")
                stack.wipe_valkey()
            case "clock-keepers held":
                done = self._hold()
            case "worker frozen":
                done = self._freeze(worker)
        if done:
            self.kills[kind] += 1
            self._book.note("kill", what=kind)

    def _hold(self) -> bool:
        """Nobody keeps the clock for a while; now and then three days pass in that silence."""
        if self._release:
            return False
        for name in _CLOCK_KEEPERS:
            self._stack.kill(name)
        self._stack.hold(_CLOCK_KEEPERS, held=True)
        self._release.append(time.monotonic() + self._dice.uniform(3, 8))
        if self._dice.random() < 0.5:
            self._jump(3 * 86_400)
            self.kills["clock jumped three days"] += 1
        return True

    def _freeze(self, name: str) -> bool:
        """A worker that stands still for longer than its leases hold, and then goes on."""
        if any(frozen == name for _until, frozen in self._thaw) or not self._stack.freeze(name):
            return False
        self._thaw.append((time.monotonic() + LEASE_SECONDS + self._dice.uniform(1, 4), name))
        return True
