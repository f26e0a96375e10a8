"""The keys of this machine, made once and kept in var/secrets.env, for whoever runs it with `make run`.

A real installation sets them in its environment instead; what is set there wins.
"""

import base64
import os
import secrets
from pathlib import Path


def machine_secrets(folder: Path) -> dict[str, str]:
    """SECRET_KEY, CONTACT_KEYS and CONTACT_INDEX_KEY, read from the folder or written into it.

    Losing the file means losing residents' names and phones: they are encrypted by CONTACT_KEYS.
    """
    path = folder / "secrets.env"
    known = _read(path) if path.exists() else {}
    fresh = {name: make() for name, make in _MAKERS.items() if name not in known}
    if fresh:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as file:
            file.writelines(f"{name}={value}\n" for name, value in fresh.items())
    return known | fresh


def _read(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _encryption_key() -> str:
    """32 random bytes in url-safe base64, the form that Fernet takes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_MAKERS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "CONTACT_KEYS": _encryption_key,
    "CONTACT_INDEX_KEY": lambda: secrets.token_urlsafe(32),
}
