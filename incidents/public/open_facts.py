"""What the public view and Open311 ask, and what they are told: frozen, plain, and about nobody."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

PAGE_MOST = 1_000


@dataclass(frozen=True, slots=True)
class CatalogueQuestion:
    """What can be reported?"""


@dataclass(frozen=True, slots=True)
class Service:
    """One of the district's categories, as somebody who reports chooses it."""

    code: str
    name: str
    description: str
    keywords: tuple[str, ...]
    group: str
    # Kinds of place with their names, where that can change whose job it is; empty: it cannot.
    place_types: tuple[tuple[str, str], ...]
    # Is it about things that have an owner, and often a plate with a number?
    of_facilities: bool
    # May a case be known to everybody?
    is_public: bool
    is_dangerous: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    district: str  # its code
    district_name: str
    changed_at: datetime | None
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class CasesQuestion:
    """Public cases, newest first. Where numbers are named nothing else is asked of them."""

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()  # codes of domains
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    words: str = ""
    street: str = ""
    near: tuple[float, float] | None = None  # longitude, latitude
    metres: float = 0.0
    page: int = 1
    page_size: int = PAGE_MOST
    with_photos: bool = True


@dataclass(frozen=True, slots=True)
class PublicPicture:
    """A released copy of a picture."""

    id: UUID
    stage: str  # report, before, after
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a case: a phase that it came into."""

    at: datetime
    what: str  # received, sent, handling, checking, settled, declined, answered, withdrawn, merged


@dataclass(frozen=True, slots=True)
class PublicCase:
    """What everybody may know of a case. Words and pictures are there once a person has released them."""

    number: str
    category: str
    category_name: str
    group: str
    is_open: bool
    phase: str
    outcome: str
    merged_into: str
    unit: str
    received_at: datetime
    updated_at: datetime
    due_at: datetime | None
    community: str
    street: str
    district: str
    area: str  # the code of the smallest area that is named
    lon: float | None  # WGS-84, to some ten metres
    lat: float | None
    reports: int
    words: str
    photos: tuple[PublicPicture, ...]
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    cases: tuple[PublicCase, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class NumberQuestion:
    """Under which number is the case known that a report became? Asked by its tracking code."""

    code: str


@dataclass(frozen=True, slots=True)
class PictureQuestion:
    """The released copy of a picture, as JPEG."""

    id: UUID
