"""What the pages and the API tell of a data set: one reading for both."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.models import ApiClient, OrgUnit, User
from accounts.roles import Role
from dashboards.datasets import building, catalogue, reach, usage
from dashboards.datasets.codes import ELSEWHERE, short_list
from dashboards.datasets.definition import Access, DataSet, Field, Mode, Text
from dashboards.datasets.reach import Ground, Standing
from dashboards.models import Snapshot, SnapshotFile
from incidents.numbers import district_day

GROUNDS: dict[str, Text] = {
    Ground.NONE: pgettext_lazy("data access", "On request"),
    Ground.OWNER: pgettext_lazy("data access", "You own it"),
    Ground.OPEN: pgettext_lazy("data access", "Open"),
    Ground.ROLE: pgettext_lazy("data access", "Yours by role"),
    Ground.UNIT: pgettext_lazy("data access", "Yours by unit"),
    Ground.GRANT: pgettext_lazy("data access", "Granted"),
}
KINDS: dict[str, Text] = {
    "text": pgettext_lazy("data type", "text"),
    "integer": pgettext_lazy("data type", "whole number"),
    "number": pgettext_lazy("data type", "number"),
    "boolean": pgettext_lazy("data type", "yes or no"),
    "date": pgettext_lazy("data type", "day"),
}
# Under the table of fields; a word for each field in it.
RULES: dict[str, tuple[Text, Text]] = {
    "code": (
        pgettext_lazy("data rule", "code"),
        pgettext_lazy("data rule", "a word of a closed list; anything else is kept back"),
    ),
    "key": (
        pgettext_lazy("data rule", "pseudonym"),
        pgettext_lazy("data rule", "the same everywhere, and nobody can tell from it what it stands for"),
    ),
    "official": (
        pgettext_lazy("data rule", "official name"),
        pgettext_lazy("data rule", "of a public register; kept back where anything in it looks personal"),
    ),
    "figure": (
        pgettext_lazy("data rule", "figure"),
        pgettext_lazy("data rule", "a number, a day, yes or no"),
    ),
    "small": (
        pgettext_lazy("data rule", "figure of a group"),
        pgettext_lazy("data rule", "empty where the group is too small"),
    ),
}


@dataclass(slots=True)
class Entry:
    """A data set as one caller finds it."""

    dataset: DataSet
    access: Access
    standing: Standing
    snapshot: Snapshot | None
    failed: Snapshot | None  # the last try, where it failed after the snapshot was made
    counts: dict[str, int]
    is_stale: bool
    owner: str
    others: list[DataSet] = field(default_factory=list)  # older versions that are still served

    @property
    def files(self) -> list[SnapshotFile]:
        return (
            [] if self.snapshot is None else [one for one in self.snapshot.files.all() if not one.removed_at]
        )

    @property
    def topic(self) -> Text:
        return catalogue.TOPICS[self.dataset.topic]

    @property
    def ground(self) -> Text:
        if self.standing.request is not None and not self.standing.may_have:
            return _("Asked for")
        return GROUNDS[self.standing.ground]

    @property
    def state(self) -> str:
        """How the page marks it."""
        if self.standing.may_have:
            return "on"
        return "warned" if self.standing.request is not None else ""

    @property
    def licence(self) -> tuple[Text, Text]:
        return catalogue.LICENCES[self.dataset.licence]


def entries(
    asking: User | ApiClient, datasets: Iterable[list[DataSet]] | None = None, *, at: datetime
) -> list[Entry]:
    """The catalogue for one caller, in a fixed number of queries."""
    served = list(datasets) if datasets is not None else list(catalogue.served(district_day(at)).values())
    codes = [versions[0].code for versions in served]
    rules, asked = reach.rules(codes), reach.grants_of(asking, at)
    newest, failed, counts = _newest(codes), _failed(codes), usage.counts(codes, at)
    owners = {unit.code: unit.name for unit in OrgUnit.objects.filter(code__in=_owner_codes(served))}
    found = []
    for first, *others in served:
        access = reach.access_of(first, rules)
        snapshot = newest.get((first.code, first.version))
        try_after = failed.get((first.code, first.version))
        if try_after is not None and snapshot is not None and try_after.began_at < snapshot.began_at:
            try_after = None
        found.append(
            Entry(
                dataset=first,
                access=access,
                standing=reach.standing(asking, first, access, asked.get(first.code, ())),
                snapshot=snapshot,
                failed=try_after,
                counts=counts.get(first.code, usage.NOTHING),
                is_stale=building.is_stale(snapshot, at),
                owner=owners.get(first.owner_unit, first.owner_unit),
                others=others,
            )
        )
    return found


def entry(asking: User | ApiClient, code: str, version: int | None = None, *, at: datetime) -> Entry | None:
    """One of them, in the newest version or the one that is asked for; None where it is not served."""
    dataset = catalogue.find(code, district_day(at), version)
    if dataset is None:
        return None
    versions = catalogue.served(district_day(at))[code]
    return entries(asking, [[dataset, *(one for one in versions if one is not dataset)]], at=at)[0]


def _owner_codes(served: Iterable[list[DataSet]]) -> set[str]:
    return {versions[0].owner_unit for versions in served}


def _newest(codes: list[str]) -> dict[tuple[str, int], Snapshot]:
    rows = (
        Snapshot.objects.filter(dataset__in=codes, state=Snapshot.State.READY)
        .order_by("dataset", "version", "-cut_at", "-pk")
        .distinct("dataset", "version")
        .defer("marks")
        .prefetch_related("files")
    )
    return {(row.dataset, row.version): row for row in rows}


def _failed(codes: list[str]) -> dict[tuple[str, int], Snapshot]:
    rows = (
        Snapshot.objects.filter(dataset__in=codes, state=Snapshot.State.FAILED)
        .order_by("dataset", "version", "-began_at", "-pk")
        .distinct("dataset", "version")
        .defer("marks")
    )
    return {(row.dataset, row.version): row for row in rows}


def who(access: Access) -> str:
    """Who may have it without asking, in words."""
    if access.mode == Mode.OPEN:
        return _("Everybody who signs in, and every system with a token for data sets.")
    if access.mode == Mode.ROLES:
        roles = _(", ").join(str(Role(role).label) for role in access.roles)
        return _("Those who have one of these roles for the whole district: %(roles)s.") % {"roles": roles}
    if access.mode == Mode.UNITS:
        units = OrgUnit.objects.filter(code__in=access.units).order_by("path")
        return _("Whoever works in %(units)s, or below.") % {
            "units": _(", ").join(unit.name for unit in units)
        }
    return _("Nobody without asking, but for those who own it.")


def fields(dataset: DataSet) -> list[dict[str, Any]]:
    """The table of fields, with the code lists that are short."""
    return [
        {
            "field": one,
            "kind": KINDS[one.kind],
            "rule": RULES[one.rule][0],
            "is_key": one.name in dataset.key,
            "codes": short_list(one.codes),
            "elsewhere": ELSEWHERE.get(one.codes),
        }
        for one in dataset.fields
    ]


def rules(dataset: DataSet) -> list[tuple[Text, Text]]:
    """What the rules of its fields are called, and what they say."""
    used = {one.rule for one in dataset.fields}
    return [told for rule, told in RULES.items() if rule in used]


def code_list(one: Field) -> dict[str, Any] | None:
    """Where a program finds the words of a field."""
    if not one.codes:
        return None
    if one.codes in ELSEWHERE:
        dataset, name = ELSEWHERE[one.codes]
        return {"dataset": dataset, "field": name, "values": []}
    values = [{"code": code, "name_zh": zh, "name_en": en} for code, zh, en in short_list(one.codes)]
    return {"dataset": "", "field": "", "values": values}
