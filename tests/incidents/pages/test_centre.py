"""The centres' pages: who may open which, what they do, what they refuse, and what they cost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import OrgUnit
from accounts.roles import Role
from incidents import actions
from incidents.centre import quality
from incidents.models import Handover, HandoverCase, Incident, QualitySample, QueueShare, Text
from tests.browsers import As
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person
from tests.incidents.centre.people import DISTRICT, PINGHU, on_shift, share
from tests.incidents.pages.conftest import SetClock

LONGGANG = "440307016000"
MONDAY_AFTER = TUESDAY + timedelta(days=6)


def at(name: str, code: str = DISTRICT, *more: Any) -> str:
    return reverse(f"centre-{name}", args=[code, *more])


def matter(n: int, **given: Any) -> Incident:
    """A matter of its own: no two of them are the same thing."""
    texts = ["人行道有垃圾", "车停在盲道上", "工地夜里打桩", "餐馆后厨不干净", "消防通道堵了"]
    categories = ["0101", "0301", "0601", "1201", "1001"]
    facts = {
        "text": f"{texts[n % 5]}{n}",
        "category": categories[n % 5],
        "external_id": f"matter-{n}",
        "source": "city_app",
        "address": f"{n} 号",
    }
    return file_report(**{**facts, **given})


def test_each_starts_where_their_work_is(
    browse: As,
    operator: Person,
    street_supervisor: Person,
    leader: Person,
    handler: Person,
    lamp_case: Incident,
) -> None:
    expected = {
        operator: at("handover"),
        street_supervisor: at("handover", PINGHU),
        leader: at("wall"),
    }
    for who, where in expected.items():
        assert browse(who).get(reverse("centre")).headers["Location"] == where
    assert browse(handler).get(reverse("centre")).status_code == 403
    station = person("station", Role.HANDLER, "longgang/c001")
    assert browse(station).get(reverse("centre")).headers["Location"].endswith("/handover/")


def test_the_menu_counts_notes_that_wait_for_me(browse: As, operator: Person, dispatcher: Person) -> None:
    browse(operator).post(at("handover-write"), {"words": "平静"})

    def count(who: Person) -> str:
        nav = browse(who).get(reverse("cases")).context["nav"]
        found: str = next(item["count"] for item in nav if item["url"] == reverse("centre"))
        return found

    assert (count(operator), count(dispatcher)) == ("", "1")
    browse(dispatcher).post(at("handover-take", DISTRICT, Handover.objects.get().pk))
    assert count(dispatcher) == ""


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("board", {"operator", "dispatcher", "supervisor", "leader"}),
        ("handover", {"operator", "dispatcher", "supervisor", "leader"}),
        ("shares", {"operator", "dispatcher", "supervisor"}),
        ("quality", {"operator", "dispatcher", "supervisor", "leader"}),
    ],
)
def test_whoever_has_no_business_there_gets_403(
    browse: As,
    operator: Person,
    dispatcher: Person,
    supervisor: Person,
    leader: Person,
    handler: Person,
    street_supervisor: Person,
    steward: Person,
    name: str,
    allowed: set[str],
) -> None:
    people = [operator, dispatcher, supervisor, leader, handler, street_supervisor, steward]
    opened = {who.user.username for who in people if browse(who).get(at(name)).status_code == 200}
    assert opened == allowed


def test_a_form_keeps_what_was_typed_and_says_what_is_missing(
    browse: As, operator: Person, desk_case: Incident, now: SetClock
) -> None:
    now.at = desk_case.due_at
    client = browse(operator)
    empty = client.post(at("handover-write"), {"words": " ", "keep": [desk_case.number]})
    assert empty.status_code == 400
    assert "words" in empty.context["form"].errors
    wrong = client.post(at("handover-write"), {"words": "都好", "more": "20200101-000001"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (400, ["more"])
    assert "都好" in wrong.content.decode()
    assert wrong.context["groups"][0]["rows"][0]["chosen"] is False  # the box that was not ticked stays so
    assert not Handover.objects.exists()
    # A case that has left the list meanwhile is no error: it simply is not open any more.
    done = client.post(at("handover-write"), {"words": "都好", "keep": ["20200101-000001"]})
    assert done.status_code == 302
    assert not Handover.objects.get().cases.exists()


def test_a_note_tells_what_was_left_and_what_became_of_it(
    browse: As, operator: Person, dispatcher: Person, desk_case: Incident, now: SetClock
) -> None:
    now.at = desk_case.due_at
    browse(operator).post(at("handover-write"), {"words": "见附件", "keep": [desk_case.number]})
    actions.dispatch(
        number=desk_case.number,
        item_code="0204-001",
        unit_code=LAMP_UNIT,
        actor=operator.actor,
        at=now.at,
    )
    page = browse(dispatcher).get(at("handover"))
    note = page.context["notes"][0]
    assert (note["waits"], note["may_take"], note["left"]) == (True, True, 1)
    assert note["rows"][0]["moved"] is True
    assert browse(operator).get(at("handover")).context["notes"][0]["may_take"] is False


def test_a_handover_gives_no_words_of_a_case_that_its_reader_may_not_open(
    browse: As, dispatcher: Person
) -> None:
    tip = file_report(urgency="emergency", nature="tip_off", text="举报某仓库藏着爆炸物,请保密")
    code = tip.community_code
    unit = OrgUnit.objects.get(kind=OrgUnit.Kind.COMMUNITY_STATION, area_code=code)
    station = browse(person("station", Role.HANDLER, unit.code))
    assert station.get(reverse("case", args=[tip.number])).status_code == 404
    assert station.get(at("handover-write", code)).context["groups"] == []
    asked = station.post(at("handover-write", code), {"words": "平静", "more": tip.number})
    assert (asked.status_code, list(asked.context["form"].errors)) == (400, ["more"])
    # It went along when the station still had it.
    words = Text.objects.create(body="平静", created_at=TUESDAY)
    note = Handover.objects.create(
        unit=unit,
        words=words,
        written_at=TUESDAY,
        written_by=dispatcher.user,
        open_count=1,
        overdue_count=0,
        desk_count=0,
        emergency_count=1,
    )
    HandoverCase.objects.create(handover=note, incident=tip, why="picked", status=tip.status)
    shown = station.get(at("handover", code))
    (row,) = shown.context["notes"][0]["rows"]
    assert (row["url"], row["title"]) == ("", tip.category.name if tip.category else "")
    assert tip.number in shown.content.decode()
    assert "举报某仓库" not in shown.content.decode()


def test_shares_are_set_on_the_page_and_refused_where_wrong(
    browse: As, operator: Person, dispatcher: Person, supervisor: Person
) -> None:
    on_shift(operator)
    client = browse(supervisor)
    fields = {f"weight_{operator.user.pk}": "2", f"weight_{dispatcher.user.pk}": "1"}
    assert client.post(at("shares"), fields).status_code == 302
    assert QueueShare.objects.count() == 2
    wrong = client.post(at("shares"), {**fields, f"weight_{operator.user.pk}": "12"})
    assert wrong.status_code == 400
    assert client.post(at("shares"), {}).status_code == 302  # emptied: nobody shares
    assert not QueueShare.objects.exists()
    assert browse(operator).post(at("shares"), fields).status_code == 403
    share(operator)
    browse(operator).post(at("share-away", DISTRICT, operator.user.pk), {"away": "on"})
    assert QueueShare.objects.get().away_since is not None
    browse(operator).post(at("share-away", DISTRICT, operator.user.pk))
    assert QueueShare.objects.get().away_since is None


def test_the_desk_opens_what_is_ones_own(
    browse: As, operator: Person, dispatcher: Person, now: SetClock
) -> None:
    now.at = TUESDAY
    for n in range(8):
        file_report(place=NOWHERE, category=None, address="", text=f"说不清的事{n}", external_id=f"own-{n}")
    # what burns would be everybody's
    Incident.objects.update(urgency="routine", due_at=TUESDAY + timedelta(hours=2))
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    first = browse(operator).get(reverse("desk")).context["case"]
    second = browse(dispatcher).get(reverse("desk")).context["case"]
    assert first is not None
    assert first != second


@pytest.fixture
def samples(operator: Person, supervisor: Person, now: SetClock) -> list[QualitySample]:
    for who in (operator, supervisor):
        for n in range(2):
            case = file_report(
                place=NOWHERE, category=None, address="", text=f"说不清{n}", external_id=f"{who.user}-{n}"
            )
            actions.dispatch(
                number=case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=who.actor, at=TUESDAY
            )
    now.at = MONDAY_AFTER
    quality.draw(week=quality.last_week(now.at), at=now.at)
    return list(QualitySample.objects.order_by("pk"))


def test_operators_see_their_own_samples_only(
    browse: As, operator: Person, supervisor: Person, leader: Person, samples: list[QualitySample]
) -> None:
    seen = {
        who.user: {row["sample"].operator for row in browse(who).get(at("quality")).context["rows"]}
        for who in (operator, supervisor, leader)
    }
    assert seen[operator.user] == {operator.user}
    assert seen[supervisor.user] == seen[leader.user] == {operator.user, supervisor.user}
    theirs = next(one for one in samples if one.operator == supervisor.user)
    assert browse(operator).get(at("quality-sample", DISTRICT, theirs.pk)).status_code == 404
    assert browse(operator).post(at("quality-draw")).status_code == 403


def test_a_judgement_leads_to_the_next_one_that_is_not_ones_own(
    browse: As, operator: Person, supervisor: Person, samples: list[QualitySample]
) -> None:
    mine = [one for one in samples if one.operator == supervisor.user]
    first, second = (one for one in samples if one.operator == operator.user)
    client = browse(supervisor)
    yes = {"right_unit": "yes", "right_words": "yes", "right_limit": "yes"}
    assert client.post(at("quality-sample", DISTRICT, mine[0].pk), yes).status_code == 403
    missing = client.post(at("quality-sample", DISTRICT, first.pk), {**yes, "right_limit": ""})
    assert (missing.status_code, list(missing.context["form"].errors)) == (400, ["right_limit"])
    silent = client.post(at("quality-sample", DISTRICT, first.pk), {**yes, "right_unit": "no"})
    assert (silent.status_code, list(silent.context["form"].errors)) == (400, ["note"])
    following = client.post(at("quality-sample", DISTRICT, first.pk), {**yes, "right_limit": "none"})
    assert following.headers["Location"].startswith(at("quality-sample", DISTRICT, second.pk))
    again = client.get(at("quality-sample", DISTRICT, first.pk)).context["form"]
    assert (again["right_unit"].value(), again["right_limit"].value()) == ("yes", "none")
    over = client.post(at("quality-sample", DISTRICT, second.pk), yes)
    assert over.headers["Location"].startswith(at("quality"))
    assert browse(operator).get(at("quality-sample", DISTRICT, first.pk)).context["may_score"] is False


@pytest.mark.parametrize(
    ("name", "pinned"), [("board", 14), ("line", 15), ("handover", 19), ("shares", 15), ("quality", 15)]
)
def test_a_page_costs_the_same_with_three_rows_and_with_thirty(
    browse: As,
    supervisor: Person,
    operator: Person,
    now: SetClock,
    django_assert_num_queries: Callable[..., Any],
    name: str,
    pinned: int,
) -> None:
    def fill(numbers: range) -> None:
        for n in numbers:
            made = matter(n)
            other = person(f"person-{n}", Role.OPERATOR, "operations-centre")
            note = Handover.objects.create(
                unit_id="operations-centre",
                words=made.text,
                written_at=TUESDAY,
                written_by=other.user,
                open_count=1,
                overdue_count=0,
                desk_count=0,
                emergency_count=0,
            )
            note.cases.create(incident=made, why="picked", status=made.status)
            share(other)
            QualitySample.objects.create(
                unit_id="operations-centre",
                operator=other.user,
                week=quality.last_week(now.at),
                position=1,
                incident=made,
                deed="dispatched",
                done_at=TUESDAY,
                sent_to=LAMP_UNIT,
                drawn_at=TUESDAY,
            )

    now.at = MONDAY_AFTER
    address = at(name, DISTRICT, "city") if name == "line" else at(name)
    client = browse(supervisor)
    fill(range(3))
    client.get(address)
    with django_assert_num_queries(pinned):
        client.get(address)
    fill(range(3, 30))
    with django_assert_num_queries(pinned):
        client.get(address)
