"""重复诉求: what is said again within thirty days, by the same person or at the same place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q

from config import clock
from dashboards import rollups
from grids.locate import locate
from grids.models import Area
from incidents import actions, outcomes, oversight, repeats
from incidents.intake import Reporter
from incidents.models import Incident, Outcome, Repeat, RepeatAgain, RepeatCursor
from incidents.models.incident import ResolutionOutcome
from tests.browsers import As
from tests.cast import LAMP_POINT, TUESDAY, Person, file_report, reload
from tests.lives import LAMP_ITEM, STEPS, everybody

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
        **{"joins": "", **given},
    )


def pairs() -> set[tuple[int, int, bool, bool]]:
    # Ids go on from test to test: a sweep of two at a time begins where this test's cases do.
    before = (Incident.objects.order_by("pk").values_list("pk", flat=True).first() or 1) - 1
    RepeatCursor.objects.get_or_create(pk=1, defaults={"done_to": before, "settled_to": before})
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


def test_how_tables_are_read_is_put_back_as_it_was(db: None) -> None:
    case = lamp(at=TUESDAY)
    for told in ("off", "on"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL enable_seqscan = {told}")
            repeats._look([case.pk])
            cursor.execute("SHOW enable_seqscan")
            assert cursor.fetchone() == (told,)


def test_what_is_reported_again_after_closing_counts_against_the_closer_once(db: None) -> None:
    actor = everybody()
    first = lamp(at=TUESDAY)
    for step in ("solve", "close"):  # silence has accepted it
        STEPS[step](reload(first), actor, TUESDAY + DAY)
    again = lamp(at=TUESDAY + 5 * DAY)
    lamp(at=TUESDAY + DAY / 2, metres=20)  # told before it was closed
    pairs()
    told = Outcome.objects.filter(kind="repeated")
    assert [(fact.incident_id, fact.unit_code, fact.at, fact.sign) for fact in told] == [
        (again.pk, reload(first).owner_unit_id, again.received_at, 1)
    ]
    RepeatAgain.objects.create(incident_id=again.pk)
    pairs()
    assert told.count() == 1
    assert differences() == []
    STEPS["reopen"](reload(first), actor, TUESDAY + 6 * DAY)  # nothing is closed any more
    assert differences() == []  # it waits to be looked at again
    pairs()
    assert sorted(told.values_list("sign", flat=True)) == [-1, 1]
    assert differences() == []
    # What was closed again later is not what was told of then.
    for step in ("solve", "close"):
        STEPS[step](reload(first), actor, TUESDAY + 7 * DAY)
    pairs()
    assert differences() == []


def test_the_proof_finds_repeats_that_are_counted_wrongly(db: None) -> None:
    actor = everybody()
    first = lamp(at=TUESDAY)
    for step in ("solve", "close"):
        STEPS[step](reload(first), actor, TUESDAY + DAY)
    again = lamp(at=TUESDAY + 5 * DAY)
    pairs()
    [fact] = Outcome.objects.filter(kind="repeated")
    twice = Outcome.objects.create(
        incident=again, kind="repeated", at=fact.at, day=fact.day, unit_code="police",
        category_code=fact.category_code, source=fact.source, nature=fact.nature, urgency=fact.urgency,
    )  # fmt: skip
    [found] = differences()
    assert again.number in found
    outcomes.take_back(again, Outcome.Kind.REPEATED)
    assert Outcome.objects.filter(reverses=twice).exists()
    [found] = differences()  # and now it is counted against nobody
    assert again.number in found


def differences() -> list[str]:
    return [str(one) for one in rollups.differences() if one.what.startswith("case")]


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


def test_what_the_desk_sets_right_is_looked_at_again(dispatcher: Person) -> None:
    first = lamp(at=TUESDAY)
    guessed = {"category": None, "text": "这里有人在吵架,也不知道归谁管"}
    again = lamp(at=TUESDAY + DAY, phone="13900000001", **guessed)
    assert again.category_id != first.category_id
    assert pairs() == set()
    actions.dispatch(
        number=again.number, item_code=LAMP_ITEM, actor=dispatcher.actor, at=TUESDAY + DAY + DAY / 24
    )
    assert pairs() == {(again.pk, first.pk, False, True)}

    # And what was paired by a wrong guess is a pair no more; nothing is left in the queue.
    Incident.objects.filter(pk=first.pk).update(category="0501")
    assert pairs() == set()
    assert not RepeatAgain.objects.exists()


def test_what_the_centre_split_off_was_not_said_again(dispatcher: Person) -> None:
    before = lamp(at=TUESDAY)
    root = lamp(at=TUESDAY + DAY)
    parts = [
        actions.split(number=root.number, text=text, actor=dispatcher.actor, at=TUESDAY + DAY + DAY / 24)
        for text in ("同一处的另一根路灯也不亮", "还有一根路灯不亮")
    ]
    Incident.objects.filter(pk__in=[part.pk for part in parts]).update(category=root.category_id)
    found = pairs()
    assert {earlier for _later, earlier, *_how in found} == {before.pk}
    assert {later for later, *_rest in found} == {root.pk, *(part.pk for part in parts)}


def test_what_was_merged_since_is_counted_no_more_than_it_is_told(dispatcher: Person) -> None:
    first, again, third = lamp(at=TUESDAY), lamp(at=TUESDAY + DAY), lamp(at=TUESDAY + DAY, metres=900)
    pairs()
    at = TUESDAY + 2 * DAY

    def counted() -> list[int]:
        return [case.pk for case in oversight.selected(Incident.objects.all(), oversight.REPEATED, at)]

    assert counted() == [again.pk]
    actions.merge(number=first.number, into=third.number, actor=dispatcher.actor, at=at)
    assert counted() == []
    assert repeats.before([again], among=Q()) == {}
    actions.unmerge(number=first.number, actor=dispatcher.actor, at=at)
    assert (again.pk, first.pk, False, True) in pairs()


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
    before = repeats.before([again], among=Q())[again.pk][0]
    assert (before.case.pk, before.earlier, before.at_place) == (first.pk, 6 * DAY, True)


@pytest.mark.parametrize("hidden", [{"nature": "tip_off"}, {"attributes": {"confidential": True}}])
@pytest.mark.parametrize("tip_first", [True, False])
def test_what_is_said_in_confidence_is_never_tied_to_what_its_reporter_says_under_their_name(
    db: None, tip_first: bool, hidden: dict[str, Any]
) -> None:
    tip_at, plain_at = (TUESDAY, TUESDAY + 5 * DAY) if tip_first else (TUESDAY + 5 * DAY, TUESDAY)
    tip = lamp(at=tip_at, phone="13812342207", text="有人偷路灯电缆,路灯不亮", **hidden)
    plain = lamp(at=plain_at, metres=900, phone="13812342207")
    wages = {"category": "1501", "text": "工地拖欠工资"}
    lamp(at=TUESDAY, metres=1800, phone="13812342208", **wages)
    lamp(at=TUESDAY + DAY, metres=2700, phone="13812342208", **wages)
    assert pairs() == set()
    near = lamp(at=TUESDAY + 6 * DAY, metres=20, phone="13812342207")
    assert pairs() == {(near.pk, tip.pk, False, True), (near.pk, plain.pk, True, False)}


def test_what_is_protected_by_now_is_told_of_no_more(
    handler: Person, supervisor: Person, browse: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, near = lamp(at=TUESDAY, phone="13812342207"), lamp(at=TUESDAY, metres=900, phone="13812342207")
    again = lamp(at=TUESDAY + DAY, metres=900, phone="13812342207")
    assert pairs() >= {(again.pk, far.pk, True, False), (again.pk, near.pk, True, True)}
    monkeypatch.setattr(clock, "now", lambda: TUESDAY + DAY)
    pages = [(handler, f"/cases/{again.number}/"), (supervisor, "/supervision/?tab=repeated")]

    def told(number: str) -> list[bool]:
        return [
            number in browse(who).get(url).content.decode().partition("before-l")[2] for who, url in pages
        ]

    assert told(far.number) == told(near.number) == [True, True]
    for case in (far, near):
        lamp(at=TUESDAY + DAY, nature="tip_off", phone="13900000001", text="举报", joins=case.number)
    assert told(far.number) == [False, False]
    assert told(near.number) == [True, True]
    assert not repeats.before([again], among=Q())[again.pk][0].by_reporter


def test_of_what_the_reader_may_not_open_only_the_number_is_told(
    street_supervisor: Person, browse: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = lamp(at=TUESDAY, phone="13812342207")
    pinghu = Area.objects.get(code="440307003000")
    here = file_report(
        at=TUESDAY + DAY,
        place=locate(lon=pinghu.lon, lat=pinghu.lat),
        reporter=Reporter(phone="13812342207"),
        joins="",
    )
    assert pairs() == {(here.pk, elsewhere.pk, True, False)}
    monkeypatch.setattr(clock, "now", lambda: TUESDAY + DAY)
    for url in ("/supervision/?tab=repeated", f"/cases/{here.number}/"):
        page = browse(street_supervisor).get(url).content.decode()
        assert here.number in page
        assert elsewhere.number not in page
    row = browse(street_supervisor).get("/supervision/?tab=repeated").context["rows"][0]
    assert (row["said"], row["before"], row["unseen"]) == (1, [], 1)
