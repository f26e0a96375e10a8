"""What the import contract cannot see: rooms named in strings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["config", "dashboards", "incidents", "dispatch", "grids", "accounts"]
MODEL_NAME = re.compile(rf"({'|'.join(ROOMS)})\.[A-Z]\w+")


def named_rooms(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Rooms named as "room.Model", or as the first argument of get_model or import_module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if found := MODEL_NAME.fullmatch(node.value):
                yield node.lineno, found[1]
        elif isinstance(node, ast.Call) and node.args:
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if function in {"get_model", "import_module"} and isinstance(first, ast.Constant):
                room = str(first.value).partition(".")[0]
                if room in ROOMS:
                    yield node.lineno, room


@pytest.mark.parametrize("room", ROOMS[1:])
def test_no_room_names_one_to_its_left(room: str) -> None:
    to_its_left = ROOMS[: ROOMS.index(room)]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} names {named}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, named in named_rooms(ast.parse(path.read_text()))
        if named in to_its_left
    ]
    assert wrong == []
