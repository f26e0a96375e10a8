"""Where the words of an emergency stand on the picture of a command screen."""

from typing import Any

from incidents.centre.outlines import Drawing
from incidents.pages.centre_wall import short

# A box as left, top, right, bottom, in the picture's units.
_Box = tuple[float, float, float, float]
# As screen.css draws them: a letter of what is said and of a name, a line, and how far from its ring.
_LETTER, _NAME_LETTER, _LINE, _ASIDE = 32.0, 31.0, 36.0, 30.0


def labelled(
    emergencies: list[dict[str, Any]], drawing: Drawing | None, *, is_english: bool
) -> list[dict[str, Any]]:
    """Each with where its words stand: beside its ring where they lie on no name, no ring and no other words;
    where every place is taken, on the side that has more room."""
    if drawing is None:
        return emergencies
    name = "name_en" if is_english else "name_zh"
    taken = [_around(one["x"], one["y"], 2 * 24.0, 2 * 24.0) for one in emergencies]
    taken += [
        _around(shape.x, shape.y, _wide(short(getattr(shape, name)), _NAME_LETTER), _LINE)
        for shape in drawing.shapes
    ]
    placed = []
    for one in emergencies:
        x, y, wide = one["x"], one["y"], _wide(one["label"], _LETTER)
        sides = ["end", "start"] if x > drawing.width * 0.62 else ["start", "end"]
        places = [(side, y + down) for down in (0.0, -_LINE, _LINE) for side in sides]
        chosen = next(
            (place for place in places if _is_free(_box(x, *place, wide), taken, drawing)), places[0]
        )
        taken.append(_box(x, *chosen, wide))
        side, text_y = chosen
        placed.append(
            {
                **one,
                "text_x": x - _ASIDE if side == "end" else x + _ASIDE,
                "text_y": text_y,
                "anchor": side,
            }
        )
    return placed


def _wide(words: str, letter: float) -> float:
    return sum(letter if character > "\u2e7f" else letter * 0.55 for character in words)


def _around(x: float, y: float, wide: float, high: float) -> _Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _box(x: float, side: str, y: float, wide: float) -> _Box:
    left = x - _ASIDE - wide if side == "end" else x + _ASIDE
    return left, y - _LINE / 2, left + wide, y + _LINE / 2


def _is_free(box: _Box, taken: list[_Box], drawing: Drawing) -> bool:
    if box[0] < 0 or box[2] > drawing.width or box[1] < 0 or box[3] > drawing.height:
        return False
    return not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )
