"""The check of a version: made once for each state of it, and again when the district changes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.explain import Explainer
from dispatch.lint import ERROR
from dispatch.lint.checking import check_list
from dispatch.lint.findings import SEVERITY, Finding
from dispatch.lint.words import KIND_NAMES, FindingWords
from dispatch.models import ListCheck, ResponsibilityItem, ResponsibilityList

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 6, 2, 0, tzinfo=UTC)


@pytest.fixture
def draft() -> ResponsibilityList:
    """A draft with one category's items."""
    live = ResponsibilityList.objects.live(NOW).get()
    version = ResponsibilityList.objects.create(version=900, title="草稿", based_on=live)
    rows = list(ResponsibilityItem.objects.filter(list=live, category_id="0101"))
    for row in rows:
        row.pk, row.list = None, version
    ResponsibilityItem.objects.bulk_create(rows)
    return version


def edited(draft: ResponsibilityList) -> ResponsibilityList:
    draft.revision += 1
    draft.save(update_fields=["revision"])
    return draft


def test_the_shipped_list_may_go_live() -> None:
    check = check_list(ResponsibilityList.objects.live(NOW).get(), at=NOW)
    assert check.errors == ()
    assert check.counts[ERROR] == 0
    assert sum(check.counts.values()) == len(check.findings)


def test_categories_without_items_are_errors(draft: ResponsibilityList) -> None:
    check = check_list(draft, at=NOW)
    assert {finding.code for finding in check.errors} == {"no_items"}
    assert len(check.errors) == 145


def test_a_second_look_reads_what_the_first_one_kept(
    draft: ResponsibilityList, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = check_list(draft, at=NOW)
    with django_assert_num_queries(4):
        assert check_list(draft, at=NOW + timedelta(hours=1)) == first


def test_an_edit_asks_for_a_new_check(draft: ResponsibilityList) -> None:
    before = check_list(draft, at=NOW)
    ResponsibilityItem.objects.filter(list=draft, code="0101-001").update(lead_unit="nobody")
    after = check_list(edited(draft), at=NOW)
    told = [finding for finding in after.about({"0101-001"}) if finding.code == "lead_unknown"]
    assert [finding.items for finding in told] == [("0101-001",)]
    assert before.about({"0101-001"}) != after.about({"0101-001"})
    assert ListCheck.objects.filter(list=draft).count() == 1


def test_a_unit_that_closes_asks_for_a_new_check(draft: ResponsibilityList) -> None:
    check_list(draft, at=NOW)
    OrgUnit.objects.filter(code="sanitation-company").update(is_open=False)
    codes = {finding.code for finding in check_list(draft, at=NOW).about({"0101-001"})}
    assert "lead_closed" in codes


def test_what_is_about_a_category_is_found_by_its_code(draft: ResponsibilityList) -> None:
    assert [finding.code for finding in check_list(draft, at=NOW).about({"0102"})] == ["no_items"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_finding_is_a_sentence(language: str) -> None:
    check = check_list(ResponsibilityList.objects.live(NOW).get(), at=NOW)
    samples = [*check.findings, *SAMPLES]
    assert {finding.code for finding in samples} == set(SEVERITY) == set(KIND_NAMES)
    with translation.override(language):
        words = FindingWords(Explainer(edition().names))
        for finding in samples:
            sentence = words.sentence(finding)
            assert sentence[-1] in ".。", sentence
            assert "%(" not in sentence
            assert "None" not in sentence


def test_a_sentence_speaks_the_readers_language() -> None:
    gap = next(finding for finding in SAMPLES if finding.code == "gap")
    with translation.override("en"):
        told = FindingWords(Explainer(edition().names), {"440307003002": "Liang'antian"}).sentence(gap)
    assert "the community station of the place" in told
    assert "Liang'antian" in told


def one(code: str, **params: object) -> Finding:
    return Finding(code, ("0101-001", "0101-002"), "0101", params)


# One of each kind, whether the shipped list has it or not.
SAMPLES = [
    one("no_items"),
    one("no_catch_all"),
    one("crowded", count=81, most=80),
    one("gap", unit="@community", areas=["440307003002"], count=1, categories=1),
    *(one(code, unit="nobody", column="lead_unit") for code in ("lead_unknown", "lead_closed")),
    *(one(code, unit="nobody", column="owners") for code in ("unit_unknown", "unit_closed")),
    one("self_supervised", unit="police", supervising="police", areas=[], count=0),
    one("self_supervised", unit="@street", supervising="pinghu", areas=["440307003002"], count=1),
    one("supervised_from_below", unit="pinghu", supervising="pinghu/enforcement"),
    one("owner_needed", unit="@owner", areas=[], count=0, categories=1),
    one("overlap", units=["police", "health"], words=["垃圾"], word_count=9, place_type="park", time="22:00"),
    one("overlap", units=["police", "health"], words=[], word_count=0),
    one("shadowed", by=["0101-002"], count=1),
    one("shadowed", by=[], count=0),
    one("words_idle", by=["0101-002"], count=1),
    *(
        one(code, words=["装修垃圾"], word_count=1, by=["垃圾"], unit="police")
        for code in ("words_lost", "words_overruled", "words_shared")
    ),
    one("words_elsewhere", words=["垃圾"], word_count=1, others=["0102"]),
    *(one(code, limit="24h", said="7日") for code in ("limit_short", "limit_past_promise")),
    one("limit_before_acceptance", limit="4wh", accept_minutes=240, urgency="routine"),
    one("limit_rests", limit="4wh"),
    one("limit_too_long", limit="90wd", urgency="urgent"),
    one("limit_slow_dispatch", limit="4h", urgency="urgent", minutes=120, usual=30),
    one("limit_unusual", limits=["2wh", "30m"], usual="5wd", urgency="routine"),
    one("powers", words=["查处"], unit="@community"),
]
