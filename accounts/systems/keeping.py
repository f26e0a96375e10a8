"""What is done to another system's token: issued, replaced, changed, switched off; with a history of it.

A token is shown to whoever made it, once; here only its digest is kept.
"""

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.identity.rules import SECURITY_ROLES
from accounts.models import ApiClient, OrgUnit, Scope, User
from accounts.refusals import NotAllowed as NotAllowed
from accounts.refusals import NotTaken as NotTaken
from accounts.systems.rows import OldToken, SystemChange
from accounts.viewer import viewer_of

# How long a replaced token may stay good.
OVERLAP_MOST = timedelta(days=30)
TOKEN_BYTES = 32
NAME_MOST = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """What a system may do, from where and until when."""

    name: str
    source: str
    scopes: list[str]
    unit: str | None = None
    addresses: list[str] = field(default_factory=list)
    expires_at: datetime | None = None


def terms_of(client: ApiClient) -> Terms:
    """As they are now."""
    return Terms(
        client.name,
        client.source,
        list(client.scopes),
        client.unit_id,
        list(client.addresses),
        client.expires_at,
    )


@transaction.atomic(durable=True)
def issue(*, terms: Terms, actor: User | None, at: datetime) -> tuple[ApiClient, str]:
    """A new system and its token. Raises NotAllowed, NotTaken."""
    _check(actor)
    _check_terms(terms, at)
    if ApiClient.objects.filter(name=terms.name).exists():
        raise NotTaken("name", _("There is a system of this name already: replace its token instead."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    client = ApiClient(token_hash=ApiClient.hash_token(token), token_at=at)
    _apply(client, terms)
    client.save()
    _tell(client, SystemChange.Kind.ISSUED, actor, at, _differences(None, terms))
    return client, token


@transaction.atomic(durable=True)
def rotate(
    *,
    client: ApiClient,
    overlap: timedelta,
    expires_at: datetime | None,
    actor: User | None,
    at: datetime,
) -> str:
    """A new token; the one before stays good for `overlap`, and never for longer than it would have been.

    Raises NotAllowed, NotTaken.
    """
    _check(actor)
    if not timedelta(0) <= overlap <= OVERLAP_MOST:
        raise NotTaken("hours", _("From 0 hours to %(most)d days.") % {"most": OVERLAP_MOST.days})
    if expires_at is not None and expires_at <= at:
        raise NotTaken("expires_at", _("This moment is over."))
    held = _locked(client)
    good_until = min(at + overlap, held.expires_at) if held.expires_at else at + overlap
    # Kept even where it is over at once: who still shows it is told that it was replaced.
    OldToken.objects.create(client=held, token_hash=held.token_hash, good_until=good_until)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    held.token_hash, held.token_at, held.expires_at = ApiClient.hash_token(token), at, expires_at
    held.save(update_fields=["token_hash", "token_at", "expires_at"])
    _tell(held, SystemChange.Kind.ROTATED, actor, at, {"old_good_until": [None, good_until.isoformat()]})
    return token


@transaction.atomic(durable=True)
def end_old(*, client: ApiClient, actor: User | None, at: datetime) -> int:
    """End replaced tokens before their time; how many were still good. Raises NotAllowed."""
    _check(actor)
    held = _locked(client)
    ended = OldToken.objects.filter(client=held, good_until__gt=at).update(good_until=at)
    if ended:
        _tell(held, SystemChange.Kind.OLD_ENDED, actor, at, {})
    return ended


@transaction.atomic(durable=True)
def change(*, client: ApiClient, terms: Terms, actor: User | None, at: datetime) -> bool:
    """Say anew what it may do; was there anything new? Raises NotAllowed, NotTaken."""
    _check(actor)
    held = _locked(client)
    before = terms_of(held)
    differences = _differences(before, terms)
    if not differences:
        return False
    _check_terms(terms, at, before=before)
    if ApiClient.objects.filter(name=terms.name).exclude(pk=held.pk).exists():
        raise NotTaken("name", _("Another system has this name."))
    _apply(held, terms)
    held.save(update_fields=["name", "source", "scopes", "unit", "addresses", "expires_at"])
    _tell(held, SystemChange.Kind.CHANGED, actor, at, differences)
    return True


@transaction.atomic(durable=True)
def switch(*, client: ApiClient, on: bool, actor: User | None, at: datetime) -> bool:
    """Switch all tokens of a system off, or on again; was it otherwise before? Raises NotAllowed."""
    _check(actor)
    held = _locked(client)
    if held.is_active == on:
        return False
    held.is_active = on
    held.save(update_fields=["is_active"])
    kind = SystemChange.Kind.SWITCHED_ON if on else SystemChange.Kind.SWITCHED_OFF
    _tell(held, kind, actor, at, {})
    return True


def _check(actor: User | None) -> None:
    if actor is not None and not viewer_of(actor).with_roles(*SECURITY_ROLES):
        raise NotAllowed


def _check_terms(terms: Terms, at: datetime, *, before: Terms | None = None) -> None:
    if not 0 < len(terms.name) <= NAME_MOST:
        raise NotTaken("name", _("From 1 to %(most)d characters.") % {"most": NAME_MOST})
    if not terms.scopes:
        raise NotTaken("scopes", _("Choose at least one thing that it may do."))
    if Scope.OPEN311 in terms.scopes and len(terms.scopes) > 1:
        words = _("A key for Open311 lies in apps that anybody can take apart: it opens nothing else.")
        raise NotTaken("scopes", words)
    is_new_end = before is None or before.expires_at != terms.expires_at
    if is_new_end and terms.expires_at is not None and terms.expires_at <= at:
        raise NotTaken("expires_at", _("This moment is over."))
    if terms.unit is not None and not OrgUnit.objects.filter(pk=terms.unit).exists():
        raise NotTaken("unit", _("There is no unit with this code."))


def _locked(client: ApiClient) -> ApiClient:
    return ApiClient.objects.select_for_update(no_key=True).get(pk=client.pk)


def _apply(client: ApiClient, terms: Terms) -> None:
    client.name, client.source, client.scopes = terms.name, terms.source, terms.scopes
    client.unit_id, client.addresses, client.expires_at = terms.unit, terms.addresses, terms.expires_at


def _differences(before: Terms | None, after: Terms) -> dict[str, list[Any]]:
    old: dict[str, Any] = asdict(before) if before else {}
    found = {}
    for name, value in asdict(after).items():
        if (old.get(name) or None) != (value or None):
            found[name] = [_plain(old.get(name)), _plain(value)]
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _tell(
    client: ApiClient, kind: SystemChange.Kind, actor: User | None, at: datetime, data: dict[str, Any]
) -> None:
    SystemChange.objects.create(client=client, kind=kind, at=at, actor=actor, data=data)
