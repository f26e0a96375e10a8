"""One POST over HTTP, as transports answer for it: see accounts/posting.py."""

from collections.abc import Collection, Mapping

from accounts.posting import READ_AT_MOST as READ_AT_MOST
from accounts.posting import SENT_AT_MOST as SENT_AT_MOST
from accounts.posting import Answer, NoAnswer
from accounts.posting import post_json as post
from accounts.reachable import Network
from incidents.transports.letter import TransportError


def post_json(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    allowed: Collection[Network] | None = None,
) -> Answer:
    """POST `body` and answer what came back within `seconds`. Raises TransportError where nothing did."""
    try:
        return post(url, body, headers, seconds=seconds, allowed=allowed)
    except NoAnswer as error:
        if error.permanent:
            raise TransportError(str(error), permanent=True) from error
        raise TransportError(f"no answer: {error}", unreachable=True) from error
