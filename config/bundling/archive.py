"""Putting the archive together: the same input gives the same bytes, wherever and whenever it is made."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.bundling.wheels import GLIBC, Locked, Target

ROOT: Final = Path(__file__).resolve().parent.parent.parent
# What stands at the top of the archive, beside wheels/ and source/.
TOP: Final = ROOT / "config" / "bundling" / "root"
SUMS: Final = "SHA256SUMS"
# Proof of the product, and no part of it.
_LEFT_OUT: Final = (".ci/", ".dockerignore", ".gitignore", "benchmarks/", "chaos/", "tests/")


class NotReady(Exception):
    """The archive cannot be made of this folder; says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is packed: the files under version control, as they are here."""

    version: str
    commit: str
    changed: bool  # is any of them another than in the commit?
    at: int  # when the commit was made, UNIX time: what every file in the archive is dated
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"yiwang-{self.version}-{self.commit[:12]}{'-changed' if self.changed else ''}"


def read_source(root: Path = ROOT) -> Source:
    """Raises NotReady without git."""
    listed = _git(root, "ls-files", "-z").split("\0")
    names = tuple(sorted(name for name in listed if name and not name.startswith(_LEFT_OUT)))
    return Source(
        version=tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        commit=_git(root, "rev-parse", "HEAD").strip(),
        changed=bool(_git(root, "status", "--porcelain", "--untracked-files=no").strip()),
        at=int(_git(root, "log", "-1", "--format=%ct")),
        files=names,
    )


def stage(
    folder: Path, source: Source, target: Target, packages: dict[str, Locked], wheels: Path, dist: Path
) -> None:
    """Lay everything out in an empty folder, as it will be in the archive, with a sum for each file."""
    for name in source.files:
        _copy(ROOT / name, folder / "source" / name)
    for path in _files(dist):
        _copy(path, folder / "source" / "static" / "dist" / path.relative_to(dist))
    for path in _files(wheels):
        _copy(path, folder / "wheels" / path.name)
    for path in _files(TOP):
        _copy(path, folder / path.relative_to(TOP))
    told = {
        "name": source.name,
        "version": source.version,
        "commit": source.commit,
        "arch": target.arch,
        "python": target.python,
        "glibc": f"2.{GLIBC}",
        "packages": {name: one.version for name, one in sorted(packages.items())},
    }
    (folder / "MANIFEST.json").write_text(json.dumps(told, indent=1) + "\n")
    sums = (f"{_digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder))
    (folder / SUMS).write_text("".join(sums))


def pack(folder: Path, out: Path, *, name: str, at: int) -> str:
    """One tar of the folder, under `name`/; answers its SHA-256.

    Not compressed: wheels are already, and what a compressor writes changes with its version.
    """
    beside = out.with_name(f"{out.name}.part")
    with tarfile.open(beside, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in _files(folder):
            told = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
            told.size, told.mtime = path.stat().st_size, at
            # Whatever the umask here is: of executables there is one.
            told.mode = 0o755 if path.parent == folder and path.name == "install" else 0o644
            with path.open("rb") as file:
                tar.addfile(told, file)
    digest = _digest(beside)
    beside.replace(out)
    out.with_name(f"{out.name}.sha256").write_text(f"{digest}  {out.name}\n")
    return digest


def _files(folder: Path) -> Iterator[Path]:
    """In one order everywhere."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    yield from sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(root: Path, *words: str) -> str:
    command: Sequence[str] = ("git", "-C", str(root), *words)
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotReady(f"an archive is made of a checkout, and git says: {error}") from None
