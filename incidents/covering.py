"""A copy of a picture for everybody: smaller, with nothing but its pixels, and with tiles of it covered.

A tile is named by a number, row by row. A covered one is a single colour, so that nothing of it comes back.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from PIL import Image, ImageStat

from incidents.models import Attachment

# On the narrowest phone a tile is still large enough for a finger.
COLUMNS: Final = 10
ROWS: Final = 7
TILES: Final = COLUMNS * ROWS
LONGEST_SIDE: Final = 1_280
QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture's copy as JPEG."""

    attachment: UUID
    body: bytes
    width: int
    height: int
    covered: tuple[int, ...]


def copy_of(attachment: Attachment, covered: Collection[int]) -> Copy:
    """Make it; raises FileNotFoundError where the picture's file is gone, ValueError for no such tile."""
    tiles = tuple(sorted(set(covered)))
    if tiles and not 0 <= tiles[0] <= tiles[-1] < TILES:
        raise ValueError(f"{tiles} are not tiles of {COLUMNS} by {ROWS}")
    with attachment.file.open("rb") as handle, Image.open(handle, formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    for tile in tiles:
        box = _box(tile, picture.size)
        if box[0] < box[2] and box[1] < box[3]:
            mean = ImageStat.Stat(picture.crop(box)).mean
            picture.paste((round(mean[0]), round(mean[1]), round(mean[2])), box)
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Copy(attachment.pk, body.getvalue(), picture.width, picture.height, tiles)


def _box(tile: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    row, column = divmod(tile, COLUMNS)
    width, height = size
    return (
        width * column // COLUMNS,
        height * row // ROWS,
        width * (column + 1) // COLUMNS,
        height * (row + 1) // ROWS,
    )
