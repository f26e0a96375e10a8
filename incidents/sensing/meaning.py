"""What an alert means here: its rule, its urgency, the words of its report, and what holds it back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dispatch.vocabulary import Urgency
from incidents.models import Alert, AlertDevice, AlertInhibition, AlertRule
from incidents.sensing.matchers import Matcher, all_hold, of_json

# Words for how bad it is, as monitoring systems and platforms of devices write them.
SEVERITIES: Mapping[str, str] = {
    **dict.fromkeys(
        ("critical", "fatal", "emergency", "page", "disaster", "p1", "红色", "特别重大"), Urgency.EMERGENCY
    ),
    **dict.fromkeys(("major", "error", "high", "urgent", "warning", "p2", "橙色", "重大"), Urgency.URGENT),
}
WEIGHTS: Mapping[str, int] = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}
_Labelled = tuple[Alert, Mapping[str, str]]
_FIELD = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_]+)?)\}")
_CLAUSE = re.compile(r"(?=[，；])")
_GAP = re.compile(r" +(?=[ ：，；。]|$)")
TEXT_MAX = 600


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its matchers read."""

    row: AlertRule
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True)
class Inhibition:
    """An inhibition with its matchers read."""

    row: AlertInhibition
    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The rules and inhibitions in force, in their order."""

    rules: tuple[Rule, ...]
    inhibitions: tuple[Inhibition, ...]

    @classmethod
    def read(cls) -> "Book":
        """As the database has them now; two queries."""
        return cls(
            tuple(Rule(row, of_json(row.matchers)) for row in AlertRule.objects.filter(is_active=True)),
            tuple(
                Inhibition(row, of_json(row.source_matchers), of_json(row.target_matchers))
                for row in AlertInhibition.objects.filter(is_active=True)
            ),
        )

    def rule_for(self, labels: Mapping[str, str], device: AlertDevice | None) -> AlertRule | None:
        """The device's own rule, or the first whose matchers all hold; None: nobody has said."""
        if device is not None and device.rule_id is not None:
            for rule in self.rules:
                if rule.row.pk == device.rule_id:
                    return rule.row
        return next((rule.row for rule in self.rules if all_hold(rule.matchers, labels)), None)

    def can_inhibit(self, labels: Mapping[str, str]) -> bool:
        """Could others be held back while this burns?"""
        return any(all_hold(one.sources, labels) for one in self.inhibitions)


class Causes:
    """What burns and may hold others back, by what a lesser alert would have to share with it."""

    def __init__(self, book: Book, burning: Sequence[Alert]) -> None:
        labelled = [(alert, labels_of(alert)) for alert in burning]
        self._found: list[tuple[Inhibition, dict[tuple[object, ...], list[_Labelled]]]] = []
        for one in book.inhibitions:
            by_key: dict[tuple[object, ...], list[_Labelled]] = {}
            for alert, labels in labelled:
                if all_hold(one.sources, labels):
                    shared = tuple(labels.get(name, "") for name in one.row.equal)
                    key = (*shared, alert.device_id) if one.row.of_parent else shared
                    by_key.setdefault(key, []).append((alert, labels))
            self._found.append((one, by_key))

    def inhibitor(self, alert: Alert, devices: Mapping[int, AlertDevice]) -> Alert | None:
        """The burning alert that holds this one back. None holds back itself, its cause or an emergency."""
        if urgency_of(alert.severity, alert.rule) == Urgency.EMERGENCY:
            return None
        labels = labels_of(alert)
        for one, by_key in self._found:
            shared = tuple(labels.get(name, "") for name in one.row.equal)
            # What neither of them says is not the same: else all that lack a label would be of one place.
            if not by_key or not all(shared) or not all_hold(one.targets, labels):
                continue
            keys: list[tuple[object, ...]] = [shared]
            if one.row.of_parent:
                keys = [(*shared, device) for device in _above(alert.device_id, devices)]
            # As in Alertmanager: what is cause and effect at once is not held back by its like.
            is_cause = all_hold(one.sources, labels)
            for key in keys:
                for other, others in by_key.get(key, ()):
                    if other.pk == alert.pk or other.inhibited_by_id == alert.pk:
                        continue
                    if not (is_cause and all_hold(one.targets, others)):
                        return other
        return None


def labels_of(alert: Alert) -> dict[str, str]:
    """The labels that matchers look at: those that came, and what was read of them."""
    return {
        **alert.labels,
        "kind": alert.kind,
        "severity": alert.severity,
        "source": alert.source,
        "channel": alert.channel,
        "device": alert.device.code if alert.device else alert.labels.get("device", ""),
        "device_kind": alert.device.kind if alert.device else "",
    }


def urgency_of(severity: str, rule: AlertRule | None) -> str:
    """The rule's urgency, or what the severity says; routine where neither says anything."""
    if rule is not None and rule.urgency:
        return rule.urgency
    return SEVERITIES.get(severity.lower(), Urgency.ROUTINE)


def weight_of(severity: str, rule: AlertRule | None) -> int:
    """How bad it is, to compare: below nothing where the rule makes no case of it."""
    if rule is not None and not rule.makes_case:
        return -1
    return WEIGHTS[urgency_of(severity, rule)]


def words_for(alert: Alert, rule: AlertRule | None, *, address: str = "", others: Iterable[str] = ()) -> str:
    """What the report says: the rule's words filled in, where it is, and which other devices say so."""
    facts = _facts(alert, address)
    body = _fill(rule.text, facts) if rule is not None and rule.text else facts["summary"]
    measured = f"{facts['value']}{facts['unit']}"
    parts = [body]
    if measured and facts["value"] not in body:
        parts.append(f"（{measured}）")
    if facts["address"] and facts["address"] not in body:
        parts.append(f"，位置：{facts['address']}")
    if facts["name"] not in body:
        parts.append(f"，设备：{facts['name']}")
    more = list(others)
    if more:
        listed = "、".join(more[:10]) + ("等" if len(more) > 10 else "")
        parts.append(f"。同一上级设备下共 {len(more) + 1} 台同时报警，另有：{listed}")
    return "".join(parts)[:TEXT_MAX]


def device_name(alert: Alert) -> str:
    """What the device is called in a sentence."""
    device = alert.device
    if device is None:
        return alert.labels.get("device") or alert.kind
    return f"{device.name}（{device.code}）" if device.name else device.code


def _facts(alert: Alert, address: str) -> dict[str, str]:
    name, notes = device_name(alert), alert.annotations
    device = alert.device
    return {
        "summary": notes.get("summary")
        or notes.get("description")
        or f"{name} 报警：{alert.labels.get('alertname') or alert.kind}",
        "description": notes.get("description", ""),
        "device": device.code if device else "",
        "name": name,
        "kind": alert.kind,
        "value": alert.value,
        "unit": notes.get("unit", ""),
        "threshold": notes.get("threshold", ""),
        "severity": alert.severity,
        "address": address or (device.address if device else "") or notes.get("address", ""),
        **{f"labels.{key}": value for key, value in alert.labels.items()},
        **{f"annotations.{key}": value for key, value in notes.items()},
    }


def _fill(template: str, facts: Mapping[str, str]) -> str:
    """The template with its {names} filled in; what is not known leaves nothing behind: no clause of its
    own, and no gap."""
    told: list[str] = []
    for clause in _CLAUSE.split(template):
        names = _FIELD.findall(clause)
        if told and names and not any(facts.get(name) for name in names):
            continue
        told.append(_FIELD.sub(lambda found: facts.get(found[1], ""), clause).rstrip())
    return _GAP.sub("", "".join(told)).strip() or facts["summary"]


def _above(device: int | None, devices: Mapping[int, AlertDevice], *, most: int = 8) -> list[int]:
    """The devices above this one in the register, nearest first. A ring of parents ends somewhere too."""
    found: list[int] = []
    for _step in range(most):
        known = devices.get(device) if device is not None else None
        if known is None or known.parent_id is None:
            break
        device = known.parent_id
        found.append(device)
    return found
