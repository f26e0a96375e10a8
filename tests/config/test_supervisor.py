"""The supervisor with real servers and real signals: nothing may outlive it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import Lock, StartError, owner, run_folder
from config.embedded.processes import can_reach, enter_user_namespace
from tests.config.running import eventually, processes

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from config.embedded import Lock, Servers
    from config.supervisor import Supervisor

    var = Path(sys.argv[1])
    lock = Lock(var)
    say = lambda text: print(text, flush=True)
    supervisor = Supervisor(logs=var / "log", env={}, cwd=var, say=say)
    with supervisor.in_charge():
        servers = Servers(var)
        supervisor.carry("postgres", servers.postgres.start)
        supervisor.carry("valkey", servers.valkey.start)
        supervisor.run("sleeper", ["-c", "import time; time.sleep(600)"])
        supervisor.run("errand", ["-c", "print('done')"], stays=False)
        say("up")
        supervisor.watch()
    """
)


class Running:
    """The program above on a folder of its own, with what it has said so far."""

    def __init__(self, folder: Path, **popen: object) -> None:
        self.folder, self.output = folder, folder.parent / f"{folder.name}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(folder)], cwd=ROOT, stdout=output, stderr=output, **popen
            )
        assert self.says("up"), self.said()

    def said(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> bool:
        return eventually(lambda: text in self.said())

    def is_gone(self) -> bool:
        return eventually(lambda: not processes(self.folder))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.is_gone()

    def pid_of(self, arguments: str) -> int:
        commands = processes(self.folder).items()
        return next(pid for pid, command in commands if command.startswith(f"{sys.executable} {arguments}"))


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: pytest keeps that to one user, and PostgreSQL may have to be another.
    folder = Path(tempfile.mkdtemp(prefix="yiwang-supervised-"))
    folder.chmod(0o755)
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture
def running(folder: Path) -> Iterator[Running]:
    program = Running(folder)
    yield program
    program.end()


def test_ctrl_c_stops_everything_in_order(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    assert "stopping" in running.said()
    assert processes(running.folder) == {}
    assert owner(running.folder) == ""
    assert "database system is shut down" in (running.folder / "log" / "postgres.log").read_text()


def test_nothing_outlives_a_supervisor_that_was_killed_and_the_next_one_starts(running: Running) -> None:
    running.process.kill()
    running.process.wait()
    successor = Running(running.folder)  # at once: it waits for the old PostgreSQL to let go
    successor.end()
    assert successor.process.returncode == 0


def test_a_dead_child_is_started_again_and_it_says_so(running: Running) -> None:
    assert running.says("errand is done")
    os.kill(running.pid_of("-c import time"), signal.SIGKILL)
    assert running.says("sleeper ended (SIGKILL); it starts again in 1 s")
    assert running.says("sleeper runs again")


def test_a_killed_postgres_comes_back(running: Running) -> None:
    data = running.folder / "postgres-18" / "postmaster.pid"
    os.kill(int(data.read_text().split()[0]), signal.SIGKILL)
    assert running.says("postgres runs again")


def test_the_second_one_is_told_who_is_in_its_way(folder: Path) -> None:
    first = Lock(folder)
    first.say("process 7, http://127.0.0.1:8000/")
    with pytest.raises(StartError, match=r"already runs on .*: process 7, http://127\.0\.0\.1:8000/"):
        Lock(folder)
    first.release()
    Lock(folder).release()


def test_a_long_path_gets_a_short_place_for_its_sockets(folder: Path) -> None:
    deep = folder / ("long-" * 20)
    deep.mkdir(parents=True)
    run = run_folder(deep)
    assert len(os.fsencode(run / "pg" / ".s.PGSQL.5432")) <= 107
    run.rmdir()


@pytest.mark.parametrize("private", [False, True], ids=["open folder", "folder that nobody may enter"])
def test_root_and_others_can_run_it(folder: Path, private: bool) -> None:
    """As root: PostgreSQL as nobody, or in a user namespace where nobody cannot enter."""
    folder.parent.chmod(0o700 if private else 0o755)
    program = Running(folder)
    program.end()
    assert program.process.returncode == 0


def test_an_ordinary_user_can_run_it(folder: Path) -> None:
    """As root: become nobody, or nobody of a user namespace where Python lies in a private folder."""
    nobody = pwd.getpwnam("nobody").pw_uid
    if os.geteuid() != 0:
        program = Running(folder)
    elif all(can_reach(path, nobody) for path in (Path(sys.executable).resolve(), ROOT / "config")):
        os.chown(folder.parent, nobody, nobody)
        program = Running(folder, user=nobody, group=nobody, extra_groups=[])
    else:
        program = Running(folder, preexec_fn=enter_user_namespace)
    program.end()
    assert program.process.returncode == 0
