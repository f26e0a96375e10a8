"""What stands between a script and the form where many file at once: a proof of work for browsers (ALTCHA),
and a short wait for those without scripts. Nobody meets it on an ordinary day, and nobody is kept out by it:
whoever neither computes nor waits is given the number to call.

Proof and wait hold for one form, so for one report. Nothing is kept: both are signed.
"""

import json
import secrets
import sys
import time
from dataclasses import dataclass
from typing import Any

import altcha
from django.conf import settings
from django.core import signing

from incidents.pages.throttle import Throttle

TEN_MINUTES, MINUTE = 600, 60
# As long as a form may lie open while one looks for a photo.
GOOD_FOR_SECONDS = 3_600
_PAYLOAD_MAX = 4_000
_EVERYBODY = "*"
_ALGORITHM = "SHA-256"
_TICKETS = signing.Signer(salt="incidents.pages.form_guard.wait")

# Many households share one address of their provider: generous to people, narrow to a script.
# Where nothing is refused, no more is known of an address than whether to ask it for a proof.
FILINGS = Throttle(
    limit=settings.FORM_MOST_PER_ADDRESS or sys.maxsize,
    seconds=TEN_MINUTES,
    known=None if settings.FORM_MOST_PER_ADDRESS else settings.FORM_FREE_PER_ADDRESS,
)
ALL_FILINGS = Throttle(limit=settings.FORM_FREE_PER_MINUTE or 1, seconds=MINUTE)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page asks its browser for: the challenge as ALTCHA's JSON, the ticket of the wait, and how many
    seconds of it are left."""

    challenge: str
    ticket: str
    seconds: int


def note_filing(address: str) -> None:
    """Something was filed from there."""
    FILINGS.count(address)
    ALL_FILINGS.count(_EVERYBODY)


def is_busy(address: str) -> bool:
    """Has so much been filed, from there or by everybody, that the next one is asked for a proof?"""
    free, free_of_all = settings.FORM_FREE_PER_ADDRESS, settings.FORM_FREE_PER_MINUTE
    from_there = bool(free) and FILINGS.counted(address) >= free
    return from_there or (bool(free_of_all) and ALL_FILINGS.counted(_EVERYBODY) >= free_of_all)


def ask(form: str, ticket: str = "") -> Ask:
    """A challenge for this form; its wait goes on where a ticket says that it has begun."""
    now = time.time()
    begun = _begun(form, ticket)
    if begun is None or now - begun > GOOD_FOR_SECONDS:
        begun, ticket = now, _TICKETS.sign_object({"form": form, "at": now})
    challenge = altcha.create_challenge(
        _ALGORITHM,
        1,
        counter=secrets.randbelow(2 * max(1, settings.FORM_PROOF_HASHES)),
        expires_at=int(now) + GOOD_FOR_SECONDS,
        data={"form": form},
        hmac_secret=_key("challenge"),
        hmac_key_secret=_key("solution"),
    )
    left = max(0, settings.FORM_WAIT_SECONDS - int(now - begun))
    return Ask(json.dumps(challenge.to_dict()), ticket, left)


def is_proved(form: str, *, payload: str, ticket: str) -> bool:
    """Has this form's browser computed, or its person waited?"""
    return _has_computed(form, payload) or _has_waited(form, ticket)


def _has_computed(form: str, payload: str) -> bool:
    if not payload or len(payload) > _PAYLOAD_MAX:
        return False
    try:
        solved = altcha.Payload.from_base64(payload)
        told: Any = solved.challenge.parameters.data
        # Another form's proof is no proof; and asked first, for looking costs less than verifying.
        if not isinstance(told, dict) or told.get("form") != form:
            return False
        found = altcha.verify_solution(solved, _key("challenge"), hmac_key_secret=_key("solution"))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return False  # whatever a script sends for a proof
    return found.verified


def _has_waited(form: str, ticket: str) -> bool:
    begun = _begun(form, ticket)
    return begun is not None and settings.FORM_WAIT_SECONDS <= time.time() - begun <= GOOD_FOR_SECONDS


def _begun(form: str, ticket: str) -> float | None:
    """Since when this form waits, by its ticket."""
    try:
        told = _TICKETS.unsign_object(ticket)
    except (signing.BadSignature, ValueError):
        return None
    return float(told["at"]) if told["form"] == form else None


def _key(purpose: str) -> bytes:
    return signing.Signer(salt=f"incidents.pages.form_guard.{purpose}").signature("altcha").encode()
