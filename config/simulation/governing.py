"""What people made of the demo's warnings: one claimed and judged useful, one not, one made a project."""

from datetime import datetime, timedelta

from accounts.models import User
from dashboards.models import Warning
from dashboards.warning import acting, projects, telling
from incidents.actor import Actor
from incidents.numbers import district_day

_NAME = "人行道反复破损整治"
_PROBLEM = "同一处人行道地砖反复松动,多次维修后又坏,居民多次反映,需查明路基原因一次修好。"
_USEFUL = "确属新问题,已约谈运营企业,划定停放点。"
_USELESS = "集中拍照上报,实为同一天的例行巡查,没有新问题。"
_MEASURES = (("resource", "区市政道路养护队一班,透水砖二百平方米", 0), ("measure", "开挖检查路基并回填", 10),
             ("measure", "整段更换透水砖", 30))  # fmt: skip


def act_on_warnings(*, at: datetime) -> None:
    """As the supervisor who signs in would; what somebody has touched already is left alone."""
    user = User.objects.filter(username="supervisor").first()
    if user is None:
        return
    telling.tell_new(at=at)
    actor = Actor.person(user, "operations-centre")
    repeat = _fresh("repeat", category_code="0203")
    if repeat is not None:
        _begin(repeat, actor, at)
    theme = _fresh("theme")
    if theme is not None:
        acting.claim(warning=theme.pk, actor=actor, at=at)
        acting.judge(warning=theme.pk, useful=True, words=_USEFUL, actor=actor, at=at)
    # The burst of water waits for whoever signs in.
    others = Warning.objects.filter(status="open", useful=None).exclude(category_code="0501")
    other = others.first()
    if other is not None and not Warning.objects.filter(status="dismissed").exists():
        acting.dismiss(warning=other.pk, words=_USELESS, actor=actor, at=at)


def _fresh(kind: str, **which: str) -> Warning | None:
    if Warning.objects.filter(kind=kind).exclude(status="open").exists():
        return None
    return Warning.objects.filter(kind=kind, status="open", useful=None, **which).first()


def _begin(warning: Warning, actor: Actor, at: datetime) -> None:
    today = district_day(at)
    # It is made today of what came in these days, and begins with the next week.
    start = today + timedelta(days=7 - today.weekday())
    made = projects.begin(
        warning=warning.pk,
        name=_NAME,
        problem=_PROBLEM,
        unit=warning.unit_code,
        categories=["0203"],
        start=start,
        end=start + timedelta(days=60),
        actor=actor,
        at=at,
    )
    for kind, words, days in _MEASURES:
        projects.add_item(
            project=made.pk,
            kind=kind,
            words=words,
            unit=warning.unit_code,
            due=today + timedelta(days=days) if kind == "measure" else None,
            actor=actor,
            at=at,
        )
