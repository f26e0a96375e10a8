"""Requests of residents about their data, on a page: one of the staff writes it down, another carries it out.

An erasure cannot be taken back and a copy is all of somebody's data in one file, so nobody does either alone.
The telephone number is kept, sealed, until then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.masking import holds_personal
from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import PrivacyAsk, PrivacyRequest
from incidents.models.contact import phone_digits, seal, unseal
from incidents.privacy import subject
from incidents.privacy.forgetting import Gone

# Who wrote a request down and has nobody to carry it out; the law's answer is owed much sooner.
WAITS: Final = timedelta(days=30)
# For so long the same person may fetch a copy once more, where the line broke.
AGAIN: Final = timedelta(hours=24)
# Whoever began and has not finished by then has died on the way: it may be begun again.
PATIENCE: Final = timedelta(minutes=10)
_State = PrivacyAsk.State
_Kind = PrivacyRequest.Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: the ZIP of a copy, or what an erasure took and left."""

    request: PrivacyRequest
    archive: bytes = b""
    gone: Gone | None = None
    open_cases: tuple[str, ...] = ()


def may_keep(user: User) -> bool:
    """The district's supervisors: who asks may have reported in any street, to any unit."""
    return any(grant.reach == Reach.DISTRICT for grant in viewer_of(user).with_roles(Role.SUPERVISOR))


def ask(*, kind: str, phone: str, reason: str, actor: Actor, at: datetime) -> PrivacyAsk:
    """Write a request down. Raises InvalidInput, ActionRefused where the same one waits already."""
    if actor.user is None:
        raise ValueError("a request is written down by a person")
    if not 7 <= len(phone_digits(phone)) <= 15:
        raise InvalidInput("phone", "invalid", _("This is no telephone number."))
    _refuse_numbers("reason", reason)
    # A double click. Two people who write it down at the same moment make two of it, which harms nobody.
    same = (
        phone_digits(unseal(one.phone_sealed)) == phone_digits(phone) for one in waiting().filter(kind=kind)
    )
    if any(same):
        raise ActionRefused("already", _("This request waits already."))
    return PrivacyAsk.objects.create(
        kind=kind, phone_sealed=seal(phone), asked_at=at, asked_by=actor.user, reason=reason
    )


def _refuse_numbers(field: str, words: str) -> None:
    """These words stand in a log that nothing is taken out of."""
    if holds_personal(words):
        raise InvalidInput(field, "names_them", _("Leave the number out here: these words are kept."))


def carry_out(*, pk: int, actor: Actor, at: datetime) -> Outcome:
    """Do what was asked. Raises PrivacyAsk.DoesNotExist, and ActionRefused where that is over, is being done,
    or was asked by the same person."""
    asked = _begin(pk, actor, at)
    # A copy is fetched again for a day, where the line broke; nothing is erased twice.
    sealed = asked.phone_sealed if asked.kind == _Kind.COPY else b""
    phone, who = unseal(asked.phone_sealed), str(actor.user)[:80]
    if asked.kind == _Kind.COPY:
        archive, request = subject.copy(phone, done_by=who, reason=asked.reason, at=at, actor=actor)
        outcome = Outcome(request, archive=archive)
    else:
        gone, still_open, request = subject.erase(phone, done_by=who, reason=asked.reason, at=at, actor=actor)
        outcome = Outcome(request, gone=gone, open_cases=tuple(still_open))
        _forget_others(phone, but=pk)
    PrivacyAsk.objects.filter(pk=pk).update(state=_State.DONE, done=request, phone_sealed=sealed)
    return outcome


def decline(*, pk: int, words: str, actor: Actor, at: datetime) -> None:
    """Say why it is not carried out; whoever asked may say so, too. Raises PrivacyAsk.DoesNotExist,
    InvalidInput, ActionRefused."""
    _refuse_numbers("words", words)
    with transaction.atomic(durable=True):
        asked = PrivacyAsk.objects.select_for_update().get(pk=pk)
        if asked.state != _State.WAITING:
            raise ActionRefused("over", _("This request is not waiting any more."))
        asked.state, asked.words, asked.phone_sealed = _State.DECLINED, words, b""
        asked.answered_by, asked.answered_at = actor.user, at
        asked.save()


def lapse(*, at: datetime) -> int:
    """Forget numbers that are needed no more: of what waited too long, and of copies that were fetched."""
    waiting = PrivacyAsk.objects.filter(
        state__in=(_State.WAITING, _State.BEGUN), asked_at__lt=at - WAITS
    ).update(state=_State.LAPSED, phone_sealed=b"")
    fetched = PrivacyAsk.objects.filter(state=_State.DONE, answered_at__lt=at - AGAIN)
    return waiting + fetched.exclude(phone_sealed=b"").update(phone_sealed=b"")


def _forget_others(phone: str, *, but: int) -> None:
    """Whoever is erased is in no other request either."""
    for one in PrivacyAsk.objects.exclude(phone_sealed=b"").exclude(pk=but):
        if phone_digits(unseal(one.phone_sealed)) == phone_digits(phone):
            state = one.state if one.state == _State.DONE else _State.LAPSED
            PrivacyAsk.objects.filter(pk=one.pk).update(state=state, phone_sealed=b"")


def may_be_done(asked: PrivacyAsk, user: User, at: datetime) -> bool:
    """Whether this person could carry it out now."""
    return _refusal(asked, user, at) is None


def waiting() -> QuerySet[PrivacyAsk]:
    """What waits, the oldest first."""
    return PrivacyAsk.objects.filter(state__in=(_State.WAITING, _State.BEGUN)).order_by("asked_at", "pk")


def _begin(pk: int, actor: Actor, at: datetime) -> PrivacyAsk:
    if actor.user is None:
        raise ValueError("a request is carried out by a person")
    with transaction.atomic(durable=True):
        asked = PrivacyAsk.objects.select_for_update().get(pk=pk)
        if refusal := _refusal(asked, actor.user, at):
            raise refusal
        if asked.state == _State.DONE:  # once more, of the first time's day
            return asked
        asked.state, asked.answered_by, asked.answered_at = _State.BEGUN, actor.user, at
        asked.save()
        return asked


def _refusal(asked: PrivacyAsk, user: User, at: datetime) -> ActionRefused | None:
    if asked.asked_by_id == user.pk:
        return ActionRefused("same_person", _("You wrote this down: somebody else carries it out."))
    begun = asked.answered_at
    is_their_copy = asked.kind == _Kind.COPY and asked.answered_by_id == user.pk and bool(asked.phone_sealed)
    is_of_today = begun is not None and at - begun < AGAIN
    match asked.state:
        case _State.WAITING:
            return None
        case _State.BEGUN if begun is not None and at - begun >= PATIENCE:
            return None
        case _State.BEGUN:
            return ActionRefused("begun", _("Somebody is at it just now."))
        case _State.DONE if is_their_copy and is_of_today:
            return None
    return ActionRefused("over", _("This request is not waiting any more."))
