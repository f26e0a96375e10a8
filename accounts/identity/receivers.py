"""What Django and django-axes say of signing in, written down; nothing of it leaves this room."""

from typing import Any

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.identity import history, sessions
from accounts.identity.rows import Ending, Factor, SignInEvent
from accounts.identity.where import where_of
from accounts.models import User

# What a page says of a request before it signs somebody in: which factors were shown.
SHOWN = "shown_factor"


@receiver(pre_save, sender=AccessAttempt, dispatch_uid="accounts.identity.no_forms_in_the_log")
def keep_no_form(sender: object, instance: AccessAttempt, **more: Any) -> None:
    """The lock counts wrong passwords; what stood in the form's other fields, a new password or a recovery
    code that is still good, is written down nowhere."""
    instance.get_data = instance.post_data = ""


@receiver(user_logged_in, dispatch_uid="accounts.identity.came_in")
def came_in(sender: object, request: HttpRequest, user: User, **more: Any) -> None:
    """Whichever way: a form, a test, another way of signing in."""
    factor, at = getattr(request, SHOWN, Factor.PASSWORD), timezone.now()
    history.tell(user=user, kind=SignInEvent.Kind.SIGNED_IN, at=at, where=where_of(request), factor=factor)
    sessions.begin(request, user, factor=factor, at=at)


@receiver(user_logged_out, dispatch_uid="accounts.identity.went_out")
def went_out(sender: object, request: HttpRequest, user: User | None, **more: Any) -> None:
    """By their own hand; somebody whose session was gone already is nobody here."""
    if not isinstance(user, User):
        return
    at = timezone.now()
    sessions.close(request.session.session_key, ending=Ending.SIGNED_OUT, at=at)
    history.tell(user=user, kind=SignInEvent.Kind.SIGNED_OUT, at=at, where=where_of(request))


@receiver(user_login_failed, dispatch_uid="accounts.identity.was_refused")
def was_refused(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any
) -> None:
    """A wrong password for somebody we know. What was typed as a name of nobody is not kept: people type
    their password there."""
    user = _named(credentials.get("username"))
    if user is not None and not getattr(request, "axes_locked_out", False):
        history.tell(
            user=user,
            kind=SignInEvent.Kind.WRONG_PASSWORD,
            at=timezone.now(),
            where=where_of(request),
        )


@receiver(user_locked_out, dispatch_uid="accounts.identity.was_locked")
def was_locked(sender: object, request: HttpRequest, username: str | None, **more: Any) -> None:
    """Too many of them from one address."""
    user = _named(username)
    if user is not None:
        history.tell_once(
            user=user, kind=SignInEvent.Kind.LOCKED_OUT, at=timezone.now(), where=where_of(request)
        )


def _named(name: object) -> User | None:
    if not isinstance(name, str) or not name or "\x00" in name:
        return None
    return User.objects.filter(username=name).first()
