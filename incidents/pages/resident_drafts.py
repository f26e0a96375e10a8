"""Half-filled forms, kept in the session between the steps: a few, and small."""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac

from incidents.public import Complaint

DRAFTS_MAX = 3
_KEY = "report_drafts"


@dataclass(slots=True)
class Draft:
    """One filling-in of the form. Its id makes sending it twice the same as sending it once."""

    form: str
    text: str = ""
    lon: float | None = None
    lat: float | None = None
    area: str = ""
    facility: str = ""  # the code of the one whose printed code was scanned
    code: str = ""  # the printed code that was scanned
    place: str = ""  # the building's own code, of a plate whose code is in no register any more
    photo_only: bool = False  # a picture says it; there are no words
    category: str = ""  # one of those suggested, where the reporter chose one
    address: str = ""
    landmark: str = ""
    is_placed: bool = False
    alike: list[str] = field(default_factory=list)  # numbers of cases offered as "the same thing"
    joins: str | None = None  # one of those; empty: none of them; None: not asked
    receipt: dict[str, Any] | None = None

    def complaint(self, **more: Any) -> Complaint:
        return Complaint(
            form=self.form,
            text=self.text,
            lon=self.lon,
            lat=self.lat,
            area=self.area,
            facility=self.facility,
            code=self.code,
            address=self.address,
            landmark=self.landmark,
            joins=self.joins,
            category=self.category,
            **more,
        )

    def digest(self) -> str:
        """What was said about which place; nobody reads either out of it."""
        told = (self.text, self.lon, self.lat, self.area, self.facility, self.address, self.landmark)
        return salted_hmac("incidents.pages.resident_drafts", repr(told)).hexdigest()[:32]


def new_form_id() -> str:
    return uuid4().hex


def is_form_id(value: str) -> bool:
    """Could we have minted it?"""
    try:
        return UUID(hex=value).hex == value
    except ValueError:
        return False


def load(session: SessionBase, form: str) -> Draft | None:
    """The draft of that form, unless it has expired with its session."""
    kept = session.get(_KEY, {}).get(form)
    return Draft(**kept) if kept else None


def save(session: SessionBase, draft: Draft) -> None:
    """Keep a draft as the newest; the oldest beyond DRAFTS_MAX go."""
    drafts = {form: kept for form, kept in session.get(_KEY, {}).items() if form != draft.form}
    drafts[draft.form] = asdict(draft)
    session[_KEY] = dict(list(drafts.items())[-DRAFTS_MAX:])


def sent_already(session: SessionBase, draft: Draft, *, since: float) -> Draft | None:
    """Another form of this browser that said exactly this, and was sent after `since` (UNIX seconds)."""
    said = draft.digest()
    for form, kept in session.get(_KEY, {}).items():
        receipt = kept.get("receipt") or {}
        if form != draft.form and receipt.get("digest") == said and receipt.get("at", 0) >= since:
            return Draft(**kept)
    return None


def finish(session: SessionBase, draft: Draft, receipt: dict[str, Any]) -> None:
    """Keep nothing of a sent form but its receipt."""
    save(session, Draft(form=draft.form, receipt=receipt))
