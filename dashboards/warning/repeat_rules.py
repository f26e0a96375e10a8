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
from dashboards.warning.repeats import most_special, stars
from dispatch.models import Category
from grids.models import Area
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput

# Pairs of cases are kept for thirty days (incidents/repeats.py): a rule cannot look farther.
DAYS: Final = (1, 30)
# Two is the first repetition; what nobody reaches in a month is no rule but its absence.
AT_LEAST: Final = (2, 50)
# "What it would find" looks back so far.
LOOKS_BACK: Final = timedelta(days=30)
WHO: Final = _("A supervisor of the district changes the rules, one of a street its street's own.")


def keeping_grant(user: User | AnonymousUser, street: str = "") -> Grant | None:
    """The role under which somebody changes a rule: the district's supervisors all, a street's its own."""
    for grant in viewer_of(user).with_roles(*reach.ACTORS):
        if grant.reach == Reach.DISTRICT:
            return grant
        if street and grant.reach == Reach.STREET and grant.unit.area_code == street:
            return grant
    return None


def streets_of(user: User | AnonymousUser) -> list[str] | None:
    """For which streets somebody makes rules; None: for the whole district too."""
    grants = viewer_of(user).with_roles(*reach.ACTORS)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return None
    return sorted({grant.unit.area_code for grant in grants if grant.reach == Reach.STREET})


def revisions(by: str, matter: str, street: str = "") -> int:
    """How long the history of a rule is: who decides on an old page is told."""
    return RepeatRuleRevision.objects.filter(by=by, matter_code=matter, street_code=street).count()


def districts(by: str, matter: str) -> RepeatRule | None:
    """The district's rule in use for a matter: what a street's has to be stricter than."""
    active = RepeatRule.objects.filter(is_active=True, by=by, street_code="")
    return most_special({(one.by, one.matter_code, ""): one for one in active}, by, matter, "")


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
    street: str = "",
) -> RepeatRule:
    """Say how often is too often, for all matters, a domain or a category; the next sweep goes by it. With a
    street: in that street, and stricter than the district's rule.

    Raises InvalidInput out of bounds, ActionRefused `stale` where somebody was quicker, `unchanged` where
    it says so already.
    """
    assert actor.user is not None
    if keeping_grant(actor.user, street) is None:
        raise ActionRefused("not_allowed", WHO)
    if street and not Area.objects.streets().filter(code=street).exists():
        raise InvalidInput("street", "unknown", _("There is no such street."))
    if by not in RepeatRule.By.values:
        raise InvalidInput("by", "unknown", _("By place or by person."))
    if not is_matter(matter):
        raise InvalidInput("matter", "unknown", _("There is no such category or domain."))
    _bounded("days", days, DAYS)
    _bounded("at_least", at_least, AT_LEAST)
    if street and is_active:
        _stricter(by, matter, days=days, at_least=at_least)
    # Of two who make the same rule at once, the second waits here and sees the first's.
    rule, is_new = RepeatRule.objects.get_or_create(
        by=by, matter_code=matter, street_code=street,
        defaults={"days": days, "at_least": at_least, "is_active": is_active},
    )  # fmt: skip
    rule = RepeatRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if seen is not None and revisions(by, matter, street) != seen:
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
        by=by, matter_code=matter, street_code=street, before=before, days=days, at_least=at_least,
        is_active=is_active, words=text, changed_by=actor.user, by_unit_id=actor.unit_code, changed_at=at,
    )  # fmt: skip
    return rule


def _bounded(field: str, value: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidInput(field, "range", _("From %(low)d to %(high)d.") % {"low": low, "high": high})


def _stricter(by: str, matter: str, *, days: int, at_least: int) -> None:
    """A street's rule finds everything that the district's finds, and more."""
    above = districts(by, matter)
    if above is None:
        return  # nothing is found there: whatever the street finds is more
    told = {"least": above.at_least, "days": above.days}
    if at_least > above.at_least:
        raise InvalidInput(
            "at_least",
            "not_stricter",
            _("The district's rule is %(least)d cases in %(days)d days: a street's needs as few or fewer.")
            % told,
        )
    if days < above.days:
        raise InvalidInput(
            "days",
            "not_stricter",
            _("The district's rule is %(least)d cases in %(days)d days: a street's looks as far back.")
            % told,
        )
    if (at_least, days) == (above.at_least, above.days):
        raise InvalidInput("at_least", "not_stricter", _("The district's rule says so for every street."))


def would_find(
    by: str, matter: str, *, days: int, thresholds: Sequence[int], at: datetime, street: str = ""
) -> list[tuple[int, int]]:
    """For each threshold, how many warnings the last thirty days would have had of it.

    Cases that share one are one warning, as the sweep has it. More special rules are not taken out.
    """
    seen = [
        star.cases(days)
        for star in stars(after=at - LOOKS_BACK, until=at)
        if star.by == by and star.category.startswith(matter) and street in ("", star.street)
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
