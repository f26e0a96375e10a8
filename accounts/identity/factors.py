"""The second factor: a code from the telephone (TOTP, RFC 6238), or one of ten recovery codes."""

import hashlib
import hmac
import logging
import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.identity import history, sessions
from accounts.identity.rows import Factor, RecoveryCode, SecondFactor, SignInEvent
from accounts.identity.where import Where
from accounts.models import User
from accounts.sealing import seal, unseal

log = logging.getLogger(__name__)

STEP_SECONDS = 30
# Telephones go wrong by some seconds, and people type slowly: the code before and the one after are good too.
DRIFT_STEPS = 1
RECOVERY_CODES = 10
# None of them can be taken for another, nor for a vowel that makes a word.
_LETTERS = "23456789bcdfghjkmnpqrstvwxz"
_GROUPS, _GROUP = 4, 4
# So many wrong codes close it for a quarter of an hour, as many more for twice as long, and so on.
WRONG_CODES = 5
CLOSED_FIRST = timedelta(minutes=15)
CLOSED_MOST = timedelta(hours=12)
# How long the page that shows a new key may lie open.
SET_UP_SECONDS = 30 * 60


class Verdict(StrEnum):
    """What a code was worth."""

    CODE = "code"
    RECOVERY = "recovery"
    WRONG = "wrong"
    CLOSED = "closed"
    UNREADABLE = "unreadable"  # sealed under a key that this installation has lost


class Refused(Exception):
    """It cannot be done; the words say why."""


# --- setting up -----------------------------------------------------------------------------------


def offer(user: User) -> str:
    """A new key for this person, sealed: it goes into the page and comes back with the first code; nothing
    is kept until then."""
    return seal(f"{user.pk}:{pyotp.random_base32()}").decode()


def offered_key(user: User, offered: str) -> str:
    """The key that was offered to this person, in base 32. Raises Refused."""
    try:
        whose, _colon, key = unseal(offered.encode(), seconds=SET_UP_SECONDS).partition(":")
    except (InvalidToken, UnicodeError):
        whose, key = "", ""
    if whose != str(user.pk) or not key:
        raise Refused(_("This page was open for too long. Here is a new key: scan it again."))
    return key


def address_of_key(user: User, key: str, *, issuer: str) -> str:
    """What the picture says to the telephone."""
    return pyotp.TOTP(key).provisioning_uri(name=user.get_username(), issuer_name=issuer)


def in_groups(key: str) -> str:
    """The key as somebody types it: in groups of four."""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


@transaction.atomic(durable=True)
def set_up(*, user: User, offered: str, code: str, at: datetime, where: Where) -> list[str]:
    """Take the offered key into use, once its first code was right; answers the recovery codes, which are
    shown this once. Raises Refused."""
    key = offered_key(user, offered)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two presses one sets up
    if SecondFactor.objects.filter(user=user).exists():
        raise Refused(_("A second factor is set up already. Remove it first to use another telephone."))
    step = _step_of(key, _plain(code), at, after=0)
    if step is None:
        raise Refused(
            _("This is not the code of this key. Is your telephone's clock right? Wait for the next one.")
        )
    SecondFactor.objects.create(user=user, key_sealed=seal(key), set_up_at=at, last_step=step)
    codes = _new_codes(user)
    history.tell(user=user, kind=SignInEvent.Kind.FACTOR_SET_UP, at=at, where=where)
    return codes


# --- showing --------------------------------------------------------------------------------------


def has_one(user: User) -> bool:
    """Does this person's sign-in ask for a code?"""
    return SecondFactor.objects.filter(user=user).exists()


def codes_left(user: User) -> int:
    """Recovery codes that were not used yet."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


@transaction.atomic(durable=True)
def check(*, user: User, code: str, at: datetime, where: Where) -> Verdict:
    """Is it right? Taken once and never again; wrong ones are counted, by all processes together."""
    return _checked(user, code, at, where)


def _checked(user: User, code: str, at: datetime, where: Where) -> Verdict:
    # Whoever shows the same code at the same moment waits here, and then finds it used.
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        return Verdict.WRONG
    if factor.closed_until is not None and factor.closed_until > at:
        return Verdict.CLOSED
    told = _plain(code)
    verdict = Verdict.WRONG
    if told.isdecimal() and len(told) == 6:
        try:
            key = unseal(factor.key_sealed)
        except InvalidToken:
            # No fault of theirs, and nothing to count: an administrator resets it.
            log.error("the second factor of user %s is sealed under a key that is not there", user.pk)
            return Verdict.UNREADABLE
        step = _step_of(key, told, at, after=factor.last_step)
        if step is not None:
            factor.last_step, verdict = step, Verdict.CODE
    elif RecoveryCode.objects.filter(user=user, digest=_digest(told), used_at=None).update(used_at=at):
        verdict = Verdict.RECOVERY
    if verdict is Verdict.WRONG:
        factor.failures += 1
        kind = SignInEvent.Kind.WRONG_CODE
        if factor.failures % WRONG_CODES == 0:
            factor.closed_until = at + _closed_for(factor.failures)
            kind = SignInEvent.Kind.CODES_CLOSED
            verdict = Verdict.CLOSED
        history.tell(user=user, kind=kind, at=at, where=where)
    else:
        factor.failures, factor.closed_until = 0, None
    factor.save(update_fields=["last_step", "failures", "closed_until"])
    return verdict


def closed_until(user: User, at: datetime) -> datetime | None:
    """Until when no code of this person is looked at, if that is so."""
    factor = SecondFactor.objects.filter(user=user, closed_until__gt=at).first()
    return factor.closed_until if factor else None


def _closed_for(failures: int) -> timedelta:
    times = min(failures // WRONG_CODES - 1, 16)
    return min(CLOSED_FIRST * 2**times, CLOSED_MOST)


# --- renewing and taking away ----------------------------------------------------------------------


@transaction.atomic(durable=True)
def renew_codes(*, user: User, code: str, at: datetime, where: Where) -> tuple[Verdict, list[str]]:
    """New recovery codes against a right code; the old ones are worth nothing from then on."""
    verdict = _checked(user, code, at, where)
    if verdict not in (Verdict.CODE, Verdict.RECOVERY):
        return verdict, []
    codes = _new_codes(user)
    history.tell(user=user, kind=SignInEvent.Kind.CODES_RENEWED, at=at, where=where)
    return verdict, codes


@transaction.atomic(durable=True)
def remove(*, user: User, code: str, at: datetime, where: Where) -> Verdict:
    """Take one's own second factor away against a right code, to set up another telephone."""
    verdict = _checked(user, code, at, where)
    if verdict in (Verdict.CODE, Verdict.RECOVERY):
        _take_away(user)
        history.tell(user=user, kind=SignInEvent.Kind.FACTOR_REMOVED, at=at, where=where)
    return verdict


@transaction.atomic(durable=True)
def reset(*, user: User, actor: User | None, reason: str, at: datetime, where: Where) -> None:
    """Take somebody's second factor away who has lost it; `actor` is never that person, or nobody (a command
    on the server). Raises Refused."""
    if actor is not None and actor.pk == user.pk:
        raise Refused(_("Nobody resets their own second factor: ask another administrator."))
    if actor is not None and user.password_is_first:
        # Whoever handed it out would need nothing else.
        raise Refused(_("They have a password that was handed out: first they come in and change it."))
    if not reason.strip():
        raise Refused(_("Say why: it stands in the history."))
    # Locked, so that of two resets one is told.
    if not SecondFactor.objects.select_for_update().filter(user=user).exists():
        raise Refused(_("No second factor is set up for this person."))
    _take_away(user)
    history.tell(
        user=user,
        kind=SignInEvent.Kind.FACTOR_RESET,
        at=at,
        where=where,
        actor=actor,
        reason=reason.strip()[:200],
    )
    sessions.end_after_reset(user=user, actor=actor, at=at, where=where)


def unreadable_words() -> str:
    """What is said where the key of a second factor is lost."""
    return _(
        "Your second factor cannot be checked here any more. Use a recovery code, or ask an administrator to "
        "reset it."
    )


def _take_away(user: User) -> None:
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


# --- codes ----------------------------------------------------------------------------------------


def _plain(code: str) -> str:
    """As people type them: with blanks, hyphens, capitals and full-width digits."""
    return "".join(unicodedata.normalize("NFKC", code).lower().replace("-", " ").split())[:64]


def _step_of(key: str, code: str, at: datetime, *, after: int) -> int | None:
    """The half minute whose code this is, if it is one that is good now and later than `after`."""
    now = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(key)
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        # All of them are compared, whichever is right: how long it takes says nothing.
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()) and step > after:
            found = step
    return found


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        "-".join("".join(secrets.choice(_LETTERS) for _letter in range(_GROUP)) for _group in range(_GROUPS))
        for _code in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(_plain(code))) for code in codes)
    return codes


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def as_factor(verdict: Verdict, *, by_provider: bool = False) -> Factor:
    """What a right code is called in the history, beside a password or the provider's word."""
    if by_provider:
        return Factor.SSO_RECOVERY if verdict is Verdict.RECOVERY else Factor.SSO_CODE
    return Factor.RECOVERY if verdict is Verdict.RECOVERY else Factor.CODE
