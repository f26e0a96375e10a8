"""Reading what is kept sealed on the disk."""

from incidents.models import Document
from incidents.models.contact import unseal_bytes


def opened(document: Document) -> bytes:
    """A document's bytes; whoever asks has written down that they did (actions.open_document)."""
    with document.file.open("rb") as sealed:
        return unseal_bytes(sealed.read())
