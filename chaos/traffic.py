"""Reports and actions from several threads at once, each noted before it is sent and when it is answered."""

import itertools
import random
import re
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
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
# What needs no words, or is not about one version of its case.
_UNVERSIONED = frozenset({"note", "merge", "unmerge"})
_WARMING = frozenset({"accept", "contact", "phone", "resolve", "close", "reopen"})
# Who looks at which page; nobody signed in where there is no name.
_PAGES: tuple[tuple[str, str], ...] = (
    ("dispatcher", "cases/"),
    ("dispatcher", "cases/{number}/"),
    ("supervisor", "cases/{number}/"),
    ("supervisor", "supervision/"),
    ("admin", "installation/calendar/"),
    ("", "report/"),
    ("", "public/"),
    ("", "sign-in/"),
)
_ZONE = timezone(timedelta(hours=8))  # where the district is
ACKNOWLEDGED = "reports acknowledged"
LOOKED = "pages looked at"
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
    # Emergencies, and cases that people are at work on: looked at again more often than the others.
    hot: deque[str] = field(default_factory=lambda: deque(maxlen=60))
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def start(self, *, seconds: float, reporters: int = 3, staff: int = 3, pause: float = 0.05) -> None:
        self.ends = time.monotonic() + seconds
        works: list[Callable[[str, random.Random, float], None]] = [self._report] * reporters
        works += [self._report_batches] + [self._act] * staff + [self._follow_up, self._stop_work, self._look]
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
        return Client(self.port, self.ledger, gives_up=lambda: time.monotonic() > self.ends + _PATIENCE)

    def _count(self, what: str, number: int = 1) -> None:
        self.counts[what] += number

    # --- reports ----------------------------------------------------------------------------------

    def _draft(self, dice: random.Random) -> dict[str, Any]:
        if dice.random() < 0.5:
            return {
                **LAMP,
                **({"urgency": "emergency"} if dice.random() < 0.15 else {}),
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
        if dice.random() < 0.1:  # taken by telephone, and typed in later
            draft["received_at"] = self._earlier(dice, most=25)
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
            if answer.good and draft.get("urgency") == "emergency":
                self.hot.append(answer.body["incident"]["number"])

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
        self._count(f"{ACKNOWLEDGED} again" if again else ACKNOWLEDGED)
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

    # --- the work calendar ------------------------------------------------------------------------

    def _stop_work(self, name: str, dice: random.Random, pause: float) -> None:
        """The administrator declares a stop of work, and now and then lets work go on before its end."""
        admin = signed_in(self.people["desk"]["admin"])
        token = f"stop-{next(self._serial):07d}"
        first = self.now() + timedelta(hours=dice.uniform(-50, 40))  # some too early to be declared
        starts = first.astimezone(_ZONE).replace(second=0, microsecond=0)
        ends = starts + timedelta(minutes=dice.randrange(3 * 60, 60 * 60))
        form = {
            "reason": token,
            "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
            "ends_at": f"{ends:%Y-%m-%dT%H:%M}",
            "declare": "yes",
            # What the page has shown before: it declares nothing that was not looked at.
            "shown": f"{starts.isoformat()}/{ends.isoformat()}",
        }
        self.ledger.note("asked", action="stop", token=token, number="", how="")
        try:
            # Once: a second sending would be a second stop.
            status, _text = self._client().page("POST", "installation/calendar/stops/add/", admin, form)
        except Unanswered:
            self._count("actions unanswered")
        else:
            if status not in (302, 400):
                raise RuntimeError(f"a stop was answered with {status}")
            state = "done" if status == 302 else "declined"
            self.ledger.note(state, action="stop", token=token, number="")
            self._count("action stop" if status == 302 else f"declined stop {status}")
        time.sleep(min(dice.uniform(2, 8), max(0.0, self.ends - time.monotonic())))
        if dice.random() < 0.6:
            self._let_work_go_on(admin)

    def _let_work_go_on(self, admin: Mapping[str, str]) -> None:
        try:
            _status, text = self._client().page("GET", "installation/calendar/", admin, {})
            if standing := re.search(r"installation/calendar/stops/[0-9]+/revoke/", text):
                self._client().page("POST", standing[0], admin, {})
                self._count("stops revoked, or over already")
        except Unanswered:
            self._count("actions unanswered")

    # --- what people look at ----------------------------------------------------------------------

    def _look(self, name: str, dice: random.Random, pause: float) -> None:
        """Somebody opens a page, or shows that they are nobody: what is away meanwhile is told as away."""
        who, path = dice.choice(_PAGES)
        if "{number}" in path:
            if not self.cases:
                return
            path = path.format(number=dice.choice(list(self.cases)[-300:])[0])
        headers = signed_in(self.people["desk"][who]) if who else {}
        try:
            status, _text = self._client().page("GET", path, headers, {})
        except Unanswered:
            self._count("pages unanswered")
        else:
            if status not in (200, 302):
                raise RuntimeError(f"/{path} was answered with {status}")
            self._count(LOOKED)

    # --- what staff do ----------------------------------------------------------------------------

    def _earlier(self, dice: random.Random, *, most: float) -> str:
        """An instant of before: what counts at once, what is countersigned first, or what is too old."""
        hours = dice.uniform(0.05, 0.5) if dice.random() < 0.4 else dice.uniform(0.5, most)
        return (self.now() - timedelta(hours=hours)).isoformat()

    def _late(self, dice: random.Random, body: dict[str, Any]) -> dict[str, Any]:
        """The same, and a third of the time it happened before it is typed in."""
        return body | ({"happened_at": self._earlier(dice, most=8)} if dice.random() < 0.35 else {})

    def _act(self, name: str, dice: random.Random, pause: float) -> None:
        if not self.cases:
            return
        recent = list(self.cases)
        number = dice.choice(recent[-80:] if dice.random() < 0.7 else recent)[0]
        if self.hot and dice.random() < 0.5:
            number = dice.choice(list(self.hot))
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
            # A second sending of the same is refused by its version; who names none sends it once.
            once = action == "note" or (action not in _UNVERSIONED and dice.random() < 0.3)
            if not once and action not in _UNVERSIONED:
                said["version"] = version
            address = f"incidents/{number}/{action}/"
            done = self._perform(action, token, number, address, headers, said, retries=1 if once else 6)
            if done is None:
                return
            if action in _WARMING:
                self.hot.append(number)
            version = done.body["version"]

    def _steps(self, case: Answer, dice: random.Random, desk: dict[str, str]) -> list[Step]:
        """One thing that somebody could do now."""
        told = case.body
        handler = signed_in(self.people["handlers"][told["unit"]])
        if dice.random() < 0.1:
            return [("note", desk, {"text": "TOKEN"})]
        if beside := self._beside(told, dice, desk):
            return beside
        match told["status"]:
            case "triage":
                unit = dice.choice(["lighting-company", "water-group", "buji/enforcement"])
                if _is_disputed(told):
                    return [("rule", desk, {"item": "0204-001", "unit": unit, "ruling": "TOKEN"})]
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
                if _is_disputed(told):
                    return [("rule", desk, {"item": "0204-001", "unit": "water-group", "ruling": "TOKEN"})]
                choices = [
                    ("object", handler, {"reason": "TOKEN", "cites": "0204-001"}),
                    ("resolve", handler, self._late(dice, solved)),
                    ("resolve", handler, parked),
                    ("redispatch", desk, elsewhere),
                ]
                return [dice.choices(choices, [1, 5, 2, 1])[0]]
            case "suspended":
                return [("resume", handler, {"reason": "TOKEN"})]
            case "resolved":
                checker = signed_in(self.people["desk"]["supervisor"])
                verdict = {"fixed": dice.random() < 0.5, "text": "TOKEN"}
                choices = [("close", desk, {"reason": "TOKEN"}), ("verify", checker, verdict)]
                return [dice.choice(choices)]
            case "closed" if told["reports"] and dice.random() < 0.6:
                report = dice.choice(told["reports"])["id"]
                if dice.random() < 0.3:
                    return [("call-back", desk, {"report": report, "reached": False, "text": "TOKEN"})]
                rating = {"reached": True, "solved": dice.random() < 0.8, "speed": 4, "text": "TOKEN"}
                return [("call-back", desk, {"report": report, **rating})]
            case "closed" | "rejected":
                return [("reopen", desk, {"reason": "TOKEN", "to_desk": dice.random() < 0.3})]
        return []

    def _beside(self, told: Mapping[str, Any], dice: random.Random, desk: dict[str, str]) -> list[Step]:
        """What the desk does whatever the unit does: countersigning, telephoning, putting cases together."""
        waiting = [entry["fact"] for entry in told["times"]["late_entries"] if entry["state"] == "waiting"]
        status = told["status"]
        asked = [row["unit"] for row in told["supporters"] if not row["ended_at"]]
        if asked and dice.random() < 0.4:
            unit = dice.choice(asked)
            if dice.random() < 0.3:
                return [("release-support", desk, {"unit": unit, "reason": "TOKEN"})]
            answered = {
                "unit": unit,
                "answer": dice.choice(["done", "nothing", "cannot"]),
                "text": "TOKEN",
            }
            return [("answer-support", signed_in(self.people["handlers"][unit]), answered)]
        if status == "handling" and dice.random() < 0.08:
            wanted = [
                unit for unit in ("police", "water-group") if unit != told["unit"] and unit not in asked
            ]
            by = {"due_at": (self.now() + timedelta(hours=dice.uniform(1, 30))).isoformat()}
            return [("invite-support", desk, {"units": wanted[:1], "asked": "TOKEN", **by})]
        if waiting and dice.random() < 0.5:
            who = dice.choice(["supervisor", "countersigner", "countersigner"])
            return [self._countersigning(dice.choice(waiting), dice, who)]
        if told["urgency"] == "emergency" and status in ("dispatched", "handling") and dice.random() < 0.5:
            call = self._late(dice, {"reached": True, "taken_by": "陈班长", "text": "TOKEN"})
            if dice.random() < 0.3:
                call = {"reached": False, "text": "TOKEN"}
            steps: list[Step] = [("phone", desk, call)]
            if "happened_at" in call:  # a supervisor's own entry is refused to that supervisor
                steps.append(
                    self._countersigning("accepted", dice, dice.choice(["supervisor", "countersigner"]))
                )
            return steps
        if status in ("triage", "dispatched", "handling") and dice.random() < 0.05:
            steps = [("merge", desk, {"into": dice.choice(list(self.cases)[-200:])[0]})]
            return [*steps, ("unmerge", desk, {})] if dice.random() < 0.4 else steps
        return []

    def _countersigning(self, fact: str, dice: random.Random, who: str) -> Step:
        verdict = {"fact": fact, "agreed": dice.random() < 0.7, "reason": "TOKEN"}
        return ("countersign", signed_in(self.people["desk"][who]), verdict)

    def _requests(self, told: Mapping[str, Any], dice: random.Random, handler: dict[str, str]) -> list[Step]:
        """What a unit asks for while it has a case in hand, mostly answered at once; orders to act."""
        supervisor = signed_in(self.people["desk"]["supervisor"])
        if dice.random() < 0.15:  # somebody who is both asks, and may not answer that
            handler = supervisor = signed_in(self.people["desk"]["two-hats"])
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
                return [("contact", handler, self._late(dice, {"reached": True, "text": "TOKEN"}))]
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


def _is_disputed(told: dict[str, Any]) -> bool:
    """Does a ruling wait on this case?"""
    return any(not dispute["outcome"] for dispute in told["disputes"])
