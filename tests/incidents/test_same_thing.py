"""What joins an open case as it comes in, and what never does."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids.locate import Place, locate
from incidents import actions
from incidents.intake import Receipt, Reporter, receive, receive_one
from incidents.models import Incident, IncidentReport, Report
from incidents.public import NearbyQuestion, published
from tests.cast import LAMP_POINT, LAMP_TEXT, TUESDAY, Person, draft, file_report, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=15)
NAMED = "植物园路公交站后面水管爆了，水喷得很高，路都淹了"


def take_in(at: Any = SOON, **given: Any) -> Receipt:
    """A report; its place in metres east of the lamp, None for no point."""
    if "place" in given and not isinstance(given["place"], Place):
        given["place"] = without_point() if given["place"] is None else east(given["place"])
    receipt = receive_one(draft(**given), at=at)
    assert isinstance(receipt, Receipt), receipt
    return receipt


def east(metres: float) -> Place:
    return locate(lon=LAMP_POINT[0] + metres / 102_700, lat=LAMP_POINT[1])


def without_point() -> Place:
    """The lamp's community, as an address names it."""
    here = east(0)
    return Place(community=here.community, street=here.street, in_district=True, how="address")


@pytest.fixture
def lamp(db: None) -> Incident:
    return file_report()


@pytest.mark.parametrize(
    "given",
    [
        {"text": f"市民反映：{LAMP_TEXT}，请尽快处理", "place": 60},
        {"text": "植物园路公交站往北第3根路灯坏了，晚上不亮，看不清路", "category": "0206"},
        {"place": None},
    ],
    ids=["passed on, sixty metres off", "taken for a sibling of the matter", "without a point"],
)
def test_the_same_thing_told_by_somebody_else_joins(lamp: Incident, given: dict[str, Any]) -> None:
    other = take_in(reporter=Reporter(name="李四", phone="13900001111"), **given)
    assert (other.joined, other.incident) == (True, lamp)
    assert reload(lamp).report_count == 2
    link = IncidentReport.objects.get(report=other.report)
    assert link.how == "same"
    assert link.score is not None
    assert link.score > 0.9


def test_a_point_finds_what_came_without_one() -> None:
    first = file_report(text=NAMED, category="0503", place=without_point())
    assert take_in(text=NAMED, category="0503").incident == first


@pytest.mark.parametrize(
    "given",
    [
        {"text": LAMP_TEXT.replace("第三根", "第五根")},
        {"text": LAMP_TEXT, "urgency": "emergency"},
        {"nature": "tip_off"},
        {"nature": "enquiry"},
        {"attributes": {"confidential": True}},
        {"category": "1501"},
        {"text": f"{LAMP_TEXT}，我的电费也多扣了"},
        {"text": "路面一个大坑", "address": ""},
        {"place": 205},
        {"at": TUESDAY + timedelta(days=4)},
        {"joins": ""},
    ],
    ids=lambda given: ",".join(given),
)
def test_what_is_no_part_of_it_is_a_case_of_its_own(lamp: Incident, given: dict[str, Any]) -> None:
    other = take_in(**given)
    assert not other.joined
    assert other.incident != lamp
    assert reload(lamp).report_count == 1


def test_what_is_ones_own_is_never_another_persons() -> None:
    wages = {"text": "坪山大道工地拖欠我三个月工资没有发", "category": "1501", "nature": "complaint"}
    fees = {"text": "东晟时代花园水费多收了两百块", "category": "0501", "nature": "complaint"}
    for told in (wages, fees):
        first = take_in(**told)
        second = take_in(**told, reporter=Reporter(name="李四", phone="13900001111"))
        assert first.incident != second.incident


def test_a_case_that_somebody_tipped_off_about_takes_in_nobody_by_itself(lamp: Incident) -> None:
    take_in(nature="tip_off", joins=lamp.number)
    assert not take_in().joined


def test_what_was_called_solved_is_not_the_same_any_more(lamp: Incident, handler: Person) -> None:
    actions.accept(number=lamp.number, actor=handler.actor, at=SOON)
    actions.resolve(number=lamp.number, outcome="explained", text="修好了", actor=handler.actor, at=SOON)
    assert not take_in(at=SOON + timedelta(hours=1)).joined


def test_who_points_at_what_was_called_solved_is_heard_by_whoever_has_to_act(resolved_case: Incident) -> None:
    at = TUESDAY + timedelta(hours=3)
    told = take_in(text="第三根路灯还是不亮,根本没修", joins=resolved_case.number, at=at)
    assert not told.joined
    assert told.incident != resolved_case
    assert reload(resolved_case).report_count == 1
    # Nor is it offered to who stands before it.
    lon, lat = LAMP_POINT
    offered = published(NearbyQuestion(text=LAMP_TEXT, lon=lon, lat=lat), at=at)
    assert resolved_case.number not in [one.number for one in offered]


def test_an_emergency_takes_in_what_is_calm_and_not_the_other_way_round() -> None:
    loud = take_in(text=NAMED, category="0503", urgency="emergency")
    assert take_in(text=NAMED, category="0503").incident == loud.incident


def test_a_report_that_joined_has_its_own_case_in_one_step(lamp: Incident, operator: Person) -> None:
    stray = take_in().report
    case = actions.split(number=lamp.number, reports=[stray.pk], actor=operator.actor, at=SOON)
    assert [link.report for link in case.links.filter(unlinked_at=None)] == [stray]
    assert reload(lamp).report_count == 1


def test_a_batch_finds_its_own_and_asks_no_more_for_many() -> None:
    def batch(count: int, at: Any) -> list[Any]:
        return receive([draft(reporter=Reporter(phone=f"139000{n:05}")) for n in range(count)], at=at)

    answers = batch(3, SOON)
    assert len({answer.incident.pk for answer in answers}) == 1
    assert reload(answers[0].incident).report_count == 3
    batch(2, SOON)
    counts = []
    for count in (2, 20):
        with CaptureQueriesContext(connection) as asked:
            batch(count, SOON)
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_one_case() -> None:
    """Half of them with a point and half without: they wait for each other and meet."""
    places = [east(0), without_point()] * 10
    drafts = [draft(text=NAMED, category="0503", place=place) for place in places]
    failed = at_once([lambda one=one: receive_one(one, at=SOON) for one in drafts])
    assert failed == []
    assert Report.objects.count() == 20
    (case,) = Incident.objects.all()
    assert case.report_count == 20


def at_once(steps: list[Callable[[], object]]) -> list[BaseException]:
    start, failed = threading.Barrier(len(steps)), []

    def attempt(step: Callable[[], object]) -> None:
        try:
            start.wait()
            step()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed
