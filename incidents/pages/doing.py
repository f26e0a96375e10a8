"""What a step on a case page is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Action
from incidents.actor import Actor
from incidents.late import TAKEN_UNTIL
from incidents.models import Incident
from incidents.pages import forms
from incidents.pages.submissions import age_of

# Less than this a line was slow, and nothing was late.
NOTICED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Doing:
    """One POST on its way to an action."""

    request: HttpRequest
    incident: Incident
    user: User
    actor: Actor
    at: datetime
    given: dict[str, Any]
    # Pictures that have arrived: a refused form shows them again, so that nobody sends them twice.
    kept: list[str]

    @property
    def waited(self) -> timedelta:
        """How long this lay on a telephone without a line; nothing where it did not."""
        age = age_of(self.request)
        return age if age >= NOTICED else timedelta()

    def happened(self) -> datetime | None:
        """When what is told really happened; None for now. What waited for a line was true when written."""
        written = self.at - self.waited
        told: datetime | None = self.given["form"].happened(written)
        return told or (written if timedelta() < self.waited <= TAKEN_UNTIL else None)

    @property
    def common(self) -> dict[str, Any]:
        """What every guarded action takes."""
        return {
            "number": self.incident.number,
            "actor": self.actor,
            "at": self.at,
            "seen_version": self.given.get("seen_version"),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What a person can do to a case from its page."""

    action: Action
    title: Any
    button: Any
    run: Callable[[Doing], str]
    form: type[forms.ActionForm] = forms.ActionForm
    danger: bool = False
    warning: Any = ""
    photos: bool = False
