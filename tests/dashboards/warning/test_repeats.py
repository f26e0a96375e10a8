"""热点: what is said again beyond a threshold, and never who said it."""

import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.models import RepeatRule, Warning, WarningCase
from dashboards.warning.repeats import sweep
from incidents.models import Incident, RepeatCursor
from incidents.repeats import find_repeats
from tests.dashboards.facts import PINGHU, PINGHU_COMMUNITY
from tests.dashboards.warning.reported import DAY, GARBAGE, HOUR, LAMPS, NOW, Told, write

pytestmark = pytest.mark.django_db

SPOT = (114.12, 22.68)


@pytest.fixture(autouse=True)
def rules() -> None:
    RepeatRule.objects.all().delete()
    RepeatRule.objects.create(by="place", at_least=4, days=30)
    RepeatRule.objects.create(by="reporter", at_least=3, days=30)
    RepeatCursor.objects.all().delete()


def say(times: int, *, every: timedelta = DAY, until=NOW, spot=SPOT, **told: object) -> list[Incident]:  # type: ignore[no-untyped-def]
    """So many cases, the last of them a minute ago, and their pairs found."""
    lon, lat = spot or (None, None)
    cases = write(
        Told(at=until - timedelta(minutes=1) - every * back, lon=lon, lat=lat, **told)  # type: ignore[arg-type]
        for back in reversed(range(times))
    )
    while find_repeats(now=until):
        pass
    return cases


def test_four_at_one_place_pass_a_threshold_of_four_and_three_do_not() -> None:
    say(3)
    assert sweep(at=NOW) == 0
    more = say(1, until=NOW + HOUR)
    assert sweep(at=NOW + HOUR) == 1
    warning = Warning.objects.get()
    assert (warning.kind, warning.rule, warning.stream) == ("repeat", "repeat/1", "people")
    assert (warning.street_code, warning.community_code) == (PINGHU, PINGHU_COMMUNITY)
    assert (warning.domain_code, warning.category_code, warning.unit_code) == (
        "02",
        LAMPS,
        "lighting-company",
    )
    assert (warning.observed, warning.case_count, warning.reporter_count) == (4, 4, 4)
    assert warning.evidence == {"by": "place", "threshold": 4, "days": 30}
    assert more[0].pk in warning.cases.values_list("incident_id", flat=True)


def test_another_matter_or_another_place_is_nothing_said_again() -> None:
    say(3)
    say(2, category=GARBAGE)
    say(3, spot=(114.13, 22.69))
    assert sweep(at=NOW) == 0


def test_one_person_beyond_the_threshold_is_told_without_the_person() -> None:
    cases = say(3, phone="a-blind-index", spot=None)
    assert sweep(at=NOW) == 1
    warning = Warning.objects.get()
    assert warning.evidence["by"] == "reporter"
    assert (warning.observed, warning.reporter_count) == (3, 1)
    told = serializers.serialize("json", [*Warning.objects.all(), *WarningCase.objects.all()])
    assert "blind-index" not in told
    assert {row["fields"]["incident"] for row in json.loads(told)[1:]} == {case.pk for case in cases}


def test_nobody_is_linked_by_what_protects_them() -> None:
    say(3, phone="a-blind-index", spot=None, nature="tip_off")
    assert sweep(at=NOW) == 0


def test_it_grows_by_what_comes_and_is_told_once() -> None:
    say(4)
    assert sweep(at=NOW) == 1
    assert sweep(at=NOW) == 0
    say(1, until=NOW + DAY)
    assert sweep(at=NOW + DAY) == 1
    warning = Warning.objects.get()
    assert (warning.observed, warning.case_count) == (5, 5)
    assert warning.found_at == NOW
    assert warning.seen_at == NOW + DAY
    # thirty days without another, and it is over; the next time it is a new one
    sweep(at=NOW + 32 * DAY)
    warning.refresh_from_db()
    assert warning.ended_at == NOW + 32 * DAY
    say(4, until=NOW + 60 * DAY)
    sweep(at=NOW + 60 * DAY)
    assert Warning.objects.count() == 2


def test_the_most_special_rule_is_the_one() -> None:
    RepeatRule.objects.create(by="place", matter_code="02", at_least=2, days=30)
    RepeatRule.objects.create(by="place", matter_code=LAMPS, at_least=6, days=7)
    say(5)
    assert sweep(at=NOW) == 0
    RepeatRule.objects.filter(matter_code=LAMPS).update(is_active=False)
    assert sweep(at=NOW) == 1
    assert Warning.objects.get().evidence["threshold"] == 2


def test_only_what_lies_within_the_days_counts() -> None:
    RepeatRule.objects.filter(by="place").update(days=3)
    say(8)
    sweep(at=NOW)
    assert not Warning.objects.exists()
    RepeatRule.objects.filter(by="place").update(days=4)
    sweep(at=NOW)
    assert Warning.objects.get().case_count == 5  # of yesterday and today, each with the days before it


def test_what_people_make_of_it_stands_while_it_grows() -> None:
    say(4)
    sweep(at=NOW)
    Warning.objects.update(status=Warning.Status.CLAIMED)
    say(1, until=NOW + DAY)
    sweep(at=NOW + DAY)
    assert Warning.objects.get().status == "claimed"


def test_a_look_that_finds_nothing_new_asks_as_often_for_many_as_for_few() -> None:
    asked = []
    for times in (4, 20):
        say(times, every=HOUR, until=NOW)
        sweep(at=NOW)
        with CaptureQueriesContext(connection) as queries:
            sweep(at=NOW)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 14
