"""Pictures out here: under lock at once, with a key that only the sender's browser has.

The id that a form carries is the secret: the row's own id and the key are derived from it, and neither leads
back. It goes to the core inside the sealed item, where the picture is made anew.
"""

import hashlib
import io
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from incidents.attachments import Upload, plain_jpeg
from incidents.models.outer import OuterPhoto
from incidents.outer import keys


class _Held:
    """Bytes that were read once, as an upload."""

    def __init__(self, body: bytes) -> None:
        self.size: int | None = len(body)
        self._body = io.BytesIO(body)

    def read(self, num_bytes: int = -1, /) -> bytes:
        return self._body.read(num_bytes)


def keep(upload: Upload, *, at: datetime) -> UUID:
    """Lock a picture away and answer the secret that opens it; raises InvalidInput as attachments does.

    As it was sent: what the camera said is evidence for the core, and is read there.
    """
    sent = upload.read()
    plain_jpeg(_Held(sent))  # is it one?
    secret = uuid4()
    place = place_of(secret)
    OuterPhoto.objects.create(id=place, body=keys.lock(_key(secret), sent, about=place.bytes), kept_at=at)
    return secret


def shown(secret: UUID) -> bytes | None:
    """The picture made anew, for whoever holds the secret; None where it is gone."""
    found = OuterPhoto.objects.filter(pk=place_of(secret)).first()
    return plain_jpeg(_Held(opened(secret, bytes(found.body)))) if found is not None else None


def opened(secret: UUID, locked: bytes) -> bytes:
    """The picture as it was sent; raises keys.NotOurs."""
    return keys.unlock(_key(secret), locked, about=place_of(secret).bytes)


def discard(secrets: Iterable[UUID]) -> None:
    OuterPhoto.objects.filter(pk__in=[place_of(secret) for secret in secrets]).delete()


def upload_of(body: bytes) -> Upload:
    return _Held(body)


def place_of(secret: UUID) -> UUID:
    """The row's id; it says nothing of the secret."""
    return UUID(bytes=hashlib.sha256(b"yiwang outer photo" + secret.bytes).digest()[:16])


def _key(secret: UUID) -> bytes:
    return keys.derived(secret.bytes, "photo")
