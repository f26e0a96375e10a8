"""Who is signed in where: found, ended at once, and never more at a time than the person's roles allow."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.identity import history
from accounts.identity.rows import BY_PROVIDER, Ending, Factor, SignInEvent, StaffSession
from accounts.identity.rules import rule_of
from accounts.identity.where import Where, where_of
from accounts.models import User

# What the session itself says of the sign-in, so that an ordinary request asks the database nothing more.
MARK = "sign_in"
# What a row says of a sign-in that has ended is dropped after so long; the history keeps it.
KEPT = timedelta(days=30)


def begin(request: HttpRequest, user: User, *, factor: Factor, at: datetime) -> StaffSession:
    """A sign-in: when it will end, how it is found again, and the end of those that are too many."""
    with transaction.atomic():
        # Of two sign-ins at one moment the second counts the first.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return _begin(request, user, factor, at)


def _begin(request: HttpRequest, user: User, factor: Factor, at: datetime) -> StaffSession:
    rule, where = rule_of(user), where_of(request)
    ends_at = at + timedelta(hours=rule.hours)
    session: Any = request.session
    if not session.session_key:
        session.create()
    session.set_expiry(ends_at)
    now = int(time.time())
    session[MARK] = {
        "factor": factor.value,
        "idle": rule.idle_minutes * 60,
        "seen": now,
        "since": now,
        "hours": rule.hours,
    }
    StaffSession.objects.filter(user=user, ends_at__lt=at - KEPT).delete()
    row, _made = StaffSession.objects.update_or_create(
        key=session.session_key,
        defaults={
            "user": user,
            "factor": factor,
            "started_at": at,
            "seen_at": at,
            "ends_at": ends_at,
            "address": where.address,
            "device": where.device,
            "ended_at": None,
            "ending": "",
        },
    )
    if rule.at_once:
        others = [one for one in running(user, at) if one.key != session.session_key]
        _end(others[rule.at_once - 1 :], ending=Ending.SURPLUS, at=at, where=where)
    return row


def running(user: User, at: datetime) -> list[StaffSession]:
    """This person's sign-ins that still open something, newest first. Two queries."""
    rows = list(StaffSession.objects.filter(user=user, ended_at=None, ends_at__gt=at))
    alive = set(
        Session.objects.filter(session_key__in=[row.key for row in rows], expire_date__gt=at).values_list(
            "session_key", flat=True
        )
    )
    return [row for row in rows if row.key in alive]


@transaction.atomic(durable=True)
def end_one(*, user: User, pk: int, at: datetime, where: Where) -> bool:
    """End one of one's own sign-ins elsewhere; was there such a one?"""
    rows = [row for row in running(user, at) if row.pk == pk]
    _end(rows, ending=Ending.ELSEWHERE, at=at, where=where)
    return bool(rows)


@transaction.atomic(durable=True)
def end_others(
    *, user: User, but: str | None, at: datetime, where: Where, ending: Ending = Ending.ELSEWHERE
) -> int:
    """End all of one's own sign-ins but that with the session key `but`; how many there were."""
    rows = [row for row in running(user, at) if row.key != but]
    _end(rows, ending=ending, at=at, where=where)
    return len(rows)


@transaction.atomic(durable=True)
def end_all(*, user: User, actor: User, at: datetime, where: Where) -> int:
    """End every sign-in of somebody, by an administrator: the next request of each finds nobody signed in."""
    return end_with(user=user, actor=actor, at=at, where=where)


def end_with(*, user: User, actor: User, at: datetime, where: Where) -> int:
    """The same in the caller's transaction, with what else is done about them."""
    rows = running(user, at)
    _end(rows, ending=Ending.ADMINISTRATOR, at=at, where=where, actor=actor)
    return len(rows)


def end_after_reset(*, user: User, actor: User | None, at: datetime, where: Where) -> int:
    """End every sign-in of somebody whose second factor was taken away: who holds the lost telephone may be
    in one of them. In the caller's transaction."""
    rows = running(user, at)
    _end(rows, ending=Ending.FACTOR_GONE, at=at, where=where, actor=actor)
    return len(rows)


def end_provided(*, user: User, actor: User, at: datetime, where: Where) -> int:
    """End every sign-in of somebody that the provider vouched for; in the caller's transaction."""
    rows = [row for row in running(user, at) if row.factor in BY_PROVIDER]
    _end(rows, ending=Ending.ADMINISTRATOR, at=at, where=where, actor=actor)
    return len(rows)


def close(key: str | None, *, ending: Ending, at: datetime) -> None:
    """The session with this key is about to go by itself: say so on its row."""
    StaffSession.objects.filter(key=key or "", ended_at=None).update(ended_at=at, ending=ending)


def rename(before: str | None, after: str | None) -> None:
    """The same sign-in under another key, as after a change of the password."""
    if before and after and before != after:
        StaffSession.objects.filter(key=before).update(key=after)


def why_ended(key: str) -> str:
    """Why the sign-in with this key ended before its time; empty where nobody ended it."""
    return (
        StaffSession.objects.filter(key=key, ended_at__isnull=False).values_list("ending", flat=True).first()
        or ""
    )


def _end(
    rows: Iterable[StaffSession], *, ending: Ending, at: datetime, where: Where, actor: User | None = None
) -> None:
    for row in rows:
        Session.objects.filter(session_key=row.key).delete()
        StaffSession.objects.filter(pk=row.pk, ended_at=None).update(ended_at=at, ending=ending)
        history.tell(
            user=row.user,
            kind=SignInEvent.Kind.ENDED,
            at=at,
            where=Where(where.address, row.device),
            ending=ending,
            actor=actor,
        )
