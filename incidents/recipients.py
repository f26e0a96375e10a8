"""Who is behind a receiver, looked up when a message is spread: people come and go, codes stay.

=================  ====================================================================================
`unit:CODE`        its handlers and who is on duty there now (an emergency calls only the latter outside the
                   pages); of the desk and of street centres those who sit there; where nobody is, of the
                   nearest unit above
`check:CODE`       whoever a check of that unit falls to: of a street's grid station its patrols and its own
                   handlers; else as `unit:`
`head:CODE`        its leaders, or those of the nearest unit above it and below the district; nobody else,
                   for what goes to a head goes to its unit as well
`street:AREA`      operators, dispatchers and supervisors of that street's centre; else the supervisors
`supervisors`      of the whole district
`leaders`          of the whole district
`user:ID`          that person
`report:ID`        the reporter, and the webhooks of the report's source; of a finding the patrol who made it
`client:ID`        the webhooks of that system's source
`block:AREA:ROLE`  who answers for that block by name (first_secretary, instructor, head)
`proof:ID`         whoever reported under the number that somebody says is theirs; nobody where nobody did
=================  ====================================================================================
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiClient, DutyShift, Membership, OrgUnit, User
from accounts.roles import ADMINISTRATORS, Role
from dispatch.vocabulary import Source
from incidents import blocks, proving
from incidents.field import rounds
from incidents.models import QuietReport, Report, Webhook

_DESK = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR})
_CENTRE = "/operations"
_OF_STAFF = frozenset({"unit", "check", "head", "street", "supervisors", "leaders"})
_FAMILIES = _OF_STAFF | {"user", "report", "client", "proof", "block"}
# Whom an emergency calls outside the pages, where a roster says who is on duty.
_BY_ROSTER = frozenset({"unit", "check"})


@dataclass(frozen=True, slots=True)
class Recipients:
    """The people and systems that one receiver means now; a report also stands for its reporter, and its
    user is the patrol who found it."""

    users: tuple[User, ...] = ()
    # Whom an emergency calls outside the pages, where a roster says so: those on duty. Else everybody.
    on_duty: frozenset[int] = frozenset()
    report: Report | None = None
    webhooks: tuple[Webhook, ...] = ()
    # The reporter wants no text messages about it.
    is_quiet: bool = False


def resolve(receivers: Iterable[str], *, at: datetime) -> dict[str, Recipients]:
    """What each receiver means at `at`, in a fixed number of queries; raises ValueError for a strange one."""
    named: dict[str, set[str]] = defaultdict(set)
    asked = set(receivers)
    for receiver in asked:
        family, _colon, name = receiver.partition(":")
        if family not in _FAMILIES:
            raise ValueError(f"nobody is known by {receiver!r}")
        named[family].add(name)
    staff = _Staff(named, at=at) if named.keys() & _OF_STAFF else None
    users = User.objects.filter(is_active=True).in_bulk([int(name) for name in named["user"]])
    reports = Report.objects.select_related("contact", "filed_by").in_bulk(
        [int(name) for name in named["report"]]
    )
    quiet = set(QuietReport.objects.filter(report__in=reports).values_list("report_id", flat=True))
    clients = ApiClient.objects.in_bulk([int(name) for name in named["client"]])
    webhooks = _webhooks({r.source for r in reports.values()} | {c.source for c in clients.values()})

    def meant(receiver: str) -> Recipients:
        family, _colon, name = receiver.partition(":")
        if family == "user":
            return Recipients(users=tuple(users[key] for key in (int(name),) if key in users))
        if family == "report":
            report = reports[int(name)]
            return Recipients(
                users=_finder(report),
                report=report,
                webhooks=webhooks[report.source],
                is_quiet=report.pk in quiet,
            )
        if family == "block":
            return Recipients(users=blocks.holders(name))
        if family == "proof":
            return Recipients(report=proving.texted_for(int(name), at=at))
        if family == "client":
            return Recipients(webhooks=webhooks[clients[int(name)].source])
        assert staff is not None
        people = staff.behind(family, name)
        return Recipients(
            users=people, on_duty=staff.on_duty(people) if family in _BY_ROSTER else frozenset()
        )

    return {receiver: meant(receiver) for receiver in asked}


def _finder(report: Report) -> tuple[User, ...]:
    """The patrol who reported what they found on their round, while they work here."""
    finder = report.filed_by if report.source == Source.PATROL else None
    return (finder,) if finder is not None and finder.is_active else ()


def _webhooks(sources: set[str]) -> dict[str, tuple[Webhook, ...]]:
    found: dict[str, tuple[Webhook, ...]] = dict.fromkeys(sources, ())
    if sources:
        for webhook in Webhook.objects.filter(source__in=sources, is_active=True).order_by("pk"):
            found[webhook.source] += (webhook,)
    return found


class _Staff:
    """The units that were asked for with all above them, who works there, and who is on duty."""

    def __init__(self, named: dict[str, set[str]], *, at: datetime) -> None:
        codes = named["unit"] | named["check"] | named["head"]
        centres = OrgUnit.objects.filter(code__endswith=_CENTRE, area_code__in=named["street"])
        units = list(
            OrgUnit.objects.filter(
                Q(code__in=codes)
                | Q(pk__in=centres.values("pk"))
                | Q(code=settings.TRIAGE_UNIT)
                | Q(kind=OrgUnit.Kind.DISTRICT)
            )
        )
        self._ways = {unit.code: unit.path.split(">")[::-1] for unit in units}
        self._centres = {unit.area_code: unit.code for unit in units if unit.code.endswith(_CENTRE)}
        # The units whose reach is the whole district.
        self._district = {
            unit.code
            for unit in units
            if unit.kind == OrgUnit.Kind.DISTRICT or unit.code == settings.TRIAGE_UNIT
        }
        self._top = {unit.code for unit in units if unit.kind == OrgUnit.Kind.DISTRICT}
        above = {code for way in self._ways.values() for code in way}
        self._people: dict[str, dict[str, list[User]]] = defaultdict(lambda: defaultdict(list))
        memberships = Membership.objects.filter(unit__in=above, unit__is_open=True, user__is_active=True)
        # Roles lapse by the machine's time, as sign-ins do; who stands in a roster is called all the same.
        memberships = memberships.in_force(timezone.now())
        for row in memberships.exclude(role__in=ADMINISTRATORS).select_related("user").order_by("user_id"):
            self._people[row.unit_id][row.role].append(row.user)
        self._duty: dict[str, list[User]] = defaultdict(list)
        for shift in DutyShift.objects.standing().at(at).filter(unit__in=above).select_related("user"):
            self._duty[shift.unit_id].append(shift.user)
        stations = {unit.code: unit.area_code[:9] for unit in units if unit.code in named["check"]}
        self._patrols = rounds.patrols_of(
            {code: stations[code] for code in stations if rounds.is_station(code)}
        )

    def behind(self, family: str, name: str) -> tuple[User, ...]:
        match family:
            case "unit":
                return self._unit(name)
            case "check":
                own = [*self._duty.get(name, ()), *self._with({Role.HANDLER}, name)]
                return _once([*self._patrols.get(name, ()), *own]) or self._unit(name)
            case "head":
                return self._head(name)
            case "street":
                centre = self._centres.get(name, "")
                return self._with(_DESK, centre) or self._of_district(Role.SUPERVISOR)
            case "supervisors":
                return self._of_district(Role.SUPERVISOR)
            case _:
                return self._of_district(Role.LEADER)

    def _unit(self, code: str) -> tuple[User, ...]:
        for unit in self._way(code):
            roles = _DESK if unit == settings.TRIAGE_UNIT or unit.endswith(_CENTRE) else {Role.HANDLER}
            if found := _once([*self._duty.get(unit, ()), *self._with(roles, unit)]):
                return found
        return ()

    def on_duty(self, people: Iterable[User]) -> frozenset[int]:
        """Who of these people is on duty now; empty where no roster says."""
        shifts = {user.pk for users in self._duty.values() for user in users}
        return frozenset(user.pk for user in people if user.pk in shifts)

    def _head(self, code: str) -> tuple[User, ...]:
        return next((found for unit in self._way(code) if (found := self._with({Role.LEADER}, unit))), ())

    def _of_district(self, role: Role) -> tuple[User, ...]:
        return _once(user for unit in sorted(self._district) for user in self._people[unit][role])

    def _with(self, roles: Iterable[str], unit: str) -> tuple[User, ...]:
        return _once(user for role in sorted(roles) for user in self._people[unit][role])

    def _way(self, code: str) -> Iterator[str]:
        """The unit and those above it, below the district: nobody there is near enough to act."""
        return (unit for unit in self._ways[code] if unit not in self._top or unit == code)


def _once(users: Iterable[User]) -> tuple[User, ...]:
    return tuple({user.pk: user for user in users}.values())
