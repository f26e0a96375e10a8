"""Merging, taking apart and taking out: who answers whom, counted and told once."""

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import ActionRefused
from incidents.models import Incident, OutboxMessage
from tests.cast import NOWHERE, TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=15)
LATER = SOON + timedelta(hours=1)
LAMP_ITEM = "0204-001"


def answered(case: Incident) -> set[int]:
    return set(case.links.filter(unlinked_at=None).values_list("report_id", flat=True))


def told(kind: str) -> list[str]:
    return sorted(OutboxMessage.objects.filter(kind=kind).values_list("receiver", flat=True))


def closed(case: Incident, operator: Person, handler: Person) -> None:
    if reload(case).status == "triage":
        actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=operator.actor, at=LATER)
    actions.accept(number=case.number, actor=handler.actor, at=LATER)
    actions.resolve(number=case.number, outcome="explained", text="换好了", actor=handler.actor, at=LATER)
    actions.close(number=case.number, reason="好", actor=operator.actor, at=LATER)


@pytest.fixture
def pair(db: None) -> tuple[Incident, Incident]:
    """Two cases on the desk about other things."""
    return file_report(place=NOWHERE, joins=""), file_report(place=NOWHERE, text="灯杆歪了", joins="")


def test_a_part_that_comes_back_to_its_root_counts_and_hears_once(operator: Person, handler: Person) -> None:
    root = file_report(place=NOWHERE, joins="")
    parts = [
        actions.split(number=root.number, text=words, actor=operator.actor, at=SOON)
        for words in ("路边一堆垃圾", "井盖松了")
    ]
    for part in parts:
        actions.merge(number=part.number, into=root.number, actor=operator.actor, at=SOON)
    assert (reload(root).report_count, len(answered(root))) == (1, 3)
    closed(root, operator, handler)
    first = root.links.order_by("pk").first()
    assert first is not None
    assert told("report.closed") == [f"report:{first.report_id}"]
    actions.unmerge(number=parts[0].number, actor=operator.actor, at=LATER)
    assert (reload(parts[0]).report_count, len(answered(parts[0]))) == (1, 1)
    assert (reload(root).report_count, len(answered(root))) == (1, 2)


def test_two_parts_without_their_root_are_still_one_voice(operator: Person) -> None:
    root = file_report(place=NOWHERE, joins="")
    one, two = (
        actions.split(number=root.number, text=words, actor=operator.actor, at=SOON)
        for words in ("路边一堆垃圾", "井盖松了")
    )
    actions.merge(number=two.number, into=one.number, actor=operator.actor, at=SOON)
    assert (reload(one).report_count, reload(root).report_count) == (1, 1)
    stranger = file_report(place=NOWHERE, text="又一堆", joins="")
    actions.merge(number=stranger.number, into=one.number, actor=operator.actor, at=SOON)
    assert reload(one).report_count == 2


def test_what_a_source_says_of_itself_makes_no_part(operator: Person) -> None:
    root = file_report(place=NOWHERE, joins="")
    report = root.links.get().report
    claims = file_report(place=NOWHERE, text="灯杆歪了", joins="", attributes={"split_from": report.pk})
    actions.merge(number=claims.number, into=root.number, actor=operator.actor, at=SOON)
    assert reload(root).report_count == 2


def test_a_case_comes_out_of_one_that_was_closed_meanwhile(
    pair: tuple[Incident, Incident], operator: Person, handler: Person
) -> None:
    parent, child = pair
    own = answered(child)
    actions.merge(number=child.number, into=parent.number, actor=operator.actor, at=SOON)
    closed(parent, operator, handler)
    assert len(told("report.closed")) == 2
    actions.unmerge(number=child.number, actor=operator.actor, at=LATER)
    assert (reload(child).status, answered(child)) == ("triage", own)
    assert (reload(parent).status, reload(parent).report_count) == ("closed", 1)


def test_what_was_split_off_and_merged_comes_out_with_its_reports(operator: Person) -> None:
    root = file_report(place=NOWHERE, joins="")
    file_report(place=NOWHERE, joins=root.number, text="井盖松了")
    stray = max(answered(root))
    case = actions.split(number=root.number, reports=[stray], actor=operator.actor, at=SOON)
    for _again in range(2):
        actions.merge(number=case.number, into=root.number, actor=operator.actor, at=SOON)
        assert reload(root).report_count == 2
        actions.unmerge(number=case.number, actor=operator.actor, at=LATER)
        assert (answered(case), reload(case).report_count, reload(root).report_count) == ({stray}, 1, 1)


def test_nothing_comes_out_where_its_reports_have_a_case_already(
    pair: tuple[Incident, Incident], operator: Person
) -> None:
    parent, child = pair
    (report,) = answered(child)
    actions.merge(number=child.number, into=parent.number, actor=operator.actor, at=SOON)
    own = actions.split(number=parent.number, reports=[report], actor=operator.actor, at=SOON)
    with pytest.raises(ActionRefused) as refused:
        actions.unmerge(number=child.number, actor=operator.actor, at=LATER)
    assert refused.value.code == "nothing_left"
    assert (answered(own), reload(child).status) == ({report}, "merged")
