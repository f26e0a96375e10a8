"""Two looks that `make check` takes besides: at what the lock brings along, and at what somebody wrote down.

    python -m config.scanning dependencies    known weaknesses of what is locked (pip-audit)
    python -m config.scanning secrets         keys and passwords in files of the project (detect-secrets)

The first asks the index that packages come from. Where nobody answers, that is said and stops nothing, unless
SCAN_MUST_ANSWER=1: a build without a network is no finding, and silence is no proof.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
LOCKS: Final = tuple(sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("requirements/*.txt")))
# What looks like a secret and is none: somebody has looked at each.
BASELINE: Final = "config/data/secrets.json"
SECONDS: Final = 900
_NAMED: Final = 8
# What the hook answers where all it found is known and only stands on another line.
_MOVED: Final = 3
# Names and passwords in tests are made up; what is locked and translated is long and no secret.
_MADE_UP: Final = (
    "tests/",
    "chaos/",
    "benchmarks/",
    "locale/",
    "requirements/",
    "static/",
    "docs/openapi.yaml",
)
# `audited.py` has marks of definitions and a simulated year's result digests: they look like keys and open
# nothing.
_NOT_READ: Final = (
    "/audited.py",
    "/simulation.json",
    ".svg",
    ".png",
    ".csv",
    ".pdf",
    ".lock",
    "package-lock.json",
    "secrets.json",
)


def dependencies() -> int:
    """0: nothing is known against what is locked, or nobody could be asked; 1: something is."""
    # Each lock by itself: they share packages, and two versions of one are two questions.
    answers = [_python(lock) for lock in LOCKS] + [_front_end()]
    return max(answers)


def _python(lock: str) -> int:
    told = _run(
        *("pip-audit", "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json"),
        *("--progress-spinner", "off", "--timeout", "10"),
    )
    answer = told.stdout if told is not None else ""
    why = "pip-audit is not there, or took too long" if told is None else _last(told.stderr)
    return _say(lock, judged(answer), not_judged(answer), why)


def _front_end() -> int:
    """What the browser gets, and what makes it."""
    npm = shutil.which("npm")
    told = _run(npm, "audit", "--package-lock-only", "--json") if npm else None
    why = "npm is not there, or took too long" if told is None else _last(told.stderr)
    return _say("package-lock.json", judged_front_end(told.stdout if told is not None else ""), [], why)


def _say(lock: str, found: list[str] | None, unjudged: Sequence[str], why: str) -> int:
    if found is None:
        print(f"Weaknesses of {lock}: COULD NOT ASK ({why}). That is no answer: ask again with a network.")
        return 1 if os.environ.get("SCAN_MUST_ANSWER") == "1" else 0
    if unjudged:
        some = ", ".join(unjudged[:_NAMED]) + (" …" if len(unjudged) > _NAMED else "")
        print(f"Weaknesses of {lock}: {len(unjudged)} packages were not judged ({some}).")
    for line in found:
        print(f"{lock}: {line}")
    return 1 if found else 0


def not_judged(answer: str) -> list[str]:
    """The packages that the index does not know: silence about them is no proof."""
    try:
        return [one["name"] for one in json.loads(answer)["dependencies"] if "skip_reason" in one]
    except (ValueError, KeyError, TypeError):
        return []


def judged_front_end(answer: str) -> list[str] | None:
    """A line for each package that something is known against; None where nothing came back."""
    try:
        told: dict[str, dict[str, Any]] = json.loads(answer)["vulnerabilities"]
        return [f"{name} {one['range']}: {one['severity']}" for name, one in sorted(told.items())]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def judged(answer: str) -> list[str] | None:
    """A line for each known weakness; None where nobody knew any of the packages, or nothing came back."""
    try:
        asked: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    known = [one for one in asked if "skip_reason" not in one]
    if not known:
        return None
    return [
        f"{one['name']} {one['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions'])}"
        for one in known
        for weakness in one["vulns"]
    ]


def secrets() -> int:
    """0: no file has a secret that nobody has looked at; 1: one has, or it could not be looked."""
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        print("Secrets in files: COULD NOT LOOK (no git here).")
        return 0
    return unknown(looked_at(listed.stdout.split("\0")))


def unknown(files: Sequence[str], *, root: Path = ROOT) -> int:
    """1: one of these has a secret that nobody has looked at, and it is named; or it could not be looked."""
    with TemporaryDirectory() as folder:
        # A copy: where something known stands on another line now, the hook writes that down.
        baseline = Path(folder, Path(BASELINE).name)
        shutil.copy(ROOT / BASELINE, baseline)
        told = _run("detect-secrets-hook", "--baseline", str(baseline), *files, root=root)
    if told is None:
        print("Secrets in files: COULD NOT LOOK (detect-secrets is not installed, or took too long).")
        return 1
    if told.returncode in (0, _MOVED):
        return 0
    print(told.stdout or told.stderr)
    return 1


def looked_at(files: Sequence[str]) -> list[str]:
    """Those of the project's files in which a secret would be one."""
    return [
        name
        for name in files
        if name and not name.startswith(_MADE_UP) and not name.endswith(_NOT_READ) and (ROOT / name).is_file()
    ]


def _run(name: str, *told: str, root: Path = ROOT) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run((BIN / name, *told), cwd=root, capture_output=True, text=True, timeout=SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None


def _last(text: str) -> str:
    return next((line.strip()[:160] for line in reversed(text.splitlines()) if line.strip()), "no answer")


if __name__ == "__main__":
    sys.exit({"dependencies": dependencies, "secrets": secrets}[sys.argv[1]]())
