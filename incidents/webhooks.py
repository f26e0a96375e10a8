"""Other systems' addresses: adding one, switching it, another secret, a trial. For administrators."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.reachable import is_of_others, networks, says_plain, says_private
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.vocabulary import Urgency
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Channel, Parcel, Webhook
from incidents.outbox import tell

log = logging.getLogger("outbox")

TEST = "webhook.test"
# What upstream systems can be told about their reports, and how an administrator reads it.
KINDS = {
    "report.received": gettext_lazy("A report has come in"),
    "report.sent": gettext_lazy("A report was sent to a unit by a person"),
    "report.answered": gettext_lazy("A question has been answered"),
    "report.rejected": gettext_lazy("A report was not accepted"),
    "report.resolved": gettext_lazy("A report has been dealt with"),
    "report.parked": gettext_lazy("There is an interim answer"),
    "report.closed": gettext_lazy("A report is settled"),
    "report.reopened": gettext_lazy("A report is worked on again"),
    "reporter.asked": gettext_lazy("The reporter is asked for more"),
}


@transaction.atomic(durable=True)
def add(
    *, name: str, url: str, source: str, kinds: Sequence[str], actor: Actor, at: datetime
) -> tuple[Webhook, str]:
    """A new webhook and the secret that signs its bodies, to be shown this once."""
    _guard(actor)
    _check(url)
    webhook = Webhook(name=name, url=url, source=source, kinds=list(kinds), created_at=at)
    secret = webhook.new_secret()
    try:
        with transaction.atomic():  # a name that another has just taken is an answer, not a broken page
            webhook.save()
    except IntegrityError as error:
        raise InvalidInput("name", "taken", _("Another webhook has this name.")) from error
    _log("added", webhook, actor)
    return webhook, secret


@transaction.atomic(durable=True)
def switch(webhook_id: int, *, is_active: bool, actor: Actor) -> Webhook:
    """Stop or start a webhook; what waits for a stopped one is given up and can be retried."""
    _guard(actor)
    webhook = _locked(webhook_id)
    webhook.is_active = is_active
    webhook.save(update_fields=["is_active"])
    _log("started" if is_active else "stopped", webhook, actor)
    return webhook


@transaction.atomic(durable=True)
def rotate(webhook_id: int, *, actor: Actor) -> tuple[Webhook, str]:
    """Another secret, to be shown this once; from now on bodies are signed with it alone."""
    _guard(actor)
    webhook = _locked(webhook_id)
    secret = webhook.new_secret()
    webhook.save(update_fields=["secret_sealed"])
    _log("given another secret", webhook, actor)
    return webhook, secret


@transaction.atomic(durable=True)
def send_test(webhook_id: int, *, actor: Actor, at: datetime) -> Parcel:
    """Put a trial message on its way, as a parcel like any other."""
    _guard(actor)
    webhook = _locked(webhook_id)
    if not webhook.is_active:
        raise ActionRefused("stopped", _("This webhook is stopped. Start it first."))
    parcel = Parcel.objects.create(
        key=f"{TEST}:{webhook.pk}:{secrets.token_hex(8)}",
        channel=Channel.WEBHOOK,
        webhook=webhook,
        # No case, so nothing waits for it: a trial must not hold up what is real.
        line=f"{Channel.WEBHOOK}:{TEST}:{webhook.pk}",
        kind=TEST,
        urgency=Urgency.ROUTINE,
        language=settings.LANGUAGE_CODE,
        data={"number": "", "at": at.isoformat(), "facts": {}},
        created_at=at,
        not_before=at,
    )
    _log("tried", webhook, actor)
    return parcel


@transaction.atomic(durable=True)
def switch_off_unwanted(webhook_id: int, *, at: datetime) -> None:
    """The receiver says that it wants nothing any more: nothing more is made for it, what waits ends, and the
    administrators are told. Without effect where it is off already."""
    webhook = _locked(webhook_id)
    if not webhook.is_active:
        return
    webhook.is_active = False
    webhook.save(update_fields=["is_active"])
    Parcel.objects.waiting().filter(webhook=webhook).update(
        dead_at=at, leased_until=None, last_error=Parcel.UNWANTED
    )
    keepers = User.objects.filter(is_active=True, memberships__role=Role.ADMIN).distinct().order_by("pk")
    for keeper in keepers:
        tell(
            "webhook.unwanted",
            incident_id=None,
            receiver=f"user:{keeper.pk}",
            key=f"webhook.unwanted:{webhook.pk}:{at.isoformat()}:user:{keeper.pk}",
            at=at,
            number=webhook.name,
            urgency=Urgency.ROUTINE,
        )
    log.warning("webhook %s switched off: its receiver answered 410", webhook.pk)


def _check(url: str) -> None:
    """Refuse what can be seen at once; where it leads is judged at each sending (accounts.reachable)."""
    allowed = networks(settings.WEBHOOK_NETWORKS)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("url", "port", _("There is no such port.")) from error
    if parts.username is not None:
        raise InvalidInput("url", "credentials", _("Leave name and password out of the address."))
    if says_private(url, allowed):
        raise InvalidInput(
            "url",
            "private_address",
            _("This address lies inside the network, where nothing is sent; WEBHOOK_NETWORKS can allow it."),
        )
    if says_plain(url, allowed):
        raise InvalidInput(
            "url",
            "plain",
            _("Begin with https://. Plain http:// is for addresses inside WEBHOOK_NETWORKS."),
        )
    if port is not None and is_of_others(port):
        raise InvalidInput(
            "url",
            "port",
            _("Port %(port)d belongs to another service; a webhook listens at 443, 80 or one above 1023.")
            % {"port": port},
        )


def _locked(webhook_id: int) -> Webhook:
    return Webhook.objects.select_for_update(no_key=True).get(pk=webhook_id)


def _guard(actor: Actor) -> None:
    if actor.user is None or not viewer_of(actor.user).with_roles(Role.ADMIN):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))


def _log(what: str, webhook: Webhook, actor: Actor) -> None:
    log.info("webhook %s %s by user %s", webhook.pk, what, actor.user.pk if actor.user else None)
