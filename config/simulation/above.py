"""What comes from above in the demo: instructions, letters, orders, and what is said again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.models import OrgUnit, User
from config.simulation.people import Staff
from dispatch.vocabulary import Source
from grids.locate import locate
from incidents import actions, instructing
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import ReportDraft, Reporter, receive_one
from incidents.models import Incident, Instruction, Report
from incidents.models.incident import Status

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Who instructs (sign-in, office), what, whom; how long ago and how many days they have; what was reported.
_INSTRUCTIONS: tuple[tuple[str, str, str, tuple[str, ...], float, float, str, str], ...] = (
    (
        "leader",
        "district",
        "近期路灯投诉集中。请照明公司对主干道、公交站周边路灯全面排查,坏一盏修一盏,一周内报结果。",
        ("lighting-company",),
        3,
        7,
        "",
        "",
    ),
    (
        "leader",
        "district",
        "汛期将至,请水务集团会同各街道对易积水点逐一过筛,台账、责任人、抢险队伍落实到点。",
        ("water-group", "buji", "longcheng"),
        6,
        5,
        "已排查易积水点 46 处,完成清淤 31 处,其余本周内完成;抢险队伍三支已驻点。",
        "",
    ),
    (
        "leader",
        "district",
        "同一路口井盖一月三报,群众有意见。请举一反三,不要只修一个。",
        ("water-group",),
        12,
        6,
        "三处井盖已更换为防沉降型,并对该路段 58 座井盖逐一检查,无同类问题。",
        "yes",
    ),
    (
        "street-leader",
        "buji",
        "夜市占道反复反弹,请执法队拿出常态化办法,三天内报我。",
        ("buji/enforcement",),
        4,
        3,
        "",
        "",
    ),
)
_REPLY = (
    "您好!来信收到。您反映的问题我已请承办单位当天到场,处理情况会在这里如实告诉您。"
    "办得好不好,由您来评。谢谢您把它说出来。"
)
_AGAIN = "又来反映同一个问题,上次说办好了,没几天又这样:"


def look_from_above(*, at: datetime) -> None:
    """Give the demo's leaders and supervisors something to do; once."""
    if Instruction.objects.exists():
        return
    people = User.objects.in_bulk(
        ["leader", "street-leader", "supervisor", "operator", "handler"], field_name="username"
    )
    _instruct(people, at=at)
    _write_letters(people, at=at)
    _order(people["supervisor"], at=at)
    _say_again(at=at)


def _instruct(people: dict[str, User], *, at: datetime) -> None:
    lamps = list(
        Incident.objects.overdue(at).filter(owner_unit="lighting-company").order_by("due_at", "pk")[:3]
    )
    for username, office, words, units, ago, days, reported, accepted in _INSTRUCTIONS:
        given_at = at - ago * _DAY
        giver = Actor.person(people[username], office)
        about = [case.number for case in lamps] if units == ("lighting-company",) else []
        given = instructing.give(
            office=office,
            words=words,
            units=units,
            due_at=given_at + days * _DAY,
            cases_about=about,
            actor=giver,
            # what is about open cases is given now: their clocks have been brought up to here
            at=at if about else given_at,
        )
        if not reported:
            continue
        who = Staff().handler(units[0])
        common: dict[str, Any] = {"number": given.number, "unit": units[0]}
        instructing.report(**common, text=reported, actor=who, at=given_at + (days - 1) * _DAY)
        if accepted:
            instructing.judge(**common, accepted=True, actor=giver, at=given_at + days * _DAY)


def _write_letters(people: dict[str, User], *, at: datetime) -> None:
    operator = Actor.person(people["operator"], "operations-centre")
    secretary = Actor.person(people["street-leader"], "buji")
    for index, case in enumerate(_lately(at, OrgUnit.objects.get(pk="buji").area_code, most=5)):
        try:
            letter = actions.to_secretary(
                number=case.number,
                secretary="district" if index == 4 else "street",
                actor=operator,
                at=at - (6 - index) * _HOUR,
            )
            common: dict[str, Any] = {
                "number": case.number,
                "report": letter.report_id,
                "text": _REPLY,
                "actor": secretary,
            }
            if index == 0:
                actions.sign_reply(**common, at=at - _HOUR / 2)
            elif index == 1:
                actions.draft_reply(**common, at=at - _HOUR / 2)
        except (ActionRefused, InvalidInput):
            continue  # moved on meanwhile


def _lately(at: datetime, street: str, *, most: int) -> Sequence[Incident]:
    """Open cases of a street that somebody with a telephone reported; else of any street."""
    found = (
        Incident.objects.open()
        .filter(received_at__lt=at - 7 * _HOUR, links__report__contact__isnull=False)
        .exclude(status=Status.RESOLVED)
        .distinct()
        .order_by("-pk")
    )
    own = list(found.filter(street_code=street)[:most])
    return own or list(found[:most])


def _order(supervisor: User, *, at: datetime) -> None:
    actor = Actor.person(supervisor, "operations-centre")
    late = Incident.objects.overdue(at).filter(supervision_number="", status=Status.HANDLING)
    for case in late.order_by("due_at", "pk")[:3]:
        try:
            actions.supervise(
                number=case.number,
                words="超时多日,群众多次来电。今日内到场处理,并说明原因。",
                actor=actor,
                at=at,
            )
        except ActionRefused:
            continue


def _say_again(*, at: datetime) -> None:
    """Some of what was settled in the last weeks comes again, from the same telephone and place."""
    settled = (
        Report.objects.filter(
            links__incident__status=Status.CLOSED,
            links__incident__lat__isnull=False,
            links__incident__category__isnull=False,
            links__incident__closed_at__gt=at - 20 * _DAY,
            contact__phone_index__gt="",
            contact__erased_at__isnull=True,
            nature__in=["complaint", "help"],
        )
        .select_related("text", "contact")
        .order_by("-pk")[:4]
    )
    for report in settled:
        case = Incident.objects.get(links__report=report, links__unlinked_at__isnull=True)
        contact = report.contact
        assert contact is not None
        receive_one(
            ReportDraft(
                source=Source.HOTLINE,
                external_id=f"demo-again-{report.pk}",
                text=_AGAIN + report.text.body,
                category=case.category_id,
                nature=report.nature,
                place=locate(lon=case.lon, lat=case.lat),
                address=report.address,
                reporter=Reporter(name=contact.name, phone=contact.phone),
                joins="",
            ),
            at=at - _HOUR,
        )
