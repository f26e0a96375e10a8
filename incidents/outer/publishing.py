"""What the core publishes outside: reports' own pages, locked under their codes, and what everybody may see.

A page is pushed when it has changed, and again before it expires outside. Pages of reports are looked at
when the timeline has a new line of their case; those for everybody are made anew every few minutes.
"""

import base64
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import translation

from incidents.contacting import NOT_RESIDENTS
from incidents.models import IncidentReport, Report, TimelineEntry
from incidents.models.incident import OPEN_STATUSES
from incidents.models.outer import OuterLink, OuterPushed
from incidents.outer import aside, everybodys, keys, wire
from incidents.outer.everybodys import Page
from incidents.outer.keys import OF_REPORT, CodeKey
from incidents.outer.zone import LANGUAGES
from incidents.public.facts import TrackedCase, UnknownCode
from incidents.public.following import tracked
from incidents.sources import watermark
from incidents.sources.watermark import Cursor

log = logging.getLogger(__name__)

# How long a page is shown outside after it was pushed last.
REPORT_LASTS: Final = timedelta(days=90)
PUBLIC_LASTS: Final = timedelta(days=3)
# Lines of the timeline looked at in one round; pages made for one exchange, of reports and for everybody.
_LINES: Final = 2_000
_PAGES: Final = 60
_MADE_ANEW: Final = 500
# Of one look at what would expire.
_RENEWED: Final = 500
_FORGOTTEN: Final = 5_000
_FORGOTTEN_AFTER: Final = timedelta(days=7)
# Of one message; a larger page goes alone, up to what leaves room within the 32 MB that are taken there.
_BYTES: Final = 6 * 1024**2
PAGE_MOST: Final = 24 * 1024**2
# Why a page is not outside.
TOO_LARGE: Final = "too_large"
REFUSED: Final = "refused"


@dataclass(slots=True)
class Made:
    """What one message brings: pages, and keys of those that are gone; `more` has to follow."""

    told: list[dict[str, Any]]
    gone: list[str]
    more: bool
    size: int = 0

    def takes(self, page: Page, expires_at: datetime) -> bool:
        """Put it in, unless the message is full. One that no message holds is left out, and said to be."""
        body = base64.b64encode(page.body()).decode()
        if len(body) > PAGE_MOST:
            log.error("the page %s has %s bytes, which no message holds", page.key, len(body))
            OuterPushed.objects.filter(key=page.key).update(wanted_at=None, problem=TOO_LARGE)
            return True
        if self.told and self.size + len(body) > _BYTES:
            self.more = True
            return False
        self.size += len(body)
        self.told.append(
            {"key": page.key, "digest": page.digest, "body": body, "expires_at": expires_at.isoformat()}
        )
        return True


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
    """Want again what would expire outside although its case goes on; forget what expired long ago."""
    soon = OuterPushed.objects.filter(
        report__links__unlinked_at__isnull=True,
        report__links__incident__status__in=OPEN_STATUSES,
        wanted_at=None,
        expires_at__lt=at + REPORT_LASTS / 2,
    ).order_by("expires_at", "pk")
    want(soon.values_list("report", flat=True)[:_RENEWED], at=at)
    over = OuterPushed.objects.filter(
        key__startswith=OF_REPORT, wanted_at=None, expires_at__lt=at - _FORGOTTEN_AFTER
    ).order_by("expires_at", "pk")
    OuterPushed.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:_FORGOTTEN])).delete()


def want_anew(reports: Iterable[int], *, at: datetime) -> None:
    """The same, whether or not the page has changed here: outside it may say what was hoped for there."""
    pks = sorted(set(reports))
    OuterPushed.objects.filter(report__in=pks).update(digest="")
    want(pks, at=at)


def is_any_wanted() -> bool:
    """Is there a page to be brought, or one to be taken away?"""
    return OuterPushed.objects.filter(wanted_at__isnull=False).exists()


def look_at_the_public(*, at: datetime) -> dict[str, Page]:
    """Want what everybody may see, where it is not outside as it is now; and what is gone, away;
    answers it."""
    known = dict(_everybodys().values_list("key", "digest"))
    lasting = set(_everybodys().filter(expires_at__gt=at + PUBLIC_LASTS / 2).values_list("key", flat=True))
    now = {page.key: page for page in everybodys.pages_of_all(at=at)}
    # A case may have moved from one page of the list to another between two looks: only what is not there
    # when it is asked for by its name is gone.
    now |= {page.key: page for page in everybodys.pages_of(known.keys() - now.keys(), at=at)}
    wanted = [key for key, page in now.items() if known.get(key) != page.digest or key not in lasting]
    gone = known.keys() - now.keys()
    with transaction.atomic(durable=True):
        OuterPushed.objects.bulk_create(
            [OuterPushed(key=key, wanted_at=at) for key in sorted({*wanted, *gone} - known.keys())]
        )
        OuterPushed.objects.filter(key__in={*wanted, *gone} & known.keys()).update(wanted_at=at)
        OuterLink.objects.filter(pk=1).update(published_at=at)
    return now


def made(public: Mapping[str, Page] | None, *, at: datetime) -> Made:
    """The pages of one message. Registers first. `public`: what everybody may see, where that was just looked
    at; otherwise only what is wanted of it is made."""
    found = Made([], [], more=False)
    _add_everybodys(found, public, at=at)
    wanted = OuterPushed.objects.filter(report__isnull=False, wanted_at__isnull=False)
    rows = list(wanted.select_related("report").order_by("wanted_at", "pk")[: _PAGES + 1])
    found.more |= len(rows) > _PAGES
    for row in rows[:_PAGES]:
        assert row.report is not None
        try:
            page = _tried(row.report, at=at)
        except UnknownCode:  # nobody may follow it any more
            page = None
            found.gone += [row.key] if row.key else []
            if row.key:
                continue
        if page is None or (page.digest == row.digest and _lasts(row, at=at)):
            OuterPushed.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(wanted_at=None)
            continue
        if row.key != page.key:
            # It may have been set aside first.
            OuterPushed.objects.filter(report=None, key=page.key).delete()
            OuterPushed.objects.filter(pk=row.pk).update(key=page.key)
        if not found.takes(page, at + REPORT_LASTS):
            break
    _add_those_set_aside(found, at=at)
    return found


def _add_those_set_aside(found: Made, *, at: datetime) -> None:
    """Reports that could not be taken in: outside each page says so, until it is erased or taken in."""
    wanted = OuterPushed.objects.filter(report=None, key__startswith=OF_REPORT, wanted_at__isnull=False)
    rows = list(wanted.order_by("wanted_at", "pk").values_list("key", "wanted_at")[: _PAGES + 1])
    found.more |= len(rows) > _PAGES
    there = aside.pages_since(since for _key, since in rows if since) if rows else {}
    for key, _since in rows[:_PAGES]:
        if key not in there:
            found.gone.append(key)
        elif not found.takes(there[key], at + REPORT_LASTS):
            return


def _everybodys() -> QuerySet[OuterPushed]:
    return OuterPushed.objects.filter(report=None).exclude(key__startswith=OF_REPORT)


def _add_everybodys(found: Made, public: Mapping[str, Page] | None, *, at: datetime) -> None:
    keys_wanted = _everybodys().filter(wanted_at__isnull=False).values_list("key", flat=True)
    # In the order of the alphabet, registers name one another.
    wanted = sorted(keys_wanted, key=lambda one: (not one.startswith("register:"), one))
    if public is None:
        found.more |= len(wanted) > _MADE_ANEW
        wanted = wanted[:_MADE_ANEW]
        public = {page.key: page for page in everybodys.pages_of(wanted, at=at)} if wanted else {}
    found.gone += [key for key in wanted if key not in public]
    for key in wanted:
        if key in public and not found.takes(public[key], at + PUBLIC_LASTS):
            return


def note_kept(
    kept: Iterable[tuple[str, str]], gone: Iterable[str], refused: Iterable[str], *, made_at: datetime
) -> None:
    """The outer zone has these now, and could not take those: they are tried again when they are looked at
    the next time. What was wanted again since they were made stays wanted."""
    for key, digest in kept:
        lasts = REPORT_LASTS if key.startswith(OF_REPORT) else PUBLIC_LASTS
        rows = OuterPushed.objects.filter(key=key)
        rows.update(digest=digest, expires_at=made_at + lasts, problem="")
        rows.filter(wanted_at__lte=made_at).update(wanted_at=None)
    away = OuterPushed.objects.filter(key__in=list(gone), wanted_at__lte=made_at)
    away.filter(report__isnull=False).update(key="", digest="", expires_at=None, wanted_at=None, problem="")
    away.filter(report=None).delete()
    for key in refused:
        log.error("the outer zone could not take the page %s", key)
        OuterPushed.objects.filter(key=key, wanted_at__lte=made_at).update(wanted_at=None, problem=REFUSED)


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
    """A page that cannot be made is logged, and holds up no other; the case's next line wants it again.
    Raises UnknownCode."""
    try:
        return _of_report(report, at=at)
    except (DatabaseError, UnknownCode):
        raise
    except Exception:
        log.exception("the page of report %s cannot be made", report.pk)
        return None


def _of_report(report: Report, *, at: datetime) -> Page:
    told: dict[str, TrackedCase] = {}
    for language in LANGUAGES:
        with translation.override(language):
            case = tracked(report.tracking_code, at=at)
            told[language] = wire.read(TrackedCase, {**wire.plain(wire.written(case)), **_NO_PICTURES})
    written = wire.written(told)
    key = CodeKey(report.tracking_code)
    return Page(key.place, keys.digest([written]), lambda: key.lock(written))


# Pictures of a case stay in the core, but for those that were released to everybody.
_NO_PICTURES: Final[dict[str, Any]] = {"photos": [], "before": [], "after": []}


def is_due(link: OuterLink, *, at: datetime) -> bool:
    """Is it time to look at what everybody may see?"""
    every = timedelta(seconds=settings.OUTER_PUBLISH_SECONDS)
    return link.published_at is None or at >= link.published_at + every
