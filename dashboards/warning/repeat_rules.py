"""The rules of repeats: how often is too often, changed by people with a reason, from then on used.

A warning that stands keeps what it was found by. Nothing is taken out of the history: a rule that is not
wanted any more is put out of use.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.models import RepeatRule, RepeatRuleRevision
from dashboards.warning import reach
from dashboards.warning.acting import said
from dashboards.warning.repeats import stars
from dispatch.models import Category
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput

# Pairs of cases are kept for thirty days (incidents/repeats.py): a rule cannot look farther.
DAYS: Final = (1, 30)
# Two is the first repetition; what nobody reaches in a month is no rule but its absence.
AT_LEAST: Final = (2, 50)
# "What it would find" looks back so far.
LOOKS_BACK: Final = timedelta(days=30)
WHO: Final = _("A supervisor of the district changes the rules.")


def keeping_grant(user: User | AnonymousUser) -> Grant | None:
    """The role under which somebody changes a rule: they hold for the whole district."""
    grants = viewer_of(user).with_roles(*reach.ACTORS)
    return next((grant for grant in grants if grant.reach == Reach.DISTRICT), None)


def revisions(by: str, matter: str) -> int:
    """How long the history of a rule is: who decides on an old page is told."""
    return RepeatRuleRevision.objects.filter(by=by, matter_code=matter).count()


def is_matter(code: str) -> bool:
    """Is it a category, a domain, or empty for all of them?"""
    if len(code) == 4:
        return Category.objects.filter(code=code).exists()
    return not code or Category.objects.filter(domain_code=code).exists()


@transaction.atomic(durable=True)
def set_rule(
    *,
    by: str,
    matter: str,
    days: int,
    at_least: int,
    is_active: bool,
    words: str,
    actor: Actor,
    at: datetime,
    seen: int | None = None,
) -> RepeatRule:
    """Say how often is too often, for all matters, a domain or a category; the next sweep goes by it.

    Raises InvalidInput out of bounds, ActionRefused `stale` where somebody was quicker, `unchanged` where
    it says so already.
    """
    assert actor.user is not None
    if keeping_grant(actor.user) is None:
        raise ActionRefused("not_allowed", WHO)
    if by not in RepeatRule.By.values:
        raise InvalidInput("by", "unknown", _("By place or by person."))
    if not is_matter(matter):
        raise InvalidInput("matter", "unknown", _("There is no such category or domain."))
    _bounded("days", days, DAYS)
    _bounded("at_least", at_least, AT_LEAST)
    # Of two who make the same rule at once, the second waits here and sees the first's.
    rule, is_new = RepeatRule.objects.get_or_create(
        by=by, matter_code=matter, defaults={"days": days, "at_least": at_least, "is_active": is_active}
    )
    rule = RepeatRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if seen is not None and revisions(by, matter) != seen:
        raise ActionRefused("stale", _("Somebody has changed this rule meanwhile. Look at it again."))
    before = {} if is_new else {
        "days": rule.days, "at_least": rule.at_least, "is_active": rule.is_active,
    }  # fmt: skip
    if before == {"days": days, "at_least": at_least, "is_active": is_active}:
        raise ActionRefused("unchanged", _("The rule says so already."))
    text = said(words, at=at)
    rule.days, rule.at_least, rule.is_active = days, at_least, is_active
    rule.changed_at, rule.changed_by = at, actor.user
    rule.save()
    RepeatRuleRevision.objects.create(
        by=by, matter_code=matter, before=before, days=days, at_least=at_least, is_active=is_active,
        words=text, changed_by=actor.user, by_unit_id=actor.unit_code, changed_at=at,
    )  # fmt: skip
    return rule


def _bounded(field: str, value: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidInput(field, "range", _("From %(low)d to %(high)d.") % {"low": low, "high": high})


def would_find(
    by: str, matter: str, *, days: int, thresholds: Sequence[int], at: datetime
) -> list[tuple[int, int]]:
    """For each threshold, how many warnings the last thirty days would have had of it.

    Cases that share one are one warning, as the sweep has it. More special rules are not taken out.
    """
    seen = [
        star.cases(days)
        for star in stars(after=at - LOOKS_BACK, until=at)
        if star.by == by and star.category.startswith(matter)
    ]
    return [(least, _groups([cases for cases in seen if len(cases) >= least])) for least in thresholds]


def _groups(found: Sequence[Sequence[int]]) -> int:
    """Sets of cases that hang together."""
    parent: dict[int, int] = {}

    def root(case: int) -> int:
        while parent.setdefault(case, case) != case:
            parent[case] = parent[parent[case]]
            case = parent[case]
        return case

    for cases in found:
        for case in cases[1:]:
            parent[root(case)] = root(cases[0])
    return len({root(case) for case in tuple(parent)})
