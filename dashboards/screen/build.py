"""Which build of the page a server would send: a wall that shows another one loads itself anew."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

_FILES: Final = ("dist/screen.js", "dist/screen.css")


@lru_cache(maxsize=1)
def build() -> str:
    """The same in every process of one deployment; another when the page, its script or its style changed."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update(static(name).encode())  # with its hash, where files are collected
        if found := finders.find(name):
            digest.update(Path(str(found)).read_bytes())
    for path in sorted((Path(settings.BASE_DIR) / "templates/dashboards/screen").glob("*.html")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
