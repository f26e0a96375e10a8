"""The demo's briefs: the district's and one street's, issued when they were due, with what the supervisor
wrote in the district's months. The others are left to the clock, which issues them one after another."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.models import User
from dashboards.briefs import acting, keeping, periods, sweeping
from dashboards.briefs.acting import FollowedSaid, ProblemSaid
from dashboards.models import Brief, BriefEntry, BriefKind
from incidents import delivery
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused
from incidents.numbers import district_day

_SUPERVISOR, _CENTRE = "supervisor", "operations-centre"
# So many of each, where the history goes back as far.
_BACK = {BriefKind.MONTH: 3, BriefKind.WEEK: 3}
# Of these somebody who signs in reads at once: the district, and the street of the demo's street leader.
_SEEN = ("", "440307014000")
_CAUSES = (
    "同类件集中在几个老旧小区,白天派工、晚上无人接续。",
    "材料采购周期长,现场等件时间占了一半以上。",
    "责任边界不清,社区与部门之间往返核实。",
)
_ADVICE = (
    "增设夜间班组,同一片区合并一次到场处置。",
    "常用材料前置到街道仓库,先修后补单。",
    "在权责清单中加注归属,先办后议。",
)
_OUTLOOK = "下期夜间噪声、积水类诉求可能偏多,建议各街道提前安排值守力量。"
_DECISION = "是否同意将上述问题最多的一处列为区级督办,由牵头单位在时限内报结果?"
_STATES: Sequence[tuple[str, str]] = (
    ("done", "已按建议办结,现场复核通过。"),
    ("under_way", "班组已到位,材料仍在采购。"),
    ("not_done", "两家单位意见不一,已提交裁定。"),
)


def issue_briefs(*, at: datetime) -> None:
    """Issue what was due, the oldest first, as the sweep makes up for it; what is there already stays."""
    user = User.objects.filter(username=_SUPERVISOR).first()
    if user is None:
        return
    actor = Actor.person(user, _CENTRE)
    due = [
        periods.due_at(span)
        for kind, count in _BACK.items()
        for span in periods.back_from(kind, periods.latest(kind, at), count)
    ]
    for moment in sorted(due):
        sweeping.begin_due(at=moment)
        for brief in Brief.objects.filter(status=Brief.Status.DRAFT, code__in=_SEEN).order_by("first", "pk"):
            if brief.kind == BriefKind.MONTH and brief.about == "district" and brief.version == 0:
                _write(brief, actor, at=moment + timedelta(hours=2), now=at)
            elif brief.issue_at <= at:
                # Its numbers are read now, so it says that they are of now.
                acting.issue(brief=brief.pk, actor=SYSTEM, at=at)
    # What was issued long ago was told in its time.
    delivery.leave_untold(before=at - timedelta(days=1))


def _write(brief: Brief, actor: Actor, *, at: datetime, now: datetime) -> None:
    proposed = keeping.proposed(brief, at=at)
    problems = [_problem(entry, number, at=at) for number, entry in enumerate(proposed)]
    followed = [
        FollowedSaid(entry.follows_id or 0, *_STATES[number])
        for number, entry in enumerate(keeping.owed(brief))
    ]
    try:
        acting.write(
            brief=brief.pk,
            problems=problems,
            followed=followed,
            decision=_DECISION if problems else "",
            outlook=_OUTLOOK,
            actor=actor,
            at=at,
        )
        acting.issue(brief=brief.pk, actor=actor, at=now)
    except ActionRefused:
        return  # somebody was quicker


def _problem(entry: BriefEntry, number: int, *, at: datetime) -> ProblemSaid:
    measure = keeping.measure_of(entry)
    return ProblemSaid(
        cause=_CAUSES[number],
        advice=_ADVICE[number],
        unit=entry.unit_id or "",
        due=district_day(at) + timedelta(days=14 + 5 * number),
        measure=measure.key if measure else "",
    )
