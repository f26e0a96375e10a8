"""Two months of scores in the demo: one final, with an appeal that was upheld and the revision that came of
it; one just published, with an appeal that waits for the supervisor who signs in."""

from datetime import datetime, time, timedelta

from accounts.models import User
from dashboards.models import Appeal, ScoringPeriod
from dashboards.models.scoring import Reason, What, day_before
from dashboards.scoring import acting, sweeping
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Outcome
from incidents.numbers import DISTRICT_ZONE, district_day

_HEAD, _UNIT = "lamps-head", "lighting-company"
_WORDS = (
    "当日台风橙色预警,市里发布停工令,高空作业无法进行,复工次日即已修复,申请剔除按期考核。",
    "本件因供电部门停电检修,灯具无法通电试亮,非我司原因,申请剔除按期考核。",
)
_RULED = "经核对气象预警与停工令,情况属实,予以剔除按期考核,其余指标照计。"


def score_months(*, at: datetime) -> None:
    """Publish the two months before this one, as far as there is anything in them; nothing twice."""
    sweeping.open_periods(at=at)
    last = day_before(ScoringPeriod.Kind.MONTH, district_day(at))
    before = day_before(ScoringPeriod.Kind.MONTH, last)
    people = {user.username: user for user in User.objects.filter(username__in=["supervisor", _HEAD])}
    if len(people) < 2:
        return
    supervisor = Actor.person(people["supervisor"], "operations-centre")
    head = Actor.person(people[_HEAD], _UNIT)
    for month, ends_final in ((before, True), (last, False)):
        period = ScoringPeriod.objects.filter(kind="month", last=month).first()
        if period is None or period.is_published:
            continue
        fifth = datetime.combine(month + timedelta(days=5), time(10), DISTRICT_ZONE)
        told = fifth if ends_final else max(fifth, at - timedelta(days=1))
        try:
            acting.publish(period=period.pk, actor=supervisor, at=told)
        except ActionRefused:
            continue  # nothing was played in it
        asked = _appeal(period, head, _WORDS[not ends_final], told + timedelta(hours=5))
        if ends_final and asked is not None:
            ruled = told + timedelta(days=2)
            acting.rule(appeal=asked.pk, upheld=True, words=_RULED, actor=supervisor, at=ruled)
    sweeping.close_windows(at=at)


def _appeal(period: ScoringPeriod, head: Actor, words: str, at: datetime) -> Appeal | None:
    """The lamp company asks that a case of the month be no breach, a late one where there is any."""
    due = Outcome.objects.filter(
        kind="due", unit_code=_UNIT, day__range=(period.first, period.last), sign=1, reversal__isnull=True
    )
    fact = due.select_related("incident").order_by("on_time", "pk").first()
    if fact is None:
        return None
    return acting.appeal(
        period=period.pk,
        unit=_UNIT,
        number=fact.incident.number,
        what=What.DUE,
        reason=Reason.FORCE,
        words=words,
        actor=head,
        at=at,
    )
