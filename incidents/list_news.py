"""What happens to the responsibility list, told to whom it concerns: by the same notices as cases.

The room of the list knows nobody's inbox: it writes down what happened (`ListEvent`), and a sweep here puts
a message for each receiver beside it. See docs/decisions/0019.

=============  ========================================================================================
proposed       the stewards who may decide on it
sent back      who proposed it and who wrote it
dropped        the same
adopted        the same, and the units that get an item that they did not lead, from when on
taken back     the same, and the stewards before whom it lies again
live           the stewards whose items it changed; whose own drafts it left behind
live again     all these, and who wrote what it took the place of
=============  ========================================================================================

Whoever did it is not told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import OrgUnit
from dispatch import lists, stewards
from dispatch.models import ItemChange, ListEvent, ListTerm, ResponsibilityList
from dispatch.units import AT_COMMUNITY, AT_OWNER, AT_STREET
from dispatch.vocabulary import Urgency
from incidents import outbox
from incidents.models import OutboxMessage

BATCH = 20
Kind, State = ListEvent.Kind, ResponsibilityList.State
# The kinds of message; `number` is the version that a message is about.
PREFIX = "list."


@transaction.atomic(durable=True)
def tell(*, at: datetime, limit: int = BATCH) -> int:
    """Queue the messages of up to `limit` untold events; answers how many events there were."""
    untold = ListEvent.objects.filter(told_at__isnull=True, at__lte=at).order_by("at", "pk")
    events = list(
        untold.select_related("list", "list__based_on", "term").select_for_update(
            of=("self",), no_key=True, skip_locked=True
        )[:limit]
    )
    for event in events:
        OutboxMessage.objects.bulk_create(_messages(event, at=at), ignore_conflicts=True)
        event.told_at = at
    ListEvent.objects.bulk_update(events, ["told_at"])
    return len(events)


def _messages(event: ListEvent, *, at: datetime) -> list[OutboxMessage]:
    news = _News(event, at=at)
    if event.kind == Kind.PROPOSED:
        if event.list.state == State.PROPOSED:  # else somebody has decided already
            news.tell_deciders("proposed")
    elif event.kind in (Kind.SENT_BACK, Kind.DROPPED):
        news.tell_people(event.kind, authors_of(event.list))
    elif event.kind == Kind.ADOPTED:
        news.tell_people("adopted", authors_of(event.list), **news.begins)
        news.tell_units("given", base=event.list.based_on)
    elif event.kind == Kind.WITHDRAWN:
        news.tell_people("withdrawn", authors_of(event.list))
        news.tell_deciders("withdrawn")
        news.tell_units("not_given", base=event.list.based_on)
    elif event.kind == Kind.BEGAN and news.term.cancelled_at is None:
        if news.term.starts_at == news.term.decided_at:
            # Its adoption has just told them so, and the others who did it know.
            news.leave_out(authors_of(event.list))
        else:
            news.known.clear()
        news.tell_keepers("live", base=event.list.based_on)
        news.tell_behind(event.list.based_on)
    elif event.kind == Kind.ROLLED_BACK:
        before = _before(news.term)
        known = {"before": before.version} if before else {}
        news.tell_keepers("live_again", base=before, **known)
        news.tell_people("live_again", authors_of(before) if before else (), **news.tally, **known)
        news.tell_behind(before)
        news.tell_units("given", base=before)
    return news.messages


class _News:
    """The messages of one event, each receiver once for each thing."""

    def __init__(self, event: ListEvent, *, at: datetime) -> None:
        self.event, self.at = event, at
        self.messages: list[OutboxMessage] = []
        self.known: set[int] = {event.by_id} if event.by_id else set()
        self.tally: dict[str, Any] = {}

    @property
    def term(self) -> ListTerm:
        assert self.event.term is not None
        return self.event.term

    @property
    def begins(self) -> dict[str, Any]:
        """From when on it decides."""
        assert self.term.starts_at is not None
        return {"from": self.term.starts_at.isoformat()}

    def leave_out(self, people: Iterable[int]) -> None:
        """These need not be told that the version is live."""
        self.known.update(people)

    def tell_people(self, what: str, people: Iterable[int], **data: Any) -> None:
        for user in sorted(set(people) - self.known):
            self._tell(what, f"user:{user}", **data)

    def tell_deciders(self, what: str) -> None:
        """The district's stewards who may adopt it."""
        may = [user.pk for user in stewards.everybody() if stewards.may_decide_on(user, self.event.list)]
        self.tell_people(what, may, count=len(lists.changed_kinds(self.event.list)))

    def tell_keepers(self, what: str, *, base: ResponsibilityList | None, **data: Any) -> None:
        """The stewards of items that differ from `base`, each of how many of theirs; the district of all."""
        leads = _changed_leads(self.event.list, base)
        self.tally = {"count": len(leads), "is_all": True}
        for user in stewards.everybody():
            is_all = stewards.is_district_steward(user)
            kept = stewards.units_kept(user) if not is_all else frozenset()
            count = len(leads) if is_all else sum(not kept.isdisjoint(pair) for pair in leads.values())
            if count:
                self.tell_people(what, [user.pk], count=count, is_all=is_all, **data)
                self.known.add(user.pk)

    def tell_behind(self, before: ResponsibilityList | None) -> None:
        """The authors of drafts and proposals that rest on what was live before."""
        drafts = ResponsibilityList.objects.filter(state__in=[State.DRAFT, State.PROPOSED], based_on=before)
        for draft in drafts.order_by("pk") if before else ():
            for user in sorted(authors_of(draft)):
                # Also who let the other version go live: their own draft is behind all the same.
                self._tell("behind", f"user:{user}", about=draft, live=self.event.list.version)

    def tell_units(self, what: str, *, base: ResponsibilityList | None) -> None:
        """The units that lead items now which they did not lead in `base`: those there, and their heads."""
        for unit, codes in _given(self.event.list, base).items():
            for receiver in (f"head:{unit}", f"unit:{unit}"):
                self._tell(what, receiver, **self.begins, count=len(codes), codes=codes[:3])

    def _tell(
        self, what: str, receiver: str, *, about: ResponsibilityList | None = None, **data: Any
    ) -> None:
        version = (about or self.event.list).version
        self.messages.append(
            outbox.message(
                f"{PREFIX}{what}",
                incident_id=None,
                receiver=receiver,
                key=f"{PREFIX}{what}:{self.event.pk}:{version}:{receiver}",
                at=self.at,
                number=str(version),
                urgency=Urgency.ROUTINE,
                **data,
            )
        )


def authors_of(version: ResponsibilityList) -> frozenset[int]:
    """Who began the version, who wrote in it and who proposed it."""
    wrote = ItemChange.objects.filter(list=version).order_by().values_list("by", flat=True).distinct()
    led = (version.created_by_id, version.proposed_by_id)
    return frozenset({*wrote, *(user for user in led if user is not None)})


def _before(term: ListTerm) -> ResponsibilityList | None:
    """What decided until this term began."""
    earlier = Q(starts_at__isnull=True) | Q(starts_at__lt=term.starts_at)
    found = ListTerm.objects.standing().filter(earlier).select_related("list").first()
    return found.list if found else None


def _changed_leads(
    version: ResponsibilityList, base: ResponsibilityList | None
) -> dict[str, tuple[str | None, str | None]]:
    """Code of an item that differs from `base` → who led it and who leads it; None where it is not there."""
    if base is None:
        return {}
    codes = lists.changed_kinds(version, base)
    before, after = _leads(base, codes), _leads(version, codes)
    return {code: (before.get(code), after.get(code)) for code in codes}


def _leads(version: ResponsibilityList, codes: Iterable[str]) -> Mapping[str, str]:
    return dict(version.items.filter(code__in=list(codes)).values_list("code", "lead_unit"))


def _given(version: ResponsibilityList, base: ResponsibilityList | None) -> dict[str, list[str]]:
    """Unit → the codes of the items that it leads now and did not before.

    Which unit `@owner` means is the single facility's matter: nobody is told.
    """
    new: dict[str, set[str]] = defaultdict(set)
    for code, (before, after) in _changed_leads(version, base).items():
        if after and after != before:
            for unit in _meant(after) - (_meant(before) if before else set()):
                new[unit].add(code)
    return {unit: sorted(codes) for unit, codes in sorted(new.items())}


def _meant(pattern: str) -> set[str]:
    """The open units that a list's unit can mean anywhere in the district."""
    units, kinds = OrgUnit.objects.open(), OrgUnit.Kind
    if pattern == AT_OWNER:
        return set()
    if pattern == AT_COMMUNITY:
        found = units.filter(kind=kinds.COMMUNITY_STATION)
    elif pattern == AT_STREET:
        found = units.filter(kind=kinds.STREET_OFFICE)
    elif pattern.startswith(f"{AT_STREET}/"):
        offices = units.filter(kind=kinds.STREET_OFFICE).values_list("code", flat=True)
        team = pattern.removeprefix(AT_STREET)
        found = units.filter(code__in=[f"{office}{team}" for office in offices])
    else:
        found = units.filter(code=pattern)
    return set(found.values_list("code", flat=True))
