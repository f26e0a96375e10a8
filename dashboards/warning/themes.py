"""苗头: what people begin to say that no category has a word for.

Four times a day the week's texts are compared with what was said before them (phrases.py); what grows,
holds together and is neither a known matter, a place nor maybe a person (words.py) is grouped by who says
it. The past is kept as hashes alone. A theme that a burst has told already is none.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from accounts import masking
from dashboards.models import PastTalk, Warning, WarningCase, WarningSweep
from dashboards.warning import counting, phrases, tails
from dashboards.warning.counting import DAY
from dashboards.warning.phrases import Past, Phrase, Talk, plain
from dashboards.warning.words import KnownWords, may_be_a_person, survives
from incidents.models import Incident, IncidentReport
from incidents.numbers import district_day

RULE: Final = "theme/1"
LOCK: Final = 0x79_77_77_74
# Days of the window, today with it; how far back the past is read at first; hours between two looks.
WINDOW: Final = 7
_BACK: Final = 91
EVERY: Final = 6
# Fewer days of the past, and everything is new.
_LEAST_PAST: Final = 21
# Over when it was not seen to grow for so long.
_OVER_AFTER: Final = timedelta(days=3)
_MOST_TERMS, _MOST_CASES, _MOST_THEMES, _MOST_PHRASES = 8, 300, 10, 400
# Of its cases, how many may belong to bursts before it is the burst.
_TOLD: Final = 0.6
# Of a text, what is read.
_MOST_CHARACTERS: Final = 500
# Days of the past that are folded into one write.
_AT_ONCE: Final = 10

_READ: Final = """
SELECT left(t.body, %s), i.id,
       hashtextextended(coalesce(nullif(k.phone_index, ''), 'report ' || r.id), 0),
       floor(extract(epoch FROM r.received_at) / 3600)::int
FROM incidents_report r
JOIN incidents_text t ON t.id = r.text_id
JOIN incidents_incidentreport l ON l.report_id = r.id AND l.unlinked_at IS NULL
JOIN incidents_incident i ON i.id = l.incident_id
LEFT JOIN incidents_contact k ON k.id = r.contact_id
WHERE r.received_at >= %s AND r.received_at < %s AND t.erased_at IS NULL
    AND r.source NOT IN ('sensor', 'ai_video', 'patrol') AND r.nature <> 'praise' AND i.status <> 'rejected'
ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What people wrote in some time, as they wrote it; row by row with case, reporter and hour."""

    bodies: Sequence[str]
    cases: Any
    who: Any
    hours: Any

    def talk(self) -> Talk:
        return Talk.of([plain(body) for body in self.bodies], self.who)


def said(first: datetime, end: datetime) -> Said:
    """People's texts from `first` until before `end`; machines and patrols write by template."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [_MOST_CHARACTERS, first, end])
        rows = cursor.fetchall()
    return Said(
        [row[0] for row in rows],
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


def sweep(*, at: datetime) -> int:
    """Look at the week up to the last quarter of the day; answers how many themes began or went on."""
    end = counting.instant(((counting.hour_of(at) + 8) // EVERY) * EVERY - 8)
    _catch_up(until=district_day(end) - (WINDOW - 1) * DAY)
    with transaction.atomic(durable=True):
        if not _locked():
            return 0
        before = WarningSweep.objects.filter(name="themes").first()
        if before and before.swept_to >= end:
            return 0
        past, days = _past()
        seen = 0
        if days >= _LEAST_PAST:
            window = said(counting.midnight(district_day(end) - (WINDOW - 1) * DAY), end)
            seen = _find(window, past, end)
        WarningSweep.objects.update_or_create(name="themes", defaults={"swept_to": end})
        return seen


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


# --- the past ---------------------------------------------------------------------------------------


def _catch_up(*, until: date) -> None:
    """Fold the days before `until` into the past, some at once; each day exactly once."""
    while _fold_some(until):
        pass


def _fold_some(until: date) -> bool:
    with transaction.atomic(durable=True):
        if not _locked():
            return False
        # The row is big: its day alone says whether it has to be read.
        known = PastTalk.objects.values_list("until", flat=True).first()
        first = known or _first_day(until)
        if first is None or first >= until:
            return False
        last = min(until, first + _AT_ONCE * DAY)
        row = PastTalk.objects.first()
        past = _unpacked(row)
        for back in range((last - first).days):
            day = first + back * DAY
            past = past.after(said(counting.midnight(day), counting.midnight(day + DAY)).talk())
        values = {
            "until": last,
            "reporters": past.reporters,
            "hashes": past.hashes.tobytes(),
            "counts": past.counts.tobytes(),
        }
        if row:
            PastTalk.objects.filter(pk=row.pk).update(**values)
        else:
            PastTalk.objects.create(**values)
        return last < until


def _first_day(until: date) -> date | None:
    first = Incident.objects.order_by("received_at", "pk").values_list("received_at", flat=True).first()
    return max(district_day(first), until - _BACK * DAY) if first else None


def _unpacked(row: PastTalk | None) -> Past:
    if row is None:
        return Past.empty()
    return Past(
        np.frombuffer(bytes(row.hashes), dtype=np.uint64),
        np.frombuffer(bytes(row.counts), dtype=np.float32),
        row.reporters,
    )


def _past() -> tuple[Past, int]:
    """The past, and how many days it can be about."""
    row = PastTalk.objects.first()
    first = Incident.objects.order_by("received_at", "pk").values_list("received_at", flat=True).first()
    return _unpacked(row), (row.until - district_day(first)).days if row and first else 0


# --- the week ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Theme:
    """Phrases that the same people say, and the rows of the week in which they stand."""

    phrases: Sequence[Phrase]
    rows: Any


def _find(window: Said, past: Past, now: datetime) -> int:
    themes = find(window, past, KnownWords.read())
    known = list(Warning.objects.filter(kind=Warning.Kind.THEME, ended_at=None).order_by("pk"))
    told = _told_by_bursts(now)
    seen = 0
    for theme in themes[:_MOST_THEMES]:
        cases = {int(case) for case in window.cases[theme.rows]}
        warning = _same(theme, cases, known)
        if warning is None and len(cases & told) >= _TOLD * len(cases):
            continue
        if warning is None:
            warning = Warning(kind=Warning.Kind.THEME, rule=RULE, found_at=now, since=now)
            known.append(warning)
        _write_down(warning, theme, window, cases, past, now)
        seen += 1
    Warning.objects.filter(kind=Warning.Kind.THEME, ended_at=None, seen_at__lte=now - _OVER_AFTER).update(
        ended_at=now
    )
    return seen


def find(window: Said, past: Past, words: KnownWords) -> list[Theme]:
    """The themes of a week, the most telling first."""
    talk = window.talk()
    per_look = settings.WARNING_FALSE_THEMES_PER_WEEK / (7 * 24 / EVERY)
    texts = [plain(body) for body in window.bodies]
    kept = []
    for phrase, speakers in phrases.grown(talk, past, false_ones=per_look)[:_MOST_PHRASES]:
        if words.is_matter(phrase.words) or may_be_a_person(phrase.words, past):
            continue
        rows = [row for row, text in enumerate(texts) if phrase.words in text]
        if survives(phrase.words, (window.bodies[row] for row in rows[:50])):
            kept.append((phrase, speakers))
    found = []
    for group in phrases.themes(kept):
        if all(words.is_place(phrase.words) for phrase, _speakers in group):
            continue  # a place is where, and not what
        # what is said first is what it is about: places come behind
        ordered = sorted(group, key=lambda pair: (words.is_place(pair[0].words), pair[0].chance))
        terms = [phrase for phrase, _speakers in ordered[:_MOST_TERMS]]
        rows = [row for row, text in enumerate(texts) if any(term.words in text for term in terms)]
        found.append(Theme(terms, np.array(rows)))
    return found


def _told_by_bursts(now: datetime) -> set[int]:
    lately = Q(warning__ended_at=None) | Q(warning__ended_at__gt=now - WINDOW * DAY)
    return set(
        WarningCase.objects.filter(lately, warning__kind=Warning.Kind.BURST).values_list(
            "incident_id", flat=True
        )
    )


def _same(theme: Theme, cases: set[int], known: Iterable[Warning]) -> Warning | None:
    """The warning that goes on: one that shares a phrase or half of the cases."""
    terms = {phrase.words for phrase in theme.phrases}
    for warning in known:
        if terms & set(warning.terms):
            return warning
    held = Counter(
        WarningCase.objects.filter(
            warning__in=[warning.pk for warning in known if warning.pk], incident__in=cases
        ).values_list("warning_id", flat=True)
    )
    for warning in known:
        if held[warning.pk] * 2 >= len(cases):
            return warning
    return None


# Detection writes these and nothing else: what people do with a warning at the same time stands.
_MEASURED: Final = [
    "terms", "since", "until", "seen_at", "window_hours", "observed", "expected", "expected_low",
    "expected_high", "surprise", "case_count", "reporter_count", "unit_code", "street_code",
    "community_code", "domain_code", "category_code", "evidence",
]  # fmt: skip


def _write_down(
    warning: Warning, theme: Theme, window: Said, cases: set[int], past: Past, now: datetime
) -> None:
    best = min(theme.phrases, key=lambda phrase: phrase.chance)
    hours = window.hours[theme.rows]
    first = counting.instant(int(hours.min()))
    warning.since = min(warning.since, first)
    warning.until = warning.seen_at = now
    warning.window_hours = WINDOW * 24
    if warning._state.adding:
        warning.key = f"theme {theme.phrases[0].words} {district_day(now):%Y%m%d}"
    new = [phrase.words for phrase in theme.phrases]
    warning.terms = [*new, *(term for term in warning.terms if term not in new)][:_MOST_TERMS]
    warning.observed, warning.expected = best.reporters, best.expected
    warning.expected_low, warning.expected_high = tails.interval(best.expected, best.size)
    warning.surprise = best.surprise
    warning.reporter_count = max(warning.reporter_count, len(np.unique(window.who[theme.rows])))
    rows = list(
        Incident.objects.filter(pk__in=cases).values_list(
            "street_code", "community_code", "category_id", "owner_unit_id"
        )
    )
    warning.street_code = _mostly([row[0] for row in rows])
    warning.community_code = _mostly([row[1] for row in rows])
    warning.category_code = _mostly([row[2] or "" for row in rows])
    warning.domain_code = _mostly([(row[2] or "")[:2] for row in rows])
    units = Counter(row[3] for row in rows)
    warning.unit_code = min(units, key=lambda code: (-units[code], code)) if units else ""
    said_of = len(np.unique(window.who))
    by_day: dict[int, set[int]] = {}
    days = counting.local_day(hours)
    for day, who in zip(days.tolist(), window.who[theme.rows].tolist(), strict=True):
        by_day.setdefault(day, set()).add(who)
    warning.evidence = {
        "days": [
            [(date(1970, 1, 1) + day * DAY).isoformat(), len(who)] for day, who in sorted(by_day.items())
        ],
        "now": best.reporters / max(1, said_of),
        "past": best.expected / max(1, said_of),
        "categories": [
            [code, number] for code, number in Counter(row[2] or "" for row in rows).most_common(5)
        ],
    }
    if warning._state.adding:
        warning.save()
    else:
        warning.save(update_fields=_MEASURED)
    WarningCase.objects.bulk_create(
        [WarningCase(warning=warning, incident_id=case) for case in sorted(cases)[-_MOST_CASES:]],
        ignore_conflicts=True,
    )
    warning.case_count = warning.cases.count()
    warning.save(update_fields=["case_count"])


def _mostly(codes: Sequence[str], share: float = 0.8) -> str:
    """The code that so much of them agree on; nothing where they do not."""
    if not codes:
        return ""
    (code, number), *_others = Counter(codes).most_common(1)
    return code if number >= share * len(codes) else ""


def examples(warning: Warning, *, most: int = 3) -> list[str]:
    """What some of its reporters wrote, newest first, without what would tell who they are.

    Of different reporters; the reporter's own name, number and address go wherever they stand.
    """
    links = (
        IncidentReport.objects.filter(
            incident__in=warning.cases.values("incident"), unlinked_at=None, report__text__erased_at=None
        )
        .select_related("report__text", "report__contact")
        .order_by("-pk")[:200]
    )
    shown: list[str] = []
    people: set[str] = set()
    for link in links:
        contact, body = link.report.contact, link.report.text.body
        if warning.terms and not any(term in plain(body) for term in warning.terms):
            continue
        person = contact.phone_index if contact and contact.phone_index else f"report {link.report_id}"
        if person in people:
            continue
        known = (contact.name, contact.phone, contact.address) if contact else ()
        text = masking.for_others(body[:_MOST_CHARACTERS], known)
        if text in shown:
            continue
        people.add(person)
        shown.append(text)
        if len(shown) == most:
            break
    return shown
