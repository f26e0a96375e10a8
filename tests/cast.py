"""The named cast: a few people, a source with its token, and cases made through production actions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import ApiClient, Membership, OrgUnit, User
from accounts.roles import Role
from grids.locate import Place, locate
from incidents import actions
from incidents.actor import Actor
from incidents.intake import Receipt, ReportDraft, Reporter, receive_one
from incidents.models import Incident
from incidents.models.incident import ResolutionOutcome

# A plain working Tuesday, 10:00 in the district.
TUESDAY = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"

# A single street lamp out on a main road: 0204-001, led by the street-lighting contractor.
LAMP_TEXT = "南联社区植物园路公交站往北第三根路灯坏了,晚上不亮,看不清路"
LAMP_CATEGORY = "0204"
LAMP_UNIT = "lighting-company"
# In 南联社区, 龙岗街道 (of the schematic map).
LAMP_POINT = (114.26054, 22.76488)

_serial = count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with a sign-in and one role."""

    user: User
    unit: str

    @property
    def actor(self) -> Actor:
        return Actor.person(self.user, self.unit)


@cache
def _hashed() -> str:
    """Once is enough for everybody of the cast."""
    return make_password(PASSWORD)


def person(username: str, role: Role, unit: str, name: str = "") -> Person:
    """Make somebody."""
    user = User.objects.create(username=username, password=_hashed(), display_name=name or username)
    Membership.objects.create(user=user, unit=OrgUnit.objects.get(code=unit), role=role)
    return Person(user, unit)


@pytest.fixture
def operator(db: None) -> Person:
    """Sits at the district's triage desk."""
    return person("operator", Role.OPERATOR, "operations-centre", "梁静")


@pytest.fixture
def dispatcher(db: None) -> Person:
    """Decides at the district's triage desk, returns too."""
    return person("dispatcher", Role.DISPATCHER, "operations-centre", "林涛")


@pytest.fixture
def handler(db: None) -> Person:
    """Works for the unit that street lamps are sent to."""
    return person("handler", Role.HANDLER, LAMP_UNIT, "黄志强")


@pytest.fixture
def other_handler(db: None) -> Person:
    """Works for a unit that has nothing to do with lamps."""
    return person("other-handler", Role.HANDLER, "water-group", "陈水")


@pytest.fixture
def supervisor(db: None) -> Person:
    """Supervises the whole district."""
    return person("supervisor", Role.SUPERVISOR, "operations-centre", "周正")


@pytest.fixture
def street_supervisor(db: None) -> Person:
    """Supervises one street from its operations sub-centre."""
    return person("street-supervisor", Role.SUPERVISOR, "pinghu/operations", "平湖督办")


@pytest.fixture
def leader(db: None) -> Person:
    """Reads the district's boards."""
    return person("leader", Role.LEADER, "district", "区领导")


@pytest.fixture
def admin(db: None) -> Person:
    """Keeps the installation and sees no case."""
    return person("admin", Role.ADMIN, "government-services", "管理员")


@pytest.fixture
def security(db: None) -> Person:
    """Keeps people: roles and sign-ins. Where there is one, no system administrator does."""
    return person("security", Role.SECURITY, "government-services", "安全管理员")


@pytest.fixture
def auditor(db: None) -> Person:
    """Reads what the others did, and changes nothing."""
    return person("auditor", Role.AUDITOR, "government-services", "审计管理员")


@pytest.fixture
def hotline(db: None) -> tuple[ApiClient, str]:
    """The 12345 hotline's client and its token."""
    return ApiClient.objects.issue(name="12345", source="hotline")


def draft(**given: Any) -> ReportDraft:
    """A report of a dead street lamp, or what `given` says instead."""
    lon, lat = LAMP_POINT
    facts: dict[str, Any] = {
        "source": "hotline",
        "external_id": f"T{next(_serial):06d}",
        "text": LAMP_TEXT,
        "category": LAMP_CATEGORY,
        "place_type": "main_road",
        "nature": "complaint",
        "place": locate(lon=lon, lat=lat),
        "address": "植物园路公交站往北约 60 米",
        "reporter": Reporter(name="王小明", phone="13812342207"),
    }
    return ReportDraft(**{**facts, **given})


NOWHERE = Place()

FileReport = Callable[..., Incident]


def file_report(*, at: datetime = TUESDAY, **given: Any) -> Incident:
    """A report taken in by production code; answers its case."""
    receipt = receive_one(draft(**given), at=at)
    assert isinstance(receipt, Receipt), receipt
    return receipt.incident


def reload(incident: Incident) -> Incident:
    """The case as the database has it now."""
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def lamp_case(db: None) -> Incident:
    """Dispatched by itself to the lighting company on a Tuesday at ten."""
    return file_report()


@pytest.fixture
def desk_case(db: None) -> Incident:
    """Waits on the triage desk: nobody said where."""
    return file_report(place=NOWHERE, address="", category=None, text="这里有人在吵架,也不知道归谁管")


@pytest.fixture
def enquiry_case(db: None) -> Incident:
    """A question on the triage desk, to be answered on the spot."""
    return file_report(
        place=NOWHERE, address="", category=None, nature="enquiry", text="请问办居住证要带什么材料?"
    )


@pytest.fixture
def accepted_case(lamp_case: Incident, handler: Person) -> Incident:
    """In the lighting company's hands since a quarter past ten."""
    return actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=15))


@pytest.fixture
def resolved_case(accepted_case: Incident, handler: Person) -> Incident:
    """Reported solved at noon, waiting for its check."""
    return actions.resolve(
        number=accepted_case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="灯头烧坏,已换新",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=2),
    )


@pytest.fixture
def steward(db: None) -> Person:
    """Keeps the district's whole responsibility list."""
    return person("steward", Role.STEWARD, "operations-centre", "郑文")


@pytest.fixture
def chief_steward(db: None) -> Person:
    """Keeps the whole list too: adopts what the other one proposed."""
    return person("chief-steward", Role.STEWARD, "operations-centre", "沈岚")


@pytest.fixture
def lamps_steward(db: None) -> Person:
    """Keeps the items that the lighting company leads."""
    return person("lamps-steward", Role.STEWARD, LAMP_UNIT, "邓洁")
