"""Where leaders and supervisors go from one page of supervision to another, with what waits there."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of
from incidents import policy, queries
from incidents.instructing import reach, reading
from incidents.models import Adjudication, Incident, SecretaryLetter, Supervision
from incidents.privacy import asking
from incidents.secretary import letters


def places(user: User, at: datetime) -> list[dict[str, Any]]:
    """The pages that this person's roles open, each with a bounded count; a query for each."""
    supervises = Role.SUPERVISOR in viewer_of(user).roles
    seen = Incident.objects.filter(policy.visible(user))
    found: list[dict[str, Any]] = []
    if supervises:
        orders = Supervision.objects.filter(ended_at__isnull=True, answer_by__lt=at)
        disputes = Adjudication.objects.open().filter(incident__in=seen.values("pk"))
        found += [
            # how many are overdue stands in the menu already
            _place("supervision", _("What burns"), 0),
            _place(
                "orders",
                _("Orders to act"),
                queries.bounded_count(orders.filter(incident__in=seen.values("pk"))),
                state="overdue",
            ),
            _place("disputes", _("Disputes"), queries.bounded_count(disputes)),
            _place("alarms", _("Alarms"), 0),
            _place("joins", _("Joined by itself"), 0),
        ]
        if asking.may_keep(user):
            asked = queries.bounded_count(asking.waiting().exclude(asked_by=user))
            found.append(_place("privacy", _("Requests about data"), asked))
    found.append(_place("instructions", _("Instructions"), reading.waiting_for(user)))
    if reach.offices(user):
        waiting = queries.bounded_count(letters_waiting(user))
        found.append(_place("letters", _("Letters to the secretary"), waiting))
    return found


def letters_waiting(user: User) -> QuerySet[SecretaryLetter]:
    """Letters without a reply that this person may read."""
    return SecretaryLetter.objects.filter(letters.visible(user), signed_at__isnull=True)


def _place(name: str, label: str, count: int, state: str = "") -> dict[str, Any]:
    shown = f"{queries.COUNT_MAX}+" if count > queries.COUNT_MAX else str(count) if count else ""
    return {"name": name, "url": reverse(name), "label": label, "count": shown, "state": state}
