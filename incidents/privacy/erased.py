"""Who was erased, by the digest of their number, in a file outside of the database: a backup that is restored
brings them back, and nobody else would know whom to erase again.

A line is a time and a digest under CONTACT_INDEX_KEY: nobody is found by it without the key. Where that key
was changed since, the digests say nothing any more: an older backup is then not to be restored.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings


def note(index: str, *, at: datetime) -> None:
    """Write one down before anything of theirs is erased. Raises OSError where that cannot be done."""
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(json.dumps({"at": at.isoformat(), "index": index}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def known() -> list[str]:
    """The digests, each once, in the order of the first time."""
    path = Path(settings.ERASURES_FILE)
    if not path.exists():
        return []
    lines = path.read_text(encoding="ascii").splitlines()
    return list(dict.fromkeys(str(json.loads(line)["index"]) for line in lines if line))
