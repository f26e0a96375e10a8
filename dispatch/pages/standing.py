"""Where a version stands and what this person may do with it: the head of every page about one version."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.access import person
from accounts.models import User
from config import clock
from dispatch import lists
from dispatch.edition import edition
from dispatch.lists import may_lead
from dispatch.models import Category, ItemChange, ListTerm, ResponsibilityList
from dispatch.pages.access import list_or_404
from dispatch.pages.browsing import Marks, marks_of
from dispatch.pages.naming import UnitNames
from dispatch.stewards import is_district_steward, is_steward

Standing = ResponsibilityList.Standing

# How a version's standing is coloured.
STATES = {
    Standing.DRAFT: "primary",
    Standing.PROPOSED: "warned",
    Standing.SCHEDULED: "warned",
    Standing.LIVE: "on",
    Standing.SUPERSEDED: "closed",
    Standing.DROPPED: "closed",
}


STEP_TITLES: dict[str, str | Promise] = {
    "propose": gettext_lazy("Propose"),
    "adopt": gettext_lazy("Let it go live"),
    "send-back": gettext_lazy("Send back"),
    "withdraw": gettext_lazy("Take the date back"),
    "roll-back": gettext_lazy("Go back to it"),
    "drop": gettext_lazy("Give the draft up"),
    "catch-up": gettext_lazy("Take over what went live"),
}


def step_links(version: ResponsibilityList, steps: list[str]) -> list[tuple[str, str | Promise, str]]:
    """Name, title and address of each step."""
    return [(name, STEP_TITLES[name], reverse("list-step", args=[version.version, name])) for name in steps]


def steps_of(user: User, version: ResponsibilityList, standing: str, term: ListTerm | None) -> list[str]:
    """The names of the steps that this person may take with the version, the usual one first."""
    district = is_district_steward(user)
    if standing == Standing.DRAFT and is_steward(user):
        may_drop = district or version.created_by_id == user.pk
        return [*(["propose"] if may_lead(user, version) else []), *(["drop"] if may_drop else [])]
    if standing == Standing.PROPOSED:
        may_return = district or version.proposed_by_id == user.pk
        return [*(["adopt"] if district else []), *(["send-back"] if may_return else [])]
    if standing == Standing.SCHEDULED and district:
        return ["withdraw"]
    if standing == Standing.SUPERSEDED and district and term is not None:
        return ["roll-back"]
    return []


@dataclass
class Opened:
    """One version as a page shows it to one person; what costs a query is asked when it is needed."""

    version: ResponsibilityList
    user: User
    at: datetime

    @cached_property
    def terms(self) -> list[ListTerm]:
        """The version's terms that count, the newest first."""
        told = ListTerm.objects.standing().filter(list=self.version).select_related("decided_by")
        return list(told)

    @cached_property
    def live(self) -> ResponsibilityList:
        return ResponsibilityList.objects.live(self.at).get()

    @cached_property
    def standing(self) -> str:
        if self.version.state != ResponsibilityList.State.ADOPTED:
            return str(self.version.state)
        if self.live.pk == self.version.pk:
            return Standing.LIVE
        waits = any(term.starts_at is not None and term.starts_at > self.at for term in self.terms)
        return Standing.SCHEDULED if waits else Standing.SUPERSEDED

    @property
    def standing_label(self) -> str:
        return str(Standing(self.standing).label)

    @property
    def state(self) -> str:
        return STATES[Standing(self.standing)]

    @property
    def is_behind(self) -> bool:
        """Has another version gone live since this draft or proposal was begun?"""
        open_states = (Standing.DRAFT, Standing.PROPOSED)
        return self.standing in open_states and self.version.based_on_id != self.live.pk

    @property
    def is_draft(self) -> bool:
        return self.standing == Standing.DRAFT

    @property
    def can_edit(self) -> bool:
        return self.is_draft and is_steward(self.user)

    @property
    def can_lead(self) -> bool:
        """May this person propose the draft, or bring it up to date?"""
        return self.is_draft and may_lead(self.user, self.version)

    @cached_property
    def steps(self) -> list[str]:
        return steps_of(self.user, self.version, self.standing, self.terms[0] if self.terms else None)

    @property
    def step_links(self) -> list[tuple[str, str | Promise, str]]:
        return step_links(self.version, self.steps)

    @property
    def errors(self) -> int:
        """How many errors the check has found in it as it stands; 0 where it has not been checked."""
        return (self.marks.counts or {}).get("error", 0)

    @cached_property
    def item_count(self) -> int:
        return self.version.items.count()

    @cached_property
    def last_change(self) -> ItemChange | None:
        return ItemChange.objects.filter(list=self.version).select_related("by").first()

    @cached_property
    def marks(self) -> Marks:
        """What changed against the version before, and what the check says; nothing of the first list."""
        kinds = lists.changed_kinds(self.version) if self.version.based_on_id else {}
        return marks_of(self.version, kinds)

    @cached_property
    def units(self) -> UnitNames:
        return UnitNames(edition().units)

    @cached_property
    def categories(self) -> dict[str, Category]:
        return {one.code: one for one in Category.objects.order_by("code")}


def opened(request: HttpRequest, version: int) -> Opened:
    """The version of this number for whoever asks. Raises Http404."""
    return Opened(list_or_404(request, version), person(request), clock.now())
