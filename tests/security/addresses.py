"""Every address that the resolver knows, with something in place of each part that is left open."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_OPEN = re.compile(r"<(?:(\w+):)?\w+>")
_GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")
_SAMPLES = {
    "int": "1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "slug": "hotline",
    "path": "a/b",
}
# Which of those that end in nothing but a number's pattern are asked for by name.
_NAMED = {"": "x"}


def views() -> Iterator[tuple[str, Any]]:
    """(path, view) of every pattern, nested ones too."""
    yield from _walk(get_resolver().url_patterns, "/")


def paths() -> list[str]:
    """Each path once."""
    return sorted({path for path, _view in views()})


def _walk(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        told = before + _filled(str(one.pattern))
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, told)
        elif isinstance(one, URLPattern):
            yield told, one.callback


def _filled(pattern: str) -> str:
    told = _OPEN.sub(lambda hit: _SAMPLES.get(hit[1] or "str", _NAMED[""]), pattern)
    if told == pattern and not pattern.startswith("^"):
        return told
    told = _GROUP.sub("x", told)
    return told.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\.", ".").replace("\\", "")
