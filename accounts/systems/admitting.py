"""Is a token let in? Every door of other systems asks here, and a refusal is logged.

One query where the token is the present one; its use is written down once a minute at most.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.identity.where import masked_address
from accounts.models import ApiClient
from accounts.systems.addresses import is_within
from accounts.systems.rows import OldToken, Refusal

logger = logging.getLogger(__name__)

# How often it is written down that a token was used, or refused.
NOTED_EVERY = timedelta(minutes=1)
UNKNOWN = "authentication_failed"


class Refused(Exception):
    """This token is not let in; `code` is stable, the words say why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def admit(token: str, *, address: str, at: datetime) -> ApiClient:
    """The system that holds this token, if it may come in from `address` now. Raises Refused."""
    old: OldToken | None = None
    client = ApiClient.objects.for_token(token)
    if client is None:
        digest = ApiClient.hash_token(token)
        known = OldToken.objects.filter(token_hash=digest, client__is_active=True)
        old = known.select_related("client").first()
        if old is None:
            # Whoever guesses learns nothing more, and nobody's row is written to.
            logger.warning("a token was refused: not known, from %s", masked_address(address))
            raise Refused(UNKNOWN, _("This token is not known, or has been withdrawn."))
        client = old.client
    refusal = _refusal(client, old, address, at)
    if refusal is not None:
        _note_refusal(client, refusal, address, at)
        raise Refused(refusal.value, str(refusal.label))
    _note_use(client, old, address, at)
    return client


def _refusal(client: ApiClient, old: OldToken | None, address: str, at: datetime) -> Refusal | None:
    if old is not None and old.good_until <= at:
        return Refusal.REPLACED
    if old is None and client.expires_at is not None and client.expires_at <= at:
        return Refusal.EXPIRED
    if not is_within(address, client.addresses):
        return Refusal.ADDRESS
    return None


def _is_due(noted: datetime | None, at: datetime) -> bool:
    return noted is None or at - noted >= NOTED_EVERY


def _note_use(client: ApiClient, old: OldToken | None, address: str, at: datetime) -> None:
    if old is not None and _is_due(old.last_used_at, at):
        OldToken.objects.filter(pk=old.pk).update(last_used_at=at)
    if _is_due(client.last_used_at, at):
        # Of all processes that find it due at once one writes.
        due = Q(last_used_at=None) | Q(last_used_at__lte=at - NOTED_EVERY)
        ApiClient.objects.filter(due, pk=client.pk).update(last_used_at=at, last_used_from=address or None)


def _note_refusal(client: ApiClient, refusal: Refusal, address: str, at: datetime) -> None:
    """For the log, and for who is asked why a system stopped sending."""
    logger.warning(
        "a token was refused: %s, of system %s, from %s", refusal.value, client.pk, masked_address(address)
    )
    if _is_due(client.refused_at, at) or client.refused_why != refusal.value:
        ApiClient.objects.filter(pk=client.pk).update(
            refused_at=at, refused_from=address or None, refused_why=refusal.value
        )
