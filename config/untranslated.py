"""Words that stand in a template or a script as they are, and so in one language only.

`check_translations` compares catalogues; what nobody marked for translation is in none. This finds it: text
and spoken attributes in templates outside of translation tags, and sentences in scripts that say() should
have said.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

# Names and signs that are the same in every language.
SAME = frozenset(
    {"CSV", "JSON", "PDF", "PNG", "JPEG", "HEIC", "XLSX", "Excel", "GPS", "REST", "API", "URL", "HTML", "IP"}
    | {"kB", "MB", "km", "ms", "px", "Enter", "Esc", "Shift", "Ctrl", "WGS-84", "GCJ-02", "BD-09", "GeoNames"}
    | {"SVG", "SHA-256", "Open311"}
    | {"Yiwang", "ABCDE-FGHJK"}  # the shape of a tracking code
)
SPOKEN = frozenset({"title", "aria-label", "aria-description", "placeholder", "alt", "label", "data-confirm"})
_BLOCKS = re.compile(
    r"{%\s*(comment|blocktranslate|blocktrans|verbatim)\b.*?{%\s*end\1\s*%}|{#.*?#}"
    # blocks that fill an attribute, by the names that our bases give them
    r"|{%\s*block\s+(?:\w*class|\w*attributes?|\w*url)\s*%}.*?{%\s*endblock\b.*?%}",
    re.DOTALL,
)
_TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[\u3400-\u9fff]+")
_VOID = frozenset({"img", "input", "br", "hr", "meta", "link", "source"})
_SILENT = frozenset({"script", "style", "code", "kbd", "pre", "samp", "svg"})
# Where a script puts words before people.
_SAID = re.compile(
    r"""(?:\.(?:textContent|innerText|title|placeholder|alt)\s*=\s*|(?:aria-label|title|placeholder)["'],\s*"""
    r"""|\b(?:alert|confirm)\(\s*|\btext:\s*)(["'`])(?P<words>(?:(?!\1).)*[A-Za-z\u3400-\u9fff]{2}(?:(?!\1).)*)\1"""
)
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", re.DOTALL)
_QUOTED = re.compile(r"""(["'`])((?:\\.|(?!\1).)*)\1""")


def untranslated(root: Path) -> Iterator[str]:
    """A line for each place that says something in one language only."""
    for path in sorted((root / "templates").rglob("*.html")):
        for line, words in in_template(path.read_text()):
            yield f"not marked for translation: {words!r} ({path.relative_to(root)}:{line})"
    for path in sorted((root / "frontend").rglob("*.js")):
        for line, words in in_script(path.read_text()):
            yield f"said past the catalogue: {words!r} ({path.relative_to(root)}:{line})"


def in_template(source: str) -> list[tuple[int, str]]:
    """Line and words of what a template says as it is."""
    plain = _TAGS.sub(_blank, _BLOCKS.sub(_blank, source))
    plain = re.sub(r"<\s+(?=[a-z])", "<", plain)  # a tag whose name was chosen by a condition
    reader = _Reader()
    reader.feed(plain)
    reader.close()
    return [(line, words) for line, words in reader.said if _speaks(words)]


def in_script(source: str) -> list[tuple[int, str]]:
    """Line and words of what a script says without asking the catalogue."""
    plain = _COMMENT.sub(_blank, source)
    found = [(plain.count("\n", 0, match.start()) + 1, match["words"]) for match in _SAID.finditer(plain)]
    found += [
        (plain.count("\n", 0, match.start()) + 1, match[2])
        for match in _QUOTED.finditer(plain)
        if re.search(r"[\u3400-\u9fff]", match[2])
    ]
    return [
        (line, words) for line, words in sorted(set(found)) if "${" not in words or _speaks(_slots(words))
    ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[tuple[int, str]] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # What names its language is meant to be in it.
        names_language = tag not in _VOID and any(name == "lang" for name, _value in attrs)
        if tag in _SILENT or names_language or (self._silent and tag == self._silent[-1]):
            self._silent.append(tag)
        for name, value in attrs:
            if name in SPOKEN and value and not self._silent:
                self.said.append((self.getpos()[0], value.strip()))

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            before = data[: len(data) - len(data.lstrip())]
            self.said.append((self.getpos()[0] + before.count("\n"), data.strip()))


def _blank(match: re.Match[str]) -> str:
    """Nothing, on as many lines; a value in the middle of words does not join them."""
    return " " + "\n" * match.group().count("\n")


def _slots(words: str) -> str:
    return re.sub(r"\$\{[^}]*\}", " ", words)


def _speaks(words: str) -> bool:
    return any(word not in SAME and len(word) > 1 for word in _WORD.findall(words))
