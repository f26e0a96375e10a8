"""The code lists: every word that a field of codes may say, and what it is called."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

from accounts.models import OrgUnit
from dashboards.datasets.definition import Text
from dashboards.indicators import ALL, OF_NOW, UNIT_WORDS
from dashboards.models import ScoringPeriod, Standing, Warning
from dashboards.scoring.formulas import VERSIONS
from dispatch.models import Category, ResponsibilityItem
from dispatch.vocabulary import Level, Nature, PlaceType, Source, Urgency
from grids.models import Area
from incidents.models.incident import ResolutionOutcome, Status

# Lists that are read from the tables hold what looks like a code: nothing else becomes one by being there.
_ITEM = re.compile(r"[0-9]{4}-[0-9]{3}")
_LEAD = re.compile(r"@(?:street|community|owner)(?:/[a-z-]{2,40})?")
_LIMIT = re.compile(r"[0-9]{1,3}(?:h|wh|wd)")
# By what the monthly indicators are split, beside the places.
SPLITS: Final[dict[str, Text]] = {
    "district": _("District"),
    "street": _("Street"),
    "community": _("Community"),
    "unit": _("Unit"),
    "domain": _("Domain"),
    "category": _("Category"),
    "source": _("Source"),
    "level": _("Level"),
    "nature": _("Nature"),
}
STEPS: Final[dict[str, Text]] = {
    "dispatched": pgettext_lazy("duration", "From receipt to the sending"),
    "handled": pgettext_lazy("duration", "From the sending to the resolution"),
}
# The whole list is short and stands in the catalogue; of the others it says which data set has them.
_CLOSED: Final[dict[str, Callable[[], list[tuple[str, Any]]]]] = {
    "source": lambda: list(Source.choices),
    "nature": lambda: list(Nature.choices),
    "urgency": lambda: list(Urgency.choices),
    "level": lambda: list(Level.choices),
    "status": lambda: list(Status.choices),
    "outcome": lambda: list(ResolutionOutcome.choices),
    "place_type": lambda: list(PlaceType.choices),
    "area_kind": lambda: list(Area.Kind.choices),
    "unit_kind": lambda: list(OrgUnit.Kind.choices),
    "indicator": lambda: [(one.code, one.name) for one in ALL if one.code not in OF_NOW],
    "indicator_unit": lambda: list(UNIT_WORDS.items()),
    "split": lambda: list(SPLITS.items()),
    "step": lambda: list(STEPS.items()),
    "warning_kind": lambda: list(Warning.Kind.choices),
    "warning_status": lambda: list(Warning.Status.choices),
    "warning_stream": lambda: list(Warning.Stream.choices),
    "league": lambda: list(Standing.League.choices),
    "verdict": lambda: list(Standing.Verdict.choices),
    "formula": lambda: [(one.version, one.words) for one in VERSIONS],
    "band": lambda: [(band.code, band.name) for one in VERSIONS for band in one.bands],
    "period_kind": lambda: list(ScoringPeriod.Kind.choices),
    "period_status": lambda: list(ScoringPeriod.Status.choices),
}
# Long lists are data sets of their own: the list, the data set, its field.
ELSEWHERE: Final[dict[str, tuple[str, str]]] = {
    "category": ("categories", "category"),
    "domain": ("categories", "domain"),
    "item": ("responsibility-items", "item"),
    "unit": ("units", "unit"),
    "area": ("areas", "area"),
    "street": ("areas", "area"),
    "community": ("areas", "area"),
    "cell": ("areas", "area"),
}


def short_list(codes: str) -> list[tuple[str, str, str]]:
    """(code, Chinese, English) of a list that stands in the catalogue itself; nothing of a long one."""
    if codes not in _CLOSED:
        return []
    told: list[dict[str, str]] = []
    for language in ("zh-hans", "en"):
        with override(language):
            told.append({str(code): str(name) for code, name in _CLOSED[codes]()})
    return [(code, name, told[1][code]) for code, name in told[0].items()]


class CodeLists:
    """Every list as the reference data has it now; each is read once, when it is asked for."""

    def __getitem__(self, codes: str) -> frozenset[str]:
        if codes in _CLOSED:
            return frozenset(str(code) for code, _name in _CLOSED[codes]())
        found: frozenset[str] = getattr(self, codes)
        return found

    @cached_property
    def _areas(self) -> list[tuple[str, str]]:
        return list(Area.objects.values_list("code", "kind"))

    def _of(self, kind: str) -> frozenset[str]:
        return frozenset(code for code, one in self._areas if one == kind)

    @cached_property
    def area(self) -> frozenset[str]:
        return frozenset(code for code, _kind in self._areas)

    @cached_property
    def street(self) -> frozenset[str]:
        return self._of(Area.Kind.STREET)

    @cached_property
    def community(self) -> frozenset[str]:
        return self._of(Area.Kind.COMMUNITY)

    @cached_property
    def cell(self) -> frozenset[str]:
        return self._of(Area.Kind.CELL)

    @cached_property
    def unit(self) -> frozenset[str]:
        return frozenset(OrgUnit.objects.values_list("code", flat=True))

    @cached_property
    def category(self) -> frozenset[str]:
        return frozenset(Category.objects.values_list("code", flat=True))

    @cached_property
    def domain(self) -> frozenset[str]:
        return frozenset(code[:2] for code in self.category)

    @cached_property
    def item(self) -> frozenset[str]:
        """Of every version: a case keeps the code that it was decided by."""
        codes = ResponsibilityItem.objects.values_list("code", flat=True).distinct()
        return frozenset(code for code in codes if _ITEM.fullmatch(code))

    @cached_property
    def lead(self) -> frozenset[str]:
        """A unit, or a rule that finds one by the place: @street/enforcement."""
        leads = ResponsibilityItem.objects.values_list("lead_unit", flat=True).distinct()
        return self.unit | frozenset(lead for lead in leads if _LEAD.fullmatch(lead))

    @cached_property
    def limit(self) -> frozenset[str]:
        """Handling limits as the list writes them: 2h, 4wh, 3wd."""
        limits = ResponsibilityItem.objects.values_list("handle_limit", flat=True).distinct()
        return frozenset(limit for limit in limits if _LIMIT.fullmatch(limit))

    @cached_property
    def group(self) -> frozenset[str]:
        """What the monthly indicators are split by: any area, unit, matter, source, level or nature."""
        words = ("source", "level", "nature")
        found = self.area | self.unit | self.category | self.domain
        return found.union(*(self[one] for one in words))

    @cached_property
    def period(self) -> frozenset[str]:
        return frozenset(one.key for one in ScoringPeriod.objects.all())
