"""What follows when alerts begin and end: a case for what burns, none for its noise."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import Count, Max, Q

from dispatch.vocabulary import Urgency
from incidents.models import Alert, AlertCase, AlertDevice, AlertEpisode, Incident
from incidents.models.incident import Status
from incidents.sensing.drafting import draft_of, place_of
from incidents.sensing.episodes import is_flapping
from incidents.sensing.meaning import WEIGHTS, Book, Causes, labels_of, urgency_of, weight_of
from incidents.timeline import Kind

Fate = AlertEpisode.Fate
# A line on the timeline when so many devices burn under one case.
_STORM_AT = (5, 50, 500, 5_000)
_ABOVE_MOST = 8  # levels of parents that are looked up


@dataclass(slots=True)
class Following:
    """The alerts of one transaction, under the lock, with what is open around them."""

    book: Book
    alerts: dict[int, Alert]
    burning: dict[int, AlertEpisode]
    at: datetime
    _cases: dict[int, AlertCase] = field(default_factory=dict)
    _groups: dict[str, AlertCase] = field(default_factory=dict)
    _touched: set[int] = field(default_factory=set)

    def began(self, alerts: Sequence[Alert]) -> None:
        """These burn now: each opens a case, goes to an open one, or is held back."""
        if not alerts:
            return
        for alert in alerts:
            labels = labels_of(alert)
            alert.rule = self.book.rule_for(labels, alert.device)
            alert.is_mapped = alert.rule is not None
            alert.can_inhibit = self.book.can_inhibit(labels)
        devices = self._devices_above(alerts)
        self._hold_cases(alerts)
        # No supplier silences what another one reports.
        burning: dict[int, list[Alert]] = defaultdict(list)
        for cause in self._causes(alerts):
            burning[cause.client_id].append(cause)
        clients = {alert.client_id for alert in alerts}
        causes = {client: Causes(self.book, burning[client]) for client in clients}
        waiting: dict[str, list[Alert]] = defaultdict(list)
        for alert in alerts:
            alert.street_code = place_of(alert).street or ""
            if (key := self._decide(alert, causes[alert.client_id], devices)) is not None:
                waiting[key].append(alert)
        self._open(waiting, devices)

    def worsened(self, before: Mapping[int, str]) -> list[Alert]:
        """Of the alerts that burn on with another severity than `before`: those that are worse by it."""
        rules = {rule.row.pk: rule.row for rule in self.book.rules}
        worse = []
        for pk, severity in before.items():
            alert = self.alerts[pk]
            now = weight_of(alert.severity, self.book.rule_for(labels_of(alert), alert.device))
            if alert.is_firing and now > weight_of(severity, rules.get(alert.rule_id or 0)):
                worse.append(alert)
        return worse

    def ended(self, alerts: Iterable[Alert]) -> None:
        """These burn no more."""
        held = list(alerts)
        self._hold_cases(held)
        for alert in held:
            alert.inhibited_by = None
            if alert.case_id in self._cases:
                self._touched.add(alert.case_id)

    def settle(self) -> set[int]:
        """Save the cases by how their alerts stand now, which are saved; those that `filing` goes on with."""
        standing = {
            row["case"]: row
            for row in Alert.objects.filter(case__in=self._touched)
            .values("case")
            .annotate(
                burning=Count("pk", filter=Q(is_firing=True)),
                flapping=Count("pk", filter=Q(flapping_since__isnull=False)),
                last=Max("ended_at"),
            )
        }
        for pk in self._touched:
            case, row = self._cases[pk], standing.get(pk)
            if case.ended_at is None and row is not None:
                self._time(case, row["burning"], row["flapping"], row["last"])
            elif case.ended_at is None:
                case.ended_at = self.at  # all of it goes on under cases of its own
        _save([self._cases[pk] for pk in sorted(self._touched)])
        return {
            pk
            for pk in self._touched
            if self._cases[pk].pending
            or (self._cases[pk].incident_id is None and not self._cases[pk].refused)
        }

    def _time(self, case: AlertCase, burning: int, flapping: int, last: datetime | None) -> None:
        """When is it over? Not while something burns, and later where something flaps."""
        if burning or last is None:
            case.check_at = None
            if case.told_clear:
                case.told_clear = False
                self._say(case, Kind.ALERT_AGAIN)
            return
        minutes = settings.ALERT_QUIET_MINUTES if flapping else settings.ALERT_SETTLE_MINUTES
        case.check_at = min(last, self.at) + timedelta(minutes=minutes)
        if not flapping and not case.told_clear:
            case.told_clear = True
            self._say(case, Kind.ALERT_CLEARED, cleared_at=min(last, self.at).isoformat())

    def _decide(self, alert: Alert, causes: Causes, devices: dict[int, AlertDevice]) -> str | None:
        """What becomes of an alert that burns; the key of the case that it needs, where it needs one."""
        episode = self.burning[alert.pk]
        has_flapped = alert.flapping_since is not None
        if not has_flapped and is_flapping(
            alert,
            times=settings.ALERT_FLAP_TIMES,
            within=timedelta(minutes=settings.ALERT_FLAP_MINUTES),
        ):
            alert.flapping_since = self.at
        if alert.rule is not None and not alert.rule.makes_case:
            episode.fate = Fate.NOTED
            return None
        cause = causes.inhibitor(alert, devices)
        if cause is not None:
            alert.inhibited_by, episode.fate = cause, Fate.INHIBITED
            return None
        alert.inhibited_by = None
        case = self._open_case_of(alert)
        is_emergency = urgency_of(alert.severity, alert.rule) == Urgency.EMERGENCY
        if case is not None and is_emergency and _is_calm(case):
            self._leave(alert, case)
            return self._group_key(alert) or f"alert:{alert.pk}"
        if case is not None:
            self._join(alert, episode, case)
            if alert.flapping_since is not None and not has_flapped:
                self._flaps(case, alert)
            return None
        if has_flapped and alert.case_id is not None and not is_emergency:
            # Its case was closed by people: it opens no other until it has been quiet.
            episode.fate, episode.case_id = Fate.FLAPPING, alert.case_id
            return None
        return self._group_key(alert) or f"alert:{alert.pk}"

    def _open_case_of(self, alert: Alert) -> AlertCase | None:
        """The alert's own open case, or that of its like below the same parent, of these minutes."""
        case = self._cases.get(alert.case_id or 0)
        if case is not None and self._still_open(case):
            return case
        group = self._groups.get(self._group_key(alert))
        window = timedelta(minutes=settings.ALERT_STORM_MINUTES)
        if group is not None and self._still_open(group) and self.at - group.opened_at <= window:
            return group
        return None

    def _join(self, alert: Alert, episode: AlertEpisode, case: AlertCase) -> None:
        if alert.case_id != case.pk:
            case.devices += 1
            if case.devices in _STORM_AT:
                self._say(case, Kind.ALERT_STORM, count=case.devices)
        if alert.rule is not None and not alert.rule.closes_itself:
            case.closes_itself = False
        urgency = urgency_of(alert.severity, alert.rule)
        if _rises(case, urgency):
            device = alert.device.code if alert.device else ""
            self._say(case, Kind.ALERT_WORSE, device=device, urgency=urgency)
        if episode.case_id != case.pk:
            episode.fate = Fate.JOINED
        alert.case = episode.case = case
        self._touched.add(case.pk)

    def _leave(self, alert: Alert, case: AlertCase) -> None:
        """An emergency never hides in a calm case: it goes on under its own, and people keep the calm one."""
        if case.group_key == f"alert:{alert.pk}":
            case.ended_at = self.at
        self._touched.add(case.pk)

    def _open(self, waiting: dict[str, list[Alert]], devices: dict[int, AlertDevice]) -> None:
        """New cases: one for each key, whose members are told in its words."""
        groups: list[tuple[str, list[Alert]]] = []
        for key, members in waiting.items():
            if (old := self._groups.get(key)) is not None and old.ended_at is None:
                # An older case of the same parent is open: what came much later is something else.
                groups += [(f"alert:{alert.pk}", [alert]) for alert in members]
            else:
                groups.append((key, members))
        # Whom people have closed is ended before another one takes its key.
        _save([case for case in self._cases.values() if case.ended_at is not None])
        made = []
        for key, members in groups:
            first, rule = members[0], members[0].rule
            parent = devices.get(first.device.parent_id or 0) if first.device and len(members) > 1 else None
            made.append(
                AlertCase(
                    client_id=first.client_id,
                    source=first.source,
                    group_key=key,
                    parent=parent,
                    external_id=f"alert-{uuid4().hex}",
                    draft=draft_of(members, rule, parent, at=self.at),
                    closes_itself=all(one.rule is None or one.rule.closes_itself for one in members),
                    opened_at=self.at,
                    devices=len(members),
                )
            )
        AlertCase.objects.bulk_create(made)
        for case, (_key, members) in zip(made, groups, strict=True):
            self._cases[case.pk] = case
            self._touched.add(case.pk)
            if case.devices >= _STORM_AT[0]:
                self._say(case, Kind.ALERT_STORM, count=case.devices)
            for index, alert in enumerate(members):
                alert.case = self.burning[alert.pk].case = case
                self.burning[alert.pk].fate = Fate.JOINED if index else Fate.OPENED
                if alert.flapping_since is not None:
                    self._flaps(case, alert)

    def _flaps(self, case: AlertCase, alert: Alert) -> None:
        device = alert.device.code if alert.device else ""
        self._say(case, Kind.ALERT_FLAPPING, device=device, fires=alert.fires)

    def _say(self, case: AlertCase, kind: Kind, **data: object) -> None:
        case.pending = [*case.pending, {"kind": kind.value, "at": self.at.isoformat(), "data": data}]
        self._touched.add(case.pk)

    def _still_open(self, case: AlertCase) -> bool:
        """Has nobody closed it? One whose case was closed by people ends here."""
        if case.ended_at is not None:
            return False
        incident = root_of(case.incident)
        if incident is None or incident.is_open:
            return True
        case.ended_at, case.end = self.at, AlertCase.End.CLOSED
        self._touched.add(case.pk)
        return False

    @staticmethod
    def _group_key(alert: Alert) -> str:
        """Of a client's alerts of one kind below one parent; empty for a device that stands alone."""
        device = alert.device
        if not device or not device.parent_id:
            return ""
        return f"parent:{alert.client_id}:{device.parent_id}:{alert.kind}"

    def _causes(self, fresh: Sequence[Alert]) -> list[Alert]:
        """What burns and may hold others back, here and elsewhere; one query."""
        if not self.book.inhibitions:
            return []
        here = {alert.pk: alert for alert in self.alerts.values() if alert.is_firing and alert.can_inhibit}
        # What was not heard of for long, or what people have closed, holds nothing back any more.
        closed = is_closed("", by=self.at)
        if older := set(here) - {alert.pk for alert in fresh}:
            for pk in Alert.objects.filter(closed, pk__in=older).values_list("pk", flat=True):
                del here[pk]
        others = Alert.objects.burning().filter(can_inhibit=True, stale_at__isnull=True).exclude(closed)
        return [*here.values(), *others.exclude(pk__in=self.alerts).select_related("device")]

    def _devices_above(self, alerts: Sequence[Alert]) -> dict[int, AlertDevice]:
        """The alerts' devices and those above them."""
        found = {alert.device.pk: alert.device for alert in alerts if alert.device}
        for _level in range(_ABOVE_MOST):
            missing = {one.parent_id for one in found.values() if one.parent_id} - set(found)
            if not missing:
                break
            found |= AlertDevice.objects.in_bulk(missing)
        return found

    def _hold_cases(self, alerts: Iterable[Alert]) -> None:
        """Lock the open cases of these alerts, and of their groups."""
        rows = list(alerts)
        ids = {alert.case_id for alert in rows if alert.case_id} - set(self._cases)
        keys = {key for alert in rows if (key := self._group_key(alert))} - set(self._groups)
        if not ids and not keys:
            return
        found = (
            AlertCase.objects.filter(Q(pk__in=ids) | Q(group_key__in=keys), ended_at__isnull=True)
            .select_related("incident__merged_into")
            .order_by("pk")
            .select_for_update(no_key=True, of=("self",))
        )
        for case in found:
            self._cases.setdefault(case.pk, case)
            self._groups[case.group_key] = self._cases[case.pk]


def is_closed(alert: str, *, by: datetime) -> Q:
    """Alerts whose case people have closed, by then, while they burned; `alert` is the way to them.

    What is held back itself has no case: an old one of it says nothing.
    """
    case = f"{alert}case__incident__"
    closed = Q((f"{case}closed_at__lte", by)) | Q((f"{case}merged_into__closed_at__lte", by))
    return closed & Q((f"{alert}inhibited_by__isnull", True))


def _save(cases: Sequence[AlertCase]) -> None:
    """Save held cases as rows that are there already: hundreds in one statement."""
    AlertCase.objects.bulk_create(
        cases,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["closes_itself", "devices", "pending", "check_at", "told_clear", "ended_at", "end"],
    )


def _rises(case: AlertCase, urgency: str) -> bool:
    """Is this more pressing than what the case was opened for, and than it is by now?"""
    incident = root_of(case.incident)
    said = [case.draft["urgency"], incident.urgency if incident is not None else case.draft["urgency"]]
    said += [line["data"]["urgency"] for line in case.pending if line["kind"] == Kind.ALERT_WORSE]
    return all(WEIGHTS[urgency] > WEIGHTS[one] for one in said)


def _is_calm(case: AlertCase) -> bool:
    """Is it no emergency: neither by what it was opened for, nor by what it is now?"""
    if case.draft["urgency"] == Urgency.EMERGENCY:
        return False  # whatever people have made of it since: this alarm is what they decided on
    incident = root_of(case.incident)
    return incident is None or incident.urgency != Urgency.EMERGENCY


def root_of(incident: Incident | None) -> Incident | None:
    """The case, or the one that it was merged into."""
    if incident is not None and incident.status == Status.MERGED:
        return incident.merged_into
    return incident
