"""The wheels of the lock for one machine: which they are, whether they fit it, and fetching them."""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

ARCHES: Final = ("x86_64", "aarch64")
# glibc 2.28 is what the oldest systems in use have (Kylin V10, UOS 20, openEuler 20.03, Debian 10).
GLIBC: Final = 28
_OLDEST: Final = 17
# What manylinux was called before it was named by its glibc.
_LEGACY: Final = {
    "x86_64": ("manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1"),
    "aarch64": ("manylinux2014",),
}


class BadWheels(Exception):
    """The wheels are not those of the lock; says which and why."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a hash-pinned requirements file."""

    name: str
    version: str
    hashes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that an archive is for."""

    arch: str
    python: str = "3.11"
    platforms: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.arch not in ARCHES:
            raise ValueError(f"ARCH is one of {', '.join(ARCHES)}, not {self.arch!r}")
        if not re.fullmatch(r"3\.\d+", self.python):
            raise ValueError(f"PY is a version like 3.11, not {self.python!r}")
        newer = [f"manylinux_2_{minor}_{self.arch}" for minor in range(GLIBC, _OLDEST - 1, -1)]
        older = [f"{name}_{self.arch}" for name in _LEGACY[self.arch]]
        object.__setattr__(self, "platforms", (*newer, *older))

    def tags(self) -> frozenset[Tag]:
        """Everything that a wheel for it may be called."""
        version = tuple(int(part) for part in self.python.split("."))
        interpreter = f"cp{self.python.replace('.', '')}"
        return frozenset(
            (
                *cpython_tags(version, [interpreter], self.platforms),
                *compatible_tags(version, interpreter, self.platforms),
            )
        )

    def wants(self, marker: Marker | None) -> bool:
        """Does it need what stands under this marker, whichever of its Python's patch releases it has?"""
        if marker is None:
            return True
        common = {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.arch,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_version": self.python,
            "sys_platform": "linux",
        }
        return any(
            marker.evaluate({**common, "python_full_version": f"{self.python}.{patch}"}) for patch in (0, 99)
        )


def locked(texts: Iterable[str], target: Target) -> dict[str, Locked]:
    """What these requirements files pin for the target. Raises BadWheels where something has no hash."""
    found: dict[str, Locked] = {}
    for text in texts:
        lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
        for block in re.split(r"\n(?=\S)", "\n".join(lines).replace("\\\n", " ")):
            if not block.strip():
                continue
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
            wanted = Requirement(block.partition("--hash")[0].strip())
            pins = [one.version for one in wanted.specifier if one.operator == "=="]
            if not hashes or len(pins) != 1:
                raise BadWheels(f"{wanted.name} is not pinned to one version with hashes")
            if target.wants(wanted.marker):
                name = canonicalize_name(wanted.name)
                found[name] = Locked(name, pins[0], hashes)
    return found


def wrong(folder: Path, packages: dict[str, Locked], target: Target) -> list[str]:
    """What is wrong with a folder of wheels, a line each: missing, not of the lock, not for the target."""
    told = []
    fitting = target.tags()
    missing = set(packages)
    for path in sorted(folder.iterdir()):
        if path.suffix != ".whl":
            told.append(f"{path.name} is no wheel")
            continue
        name, version, _build, tags = parse_wheel_filename(path.name)
        pinned = packages.get(name)
        if pinned is None:
            told.append(f"{path.name} is not in the lock")
            continue
        missing.discard(name)
        if str(version) != pinned.version:
            told.append(f"{path.name}: the lock has {pinned.version}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() not in pinned.hashes:
            told.append(f"{path.name}: its SHA-256 is not in the lock")
        elif not tags & fitting:
            told.append(f"{path.name} does not run on {target.arch} with Python {target.python}")
    return told + [f"{name} {packages[name].version}: no wheel" for name in sorted(missing)]


def fetch(folder: Path, packages: dict[str, Locked], target: Target, pip: Sequence[str]) -> None:
    """Bring the folder to just these wheels, from where this machine's pip takes its packages.

    What is there already is not asked for again. Raises BadWheels where a package has no wheel that fits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if not _is_wanted(path, packages, target):
            path.unlink()
    here = {parse_wheel_filename(path.name)[0] for path in folder.iterdir()}
    lacking = [one for name, one in sorted(packages.items()) if name not in here]
    if lacking:
        platforms = [word for name in target.platforms for word in ("--platform", name)]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            for one in lacking:
                hashes = " ".join(f"--hash=sha256:{value}" for value in sorted(one.hashes))
                wanted.write(f"{one.name}=={one.version} {hashes}\n")
            wanted.flush()
            how = (
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
                "--implementation",
                "cp",
            )
            where = (
                "--python-version",
                target.python,
                *platforms,
                "--dest",
                folder,
                "--requirement",
                wanted.name,
            )
            command = [str(word) for word in (*pip, "download", *how, *where)]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise BadWheels("\n".join(last) or done.stderr[-2000:])
    if told := wrong(folder, packages, target):
        raise BadWheels("\n".join(told))


def _is_wanted(path: Path, packages: dict[str, Locked], target: Target) -> bool:
    if path.suffix != ".whl":
        return False
    name, version, _build, tags = parse_wheel_filename(path.name)
    pinned = packages.get(name)
    return (
        pinned is not None
        and str(version) == pinned.version
        and bool(tags & target.tags())
        and hashlib.sha256(path.read_bytes()).hexdigest() in pinned.hashes
    )
