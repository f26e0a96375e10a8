"""What a page makes a phone load: scripts and styles as they travel, gzipped."""

import gzip
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
DIST = ROOT / "static/dist"
# In bytes. Boards carry the charts.
SCRIPTS, BOARD_SCRIPTS, STYLES = 300_000, 450_000, 80_000

pytestmark = pytest.mark.skipif(
    not (DIST / "app.js").exists(), reason="The front end is not built: npm run build."
)
_BUNDLE = re.compile(r"""\bdist/([\w.-]+\.(?:js|css))""")
_NAMED = re.compile(r"""{%-?\s*(?:extends|include)\s+["']([^"'#]+)["']""")


@cache
def bundles(template: str) -> frozenset[str]:
    """The scripts and styles that a template loads, with what it extends and includes."""
    source = (TEMPLATES / template).read_text()
    found = set(_BUNDLE.findall(source))
    for named in _NAMED.findall(source):
        if named != template:
            found |= bundles(named)
    return frozenset(found)


@cache
def weight(bundle: str) -> int:
    return len(gzip.compress((DIST / bundle).read_bytes(), 9))


PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if "{% extends" in path.read_text()
)


def of(template: str, kind: str) -> int:
    return sum(weight(name) for name in bundles(template) if name.endswith(kind))


def test_no_page_is_heavy() -> None:
    heavy = {
        page: of(page, ".js")
        for page in PAGES
        if of(page, ".js") >= (BOARD_SCRIPTS if "board.js" in bundles(page) else SCRIPTS)
    }
    assert heavy == {}
    assert {page: of(page, ".css") for page in PAGES if of(page, ".css") >= STYLES} == {}


def test_a_page_with_a_map_loads_what_draws_it() -> None:
    undrawn = [page for page in PAGES if "data-map=" in _all(page) and "map.js" not in bundles(page)]
    assert undrawn == []


@cache
def _all(template: str) -> str:
    source = (TEMPLATES / template).read_text()
    return source + "".join(_all(named) for named in _NAMED.findall(source) if named != template)
