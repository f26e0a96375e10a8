"""What goes on inside a unit in the demo: a case changes hands, a line goes to the reporter, neighbours are
brought to terms; and the words that people keep because they say them every day.
"""

import random
from datetime import datetime, timedelta

from config.simulation.hands import Habits, Step
from config.simulation.people import Staff
from incidents import actions, assigning, contacting, mediating, policy
from incidents.mediating import Mediated
from incidents.mediation import files
from incidents.models import Assignment, CannedAnswer, Incident, Mediation
from incidents.models.incident import ResolutionOutcome
from incidents.timeline import Kind

_MESSAGES = (
    "您反映的问题已安排人员到场查看,处理情况会在这里告诉您。",
    "配件已调拨,预计明天下午前处理完毕,请留意。",
    "现场已设置围挡警示,正在组织抢修,请绕行。",
)
_WORDS = ("就在附近,顺路处理。", "带上梯子和备件。", "上午已看过现场,接着办。")
_KINDS = (
    (Mediation.Kind.PEOPLES, 0.7),
    (Mediation.Kind.ADMINISTRATIVE, 0.25),
    (Mediation.Kind.JUDICIAL, 0.05),
)
# (unit, use, title, words): what the people who sign in find there.
_CANNED = (
    ("district", "message", "已受理", "您好,您反映的事项(编号{number})已交{unit}办理,预计{due}前答复。"),
    ("district", "message", "正在办理", "您好,您反映的事项正在办理,因涉及多部门协调,进展会及时告知。"),
    (
        "district",
        "answer",
        "居住证办理",
        "居住证可在社区服务窗口或“i深圳”办理,需身份证和居住登记满十二个月。",
    ),
    ("district", "resolve", "不属实", "经现场核查两次,未发现所反映的情况,已将核查经过告知反映人。"),
    ("lighting-company", "message", "明天到场", "您好,{place}的路灯已列入明天的抢修计划,晚上亮灯前处理。"),
    ("lighting-company", "resolve", "换灯头", "经查为灯头损坏,已更换灯头并试亮,夜间复查正常。"),
    ("lighting-company", "resolve", "线路故障", "经查为电缆接头进水,已重新制作接头并恢复供电,夜间复查正常。"),
    ("lighting-company", "note", "等配件", "配件已报采购,到货后当天安装。"),
)


def prepare_canned(*, at: datetime) -> None:
    """The demo's canned answers; what is there already stays as it is."""
    CannedAnswer.objects.bulk_create(
        (
            CannedAnswer(unit_id=unit, use=use, title=title, body=words, changed_at=at)
            for unit, use, title, words in _CANNED
        ),
        ignore_conflicts=True,
    )


def mediated(incident: Incident, outcome: str) -> Mediated | None:
    """What is said about the mediation of a dispute; nothing about anything else."""
    if not mediating.is_dispute(incident) or outcome == ResolutionOutcome.PARKED:
        return None
    dice = random.Random(f"{incident.number} {outcome}")
    kind: str = dice.choices([row[0] for row in _KINDS], [row[1] for row in _KINDS])[0]
    begun = files.last_begun(incident)
    if begun is not None:
        kind = begun.kind
    if outcome == ResolutionOutcome.SOLVED:
        return Mediated(kind, settled=True)
    return Mediated(kind, settled=False) if outcome == ResolutionOutcome.LEGAL_ROUTE else None


class InHand:
    """Whoever works in the unit. Throws dice of its own for each case: the others stay as they were."""

    def __init__(self, staff: Staff, habits: Habits) -> None:
        self._staff, self._habits = staff, habits

    def next(self, incident: Incident, lead: Assignment, *, since: datetime, until: datetime) -> Step | None:
        """A message or other hands between `since` and `until` (when the work is done), if any."""
        dice = random.Random(f"in hand {incident.number} {lead.pk}")
        wants_message, wants_hands = (
            dice.random() < self._habits.writes,
            dice.random() < self._habits.hands_on,
        )
        at = since + timedelta(minutes=dice.uniform(4, 40))
        if at >= until or not (wants_message or wants_hands):
            return None
        done = set(
            incident.timeline.filter(
                at__gte=lead.sent_at, kind__in=[Kind.MESSAGED, Kind.ASSIGNED]
            ).values_list("kind", flat=True)
        )
        actor, number = self._staff.handler(lead.unit_id), incident.number
        if wants_message and Kind.MESSAGED not in done and _may_write(incident):
            text = dice.choice(_MESSAGES)
            return Step(at, lambda: actions.message(number=number, text=text, actor=actor, at=at))
        if wants_hands and Kind.ASSIGNED not in done:
            others = [user for user in assigning.hands_of(lead.unit)[:9] if user.pk != incident.handler_id]
            if others:
                to, text = dice.choice(others).username, dice.choice(_WORDS)
                return Step(at, lambda: actions.assign(number=number, to=to, text=text, actor=actor, at=at))
        return None


def _may_write(incident: Incident) -> bool:
    return bool(contacting.readers(incident)) and not policy.protects_reporter(incident)
