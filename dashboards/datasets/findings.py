"""Rows of what was found and judged: early warnings, and the scores that were published."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from dashboards.datasets.definition import Cut, Row
from dashboards.datasets.holders import Holders
from dashboards.datasets.privacy import Keys, too_small
from dashboards.models import ScoringPeriod, Standing, Warning
from incidents.contacting import LABOUR
from incidents.numbers import district_day

# What is told of a row beside its score; each as indicators.py defines it.
VALUES = ("dispatch_mean", "handle_mean", "on_time", "closed_share", "rework", "satisfied")


def warnings(cut: Cut) -> Iterator[Row]:
    """One row a warning: where, which matter, how much more than was to be expected. Never its phrases."""
    keys, holders = Keys(), Holders()
    rows = Warning.objects.filter(found_at__lte=cut.at).order_by("found_at", "pk")
    for one in rows.defer("evidence", "terms").iterator(chunk_size=1_000):
        is_small = 0 < one.reporter_count < settings.DATASETS_LEAST
        cut.suppressed[0] += is_small
        domain = one.domain_code or one.category_code[:2]
        yield (
            keys.of(f"warning {one.pk}"),
            district_day(one.found_at),
            one.kind,
            one.stream,
            one.status,
            one.useful,
            one.street_code,
            "" if domain == LABOUR else one.community_code,
            domain,
            one.category_code,
            holders.told(one.unit_code, is_protected=domain == LABOUR),
            district_day(one.since),
            district_day(one.ended_at) if one.ended_at else None,
            one.window_hours,
            # Of few reporters each could be known: the row says so, and how many they are stays here.
            None if is_small else one.observed,
            round(one.expected, 3),
            round(one.expected_high, 3),
            None if is_small else one.reporter_count,
            None if is_small else one.case_count,
            is_small,
        )


def scores(cut: Cut) -> Iterator[Row]:
    """Published standings, every edition: what was published first and each dated revision."""
    periods = ScoringPeriod.objects.exclude(status=ScoringPeriod.Status.OPEN)
    for period in periods.filter(published_at__lte=cut.at).order_by("first", "kind", "pk"):
        for edition in period.editions.filter(at__lte=cut.at).order_by("number"):
            standings = list(edition.standings.order_by("league", "code"))
            sizes: dict[Any, int] = {
                (one.league, one.code): int(one.counts.get("handled", 0)) for one in standings
            }
            leagues = {one.league for one in standings} - {Standing.League.DISTRICT}
            parts = [[key for key in sizes if key[0] == league] for league in sorted(leagues)]
            hidden = too_small(sizes, parts, least=settings.DATASETS_LEAST)
            for one in standings:
                is_hidden = (one.league, one.code) in hidden
                cut.suppressed[0] += is_hidden
                figures = [
                    one.score,
                    one.adjusted,
                    one.half,
                    sizes[one.league, one.code],
                    one.excluded,
                    *(one.values.get(name) for name in VALUES),
                ]
                yield (
                    period.key,
                    period.kind,
                    period.first,
                    period.last,
                    period.status,
                    edition.number,
                    district_day(edition.at),
                    edition.formula,
                    one.league,
                    one.code,
                    one.verdict,
                    None if is_hidden else one.band,
                    *([None] * len(figures) if is_hidden else figures),
                    is_hidden,
                )
