"""The oldest browser: what is served keeps to it, and the look at it finds what does not (npm run floor)."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))

pytestmark = pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules/@mdn").exists() or not (ROOT / "static/dist/app.css").exists(),
    reason="The front end is not built: npm run build.",
)


def found(kind: str, *texts: str) -> list[list[str]]:
    """What the look says of each text, without where it stands."""
    code = (
        f'import {{ {kind} }} from "./frontend/floor.mjs";'
        'import { readFileSync } from "node:fs";'
        f'const told = JSON.parse(readFileSync(0, "utf8")).map((text) => {kind}(text, ""));'
        "console.log(JSON.stringify(told));"
    )
    done = subprocess.run(
        [str(NODE), "--input-type=module", "--eval", code, "unused"],
        input=json.dumps(texts),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [[line.removeprefix(": ") for line in one] for one in json.loads(done.stdout)]


NEW_STYLES = {
    ".a:has(b) { color: red }": ["selector :has"],
    ".a, .b:user-valid { color: red }": ["selector :user-valid"],
    "@container (min-width: 1px) { a { color: red } }": ["at-rule @container"],
    "@layer base { a { color: red } }": ["at-rule @layer"],
    "@media (width >= 600px) { a { color: red } }": ["media query range"],
    "@media (scripting: none) { a { color: red } }": ["media query scripting"],
    "a { color: color-mix(in srgb, red, blue) }": ["value color-mix()"],
    "a { --edge: oklch(40% 0.2 30) }": ["value oklch()"],
    "a { height: 100dvh }": ["value dvh"],
    "a { container-type: inline-size }": ["property container-type"],
    "a { display: flex; align-self: end }": ["value align-self: end"],
    "a { & b { color: red } }": ["selector &"],
}
KNOWN_STYLES = (
    "a { height: 100vh; height: 100dvh }",
    "@supports (height: 1dvh) { a { height: 100dvh } }",
    "@supports selector(:has(a)) { .a:has(b) { color: red } }",
    ".js-has-pseudo [x] { color: red } .a:has(b) { color: red }",
    "a { display: grid; justify-content: end; inset: 0; gap: 1px; aspect-ratio: 1 }",
    ".a:is(b):focus-visible { width: min(1px, 2vw) }",
    "a { print-color-adjust: exact; -webkit-print-color-adjust: exact }",
)
NEW_SCRIPTS = {
    "const b = structuredClone({});": ["global structuredClone"],
    "[1].at(-1)": ["member at"],
    "[1].findLast((x) => x)": ["member findLast"],
    "Object.hasOwn({}, 'a')": ["Object.hasOwn"],
    "crypto.randomUUID()": ["Crypto.randomUUID"],
    "fetch('/', { signal: AbortSignal.timeout(1) })": ["AbortSignal.timeout"],
    "input.showPicker()": ["member showPicker"],
    "class A { static { this.b = 1 } }": ["syntax static {}"],
}
KNOWN_SCRIPTS = (
    "const structuredClone = (x) => x; structuredClone({})",
    "if ('startViewTransition' in document) document.startViewTransition()",
    "a && document.startViewTransition && document.startViewTransition()",
    "input.showPicker?.()",
    "typeof structuredClone === 'function' ? structuredClone(1) : 1",
    "'a'.replaceAll('a', 'b'); [1].flat(); Promise.any([]); a?.b ?? 1",
)
NEW_PAGES = {
    '<div popover id="a">': ["attribute div popover"],
    "<p {% if a %}inert{% endif %}>{{ b }}</p>": ["attribute p inert"],
    '<i style="width: {{ share }}%; height: 1dvh">': ["value dvh"],
    "<search><input></search>": ["element <search>"],
}
KNOWN_PAGES = (
    "<dialog open>{% comment %}<search>{% endcomment %}</dialog>",
    '<img loading="lazy" style="width: {{ share }}%; {% if a %}left: 0{% endif %}">',
)


@pytest.mark.parametrize(
    ("kind", "new", "known"),
    [
        ("checkStyles", NEW_STYLES, KNOWN_STYLES),
        ("checkScript", NEW_SCRIPTS, KNOWN_SCRIPTS),
        ("checkPage", NEW_PAGES, KNOWN_PAGES),
    ],
)
def test_what_is_younger_is_named_and_what_stands_beside_an_older_way_is_not(
    kind: str, new: dict[str, list[str]], known: tuple[str, ...]
) -> None:
    told = found(kind, *new, *known)
    assert dict(zip(new, told[: len(new)], strict=True)) == new
    assert dict(zip(known, told[len(new) :], strict=True)) == {text: [] for text in known}


def test_what_is_served_keeps_to_it() -> None:
    done = subprocess.run([str(NODE), "frontend/floor.mjs"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Chromium 90 has everything" in done.stdout
