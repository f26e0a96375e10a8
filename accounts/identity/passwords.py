"""Somebody's own password: checked and counted as at the door, changed, and due when its time is up."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import ngettext

from accounts.identity import history
from accounts.identity.rows import SignInEvent
from accounts.identity.where import Where
from accounts.models import User


def is_own(request: HttpRequest, user: User, password: str) -> bool:
    """Is it this person's password? Wrong ones count towards the lock, as at the door."""
    found = authenticate(request, username=user.get_username(), password=password)
    return found is not None and found.pk == user.pk


def is_due(user: User, at: datetime) -> bool:
    """Must it be changed now? One that was handed out must; others as PASSWORD_MAX_AGE_DAYS says."""
    if user.password_is_first:
        return True
    days: int = settings.PASSWORD_MAX_AGE_DAYS
    return bool(days) and (user.password_changed_at or user.date_joined) + timedelta(days=days) <= at


def age_words() -> str:
    """What is said of how long one lasts; empty where it lasts for ever."""
    days: int = settings.PASSWORD_MAX_AGE_DAYS
    if not days:
        return ""
    return ngettext(
        "It is to be changed every %(days)d day.", "It is to be changed every %(days)d days.", days
    ) % {"days": days}


def rules() -> list[str]:
    """Every rule in words."""
    told = [*password_validation.password_validators_help_texts(), age_words()]
    return [rule for rule in told if rule]


@transaction.atomic(durable=True)
def change(*, user: User, new: str, at: datetime, where: Where) -> None:
    """Take a new password into use: every other sign-in knows the old one, and opens nothing any more."""
    user.set_password(new)
    user.password_changed_at, user.password_is_first = at, False
    user.save(update_fields=["password", "password_changed_at", "password_is_first"])
    history.tell(user=user, kind=SignInEvent.Kind.PASSWORD_CHANGED, at=at, where=where)
