"""A report as it was validated, before anything is known about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from grids.locate import Place


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who says it, as far as they told."""

    name: str = ""
    phone: str = ""
    address: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.address or self.email)


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """One validated report. Every field is what the source said; the place has been looked up."""

    source: str
    external_id: str
    text: str
    nature: str | None = None
    category: str | None = None
    source_category: str = ""
    occurred_at: datetime | None = None
    # When it was really received, where it was taken by telephone and typed in later.
    received_at: datetime | None = None
    # When a machine of ours that stands outside took it in, where one did; and the code that it gave out.
    filed_at: datetime | None = None
    tracking_code: str = ""
    place: Place = field(default_factory=Place)
    address: str = ""
    place_type: str | None = None
    owner: str | None = None
    urgency: str | None = None
    reporter: Reporter = field(default_factory=Reporter)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[UUID, ...] = ()
    language: str = "zh-hans"
    # The number of an open case that the reporter says is the same thing; empty where they looked at
    # those that are known and say that it is none of them; None where nobody was asked.
    joins: str | None = None
    # The door's own digest of what was sent, where this draft says the same thing differently each time:
    # pictures that come again are stored under other names.
    digest: str = ""

    def content_hash(self) -> str:
        """A digest of what was said: the same report again has the same one, however it was spelt."""
        if self.digest:
            return self.digest
        content = {name: getattr(self, name) for name in _SAID}
        content["place"] = {"lon": self.place.lon, "lat": self.place.lat, "area": self.place.finest}
        content["reporter"] = {
            name: told for name in _REPORTER if (told := getattr(self.reporter, name)) or name != "email"
        }
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


_REPORTER = tuple(item.name for item in fields(Reporter))
# When it was typed in, and on which machine, is not part of what was said.
_UNSAID = ("received_at", "filed_at", "tracking_code", "digest")
_SAID = tuple(item.name for item in fields(ReportDraft) if item.name not in _UNSAID)
