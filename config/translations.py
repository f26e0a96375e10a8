"""The texts of the interface, gathered from code and templates without GNU gettext.

The msgids are English and are what English readers see; locale/zh_Hans must have every one of them.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOMS = ("accounts", "grids", "dispatch", "incidents", "dashboards", "config")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def gather(root: Path) -> Catalog:
    """Every msgid that the code and the templates under `root` use, with the files that use it."""
    catalog = Catalog(charset="utf-8")
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        source = path.read_text()
        if path.suffix != ".py":
            source = _as_python(source, name)
        options = {"encoding": "utf-8"}
        found = extract("python", io.BytesIO(source.encode()), KEYWORDS, ["Translators:"], options)
        for _line, message, comments, context in found:
            catalog.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalog


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update(path: Path, gathered: Catalog) -> int:
    """Bring the catalogue at `path` up to date; how many texts it still has to translate.

    Texts that nothing uses any more go; nothing is guessed from similar texts.
    """
    catalog = read(path)
    catalog.update(gathered, no_fuzzy_matching=True, keep_user_comments=True)
    catalog.obsolete.clear()
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, omit_header=True, include_lineno=False, sort_by_file=True)
    path.write_bytes(_header(catalog).encode() + buffer.getvalue())
    return sum(1 for message in catalog if message.id and not _is_translated(message))


def problems(path: Path, gathered: Catalog) -> Iterator[str]:
    """What is missing or wrong in the catalogue at `path`, a line each."""
    catalog = read(path)
    for wanted in gathered:
        if not wanted.id:
            continue
        where = ", ".join(sorted({name for name, _ in wanted.locations}))
        message = catalog.get(wanted.id, wanted.context)
        if message is None:
            yield f"not in the catalogue: {_shown(wanted)} ({where})"
        elif not _is_translated(message):
            yield f"not translated: {_shown(wanted)} ({where})"
        elif message.fuzzy:
            yield f"marked fuzzy: {_shown(wanted)} ({where})"
        else:
            for error in message.check(catalog):
                yield f"{error}: {_shown(wanted)} ({where})"


def _header(catalog: Catalog) -> str:
    """What gettext needs to know, without dates and names that would change with every run."""
    return (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale_identifier}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )


def _sources(root: Path) -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted(path for path in (root / room).rglob("*.py") if "migrations" not in path.parts)
    for folder in (root / "templates", *(root / room / "templates" for room in ROOMS)):
        yield from sorted(path for path in folder.rglob("*") if path.suffix in {".html", ".txt", ".js"})


def _as_python(template: str, name: str) -> str:
    """The translatable parts of a template as calls, line by line, on lines that Python can read."""
    return "\n".join(line.strip() for line in templatize(template, origin=name).splitlines())


def _is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, (list, tuple)) else bool(message.string)


def _shown(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}|{text!r}" if message.context else repr(text)
