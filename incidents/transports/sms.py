"""A gateway for text messages: one JSON POST each, signed, with a request id that lets it drop repeats."""

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from incidents.transports.letter import Letter, TransportError
from incidents.transports.posting import post_json
from incidents.transports.signing import signature

# Answers that are about this one message; the others are about the gateway or about our key to it.
_ABOUT_THE_MESSAGE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
)


@dataclass(frozen=True, slots=True)
class SmsTransport:
    """`{"id", "to", "text"}`; 2xx is success. 400, 404 and 422 refuse the message for good."""

    url: str
    secret: str = field(repr=False)
    seconds: float

    def send(self, letter: Letter) -> None:
        body = json.dumps(
            {"id": letter.key, "to": letter.to, "text": letter.body}, ensure_ascii=False, sort_keys=True
        ).encode()
        timestamp = str(int(time.time()))  # signatures run on the real clock
        answer = post_json(
            self.url,
            body,
            {
                "X-Request-Id": letter.key,
                "X-Timestamp": timestamp,
                "X-Signature": signature(self.secret, timestamp, body),
            },
            seconds=self.seconds,
        )
        if not answer.is_success:
            raise TransportError(
                f"the gateway answered {answer.status}",
                permanent=answer.status in _ABOUT_THE_MESSAGE,
                unreachable=answer.status not in _ABOUT_THE_MESSAGE,
            )
