"""WeChat Work: a robot of a group, or an application that writes to one person. Both take a JSON POST."""

import json
from dataclasses import dataclass, field
from typing import Any

from incidents.transports.letter import Letter, TransportError
from incidents.transports.posting import post_json

# Its error codes for a name that it does not know.
_NO_SUCH_PERSON = frozenset({40003, 60111, 81013})


@dataclass(frozen=True, slots=True)
class WeworkTransport:
    """Errors come with status 200: `errcode` in the answer says whether it went through."""

    url: str = field(repr=False)  # holds its key
    agent: int | None  # of the application; None: a robot, which mentions the person in its group
    seconds: float

    def send(self, letter: Letter) -> None:
        body = json.dumps(self._message(letter), ensure_ascii=False, sort_keys=True).encode()
        answer = post_json(self.url, body, {"X-Request-Id": letter.key}, seconds=self.seconds)
        if not answer.is_success:
            raise TransportError(f"answered {answer.status}", unreachable=True)
        code = _errcode(answer.body)
        if code != 0:
            raise TransportError(f"errcode {code}", permanent=code in _NO_SUCH_PERSON)

    def _message(self, letter: Letter) -> dict[str, Any]:
        if self.agent is None:
            text: dict[str, Any] = {"content": letter.body, "mentioned_list": [letter.to]}
            return {"msgtype": "text", "text": text}
        # The duplicate check drops a repeat of the same words to the same person.
        return {
            "touser": letter.to,
            "agentid": self.agent,
            "msgtype": "text",
            "text": {"content": letter.body},
            "enable_duplicate_check": 1,
        }


def _errcode(body: bytes) -> int:
    try:
        return int(json.loads(body)["errcode"])
    except (ValueError, KeyError, TypeError) as error:
        raise TransportError("an answer without errcode") from error
