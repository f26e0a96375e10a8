"""What the desk and the centre see of likeness: candidates and why, how a report joined and its way out,
callers and spots that come again, and how joining by itself turns out."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from grids.locate import locate
from incidents import actions
from incidents.alike import again
from incidents.intake import Reporter
from incidents.models import Incident
from tests.browsers import As
from tests.cast import LAMP_POINT, LAMP_TEXT, NOWHERE, TUESDAY, Person, file_report, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def lamp(**given: Any) -> Incident:
    return file_report(**{"joins": "", "nature": "enquiry", **given})


def joined(case: Incident, count: int, prefix: str = "again") -> None:
    for n in range(count):
        assert file_report(external_id=f"{prefix}-{n}") == case


def test_candidates_say_why_and_m_merges_into_the_likest(browse: As, operator: Person) -> None:
    likest = lamp(text="植物园路第三根灯杆的灯坏了，一片漆黑")
    other = lamp(text="植物园路第五根路灯不亮")
    case = lamp(text="植物园路从公交站数第三根路灯坏了不亮")
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[case.number]))
    first, second = page.context["similar"]
    assert (first["case"], second["case"]) == (likest, other)
    assert first["alike"].names == ("植物园路",)
    assert first["alike"].likeness.numbers == ("3",)
    assert second["alike"].likeness.against == ("numbers",)
    assert ("植物园路第三根", True) in first["alike"].pieces or ("植物园路", True) in first["alike"].pieces
    assert b'data-key="m"' in page.content
    merged = {"into": likest.number, "seen_version": case.version}
    client.post(reverse("desk-merge", args=[case.number]), merged)
    assert reload(case).merged_into == likest
    client.post(reverse("case-act", args=[case.number, "unmerge"]))
    assert reload(case).status == "triage"


def test_without_a_point_the_same_place_is_enough(browse: As, operator: Person) -> None:
    here = locate(lon=LAMP_POINT[0], lat=LAMP_POINT[1])
    text = "植物园路公交站后面水管爆了"
    earlier = lamp(text=text, category="0503", nature="complaint")
    case = lamp(text=f"请问{text}什么时候修", category="0503", place=locate(area=here.community))
    page = browse(operator).get(reverse("desk-case", args=[case.number]))
    (row,) = page.context["similar"]
    assert (row["case"], row["alike"].metres) == (earlier, None)


def test_a_report_that_joined_wrongly_is_taken_out_from_the_page_in_two_steps(
    browse: As, operator: Person, handler: Person
) -> None:
    case = file_report()
    joined(case, 1)
    stray = case.links.order_by("pk").last().report  # type: ignore[union-attr]
    page = browse(operator).get(reverse("case", args=[case.number])).content.decode()
    assert page.count('class="take-out"') == 1
    assert f'name="report" value="{stray.pk}"' in page
    answer = browse(operator).post(reverse("desk-split", args=[case.number]), {"report": stray.pk})
    own = stray.links.get(unlinked_at=None).incident
    assert answer.headers["Location"].startswith(reverse("desk-case", args=[own.number]))
    assert (own.text, reload(case).report_count) == (stray.text, 1)
    # Whoever handles it sees neither how it came nor a way to take it out.
    assert b'class="take-out"' not in browse(handler).get(reverse("case", args=[case.number])).content


def test_a_number_that_calls_again_and_a_spot_told_of_again(browse: As, operator: Person) -> None:
    who = Reporter(name="王小明", phone="13812342207")
    lamp(at=TUESDAY - 60 * DAY, text="井盖响", place=NOWHERE, reporter=who)
    lamp(at=TUESDAY - 5 * DAY, text="垃圾没人收", category="0101", reporter=who)
    lamp(at=TUESDAY - 40 * DAY, reporter=Reporter(phone="13900000001"))
    case = lamp(reporter=who)
    told = again([case])[case.pk]
    assert (told.by_number, told.by_number_longer, told.at_spot, told.nth_at_spot) == (1, 2, 1, 2)
    client = browse(operator)
    (row,) = [row for row in client.get(reverse("desk")).context["rows"] if row["case"] == case]
    assert row["again"] == told
    assert client.get(reverse("desk-case", args=[case.number])).context["again"] == told
    assert client.get(reverse("case", args=[case.number])).context["again"] == told


@pytest.mark.parametrize(
    "hidden",
    [{"nature": "tip_off"}, {"category": "1501"}, {"attributes": {"confidential": True}}],
    ids=["tip-off", "wages", "confidential letter"],
)
@pytest.mark.parametrize("comes_first", [True, False])
def test_nobody_learns_by_the_number_who_is_protected(hidden: dict[str, Any], comes_first: bool) -> None:
    first, second = ({}, hidden) if not comes_first else (hidden, {})
    lamp(at=TUESDAY - DAY, place=NOWHERE, **first)
    case = lamp(place=NOWHERE, **second)
    assert again([case]) == {}


def test_a_unit_is_not_told_who_calls_again(browse: As, handler: Person) -> None:
    file_report(at=TUESDAY - DAY, joins="")
    case = file_report(joins="")
    assert browse(handler).get(reverse("case", args=[case.number])).context["again"] is None


def test_what_was_taken_out_again_is_counted(
    browse: As, operator: Person, supervisor: Person, now: SetClock
) -> None:
    case = file_report()
    joined(case, 4)
    now.at = TUESDAY + DAY
    page = browse(supervisor).get(reverse("joins"))
    assert (page.context["total"].joined, page.context["total"].taken_out, page.context["rows"]) == (4, 0, [])
    stray = case.links.order_by("pk").last().report_id  # type: ignore[union-attr]
    own = actions.split(number=case.number, reports=[stray], actor=operator.actor, at=TUESDAY + DAY / 2)
    # Merging moves reports on, and says nothing of how they joined.
    third = file_report(place=NOWHERE, text="灯杆歪了", joins="")
    actions.merge(number=case.number, into=third.number, actor=operator.actor, at=TUESDAY + DAY / 2)
    page = browse(supervisor).get(reverse("joins"))
    assert (page.context["total"].taken_out, page.context["total"].precision) == (1, 0.75)
    (row,) = page.context["rows"]
    assert (row["link"].report_id, row["link"].incident) == (stray, case)
    assert "".join(words for words, _both in row["pieces"]) == LAMP_TEXT
    assert own.report_count == 1
    assert browse(operator).get(reverse("joins")).status_code == 403


def test_the_page_costs_the_same_for_three_and_for_thirty(
    browse: As, operator: Person, supervisor: Person, now: SetClock, django_assert_num_queries: Any
) -> None:
    case = file_report()
    client = browse(supervisor)
    now.at = TUESDAY + DAY

    def taken_out(count: int, prefix: str) -> None:
        joined(case, count, prefix)
        for link in case.links.filter(unlinked_at=None, how="same"):
            actions.split(number=case.number, reports=[link.report_id], actor=operator.actor, at=TUESDAY)

    taken_out(3, "few")
    client.get(reverse("joins"))
    with django_assert_num_queries(17):
        assert len(client.get(reverse("joins")).context["rows"]) == 3
    taken_out(9, "many")
    with django_assert_num_queries(17):
        assert len(client.get(reverse("joins")).context["rows"]) == 12
