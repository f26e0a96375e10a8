"""The demo's operations centres at work: who is on shift with whom, what one shift left to the next, who
shares the queue, and last week's samples. Made up, and the same every time."""

import random
from datetime import datetime, time, timedelta

from accounts.models import DutyShift, Membership, User
from accounts.roles import Role
from config.simulation.people import Staff
from incidents.actor import Actor
from incidents.centre import handing, quality, shares
from incidents.centre.centres import Centre, centre_at
from incidents.models import Handover, QualitySample, QueueShare
from incidents.numbers import DISTRICT_ZONE, district_day

_DISTRICT, _BUJI = "440307000000", "440307014000"
# Two of the eleven have nobody on their roster: a wall says so.
_STREETS = ("pinghu", "pingdi", "nanwan", "bantian", "buji", "longcheng", "longgang", "henggang", "baolong")
_HALF = timedelta(hours=12)
# Both sit at the district's desk, beside whoever the roster names: the signed-in demo people share its queue.
_AT_DESK = {"operator": 2, "dispatcher": 1}
_NOTES = (
    "水务值班室答应二十点前回电反馈爆管抢修进度,没有来电请再催一次。西侧投影屏下午重启过一次,已报修。",
    "夜间有雷雨预警,低洼路段来件请先电话联系排水公司。两件退件等裁定,材料都在案件里。",
    "今日热线量比平日多,主要是停水咨询,统一口径见知识库。没有需要特别交代的紧急件。",
)
_JUDGED = (
    (True, True, True, ""),
    (True, False, True, "派遣理由没有写明杆号,处置单位又打电话来问。"),
    (True, True, True, ""),
    (False, True, True, "灯杆上是电信标牌,应派电信分公司。"),
)


def staff_centres(*, at: datetime) -> None:
    """Shifts of the centres for today and the next days, and the shares of the district's queue."""
    staff = Staff()
    people = [(f"{street}/operations", staff.street_centre(street).user) for street in _STREETS]
    desk = User.objects.filter(username__in=_AT_DESK)
    people += [("operations-centre", user) for user in desk]
    stations = Membership.objects.filter(unit__kind="community_station", role=Role.HANDLER)
    people += [(row.unit_id, row.user) for row in stations.select_related("user")]
    today = datetime.combine(district_day(at), time(8), DISTRICT_ZONE)
    DutyShift.objects.bulk_create(
        [
            DutyShift(unit_id=unit, user=user, starts_at=today + day, ends_at=today + day + _HALF)
            for unit, user in people
            if user is not None
            for day in (timedelta(days=number) for number in range(7))
        ],
        # Whoever stands on another roster at that time stays there.
        ignore_conflicts=True,
    )
    centre, supervisor = _centre(_DISTRICT), User.objects.filter(username="supervisor").first()
    if supervisor is None or QueueShare.objects.filter(unit=centre.unit).exists():
        return
    weights: dict[int, int | None] = {user.pk: _AT_DESK[user.username] for user in desk}
    shares.set_weights(
        centre=centre, weights=weights, actor=Actor.person(supervisor, centre.unit.code), at=at
    )


def run_centres(*, at: datetime) -> None:
    """What the shifts left to each other, and the samples of the last weeks; nothing twice."""
    desk = {user.username: user for user in User.objects.filter(username__in=[*_AT_DESK, "supervisor"])}
    centre = _centre(_DISTRICT)
    if len(desk) == 3 and not Handover.objects.filter(unit=centre.unit).exists():
        names = ("dispatcher", "operator", "dispatcher")
        for number, (name, words) in enumerate(zip(names, _NOTES, strict=True)):
            written_at = at - (len(_NOTES) - number) * _HALF + timedelta(hours=10)
            note = handing.hand_over(
                centre=centre, words=words, actor=Actor.person(desk[name], centre.unit.code), at=written_at
            )
            if number < len(_NOTES) - 1:  # the last one waits for whoever signs in
                other = desk["operator" if name == "dispatcher" else "dispatcher"]
                handing.take_over(
                    handover=note.pk,
                    centre=centre,
                    actor=Actor.person(other, centre.unit.code),
                    at=written_at + timedelta(minutes=12),
                )
    _leave_a_street_note(at)
    quality.draw_weeks(at=at, dice=random.Random(f"samples {district_day(at)}"))
    if "supervisor" in desk:
        _judge(Actor.person(desk["supervisor"], centre.unit.code), at)


def _leave_a_street_note(at: datetime) -> None:
    centre = _centre(_BUJI)
    writer = Staff().street_centre("buji")
    if not Handover.objects.filter(unit=centre.unit).exists():
        handing.hand_over(
            centre=centre,
            words="大芬油画村周末有活动,占道和停车来件会多,执法队已安排两组人。",
            actor=writer,
            at=at - timedelta(hours=3),
        )


def _judge(supervisor: Actor, at: datetime) -> None:
    """Half of what was drawn; the rest waits for the supervisor who signs in."""
    if QualitySample.objects.filter(scored_at__isnull=False).exists():
        return
    waiting = QualitySample.objects.filter(unit="operations-centre", scored_at__isnull=True)
    drawn = list(waiting.exclude(operator=supervisor.user).order_by("week", "pk"))
    for number, sample in enumerate(drawn[: (len(drawn) + 1) // 2]):
        unit, words, limit, note = _JUDGED[number % len(_JUDGED)]
        quality.score(
            sample=sample.pk,
            right_unit=unit,
            right_words=words,
            right_limit=limit,
            note=note,
            actor=supervisor,
            at=at,
        )


def _centre(code: str) -> Centre:
    found = centre_at(code)
    assert found is not None, f"no operations centre at {code}"
    return found
