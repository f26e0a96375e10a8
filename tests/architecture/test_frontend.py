"""What no compiler sees: templates, scripts and styles name each other in strings."""

import json
import re
from pathlib import Path

from accounts.templatetags import ui

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "frontend").rglob("*.js"))


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    known = set(json.loads((ROOT / "frontend/icons.json").read_text()))
    named = {
        name
        for path in [*TEMPLATES, ROOT / "accounts/templatetags/ui.py"]
        for name in re.findall(r'(?:{%\s*icon\s+|\bicon\()"([\w-]+)"', path.read_text())
    }
    assert named - known == set()


def test_every_phrase_that_a_script_says_is_written_by_the_page() -> None:
    said = {name for path in SCRIPTS for name in re.findall(r'\bsay\("(\w+)"', path.read_text())}
    assert said - set(ui.phrases()) == set()


def test_pages_carry_no_inline_script_style_or_handler() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style\b|\son\w+=|\bhx-on")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in TEMPLATES
        for match in inline.finditer(path.read_text())
    ]
    assert found == []


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
