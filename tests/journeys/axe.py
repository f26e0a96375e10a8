"""axe-core in the page: what it finds wrong there for people who do not see it or do not use a mouse.

It is put in through the browser's own tooling, so the page's security policy stays as it is.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page

# All of axe's rules, its best practices too; the one rule of WCAG 2.2 that it leaves off is put on.
# What fades in is judged when it has come. A page is judged from its top: an address with a `#` may
# leave a row half under the bar, up to when the charts above it were drawn.
_RUN = """async () => {
    scrollTo({top: 0, behavior: "instant"});
    const moving = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime < 2000);
    await Promise.allSettled(moving.map((one) => one.finished));
    const found = await axe.run(document, {
        resultTypes: ["violations"],
        rules: {"target-size": {enabled: true}},
    });
    return found.violations.flatMap((rule) => rule.nodes.map((node) =>
        `${rule.id} (${rule.impact}): ${node.target.flat().join(" ")}: ` +
        (node.any[0] || node.all[0] || node.none[0] || {message: ""}).message));
}"""


@lru_cache(maxsize=1)
def _source() -> str:
    path = Path(settings.BASE_DIR) / "node_modules/axe-core/axe.min.js"
    assert path.exists(), "install the front end's packages: npm ci"
    return path.read_text()


def axe_finds(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands now, a line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN)
    return found


def assert_accessible(page: Page) -> None:
    """axe finds nothing."""
    found = axe_finds(page)
    assert not found, "\n".join([page.url, *found])
