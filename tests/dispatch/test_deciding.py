"""Decisions end to end on the district's own list: outcome, unit, reasons, limits."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from config import clock
from dispatch import lists, service
from dispatch.edition import edition
from dispatch.errors import FactsError, NoLiveList, UnknownItem
from dispatch.explain import CODES, Explainer
from dispatch.facts import Decision, Guess, PlaceFacts
from dispatch.models import ListTerm, ResponsibilityItem, ResponsibilityList, SourceCategory
from dispatch.normalise.model import Classifier
from dispatch.reasons import candidates
from dispatch.weighing import weigh

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trained")]
NOON = datetime(2026, 7, 7, 4, 0, tzinfo=UTC)
HERE = PlaceFacts(cell="440307003002001", community="440307003002", street="440307003000", in_district=True)


def decide(text: str, **facts: Any) -> Decision:
    return service.decide(**{"text": text, "source": "hotline", "at": NOON, "place": HERE, **facts})


def test_a_telecom_manhole_goes_to_telecom() -> None:
    told = decide("平湖大街电信井盖不见了,敞着口", category="0201", owner="china-telecom")
    assert (told.outcome, told.unit) == ("dispatched", "china-telecom")
    assert told.item == "0201-001"
    assert {"category_given", "owner", "unit_probability"} <= {reason.code for reason in told.reasons}
    assert told.handle_limit


def test_a_relative_unit_is_the_team_of_the_place() -> None:
    told = decide("流动摊贩占道卖水果,人行道走不了", category="0105")
    assert told.outcome == "dispatched"
    assert told.unit == "pinghu/enforcement"
    assert "unit_of_place" in {reason.code for reason in told.reasons}


def test_without_a_place_a_relative_unit_stays_at_the_desk() -> None:
    told = decide("流动摊贩占道卖水果,人行道走不了", category="0105", place=PlaceFacts())
    assert told.outcome == "triage"
    assert told.unit is None
    assert {"unit_unknown", "no_place"} <= set(told.triage_codes)
    assert told.candidates[0].unit_pattern.startswith("@street")


def test_a_point_outside_the_district_is_flagged() -> None:
    told = decide("井盖破损", place=PlaceFacts(in_district=False))
    assert told.outcome == "triage"
    assert "out_of_area" in told.triage_codes


def test_an_enquiry_is_answered_by_a_person() -> None:
    told = decide("请问居住证怎么办理,需要什么材料", category="1306")
    assert told.outcome == "triage"
    assert "enquiry" in told.triage_codes
    assert told.candidates


def test_words_that_say_nothing_stay_at_the_desk_with_guesses() -> None:
    told = decide("有个事情想反映一下")
    assert told.outcome == "triage"
    assert "low_confidence" in told.triage_codes
    assert told.candidates
    assert told.confidence < 0.8


def test_an_emergency_read_from_the_words_tightens_the_limits() -> None:
    told = decide("物业小区电梯维保不到位,昨天有老人被困电梯", category="0701")
    assert told.urgency == "emergency"
    assert told.dispatch_minutes <= 10
    assert told.accept_minutes <= 15


def test_the_threshold_follows_the_precision_wanted(settings: Any) -> None:
    settings.AUTO_DISPATCH_PRECISION_GIVEN = 0.9999  # which no sample can promise
    told = decide("平湖大街电信井盖不见了", category="0201", owner="china-telecom")
    assert told.outcome == "triage"
    assert told.triage_codes == ("low_confidence",)


def test_a_sources_own_category_goes_through_the_table() -> None:
    SourceCategory.objects.create(source="city_app", name="井盖问题", category_id="0201")
    told = decide("盖子没了", source="city_app", source_category="井盖问题")
    assert told.category == "0201"
    assert told.reasons[0].code == "category_mapped"
    unknown = decide("盖子没了", source="city_app", source_category="别的")
    assert "source_category_unknown" in {reason.code for reason in unknown.reasons}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "9999"),
        ("source", "pigeon"),
        ("place_type", "moon"),
        ("urgency", "asap"),
        ("nature", "whim"),
        ("owner", "nobody"),
    ],
)
def test_a_fact_that_does_not_exist_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(FactsError) as caught:
        decide("井盖破损", **{field: value})
    assert caught.value.field == field


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        decide("井盖破损", at=datetime(2026, 7, 7))  # noqa: DTZ001


def test_a_decision_keeps_codes_and_never_the_text() -> None:
    text = "李女士反映平湖大街电信井盖不见了,电话13800000000"
    told = decide(text, category="0201", owner="china-telecom").as_json()
    assert "李女士" not in str(told)
    assert "13800000000" not in str(told)
    assert told["facts"]["at"] == "2026-07-07T04:00:00+00:00"
    assert told["list_version"] == edition().version
    assert len(told["candidates"]) <= 5
    assert told["candidates"][0]["item"] == told["item"]


def test_recorded_facts_decide_the_same_again() -> None:
    first = decide("工业区厂房夜间偷排废水,味道刺鼻")
    assert service.decide_facts(first.facts) == first


def test_a_batch_asks_the_database_once() -> None:
    edition()
    request = service.Request(text="井盖破损", source="hotline", at=NOON, place=HERE, category="0201")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        told = service.decide_many([request] * 50)
    assert len(told) == 50
    assert len(queries) == 1


def test_a_new_live_version_decides_at_once() -> None:
    before = decide("平湖大街电信井盖不见了", category="0201", owner="china-telecom")
    now = clock.now()
    old = ResponsibilityList.objects.live(now).get()
    new = lists.new_version(title="next", based_on=old, by=None, at=now)
    for row in old.items.filter(category_id="0201"):
        row.pk, row.list = None, new
        row.lead_unit = "water-affairs"
        row.save()
    lists.begin_now(new, at=now)
    after = decide("平湖大街电信井盖不见了", category="0201", owner="china-telecom")
    assert (before.unit, after.unit) == ("china-telecom", "water-affairs")
    assert after.list_version == before.list_version + 1


def test_without_a_live_list_nothing_is_decided() -> None:
    ListTerm.objects.all().delete()
    with pytest.raises(NoLiveList):
        decide("井盖破损")


def test_a_persons_choice_gets_the_items_limits() -> None:
    limits = service.decide_item("0105-004", place=HERE, at=NOON)
    row = ResponsibilityItem.objects.get(code="0105-004")
    assert limits.unit == "pinghu/enforcement"
    assert limits.handle_limit == row.handle_limit
    assert "0105-004" in service.items_of_unit("pinghu/enforcement", category="0105", place=HERE)
    with pytest.raises(UnknownItem):
        service.decide_item("0000-000", place=HERE, at=NOON)


def test_a_given_category_is_as_sure_as_its_units_agree() -> None:
    told = decide("跳闸停电", category="1801")
    assert told.facts.categories == (Guess("1801", 1.0),)
    assert 0 < told.confidence <= 1


def test_the_candidates_probabilities_share_one_whole() -> None:
    told = decide("楼下有人吵架,还有垃圾没人清")
    assert told.candidates[0].probability == pytest.approx(told.confidence, abs=1e-4)
    assert sum(candidate.probability for candidate in told.candidates) <= 1.0001


def test_no_candidate_is_likelier_than_the_one_before_it() -> None:
    """The desk shows them in this order, with these numbers, however sure the machine is of the first."""
    now, facts = edition(), decide("楼下有人吵架,还有垃圾没人清").facts
    resolve = service._resolver(facts, now)
    weighed = weigh(facts, now.index, resolve, matter_confidence=0.5)
    assert len(weighed.claims) > 2
    for confidence in (0.02, 0.1, 0.35, 0.8, 1.0):
        told = [one.probability for one in candidates(facts, weighed, confidence, now.index, resolve)]
        assert told[0] == confidence
        assert told == sorted(told, reverse=True)
        assert sum(told) <= 1.0001


def test_runners_up_say_which_condition_failed() -> None:
    told = decide("平湖大街井盖不见了,敞着口", category="0201", owner="china-mobile")
    failed = {reason.code for candidate in told.candidates[1:] for reason in candidate.failed}
    assert failed


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_has_a_sentence(language: str) -> None:
    texts = [
        ("电信井盖不见了,城中村巷道里", {}),
        ("请问被困电梯怎么赔偿", {}),
        ("水位超警戒", {"source": "sensor", "place": PlaceFacts(in_district=False)}),
        ("半夜工地还在施工,吵", {"category": "0601", "at": datetime(2026, 7, 7, 16, 30, tzinfo=UTC)}),
        ("流动摊贩占道", {"category": "0105", "place": PlaceFacts()}),
        ("学校门口摊贩占道,垃圾", {"place_type": "school", "category": "0105"}),
    ]
    explain = Explainer(edition().names)
    with translation.override(language):
        for text, facts in texts:
            told = decide(text, **facts)
            given = [*told.reasons, *(why for one in told.candidates for why in (*one.held, *one.failed))]
            for reason in given:
                assert reason.code in CODES
                assert explain.sentence(reason)
                assert explain.sentence(reason.as_json()) == explain.sentence(reason)


def test_two_threads_see_one_edition() -> None:
    first = edition()
    assert edition() is first


def test_the_model_that_decided_is_on_the_decision(trained: Classifier) -> None:
    assert decide("井盖破损").model == trained.version


def test_a_closed_unit_keeps_its_name_in_what_was_decided() -> None:
    names = replace(edition().names, units={}, closed={"lighting-company": ("路灯公司", "The lamp company")})
    with translation.override("en"):
        assert Explainer(names).unit("lighting-company") == "The lamp company"
