"""Finding answers by the words of a question: pairs of characters, the rare ones counting more."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from incidents.models import Article, ArticleUse
from incidents.numbers import district_day
from incidents.searching.grams import grams

MOST = 8
# Of a long report only its beginning is asked with: that is where people say what they want.
WORDS_MAX = 200
# A word in the title or in a question says more than one in the middle of an answer.
HEAD_WEIGHT = 3.0
# Below this share of the best a find is chance.
LEAST_OF_BEST = 0.25
# Of what was asked, weighed by rarity, so much must be in the title or the questions. What a person
# typed is short and meant; a report says much besides its question.
LEAST_TYPED, LEAST_SUGGESTED = 0.3, 0.12
USES_WINDOW = timedelta(days=90)

# `held` reads the index once for each pair that is asked for: a few hundred rows of a few thousand.
_SCORES = """
WITH asked AS (SELECT DISTINCT unnest(%(grams)s::int[]) AS gram),
held AS (
    SELECT a.id, q.gram, a.head_grams @> ARRAY[q.gram] AS in_head
    FROM asked q
    JOIN incidents_article a
      ON a.grams @> ARRAY[q.gram] AND a.retired_at IS NULL AND a.current_id IS NOT NULL
),
total AS (
    SELECT greatest(count(*), 1)::float8 AS articles FROM incidents_article
    WHERE retired_at IS NULL AND current_id IS NOT NULL
),
weight AS (
    SELECT q.gram, ln(1 + total.articles / (1 + count(held.id))) AS weight
    FROM asked q CROSS JOIN total LEFT JOIN held ON held.gram = q.gram
    GROUP BY q.gram, total.articles
),
scored AS (
    SELECT held.id,
           sum(weight.weight * CASE WHEN held.in_head THEN %(head)s ELSE 1 END) AS score,
           sum(CASE WHEN held.in_head THEN weight.weight ELSE 0 END) AS in_head,
           sum(weight.weight) AS anywhere
    FROM held JOIN weight ON weight.gram = held.gram
    GROUP BY held.id
),
whole AS (SELECT sum(weight) AS whole FROM weight)
SELECT id, score FROM scored CROSS JOIN whole
WHERE in_head >= %(least)s * whole OR (%(typed)s AND anywhere >= 0.99 * whole)
ORDER BY score DESC, id
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Finds:
    """What fits a question, the best first: what may be answered with, and what has expired."""

    offered: list[Article] = field(default_factory=list)
    expired: list[Article] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.offered or self.expired)


def find(words: str, *, at: datetime, most: int = MOST) -> Finds:
    """Articles that answer what a person typed; two queries."""
    return _found(words, at=at, most=most, least=LEAST_TYPED, is_typed=True)


def suggest(text: str, *, at: datetime, most: int = 3) -> Finds:
    """Articles that may answer a report, by its own words; two queries."""
    return _found(text, at=at, most=most, least=LEAST_SUGGESTED, is_typed=False)


def uses_lately(articles: list[Article], *, at: datetime) -> dict[int, int]:
    """How often each was answered with in the last 90 days; one query."""
    uses = ArticleUse.objects.filter(used_at__gte=at - USES_WINDOW, article__in=[one.pk for one in articles])
    return dict(uses.order_by().values("article").annotate(count=Count("pk")).values_list("article", "count"))


def counts(day: date, until: date, *, own: Q) -> dict[str, int]:
    """How many articles are current, ending before `until`, expired, and waiting; one query."""
    current = Q(current__isnull=False, retired_at__isnull=True)
    waits = Q(editions__verdict="", retired_at__isnull=True)
    return Article.objects.aggregate(
        in_use=Count("pk", filter=current & Q(valid_until__gte=day), distinct=True),
        ending=Count("pk", filter=current & Q(valid_until__gte=day, valid_until__lte=until), distinct=True),
        expired=Count("pk", filter=current & Q(valid_until__lt=day), distinct=True),
        waiting=Count("pk", filter=waits, distinct=True),
        mine=Count("pk", filter=own & Q(retired_at__isnull=True), distinct=True),
    )


def _found(words: str, *, at: datetime, most: int, least: float, is_typed: bool) -> Finds:
    asked = sorted(grams(words[:WORDS_MAX]))
    if not asked:
        return Finds()
    given: dict[str, Any] = {
        "grams": asked,
        "head": HEAD_WEIGHT,
        "least": least,
        "typed": is_typed,
        "most": 4 * most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, given)
        scores: dict[int, float] = dict(cursor.fetchall())
    best = max(scores.values(), default=0.0)
    near = [pk for pk, score in scores.items() if score >= LEAST_OF_BEST * best]
    articles = Article.objects.select_related("current", "owner_unit").in_bulk(near) if near else {}
    day = district_day(at)
    ordered = [articles[pk] for pk in near if pk in articles]
    return Finds(
        offered=[one for one in ordered if one.is_offered(day)][:most],
        expired=[one for one in ordered if not one.is_offered(day)][:most],
    )
