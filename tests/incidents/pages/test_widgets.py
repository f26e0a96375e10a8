"""A long choice says what Django's own select says."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms

from incidents.pages.widgets import LongSelect, UnitSelect

CHOICES = [
    ("", "All"),
    ("a", "甲 & 乙"),
    ('"b"', "<b>"),
    ("道路", [("c", "路灯"), ("d", "井盖")]),
    ("空", []),
    (7, "seven"),
]


class Read(HTMLParser):
    """Tags with their attributes in any order, and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.told: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.told.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.told.append(data.strip())


@pytest.mark.parametrize("value", ["", "a", '"b"', "d", 7, None, "<unknown>"])
def test_it_says_what_the_frameworks_says(value: Any) -> None:
    attrs = {"class": "form-select", "aria-label": '"x"', "required": True, "disabled": False}
    ours, theirs = (
        Read(kind(attrs=attrs, choices=CHOICES).render("unit", value, {"id": "id_unit"})).told
        for kind in (LongSelect, forms.Select)
    )
    assert ours == theirs


def test_a_search_beside_a_select_sends_nothing_and_leaves_the_select_whole() -> None:
    """It has no name, and is hidden until a script puts it to use."""
    drawn = UnitSelect(choices=CHOICES).render("unit", "c", {"id": "id_unit"})
    read = Read(drawn).told
    [search] = [attrs for tag, attrs in (one for one in read if isinstance(one, tuple)) if tag == "input"]
    assert "name" not in dict(search)
    label = next(attrs for tag, attrs in (one for one in read if isinstance(one, tuple)) if tag == "label")
    assert "hidden" in dict(label)
    assert LongSelect(choices=CHOICES).render("unit", "c", {"id": "id_unit"}) in drawn
