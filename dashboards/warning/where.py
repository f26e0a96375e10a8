"""Where warnings of the last weeks stand: streets by domains, and the areas that the map colours."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.models import Warning
from dashboards.scope import Names
from dashboards.warning import shown

# So many weeks may be looked at.
WEEKS: Final = (1, 4, 12, 26)
USUAL: Final = 4
# Areas of one warning that its map marks.
AREAS_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """Of a street and a domain: how many were found, and how many of them nobody has looked at."""

    found: int = 0
    waiting: int = 0

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.found + other.found, self.waiting + other.waiting)


def lately(rows: QuerySet[Warning], *, weeks: int, at: datetime) -> QuerySet[Warning]:
    """Those that were found in the last weeks."""
    return rows.filter(found_at__gt=at - timedelta(weeks=weeks))


def cells(rows: QuerySet[Warning]) -> dict[tuple[str, str, str], Cell]:
    """By street, community and domain (each may be empty); one query."""
    counted = (
        rows.order_by()
        .values("street_code", "community_code", "domain_code")
        .annotate(found=Count("pk"), waiting=Count("pk", filter=Q(shown.STATES[shown.OPEN])))
    )
    return {
        (row["street_code"], row["community_code"], row["domain_code"]): Cell(row["found"], row["waiting"])
        for row in counted
    }


Link = Callable[[str, str], str]


def grid(
    found: dict[tuple[str, str, str], Cell], streets: Sequence[str], names: Names, link: Link
) -> dict[str, Any]:
    """Streets × domains that have any, as a table with totals; what has no street is a row of its own."""
    by_pair: dict[tuple[str, str], Cell] = {}
    for (street, _community, domain), cell in found.items():
        by_pair[street, domain] = by_pair.get((street, domain), Cell()) + cell
    domains = sorted({domain for _street, domain in by_pair}, key=lambda code: (not code, code))
    rows = []
    for street in [*streets, *([""] if any(not street for street, _domain in by_pair) else [])]:
        line = [by_pair.get((street, domain), Cell()) for domain in domains]
        whole = _added(line)
        rows.append(
            {
                "name": names.street(street) if street else _("Whole district"),
                "cells": [
                    {
                        "cell": cell,
                        "url": link(street, domain) if domain and street else "",
                        "step": _step(cell),
                    }
                    for domain, cell in zip(domains, line, strict=True)
                ],
                "whole": whole,
                "url": link(street, "") if street and whole.found else "",
            }
        )
    return {
        "heads": [names.domains.get(domain) or _("No one domain") for domain in domains],
        "rows": rows,
        "totals": [
            _added(by_pair.get((row, domain), Cell()) for row in (*streets, "")) for domain in domains
        ],
        "whole": _added(by_pair.values()),
    }


def _added(found: Iterable[Cell]) -> Cell:
    return sum(found, Cell())


def _step(cell: Cell) -> str:
    """How strongly a cell is coloured."""
    return "none" if not cell.found else "few" if cell.found < 3 else "some" if cell.found < 6 else "many"


def finding(found: dict[tuple[str, str, str], Cell], names: Names) -> str:
    """Where most of them are, in a sentence."""
    whole = _added(found.values())
    if not whole.found:
        return _("No warning was found in this time.")
    streets, domains = Counter[str](), Counter[str]()
    for (street, _community, domain), cell in found.items():
        streets[street] += cell.found
        domains[domain] += cell.found
    words = ngettext("%(count)d warning", "%(count)d warnings", whole.found) % {"count": whole.found}
    parts = [words, _("%(count)d waiting for somebody") % {"count": whole.waiting}]
    top = [(code, number) for code, number in streets.most_common(2) if code and number > 1]
    if top:
        most = _(", ").join(f"{names.street(code)} {number}" for code, number in top)
        parts.append(_("most in %(places)s") % {"places": most})
    best = [(code, number) for code, number in domains.most_common(1) if code and number > 1]
    if best:
        code, number = best[0]
        parts.append(_("most about %(matter)s") % {"matter": f"{names.domains.get(code, code)} {number}"})
    return _("; ").join(parts)


def map_values(found: dict[tuple[str, str, str], Cell], names: Names, link: Link) -> dict[str, Any]:
    """What frontend/maps/values.js colours communities by: theirs and their whole street's."""
    own: dict[str, Cell] = {}
    whole: dict[str, Cell] = {}
    for (street, community, _domain), cell in found.items():
        into, code = (own, community) if community else (whole, street)
        if code:
            into[code] = into.get(code, Cell()) + cell
    values = {}
    for code in names.communities:
        street = f"{code[:9]}000"
        here, around = own.get(code, Cell()), whole.get(street, Cell())
        both = here + around
        if not both.found:
            continue
        parts = [ngettext("%(count)d warning", "%(count)d warnings", both.found) % {"count": both.found}]
        if around.found:
            parts.append(_("%(count)d of them of the whole street") % {"count": around.found})
        if both.waiting:
            parts.append(_("%(count)d waiting for somebody") % {"count": both.waiting})
        of_street = sum(cell.found for (at, _place, _domain), cell in found.items() if at == street)
        parts.append(_("opens the %(count)d of the street") % {"count": of_street})
        values[code] = {
            "value": both.found,
            "step": min(4, both.found),
            "label": _(", ").join(parts),
            "href": link(street, ""),
            "outline": bool(both.waiting),
        }
    return {"values": values, "legend": []}


def areas_of(warning: Warning) -> list[str]:
    """The codes of the areas that a warning stands in, the outer one first; of a wide one, its cases'."""
    codes = [code for code in (warning.community_code or warning.street_code,) if code]
    if not warning.community_code:
        seen = (
            warning.cases.order_by()
            .exclude(incident__community_code="")
            .values("incident__community_code")
            .annotate(cases=Count("pk"))
            .order_by("-cases", "incident__community_code")
        )
        codes += [row["incident__community_code"] for row in seen[:AREAS_MOST]]
    return codes
