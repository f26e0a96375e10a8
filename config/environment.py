"""What `make run` leaves in the var folder for the other commands on this machine.

secrets.env holds the machine's keys for good; run.env says where the running servers are, and goes
when they stop. manage.py reads both, so that a second terminal sees the same database. What the
environment says already always wins, and a real installation has neither file.
"""

import base64
import contextlib
import os
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


def read_var(folder: Path) -> None:
    """Take over into the environment what the files say and the environment does not."""
    for name in ("secrets.env", "run.env"):
        for key, value in read_file(folder / name).items():
            os.environ.setdefault(key, value)


def machine_secrets(folder: Path, *, of_the_core: bool = True) -> dict[str, str]:
    """SECRET_KEY and, `of_the_core`, CONTACT_KEYS and CONTACT_INDEX_KEY: read from the folder or made and
    written there.

    Losing the file means losing residents' names and phones: they are encrypted by CONTACT_KEYS.
    """
    path = folder / "secrets.env"
    known = read_file(path)
    makers = _MAKERS if of_the_core else {"SECRET_KEY": _MAKERS["SECRET_KEY"]}
    fresh = {name: make() for name, make in makers.items() if name not in known}
    _append(path, fresh)
    return known | fresh


@contextlib.contextmanager
def announced(folder: Path, where: Mapping[str, str]) -> Iterator[None]:
    """Keep run.env in the folder for as long as the block lasts."""
    path = folder / "run.env"
    path.unlink(missing_ok=True)
    _append(path, where)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_file(path: Path) -> dict[str, str]:
    """Its KEY=value lines, quoted as a shell would; none where there is no file."""
    if not path.exists():
        return {}
    words = shlex.split(path.read_text(), comments=True)
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _append(path: Path, values: Mapping[str, str]) -> None:
    """Only the owner may read what is written here."""
    if not values:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _encryption_key() -> str:
    """32 random bytes in url-safe base64, the form that Fernet takes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "CONTACT_KEYS": _encryption_key,
    "CONTACT_INDEX_KEY": lambda: secrets.token_urlsafe(32),
}
