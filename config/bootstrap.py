"""Make this folder ready, then run the asked command in it; needs Python 3.11 and nothing else.

    python3.11 config/bootstrap.py [--dev] [--bench] [--no-frontend] -- manage.py up

Creates .venv, installs the hash-pinned wheels (by uv, else by pip), compiles the translations and
builds the front-end, each only when its sources have changed. Then this process becomes
`.venv/bin/python manage.py up`, so that signals reach it directly.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
DIST = ROOT / "static" / "dist"
OLDEST_NODE = 20
_began = float(os.environ.setdefault("YIWANG_BEGAN", str(time.time())))  # config/progress.py goes on from it


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (who comes with an older one should be told)
        sys.exit(f"Yiwang needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(description="Set up .venv and what is built, then run a command in it.")
    parser.add_argument("--dev", action="store_true", help="install the tools for tests and checks too")
    parser.add_argument("--bench", action="store_true", help="install what the benchmarks compare with too")
    parser.add_argument("--no-frontend", action="store_true", help="leave the front-end as it is")
    parser.add_argument("command", nargs="*", help="after --: what .venv/bin/python is to run")
    options = parser.parse_args()
    with only_one():
        install("dev" if options.dev else "app")
        if options.bench:
            install("bench")
        compile_catalogues()
        if not options.no_frontend:
            build_frontend()
    if options.command:
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), *options.command])


def say(text: str) -> None:
    print(f"[{time.time() - _began:5.1f} s] {text}", flush=True)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Two set-ups of one folder at a time would trip over each other."""
    path = ROOT / "var" / "set-up.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another set-up of this folder to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str | Path, quiet: bool = False, env: dict[str, str] | None = None) -> None:
    output = subprocess.DEVNULL if quiet else None
    subprocess.run(
        [str(word) for word in command], check=True, cwd=ROOT, env=env, stdout=output, stderr=output
    )


def digest(paths: Iterable[Path], *more: str) -> str:
    """One fingerprint of these files' contents; what it says changes when any of them does."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        total.update(f"\0{path.relative_to(ROOT)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def is_stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


# --- Python packages ---------------------------------------------------------------------------


def install(name: str) -> None:
    """Install requirements/`name`.txt into .venv, unless it is there; dev.txt includes app.txt."""
    enough = ("app", "dev") if name == "app" else (name,)
    if PYTHON.exists() and any(is_stamped(*_installed(known)) for known in enough):
        return
    if not PYTHON.exists():
        say(f"making .venv with Python {sys.version.split()[0]}")
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV)
    say(f"installing requirements/{name}.txt")
    _install_file(REQUIREMENTS / f"{name}.txt")
    stamp, value = _installed(name)
    stamp.write_text(value)
    say("packages are installed")


def _installed(name: str) -> tuple[Path, str]:
    """The stamp and what it should say; the path is in it because scripts in .venv hold it."""
    return VENV / f".installed-{name}", digest([REQUIREMENTS / f"{name}.txt"], str(VENV), sys.version)


def _install_file(requirements: Path) -> None:
    pip = pip_of_machine()
    wanted = ("--require-hashes", "-r", requirements)
    try:
        if not (VENV / "bin" / "uv").exists():
            run(*pip, "install", "-qq", "--require-hashes", "-r", REQUIREMENTS / "uv.txt")
        options, environment = _uv_settings(pip)
        if not sys.stderr.isatty():
            options.append("--quiet")  # its progress bars are for people
        run(VENV / "bin" / "uv", "pip", "install", "--python", PYTHON, *options, *wanted, env=environment)
    except (OSError, subprocess.CalledProcessError):
        say("uv does not work here: pip does the same, slower")
        run(*pip, "install", "--no-deps", *wanted)


def pip_of_machine() -> list[str]:
    """This Python's pip working on .venv, or one of .venv's own where it has none or too old a one."""
    # The machine's, also where .venv's own Python is the one that asks.
    machine = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = str(machine if machine.exists() else sys.executable)
    outside = [python, "-m", "pip", "--disable-pip-version-check", "--python", str(PYTHON)]
    works = subprocess.run([*outside, "--version"], capture_output=True).returncode == 0
    if works:
        return outside
    # Into what is there: making .venv anew would write over a Python that may be running.
    run(PYTHON, "-m", "ensurepip", "--upgrade", quiet=True)
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]


def _uv_settings(pip: list[str]) -> tuple[list[str], dict[str, str]]:
    """uv reads neither pip.conf nor PIP_*: hand the machine's own package sources on."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True).stdout
    found: dict[str, str] = {}
    for scope in ("global.", "install.", ":env:."):  # the later one wins, as in pip
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(scope):
                found[name.removeprefix(scope)] = value.strip("'\"")
    options = ["--index-strategy", "unsafe-best-match"]  # as pip does; hashes say what is acceptable
    for name in ("index-url", "extra-index-url", "find-links", "trusted-host"):
        flag = "--allow-insecure-host" if name == "trusted-host" else f"--{name}"
        for value in found.get(name, "").replace("\\n", " ").split():
            options += [flag, value]
    if found.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        options.append("--no-index")
    environment = dict(os.environ)
    if "cert" in found:
        environment.setdefault("SSL_CERT_FILE", found["cert"])
    return options, environment


# --- translations and front-end ----------------------------------------------------------------


def compile_catalogues() -> None:
    """*.po → *.mo by Babel: msgfmt would be a system package."""
    for source in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        say(f"compiling {source.relative_to(ROOT)}")
        names = ("--input-file", source, "--output-file", target, "--locale", source.parts[-3])
        run(PYTHON, "-m", "babel.messages.frontend", "compile", *names, quiet=True)


def build_frontend() -> None:
    """npm ci and npm run build, into static/dist; without them every page still works, plainly."""
    package, lock = ROOT / "package.json", ROOT / "package-lock.json"
    if not package.exists() or frontend_is_built():
        return
    stamp, value = _built()
    try:
        environment = _with_node()
        packages, pinned = ROOT / "node_modules" / ".installed", digest([package, lock])
        if not is_stamped(packages, pinned):
            say("installing front-end packages")
            patience = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
            run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", *patience, env=environment)
            packages.write_text(pinned)
        say("building the front-end")
        run("npm", "run", "--silent", "build", env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        what = " ".join(error.cmd[:2]) if isinstance(error, subprocess.CalledProcessError) else error
        say(f"The front-end could not be built ({what} failed; is the npm registry within reach?).")
        say("Pages work without it, but plainly: no style, charts or maps. The next start tries again.")
        return
    stamp.write_text(value)
    say("the front-end is built")


def frontend_is_built() -> bool:
    """Is static/dist what these sources give?"""
    return is_stamped(*_built())


def _built() -> tuple[Path, str]:
    # The style sheet keeps what the templates and their tags name, so they belong to its sources.
    folders = (ROOT / "frontend", ROOT / "templates", ROOT / "accounts" / "templatetags")
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    sources = [ROOT / "package.json", ROOT / "package-lock.json", *files]
    return DIST / ".built-from", digest(path for path in sources if path.suffix != ".pyc")


def _with_node() -> dict[str, str]:
    """An environment whose PATH has node and npm: the machine's, or those of a wheel."""
    if not _has_node():
        say("no Node.js here: installing one from its wheel")
        _install_file(REQUIREMENTS / "assets.txt")
        return {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    return dict(os.environ)


def _has_node() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    major = version.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"Set-up failed: {' '.join(map(str, failure.cmd))} ended with {failure.returncode}.")
    except PermissionError as failure:
        sys.exit(
            f"Set-up failed: {failure.filename} belongs to another user. Clone into a folder of your own."
        )
    except KeyboardInterrupt:
        sys.exit(130)
