"""What the classifier learns from: the example texts, and the list's own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accounts.reference import read_rows
from dispatch.items import Hours, Item, normal_form
from dispatch.loading import CATEGORY_COLUMNS, DATA, ITEM_COLUMNS
from dispatch.normalise.features import prepared
from dispatch.vocabulary import Source


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the item that it is about."""

    item: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemText:
    """What the list says of an item, beside its conditions."""

    item: Item
    filing_condition_zh: str


@dataclass(frozen=True, slots=True)
class CategoryText:
    code: str
    domain_zh: str
    name_zh: str
    scope_zh: str


@dataclass
class Corpus:
    """Everything to learn from, in the model's order: categories by code, items by category and code."""

    categories: list[CategoryText]
    items: list[ItemText]
    examples: list[Example]

    def __post_init__(self) -> None:
        self.categories.sort(key=lambda category: category.code)
        self.items.sort(key=lambda text: (text.item.category, text.item.code))
        place = {category.code: at for at, category in enumerate(self.categories)}
        spot = {text.item.code: at for at, text in enumerate(self.items)}
        self.category_of = np.array([place[text.item.category] for text in self.items])
        self.starts = np.searchsorted(self.category_of, np.arange(len(self.categories)))
        self.keywords = sorted({word for text in self.items for word in text.item.keywords})
        self.texts = [prepared(example.text) for example in self.examples]
        self.labels = np.array([spot[example.item] for example in self.examples])
        self.notes: list[str] = []
        self.note_items: list[int] = []  # -1: about a whole category
        self.note_categories: list[int] = []
        for at, text in enumerate(self.items):
            words = " ".join(sorted(text.item.keywords))
            self._note(f"{text.item.matter_zh} {text.filing_condition_zh}", at, self.category_of[at])
            if words:
                self._note(f"{text.item.matter_zh} {words}", at, self.category_of[at])
        for at, category in enumerate(self.categories):
            for _twice in range(2):
                self._note(f"{category.domain_zh} {category.name_zh} {category.scope_zh}", -1, at)

    def _note(self, text: str, item: int, category: int) -> None:
        self.notes.append(prepared(text))
        self.note_items.append(item)
        self.note_categories.append(int(category))


def read_corpus(
    *,
    categories: Path = DATA / "categories.csv",
    items: Path = DATA / "responsibility_items.csv",
    examples: Path | Sequence[Path] | None = None,
) -> Corpus:
    """From the reference files, without a database. Raises BadFile for a bad row of any of them."""
    category_rows = read_rows(categories, CATEGORY_COLUMNS)
    item_rows = read_rows(items, ITEM_COLUMNS)
    item_rows.one_of("category_code", [row["code"] for row in category_rows])
    item_rows.unique("code")
    item_rows.check()
    codes = [row["code"] for row in item_rows]
    files = example_files() if examples is None else [examples] if isinstance(examples, Path) else examples
    return Corpus(
        [
            CategoryText(row["code"], row["domain_zh"], row["name_zh"], row["scope_zh"])
            for row in category_rows
        ],
        [ItemText(_item(row.cells), row["filing_condition_zh"]) for row in item_rows],
        # Said twice in the same words it teaches nothing more, and would be held out from itself.
        list(dict.fromkeys(example for path in files for example in _read_examples(path, codes))),
    )


def example_files() -> list[Path]:
    """The shipped examples: the first file, and those beside it that were written later."""
    return [DATA / "example_texts.csv", *sorted((DATA / "examples").glob("*.csv"))]


def _read_examples(path: Path, codes: Sequence[str]) -> list[Example]:
    rows = read_rows(path, ("item_code", "source", "text"))
    rows.require("text")
    rows.one_of("item_code", codes)
    rows.one_of("source", Source.values)
    rows.check()
    return [Example(row["item_code"], row["source"], row["text"]) for row in rows]


def _item(cells: dict[str, str]) -> Item:
    def words(column: str) -> frozenset[str]:
        return frozenset(word for word in cells[column].split("|") if word)

    return Item(
        code=cells["code"],
        category=cells["category_code"],
        lead_unit=cells["lead_unit"],
        keywords=frozenset(normal_form(word) for word in words("keywords")),
        owners=words("owners"),
        place_types=words("place_types"),
        sources=words("sources"),
        hours=Hours.parse(cells["hours"]) if cells["hours"] else None,
        urgency=cells["urgency"],
        matter_zh=cells["matter_zh"],
    )
