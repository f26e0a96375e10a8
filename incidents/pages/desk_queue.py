"""The desk's queue: its tabs and rows, which case comes next, and whether anything has changed."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from dispatch.edition import edition
from dispatch.explain import Explainer
from incidents import policy, presence, queries, timeline_words
from incidents.alike import Again, again
from incidents.centre import shares
from incidents.claiming import CLAIM_LASTS
from incidents.models import CaseRequest, DecisionRecord, Incident, SavedView
from incidents.models.incident import Status
from incidents.pages.access import DESK_ROLES, person
from incidents.pages.case_filter import CaseFilter, narrowed
from incidents.pages.wording import TITLE_SHORT, described, is_held
from incidents.searching.saved import views_of

QUEUE_SHOWN = 100
# What came back, or up, goes elsewhere than the machine said at first: the case itself tells where.
_BY_HISTORY = frozenset({"returned", "disputed", "raised", "reopened", "repair", "unit_closed"})


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue."""

    key: str
    label: Any
    holds: Callable[[User, datetime], Q]

    @property
    def query(self) -> str:
        """What the address of anything under this tab ends in."""
        return f"?{urlencode({'tab': self.key})}" if self.key else ""


def _mine(user: User, at: datetime) -> Q:
    return Q(claimed_by=user, claimed_at__gt=at - CLAIM_LASTS)


def _tagged(*codes: str) -> Callable[[User, datetime], Q]:
    return lambda user, at: Q(triage_codes__overlap=list(codes))


TABS = (
    Tab("", gettext_lazy("All"), lambda user, at: Q()),
    Tab("mine", gettext_lazy("Mine"), _mine),
    Tab("returned", gettext_lazy("Returned"), _tagged("returned", "disputed")),
    Tab("place", gettext_lazy("No place"), _tagged("no_place", "out_of_area", "place_unknown")),
    Tab("talk", gettext_lazy("No report"), _tagged("empty_talk", "thanks", "test", "spam")),
    Tab("several", gettext_lazy("Several matters"), _tagged("several_matters")),
    Tab("enquiry", gettext_lazy("Enquiries"), _tagged("enquiry")),
)
# Returns that units have asked for and the centre has not answered: these cases are not on the desk.
ASKED = "asked"
_VIEW = "view-"  # and the number of a saved view


def tab_of(request: HttpRequest) -> Tab:
    """The tab that the address or the form names."""
    return tab_named(request.POST.get("tab") or request.GET.get("tab", ""), person(request))


def tab_named(key: str, user: User) -> Tab:
    """The tab of this key: one of everybody's, or a view that `user` is offered; else the first."""
    if key == ASKED:
        return Tab(ASKED, _("Return requests"), lambda user, at: Q())
    known = TABS if not key.startswith(_VIEW) else view_tabs(user)
    return next((one for one in known if one.key == key), TABS[0])


def view_tabs(user: User) -> list[Tab]:
    """The views that `user` is offered on the desk, as tabs: what waits there, narrowed by their filters."""
    return [
        Tab(f"{_VIEW}{view.pk}", view.name, _narrowed_by(QueryDict(view.query)))
        for view in views_of(user, SavedView.Page.DESK)
    ]


def _narrowed_by(query: QueryDict) -> Callable[[User, datetime], Q]:
    wanted = CaseFilter(query).wanted
    return lambda user, at: Q(pk__in=narrowed(on_desk(user), wanted, at).order_by().values("pk"))


def on_desk(user: User) -> QuerySet[Incident]:
    """Every case that waits for a person on this person's desk."""
    return Incident.objects.filter(policy.visible(user)).at_desk()


def waiting(user: User, tab: Tab, at: datetime) -> Any:
    """The cases of a tab."""
    if tab.key == ASKED:
        return _asked(user)
    return on_desk(user).filter(tab.holds(user, at))


def waits_for_a_person(incident: Incident) -> bool:
    """Is it on anybody's desk: to be decided, or asked to be taken back?"""
    asked = CaseRequest.objects.filter(
        incident=incident, kind=CaseRequest.Kind.RETURN, answered_at__isnull=True
    )
    return incident.status == Status.TRIAGE or asked.exists()


def _asked(user: User) -> QuerySet[Incident]:
    asked = CaseRequest.objects.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True)
    return Incident.objects.filter(policy.visible(user), pk__in=asked.values("incident"))


def next_case(user: User, tab: Tab, *, at: datetime, beside: Iterable[str] = ()) -> Incident | None:
    """The first case of the tab that nobody else has in hand or reads, where people share the queue first of
    this person's part; `beside` names some to pass over."""
    free = ~Q(claimed_at__gt=at - CLAIM_LASTS) | Q(claimed_by=user) | Q(claimed_at__isnull=True)
    read = presence.others(user, now=timezone.now()).values("incident")
    cases = waiting(user, tab, at).filter(free).exclude(number__in=list(beside))
    whole = cases.burning_first().select_related(
        "category", "owner_unit", "text", "claimed_by", "handler", "merged_into", "split_from"
    )
    # Where others read everything that is left, it is better to read along than to see nothing.
    return shares.next_for(user, whole.exclude(pk__in=read), at=at) or whole.first()


def next_case_url(user: User, tab: Tab | str, *, at: datetime, beside: str = "") -> str:
    """Where the desk goes on: the next case that nobody else deals with, or the empty desk."""
    if isinstance(tab, str):
        tab = tab_named(tab, user)
    following = next_case(user, tab, at=at, beside=[beside])
    if following is None:
        return reverse("desk") + tab.query
    # Kept from this instant on, before the page is there: else two who act at once get the same one.
    presence.look(user, following, now=timezone.now())
    return reverse("desk-case", args=[following.number]) + tab.query


def queue_of(user: User, tab: Tab, at: datetime, opened: Incident | None = None) -> dict[str, Any]:
    """The rows of a tab with the counts of all tabs but views; eleven queries however long it is."""
    rows = list(waiting(user, tab, at).for_list().burning_first()[:QUEUE_SHOWN])
    place = queries.places_of(rows)
    asked = _asked(user)
    counts = on_desk(user).aggregate(
        **{one.key or "all": Count("pk", filter=one.holds(user, at) if one.key else None) for one in TABS}
    )
    tabs = [{"key": one.key, "label": one.label, "count": counts[one.key or "all"]} for one in TABS]
    tabs += [{"key": one.key, "label": one.label, "view": True} for one in view_tabs(user)]
    tabs.append({"key": ASKED, "label": _("Return requests"), "count": queries.bounded_count(asked)})
    looking = presence.lookers(user, [row.pk for row in rows], now=timezone.now())
    likely = suggestions(rows)
    before = again(rows)
    return {
        "tab": tab.key,
        "tab_query": tab.query,
        "tabs": [one for one in tabs if one.get("count") or one.get("view") or one["key"] in ("", tab.key)],
        "rules": bool(viewer_of(user).with_roles(Role.DISPATCHER, Role.SUPERVISOR)),
        "waiting": counts["all"],
        "shown": len(rows),
        "can_pick": tab.key != ASKED,
        "rows": [
            _row(
                row,
                user,
                at,
                place.short(row),
                opened,
                looker=looking.get(row.pk),
                suggested=likely.get(row.pk, ""),
                before=before.get(row.pk),
            )
            for row in rows
        ],
        "queue_today": queries.today(at=at, street_code=street_of(user)),
    }


def suggestions(rows: Iterable[Incident]) -> Mapping[int, str]:
    """The unit that the machine would send each of these to, by name; one query."""
    wanted = [row.pk for row in rows if not _BY_HISTORY & set(row.triage_codes)]
    said = (
        DecisionRecord.objects.filter(incident__in=wanted, made_by__isnull=True)
        .exclude(model="")
        .order_by("incident", F("report").asc(nulls_first=True), "-pk")
        .distinct("incident")
        .values_list("incident", "unit_code")
    )
    explain = Explainer(edition().names)
    return {incident: explain.unit(unit) for incident, unit in said if unit}


def _row(
    incident: Incident,
    user: User,
    at: datetime,
    place: str,
    opened: Incident | None,
    *,
    looker: User | None,
    suggested: str,
    before: Again | None,
) -> dict[str, Any]:
    held = is_held(incident, at)
    tags = timeline_words.triage_tags(incident.triage_codes)
    if incident.status != Status.TRIAGE:
        tags = [("asked", _("Return asked for"), "warned")]
    mine = held and incident.claimed_by_id == user.pk
    return described(
        incident,
        at,
        TITLE_SHORT,
        place=place or incident.get_source_display(),
        tag=tags[0] if tags else None,
        mine=mine,
        taken=held and not mine,
        looker=looker if not held else None,
        suggested=suggested,
        again=before,
        current=opened is not None and opened.pk == incident.pk,
    )


def etag_of(user: User, tab: Tab, at: datetime) -> str:
    """Changes with every case that enters, leaves or changes; with the minute in which a claim lapses; and
    with who reads what."""
    stamp = queries.version_stamp(waiting(user, tab, at))
    lapsing = on_desk(user).filter(claimed_at__gt=at - CLAIM_LASTS).count()
    everything = queries.version_stamp(on_desk(user)) if tab.key else stamp
    reading = sorted(presence.others(user, now=timezone.now()).values_list("user", "incident"))
    told = f"{stamp}{everything}{lapsing}{reading}{tab.key}{user.pk}{get_language()}{at.astimezone().date()}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'


def street_of(user: User) -> str:
    """The one street that this person's desk stands in; empty for the district's."""
    grants = viewer_of(user).with_roles(*DESK_ROLES)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return ""
    return next((grant.unit.area_code for grant in grants if grant.reach == Reach.STREET), "")
