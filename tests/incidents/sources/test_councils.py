"""A block's council: its issues become cases, and their progress comes back to it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import OrgUnit, User
from accounts.roles import Role
from grids.models import Area
from incidents import blocks, seeing
from incidents.errors import InvalidInput
from incidents.models import CouncilMeeting, Incident, Report
from incidents.sources import council_life, councils
from tests.cast import TUESDAY, Person, person
from tests.incidents.resident.conftest import Hands

AREA = "440307016006"  # 南联社区
ISSUES = (
    councils.Issue("三巷路灯坏了，晚上看不清路", "植物园路"),
    councils.Issue("垃圾桶边上总有装修垃圾没人清"),
    councils.Issue("儿童游乐场的秋千链子断了"),
)
LIST_QUERIES, PAGE_QUERIES = 18, 16


def as_person(one: Person) -> Client:
    client = Client()
    client.force_login(one.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def meeting(**given: Any) -> councils.Meeting:
    told = {"key": "k-1", "area": AREA, "held_at": TUESDAY - timedelta(hours=14), "attendance": 12}
    return councils.Meeting(**{**told, "issues": ISSUES, **given})


def test_each_issue_becomes_a_report_of_the_council(operator: Person) -> None:
    kept = councils.hold(meeting(minutes="下次会议七月底"), user=operator.user, at=TUESDAY)
    reports = list(Report.objects.order_by("pk"))
    assert [(one.source, one.text.body) for one in reports] == [("council", one.text) for one in ISSUES]
    assert {case.community_code for case in Incident.objects.all()} == {AREA}
    assert [issue.report for issue in kept.issues.all()] == reports


@pytest.fixture
def east(db: None) -> Iterator[Area]:
    """Three cells of the community are a block, and one is another."""
    cells = list(Area.objects.cells().filter(parent=AREA).order_by("code")[:4])
    codes = [cell.code for cell in cells]
    blocks.cut(name_zh="西区街区", name_en="West block", cells=codes[3:], by=None, at=TUESDAY)
    yield blocks.cut(name_zh="东区街区", name_en="East block", cells=codes[:3], by=None, at=TUESDAY)
    blocks.forget()


def test_what_a_blocks_council_raises_lies_in_its_block(operator: Person, east: Area) -> None:
    head = person("head", Role.PATROL, "longgang/grid-station", "张街区")
    street = person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations")
    blocks.name(area_code=east.code, role="head", user_id=head.user.pk, by=street.user, at=TUESDAY)
    issues = (councils.Issue("路灯坏了"), councils.Issue("垃圾没人清", "三巷口"))
    councils.hold(meeting(area=east.code, issues=issues), user=operator.user, at=TUESDAY)
    for case in Incident.objects.all():
        assert blocks.block_of(case.cell_code) == east.code
        assert (case.community_code, case.lon, case.lat) == (AREA, None, None)
        assert seeing.can_see(head.user, case)
        page = as_person(operator).get(f"/cases/{case.number}/")
        assert page.context["somewhere_in_block"]
        assert all(words in page.content.decode() for words in ("东区街区", "张街区"))


def test_an_issue_whose_words_say_where_it_is_goes_there(operator: Person, east: Area) -> None:
    elsewhere = Area.objects.communities().exclude(pk=AREA).filter(code__startswith=AREA[:9]).first()
    assert elsewhere is not None
    issues = (councils.Issue("路灯坏了", "西区街区门口"), councils.Issue("井盖松了", elsewhere.name_zh))
    kept = councils.hold(meeting(area=east.code, issues=issues), user=operator.user, at=TUESDAY)
    west, other = (issue.report.links.get().incident for issue in kept.issues.order_by("position"))
    assert blocks.block_of(west.cell_code) not in ("", east.code)
    assert (other.cell_code, other.community_code == AREA) == ("", False)
    # And the community's own council has no block.
    councils.hold(meeting(issues=(councils.Issue("秋千断了"),), key="k-2"), user=operator.user, at=TUESDAY)
    assert Incident.objects.order_by("pk").last().cell_code == ""  # type: ignore[union-attr]


def test_the_same_form_again_goes_on_where_it_broke_off(operator: Person) -> None:
    councils.hold(meeting(issues=ISSUES[:1]), user=operator.user, at=TUESDAY)
    councils.hold(meeting(), user=operator.user, at=TUESDAY)
    councils.hold(meeting(), user=operator.user, at=TUESDAY)
    assert (CouncilMeeting.objects.count(), Report.objects.count()) == (1, 3)


def test_a_meeting_is_written_down_in_the_browser_and_read_again(operator: Person) -> None:
    told = {
        "area": AREA,
        "held_at": "2026-07-06T20:00",
        "attendance": "12",
        "issue": ["三巷路灯坏了", "", "秋千链子断了"],
        "issue_address": ["植物园路", "", ""],
    }
    answer = as_person(operator).post("/councils/new/", told)
    assert answer.status_code == 302, answer.content.decode()
    page = as_person(operator).get(answer["Location"]).content.decode()
    assert "三巷路灯坏了" in page
    assert all(case.number in page for case in Incident.objects.all())


def test_what_was_typed_stays_where_something_is_wrong(operator: Person) -> None:
    told = {"area": AREA, "held_at": "", "attendance": "12", "issue": ["秋千链子断了"], "issue_address": [""]}
    answer = as_person(operator).post("/councils/new/", told)
    assert answer.status_code == 400
    assert "秋千链子断了" in answer.content.decode()
    assert not CouncilMeeting.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"area": "440307999999"}, "area", "unknown"),
        ({"area": "440307016"}, "area", "unknown"),
        ({"held_at": TUESDAY + timedelta(hours=1)}, "held_at", "future"),
        ({"attendance": 0}, "attendance", "range"),
        ({"issues": ()}, "issues", "required"),
        ({"issues": ISSUES * 11}, "issues", "too_many"),
        ({"issues": (ISSUES[0], councils.Issue("", "植物园路"))}, "issues.1", "required"),
        ({"issues": (councils.Issue("字" * 1_001),)}, "issues.0", "max_length"),
    ],
)
def test_what_breaks_a_rule(operator: Person, given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        councils.hold(meeting(**given), user=operator.user, at=TUESDAY)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not CouncilMeeting.objects.exists()


def test_a_street_keeps_and_reads_its_own_councils_alone(
    operator: Person, street_supervisor: Person, handler: Person
) -> None:
    kept = councils.hold(meeting(), user=operator.user, at=TUESDAY)
    own = person("own", Role.SUPERVISOR, "longgang/operations")
    assert {area.code[:9] for area in councils.areas_of(own.user)} == {AREA[:9]}
    found = [councils.meetings_of(one.user).count() for one in (own, street_supervisor, operator)]
    assert found == [1, 0, 1]
    assert as_person(own).get(f"/councils/{kept.pk}/").status_code == 200
    assert as_person(street_supervisor).get(f"/councils/{kept.pk}/").status_code == 404
    assert as_person(handler).get("/councils/").status_code == 403
    OrgUnit.objects.filter(code="longgang/operations").update(area_code="")
    nowhere = User.objects.get(pk=own.user.pk)
    assert (councils.areas_of(nowhere).count(), councils.meetings_of(nowhere).count()) == (0, 0)


@pytest.mark.parametrize(
    ("role", "unit", "reads"),
    [
        (Role.LEADER, "lighting-company", False),
        (Role.SUPERVISOR, "urban-management", False),
        (Role.PATROL, "lighting-company", False),
        (Role.LEADER, "longgang/enforcement", False),
        (Role.LEADER, "longgang", True),
        (Role.PATROL, "longgang/grid-station", True),
        (Role.LEADER, "longgang/c006", True),  # its own community's station
        (Role.LEADER, "longgang/c001", False),
    ],
)
def test_who_stands_in_no_street_has_no_council(operator: Person, role: Role, unit: str, reads: bool) -> None:
    """Companies and departments stand in the district by their area's code, and sit with nobody."""
    kept = councils.hold(meeting(), user=operator.user, at=TUESDAY)
    client = as_person(person("somebody", role, unit))
    expected = 200 if reads else 404
    assert client.get(f"/councils/{kept.pk}/").status_code == expected
    assert client.get(f"/councils/area/{AREA}/").status_code == expected
    posted = client.post(f"/councils/area/{AREA}/members/", {"name": "王", "duty": "member"})
    assert posted.status_code == (302 if reads else 404)


def test_an_issue_that_was_refused_is_mended_and_the_others_are_not_filed_twice(operator: Person) -> None:
    told = {
        "area": AREA,
        "held_at": "2026-07-06T20:00",
        "attendance": "12",
        "issue": ["三巷路灯坏了", "坏\x00了", "秋千链子断了"],
        "issue_address": ["", "", ""],
        "submission": str(uuid4()),
    }
    client = as_person(operator)
    refused = client.post("/councils/new/", told)
    assert refused.status_code == 400
    kept = CouncilMeeting.objects.get()
    assert refused.context["resumes"] == kept.pk
    mended = {**told, "issue": ["三巷路灯坏了", "滑梯坏了", "秋千链子断了"], "resumes": str(kept.pk)}
    assert client.post("/councils/new/", mended)["Location"] == f"/councils/{kept.pk}/"
    words = list(Report.objects.order_by("pk").values_list("text__body", flat=True))
    assert words == ["三巷路灯坏了", "滑梯坏了", "秋千链子断了"]
    other = person("other", Role.OPERATOR, "operations-centre")
    assert as_person(other).post("/councils/new/", mended).status_code == 409


@pytest.mark.parametrize("is_planned", [False, True])
def test_a_process_that_died_is_gone_on_with_by_who_began(
    operator: Person, supervisor: Person, hands: Hands, is_planned: bool
) -> None:
    """It had filed the first issue; the form that comes next is worded anew, and so has another key."""
    held = TUESDAY + timedelta(days=7)
    planned = (
        council_life.plan(
            area=AREA, held_at=held, agenda="停车", key="p-1", user=operator.user, at=TUESDAY
        ).pk
        if is_planned
        else None
    )
    hands.at = held + timedelta(hours=3)
    first = meeting(issues=ISSUES[:1], held_at=held, planned=planned)
    kept = councils.hold(first, user=operator.user, at=hands.at)
    told = {
        "area": AREA,
        "held_at": timezone.localtime(held).strftime("%Y-%m-%dT%H:%M"),
        "attendance": "12",
        "issue": [issue.text for issue in ISSUES],
        "issue_address": [issue.address for issue in ISSUES],
        "submission": str(uuid4()),
        **({"planned": str(planned)} if planned else {}),
    }
    client = as_person(operator)
    refused = client.post("/councils/new/", told)
    assert refused.status_code == 409
    assert f'name="resumes" value="{kept.pk}"' in refused.content.decode()
    assert [line["is_filed"] for line in refused.context["lines"]][:4] == [True, False, False, False]
    assert refused.content.decode().count(" readonly") == 2  # its words, and its place
    done = client.post("/councils/new/", {**told, "resumes": str(kept.pk)})
    assert done["Location"] == f"/councils/{kept.pk}/"
    assert (CouncilMeeting.objects.count(), Report.objects.count()) == (1, len(ISSUES))
    other = as_person(supervisor).post("/councils/new/", {**told, "submission": str(uuid4())})
    assert other.status_code == 409
    assert 'name="resumes"' not in other.content.decode()
    assert f'href="/councils/{kept.pk}/"' in other.content.decode()


def test_what_is_filed_is_shown_as_filed_where_another_line_is_mended(operator: Person) -> None:
    told = {
        "area": AREA,
        "held_at": "2026-07-06T20:00",
        "attendance": "12",
        "issue": ["三巷路灯坏了", "坏\x00了"],
        "issue_address": ["", ""],
        "submission": str(uuid4()),
    }
    refused = as_person(operator).post("/councils/new/", told)
    assert refused.status_code == 400
    assert [line["is_filed"] for line in refused.context["lines"]][:3] == [True, False, False]


def test_the_pages_ask_as_much_for_many_as_for_few(operator: Person) -> None:
    client = as_person(operator)

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    earlier = {"key": "k-0", "held_at": TUESDAY - timedelta(days=30)}
    councils.hold(meeting(issues=ISSUES[1:2], **earlier), user=operator.user, at=TUESDAY)
    first = councils.hold(meeting(issues=ISSUES[:1]), user=operator.user, at=TUESDAY)
    few = cost("/councils/"), cost(f"/councils/{first.pk}/")
    texts = tuple(councils.Issue(f"第{index}号楼的井盖松了") for index in range(10))
    for index in range(3):
        later = {"key": f"k-{index + 2}", "held_at": TUESDAY - timedelta(hours=12 - index)}
        last = councils.hold(meeting(issues=texts, **later), user=operator.user, at=TUESDAY)
    assert (cost("/councils/"), cost(f"/councils/{last.pk}/")) == few == (LIST_QUERIES, PAGE_QUERIES)
