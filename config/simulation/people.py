"""The demo's sign-ins and tokens, and a member of staff for every unit that has to act."""

import json
import os
import random
import secrets
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.translation import override

from accounts.models import ApiClient, Membership, OrgUnit, User
from accounts.roles import Role
from config.simulation.data import data_token
from config.simulation.openness import open311_key
from dispatch.vocabulary import Source
from incidents.actor import Actor

# One sign-in for each role, and more for those whose view depends on the unit: the heads of the lamp
# company and of a street are told what goes wrong there, and keep the rosters.
LOGINS: tuple[tuple[str, Role, str, str], ...] = (
    ("operator", Role.OPERATOR, "operations-centre", "梁静"),
    ("dispatcher", Role.DISPATCHER, "operations-centre", "林涛"),
    ("handler", Role.HANDLER, "lighting-company", "黄志强"),
    ("street", Role.HANDLER, "buji/enforcement", "陈立"),
    ("checker", Role.HANDLER, "longcheng/grid-station", "何敏"),
    ("patrol", Role.PATROL, "longcheng/grid-station", "曾凡"),
    ("mediator", Role.HANDLER, "longcheng/c001", "田和"),
    ("supervisor", Role.SUPERVISOR, "operations-centre", "周正"),
    ("leader", Role.LEADER, "district", "区领导"),
    ("street-leader", Role.LEADER, "buji", "布吉街道书记"),
    ("lamps-head", Role.LEADER, "lighting-company", "罗明"),
    # Two keep the whole list, since nobody adopts what they proposed; one keeps the lamp company's items.
    ("steward", Role.STEWARD, "operations-centre", "郑文"),
    ("steward-chief", Role.STEWARD, "operations-centre", "沈岚"),
    ("lamps-steward", Role.STEWARD, "lighting-company", "邓洁"),
    ("admin", Role.ADMIN, "government-services", "系统管理员"),
    ("security", Role.SECURITY, "government-services", "安全管理员"),
    ("auditor", Role.AUDITOR, "government-services", "审计管理员"),
)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = "伟芳娜敏静丽强磊洋艳勇军杰娟涛超明霞秀兰刚平辉玲桂英志华国建"


@dataclass(frozen=True, slots=True)
class Login:
    """A demo sign-in, as var/demo.json has it."""

    role: str
    username: str
    password: str
    name: str
    unit: str


def prepare_people(path: Path) -> None:
    """Make the demo's sign-ins and tokens, and write them to `path`; again, they stay as they were."""
    known = json.loads(path.read_text()) if path.exists() else {}
    passwords = {login["username"]: login["password"] for login in known.get("logins", [])}
    password = next(iter(passwords.values()), f"yiwang-{secrets.token_hex(3)}")
    hashed = lru_cache(maxsize=1)(lambda: make_password(password))  # slow on purpose, so once for all
    logins = []
    for username, role, unit, name in LOGINS:
        user, created = User.objects.get_or_create(username=username, defaults={"display_name": name})
        if created or username not in passwords:
            user.password = hashed()
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(user=user, unit_id=unit, role=role)
        logins.append(Login(role.value, username, password, name, unit))
    handed_out = known.get("tokens", {})
    tokens = {source: _token(source, handed_out.get(source)) for source in Source.values}
    tokens["data"] = data_token(handed_out.get("data"))
    tokens["open311"] = open311_key(handed_out.get("open311"))
    document = {
        "address": settings.PUBLIC_URL,
        "logins": [asdict(login) for login in logins],
        "tokens": tokens,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(document, handle, ensure_ascii=False, indent=2)
    temporary.replace(path)


def _name_of(source: str) -> str:
    """What a source is called on a timeline."""
    with override("zh-hans"):
        return str(Source(source).label)


def _token(source: str, known: str | None) -> str:
    """The source's token: the one that was handed out before, where it still opens the door."""
    if known and (client := ApiClient.objects.for_token(known)) and client.source == source:
        return known
    _client, token = ApiClient.objects.issue(name=f"{_name_of(source)}（演示）", source=source)
    return token


class Staff:
    """Finds or makes somebody who may act for a unit. Names come from the codes, so they stay the same."""

    def __init__(self) -> None:
        self._member = lru_cache(maxsize=None)(self._find)

    def handler(self, unit_code: str) -> Actor:
        """A handler of this unit."""
        return self._member(unit_code, Role.HANDLER)

    def desk(self, at_night: bool) -> Actor:
        """Whoever sits at the district's desk on this shift."""
        return self._member("operations-centre", Role.DISPATCHER, "night" if at_night else "day")

    def street_centre(self, office: str) -> Actor:
        """Whoever watches over a street from its operations sub-centre."""
        return self._member(f"{office}/operations", Role.SUPERVISOR, "centre")

    def supervisor(self) -> Actor:
        """A supervisor of the whole district."""
        return self._member("operations-centre", Role.SUPERVISOR, "supervision")

    def _find(self, unit_code: str, role: Role, shift: str = "") -> Actor:
        username = f"staff-{unit_code}{'-' + shift if shift else ''}".replace("/", "-")[:150]
        dice = random.Random(username)
        name = dice.choice(_SURNAMES) + "".join(dice.sample(_GIVEN, dice.choice((1, 2, 2))))
        user, created = User.objects.get_or_create(
            username=username,
            # nobody signs in as them
            defaults={"display_name": name, "password": make_password(None)},
        )
        if created:
            Membership.objects.create(user=user, unit=OrgUnit.objects.get(code=unit_code), role=role)
        return Actor.person(user, unit_code)
