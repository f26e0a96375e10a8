"""What a step on a case page is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Action
from incidents.actor import Actor
from incidents.models import Incident
from incidents.pages import forms


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
