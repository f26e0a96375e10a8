"""The door as it is out here: what is sent is sealed and waits, what is shown was pushed by the core."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from grids.locate import geography
from incidents.errors import ActionRefused, InvalidInput
from incidents.models.outer import OuterItem, OuterPage
from incidents.models.report import tracking_code
from incidents.outer import keys, pages, photos, wire
from incidents.outer.keys import CodeKey
from incidents.outer.searching import page_of
from incidents.public.facts import (
    Answer,
    CodeWanted,
    Complaint,
    Mark,
    NearbyQuestion,
    OwnReports,
    Phase,
    Rating,
    Step,
    TrackedCase,
    UnknownCode,
    Week,
    WeekQuestion,
)
from incidents.public.filing import PHOTOS_MAX, check, clean_place, clean_text
from incidents.public.matters import MatterQuestion
from incidents.public.open_facts import (
    CasesQuestion,
    Catalogue,
    CatalogueQuestion,
    NumberQuestion,
    PictureQuestion,
)
from incidents.public.places import (
    PlaceQuestion,
    Scan,
    StillQuestion,
    place_told,
    scan,
    still_told,
)
from incidents.public.words import code_of, title_of
from incidents.timeline import Kind

LANGUAGES: Final = ("zh-hans", "en")
# What waits to be taken over is shown for so long, should the core never come.
_WAITS_MOST: Final = timedelta(days=90)
_ANSWER_MAX: Final = 500


def submit(told: Complaint | CodeWanted | Scan, *, at: datetime) -> dict[str, Any]:
    """Seal a complaint and answer its receipt; or say what a printed code leads to. Raises InvalidInput, and
    ActionRefused for what is only to be had from the core."""
    if isinstance(told, Scan):
        # The register that was pushed says what a code stands for; only the core could judge a signature.
        return scan(replace(told, signed="", counts=False), at=at)
    if isinstance(told, CodeWanted):
        raise _only_in_the_core()
    check(told)
    place = clean_place(told)
    code = tracking_code(int.from_bytes(keys.own_key("code", told.form), "big"))
    sealed = replace(told, tracking_code=code, filed_at=at, joins=None, category="")
    with transaction.atomic(durable=True):
        item = UUID(bytes=keys.own_key("item", told.form)[:16])
        # Sent again, the page may be the core's already: it stays what it is.
        if is_new := not pages.is_there(code, at=at) and _queue(
            item, "complaint", {"complaint": sealed}, told.photos, at=at
        ):
            shown = {
                language: waiting(told, code, place.street, place.community, language, at=at)
                for language in LANGUAGES
            }
            _show(code, shown, at=at)
    return {"number": "", "tracking_code": code, "created": is_new, "joined": False, "others": 0}


def status(asked: str | OwnReports, *, at: datetime) -> TrackedCase:
    """Where a report stands, as the core told it last; raises UnknownCode."""
    if isinstance(asked, OwnReports):
        raise UnknownCode
    found = pages.tracked(code_of(asked), at=at)
    # What only time changes is not pushed anew.
    return replace(
        found,
        overdue=found.due_at is not None and at > found.due_at,
        may_object=found.may_object and (found.object_until is None or at <= found.object_until),
    )


def answer(
    code: str,
    *,
    kind: Answer,
    at: datetime,
    rating: Rating | None = None,
    text: str = "",
    photos: Sequence[UUID] = (),
) -> None:
    """Seal what the reporter says about the handling. Whether it can still be taken in is for the core to
    say; what can be known here raises UnknownCode, InvalidInput or ActionRefused."""
    if kind == Answer.LEAVE:
        return
    if kind not in _SHOWN:
        raise UnknownCode
    case = status(code, at=at)
    if not _MAY.get(kind, lambda _case: True)(case):
        raise ActionRefused("wrong_state", _("This is not possible any more, or it is on its way already."))
    if kind in _WITH_WORDS:
        text = clean_text(text, field=_WITH_WORDS[kind], most=_ANSWER_MAX)
    given = rating or Rating()
    said = {"code": case.code, "answer": kind, "rating": given, "text": text, "photos": photos}
    with transaction.atomic(durable=True):
        _queue(uuid4(), kind.value, said, photos, at=at)
        told = pages.everywhere(case.code, at=at)
        shown = {
            language: _SHOWN[kind](wire.read(TrackedCase, told[language]), text, given, at)
            for language in LANGUAGES
        }
        _show(case.code, shown, at=at)


def published(question: Any, *, at: datetime) -> Any:
    """What the core has published here. What may be known, what words are about: that is the core's."""
    match question:
        case NearbyQuestion() | MatterQuestion():
            return ()
        case CasesQuestion():
            return page_of(question, at=at)
        case CatalogueQuestion():
            return pages.published(pages.CATALOGUE, Catalogue, at=at) or Catalogue("", "", None, ())
        case PictureQuestion():
            found = pages.valid(at=at).filter(key=f"{pages.PICTURE}{question.id.hex}").first()
            return bytes(found.body) if found is not None else None
        case PlaceQuestion():
            return place_told(question)
        case StillQuestion():
            return still_told(question)
        case WeekQuestion():
            return _week(question, at=at)
        case NumberQuestion():
            raise UnknownCode(question.code)
    raise TypeError(question)


def _only_in_the_core() -> ActionRefused:
    return ActionRefused("elsewhere", _("This is not to be had on this site. Call 12345."))


# --- what is sealed -------------------------------------------------------------------------------


def _queue(item: UUID, kind: str, said: Mapping[str, Any], pictures: Sequence[UUID], *, at: datetime) -> bool:
    """Put it among what waits for the core; False where it waits there already."""
    if OuterItem.objects.count() >= settings.OUTER_QUEUE_MOST:
        raise InvalidInput("", "full", _("Nothing more can be taken in here just now. Please call 12345."))
    if len(pictures) > PHOTOS_MAX:
        raise InvalidInput("photos", "too_many", _("At most %(max)d photos.") % {"max": PHOTOS_MAX})
    body = keys.seal(wire.written({"kind": kind, **said}), about=about(item, at))
    try:
        with transaction.atomic():
            OuterItem.objects.create(
                item=item, filed_at=at, body=body, photos=[photos.place_of(one).hex for one in pictures]
            )
    except IntegrityError:
        return False
    return True


def about(item: UUID, filed_at: datetime) -> bytes:
    """What stands beside a sealed item in the open, and is bound to it."""
    return item.bytes + filed_at.isoformat().encode()


# --- what is shown until the core says more -------------------------------------------------------


def _show(code: str, shown: Mapping[str, TrackedCase], *, at: datetime) -> None:
    key = CodeKey(code)
    OuterPage.objects.update_or_create(
        key=key.place,
        defaults={"body": key.lock(wire.written(shown)), "digest": "", "expires_at": at + _WAITS_MOST},
    )


def waiting(
    told: Complaint, code: str, street: str | None, community: str | None, language: str, *, at: datetime
) -> TrackedCase:
    """The page of what waits to be taken over."""
    names = geography().names
    where = [names[area][language == "en"] for area in (street, community) if area in names]
    return TrackedCase(
        code=code,
        phase=Phase.RECEIVED,
        title=title_of(told.text),
        category="",
        place=" · ".join(where),
        unit="",
        received_at=at,
        since=at,
        due_at=None,
        clock_from=None,
        parked_until=None,
        overdue=False,
        rework=0,
        returns=0,
        reports=1,
        joined=False,
        in_district=None,
        outcome="",
        answer="",
        words=told.text,
        address=" · ".join(part for part in (told.address.strip(), told.landmark.strip()) if part),
        has_contact=bool(told.phone),
        photos=(),
        before=(),
        after=(),
        steps=(Step(at=at, kind=Kind.RECEIVED, own=True),),
        why=None,
        handled_seconds=None,
        spare_seconds=None,
        marks=(),
        may_rate=False,
        may_object=False,
        object_until=None,
        objected_at=None,
        may_withdraw=True,
        waiting=None,
        may_reply=False,
        may_add=True,
        letter=None,
        texts=None,
        version=f"outer.{at.timestamp():.0f}",
    )


def _with(case: TrackedCase, at: datetime, kind: str, note: str = "", **changed: Any) -> TrackedCase:
    step = Step(at=at, kind=kind, own=True, note=note)
    version = f"{case.version}+{at.timestamp():.3f}"
    return replace(case, steps=(step, *case.steps), version=version, **changed)


def _rated(case: TrackedCase, _text: str, given: Rating, at: datetime) -> TrackedCase:
    marks = tuple(Mark(name, getattr(given, name)) for name in ("speed", "result", "service"))
    return _with(case, at, Kind.RATED, marks=marks, may_rate=False)


def _objected(case: TrackedCase, text: str, _given: Rating, at: datetime) -> TrackedCase:
    return _with(case, at, Kind.OBJECTED, text, may_object=False, objected_at=at)


def _withdrawn(case: TrackedCase, _text: str, _given: Rating, at: datetime) -> TrackedCase:
    closed: dict[str, Any] = {"may_withdraw": False, "may_add": False, "may_reply": False, "may_rate": False}
    return _with(case, at, Kind.WITHDRAWN, phase=Phase.WITHDRAWN, due_at=None, waiting=None, **closed)


def _replied(case: TrackedCase, text: str, _given: Rating, at: datetime) -> TrackedCase:
    return _with(case, at, Kind.REPORTER_ANSWERED, text, may_reply=False)


def _added(case: TrackedCase, text: str, _given: Rating, at: datetime) -> TrackedCase:
    return _with(case, at, Kind.SUPPLEMENTED, text)


def _quiet(case: TrackedCase, _text: str, _given: Rating, at: datetime) -> TrackedCase:
    return replace(case, texts=False, version=f"{case.version}+{at.timestamp():.3f}")


def _texted(case: TrackedCase, _text: str, _given: Rating, at: datetime) -> TrackedCase:
    return replace(case, texts=True, version=f"{case.version}+{at.timestamp():.3f}")


_SHOWN: Final[Mapping[Answer, Callable[[TrackedCase, str, Rating, datetime], TrackedCase]]] = {
    Answer.RATE: _rated,
    Answer.OBJECT: _objected,
    Answer.WITHDRAW: _withdrawn,
    Answer.REPLY: _replied,
    Answer.ADD: _added,
    Answer.STOP_TEXTS: _quiet,
    Answer.RESUME_TEXTS: _texted,
}
_MAY: Final[Mapping[Answer, Callable[[TrackedCase], bool]]] = {
    Answer.RATE: lambda case: case.may_rate,
    Answer.OBJECT: lambda case: case.may_object,
    Answer.WITHDRAW: lambda case: case.may_withdraw,
    Answer.REPLY: lambda case: case.may_reply,
    Answer.ADD: lambda case: case.may_add,
}
# The field of each that holds what somebody wrote.
_WITH_WORDS: Final[Mapping[Answer, str]] = {
    Answer.OBJECT: "reason",
    Answer.REPLY: "text",
    Answer.ADD: "text",
}


def _week(question: WeekQuestion, *, at: datetime) -> Week:
    found = pages.published(pages.WEEK, Week, at=at)
    if found is None:
        return Week(at - timedelta(days=7), at, 0, None, None, None, (), {}, ())
    if not question.street:
        return found
    name = next((row.name for row in found.streets if row.code == question.street), "")
    return replace(found, latest=tuple(case for case in found.latest if case.street == name))
