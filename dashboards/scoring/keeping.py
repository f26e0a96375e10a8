"""Writing editions down, and reading them back: figures as they were published."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import override

from accounts.models import OrgUnit
from dashboards.models import Appeal, Edition, ScoringPeriod, Standing
from dashboards.reading import Span
from dashboards.scope import Names
from dashboards.scoring.apart import GROW, Pair
from dashboards.scoring.formulas import BY_VERSION, Formula, formula_of
from dashboards.scoring.ranking import LEAGUES, Ranking, Row, rank
from incidents.actor import Actor
from incidents.models import Text

League = Standing.League
# What makes two rows different. Values follow from counts and seconds.
_COMPARED = ("seconds", "verdict", "band", "handle_verdict")
# An adjusted score moves with every other row's facts; less than this is no change of one's own.
_MOVED = 0.05


def span_of(period: ScoringPeriod) -> Span:
    return Span(period.first, period.last)


def pairs_of(period: ScoringPeriod) -> list[Pair]:
    """What has been taken out of a period so far."""
    return list(period.exclusions.order_by("pk").values_list("incident_id", "what"))


def formula_for(period: ScoringPeriod) -> Formula:
    """The version that it was published by, or would be."""
    return BY_VERSION[period.formula] if period.formula else formula_of(period.first)


def compute(
    period: ScoringPeriod, names: Names, *, at: datetime, leagues: Sequence[str] = LEAGUES
) -> Ranking:
    """The standings of a period from the facts as they are now, its exclusions taken out.

    Of a published period with what was unclosed at its publication: closing later earns nothing in it.
    """
    waited = None
    if period.is_published:
        first = period.editions.get(number=0).standings.values_list("league", "code", "unclosed")
        waited = {(league, code): unclosed for league, code, unclosed in first}
    return rank(
        span_of(period),
        formula_for(period),
        names,
        without=pairs_of(period),
        closed_by=period.published_at or at,
        waited=waited,
        leagues=leagues,
    )


def write(
    period: ScoringPeriod,
    ranking: Ranking,
    *,
    cause: Edition.Cause,
    actor: Actor,
    at: datetime,
    appeal: Appeal | None = None,
    note: Text | None = None,
) -> Edition:
    """Write a ranking down as the next edition of a locked period."""
    assert actor.user is not None
    assert actor.unit_code is not None
    number = period.editions.count()
    edition = Edition.objects.create(
        period=period,
        number=number,
        cause=cause,
        appeal=appeal,
        formula=ranking.formula.version,
        note=note,
        by=actor.user,
        by_unit_id=actor.unit_code,
        at=at,
    )
    called = _called()
    Standing.objects.bulk_create(_standing(edition, row, called) for row in ranking)
    return edition


def _standing(edition: Edition, row: Row, called: Mapping[str, Mapping[str, tuple[str, str]]]) -> Standing:
    name_zh, name_en = called[row.league].get(row.code, (row.code, row.code))
    return Standing(
        edition=edition,
        league=row.league,
        code=row.code,
        name_zh=name_zh,
        name_en=name_en,
        counts=row.counts,
        seconds={name: row.figures.seconds[name] for name in ("dispatch", "handle")},
        values=row.values,
        unclosed=row.unclosed,
        excluded=len(row.cases_out),
        score=row.score,
        adjusted=row.adjusted,
        half=row.half,
        verdict=row.verdict,
        band=row.band,
        handle_adjusted=row.handle_adjusted,
        handle_half=row.handle_half,
        handle_verdict=row.handle_verdict,
    )


def _called() -> dict[str, dict[str, tuple[str, str]]]:
    """What units and areas are called now, by league, in both languages."""
    with override("zh-hans"):
        chinese = Names()
        zh = {League.STREET: chinese.streets, League.COMMUNITY: chinese.communities}
    with override("en"):
        english = Names()
        en = {League.STREET: english.streets, League.COMMUNITY: english.communities}
    units = list(OrgUnit.objects.order_by("path"))
    root = units[0] if units else None
    return {
        League.DISTRICT: {"": (root.name_zh, root.name_en) if root else ("", "")},
        League.UNIT: {unit.code: (unit.name_zh, unit.name_en) for unit in units},
        **{
            league: {code: (name, en[league].get(code, name)) for code, name in found.items()}
            for league, found in zh.items()
        },
    }


def differing(edition: Edition, ranking: Ranking) -> list[tuple[Standing | None, Standing | None]]:
    """(frozen, now) of every row that is not what was frozen: "revision due"."""
    called = _called()
    now = {(row.league, row.code): _standing(edition, row, called) for row in ranking}
    frozen = {(row.league, row.code): row for row in edition.standings.all()}
    return changes(frozen, now)


Rows = Mapping[tuple[str, str], Standing]


def changes(before: Rows, after: Rows) -> list[tuple[Standing | None, Standing | None]]:
    """The rows that differ between two editions, in the order of leagues and codes."""
    order = {league: number for number, league in enumerate((League.DISTRICT, *LEAGUES))}
    found = []
    for key in sorted(before.keys() | after.keys(), key=lambda key: (order[key[0]], key[1])):  # type: ignore[index]
        old, new = before.get(key), after.get(key)
        if old is None or new is None or _is_other(old, new):
            found.append((old, new))
    return found


def _is_other(old: Standing, new: Standing) -> bool:
    if _settled(old) != _settled(new):
        return True
    if any(getattr(old, name) != getattr(new, name) for name in _COMPARED):
        return True
    return abs((old.adjusted or 0) - (new.adjusted or 0)) >= _MOVED


def _settled(row: Standing) -> dict[str, int]:
    """The counts that a period's end has settled."""
    return {name: count for name, count in row.counts.items() if name not in GROW}


def rows_of(edition: Edition) -> dict[tuple[str, str], Standing]:
    """The rows of an edition by league and code."""
    return {(row.league, row.code): row for row in edition.standings.all()}
