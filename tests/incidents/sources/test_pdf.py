"""What makes a PDF more than a scan, and what only looks like it in compressed bytes."""

import random
import zlib

import pytest

from incidents.sources import pdf

HEAD, TAIL = b"%PDF-1.6\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n", b"trailer<</Root 1 0 R>>\n%%EOF\n"


def stream(body: bytes, entries: bytes = b"/Type/XObject/Subtype/Image") -> bytes:
    return b"7 0 obj<<%b/Length %d>>\nstream\n%b\nendstream endobj\n" % (entries, len(body), body)


def test_compressed_bytes_are_not_read_as_words():
    noise = random.Random(7).randbytes(3 * 1024**2)
    for word in (b"/JS ", b"/XFA<", b"/Launch/"):
        noise = noise[:5_000] + word + noise[5_000:]
    assert not pdf.is_active(HEAD + stream(noise) + stream(noise) + TAIL)


def test_a_longer_name_is_another_name():
    assert not pdf.is_active(HEAD + b"8 0 obj<</JSON 1/XFAB 2/EFfort 3/Font/LaunchPad>>endobj" + TAIL)


@pytest.mark.parametrize(
    "part",
    [
        b"8 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj",
        b"8 0 obj<</S/J#61vaScript/J#53 9 0 R>>endobj",
        b"8 0 obj<</Names<</EmbeddedFiles 9 0 R>>>>endobj",
        b"8 0 obj<</S /Launch>>endobj",
        # between two streams, and behind the last one
        stream(b"x") + b"8 0 obj<</XFA[]>>endobj" + stream(b"y"),
        # packed into a stream with other objects
        stream(zlib.compress(b"8 0 <</S/JavaScript/JS(x)>>"), b"/Type/ObjStm/Filter/FlateDecode"),
        stream(zlib.compress(b"8 0 <</S/JavaScript/JS(x)>>"), b"/Type/Obj#53tm/Filter/FlateDecode"),
        # an object that only looks as if it stood in a stream
        b"<<>>\nstream\n8 0 obj<</S/JavaScript>>endobj\nendstream",
        # packed so that nobody can look
        stream(b"no deflate", b"/Type/ObjStm"),
        stream(zlib.compress(bytes(20 * 1024**2)), b"/Type/ObjStm"),
    ],
)
def test_what_may_run_or_be_saved_is_found(part: bytes):
    assert pdf.is_active(HEAD + part + TAIL)


def test_packed_objects_that_do_nothing_are_let_through():
    packed = zlib.compress(b"8 0 <</Type/Page/MediaBox[0 0 595 842]>>")
    assert not pdf.is_active(HEAD + stream(packed, b"/Type/ObjStm/Filter/FlateDecode") + TAIL)
