"""Other systems' webhooks: a signed POST of JSON. docs/api.md tells their side of it."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

from accounts.reachable import networks
from incidents.transports.letter import Letter, TransportError
from incidents.transports.posting import post_json
from incidents.transports.signing import signature


@dataclass(frozen=True, slots=True)
class WebhookTransport:
    """2xx is success; 410 says that nobody wants it any more; everything else is tried again."""

    seconds: float

    def send(self, letter: Letter) -> None:
        body = letter.body.encode()
        timestamp = str(int(time.time()))  # signatures run on the real clock
        answer = post_json(
            letter.to,
            body,
            {
                "User-Agent": "Yiwang",
                "Yiwang-Id": letter.key,
                "Yiwang-Timestamp": timestamp,
                "Yiwang-Signature": f"v1={signature(letter.secret, timestamp, body)}",
            },
            seconds=self.seconds,
            # Somebody typed it into a form: it must not reach what stands behind the wall.
            allowed=networks(settings.WEBHOOK_NETWORKS),
        )
        if not answer.is_success:
            raise TransportError(f"answered {answer.status}", unwanted=answer.status == HTTPStatus.GONE)
