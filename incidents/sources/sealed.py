"""Reading what is kept sealed on the disk."""

from accounts.sealing import unseal_bytes
from incidents.models import Document


def opened(document: Document) -> bytes:
    """A document's bytes; whoever asks has written down that they did (actions.open_document)."""
    with document.file.open("rb") as sealed:
        return unseal_bytes(sealed.read())
