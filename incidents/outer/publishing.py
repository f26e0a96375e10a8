"""What the core publishes outside: reports' own pages, locked under their codes, and what everybody may see.

A page is pushed when it has changed, and again before it expires outside. Pages of reports are looked at
when the timeline has a new line of their case; those for everybody are made anew every few minutes.
"""

import base64
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import translation

from incidents import releasing
from incidents.contacting import NOT_RESIDENTS
from incidents.models import IncidentReport, Report, TimelineEntry
from incidents.models.incident import OPEN_STATUSES
from incidents.models.outer import OuterLink, OuterPushed
from incidents.outer import keys, pages, registers, wire
from incidents.outer.keys import CodeKey
from incidents.outer.zone import LANGUAGES
from incidents.public.catalogue import catalogue
from incidents.public.facts import TrackedCase, UnknownCode, WeekQuestion
from incidents.public.following import tracked
from incidents.public.open_cases import cases, picture
from incidents.public.open_facts import PAGE_MOST, CasesQuestion, PictureQuestion
from incidents.public.publishing import published
from incidents.sources import watermark
from incidents.sources.watermark import Cursor

log = logging.getLogger(__name__)

# How long a page is shown outside after it was pushed last.
REPORT_LASTS: Final = timedelta(days=90)
PUBLIC_LASTS: Final = timedelta(days=3)
# Cases that everybody may see, as on the list of the core's own pages.
CASES_SPAN: Final = timedelta(days=90)
CASES_MOST: Final = 10_000
# Lines of the timeline looked at in one round, and pages made for one exchange.
_LINES: Final = 2_000
_PAGES: Final = 60
_BYTES: Final = 6 * 1024**2


@dataclass(frozen=True, slots=True)
class Page:
    """Something to be pushed."""

    key: str
    digest: str
    body: Callable[[], bytes]


def look_for_changes(*, at: datetime) -> bool:
    """Want the pages of the reports whose cases have new lines; answers whether there may be more."""
    link, _made = OuterLink.objects.get_or_create(pk=1)
    cursor = Cursor.read(link.cursor) if link.cursor else watermark.beginning()
    end, noted = watermark.safe_end(cursor)
    lines = TimelineEntry.objects.filter(pk__gt=cursor.last, pk__lte=end).order_by("pk")
    seen = list(lines.values_list("pk", "incident_id")[:_LINES])
    read_to = seen[-1][0] if len(seen) == _LINES else end
    with transaction.atomic(durable=True):
        want(_followed({incident for _pk, incident in seen}, at=at), at=at)
        moved = Cursor(read_to, noted.seen, noted.xid) if read_to < noted.seen else Cursor(read_to)
        OuterLink.objects.filter(pk=1).update(cursor=str(moved))
    return len(seen) == _LINES


def want(reports: Iterable[int], *, at: datetime) -> None:
    """The pages of these reports are to be made and pushed."""
    OuterPushed.objects.bulk_create(
        [OuterPushed(report_id=pk, wanted_at=at) for pk in sorted(set(reports))],
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=["wanted_at"],
    )


def renew(*, at: datetime) -> None:
    """Want again what would expire outside although its case goes on."""
    soon = OuterPushed.objects.filter(
        report__isnull=False, wanted_at=None, expires_at__lt=at + REPORT_LASTS / 2
    ).order_by("expires_at")[:_PAGES]
    links = IncidentReport.objects.filter(
        report__in=[one.report_id for one in soon],
        unlinked_at__isnull=True,
        incident__status__in=OPEN_STATUSES,
    )
    want(links.values_list("report", flat=True), at=at)


def look_at_the_public(*, at: datetime) -> dict[str, Page]:
    """Want what everybody may see, where it is not outside as it is now; and what is gone, away;
    answers it."""
    known = dict(OuterPushed.objects.filter(report=None).values_list("key", "digest"))
    lasting = set(
        OuterPushed.objects.filter(report=None, expires_at__gt=at + PUBLIC_LASTS / 2).values_list(
            "key", flat=True
        )
    )
    now = {page.key: page for page in _public(at=at)}
    wanted = [key for key, page in now.items() if known.get(key) != page.digest or key not in lasting]
    gone = known.keys() - now.keys()
    with transaction.atomic(durable=True):
        OuterPushed.objects.bulk_create(
            [OuterPushed(key=key, wanted_at=at) for key in sorted({*wanted, *gone} - known.keys())]
        )
        OuterPushed.objects.filter(key__in={*wanted, *gone} & known.keys()).update(wanted_at=at)
        OuterLink.objects.filter(pk=1).update(published_at=at)
    return now


def made(public: Mapping[str, Page] | None, *, at: datetime) -> tuple[list[dict[str, Any]], list[str], bool]:
    """The pages of one message, keys of those that are gone, and whether there are more. Registers first.
    `public`: what everybody may see, where that was just looked at."""
    wanted_by_all = OuterPushed.objects.filter(report=None, wanted_at__isnull=False)
    for_all = list(wanted_by_all.values_list("key", flat=True))
    found: list[dict[str, Any]] = []
    size = 0
    gone: list[str] = []
    if for_all:
        now = public if public is not None else {page.key: page for page in _public(at=at)}
        gone = [key for key in for_all if key not in now]
        for key in sorted(for_all, key=lambda one: (not one.startswith("register:"), one)):
            if key in now and size < _BYTES:
                shown = now[key]
                found.append(_spelled(key, shown.digest, shown.body(), at + PUBLIC_LASTS))
                size += len(found[-1]["body"])
    wanted = OuterPushed.objects.filter(report__isnull=False, wanted_at__isnull=False)
    rows = list(wanted.select_related("report").order_by("wanted_at", "pk")[: _PAGES + 1])
    for row in rows[:_PAGES]:
        if size >= _BYTES:
            break
        assert row.report is not None
        page = _tried(row.report, at=at)
        if page is None or (page.digest == row.digest and _lasts(row, at=at)):
            OuterPushed.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(wanted_at=None)
            continue
        OuterPushed.objects.filter(pk=row.pk).update(key=page.key)
        found.append(_spelled(page.key, page.digest, page.body(), at + REPORT_LASTS))
        size += len(found[-1]["body"])
    return found, gone, size >= _BYTES or len(rows) > _PAGES


def note_kept(kept: Iterable[tuple[str, str]], gone: Iterable[str], *, made_at: datetime) -> None:
    """The outer zone has these now. What was wanted again since they were made stays wanted."""
    for key, digest in kept:
        lasts = REPORT_LASTS if key.startswith("report:") else PUBLIC_LASTS
        rows = OuterPushed.objects.filter(key=key)
        rows.update(digest=digest, expires_at=made_at + lasts)
        rows.filter(wanted_at__lte=made_at).update(wanted_at=None)
    OuterPushed.objects.filter(key__in=list(gone), report=None, wanted_at__lte=made_at).delete()


def _lasts(row: OuterPushed, *, at: datetime) -> bool:
    return row.expires_at is not None and row.expires_at > at + REPORT_LASTS / 2


def _followed(incidents: Iterable[int], *, at: datetime) -> list[int]:
    """The reports of these cases that somebody may follow: of residents, not over for long."""
    links = IncidentReport.objects.filter(
        Q(incident__closed_at=None) | Q(incident__closed_at__gt=at - REPORT_LASTS),
        incident__in=list(incidents),
        unlinked_at__isnull=True,
    )
    return list(links.exclude(report__source__in=NOT_RESIDENTS).values_list("report", flat=True))


def _tried(report: Report, *, at: datetime) -> Page | None:
    """A page that cannot be made is logged, and holds up no other; the case's next line wants it again."""
    try:
        return _of_report(report, at=at)
    except DatabaseError:
        raise
    except Exception:
        log.exception("the page of report %s cannot be made", report.pk)
        return None


def _of_report(report: Report, *, at: datetime) -> Page | None:
    told: dict[str, TrackedCase] = {}
    for language in LANGUAGES:
        with translation.override(language):
            try:
                case = tracked(report.tracking_code, at=at)
            except UnknownCode:
                return None
            told[language] = wire.read(TrackedCase, {**wire.plain(wire.written(case)), **_NO_PICTURES})
    written = wire.written(told)
    key = CodeKey(report.tracking_code)
    return Page(key.place, keys.digest([written]), lambda: key.lock(written))


# Pictures of a case stay in the core, but for those that were released to everybody.
_NO_PICTURES: Final[dict[str, Any]] = {"photos": [], "before": [], "after": []}


def _public(*, at: datetime) -> Iterator[Page]:
    """All that everybody may see, as it is now."""
    for key, rows in registers.READERS.items():
        yield _page(key, wire.written(rows()))
    yield _page(pages.WEEK, _in_all(lambda: published(WeekQuestion(), at=at)))
    yield _page(pages.CATALOGUE, _in_all(lambda: catalogue(at=at)))
    files = dict(releasing.shown().values_list("attachment", "file"))
    for number in range(1, CASES_MOST // PAGE_MOST + 1):
        asked = CasesQuestion(since=at - CASES_SPAN, until=at, page=number)
        told = {}
        for language in LANGUAGES:
            with translation.override(language):
                told[language] = cases(asked, at=at)
        for one, other in zip(told["zh-hans"].cases, told["en"].cases, strict=False):
            if one.number != other.number:
                continue  # something moved between the two: the next look has it
            yield _page(f"{pages.CASE}{one.number}", wire.written({"zh-hans": one, "en": other}))
            for photo in one.photos:
                if photo.id in files:  # covered anew, it is another file
                    digest = keys.digest([files[photo.id].encode()])
                    yield Page(f"{pages.PICTURE}{photo.id.hex}", digest, _bytes_of(photo.id))
        if not told["zh-hans"].has_more:
            return


def _bytes_of(photo: Any) -> Callable[[], bytes]:
    return lambda: picture(PictureQuestion(photo)) or b""


def _in_all(make: Callable[[], Any]) -> bytes:
    told = {}
    for language in LANGUAGES:
        with translation.override(language):
            told[language] = wire.plain(wire.written(make()))
    return wire.written(told)


def _page(key: str, written: bytes) -> Page:
    return Page(key, keys.digest([written]), lambda: written)


def _spelled(key: str, digest: str, body: bytes, expires_at: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "digest": digest,
        "body": base64.b64encode(body).decode(),
        "expires_at": expires_at.isoformat(),
    }


def is_due(link: OuterLink, *, at: datetime) -> bool:
    """Is it time to look at what everybody may see?"""
    every = timedelta(seconds=settings.OUTER_PUBLISH_SECONDS)
    return link.published_at is None or at >= link.published_at + every
