"""The archive: a tar with the dump, the files, then the manifest, then the seal.

The manifest comes last because only then everything in it is known; so an archive that broke off has none.
The seal is the manifest's own SHA-256.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from django.utils.translation import gettext as _

from config.backup.errors import BackupError

FORMAT: Final = 1
DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
SEAL: Final = "seal"
ROOMS: Final = ("media", "models")
_CHUNK = 1024 * 1024

Manifest = dict[str, Any]


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data


def add(into: tarfile.TarFile, path: Path, name: str) -> dict[str, Any]:
    """Put a file in; its size and hash as they stand in the archive."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o600
        hashed = _Hashed(file)
        into.addfile(member, hashed)
    return {"size": status.st_size, "sha256": hashed.sha256.hexdigest()}


def add_bytes(into: tarfile.TarFile, data: bytes, name: str) -> None:
    """Put in what is no file."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    into.addfile(member, io.BytesIO(data))


def seal(into: tarfile.TarFile, manifest: Manifest) -> None:
    """The end of an archive."""
    told = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True).encode()
    add_bytes(into, told, MANIFEST)
    add_bytes(into, hashlib.sha256(told).hexdigest().encode(), SEAL)


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every regular file, with its name below the folder; locks and what is being written are nobody's."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.name == ".lock" or any(part.startswith((".making-", ".doctor-")) for part in name.parts):
            continue
        if path.is_file() and not path.is_symlink():
            yield path, name.as_posix()


class Reading:
    """An archive that is whole: every byte in it was compared with its manifest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115  # closed by close()
        except FileNotFoundError:
            raise BackupError(_("There is no file %(path)s.") % {"path": path}) from None
        except (OSError, tarfile.TarError) as error:
            raise BackupError(self._torn(error)) from error
        try:
            self.manifest = self._read_manifest()
            self._compare()
        except (OSError, tarfile.TarError, ValueError, KeyError) as error:
            self.close()
            raise BackupError(self._torn(error)) from error
        except BackupError:
            self.close()
            raise

    def close(self) -> None:
        self._tar.close()

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def write_out(self, name: str, to: Path) -> None:
        """One member as a file of its own."""
        to.parent.mkdir(parents=True, exist_ok=True)
        source = self._open(name)
        with to.open("xb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)

    def names(self, room: str) -> list[str]:
        """Of the files of media or models, below their folder."""
        return [name.partition("/")[2] for name in self.manifest["files"] if name.startswith(f"{room}/")]

    def _open(self, name: str) -> IO[bytes]:
        file = self._tar.extractfile(name)
        if file is None:
            raise KeyError(name)
        return file

    def _read_manifest(self) -> Manifest:
        told = self._open(MANIFEST).read()
        if hashlib.sha256(told).hexdigest().encode() != self._open(SEAL).read():
            raise ValueError(MANIFEST)
        manifest: Manifest = json.loads(told)
        if manifest["format"] != FORMAT:
            raise BackupError(
                _(
                    "This archive has format %(format)s, and this version reads %(known)s: restore it with "
                    "the version that made it."
                )
                % {"format": manifest["format"], "known": FORMAT}
            )
        return manifest

    def _compare(self) -> None:
        """Every member is in the manifest, everything in the manifest is there, and none leads elsewhere."""
        expected = dict(self.manifest["files"])
        for member in self._tar:
            if member.name in (MANIFEST, SEAL):
                continue
            told = expected.pop(member.name)
            inside = PurePosixPath(member.name)
            if not member.isreg() or inside.is_absolute() or ".." in inside.parts:
                raise ValueError(member.name)
            if member.name != DUMP and inside.parts[0] not in ROOMS:
                raise ValueError(member.name)
            if member.size != told["size"] or _sha256(self._open(member.name)) != told["sha256"]:
                raise ValueError(member.name)
        if expected:
            raise ValueError(next(iter(expected)))

    def _torn(self, error: Exception) -> str:
        return _(
            "%(path)s is no whole archive of Yiwang (%(error)s): it was not finished, or has been damaged. "
            "Nothing was changed; take another one."
        ) % {"path": self.path, "error": error}


def sha256_of(path: Path) -> str:
    """Of a file on the disk."""
    with path.open("rb") as file:
        return _sha256(file)


def _sha256(file: IO[bytes]) -> str:
    total = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        total.update(chunk)
    return total.hexdigest()
