"""One process that starts the others, restarts what dies, and leaves nothing behind."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.embedded import Child, StartError, spawn

_LONGEST_PAUSE = 30.0  # seconds between two tries to start what keeps dying
_LONG_LIFE = 60.0  # seconds after which a death is news, and not the next of a series
_JOB_NICENESS = 10  # a job in the background gives way to the pages
_BIGGEST_LOG = 20 * 1024 * 1024  # bytes; a bigger one is set aside at the next start


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal; not an Exception, so that no step swallows it."""


@dataclass(slots=True)
class _Service:
    name: str
    start: Callable[[], Child]
    child: Child
    stays: bool = True  # its end is a death; otherwise it is a job that ends by itself
    carries: bool = False  # the others stand on it: it is stopped after them
    pause: float = 1.0
    retry_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Direct children in the order of their start; they are stopped in the opposite one."""

    logs: Path
    env: Mapping[str, str]
    cwd: Path
    say: Callable[[str], None]
    _services: list[_Service] = field(default_factory=list)
    _stopping: bool = False

    @contextlib.contextmanager
    def in_charge(self) -> Iterator[None]:
        """Whatever ends the block, a signal included, stops every child first."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPERS}
        try:
            yield
        except StopRequested:
            self.say("stopping")
        finally:
            self._stopping = True  # from here on a second Ctrl-C changes nothing
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def carry(self, name: str, start: Callable[[], Child]) -> None:
        """Start a server that the others stand on, and that knows by itself how to start."""
        self._services.append(_Service(name, start, child=start(), carries=True))

    def run(self, name: str, argv: Sequence[str | Path], *, stays: bool = True) -> None:
        """Start a Python command of ours with its log in logs/`name`.log."""
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > _BIGGEST_LOG:
            log.replace(log.with_suffix(".log.1"))

        def start() -> Child:
            command = [sys.executable, *argv]
            niceness = 0 if stays else _JOB_NICENESS
            return spawn(name, command, log=log, env=self.env, cwd=self.cwd, niceness=niceness)

        self._services.append(_Service(name, start, child=start(), stays=stays))

    def finish(self, name: str, argv: Sequence[str | Path]) -> None:
        """Run a step to its end, on this terminal; StartError if it fails."""
        child = spawn(name, [sys.executable, *argv], log=None, env=self.env, cwd=self.cwd)
        try:
            code = child.process.wait()
        finally:
            child.stop()
        if code:
            raise StartError(f"{name} failed; the reason stands above.")

    def wait_until(self, what: str, ready: Callable[[], bool], *, seconds: float) -> None:
        """Keep the children alive until `ready()`; StartError when `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while not ready():
            self._look()
            if time.monotonic() > deadline:
                raise StartError(f"{what} is not ready after {seconds:.0f} s: see {self.logs}")
            self._pause(0.05)

    def watch(self) -> None:
        """Stay until asked to stop; restart what dies."""
        while True:
            self._look()
            self._pause(0.5)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)  # a signal handler that raises ends it at once

    def _look(self) -> None:
        now = time.monotonic()
        for service in list(self._services):
            if service.retry_at is not None:
                if now >= service.retry_at:
                    self._restart(service)
            elif not service.child.alive:
                self._ended(service, now)

    def _ended(self, service: _Service, now: float) -> None:
        code = service.child.process.returncode
        service.child.end_group()  # forks that outlived their parent would hold its port or its rows
        if not service.stays:
            self._services.remove(service)
            how = "is done" if code == 0 else f"failed with code {code}: see {service.child.log}"
            self.say(f"{service.name} {how}")
            return
        if now - service.child.started > _LONG_LIFE:
            service.pause = 1.0
        self.say(
            f"{service.name} ended ({_reason(code)}); it starts again in {service.pause:.0f} s, "
            f"its log is {service.child.log}"
        )
        service.retry_at = now + service.pause
        service.pause = min(service.pause * 2, _LONGEST_PAUSE)

    def _restart(self, service: _Service) -> None:
        try:
            service.child = service.start()
        except (OSError, StartError) as error:
            self.say(f"{service.name} does not start: {error}")
            service.retry_at = time.monotonic() + service.pause
            service.pause = min(service.pause * 2, _LONGEST_PAUSE)
        else:
            service.retry_at = None
            self.say(f"{service.name} runs again")

    def _stop_all(self) -> None:
        above = [service.child for service in self._services if not service.carries]
        below = [service.child for service in reversed(self._services) if service.carries]
        for child in above:  # these end side by side, the servers below them one after the other
            child.signal_to_stop()
        for child in (*above, *below):
            child.stop()
            child.end_group()
        self._services.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            raise StopRequested


_STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _reason(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"


def who_listens(port: int) -> str:
    """The process on that TCP port, as "process 12 (python -m http.server)"; "" if it cannot be seen."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:  # 0A: listening
                    inodes.add(f"socket:[{words[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                return f"process {process.name} ({command.strip()[:80]})"
    return ""
