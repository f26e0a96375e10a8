"""Who is on their way to the provider: what must come back with them, in a signed cookie of this browser.

Not in a session: anybody may press the button, and a press leaves nothing in the database. Several pages of
one browser may be away at once, each for so long and each once.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Self

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.identity.provider.asking import Asked

SECONDS: Final = 600
_MOST: Final = 5
# A browser keeps 4,096 bytes of a cookie, its name and its marks counted.
_BYTES: Final = 3_600
_NEXT_MOST: Final = 600
_COOKIE: Final = "at_provider"
_SALT: Final = "accounts.identity.provider.away"


@dataclass(frozen=True, slots=True)
class Away:
    """One of them. `user`: who links their own sign-in with the one there; 0: somebody who comes in."""

    asked: Asked
    next: str
    since: int
    user: int = 0

    @classmethod
    def now(cls, next: str, user: int = 0) -> Self:
        return cls(Asked.fresh(), next if len(next) <= _NEXT_MOST else "/", int(time.time()), user)

    @property
    def is_over(self) -> bool:
        return int(time.time()) - self.since > SECONDS


def of(request: HttpRequest) -> dict[str, Away]:
    """By state, the oldest first; what is over is not there, nor what this browser was never given."""
    try:
        told = signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    read = [Away(Asked(**one["asked"]), one["next"], one["since"], one["user"]) for one in told]
    return {one.asked.state: one for one in read if not one.is_over}


def keep(response: HttpResponse, away: Mapping[str, Away]) -> None:
    """Let the browser have these, and no others; of too many the latest."""
    rows = [asdict(one) for one in list(away.values())[-_MOST:]]
    while rows and len(signing.dumps(rows, salt=_SALT, compress=True)) > _BYTES:
        del rows[0]
    path = reverse("sign-in-provider")
    if not rows:
        response.delete_cookie(_COOKIE, path=path, samesite="Lax")
        return
    response.set_cookie(
        _COOKIE,
        signing.dumps(rows, salt=_SALT, compress=True),
        max_age=SECONDS,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # they come back by a link of another house
    )
