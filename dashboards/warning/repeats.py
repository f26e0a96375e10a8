"""热点: what is reported again and again, at one place or by one person, beyond a threshold set by rule.

Read from the pairs that incidents/repeats.py keeps: of one category within sixty metres, or of one domain
by one telephone's blind index, thirty days apart at most. So what it leaves out is left out here too:
nobody is linked by a tip-off or another protected case. A warning names cases, never who reported them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Count, Q

from dashboards.models import RepeatRule, Warning, WarningCase, WarningSweep
from dispatch.vocabulary import Source
from incidents.models import Incident, Report

RULE: Final = "repeat/1"
LOCK: Final = 0x79_77_77_72
# Cases are looked at for so long after they came in: what they are about may be put right meanwhile.
_LOOKS_BACK: Final = timedelta(hours=48)
# Cases that one warning names.
_MOST: Final = 200

# A case that came in lately, and each that it repeats.
_STARS: Final = """
SELECT i.id, i.category_id, i.street_code, i.received_at, p.by_reporter, p.at_place, e.id, e.received_at
FROM incidents_incident i
JOIN incidents_repeat p ON p.incident_id = i.id
JOIN incidents_incident e ON e.id = p.earlier_id
WHERE i.received_at > %s AND i.received_at <= %s AND i.status NOT IN ('merged', 'rejected')
    AND e.status NOT IN ('merged', 'rejected')
ORDER BY i.received_at, i.id
"""


@dataclass(frozen=True, slots=True)
class Star:
    """A case, what it is about, and the earlier ones that it repeats in the same way."""

    by: str
    category: str
    street: str
    newest: int
    at: datetime
    earlier: tuple[tuple[int, datetime], ...]

    def cases(self, days: int) -> list[int]:
        """All of them that came within so many days up to the newest, the oldest first."""
        first = self.at - timedelta(days=days)
        return [*(case for case, at in sorted(self.earlier, key=_when) if at > first), self.newest]


def _when(pair: tuple[int, datetime]) -> tuple[datetime, int]:
    return pair[1], pair[0]


def sweep(*, at: datetime) -> int:
    """Find what passes a threshold; answers how many warnings began or grew; twice is once."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        before = WarningSweep.objects.filter(name="repeats").first()
        since = min(before.swept_to, at) if before else at
        rules = _rules()
        passing = [
            (star, rule, star.cases(rule.days))
            for star in stars(after=since - _LOOKS_BACK, until=at)
            if (rule := _rule_passed(star, rules))
        ]
        grown = _write_down(passing, at)
        _end_what_is_over(at)
        WarningSweep.objects.update_or_create(name="repeats", defaults={"swept_to": at})
        return grown


Rules = dict[tuple[str, str, str], RepeatRule]


def _rules() -> Rules:
    active = RepeatRule.objects.filter(is_active=True)
    return {(rule.by, rule.matter_code, rule.street_code): rule for rule in active}


def _rule_passed(star: Star, rules: Rules) -> RepeatRule | None:
    """The rule that a case passes: its street's, else the district's. A street's cannot hide what the
    district's finds, also where the district's has become the stricter one since."""
    for street in dict.fromkeys((star.street, "")):
        rule = most_special(rules, star.by, star.category, street)
        if rule is not None and len(star.cases(rule.days)) >= rule.at_least:
            return rule
    return None


def most_special(rules: Rules, by: str, category: str, street: str) -> RepeatRule | None:
    """Of a street's rules, or of the district's: the category's, else its domain's, else that of all."""
    for matter in dict.fromkeys((category, category[:2], "")):
        if (by, matter, street) in rules:
            return rules[by, matter, street]
    return None


def stars(*, after: datetime, until: datetime) -> list[Star]:
    """The cases that came in then, each with what it repeats."""
    with connection.cursor() as cursor:
        cursor.execute(_STARS, [after, until])
        rows = cursor.fetchall()
    heads: dict[tuple[int, str], tuple[str, str, datetime]] = {}
    earlier: dict[tuple[int, str], list[tuple[int, datetime]]] = defaultdict(list)
    for case, category, street, came, by_reporter, at_place, other, other_came in rows:
        for by, holds in (("place", at_place), ("reporter", by_reporter)):
            if holds:
                heads[case, by] = (category, street, came)
                earlier[case, by].append((other, other_came))
    return [
        Star(by, category, street, case, came, tuple(earlier[case, by]))
        for (case, by), (category, street, came) in heads.items()
    ]


def _write_down(passing: Sequence[tuple[Star, RepeatRule, list[int]]], at: datetime) -> int:
    """Each star into the warning that shares a case with it, or into one of its own."""
    wanted = {case for _star, _rule, cases in passing for case in cases}
    known: dict[tuple[str, str, int], Warning] = {}
    told: dict[int, set[int]] = defaultdict(set)
    links = WarningCase.objects.filter(
        warning__kind=Warning.Kind.REPEAT, warning__ended_at=None, incident__in=wanted
    ).select_related("warning")
    for link in links.order_by("pk"):
        warning = link.warning
        by, matter, _root = warning.key.split(" ")
        known.setdefault((by, matter, link.incident_id), warning)
        told[warning.pk].add(link.incident_id)
    details = _details(wanted)
    touched: dict[int, Warning] = {}
    for star, rule, cases in passing:
        matter = star.category if star.by == "place" else star.category[:2]
        held = (known[key] for case in cases if (key := (star.by, matter, case)) in known)
        warning = next(held, None) or _begin(star, rule, cases, matter, at)
        if fresh := [case for case in cases if case not in told[warning.pk]]:
            touched[warning.pk] = warning
            told[warning.pk].update(fresh)
            for case in fresh:
                known[star.by, matter, case] = warning
            WarningCase.objects.bulk_create(
                [WarningCase(warning=warning, incident_id=case) for case in fresh], ignore_conflicts=True
            )
            warning.observed = max(warning.observed, len(cases))
            warning.until = max(warning.until, star.at)
            warning.seen_at = at
    for warning in touched.values():
        told[warning.pk].update(warning.cases.values_list("incident_id", flat=True)[:_MOST])
        _describe(warning, told[warning.pk], details)
        warning.save(update_fields=_MEASURED)
    return len(touched)


# Detection writes these and nothing else: what people do with a warning at the same time stands.
_MEASURED: Final = [
    "until", "seen_at", "observed", "case_count", "reporter_count", "unit_code", "stream",
    "street_code", "community_code", "category_code", "evidence",
]  # fmt: skip


def _begin(star: Star, rule: RepeatRule, cases: list[int], matter: str, at: datetime) -> Warning:
    first = min((came for case, came in star.earlier if case in cases), default=star.at)
    return Warning.objects.create(
        kind=Warning.Kind.REPEAT,
        # by its oldest case: nothing that a person could be known by
        key=f"{star.by} {matter} {cases[0]}",
        rule=RULE,
        domain_code=matter[:2],
        since=first,
        until=star.at,
        found_at=at,
        seen_at=at,
        window_hours=rule.days * 24,
        observed=len(cases),
        # below the threshold nothing is said
        expected=rule.at_least,
        expected_high=rule.at_least - 1,
        evidence={
            "by": star.by,
            "threshold": rule.at_least,
            "days": rule.days,
            # by whose threshold, where it was a street's own
            **({"street": rule.street_code} if rule.street_code else {}),
        },
    )


def _details(cases: Iterable[int]) -> dict[int, Incident]:
    return Incident.objects.only(
        "street_code", "community_code", "category_id", "owner_unit_id", "source", "received_at"
    ).in_bulk(list(cases))


def _describe(warning: Warning, cases: set[int], details: dict[int, Incident]) -> None:
    """Where its cases lie and with whom, as far as they agree."""
    missing = cases - details.keys()
    if missing:
        details.update(_details(missing))
    rows = [details[case] for case in sorted(cases)]

    def shared(values: Iterable[str | None]) -> str:
        found = set(values)
        return (found.pop() or "") if len(found) == 1 else ""

    warning.street_code = shared(row.street_code for row in rows)
    warning.community_code = shared(row.community_code for row in rows)
    warning.category_code = shared(row.category_id for row in rows)
    units = Counter(row.owner_unit_id for row in rows)
    warning.unit_code = min(units, key=lambda code: (-units[code], code))
    machines = sum(row.source in (Source.SENSOR, Source.AI_VIDEO) for row in rows)
    warning.stream = Warning.Stream.DEVICES if machines * 2 > len(rows) else Warning.Stream.PEOPLE
    warning.case_count = len(rows)
    reporters = Report.objects.filter(
        links__incident__in=list(cases)[:_MOST], links__unlinked_at=None
    ).aggregate(
        known=Count("contact__phone_index", distinct=True, filter=Q(contact__phone_index__gt="")),
        others=Count("pk", filter=Q(contact=None) | Q(contact__phone_index="")),
    )
    warning.reporter_count = reporters["known"] + reporters["others"]


def _end_what_is_over(at: datetime) -> None:
    """What has had nothing new for as many days as its rule looks at is over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dashboards_warning SET ended_at = %s WHERE kind = 'repeat' AND ended_at IS NULL"
            " AND until + make_interval(hours => window_hours) < %s",
            [at, at],
        )
