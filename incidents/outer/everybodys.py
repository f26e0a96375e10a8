"""What everybody may see outside, as it is in the core now: all of it, or the pages that are asked for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import translation

from incidents import releasing
from incidents.models import Incident
from incidents.openness import public
from incidents.outer import keys, pages, registers, wire
from incidents.outer.zone import LANGUAGES
from incidents.public.catalogue import catalogue
from incidents.public.facts import WeekQuestion
from incidents.public.open_cases import cases, picture
from incidents.public.open_facts import PAGE_MOST, CasesQuestion, PictureQuestion
from incidents.public.publishing import published

# As on the list of the core's own pages.
CASES_SPAN: Final = timedelta(days=90)
CASES_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Something to be pushed."""

    key: str
    digest: str
    body: Callable[[], bytes]


def pages_of_all(*, at: datetime) -> Iterator[Page]:
    """All that everybody may see."""
    for key in registers.READERS:
        yield from _register(key)
    yield _week(at=at)
    yield _catalogue(at=at)
    asked = CasesQuestion(since=at - CASES_SPAN, until=at)
    for number in range(1, CASES_MOST // PAGE_MOST + 1):
        has_more, found = _cases(replace(asked, page=number), at=at)
        yield from found
        if not has_more:
            return


def pages_of(wanted: Iterable[str], *, at: datetime) -> Iterator[Page]:
    """Of these keys the pages that there are."""
    asked = set(wanted)
    for key in registers.READERS:
        if any(registers.of(one) == key for one in asked):
            yield from (page for page in _register(key) if page.key in asked)
    if pages.WEEK in asked:
        yield _week(at=at)
    if pages.CATALOGUE in asked:
        yield _catalogue(at=at)
    numbers = sorted(_named(asked, pages.CASE))
    for first in range(0, len(numbers), PAGE_MOST):
        young = Incident.objects.filter(
            number__in=numbers[first : first + PAGE_MOST], received_at__gte=at - CASES_SPAN
        ).values_list("number", flat=True)
        if some := tuple(young):
            _more, found = _cases(CasesQuestion(numbers=some), at=at)
            yield from (page for page in found if page.key in asked)
    photos = [UUID(hex=one) for one in _named(asked, pages.PICTURE)]
    if photos:
        shown = releasing.shown().filter(
            attachment__in=photos,
            incident__in=public(Incident.objects.filter(received_at__gte=at - CASES_SPAN)).values("pk"),
        )
        for photo, file in shown.values_list("attachment", "file"):
            yield _picture(photo, file)


def _named(wanted: Iterable[str], kind: str) -> list[str]:
    return [key.removeprefix(kind) for key in wanted if key.startswith(kind)]


def _register(key: str) -> Iterator[Page]:
    for name, told in registers.slices(key):
        yield _page(name, told)


def _week(*, at: datetime) -> Page:
    return _page(pages.WEEK, _in_all(lambda: published(WeekQuestion(), at=at)))


def _catalogue(*, at: datetime) -> Page:
    return _page(pages.CATALOGUE, _in_all(lambda: catalogue(at=at)))


def _cases(question: CasesQuestion, *, at: datetime) -> tuple[bool, Iterator[Page]]:
    """A page of cases with their pictures, and whether there are more."""
    with translation.override("zh-hans"):
        told = cases(question, at=at)
    numbers = tuple(one.number for one in told.cases)
    # The very same cases: meanwhile another may have come before them.
    with translation.override("en"):
        same = cases(CasesQuestion(numbers=numbers, page_size=len(numbers)), at=at).cases if numbers else ()
    english = {one.number: one for one in same}

    def found() -> Iterator[Page]:
        photos = [photo.id for one in told.cases for photo in one.photos]
        files = dict(releasing.shown().filter(attachment__in=photos).values_list("attachment", "file"))
        for one in told.cases:
            if one.number not in english:
                continue  # not public any more, just now
            both = {"zh-hans": one, "en": english[one.number]}
            yield _page(f"{pages.CASE}{one.number}", wire.written(both))
            for photo in one.photos:
                if photo.id in files:
                    yield _picture(photo.id, files[photo.id])

    return told.has_more, found()


def _picture(photo: UUID, file: str) -> Page:
    # Covered anew, it is another file.
    digest = keys.digest([file.encode()])
    return Page(f"{pages.PICTURE}{photo.hex}", digest, lambda: picture(PictureQuestion(photo)) or b"")


def _in_all(make: Callable[[], Any]) -> bytes:
    told = {}
    for language in LANGUAGES:
        with translation.override(language):
            told[language] = wire.plain(wire.written(make()))
    return wire.written(told)


def _page(key: str, written: bytes) -> Page:
    return Page(key, keys.digest([written]), lambda: written)
