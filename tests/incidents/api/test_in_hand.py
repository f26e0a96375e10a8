"""Handing on, writing to reporters and mediations, as another system's people do them."""

from collections.abc import Callable
from datetime import timedelta

from accounts.roles import Role
from incidents import actions
from incidents.models import Incident, Mediation
from incidents.models.incident import Status
from incidents.timeline import Kind
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.api.conftest import Caller, problems

Staff = Callable[[Person], Caller]


def test_a_case_is_handed_on_and_its_reporter_written_to(
    staff: Staff, handler: Person, accepted_case: Incident, hotline_api: Caller
) -> None:
    person("colleague", Role.HANDLER, LAMP_UNIT, "吴亮")
    caller, path = staff(handler), f"incidents/{accepted_case.number}/"
    assert {"assign", "message"} <= set(caller.get(path).json()["actions"])
    assert caller.post(path + "assign/", {"to": "colleague"}).status_code == 200
    assert reload(accepted_case).handler.username == "colleague"  # type: ignore[union-attr]
    assert problems(caller.post(path + "assign/", {"to": "nobody"}), 400) == [("to", "unknown")]
    assert caller.post(path + "message/", {"text": "后天修好"}).status_code == 200
    assert accepted_case.timeline.filter(kind=Kind.MESSAGED).count() == 1
    # The source reads what its reporter reads, and not who works on it.
    lines = {line["kind"]: line["note"] for line in hotline_api.get(path + "timeline/").json()}
    assert lines["messaged"] == "后天修好"
    assert "assigned" not in lines


def test_a_dispute_is_resolved_with_its_mediation(staff: Staff, dispatcher: Person, db: None) -> None:
    case = file_report(
        category="1401", text="楼上漏水泡坏了我家天花板,双方吵了几次", place_type="residential_estate"
    )
    if case.status == Status.TRIAGE:
        actions.dispatch(number=case.number, item_code="1401-001", actor=dispatcher.actor, at=TUESDAY)
    case = reload(case)
    mediator = person("mediator", Role.HANDLER, case.owner_unit_id)
    actions.accept(number=case.number, actor=mediator.actor, at=TUESDAY + timedelta(minutes=5))
    caller, path = staff(mediator), f"incidents/{case.number}/resolve/"
    told = {"outcome": "solved", "text": "已调解", "attested": True}
    assert problems(caller.post(path, told), 400) == [("mediation", "required")]
    unknown = {**told, "mediation": {"kind": "magic", "settled": True}}
    assert problems(caller.post(path, unknown), 400) == [("mediation.kind", "unknown")]
    settled = {**told, "mediation": {"kind": "peoples", "settled": True}}
    assert caller.post(path, settled).status_code == 200
    assert Mediation.objects.get(incident=case).settled
