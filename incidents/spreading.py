"""What one message becomes: rows in inboxes, and parcels on the channels that each person chose."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import NoticePreference, User
from accounts.notice_preferences import NoticeMode
from dispatch.vocabulary import Urgency
from incidents import proving
from incidents.models import Channel, Notification, OutboxMessage, Parcel, Report, Webhook
from incidents.models.contact import phone_digits
from incidents.recipients import Recipients

# Channels that a person has, with the mode that they chose for each.
_PERSONAL = (Channel.EMAIL, Channel.SMS, Channel.WEWORK)
# Answers what somebody did this minute: the hour is not too quiet for it.
_AT_ANY_HOUR = frozenset({"report.received", proving.KIND})
# Of a message's data, what the words to its reporter are made from.
_IN_THEIR_WORDS = ("unit", "proof")
# What whoever found it on their round is told of it; that it came in they know.
_TO_FINDER = frozenset(
    {"report.answered", "report.rejected", "report.resolved", "report.parked", "report.closed"}
)
# A text message reaches a mobile number, of the mainland or its neighbours.
_MOBILE = re.compile(r"1[3-9]\d{9}|852[4-9]\d{7}|8536\d{7}")


@dataclass(slots=True)
class Spread:
    """The rows of a batch of messages, and how many each message reaches."""

    notifications: list[Notification] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)

    @property
    def emergencies(self) -> list[tuple[str, int]]:
        """(line, case) on which an emergency goes out."""
        return [
            (parcel.line, parcel.incident_id)
            for parcel in self.parcels
            if parcel.urgency == Urgency.EMERGENCY and parcel.incident_id
        ]


def spread(
    messages: list[OutboxMessage],
    recipients: Mapping[str, Recipients],
    preferences: Mapping[int, NoticePreference],
    *,
    at: datetime,
    hidden: Collection[tuple[int, int]] = (),
) -> Spread:
    """The unsaved rows of messages (with their cases selected), in the messages' order.

    `hidden` names (message, person) of whom it is not for."""
    rows = Spread()
    told: set[tuple[object, ...]] = set()
    for message in messages:
        urgency = _urgency(message)
        found = recipients[message.receiver]
        is_finding = found.report is not None
        people = found.users if not is_finding or message.kind in _TO_FINDER else ()
        people = tuple(user for user in people if (message.pk, user.pk) not in hidden)
        for user in people:
            # There is nothing left for the finder to do.
            at_stake = Urgency.ROUTINE if is_finding else urgency
            # Who is of the unit and its head as well hears one thing once.
            fact = (user.pk, message.incident_id, message.kind, message.created_at, repr(message.data))
            if fact in told:
                continue
            told.add(fact)
            is_called = not found.on_duty or user.pk in found.on_duty or urgency != Urgency.EMERGENCY
            parcels = (
                list(_to_person(message, user, preferences[user.pk], at_stake, at=at)) if is_called else []
            )
            rows.parcels += parcels
            rows.notifications.append(
                Notification(
                    user=user,
                    message=message,
                    incident_id=message.incident_id,
                    kind=message.kind,
                    urgency=at_stake,
                    created_at=at,
                    # Nothing has told it yet and a digest will; else no digest need look at it.
                    told_at=None if not parcels and digested(user, preferences[user.pk]) else at,
                )
            )
        outside = [
            *(() if found.is_quiet else _to_reporter(message, found.report, urgency, at=at)),
            *_to_webhooks(message, found.webhooks, found.report, urgency, at=at),
        ]
        rows.parcels += outside
        rows.reached[message.pk] = len(people) + len(outside)
    return rows


def digested(user: User, preference: NoticePreference) -> list[str]:
    """The channels on which this person wants a digest and can get one."""
    return [
        channel
        for channel in _PERSONAL
        if preference.mode_of(channel) == NoticeMode.DIGEST and has_address(user, preference, channel)
    ]


def has_address(user: User, preference: NoticePreference, channel: str) -> bool:
    """Can this channel reach the person?"""
    match channel:
        case Channel.EMAIL:
            return bool(user.email)
        case Channel.SMS:
            return is_mobile(user.phone)
        case _:
            return bool(preference.wework_id)


def is_mobile(phone: str) -> bool:
    """Does a text message arrive there?"""
    return bool(_MOBILE.fullmatch(phone_digits(phone)))


def _to_person(
    message: OutboxMessage, user: User, preference: NoticePreference, urgency: str, *, at: datetime
) -> Iterator[Parcel]:
    is_emergency = urgency == Urgency.EMERGENCY
    not_before = at if is_emergency else preference.loud_from(at)
    for channel in _PERSONAL:
        mode = preference.mode_of(channel)
        # An emergency waits for no digest, and is texted even to who wants no texts otherwise.
        wanted = mode == NoticeMode.NOW or (
            is_emergency and (mode == NoticeMode.DIGEST or channel == Channel.SMS)
        )
        if wanted and has_address(user, preference, channel):
            yield _parcel(
                message,
                channel,
                f"user:{user.pk}",
                urgency,
                at=at,
                not_before=not_before,
                language=preference.spoken,
                data=_data(message, not_before, facts=message.data),
                user=user,
            )


def _to_reporter(
    message: OutboxMessage, report: Report | None, urgency: str, *, at: datetime
) -> Iterator[Parcel]:
    if report is None or report.contact is None or not is_mobile(report.contact.phone):
        return
    if report.withdrawn_at is not None and message.kind != proving.KIND:
        return  # who has taken it back hears no more of it
    at_once = urgency == Urgency.EMERGENCY or message.kind in _AT_ANY_HOUR
    not_before = at if at_once else NoticePreference().loud_from(at)
    yield _parcel(
        message,
        Channel.SMS,
        f"report:{report.pk}",
        urgency,
        at=at,
        not_before=not_before,
        language=str(message.data.get("language") or report.language),
        data=_data(message, not_before, facts=_facts_for_reporter(message)),
        report=report,
    )


def _facts_for_reporter(message: OutboxMessage) -> dict[str, Any]:
    return {name: message.data[name] for name in _IN_THEIR_WORDS if message.data.get(name)}


def _to_webhooks(
    message: OutboxMessage,
    webhooks: tuple[Webhook, ...],
    report: Report | None,
    urgency: str,
    *,
    at: datetime,
) -> Iterator[Parcel]:
    about = report and {"id": report.pk, "source": report.source, "external_id": report.external_id}
    for webhook in webhooks:
        if webhook.wants(message.kind):
            yield _parcel(
                message,
                Channel.WEBHOOK,
                f"{webhook.pk}",
                urgency,
                at=at,
                not_before=at,
                language=settings.LANGUAGE_CODE,
                # When it happened, as the message says; words for people are about when they are told.
                data=_data(message, message.created_at, facts=message.data, report=about),
                # A neighbour's report about the same case is another thread.
                thread=f":report:{report.pk}" if report else "",
                webhook=webhook,
            )


def _data(message: OutboxMessage, said_at: datetime, **more: Any) -> dict[str, Any]:
    """What the words are made from, frozen."""
    return {"number": number_of(message), "at": said_at.isoformat(), **more}


def number_of(message: OutboxMessage) -> str:
    """The number that a message is about: its case's, or its own."""
    return message.incident.number if message.incident else str(message.data.get("number", ""))


def _urgency(message: OutboxMessage) -> str:
    told = message.data.get("urgency") or (message.incident and message.incident.urgency)
    return str(told or Urgency.ROUTINE)


def _parcel(
    message: OutboxMessage,
    channel: str,
    address: str,
    urgency: str,
    *,
    at: datetime,
    not_before: datetime,
    language: str,
    data: dict[str, Any],
    thread: str = "",
    **whose: Any,
) -> Parcel:
    return Parcel(
        key=f"{message.key}:{channel}:{address}",
        message=message,
        incident_id=message.incident_id,
        channel=channel,
        line=f"{channel}:{address}{thread}",
        kind=message.kind,
        urgency=urgency,
        language=language,
        data=data,
        created_at=at,
        not_before=not_before,
        **whose,
    )
