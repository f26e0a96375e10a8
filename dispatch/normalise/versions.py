"""The trained models on disk: a folder each, and one small file that says which is in use.

MODEL_DIR/<version>/ is written wholly under another name and then renamed; MODEL_DIR/current is replaced
in one step. Hence a reader sees the old model or the new one, whenever it looks.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dispatch.normalise.model import ARRAYS, CARD, CURRENT, current_version, models_folder

KEPT = 5  # models, with the one in use


class UnknownModel(Exception):
    """There is no model of this version here."""


def install(make: Callable[[Path], dict[str, Any]], room: Path | None = None) -> dict[str, Any]:
    """Let `make` write a model into a folder, and put it in use. Answers the card, which `make` returns."""
    room = room or models_folder()
    room.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=room))
    try:
        card = make(making)
        (making / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
        making.chmod(0o755)
        for path in making.iterdir():
            _settle(path)
        target = room / str(card["version"])
        if target.exists():  # the same arrays again: only the card can be newer
            os.replace(making / CARD, target / CARD)
        else:
            making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    use(str(card["version"]), room)
    _forget_oldest(room)
    return card


def use(version: str, room: Path | None = None) -> None:
    """Put a model that is here in use, from the next report on. Raises UnknownModel."""
    room = room or models_folder()
    if not version or Path(version).name != version or not (room / version / ARRAYS).is_file():
        raise UnknownModel(version)
    os.utime(room / version / CARD)  # the last one used goes last
    replace_file(room / CURRENT, f"{version}\n".encode())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole, in one step: whoever reads it meanwhile reads the old one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _settle(path: Path) -> None:
    """Let what was written be on the disk before its name is."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def versions(room: Path | None = None) -> list[dict[str, Any]]:
    """The cards of the models that are here, the last used first."""
    room = room or models_folder()
    cards = [path for path in room.glob(f"*/{CARD}") if (path.parent / ARRAYS).is_file()]
    told = []
    for path in sorted(cards, key=lambda path: -path.stat().st_mtime_ns):
        try:
            told.append(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):
            continue
    return told


def _forget_oldest(room: Path) -> None:
    for old in versions(room)[KEPT:]:
        if old["version"] != current_version(room):
            shutil.rmtree(room / str(old["version"]), ignore_errors=True)
