"""Does a PDF hold more than pictures of pages: programs, other files, forms that run?

Only its structure is looked at. What streams hold is compressed, and any three bytes come up in it by
chance; but objects that are packed into a stream are unpacked, and a stream in which an object stands
openly is looked at as if it were none.
"""

import re
import zlib
from typing import Final

# What a scan never needs, and what a viewer might run or save.
_ACTIVE: Final = frozenset(
    (b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"EF", b"RichMedia", b"XFA")
)
_NAME: Final = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]+)")
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb">>\s{0,8}stream\r?\n")
_OBJECT: Final = re.compile(rb"\d\s+\d+\s+obj\b")
_END: Final = b"endstream"
# Packed objects of one file, unpacked: those of a scan are some kilobytes.
_UNPACKED_MOST: Final = 16 * 1024 * 1024


def is_active(sent: bytes) -> bool:
    """Does it name anything a plain scan has no use for, or pack its objects so that nobody can look?"""
    left, position = _UNPACKED_MOST, 0
    while (stream := _STREAM.search(sent, position)) is not None:
        names = _names(sent[position : stream.end()])
        end = sent.find(_END, stream.end())
        end = len(sent) if end < 0 else end
        body = sent[stream.end() : end]
        if b"ObjStm" in names:
            packed = _unpacked(body, left)
            if packed is None:
                return True
            left -= len(packed)
            names |= _names(packed)
        if _OBJECT.search(body):
            names |= _names(body)
        if names & _ACTIVE:
            return True
        position = end
    return bool(_names(sent[position:]) & _ACTIVE)


def _names(part: bytes) -> set[bytes]:
    """The names in it as a viewer reads them: /J#61vaScript is /JavaScript."""
    return {
        _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), name) if b"#" in name else name
        for name in _NAME.findall(part)
    }


def _unpacked(body: bytes, most: int) -> bytes | None:
    """What was deflated; None where it was not, or comes to more than `most` bytes."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(body, most + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= most else None
