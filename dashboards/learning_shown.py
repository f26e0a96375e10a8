"""What the pages of learning say: numbers as words with their interval, links to their cases."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import clock
from dashboards import learning, proposing
from dashboards.claims import APART, MOVES, Claim, Question, Tally
from dashboards.comparing import Share
from dashboards.filters import PERIODS, Asked, FilterForm, understand
from dashboards.indicators import SMALL
from dashboards.learning import Condition, Study
from dashboards.learning_form import DraftForm
from dashboards.scope import Names, Scope, learning_scope_of
from dispatch.edition import Edition, edition
from dispatch.explain import Explainer
from dispatch.item_rules import CONDITIONS, values_of
from dispatch.models import ResponsibilityItem
from dispatch.vocabulary import PlaceType, Source
from incidents.models import CaseRequest, Incident
from incidents.numbers import district_day

WHAT_NAMES = {
    "decided": gettext_lazy("Decided under this item"),
    "automatic": gettext_lazy("Sent by the list alone"),
    "moved": gettext_lazy("Went to another unit"),
    "stayed": gettext_lazy("Stayed"),
    "returned": gettext_lazy("Returned, and agreed to"),
    "overridden": gettext_lazy("Another unit chosen at the desk"),
    "redispatched": gettext_lazy("Sent on by the centre"),
    "ruled": gettext_lazy("Moved by a ruling"),
    "inside": gettext_lazy("Moved inside the street"),
    "reread": gettext_lazy("Another matter, same unit"),
    "unsure": gettext_lazy("Unsure guess, another unit"),
    "refused": gettext_lazy("Returns refused"),
    "disputed": gettext_lazy("Before adjudication"),
    "open": gettext_lazy("Moved and still open"),
    "nobody": gettext_lazy("Moved and with nobody yet"),
}
# A pattern takes longer to show than a board looks back by itself.
PERIOD = "90d"
# What the page of definitions says of them: (name, formula, caveat).
DEFINITIONS = (
    (
        gettext_lazy("Share that went to another unit"),
        gettext_lazy(
            "Cases returned, overridden, sent on or moved by a ruling ÷ cases decided under the item"
        ),
        gettext_lazy(
            "Of the cases received in the period. A case counts once for an item, by the first thing that "
            "took it away; what a later item does with it counts there. Merged cases are their root's, and a "
            "case that moves up a level has not left."
        ),
    ),
    (
        gettext_lazy("Return rate of an item"),
        gettext_lazy("Cases whose return the centre agreed to ÷ cases decided under the item"),
        gettext_lazy("The boards count sendings instead, on the day of the answer."),
    ),
    (
        gettext_lazy("Override rate"),
        gettext_lazy(
            "Cases that the desk sent to another unit than the machine's best guess or the item's own ÷ "
            "cases decided under the item"
        ),
        gettext_lazy(
            "Apart stand another matter with the same unit, and guesses below the confidence from which the "
            "machine sends by itself: those tell of how the words were read rather than of the list."
        ),
    ),
    (
        gettext_lazy("Refused returns"),
        gettext_lazy("Cases of the item with a return that the centre did not agree to"),
        gettext_lazy(
            "The case stays, so it is no part of the share; many of them are a dispute all the same."
        ),
    ),
    (
        gettext_lazy("Moved inside the street"),
        gettext_lazy("Cases that a street's own centre gave to another of its teams"),
        gettext_lazy("No return: the list had the right street."),
    ),
    (
        gettext_lazy("The interval beside a share"),
        gettext_lazy("Wilson's score interval at 95 %"),
        gettext_lazy(
            "Holds for small numbers too. Items stand by its lower end: 40 of 60 before 5 of 9. What tells "
            "moved cases apart is tested by Fisher's exact test, for all compared conditions together."
        ),
    ),
)
CONDITION_NAMES = {
    "keywords": gettext_lazy("Word"),
    "place_types": gettext_lazy("Kind of place"),
    "owners": gettext_lazy("Owner of the facility"),
    "sources": gettext_lazy("Source"),
    "hours": gettext_lazy("Time of day"),
}


class Opened:
    """A request's scope, filters and the list that decides now."""

    def __init__(self, request: HttpRequest) -> None:
        scope = learning_scope_of(request.user)
        if scope is None:
            raise PermissionDenied
        self.scope: Scope = scope
        self.names = Names()
        self.now: Edition = edition()
        self.explain = Explainer(self.now.names)
        at = clock.now()
        query = request.GET.copy()
        if not query.get("period") and not query.get("from"):
            query["period"] = PERIOD
        self.form = FilterForm(query, scope=scope, names=self.names, today=district_day(at))
        self.asked: Asked = understand(self.form, scope=scope, names=self.names)
        self.all_versions = request.GET.get("versions") == "all"
        self.question = Question.of(self.asked, live=self.now.list_id, as_now=not self.all_versions)

    def query(self, **changes: Any) -> str:
        return self.asked.query(versions="all" if self.all_versions else None, **changes)

    def url(self, name: str, *args: str, **changes: Any) -> str:
        query = self.query(**changes)
        return reverse(name, args=args) + (f"?{query}" if query else "")

    def item(self, code: str) -> ResponsibilityItem | None:
        return (
            ResponsibilityItem.objects.filter(list_id=self.now.list_id, code=code)
            .select_related("category")
            .first()
        )


def words(share: Share) -> str:
    """A share with its counts and its interval: "40 of 60 · 54–78 %"."""
    return _("{part} of {whole} · {low}–{high} %").format(
        part=f"{share.part:,}",
        whole=f"{share.whole:,}",
        low=round(share.low * 100),
        high=round(share.high * 100),
    )


def row_of(opened: Opened, row: learning.Ranked) -> dict[str, Any]:
    code, tally = row.tally.code, row.tally
    return {
        "row": row,
        "tally": tally,
        "url": opened.url("learning-item", code),
        "matter": row.item.matter_zh if row.item else _("no longer in the list"),
        "category": row.item.category.name if row.item else "",
        "lead": opened.explain.unit(row.item.lead_unit) if row.item else "",
        "words": words(row.share),
        "moved_url": cases_url(opened, code, "moved"),
        "left": counts_of(opened, code, tally, MOVES),
        "apart": counts_of(opened, code, tally, ("refused", *APART)),
        "leading": opened.explain.unit(row.leading.pattern) if row.leading else "",
        "leading_words": words(row.leading.share) if row.leading else "",
    }


def counts_of(opened: Opened, code: str, tally: Tally, whats: Iterable[str]) -> list[tuple[Any, int, str]]:
    """Name, number and address of what there is any of."""
    return [
        (WHAT_NAMES[what], count, cases_url(opened, code, what))
        for what in whats
        if (count := getattr(tally, what))
    ]


def count_of(opened: Opened, code: str, study: Study, what: str) -> dict[str, Any]:
    count = study.count(what)
    url = cases_url(opened, code, what) if count else ""
    return {"what": what, "name": WHAT_NAMES[what], "count": count, "url": url}


def cases_url(opened: Opened, code: str, what: str, **more: str) -> str:
    return opened.url("learning-cases", code, what=what, **more)


def places_of(opened: Opened, code: str, study: Study, lead: str) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "name": opened.explain.unit(place.pattern),
            "is_own": place.pattern == lead,
            "words": words(place.share),
            "units": [(opened.explain.unit(unit), count) for unit, count in list(place.units.items())[:6]],
            "items": [(opened.explain.item(item), count) for item, count in place.items.items()],
            "url": cases_url(opened, code, "moved", dest=place.pattern),
        }
        for place in study.places
    ]


def place_words(opened: Opened, study: Study) -> list[tuple[str, str]]:
    return [(opened.explain.unit(place.pattern), words(place.share)) for place in study.places[:4]]


def condition_of(opened: Opened, code: str, study: Study, one: Condition) -> dict[str, Any]:
    has, dest = f"{one.field}:{one.value}", study.leading.pattern if study.leading else ""
    return {
        "one": one,
        "name": CONDITION_NAMES[one.field],
        "value": value_of(opened, one.field, one.value),
        "moved_url": cases_url(opened, code, "moved", dest=dest, has=has),
        "stayed_url": cases_url(opened, code, "stayed", has=has),
        "chance": _("under 0.1 %") if one.chance < 0.001 else f"{one.chance:.1%}",
    }


def value_of(opened: Opened, field: str, value: str) -> str:
    if field == "place_types" and value in PlaceType.values:
        return str(PlaceType(value).label)
    if field == "sources" and value in Source.values:
        return str(Source(value).label)
    return opened.explain.unit(value) if field == "owners" else value


def said(opened: Opened, proposal: proposing.Proposal) -> str:
    """The proposal as a sentence."""
    unit = opened.explain.unit(proposal.place.pattern)
    if proposal.kind == proposing.LEAD or proposal.condition is None:
        return _("Let this item name {unit}.").format(unit=unit)
    value = value_of(opened, proposal.condition.field, proposal.condition.value)
    what = f"{CONDITION_NAMES[proposal.condition.field]} {value}"
    if proposal.other is not None:
        return _("Let {item}, which names {unit} already, ask for this word too: {value}.").format(
            item=f"{proposal.other.code} {proposal.other.matter_zh}", unit=unit, value=value
        )
    return _("Make an item of its own for these cases ({what}) that names {unit}.").format(
        what=what, unit=unit
    )


def narrowed(claims: Iterable[Claim], opened: Opened, what: str, dest: str, has: str) -> Iterator[Claim]:
    units = opened.now.units
    for claim in claims:
        if not learning.is_of(claim, what):
            continue
        if dest and (not claim.final_unit or learning.pattern_of(claim, units) != dest):
            continue
        if has and has not in {f"{name}:{value}" for name, value in learning.values_of_claim(claim)}:
            continue
        yield claim


def listed(opened: Opened, rows: Iterable[Incident], claims: dict[int, Claim]) -> Iterator[dict[str, Any]]:
    shown = list(rows)
    returns = CaseRequest.objects.filter(incident__in=shown, kind=CaseRequest.Kind.RETURN).select_related(
        "reason", "proposed_unit"
    )
    asked = {request.incident_id: request for request in returns.order_by("pk")}
    for incident in shown:
        claim = claims[incident.pk]
        yield {
            "incident": incident,
            "street": opened.names.street(incident.street_code) if incident.street_code else "",
            "community": opened.names.community(incident.community_code) if incident.community_code else "",
            "named": opened.explain.unit(claim.unit) if claim.unit else _("not told by the place"),
            "how": WHAT_NAMES.get(claim.how, WHAT_NAMES["stayed"]),
            "now": opened.explain.unit(claim.final_unit) if claim.final_unit else "",
            "asked": asked.get(incident.pk),
        }


def field_of(opened: Opened, form: DraftForm, name: str, target: ResponsibilityItem) -> dict[str, Any]:
    """A field with what the list says now."""
    if name == "why":
        return {"field": form[name], "now": "", "is_spare": False}
    told = values_of(target)[name]
    if name == "lead_unit":
        now = opened.explain.unit(told)
    elif isinstance(told, list):
        now = _(", ").join(value_of(opened, name, value) for value in told)
    else:
        now = str(told)
    # A condition that nobody thinks of need not stand in the way.
    is_spare = name in CONDITIONS and not form[name].value() and name not in form.errors
    return {"field": form[name], "now": now or _("nothing asked for"), "is_spare": is_spare}


def filters_of(opened: Opened) -> dict[str, Any]:
    names, root = opened.names, opened.scope.unit
    domains: dict[str, dict[str, Any]] = {}
    for category in names.categories.values():
        domain = domains.setdefault(
            category.domain_code, {"code": category.domain_code, "name": category.domain, "items_": []}
        )
        domain["items_"].append((category.code, category.name))
    units = [(unit.code, unit.name) for unit in names.units.values() if root is None or unit.is_within(root)]
    streets = [opened.scope.street] if opened.scope.street else list(names.streets)
    return {
        "asked": opened.asked,
        "form": opened.form,
        "all_versions": opened.all_versions,
        "filters": {
            "periods": list(PERIODS.items()),
            "streets": [(code, names.street(code)) for code in streets],
            "units": units,
            "domains": list(domains.values()),
        },
        "small": SMALL,
        "live_version": opened.now.version,
    }
