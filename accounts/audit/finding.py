"""Looking for lines of the log: by person, kind, time and what they are about; pages by cursor."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.audit.rows import AuditEvent
from accounts.audit.words import ABOUT_KINDS
from accounts.models import User

PAGE: Final = 50
WORDS_MOST: Final = 80
# Of one name so many people are looked at.
_NAMED_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader wants; what is not understood is left out, and named."""

    person: str = ""
    kind: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    strange: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: QueryDict) -> "Asked":
        """From an address."""
        strange = []
        kind = query.get("kind", "")
        if kind and kind not in AuditEvent.Kind.values:
            strange.append(kind[:WORDS_MOST])
            kind = ""
        days: dict[str, date | None] = {}
        for name in ("since", "until"):
            text = query.get(name, "")
            try:
                days[name] = date.fromisoformat(text) if text else None
            except ValueError:
                days[name] = None
                strange.append(text[:WORDS_MOST])
        return cls(
            _words(query.get("person", "")),
            kind,
            _words(query.get("about", "")),
            **days,
            strange=tuple(strange),
        )

    @property
    def is_filtered(self) -> bool:
        """Does it leave anything out?"""
        return bool(self.person or self.kind or self.about or self.since or self.until)


def newest(asked: Asked, *, most: int, before: int | None = None) -> list[AuditEvent]:
    """What is asked for, newest first, and before a row where one is said."""
    found = _filtered(asked)
    if before is not None:
        found = found.filter(pk__lt=before)
    if not asked.person:
        return list(found[:most])
    # By whom, about whom, and by name: each has its index, and an "or" of the three has none, which for a
    # person of few lines reads the log back to its beginning.
    ids: set[int] = set()
    for way in _by_or_about(asked.person):
        ids.update(found.filter(way).values_list("pk", flat=True)[:most])
    return list(AuditEvent.objects.filter(pk__in=sorted(ids)[-most:]).order_by("-pk"))


def _filtered(asked: Asked) -> QuerySet[AuditEvent]:
    found = AuditEvent.objects.order_by("-pk")
    if asked.kind:
        found = found.filter(kind=asked.kind)
    if asked.about:
        # With the kinds said, the index is one look-up for each.
        found = found.filter(about_kind__in=ABOUT_KINDS, about=asked.about)
    if asked.since:
        found = found.filter(at__gte=_midnight(asked.since))
    if asked.until:
        found = found.filter(at__lt=_midnight(asked.until) + timedelta(days=1))
    return found


def page(asked: Asked, before: str) -> tuple[list[AuditEvent], str]:
    """So many of them, and the cursor of what comes after; as fast however far down."""
    is_cursor = before.isascii() and before.isdigit() and len(before) < 19
    rows = newest(asked, most=PAGE + 1, before=int(before) if is_cursor else None)
    return rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""


def _by_or_about(words: str) -> tuple[Q, Q, Q]:
    named = User.objects.filter(Q(username__icontains=words) | Q(display_name__icontains=words))
    ids = list(named.order_by("pk").values_list("pk", flat=True)[:_NAMED_MOST])
    return Q(user__in=ids), Q(about_kind="user", about__in=[str(pk) for pk in ids]), Q(who=words)


def _words(text: str) -> str:
    return text.replace("\x00", "").strip()[:WORDS_MOST]


def _midnight(day: date) -> datetime:
    """Of the district's day, which is the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
