"""Lives of cases: every step that people, sources, residents and the clock can take, for property tests."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from accounts.models import Membership, User
from accounts.roles import Role
from incidents import actions, sweeps
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Incident, Timer
from incidents.models.incident import ResolutionOutcome
from tests.cast import NOWHERE, file_report

LAMP_ITEM = "0204-001"
Step = Callable[[Incident, Actor, datetime], object]


def everybody() -> Actor:
    """Somebody who holds every role at the district: this is about facts, not about permission."""
    return somebody("everybody", Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.HANDLER)


def checker() -> Actor:
    """Somebody who works for no unit that handles anything: nobody judges their own work."""
    return somebody("checker", Role.SUPERVISOR)


def somebody(username: str, *roles: Role) -> Actor:
    user, _created = User.objects.get_or_create(username=username)
    for role in roles:
        Membership.objects.get_or_create(user=user, unit_id="district", role=role)
    return Actor.person(User.objects.get(pk=user.pk), "district")


def return_it(case: Incident, actor: Actor, at: datetime) -> None:
    actions.request_return(number=case.number, reason="不归我们", cites="第三条", actor=actor, at=at)
    actions.decide_return(number=case.number, agreed=True, actor=checker(), at=at + timedelta(minutes=5))


def return_in_vain(case: Incident, actor: Actor, at: datetime) -> None:
    actions.request_return(number=case.number, reason="不归我们", cites="第三条", actor=actor, at=at)
    actions.decide_return(
        number=case.number, agreed=False, reason="清单写明", actor=checker(), at=at + timedelta(minutes=5)
    )


def resolve(outcome: str) -> Step:
    return lambda case, actor, at: actions.resolve(
        number=case.number,
        outcome=outcome,
        text="已处理",
        attested=True,
        parked_until=(at + timedelta(days=30)).date() if outcome == ResolutionOutcome.PARKED else None,
        actor=actor,
        at=at,
    )


def merge_away(case: Incident, actor: Actor, at: datetime) -> None:
    root = file_report(at=at, place=NOWHERE, category=None, text="同一盏灯,不知道在哪")
    actions.merge(number=case.number, into=root.number, actor=actor, at=at + timedelta(minutes=1))


def slip(case: Incident, actor: Actor, at: datetime) -> None:
    """Sent from the desk to the wrong unit, and taken back at once."""
    actions.dispatch(
        number=case.number, item_code=LAMP_ITEM, unit_code="water-group", reason="", actor=actor, at=at
    )
    actions.recall(number=case.number, actor=actor, at=at + timedelta(seconds=5))


def update(kind: str) -> Step:
    def tell(case: Incident, actor: Actor, at: datetime) -> None:
        link = case.links.filter(unlinked_at__isnull=True).first()
        if link is not None:
            draft = UpdateDraft(external_id=f"{kind}-{at.timestamp()}", kind=kind, text="请尽快")
            apply_update(report=link.report, draft=draft, actor=SYSTEM, at=at)

    return tell


def rate(case: Incident, actor: Actor, at: datetime) -> None:
    link = case.links.filter(unlinked_at__isnull=True).first()
    if link is not None:
        actions.rate(report=link.report, result=4, solved=True, at=at)


def object_to(case: Incident, actor: Actor, at: datetime) -> None:
    link = case.links.filter(unlinked_at__isnull=True).first()
    if link is not None:
        actions.object_to(report=link.report, reason="没有修好", at=at)


def reply(case: Incident, actor: Actor, at: datetime) -> None:
    link = case.links.filter(unlinked_at__isnull=True).first()
    if link is not None:
        actions.reply(report=link.report, text="第三根", at=at)


def deadline(after: timedelta) -> Step:
    def tell(case: Incident, actor: Actor, at: datetime) -> None:
        link = case.links.filter(unlinked_at__isnull=True).first()
        if link is not None:
            draft = UpdateDraft(external_id=f"D-{at.timestamp()}", kind="deadline", due_at=at + after)
            apply_update(report=link.report, draft=draft, actor=SYSTEM, at=at)

    return tell


def resolve_late(case: Incident, actor: Actor, at: datetime) -> None:
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="当时已修好",
        attested=True,
        happened_at=at - timedelta(hours=2),
        actor=actor,
        at=at,
    )


def handling(case: Incident) -> Timer:
    """The case's last handling clock; refused like an action where it never had one."""
    clock = case.timers.filter(kind=Timer.Kind.HANDLING).order_by("pk").last()
    if clock is None:
        raise ActionRefused("wrong_state", "No handling clock.")
    return clock


def send_as(item: str) -> Step:
    """Send it under another item: from the desk, or from the unit that has it."""

    def send(case: Incident, actor: Actor, at: datetime) -> None:
        act = actions.dispatch if case.status == "triage" else actions.redispatch
        act(number=case.number, item_code=item, reason="应按此事项办", actor=actor, at=at)

    return send


def supporting(case: Incident) -> str:
    """A unit that has still to answer; empty where there is none."""
    asked = case.assignments.filter(role="support", ended_at__isnull=True).order_by("pk").first()
    return asked.unit_id if asked else ""


# What a life begins with: a lamp for the district's contractor, litter that can move up from the block, and
# something that nobody knows the place of.
BEGINNINGS: dict[str, dict[str, Any]] = {
    "lamp": {},
    "litter": {"text": "南联社区人行道上有一堆生活垃圾", "category": "0101"},
    "nowhere": {"place": NOWHERE, "category": None, "text": "有人在吵架"},
}

STEPS: dict[str, Step] = {
    "send as litter": send_as("0101-001"),
    "send as an open manhole": send_as("0201-015"),
    "invite": lambda c, a, at: actions.invite_support(
        number=c.number, units=["police", "water-group"], due_at=at + timedelta(hours=5), actor=a, at=at
    ),
    "answer for a part": lambda c, a, at: actions.answer_support(
        number=c.number, answer="done", text="已配合", unit=supporting(c), actor=a, at=at
    ),
    "decline a part": lambda c, a, at: actions.decline_support(
        number=c.number, reason="不归我们", unit=supporting(c), actor=a, at=at
    ),
    "release a unit": lambda c, a, at: actions.release_support(
        number=c.number, unit=supporting(c), reason="不用了", actor=a, at=at
    ),
    "make safe": lambda c, a, at: actions.make_safe(
        number=c.number, text="已围挡", attested=True, actor=a, at=at
    ),
    "dispatch": lambda c, a, at: actions.dispatch(number=c.number, item_code=LAMP_ITEM, actor=a, at=at),
    "accept": lambda c, a, at: actions.accept(number=c.number, actor=a, at=at),
    "return": return_it,
    "return in vain": return_in_vain,
    "redispatch": lambda c, a, at: actions.redispatch(
        number=c.number, item_code=LAMP_ITEM, unit_code="water-group", reason="应由水务", actor=a, at=at
    ),
    "solve": resolve(ResolutionOutcome.SOLVED),
    "explain": resolve(ResolutionOutcome.EXPLAINED),
    "park": resolve(ResolutionOutcome.PARKED),
    "found fixed": lambda c, a, at: actions.verify(number=c.number, fixed=True, actor=checker(), at=at),
    "found not fixed": lambda c, a, at: actions.verify(
        number=c.number, fixed=False, text="还坏着", actor=checker(), at=at
    ),
    "close": lambda c, a, at: actions.close(number=c.number, reason="电话核实", actor=a, at=at),
    "reopen": lambda c, a, at: actions.reopen(number=c.number, reason="又坏了", actor=a, at=at),
    "reopen to desk": lambda c, a, at: actions.reopen(
        number=c.number, reason="又坏了", to_desk=True, actor=a, at=at
    ),
    "answer": lambda c, a, at: actions.answer(number=c.number, text="请带身份证", actor=a, at=at),
    "reject": lambda c, a, at: actions.reject(number=c.number, reason="不属本区", actor=a, at=at),
    "merge": merge_away,
    "split": lambda c, a, at: actions.split(number=c.number, text="还有一堆垃圾", actor=a, at=at),
    "slip": slip,
    "set right": lambda c, a, at: actions.correct(number=c.number, category="0204", actor=a, at=at),
    "unmerge": lambda c, a, at: actions.unmerge(number=c.number, actor=a, at=at),
    "rate": rate,
    "object": object_to,
    "withdraw": update("withdraw"),
    "reopen upstream": update("reopen"),
    "ask for more time": lambda c, a, at: actions.request_extension(
        number=c.number, until=handling(c).due_at + timedelta(hours=5), reason="等备件", actor=a, at=at
    ),
    "give more time": lambda c, a, at: actions.decide_extension(
        number=c.number, agreed=True, actor=checker(), at=at
    ),
    "ask to stand still": lambda c, a, at: actions.request_suspension(
        number=c.number, until=at + timedelta(days=4), reason="等备件", actor=a, at=at
    ),
    "let stand still": lambda c, a, at: actions.decide_suspension(
        number=c.number, agreed=True, actor=checker(), at=at
    ),
    "ask to move up": lambda c, a, at: actions.request_raise(
        number=c.number, reason="超出我们的能力", actor=a, at=at
    ),
    "let move up": lambda c, a, at: actions.decide_raise(
        number=c.number, agreed=True, actor=checker(), at=at
    ),
    "go on": lambda c, a, at: actions.resume(number=c.number, actor=a, at=at),
    "ask the reporter": lambda c, a, at: actions.ask_reporter(
        number=c.number, question="哪一根?", actor=a, at=at
    ),
    "reporter replies": reply,
    "contact": lambda c, a, at: actions.contact(number=c.number, reached=True, actor=a, at=at),
    "write to the reporter": lambda c, a, at: actions.message(
        number=c.number, text="明天到场", actor=a, at=at
    ),
    "solve late": lambda c, a, at: resolve_late(c, a, at),
    "appeal": lambda c, a, at: actions.appeal(number=c.number, reason="停电", actor=a, at=at),
    "agree to the appeal": lambda c, a, at: actions.decide_appeal(
        number=c.number, agreed=True, reason="属实", actor=checker(), at=at
    ),
    "countersign": lambda c, a, at: actions.countersign(
        number=c.number, fact="resolved", agreed=True, actor=checker(), at=at
    ),
    "object to the sending": lambda c, a, at: actions.raise_objection(
        number=c.number, reason="不归我们", cites="第三条", actor=a, at=at
    ),
    "take the objection back": lambda c, a, at: actions.withdraw_objection(
        number=c.number, reason="已协商", actor=a, at=at
    ),
    "rule": lambda c, a, at: actions.rule(
        number=c.number, ruling="归照明", item_code=LAMP_ITEM, actor=checker(), at=at
    ),
    "rule elsewhere": lambda c, a, at: actions.rule(
        number=c.number,
        ruling="归水务",
        item_code=LAMP_ITEM,
        unit_code="water-group",
        actor=checker(),
        at=at,
    ),
    "tighter deadline": deadline(timedelta(hours=3)),
    "looser deadline": deadline(timedelta(days=40)),
    "sweep": lambda c, a, at: sweeps.catch_up(at=at),
}

# A step, and how many minutes after the one before it is tried.
line = st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from([5, 60, 600, 3 * 1440, 20 * 1440]))
