"""Screens that are left running: opened and ended by people, and known again by their token.

A wall must not hold anybody's sign-in. Whoever may see an area lends it to a browser that can then read that
area's command screen and nothing else, until a day that is fixed when it is opened.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from dashboards.models import ScreenDisplay
from dashboards.scope import scope_of
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput

# Who may leave a screen running. Everybody who sees an area may look at it while signed in.
OPENERS: Final = (Role.LEADER, Role.SUPERVISOR)
DAYS: Final = (1, 7, 30)
NAME_MOST: Final = 40
# Screens of one area that run at the same time; a bound against loops, so nobody waits for a lock over it.
RUNNING_MOST: Final = 20
# How exactly is known when a screen was there last.
_SEEN_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Opened:
    """A screen with its token, which is told this once."""

    display: ScreenDisplay
    token: str


def areas_of(user: User, streets: Sequence[str], district: str) -> list[str]:
    """The areas whose screen a person may look at: the district with its streets, one street, or none."""
    scope = scope_of(user)
    if scope is None or scope.reach == Reach.UNIT:
        return []
    return [scope.street] if scope.street else [district, *streets]


def sees(user: User, area_code: str) -> bool:
    """May this person look at the area's screen? No query beyond the person's memberships."""
    scope = scope_of(user)
    if scope is None or scope.reach == Reach.UNIT:
        return False
    return scope.is_district or scope.street == area_code


def lends(user: User, area_code: str) -> bool:
    """May this person leave a screen of the area running, and end one?"""
    return any(
        grant.reach == Reach.DISTRICT or (grant.reach == Reach.STREET and grant.unit.area_code == area_code)
        for grant in viewer_of(user).with_roles(*OPENERS)
    )


@transaction.atomic(durable=True)
def open_display(
    *, name: str, area_code: str, days: int, language: str, actor: Actor, at: datetime
) -> Opened:
    """Let a browser show the area's screen for so many days. Raises ActionRefused, InvalidInput."""
    assert actor.user is not None
    if not lends(actor.user, area_code):
        raise ActionRefused("not_allowed", _("A leader or supervisor of that area opens its screen."))
    name = name.strip()
    if not name or len(name) > NAME_MOST:
        raise InvalidInput("name", "length", _("Say where it hangs, in 40 characters at most."))
    if days not in DAYS:
        raise InvalidInput("days", "unknown", _("Choose how long it may run."))
    if language not in dict(settings.LANGUAGES):
        raise InvalidInput("language", "unknown", _("Choose a language."))
    if running(at=at).filter(area_code=area_code).count() >= RUNNING_MOST:
        raise ActionRefused("too_many", _("Too many screens of this area are running. End one first."))
    token = secrets.token_urlsafe(32)
    made = ScreenDisplay.objects.create(
        name=name,
        area_code=area_code,
        language=language,
        token_hash=_digest(token),
        opened_by=actor.user,
        opened_at=at,
        expires_at=at + timedelta(days=days),
    )
    return Opened(made, token)


@transaction.atomic(durable=True)
def end_display(*, display: int, actor: Actor, at: datetime) -> ScreenDisplay:
    """Let a screen read nothing any more; again, it changes nothing. Raises ActionRefused."""
    assert actor.user is not None
    held = ScreenDisplay.objects.select_for_update(no_key=True).filter(pk=display).first()
    if held is None:
        raise ActionRefused("not_found", _("There is no such screen."))
    if held.opened_by_id != actor.user.pk and not lends(actor.user, held.area_code):
        raise ActionRefused("not_allowed", _("A leader or supervisor of that area ends its screen."))
    if held.ended_at is None:
        held.ended_at, held.ended_by = at, actor.user
        held.save(update_fields=["ended_at", "ended_by"])
    return held


def running(*, at: datetime) -> QuerySet[ScreenDisplay]:
    """The screens that may show something now."""
    return ScreenDisplay.objects.filter(ended_at=None, expires_at__gt=at)


def display_for(token: str, *, at: datetime) -> ScreenDisplay | None:
    """The running screen that holds this token, while the person who opened it may still lend its area.

    Two queries; now and then a third notes that it was here.
    """
    if not token or len(token) > 100:
        return None
    found = running(at=at).select_related("opened_by").filter(token_hash=_digest(token)).first()
    if found is None or not found.opened_by.is_active or not lends(found.opened_by, found.area_code):
        return None
    if found.seen_at is None or at - found.seen_at > _SEEN_EVERY:
        ScreenDisplay.objects.filter(pk=found.pk).update(seen_at=at)
    return found


def _digest(token: str) -> str:
    """Tokens are 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()
