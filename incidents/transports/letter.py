"""A letter, what carries it, and how that fails."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with an e-mail."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One parcel with its address looked up and its words made. Lives only while it is being sent.

    Who it is for and how its body is signed stay out of its repr, so that no log line holds them.
    """

    key: str  # the same key never carries anything else
    channel: str
    kind: str
    created_at: datetime
    to: str = field(repr=False)  # an e-mail address, a telephone number, a name in WeChat Work, a URL
    subject: str = field(repr=False, default="")
    body: str = field(repr=False, default="")
    secret: str = field(repr=False, default="")
    # Of e-mails alone: the same words laid out, and what is enclosed.
    html: str = field(repr=False, default="")
    enclosures: tuple[Enclosure, ...] = ()


class Transport(Protocol):
    """Carries letters of one channel; safe to call from several threads at once."""

    def send(self, letter: Letter) -> None:
        """Hand it over, or raise TransportError; anything else that is raised is a fault of ours."""
        ...


class TransportError(Exception):
    """It was not handed over. The text names no person: it is kept, and shown on a page.

    `permanent`: trying again would not help. `unwanted`: nor would anything else for the same address, which
    says so itself. `unreachable`: nobody listens there at all, so that
    whatever else is for the same place can wait as well.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, unwanted: bool = False, unreachable: bool = False
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent or unwanted
        self.unwanted = unwanted
        self.unreachable = unreachable
