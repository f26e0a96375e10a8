"""突发: one warning for one burst, while it lasts, with what it rests on."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from dashboards.models import CountedDay, Warning, WarningSweep
from dashboards.warning import bursts
from dashboards.warning.bursts import sweep
from tests.dashboards.facts import BUJI_COMMUNITY, PINGHU, PINGHU_COMMUNITY
from tests.dashboards.warning.reported import DAY, GARBAGE, HOUR, LAMPS, NOW, burst, ordinary

pytestmark = pytest.mark.django_db


def test_a_quiet_district_is_warned_of_nothing() -> None:
    ordinary()
    assert sweep(at=NOW) == 0
    assert not Warning.objects.exists()
    assert WarningSweep.objects.get().swept_to == NOW
    # and what later days are measured against has been counted, up to a week ago
    assert CountedDay.objects.order_by("day").last().day.isoformat() == "2026-06-29"  # type: ignore[union-attr]


def test_a_burst_is_told_with_expected_observed_cases_and_cells() -> None:
    ordinary()
    cases = burst(times=14, since=NOW - 3 * HOUR)
    assert sweep(at=NOW) == 1
    warning = Warning.objects.get()
    assert (warning.kind, warning.stream, warning.rule) == ("burst", "people", "burst/1")
    assert (warning.street_code, warning.community_code) == (PINGHU, PINGHU_COMMUNITY)
    assert (warning.domain_code, warning.category_code) == ("02", LAMPS)
    assert warning.unit_code == "lighting-company"
    assert warning.observed >= 14 > warning.expected_high >= warning.expected > 0
    assert warning.surprise > 6
    assert {row.incident_id for row in warning.cases.all()} >= {case.pk for case in cases}
    assert warning.reporter_count >= 14 <= warning.case_count
    (community, category, seen, expected), *_others = warning.evidence["cells"]
    assert (community, category) == (PINGHU_COMMUNITY, LAMPS)
    assert seen >= 14 > expected
    assert sum(seen for _hour, seen, _expected in warning.evidence["hours"]) >= 14


def test_the_same_hour_swept_again_changes_nothing() -> None:
    ordinary()
    burst(times=14, since=NOW - 3 * HOUR)
    sweep(at=NOW)
    before = Warning.objects.values().get()
    assert sweep(at=NOW + timedelta(minutes=59)) == 0
    assert Warning.objects.values().get() == before
    # also where the note of how far it had looked is lost with a restored backup
    WarningSweep.objects.all().delete()
    sweep(at=NOW)
    assert Warning.objects.count() == 1


def test_a_burst_that_grows_is_the_same_warning_and_ends_when_it_is_over() -> None:
    ordinary(days=38, until=NOW + 3 * DAY)
    burst(times=14, since=NOW - 3 * HOUR)
    sweep(at=NOW)
    burst(times=20, since=NOW, hours=2)
    sweep(at=NOW + 2 * HOUR)
    warning = Warning.objects.get()
    assert warning.reporter_count >= 34
    assert warning.observed >= 34
    assert warning.found_at == NOW
    assert warning.seen_at == warning.until == NOW + 2 * HOUR
    learnt = bursts.Learnt()
    for hours in range(3, 72):
        sweep(at=NOW + hours * HOUR, learnt=learnt)
    warning.refresh_from_db()
    assert warning.ended_at is not None
    # a day after the last hour in which it could still be seen
    assert NOW + 24 * HOUR < warning.ended_at <= NOW + 52 * HOUR
    assert Warning.objects.count() == 1  # the weeks's window still holds it, and does not tell it again


def test_a_burst_that_spreads_widens_its_warning() -> None:
    ordinary()
    burst(times=14, since=NOW - 6 * HOUR)
    sweep(at=NOW - 2 * HOUR)
    first = Warning.objects.get()
    burst(times=40, since=NOW - 2 * HOUR, hours=2, community="440307003002")
    burst(times=40, since=NOW - 2 * HOUR, hours=2, community=BUJI_COMMUNITY)
    burst(times=40, since=NOW - 2 * HOUR, hours=2, community="440307014001")
    sweep(at=NOW)
    warning = Warning.objects.get(ended_at=None)
    assert warning.pk == first.pk
    assert (warning.street_code, warning.community_code, warning.category_code) == ("", "", LAMPS)
    assert warning.since == first.since
    assert warning.reporter_count >= 134


def test_twenty_calls_of_one_person_are_no_burst() -> None:
    ordinary()
    burst(times=20, since=NOW - 20 * HOUR, hours=19, phones=["one"])
    burst(times=20, since=NOW - 3 * HOUR, phones=["two", "three"], category=GARBAGE)
    assert sweep(at=NOW) == 0


def test_twenty_people_in_one_case_are_one() -> None:
    ordinary()
    case = burst(times=1, since=NOW - 3 * HOUR)[0]
    burst(times=19, since=NOW - 3 * HOUR, phones=[f"p{n}" for n in range(19)], joins=case)
    sweep(at=NOW)
    warning = Warning.objects.get()
    assert warning.reporter_count >= 20
    assert case.pk in warning.cases.values_list("incident_id", flat=True)


def test_devices_burst_by_themselves() -> None:
    ordinary()
    burst(times=8, since=NOW - 2 * HOUR, source="sensor")
    # devices were never heard of before: people's eight would be few, eight devices are not
    sweep(at=NOW)
    assert Warning.objects.get().stream == "devices"


def test_two_places_are_two_bursts_and_their_streets_are_none() -> None:
    ordinary()
    burst(times=14, since=NOW - 3 * HOUR)
    burst(times=14, since=NOW - 3 * HOUR, community=BUJI_COMMUNITY, category=GARBAGE)
    sweep(at=NOW)
    assert set(Warning.objects.values_list("community_code", "category_code")) == {
        (PINGHU_COMMUNITY, LAMPS),
        (BUJI_COMMUNITY, GARBAGE),
    }


def test_what_people_make_of_a_warning_stands_while_it_goes_on() -> None:
    ordinary()
    burst(times=14, since=NOW - 3 * HOUR)
    sweep(at=NOW)
    Warning.objects.update(status=Warning.Status.DISMISSED, useful=False)
    burst(times=20, since=NOW, hours=2)
    sweep(at=NOW + 2 * HOUR)
    warning = Warning.objects.get()
    assert (warning.status, warning.useful) == ("dismissed", False)
    assert warning.reporter_count >= 34


def test_a_district_of_a_week_is_measured_against_nothing_yet() -> None:
    ordinary(days=9)
    burst(times=30, since=NOW - 3 * HOUR)
    assert sweep(at=NOW) == 0
    assert not Warning.objects.exists()


def test_queries_do_not_grow_with_cases(django_assert_max_num_queries: object) -> None:
    from django.test.utils import CaptureQueriesContext

    ordinary()
    taken = []
    for times, hour in ((14, 0), (60, 3)):
        burst(times=times, since=NOW + hour * HOUR)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sweep(at=NOW + (hour + 3) * HOUR)
        taken.append(len([q for q in queries if "CountedDay" not in q["sql"] and "counted" not in q["sql"]]))
    assert taken[1] <= taken[0]


def test_the_command_replays_days_hour_by_hour_and_prints_what_it_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ordinary()
    burst(times=14, since=NOW - 3 * HOUR)
    with time_machine.travel(NOW, tick=False):
        call_command("warnings", "--from", "2026-07-07")
    warning = Warning.objects.get()
    assert NOW - 3 * HOUR < warning.found_at <= NOW  # as soon as enough had called
    printed = capsys.readouterr().out
    assert "burst people 0204" in printed
    with time_machine.travel(NOW, tick=False), pytest.raises(CommandError):
        call_command("warnings", "--from", "2026-07-07")  # hours are looked at in their order
    CountedDay.objects.update(voices=0, counts=b"")
    with time_machine.travel(NOW, tick=False):
        call_command("warnings", "--recount")
    assert CountedDay.objects.filter(voices=12).exists()
    assert Warning.objects.count() == 1
    call_command("warnings", "--print")
    for wrong in (["--from", "7 July"], ["--at", "noon"], ["--from", "2026-07-07", "--to", "2026-07-01"]):
        with pytest.raises(CommandError):
            call_command("warnings", *wrong)
