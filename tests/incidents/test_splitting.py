"""Splitting a case, and setting right what is known of it: what the centre does before it decides."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.roles import Role
from incidents import actions, policy, sweeps
from incidents.choosing import machine_record
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import EmergencyAlarm, Incident, OutboxMessage, Outcome
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=15)
LATER = SOON + timedelta(minutes=1)
LAMP_ITEM = "0204-001"


def standing(case: Incident, kind: str) -> int:
    return sum(Outcome.objects.filter(incident=case, kind=kind).values_list("sign", flat=True))


@pytest.fixture
def two_matters(db: None) -> Incident:
    return file_report(
        text="这里有人在吵架,不知道归谁管。另外路边还有一堆生活垃圾没人清",
        nature="enquiry",
        category=None,
        place=NOWHERE,
    )


@pytest.fixture
def joined(db: None) -> Incident:
    """Two reports in one case; the second is about something else."""
    root = file_report()
    file_report(external_id="other-matter", joins=root.number, text="公交站旁边的井盖松了")
    return reload(root)


def test_another_matter_of_one_report_is_a_part_and_counts_with_its_root(
    two_matters: Incident, operator: Person
) -> None:
    part = actions.split(
        number=two_matters.number, text="路边还有一堆生活垃圾没人清", actor=operator.actor, at=SOON
    )
    assert (part.status, part.split_from, part.claimed_by) == ("triage", two_matters, operator.user)
    assert part.text.body == "路边还有一堆生活垃圾没人清"
    assert "split" in part.triage_codes
    assert part.received_at == two_matters.received_at
    assert part.due_at is not None
    assert part.due_at > SOON
    assert (standing(two_matters, "received"), standing(part, "received")) == (1, 0)
    assert machine_record(part) is not None


def test_the_reporter_hears_of_both_matters(two_matters: Incident, operator: Person) -> None:
    part = actions.split(number=two_matters.number, text="一堆垃圾", actor=operator.actor, at=SOON)
    first, second = two_matters.links.get().report, part.links.get().report
    assert second.contact == first.contact
    assert second.tracking_code != first.tracking_code
    assert OutboxMessage.objects.filter(kind="report.received", receiver=f"report:{second.pk}").count() == 1
    again = actions.split(number=two_matters.number, text="还有噪音", actor=operator.actor, at=LATER)
    assert again.links.get().report.external_id != second.external_id


def test_a_report_that_joined_by_mistake_becomes_a_case_that_counts(
    joined: Incident, operator: Person
) -> None:
    other = joined.links.order_by("pk").last().report
    case = actions.split(number=joined.number, reports=[other.pk], actor=operator.actor, at=SOON)
    assert case.split_from is None
    assert [link.report for link in case.links.filter(unlinked_at=None)] == [other]
    assert reload(joined).report_count == 1
    assert (standing(joined, "received"), standing(case, "received")) == (1, 1)
    assert other.links.filter(unlinked_at=None).count() == 1


def test_the_report_that_the_case_was_opened_for_stays(joined: Incident, operator: Person) -> None:
    first, other = (link.report for link in joined.links.order_by("pk"))
    with pytest.raises(InvalidInput) as refused:
        actions.split(number=joined.number, reports=[first.pk], actor=operator.actor, at=SOON)
    assert refused.value.code == "first"
    case = actions.split(number=joined.number, reports=[other.pk], actor=operator.actor, at=SOON)
    assert (reload(joined).text, case.text) == (first.text, other.text)


def test_one_report_stays(joined: Incident, operator: Person) -> None:
    everything = list(joined.links.values_list("report_id", flat=True))
    for reports, code in ((everything, "all"), ([10**9], "unknown")):
        with pytest.raises(InvalidInput) as refused:
            actions.split(number=joined.number, reports=reports, actor=operator.actor, at=SOON)
        assert refused.value.code == code
    with pytest.raises(InvalidInput) as wordless:
        actions.split(number=joined.number, text=" ", actor=operator.actor, at=SOON)
    assert wordless.value.field == "text"


def test_a_root_counts_once_at_a_unit_however_often_it_is_split(
    two_matters: Incident, operator: Person
) -> None:
    parts = [
        actions.split(number=two_matters.number, text=f"第{n}盏灯也坏了", actor=operator.actor, at=SOON)
        for n in range(3)
    ]
    for case in (two_matters, *parts):
        actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
    assert [standing(case, "dispatched") for case in (two_matters, *parts)] == [1, 0, 0, 0]


def test_another_units_part_is_that_units_work(two_matters: Incident, operator: Person) -> None:
    part = actions.split(number=two_matters.number, text="一堆垃圾", actor=operator.actor, at=SOON)
    actions.dispatch(number=two_matters.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
    actions.dispatch(
        number=part.number, item_code=LAMP_ITEM, unit_code="water-group", actor=operator.actor, at=LATER
    )
    assert standing(part, "dispatched") == 1


def test_a_breach_counts_in_every_part(two_matters: Incident, operator: Person, handler: Person) -> None:
    part = actions.split(number=two_matters.number, text="另一盏灯", actor=operator.actor, at=SOON)
    for case in (two_matters, part):
        actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
    due_at = part.timers.get(kind="handling").due_at
    sweeps.catch_up(at=due_at + timedelta(minutes=1))
    assert standing(part, "due") == 1


def test_a_part_that_was_not_put_right_goes_back_to_its_unit_as_rework(
    two_matters: Incident, operator: Person, handler: Person
) -> None:
    part = actions.split(number=two_matters.number, text="另一盏灯", actor=operator.actor, at=SOON)
    later = LATER + timedelta(hours=1)
    for case in (two_matters, part):
        actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
        actions.accept(number=case.number, actor=handler.actor, at=LATER)
        actions.resolve(number=case.number, outcome="explained", text="说明", actor=handler.actor, at=later)
        actions.close(number=case.number, reason="好", actor=operator.actor, at=later)
        again = later + timedelta(hours=1)
        actions.reopen(number=case.number, reason="没修好", actor=operator.actor, at=again)
        done = reload(case)
        assert (done.status, done.owner_unit_id, done.rework_count) == ("handling", LAMP_UNIT, 1)
        assert standing(case, "reworked") == 1


def test_a_part_that_the_desk_answered_after_all_goes_back_to_the_desk(
    two_matters: Incident, operator: Person, handler: Person
) -> None:
    part = actions.split(number=two_matters.number, text="另一盏灯", actor=operator.actor, at=SOON)
    actions.dispatch(number=part.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
    actions.accept(number=part.number, actor=handler.actor, at=LATER)
    actions.resolve(number=part.number, outcome="explained", text="说明", actor=handler.actor, at=LATER)
    actions.close(number=part.number, reason="好", actor=operator.actor, at=LATER)
    for minutes in (10, 20):
        at = LATER + timedelta(minutes=minutes)
        actions.reopen(number=part.number, reason="再答", to_desk=minutes == 10, actor=operator.actor, at=at)
        assert reload(part).status == "triage"
        actions.answer(
            number=part.number, text="请到社区", actor=operator.actor, at=at + timedelta(minutes=5)
        )
    assert reload(part).rework_count == 1


@pytest.mark.parametrize(
    ("role", "unit"), [(Role.HANDLER, LAMP_UNIT), (Role.SUPERVISOR, "longcheng/operations")]
)
def test_only_the_districts_centre_splits(lamp_case: Incident, role: Role, unit: str) -> None:
    somebody = person("somebody", role, unit)
    with pytest.raises(ActionRefused) as refused:
        actions.split(number=lamp_case.number, text="另一件事", actor=somebody.actor, at=SOON)
    assert refused.value.code == "not_allowed"


@pytest.mark.parametrize("hidden", [{"nature": "tip_off"}, {"attributes": {"confidential": True}}])
def test_a_part_protects_its_reporter_as_the_root_does(operator: Person, hidden: dict[str, Any]) -> None:
    tip = file_report(**hidden, text="有人偷排污水,还欠薪", category=None, place=NOWHERE)
    part = actions.split(number=tip.number, text="还欠薪", actor=operator.actor, at=SOON)
    assert policy.protects_reporter(part)


# --- setting right ----------------------------------------------------------------------------


def test_saying_whose_the_facility_is_decides_anew_and_sends_nothing(
    desk_case: Incident, operator: Person
) -> None:
    said_first = machine_record(desk_case)
    record = actions.correct(
        number=desk_case.number, owner="power-grid", category="1801", actor=operator.actor, at=SOON
    )
    case = reload(desk_case)
    assert case.status == "triage"
    assert (case.asset_owner, case.category_id) == ("power-grid", "1801")
    assert record.detail["facts"]["owner"] == "power-grid"
    assert machine_record(case) == record != said_first
    assert case.timeline.order_by("pk").last().kind == "corrected"
    assert case.claimed_by == operator.user


def test_what_was_set_right_before_is_kept(desk_case: Incident, operator: Person) -> None:
    actions.correct(number=desk_case.number, category="1801", actor=operator.actor, at=SOON)
    record = actions.correct(number=desk_case.number, owner="power-grid", actor=operator.actor, at=LATER)
    assert record.detail["facts"]["category_given"] is True
    assert reload(desk_case).category_id == "1801"


def test_why_it_came_back_stays_said(desk_case: Incident, operator: Person) -> None:
    Incident.objects.filter(pk=desk_case.pk).update(triage_codes=["returned", "no_match"])
    actions.correct(number=desk_case.number, category="0204", actor=operator.actor, at=SOON)
    codes = reload(desk_case).triage_codes
    assert "returned" in codes
    assert "no_match" not in codes


@pytest.mark.parametrize("given", [{"owner": "nobody-knows"}, {"category": "9999"}, {}])
def test_what_nobody_knows_is_refused(desk_case: Incident, operator: Person, given: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        actions.correct(number=desk_case.number, actor=operator.actor, at=SOON, **given)
    assert reload(desk_case).version == desk_case.version


def test_a_later_reports_decision_is_not_the_cases(joined: Incident) -> None:
    record = machine_record(joined)
    assert record is not None
    assert record.report == joined.links.order_by("pk").first().report


# --- what is left ------------------------------------------------------------------------------

THREE = "楼下烧烤店油烟扰民,另外小区门口路灯坏了三盏,还有下水道井盖松动"


def three_matters() -> Incident:
    return file_report(text=THREE, category=None, nature=None, joins="")


def test_what_is_left_is_weighed_without_the_words_that_have_left(operator: Person) -> None:
    root = three_matters()
    assert "several_matters" in root.triage_codes
    actions.split(number=root.number, text="小区门口路灯坏了三盏", actor=operator.actor, at=SOON)
    actions.split(number=root.number, text="下水道井盖松动", actor=operator.actor, at=LATER)
    root = reload(root)
    assert root.category_id == "0606"
    assert "several_matters" not in root.triage_codes
    assert (root.status, root.claimed_by) == ("triage", operator.user)
    assert root.text.body == THREE  # the report keeps what it said
    # Whatever is set right later is weighed by what is left, too.
    actions.correct(number=root.number, owner="power-grid", actor=operator.actor, at=LATER)
    assert reload(root).category_id == "0606"


def test_words_that_have_left_do_not_leave_twice_and_something_stays(operator: Person) -> None:
    root = three_matters()
    words = "另外小区门口路灯坏了三盏,还有下水道井盖松动"
    part = actions.split(number=root.number, text=words, actor=operator.actor, at=SOON)
    for said, code in ((words, "gone"), ("下水道井盖松动", "gone"), ("楼下烧烤店油烟扰民", "all")):
        with pytest.raises(InvalidInput) as refused:
            actions.split(number=root.number, text=said, actor=operator.actor, at=LATER)
        assert (refused.value.field, refused.value.code) == ("text", code)
    assert Incident.objects.filter(split_from=root).count() == 1
    # What was split off holds two matters itself: they part like any others.
    assert "several_matters" in part.triage_codes
    lid = actions.split(number=part.number, text="下水道井盖松动", actor=operator.actor, at=LATER)
    assert (reload(part).category_id, lid.split_from) == ("0204", root)


def test_a_danger_that_was_split_off_sounds_there_alone(operator: Person) -> None:
    root = file_report(
        text="楼下烧烤店油烟扰民,另外三楼煤气味很重有人晕倒", category=None, nature=None, joins=""
    )
    assert root.urgency == "emergency"
    part = actions.split(number=root.number, text="三楼煤气味很重有人晕倒", actor=operator.actor, at=SOON)
    root = reload(root)
    assert (root.urgency, part.urgency) == ("routine", "emergency")
    assert list(EmergencyAlarm.objects.values_list("incident", flat=True)) == [part.pk]
    assert root.due_at is not None
    assert root.due_at > TUESDAY + timedelta(minutes=10)
