"""Mediations in the demo: neighbours meet, agree or not, stand by it, and are asked after it.

A dispute that a unit resolves has its file from beginning to end; some that are in hand stand half way.
"""

import random
from datetime import date, datetime, time, timedelta
from typing import Final

from accounts.models import OrgUnit, User
from config.simulation.people import LOGINS, Staff
from dispatch.vocabulary import Nature, Source
from grids.locate import locate
from grids.models import Area
from incidents import actions, mediating
from incidents.actor import Actor
from incidents.intake import Receipt, ReportDraft, Reporter, receive_one
from incidents.mediation import files
from incidents.mediation.writing import Party
from incidents.models import Incident, MediationFile
from incidents.models.incident import ResolutionOutcome, Status
from incidents.numbers import DISTRICT_ZONE, district_day

_WITH_FILE: Final = 0.75  # of the disputes that are mediated; the others by word alone, as other systems tell
_ONE_SIDE: Final = ("李秀兰", "王志强", "陈桂英", "张国建", "刘明霞")
_OTHER_SIDE: Final = ("赵海涛", "吴敏", "郑丽娟", "孙伟", "何超")
_PLACES: Final = ("社区调解室", "社区党群服务中心二楼", "物业会议室")
_SAID: Final = (
    "双方各自说明了经过,情绪一度激动。调解员分别谈话后,双方同意先核实情况,再谈如何处理。",
    "申请人要求赔偿并书面道歉;被申请人承认有过错,对金额有不同意见。",
    "到现场一起看过,责任已经说清,双方就费用分担反复商量。",
)
_TERMS: Final = (
    "一、被申请人在约定期限前修复,费用由被申请人承担;\n二、申请人不再就此事主张其他费用;\n"
    "三、今后有事先打招呼,好好商量。",
    "一、被申请人一次性补偿申请人八百元;\n二、双方互不追究,今后和睦相处。",
)
_WHY_NOT: Final = "双方对责任和金额分歧过大,两次约谈没有达成一致。"
# How far a dispute in hand has come, one after the other.
_STAGES: Final = ("taken", "settled", "met", "failed", "agreed", "settled")
_MOST_IN_HAND: Final = 12
_NEIGHBOURS: Final = "1401"
# What lies open before the mediator who signs in: one to be accepted, one to be taken on, one half way.
_OWN: Final = "demo-mediator-"
_OWN_DISPUTES: Final = (
    ("1401-001", "楼上每晚十一点还拖桌椅、跑跳，敲过两次门，反而吵了起来，请社区出面调解", "dispatched"),
    ("1401-002", "楼上卫生间漏水泡坏了我家天花板，对方不肯赔，双方吵了几次，请社区调解", "accepted"),
    ("1401-003", "邻居把鞋柜和自行车长期堆在楼道里，说了不听，两家见面就吵，请社区调解", "met"),
)


def disputes(day: date) -> list[tuple[datetime, str]]:
    """Neighbours at odds on this day, twice: few reports are disputes, and each is mediated for weeks."""
    return [
        (datetime.combine(day, time(hour, minute), DISTRICT_ZONE), _NEIGHBOURS)
        for hour, minute in ((9, 50), (15, 20))
    ]


def outcome_of(incident: Incident, outcome: str) -> str:
    """What comes of a dispute that has a file: what the file says, or what it can still come to."""
    if not mediating.is_dispute(incident) or outcome == ResolutionOutcome.PARKED:
        return outcome
    file = files.last_begun(incident)
    if file is None:
        return outcome
    settled = file.state == MediationFile.State.SETTLED
    if settled or (file.is_open and outcome == ResolutionOutcome.SOLVED):
        return ResolutionOutcome.SOLVED
    return ResolutionOutcome.LEGAL_ROUTE


def bring_to_an_end(
    incident: Incident, kind: str, *, settled: bool, actor: Actor, since: datetime, at: datetime
) -> None:
    """The file of this dispute from where it stands to its end, between `since` and `at`."""
    dice = random.Random(f"mediated {incident.number}")
    file = files.last_begun(incident)
    if file is None:
        if dice.random() >= _WITH_FILE:
            return
        file = _opened(incident, kind, dice, actor=actor, at=since)
    if not file.is_open:
        return
    part = (at - since) / 4
    if settled:
        _meet(file, "agreed", dice, actor=actor, at=since + part)
        if files.agreement_of(file) is None:
            _agree(file, dice, actor=actor, at=since + 2 * part)
        for party in files.unconfirmed(MediationFile.objects.get(pk=file.pk)):
            actions.confirm_agreement(
                file=file.pk, party=party.pk, how="signed", actor=actor, at=since + 3 * part
            )
        actions.end_mediation(file=file.pk, outcome="settled", actor=actor, at=at)
    else:
        _meet(file, "broken_off", dice, actor=actor, at=since + part)
        actions.end_mediation(
            file=file.pk, outcome="failed", text=_WHY_NOT, next_step="court", actor=actor, at=at
        )


def take_on(*, at: datetime) -> int:
    """Disputes that are in hand are being mediated, each a step further than the one before. Answers on how
    many were taken on."""
    staff = Staff()
    waiting = (
        Incident.objects.filter(
            category__code__startswith=mediating.DISPUTES,
            status=Status.HANDLING,
            mediation_files__isnull=True,
        )
        .exclude(links__report__external_id__startswith=_OWN)
        .order_by("-received_at", "-pk")[:_MOST_IN_HAND]
    )
    for place, incident in enumerate(waiting):
        lead = incident.assignments.filter(role="lead", ended_at__isnull=True).first()
        if lead is None:
            continue
        since = max(lead.accepted_at or lead.sent_at, at - timedelta(days=2))
        _begin(incident, _STAGES[place % len(_STAGES)], actor=staff.handler(lead.unit_id), since=since, at=at)
    return len(waiting)


def lay_before_the_mediator(*, at: datetime) -> None:
    """Disputes in the community of whoever signs in as a mediator, each a step further than the one before;
    again, they stay as they are."""
    username, unit = next((login, unit) for login, _role, unit, _name in LOGINS if login == "mediator")
    actor = Actor.person(User.objects.get(username=username), unit)
    community = OrgUnit.objects.get(code=unit).area_code
    home = Area.objects.cells().filter(parent=community).order_by("code")[: len(_OWN_DISPUTES)]
    for cell, (item, words, stage) in zip(home, _OWN_DISPUTES, strict=True):
        since = at - timedelta(hours=3)
        receipt = receive_one(
            ReportDraft(
                source=Source.HOTLINE,
                external_id=f"{_OWN}{item}",
                text=words,
                nature=Nature.COMPLAINT,
                category=item[:4],
                place=locate(lon=cell.lon, lat=cell.lat),
                place_type="residential_estate",
                reporter=Reporter(name=_ONE_SIDE[0], phone="19900001401"),
                joins="",
            ),
            at=since,
        )
        if not isinstance(receipt, Receipt) or not receipt.created:
            continue
        incident = receipt.incident
        if incident.owner_unit_id != unit or incident.status == Status.TRIAGE:
            actions.dispatch(
                number=incident.number,
                item_code=item,
                unit_code=unit,
                reason="社区邻里纠纷，由社区调解。",
                actor=Staff().desk(at_night=False),
                at=since + timedelta(minutes=10),
            )
        if stage != "dispatched":
            actions.accept(number=incident.number, actor=actor, at=since + timedelta(minutes=30))
        if stage == "met":
            _begin(
                Incident.objects.get(pk=incident.pk),
                stage,
                actor=actor,
                since=since + timedelta(hours=1),
                at=at,
            )


def ask_after(*, at: datetime) -> int:
    """Of what was settled every second agreement is asked after once its day has come; the others wait."""
    staff, asked = Staff(), 0
    due = files.to_follow_up(MediationFile.objects.order_by("pk"), on=district_day(at))
    for file in list(due.select_related("incident"))[::2]:
        result = ("kept", "kept", "partly")[asked % 3]
        text = "" if result == "kept" else "第一笔已付,余款约定月底结清。"
        actions.follow_up_mediation(
            file=file.pk,
            how="call",
            result=result,
            text=text,
            actor=staff.handler(file.incident.owner_unit_id or file.unit_id),
            at=at,
        )
        asked += 1
    return asked


def _begin(incident: Incident, stage: str, *, actor: Actor, since: datetime, at: datetime) -> None:
    dice = random.Random(f"mediated {incident.number}")
    part = (at - since) / 5
    file = _opened(incident, "peoples", dice, actor=actor, at=since + part)
    if stage == "taken":
        return
    came_to = {"failed": "broken_off", "met": "again"}.get(stage, "agreed")
    _meet(file, came_to, dice, actor=actor, at=since + 2 * part)
    if stage in ("agreed", "settled"):
        _agree(file, dice, actor=actor, at=since + 3 * part)
        parties = files.staying(file)
        for party in parties if stage == "settled" else parties[:1]:
            actions.confirm_agreement(
                file=file.pk, party=party.pk, how="said", actor=actor, at=since + 4 * part
            )
        if stage == "settled":
            actions.end_mediation(file=file.pk, outcome="settled", actor=actor, at=since + 4 * part)
    elif stage == "failed":
        actions.end_mediation(
            file=file.pk,
            outcome="failed",
            text=_WHY_NOT,
            next_step="administrative",
            actor=actor,
            at=since + 3 * part,
        )


def _opened(
    incident: Incident, kind: str, dice: random.Random, *, actor: Actor, at: datetime
) -> MediationFile:
    return actions.open_mediation(
        number=incident.number,
        kind=kind,
        parties=[
            Party("applicant", dice.choice(_ONE_SIDE), f"1350000{dice.randrange(10_000):04d}"),
            Party("respondent", dice.choice(_OTHER_SIDE), f"1360000{dice.randrange(10_000):04d}"),
        ],
        actor=actor,
        at=at,
    )


def _meet(file: MediationFile, result: str, dice: random.Random, *, actor: Actor, at: datetime) -> None:
    actions.hold_session(
        file=file.pk,
        held_at=at,
        place=dice.choice(_PLACES),
        present=[one.pk for one in files.staying(file)],
        others=dice.choice((0, 0, 1, 2)),
        text=dice.choice(_SAID),
        result=result,
        actor=actor,
        at=at,
    )


def _agree(file: MediationFile, dice: random.Random, *, actor: Actor, at: datetime) -> None:
    actions.write_agreement(
        file=file.pk,
        terms=dice.choice(_TERMS),
        perform_by=district_day(at) + timedelta(days=dice.choice((0, 1, 20))),
        actor=actor,
        at=at,
    )
