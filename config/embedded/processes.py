"""Child processes that never outlive their parent, and who they run as."""

import contextlib
import ctypes
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534


class StartError(RuntimeError):
    """Something cannot be started; the message is meant for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a child runs as: the parent, another user (`uid`), or a user namespace's nobody."""

    uid: int | None = None
    namespace: bool = False


@dataclass(slots=True)
class Child:
    """A running process with its log and the signal that ends it in good order."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None  # None: this terminal
    stop_signal: signal.Signals
    started: float = field(default_factory=time.monotonic)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def signal_to_stop(self) -> None:
        if self.alive:
            self.process.send_signal(self.stop_signal)

    def stop(self, patience: float = 15) -> None:
        """Ask it to end, and after `patience` seconds end it with whatever it has started."""
        self.signal_to_stop()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.end_group()
            self.process.wait()

    def end_group(self) -> None:
        """SIGKILL what is left of it: each child leads a process group that its forks belong to."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log and self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def spawn(
    name: str,
    argv: Sequence[str | Path],
    *,
    log: Path | None,
    stop_signal: signal.Signals = signal.SIGTERM,
    identity: Identity | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    niceness: int = 0,
) -> Child:
    """Start a child that gets `stop_signal` when this process dies, even by SIGKILL (on Linux).

    Call it from the main thread: Linux sends that signal when the *thread* that started a child ends.
    """
    identity = identity or Identity()
    with contextlib.ExitStack() as stack:
        output = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            output = stack.enter_context(log.open("ab"))
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops all in order
            preexec_fn=_before_exec(stop_signal, identity.namespace, niceness),
            env=env,
            cwd=cwd,
            **run_as(identity),
        )
    return Child(name, process, log, stop_signal)


def run_as(identity: Identity) -> dict[str, Any]:
    """The subprocess arguments that change the user."""
    if identity.uid is None:
        return {}
    return {"user": identity.uid, "group": identity.uid, "extra_groups": []}


def enter_user_namespace() -> None:
    """Become uid 65534 inside a namespace where that is the present user outside: files stay ours."""
    uid, gid = os.geteuid(), os.getegid()
    if _LIBC.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def can_reach(path: Path, uid: int) -> bool:
    """Whether user `uid` may enter every folder down to `path`, and `path` itself."""
    for folder in (path, *path.parents):
        status = folder.stat()
        if not (status.st_mode & stat.S_IXOTH or (status.st_uid == uid and status.st_mode & stat.S_IXUSR)):
            return False
    return True


def _before_exec(stop_signal: signal.Signals, namespace: bool, niceness: int) -> Callable[[], None]:
    parent = os.getpid()

    def before_exec() -> None:
        os.nice(niceness)
        if namespace:
            enter_user_namespace()
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
            if os.getppid() != parent:  # it died between the fork and the line above
                os._exit(1)

    return before_exec
