"""重复诉求: what is said again within thirty days, by the same person or at the same place."""

from datetime import UTC, datetime, timedelta

import pytest

from grids.locate import locate
from incidents import actions, oversight, repeats
from incidents.intake import Reporter
from incidents.models import Incident, Repeat, RepeatCursor
from incidents.models.incident import ResolutionOutcome
from tests.cast import LAMP_POINT, TUESDAY, Person, file_report

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
NOW = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)  # the machine's
LON, LAT = LAMP_POINT


def lamp(*, at: datetime, metres: float = 0, phone: str = "", **given: object) -> Incident:
    """A lamp, that many metres to the north, told by this number; none of those offered is the same."""
    return file_report(
        at=at,
        place=locate(lon=LON, lat=LAT + metres / 111_320),
        reporter=Reporter(phone=phone),
        joins="",
        **given,
    )


def pairs() -> set[tuple[int, int, bool, bool]]:
    while repeats.find_repeats(now=NOW, limit=2):
        pass
    return set(Repeat.objects.values_list("incident", "earlier", "by_reporter", "at_place"))


def test_the_same_place_and_the_same_person_are_found(db: None) -> None:
    first = lamp(at=TUESDAY, phone="13812342207")
    near = lamp(at=TUESDAY + 5 * DAY, metres=40, phone="13900000001")
    far_same_person = lamp(at=TUESDAY + 6 * DAY, metres=900, phone="+86 138 1234 2207")
    assert pairs() == {
        (near.pk, first.pk, False, True),
        (far_same_person.pk, first.pk, True, False),
    }


def test_what_is_no_repeat(db: None) -> None:
    first = lamp(at=TUESDAY, phone="13812342207")
    lamp(at=TUESDAY + 31 * DAY, phone="13812342207")
    lamp(at=TUESDAY + DAY, metres=100, phone="13900000001")  # the next lamp
    lamp(
        at=TUESDAY + DAY, metres=900, phone="13812342207", category="0501", text="河里有油"
    )  # another matter
    lamp(at=TUESDAY + DAY, phone="13812342207", nature="enquiry", text="请问路灯归谁管?")
    assert pairs() == set()
    assert first.repeats.count() == 0


def test_a_report_that_is_typed_in_between_takes_its_place(db: None) -> None:
    early, late = lamp(at=TUESDAY), lamp(at=TUESDAY + 10 * DAY)
    assert pairs() == {(late.pk, early.pk, False, True)}
    between = lamp(at=TUESDAY + 5 * DAY)
    assert pairs() == {
        (late.pk, early.pk, False, True),
        (between.pk, early.pk, False, True),
        (late.pk, between.pk, False, True),
    }


def test_what_was_committed_late_is_found_when_it_has_settled(db: None) -> None:
    early, late = lamp(at=TUESDAY), lamp(at=TUESDAY + DAY)
    # As if neither had been there when their ids went by.
    RepeatCursor.objects.create(pk=1, done_to=late.pk, mark_to=late.pk, mark_at=NOW, settled_to=early.pk - 1)
    assert repeats.find_repeats(now=NOW + timedelta(seconds=30)) == 0
    assert not Repeat.objects.exists()
    assert repeats.find_repeats(now=NOW + repeats.SETTLED_AFTER) == late.pk - early.pk + 1
    assert Repeat.objects.get().earlier == early
    assert repeats.find_repeats(now=NOW + 3 * repeats.SETTLED_AFTER) == 0


def test_somebody_who_calls_every_day_makes_no_million_pairs(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "MOST", 3)
    for day in range(14):
        lamp(at=TUESDAY + day * DAY, metres=70 * day, phone="13812342207")
    found = pairs()
    assert len(found) <= 14 * 3
    last = Incident.objects.latest("pk")
    assert {earlier for later, earlier, *_how in found if later == last.pk} >= {last.pk - 1, last.pk - 2}


def test_supervisors_see_open_ones_with_what_came_before(handler: Person) -> None:
    first = lamp(at=TUESDAY)
    actions.accept(number=first.number, actor=handler.actor, at=TUESDAY + DAY / 24)
    actions.resolve(
        number=first.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已修",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + DAY / 12,
    )
    again = lamp(at=TUESDAY + 6 * DAY)
    pairs()
    found = oversight.selected(Incident.objects.all(), oversight.REPEATED, TUESDAY + 6 * DAY)
    assert [case.pk for case in found] == [again.pk]
    before = repeats.before([again])[again.pk][0]
    assert (before.case.pk, before.earlier, before.at_place) == (first.pk, 6 * DAY, True)
