"""Keeping the rules: which alerts mean what, and which hold others back. For administrators."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch.models import Category
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Alert, AlertInhibition, AlertRule
from incidents.sensing.matchers import BadMatcher, Matcher, read_lines
from incidents.sensing.meaning import Book, labels_of
from incidents.sensing.taking import lock

LABELS_MOST = 8


@transaction.atomic(durable=True)
def save_rule(*, pk: int | None, told: Mapping[str, Any], actor: Actor, at: datetime) -> AlertRule:
    """Write a rule, a new one where `pk` is None. What has opened its case already stays as it was."""
    rule = _held(AlertRule, pk)
    matchers = _matchers(told["matchers"], "matchers")
    if told["category_code"] and not Category.objects.filter(code=told["category_code"]).exists():
        raise InvalidInput("category_code", "unknown", _("There is no category with this code."))
    for name in (
        "position",
        "name",
        "category_code",
        "urgency",
        "text",
        "makes_case",
        "closes_itself",
        "is_active",
    ):
        setattr(rule, name, told[name])
    rule.matchers = [matcher.as_json() for matcher in matchers]
    rule.changed_at, rule.changed_by = at, actor.user
    rule.save()
    return rule


@transaction.atomic(durable=True)
def save_inhibition(
    *, pk: int | None, told: Mapping[str, Any], actor: Actor, at: datetime
) -> AlertInhibition:
    """Write an inhibition; what burns now can hold others back by it at once."""
    row = _held(AlertInhibition, pk)
    sources = _matchers(told["source_matchers"], "source_matchers")
    targets = _matchers(told["target_matchers"], "target_matchers")
    equal = [name.strip() for name in told["equal"].replace("\n", ",").split(",") if name.strip()]
    if len(equal) > LABELS_MOST or any(len(name) > 80 for name in equal):
        raise InvalidInput("equal", "too_many", _("At most %(max)d labels.") % {"max": LABELS_MOST})
    if not equal and not told["of_parent"]:
        # Else one alert anywhere would silence the whole district.
        raise InvalidInput(
            "equal", "required", _("Name labels that must be equal, or choose devices below the burning one.")
        )
    row.name, row.of_parent, row.is_active = told["name"], told["of_parent"], told["is_active"]
    row.source_matchers = [matcher.as_json() for matcher in sources]
    row.target_matchers = [matcher.as_json() for matcher in targets]
    row.equal = equal
    row.changed_at, row.changed_by = at, actor.user
    row.save()
    _look_again()
    return row


def matching(matchers: Sequence[Matcher], alerts: Sequence[Alert]) -> list[Alert]:
    """Which of these alerts the matchers fit: to see what a rule would have caught."""
    return [alert for alert in alerts if all(one.holds(labels_of(alert)) for one in matchers)]


def _held(model: Any, pk: int | None) -> Any:
    if pk is None:
        return model()
    row = model.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        raise ActionRefused("not_found", _("There is no such rule."))
    return row


def _matchers(text: str, field: str) -> list[Matcher]:
    try:
        found = read_lines(text)
    except BadMatcher as error:
        raise InvalidInput(field, "invalid", error.message) from error
    if not found:
        raise InvalidInput(field, "required", _("Write at least one matcher."))
    return found


def _look_again() -> None:
    """Mark what burns by the inhibitions as they are now."""
    lock()
    book, changed = Book.read(), []
    for alert in Alert.objects.burning().select_related("device").order_by("pk"):
        can = book.can_inhibit(labels_of(alert))
        if can != alert.can_inhibit:
            alert.can_inhibit = can
            changed.append(alert)
    Alert.objects.bulk_update(changed, ["can_inhibit"], batch_size=500)
