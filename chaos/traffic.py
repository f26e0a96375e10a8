"""Reports and actions from several threads at once, each noted before it is sent and when it is answered."""

import itertools
import random
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chaos.client import Answer, Client, Unanswered, bearer, signed_in
from chaos.ledger import Ledger

LAMP = {  # leads to one unit for certain, and every time to the same few cells
    "text": "植物园路公交站往北第三根路灯坏了,晚上不亮,看不清路",
    "category": "0204",
    "place_type": "main_road",
    "nature": "complaint",
    "source": "hotline",
    "reporter": {"name": "王先生", "phone": "19900001234"},
}
# An action, the headers of who takes it, and what they say; "TOKEN" becomes words of its own.
Step = tuple[str, dict[str, str], dict[str, Any]]
_PATIENCE = 90.0  # seconds that a client goes on asking after the traffic has ended


@dataclass
class Traffic:
    """What all threads share."""

    port: int
    people: Mapping[str, Any]
    ledger: Ledger
    seed: int
    now: Callable[[], datetime]
    ends: float = 0.0  # time.monotonic() at which nobody begins anything new
    cases: deque[tuple[str, int, str]] = field(default_factory=lambda: deque(maxlen=4000))
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def start(self, *, seconds: float, reporters: int = 3, staff: int = 3, pause: float = 0.05) -> None:
        self.ends = time.monotonic() + seconds
        works: list[Callable[[str, random.Random, float], None]] = [self._report] * reporters
        works += [self._report_batches] + [self._act] * staff + [self._follow_up]
        for index, work in enumerate(works):
            name = f"{work.__name__.strip('_')}-{index}"
            dice = random.Random(f"{self.seed}:{name}")
            thread = threading.Thread(target=self._guarded, args=(work, name, dice, pause), name=name)
            thread.start()
            self._threads.append(thread)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _guarded(
        self, work: Callable[[str, random.Random, float], None], name: str, dice: random.Random, pause: float
    ) -> None:
        try:
            while time.monotonic() < self.ends:
                work(name, dice, pause)
                time.sleep(dice.expovariate(1 / pause))
        except Exception:  # a driver that died would prove nothing: the run fails
            self.errors.append(f"{name}: {traceback.format_exc()}")

    def _client(self) -> Client:
        return Client(self.port, gives_up=lambda: time.monotonic() > self.ends + _PATIENCE)

    def _count(self, what: str, number: int = 1) -> None:
        self.counts[what] += number

    # --- reports ----------------------------------------------------------------------------------

    def _draft(self, dice: random.Random) -> dict[str, Any]:
        if dice.random() < 0.5:
            return {
                **LAMP,
                "location": {
                    "lon": round(114.26054 + dice.uniform(-0.04, 0.04), 6),
                    "lat": round(22.76488 + dice.uniform(-0.02, 0.02), 6),
                },
            }
        draft = dict(dice.choice(self.people["stock"]))
        draft.pop("external_id", None)
        return draft

    def _report(self, name: str, dice: random.Random, _pause: float) -> None:
        """One report; a second sending of it now and then, which must be the same report."""
        draft, serial = self._draft(dice), next(self._serial)
        source = draft["source"]
        client = self.people["tokens"][source]
        headers, key = bearer(client["token"]), f"key-{serial:07d}"
        if dice.random() < 0.3:
            headers["Idempotency-Key"] = key
        if "Idempotency-Key" in headers and dice.random() < 0.5:
            external = f"client-{client['client']}:{key}"  # what the API makes of a key alone
        else:
            external = draft["external_id"] = f"chaos-{serial:07d}"
        impatient = dice.random() < 0.1
        self.ledger.note("sent", source=source, external=external)
        for again in range(2 if dice.random() < 0.05 else 1):
            try:
                answer = self._client().until_answered(
                    "POST", "reports/", headers, draft, tries=1 if impatient else 0
                )
            except Unanswered:
                self._count("reports given up")
                return
            self._note_report(source, external, answer.status, answer.body, again=bool(again))

    def _report_batches(self, name: str, dice: random.Random, pause: float) -> None:
        source = dice.choice(["hotline", "city_app"])
        rows = []
        for _row in range(dice.randrange(2, 25)):
            draft = self._draft(dice) | {"source": source, "external_id": f"chaos-{next(self._serial):07d}"}
            rows.append(draft)
            self.ledger.note("sent", source=source, external=draft["external_id"])
        headers = bearer(self.people["tokens"][source]["token"])
        try:
            answer = self._client().until_answered("POST", "reports/batch/", headers, rows)
        except Unanswered:
            self._count("reports given up", len(rows))
            return
        if not answer.good:
            raise RuntimeError(f"a batch was refused: {answer}")
        self._count("batches")
        for row, told in zip(rows, answer.body["results"], strict=True):
            self._note_report(source, row["external_id"], told["status"], told)
        time.sleep(pause * 10)

    def _note_report(self, source: str, external: str, status: int, told: Any, again: bool = False) -> None:
        if status not in (200, 201):
            self.ledger.note("refused", source=source, external=external, status=status)
            self._count("reports refused")
            if status not in (400, 409):
                raise RuntimeError(f"report {external}: {status} {told}")
            return
        number, report = told["incident"]["number"], told["report"]
        self.ledger.note("report", source=source, external=external, report=report, number=number)
        self._count("reports acknowledged again" if again else "reports acknowledged")
        if not again:
            self.cases.append((number, report, source))

    # --- what upstream says later -----------------------------------------------------------------

    def _follow_up(self, name: str, dice: random.Random, pause: float) -> None:
        if not self.cases:
            return
        number, report, source = dice.choice(list(self.cases)[-300:])
        token = f"update-{next(self._serial):07d}"
        kind = dice.choices(["supplement", "chase", "deadline", "withdraw"], [3, 3, 4, 1])[0]
        body = {"external_id": token, "kind": kind, "text": token}
        if kind == "deadline":
            body["due_at"] = (self.now() + timedelta(minutes=dice.uniform(20, 3000))).isoformat()
        headers = bearer(self.people["tokens"][source]["token"])
        self._perform("update", token, number, f"reports/{report}/updates/", headers, body, retries=0)
        time.sleep(pause * 2)

    # --- what staff do ----------------------------------------------------------------------------

    def _act(self, name: str, dice: random.Random, pause: float) -> None:
        if not self.cases:
            return
        recent = list(self.cases)
        number = dice.choice(recent[-80:] if dice.random() < 0.7 else recent)[0]
        desk = signed_in(self.people["desk"]["supervisor" if dice.random() < 0.3 else "dispatcher"])
        try:
            case = self._client().until_answered("GET", f"incidents/{number}/", desk, tries=3)
        except Unanswered:
            return
        if not case.good:
            raise RuntimeError(f"{number} cannot be read: {case}")
        version = case.body["version"]
        for action, headers, body in self._steps(case, dice, desk):
            token = f"action-{next(self._serial):07d}"
            said = {key: token if value == "TOKEN" else value for key, value in body.items()}
            if action != "note":  # without it, a second sending would be a second note
                said["version"] = version
            address = f"incidents/{number}/{action}/"
            retries = 1 if action == "note" else 6
            done = self._perform(action, token, number, address, headers, said, retries=retries)
            if done is None:
                return
            version = done.body["version"]

    def _steps(self, case: Answer, dice: random.Random, desk: dict[str, str]) -> list[Step]:
        """One thing that somebody could do now."""
        told = case.body
        handler = signed_in(self.people["handlers"][told["unit"]])
        if dice.random() < 0.1:
            return [("note", desk, {"text": "TOKEN"})]
        match told["status"]:
            case "triage":
                unit = dice.choice(["lighting-company", "water-group", "buji/enforcement"])
                item = {"item": "0204-001", "unit": unit, "reason": "TOKEN"}
                return [("dispatch", desk, item)]
            case "dispatched":
                answered: Step = ("decide-return", desk, {"agreed": dice.random() < 0.6, "reason": "TOKEN"})
                asked = ("request-return", handler, {"reason": "TOKEN", "cites": "0204-001"})
                elsewhere = {"item": "0204-001", "unit": "water-group", "reason": "TOKEN"}
                choices: list[Step] = [
                    ("accept", handler, {}),
                    asked,
                    answered,
                    ("redispatch", desk, elsewhere),
                ]
                return [dice.choices(choices, [5, 2, 3, 1])[0]]
            case "handling" if dice.random() < 0.65:
                return self._requests(told, dice, handler)
            case "handling" | "parked":
                until = (self.now() + timedelta(days=dice.choice([1, 1, 2, 4]))).date().isoformat()
                parked = {"outcome": "parked", "text": "TOKEN", "parked_until": until}
                solved = {"outcome": "solved", "text": "TOKEN", "attested": True}
                elsewhere = {"item": "0204-001", "unit": "water-group", "reason": "TOKEN"}
                choices = [
                    ("resolve", handler, solved),
                    ("resolve", handler, parked),
                    ("redispatch", desk, elsewhere),
                ]
                return [dice.choices(choices, [5, 2, 1])[0]]
            case "suspended":
                return [("resume", handler, {"reason": "TOKEN"})]
            case "resolved":
                checker = signed_in(self.people["desk"]["supervisor"])
                verdict = {"fixed": dice.random() < 0.5, "text": "TOKEN"}
                choices = [("close", desk, {"reason": "TOKEN"}), ("verify", checker, verdict)]
                return [dice.choice(choices)]
            case "closed" | "rejected":
                return [("reopen", desk, {"reason": "TOKEN", "to_desk": dice.random() < 0.3})]
        return []

    def _requests(self, told: Mapping[str, Any], dice: random.Random, handler: dict[str, str]) -> list[Step]:
        """What a unit asks for while it has a case in hand, mostly answered at once; orders to act."""
        supervisor = signed_in(self.people["desk"]["supervisor"])
        due = datetime.fromisoformat(told["due_at"]) if told["due_at"] else self.now()
        later = (due + timedelta(minutes=dice.uniform(30, 400))).isoformat()
        rest = (self.now() + timedelta(hours=dice.uniform(2, 40))).isoformat()
        answer = {"agreed": dice.random() < 0.8, "reason": "TOKEN"}
        asked = {
            "extension": {"reason": "TOKEN", "until": later},
            "suspension": {"reason": "TOKEN", "until": rest},
        }
        what = dice.choices(
            ["extension", "suspension", "appeal", "order", "ask", "contact"], [4, 4, 2, 2, 2, 1]
        )[0]
        steps: list[Step]
        match what:
            case "extension" | "suspension":
                steps = [
                    (f"request-{what}", handler, asked[what]),
                    (f"decide-{what}", supervisor, answer),
                ]
            case "appeal":
                steps = [("appeal", handler, {"reason": "TOKEN"}), ("decide-appeal", supervisor, answer)]
            case "order":
                ended = ("answer-order", handler, {"text": "TOKEN"})
                if dice.random() < 0.3:
                    ended = ("lift-order", supervisor, {"reason": "TOKEN"})
                steps = [("supervise", supervisor, {"words": "TOKEN"}), ended]
            case "ask":
                return [("ask-reporter", handler, {"question": "TOKEN"})]
            case _:
                return [("contact", handler, {"reached": True, "text": "TOKEN"})]
        return steps if dice.random() < 0.75 else steps[:1]

    def _perform(
        self,
        action: str,
        token: str,
        number: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        retries: int,
    ) -> Answer | None:
        """Act, and note what came of it; the answer where it was done."""
        self.ledger.note("asked", action=action, token=token, number=number, how=body.get("kind", ""))
        try:
            answer = self._client().until_answered("POST", path, headers, body, tries=retries)
        except Unanswered:
            self.ledger.note("unanswered", action=action, token=token, number=number)
            self._count("actions unanswered")
            return None
        if answer.good:
            self.ledger.note("done", action=action, token=token, number=number)
            self._count(f"action {action}")
            return answer
        if answer.tries == 1:
            # Refused at the first try: nothing of it may be there.
            self.ledger.note("declined", action=action, token=token, number=number, status=answer.status)
            codes = [error.get("code", "") for error in answer.body.get("errors", [])]
            self._count(f"declined {action} {answer.status} {','.join(codes)}")
        else:
            # An earlier try may have gone through unseen, and this one met what it left.
            self.ledger.note("unanswered", action=action, token=token, number=number)
            self._count("actions unanswered")
        return None
