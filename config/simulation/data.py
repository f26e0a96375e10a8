"""Data sets in the demo: built, asked for, granted, refused and taken, so that their owner has an inbox."""

from datetime import datetime, timedelta
from typing import Final

from accounts.models import ApiClient, Membership, Scope, User
from dashboards.datasets import acting, building, catalogue, usage
from dashboards.models import DataRequest
from incidents.actor import Actor
from incidents.numbers import district_day

# Whose the demo's token for data sets is.
SYSTEM: Final = "区大数据平台（演示）"
_LAMPS: Final = "统计各社区路灯类事件的修复时长，安排下半年线路改造，由照明公司运维部使用，成果报区城管局。"
_STREET: Final = "分析布吉街道各社区的处置时长差异，供街道月度会商使用，不向社会公开。"
_HEAD: Final = "看看有没有预警。"
_FEED: Final = "接入区大数据平台驾驶舱，每日更新各街道指标，由政数局数据科维护。"
_GRANTED: Final = "同意，仅限改造方案使用，到期请删除副本。"
_REFUSED: Final = "用途不具体，请写明要解决的问题和使用人后重新申请。"


def data_token(known: str | None) -> str:
    """The demo's token for data sets: the one that was handed out before, where it still opens the door."""
    if known and (client := ApiClient.objects.for_token(known)) and client.name == SYSTEM:
        return known
    _client, token = ApiClient.objects.issue(name=SYSTEM, source="data", scopes=[Scope.DATA])
    return token


def build_data(*, at: datetime) -> None:
    """Snapshots as of now; those that are there are served until then."""
    served = catalogue.served(district_day(at))
    building.build([one for versions in served.values() for one in versions], at=at)


def use_data(*, at: datetime) -> None:
    """What people did with them in the last days; what is there already is left alone."""
    if DataRequest.objects.exists():
        return
    people = {user.username: user for user in User.objects.filter(username__in=_PEOPLE)}
    system = ApiClient.objects.filter(name=SYSTEM).first()
    if len(people) < len(_PEOPLE) or system is None:
        return
    actors = {name: Actor.person(user, _unit(user)) for name, user in people.items()}
    owner = actors["supervisor"]
    days = [at - timedelta(days=back, hours=3) for back in range(6)]
    lamps = _ask(actors["handler"], "events", _LAMPS, 90, days[5])
    acting.grant(request=lamps, days=60, words=_GRANTED, actor=owner, at=days[4])
    feed = _ask(actors["dispatcher"], "indicators-daily", _FEED, 365, days[4], client=system.pk)
    acting.grant(request=feed, days=180, actor=owner, at=days[3])
    vague = _ask(actors["lamps-head"], "warnings", _HEAD + "希望了解片区情况。", 30, days[3])
    acting.refuse(request=vague, words=_REFUSED, actor=owner, at=days[2])
    _ask(actors["street-leader"], "durations", _STREET, 120, days[0])
    # Taken now: what was not there yesterday was not taken then.
    for who, code, format in (
        (people["handler"], "events", "csv"),
        (people["leader"], "indicators-monthly", "csv"),
        (people["leader"], "areas", "parquet"),
        (people["street-leader"], "responsibility-items", "csv"),
        (system, "indicators-daily", "parquet"),
        (system, "categories", "csv"),
    ):
        _take(who, code, format, at)


_PEOPLE: Final = ("supervisor", "dispatcher", "handler", "leader", "lamps-head", "street-leader")


def _unit(user: User) -> str:
    return Membership.objects.filter(user=user).order_by("pk").values_list("unit", flat=True)[0]


def _ask(actor: Actor, dataset: str, purpose: str, days: int, at: datetime, client: int | None = None) -> int:
    made = acting.ask(dataset=dataset, purpose=purpose, days=days, client=client, actor=actor, at=at)
    return made.pk


def _take(who: User | ApiClient, code: str, format: str, at: datetime) -> None:
    """As the page and the API count it."""
    dataset = catalogue.find(code, district_day(at))
    snapshot = building.newest(dataset) if dataset else None
    file = snapshot.files.get(format=format) if snapshot else None
    if snapshot is not None and file is not None:
        usage.count_file(snapshot, format, who, rows=snapshot.rows, size=file.size, at=at)
