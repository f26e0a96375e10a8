"""What chance may leave out of a short run: one case on which each rare thing is done for certain.

It is played before anything is killed, so every step must be answered at the first try.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chaos.client import Answer, Client, bearer, signed_in
from chaos.ledger import Ledger
from chaos.traffic import LAMP

_EXTERNAL, _SOURCE = "chaos-set-piece", "hotline"


class SetPiece:
    """A case whose unit was given more time and another's support, and told a contact so late that it was
    countersigned."""

    def __init__(
        self,
        port: int,
        people: Mapping[str, Any],
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        jump: Callable[[float], None],
    ) -> None:
        self._client = Client(port, ledger, gives_up=lambda: True)
        self._people, self._ledger, self._now, self._jump = people, ledger, now, jump
        self._steps = 0

    def play(self) -> None:
        number, unit = self._report()
        desk = {name: signed_in(session) for name, session in self._people["desk"].items()}
        handler = signed_in(self._people["handlers"][unit])
        self._do("accept", number, handler, {})
        later = (datetime.fromisoformat(self._case(number)["due_at"]) + timedelta(hours=1)).isoformat()
        self._do("request-extension", number, handler, {"reason": "TOKEN", "until": later})
        self._do("decide-extension", number, desk["supervisor"], {"agreed": True, "reason": "TOKEN"})
        tomorrow = (self._now() + timedelta(days=1)).isoformat()
        self._do(
            "invite-support",
            number,
            desk["dispatcher"],
            {"units": ["police"], "asked": "TOKEN", "due_at": tomorrow},
        )
        # More than half an hour later it is told late, and waits for a second person.
        happened = (self._now() + timedelta(minutes=1)).isoformat()
        self._jump(3600)
        self._do("contact", number, handler, {"reached": True, "text": "TOKEN", "happened_at": happened})
        verdict = {"fact": "contacted", "agreed": True, "reason": "TOKEN"}
        self._do("countersign", number, desk["countersigner"], verdict)

    def _report(self) -> tuple[str, str]:
        location = {"lon": 114.26054, "lat": 22.76488}
        draft = {**LAMP, "location": location, "external_id": _EXTERNAL}
        self._ledger.note("sent", source=_SOURCE, external=_EXTERNAL)
        answer = self._asked("reports/", bearer(self._people["tokens"][_SOURCE]["token"]), draft)
        number = answer.body["incident"]["number"]
        self._ledger.note(
            "report", source=_SOURCE, external=_EXTERNAL, report=answer.body["report"], number=number
        )
        return number, self._case(number)["unit"]

    def _case(self, number: str) -> Mapping[str, Any]:
        dispatcher = signed_in(self._people["desk"]["dispatcher"])
        body: Mapping[str, Any] = self._client.once("GET", f"incidents/{number}/", dispatcher).body
        return body

    def _do(self, action: str, number: str, headers: dict[str, str], body: Mapping[str, Any]) -> None:
        self._steps += 1
        token = f"set-piece-{self._steps}"
        said = {key: token if value == "TOKEN" else value for key, value in body.items()}
        self._ledger.note("asked", action=action, token=token, number=number, how="")
        self._asked(f"incidents/{number}/{action}/", headers, said)
        self._ledger.note("done", action=action, token=token, number=number)

    def _asked(self, path: str, headers: dict[str, str], body: Mapping[str, Any]) -> Answer:
        answer = self._client.until_answered("POST", path, headers, dict(body))
        if not answer.good:
            raise RuntimeError(f"the set piece was refused at {path}: {answer}")
        return answer
