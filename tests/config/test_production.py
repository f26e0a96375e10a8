"""PRODUCTION=1 refuses to start with what only a demonstration may have, and says what it is."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

SET = {"PRODUCTION": "1", "SECRET_KEY": "s" * 50, "CONTACT_KEYS": "k", "CONTACT_INDEX_KEY": "i"}


def started(**changes: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=settings.BASE_DIR,
        env=kept | SET | changes,
        capture_output=True,
        text=True,
    )


def test_with_keys_of_its_own_it_starts() -> None:
    assert started().returncode == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"CONTACT_KEYS": ""}, "CONTACT_KEYS"),
        ({"CONTACT_INDEX_KEY": ""}, "CONTACT_INDEX_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"CLOCK_RATE": "60"}, "CLOCK_RATE"),
    ],
)
def test_what_only_a_demonstration_may_is_refused(changes: dict[str, str], named: str) -> None:
    done = started(**changes)
    assert done.returncode != 0
    assert named in done.stderr.rsplit("ImproperlyConfigured", 1)[-1]
