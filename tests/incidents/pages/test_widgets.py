"""A long choice says what Django's own select says."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms

from incidents.pages.widgets import LongSelect

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
