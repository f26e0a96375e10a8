"""Two neighbours and a leak: a dispute in hand, and who mediates it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.roles import Role
from incidents import actions
from incidents.mediating import Mediated
from incidents.mediation.writing import Party
from incidents.models import Incident, MediationFile
from incidents.models.incident import Status
from tests.cast import TUESDAY, Person, file_report, person, reload

AN_HOUR = timedelta(hours=1)
APPLICANT = Party("applicant", "赵大海", "13511112222", "翠园小区3栋1204房")
RESPONDENT = Party("respondent", "钱小芳", "13633334444")
SAID = "赵大海说钱小芳家漏水泡了天花板,电话13511112222"
TERMS = "钱小芳在八月一日前修好水管,赔偿赵大海八百元"


@dataclass
class Hands:
    """One who does one thing after the other on a file."""

    who: Person
    at: datetime = field(default=TUESDAY + timedelta(hours=1))

    def open(self, case: Incident, *parties: Party, kind: str = "peoples", **told: Any) -> MediationFile:
        return actions.open_mediation(
            number=case.number,
            kind=kind,
            parties=parties or (APPLICANT, RESPONDENT),
            actor=self.who.actor,
            at=self.at,
            **told,
        )

    def meet(self, file: MediationFile, result: str = "agreed", **told: Any) -> Any:
        given = {
            "held_at": self.at,
            "present": [one.pk for one in file.parties.all()],
            "text": SAID,
            "result": result,
            **told,
        }
        return actions.hold_session(file=file.pk, actor=self.who.actor, at=self.at, **given)

    def agree(self, file: MediationFile, terms: str = TERMS, **told: Any) -> Any:
        return actions.write_agreement(file=file.pk, terms=terms, actor=self.who.actor, at=self.at, **told)

    def confirm(self, file: MediationFile, *parties: Any, how: str = "signed") -> None:
        for one in parties or file.parties.filter(left_at__isnull=True):
            actions.confirm_agreement(file=file.pk, party=one.pk, how=how, actor=self.who.actor, at=self.at)

    def leave(self, file: MediationFile, party: Any, text: str = "") -> None:
        actions.party_leaves(file=file.pk, party=party.pk, text=text, actor=self.who.actor, at=self.at)

    def end(self, file: MediationFile, outcome: str = "settled", **told: Any) -> MediationFile:
        return actions.end_mediation(file=file.pk, outcome=outcome, actor=self.who.actor, at=self.at, **told)

    def settle(self, case: Incident) -> MediationFile:
        """From taking it on to the end."""
        file = self.open(case)
        self.meet(file)
        self.agree(file)
        self.confirm(file)
        return self.end(file)


def new_dispute(**given: Any) -> Incident:
    """Neighbours at odds, sent to whoever the list names."""
    told = {"category": "1401", "text": "楼上漏水泡坏了我家天花板,双方吵了几次", **given}
    case = file_report(place_type="residential_estate", **told)
    if case.status == Status.TRIAGE:
        dispatcher = person(f"sends-{case.number}", Role.DISPATCHER, "operations-centre")
        actions.dispatch(number=case.number, item_code="1401-001", actor=dispatcher.actor, at=TUESDAY)
    return reload(case)


def accepted(case: Incident, who: Person) -> Incident:
    return actions.accept(number=case.number, actor=who.actor, at=TUESDAY + timedelta(minutes=5))


def looks(case: Incident) -> int:
    """How often somebody has looked at names and words."""
    return case.timeline.filter(kind="mediation_read").count()


def resolve(case: Incident, who: Person, told: Mediated | None, outcome: str = "solved") -> Incident:
    return actions.resolve(
        number=case.number,
        outcome=outcome,
        text="已调解",
        attested=True,
        mediation=told,
        actor=who.actor,
        at=TUESDAY + 2 * AN_HOUR,
    )


@pytest.fixture
def on_tuesday(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    """At noon; scans go to a folder of their own."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("config.clock.now", lambda: TUESDAY + 2 * AN_HOUR)


@pytest.fixture
def sent(db: None) -> Incident:
    return new_dispute()


@pytest.fixture
def mediator(sent: Incident) -> Person:
    return person("mediator", Role.HANDLER, sent.owner_unit_id, "孙调解")


@pytest.fixture
def dispute(sent: Incident, mediator: Person) -> Incident:
    """In hand."""
    return accepted(sent, mediator)


@pytest.fixture
def hands(mediator: Person) -> Hands:
    return Hands(mediator)


@pytest.fixture
def file(dispute: Incident, hands: Hands) -> MediationFile:
    """Settled."""
    return hands.settle(dispute)
