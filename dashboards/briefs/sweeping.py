"""What the clock does by itself with briefs: begin those that are due, and issue what nobody held back.

However often it is asked, a brief is begun once and issued once. What was missed while no worker ran is
made up for, the oldest first; only the newest of each kind goes to mailboxes.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from dashboards.beginning import first_whole_day
from dashboards.briefs import acting, periods, telling
from dashboards.briefs.subjects import with_anything
from dashboards.models import Brief, BriefAbout, BriefKind, BriefRun
from dashboards.reading import Span
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused

log = logging.getLogger(__name__)

# So many weeks and months are made up for.
MADE_UP: Final = {BriefKind.WEEK: 4, BriefKind.MONTH: 3}
BATCH: Final = 20
TRIED_AGAIN: Final = timedelta(hours=1)


def begin_due(*, at: datetime) -> int:
    """Begin the briefs of every week and month that is over and was counted from its first day; how many."""
    earliest = first_whole_day()
    if earliest is None:
        return 0
    made = 0
    for kind, count in MADE_UP.items():
        newest = periods.latest(kind, at)
        wanted = [
            span
            for span in periods.back_from(kind, newest, count)
            # A week that began before anything was counted would be told by halves.
            if earliest <= span.first
        ]
        begun = set(
            BriefRun.objects.filter(kind=kind, first__in=[span.first for span in wanted]).values_list(
                "first", flat=True
            )
        )
        for span in reversed(wanted):
            if span.first not in begun:
                made += _begin(kind, span, is_newest=span == newest, at=at)
    return made


@transaction.atomic(durable=True)
def _begin(kind: str, span: Span, *, is_newest: bool, at: datetime) -> int:
    # The second of two workers waits here for the first, and finds it done.
    _run, created = BriefRun.objects.get_or_create(kind=kind, first=span.first, defaults={"made_at": at})
    if not created:
        return 0
    numbers = {
        (row["about"], row["code"]): row["most"]
        for row in Brief.objects.filter(kind=kind).values("about", "code").annotate(most=Max("number"))
    }
    waits = settings.BRIEF_DRAFT_HOURS[kind] if is_newest else 0
    rows = [
        Brief(
            kind=kind,
            about=subject.about,
            code=subject.code,
            name_zh=subject.name_zh,
            name_en=subject.name_en,
            first=span.first,
            last=span.last,
            number=numbers.get((subject.about, subject.code), 0) + 1,
            is_told=is_newest,
            issue_at=at + timedelta(hours=waits),
            made_at=at,
        )
        for subject in with_anything(span, at=at)
    ]
    Brief.objects.bulk_create(rows)
    for brief in rows:
        # One word for the district's, and one to each street: not fifty about departments.
        if waits and brief.about != BriefAbout.UNIT:
            telling.tell_drafted(brief, at=at)
    return len(rows)


def issue_due(*, at: datetime, limit: int = BATCH) -> int:
    """Issue up to `limit` drafts whose time has come; how many. Two workers at once issue each once."""
    due = Brief.objects.filter(status=Brief.Status.DRAFT, issue_at__lte=at).order_by("issue_at", "pk")
    found = list(due.values_list("pk", flat=True)[:limit])
    for brief in found:
        try:
            acting.issue(brief=brief, actor=SYSTEM, at=at)
        except ActionRefused:
            continue  # somebody writes in it at this moment: the next tick finds it again
        except Exception:
            # One that cannot be made stays a draft, visible to who writes in it, and holds up no other.
            log.exception("brief %s cannot be issued", brief)
            Brief.objects.filter(pk=brief, status=Brief.Status.DRAFT).update(issue_at=at + TRIED_AGAIN)
    return len(found)
