"""A conversation that becomes a report: words, places and pictures until somebody says that it is all.

One message is taken once, however often the platform sends it again; the answer is the same.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import ApiClient, Scope
from dispatch.vocabulary import Source
from grids.coordinates import GCJ02
from grids.locate import PlaceError, locate, locate_text
from incidents.attachments import store_picture
from incidents.errors import InvalidInput
from incidents.intake import Refusal, ReportDraft, receive_one
from incidents.models import ChatMessage, Conversation, Report
from incidents.models.contact import person_index, seal, unseal
from incidents.sources.taking import SentPicture
from incidents.sources.wechat import Message

# What is not finished by then is forgotten.
KEPT = timedelta(hours=2)
# What has become a report is asked for again by nobody; the platform sends a message again for seconds.
REMEMBERED = timedelta(days=30)
# So many matters has one person within a day; who has more calls, or floods us.
REPORTS_MOST, _WITHIN = 30, timedelta(days=1)
PICTURES_MOST = 9
_DONE = frozenset({"提交", "提交上报", "完成", "submit", "done"})
_AWAY = frozenset({"取消", "撤销", "cancel"})
_FORGET_AT_ONCE = 100

Fetch = Callable[[str], bytes | None]


def client_of_account() -> ApiClient:
    """The door that conversations come in through; nobody holds its token."""
    hidden = ApiClient.hash_token(secrets.token_urlsafe(32))
    told = {"source": Source.CITY_APP, "scopes": [Scope.REPORT], "token_hash": hidden}
    client, _new = ApiClient.objects.get_or_create(name=settings.WECHAT_CLIENT, defaults=told)
    if client.source != Source.CITY_APP:
        # Another system's door has this name: what residents write must not come in through it.
        raise ImproperlyConfigured(f"WECHAT_CLIENT: the token called {client.name} is of {client.source}")
    return client


class SignatureUsed(Exception):
    """Another message came under this signature. The plain mode signs no body: this may be anybody's."""


def take(message: Message, *, at: datetime, signed_with: str = "", fetch: Fetch | None = None) -> str:
    """Take one message in and answer what is to be said to it. Raises SignatureUsed."""
    client = client_of_account()
    known = ChatMessage.objects.filter(client=client, message_id=message.id).first()
    if known is not None:
        return known.answer
    if signed_with and ChatMessage.objects.filter(client=client, signed_with=signed_with).exists():
        raise SignatureUsed
    picture = None
    if message.kind == "image" and fetch is not None and message.picture:
        body = fetch(message.picture)  # outside of any transaction
        picture = _kept(body, client, at=at) if body else None
    try:
        with transaction.atomic(durable=True):
            words = _take(message, client, picture, at=at)
            _sign(message, client, signed_with)
            return words
    except IntegrityError as error:  # sent twice at once, and the other one was quicker
        first = ChatMessage.objects.filter(client=client, message_id=message.id).first()
        if first is None:
            raise SignatureUsed from error
        return first.answer
    except _ReadyToFile as ready:
        words = _file(ready.conversation, message, client, at=at)
        _sign(message, client, signed_with)
        return words


def _sign(message: Message, client: ApiClient, signed_with: str) -> None:
    ChatMessage.objects.filter(client=client, message_id=message.id).update(signed_with=signed_with)


class _ReadyToFile(Exception):
    """Nothing was written: filing is a transaction of its own."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


def _take(message: Message, client: ApiClient, picture: str | None, *, at: datetime) -> str:
    _forget(at=at)
    person = person_index(message.sender)
    conversation, _new = Conversation.objects.select_for_update().get_or_create(
        client=client,
        person_index=person,
        closed_at=None,
        defaults={"began_at": at, "expires_at": at + KEPT},
    )
    said = message.words.strip()
    if message.kind in ("text", "voice") and said.lower() in _DONE:
        if _has_sent_many(client, person, at=at):
            words = _("You have sent very many reports today. Please call 12345.")
            return _answered(conversation, message, words, at=at)
        if unseal(conversation.words_sealed):
            raise _ReadyToFile(conversation)
        return _answered(conversation, message, _("Please say first what it is about."), at=at)
    if message.kind == "text" and said.lower() in _AWAY:
        conversation.words_sealed, conversation.closed_at = b"", at
        conversation.save()
        return _answered(conversation, message, _("Forgotten. Write whenever you like."), at=at)
    words = _add(conversation, message, said, picture, at=at)
    conversation.expires_at = at + KEPT
    conversation.save()
    return _answered(conversation, message, words, at=at)


def _add(
    conversation: Conversation, message: Message, said: str, picture: str | None, *, at: datetime
) -> str:
    """Put one message to what was said before; what is to be answered."""
    if message.kind == "subscribe":
        return _("Say what is wrong and where, send a picture or your place, and then write 提交.")
    if message.kind in ("text", "voice") and said:
        before = unseal(conversation.words_sealed)
        together = f"{before}\n{said}" if before else said
        if len(together) > settings.REPORT_TEXT_MAX:
            return _("That is too long. Write 提交 to send what you have said so far.")
        conversation.words_sealed = seal(together)
        return _("Noted. Send more, a picture or your place; write 提交 when that is all.")
    if message.kind == "location" and message.lon is not None:
        try:
            place = locate(lon=message.lon, lat=message.lat, crs=GCJ02)
        except PlaceError:
            return _("This place could not be read. Please describe it in words.")
        conversation.lon, conversation.lat = place.lon, place.lat
        conversation.address = message.label
        if place.in_district is False:
            return _("This place lies outside the district. Write 提交 if it is right all the same.")
        return _("Your place is noted. Write 提交 when that is all.")
    if message.kind == "image":
        if len(conversation.attachments) >= PICTURES_MOST:
            return _("That is enough pictures. Write 提交 to send it.")
        if picture is None:
            conversation.pictures += 1
            return _("Pictures cannot be taken over here. Please describe in words what it shows.")
        conversation.attachments = [*conversation.attachments, picture]
        return _("The picture is noted. Write 提交 when that is all.")
    return _("Only words, pictures and places are read here.")


def _file(conversation: Conversation, message: Message, client: ApiClient, *, at: datetime) -> str:
    """Make a report of it. Sent again after a break it is the same report, by the conversation's number."""
    text = unseal(conversation.words_sealed)
    lon, lat = conversation.lon, conversation.lat
    draft = ReportDraft(
        source=Source.CITY_APP,
        external_id=f"wechat:{conversation.pk}",
        text=text,
        place=locate(lon=lon, lat=lat, address=conversation.address or None)
        if lon is not None
        else locate_text(text),
        address=conversation.address,
        attributes={"channel": "wechat", "pictures_not_taken": conversation.pictures},
        attachments=tuple(conversation.attachments),
    )
    receipt = receive_one(draft, at=at, client=client)
    if isinstance(receipt, Refusal):
        filed = Report.objects.filter(source=draft.source, external_id=draft.external_id).first()
        if filed is None:
            return _("This could not be taken in. Please call 12345.")
        report = filed
    else:
        report = receipt.report
    words = _("Taken in. Your code is %(code)s: with it you can see on our page where it stands.") % {
        "code": report.tracking_code
    }
    with transaction.atomic(durable=True):
        held = Conversation.objects.select_for_update().get(pk=conversation.pk)
        if held.closed_at is None:
            held.words_sealed, held.attachments = b"", []
            held.report, held.closed_at = report, at
            held.save()
        return _answered(held, message, words, at=at)


def _answered(conversation: Conversation, message: Message, words: str, *, at: datetime) -> str:
    ChatMessage.objects.create(
        conversation=conversation,
        client_id=conversation.client_id,
        message_id=message.id,
        answer=words,
        received_at=at,
    )
    return words


def _has_sent_many(client: ApiClient, person: str, *, at: datetime) -> bool:
    filed = Conversation.objects.filter(client=client, person_index=person, closed_at__gt=at - _WITHIN)
    return filed.filter(report__isnull=False)[:REPORTS_MOST].count() >= REPORTS_MOST


def _forget(*, at: datetime) -> None:
    """Drop what nobody finished, and what was finished long ago, a little with each message."""
    unfinished = Q(expires_at__lt=at, report__isnull=True)
    stale = Conversation.objects.filter(unfinished | Q(expires_at__lt=at - REMEMBERED)).order_by("pk")
    ids = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_FORGET_AT_ONCE]
    Conversation.objects.filter(pk__in=list(ids)).delete()


def _kept(body: bytes, client: ApiClient, *, at: datetime) -> str | None:
    try:
        return str(store_picture(SentPicture(body), at=at, client=client).pk)
    except InvalidInput:
        return None
