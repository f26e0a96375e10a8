"""A council between its meetings: members, agenda, what came of the last time, and its figures."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from incidents import actions
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CouncilMeeting, CouncilMember, Incident, Report
from incidents.models.incident import ResolutionOutcome
from incidents.sources import council_life, councils
from tests.cast import LAMP_UNIT, TUESDAY, Person, person, reload
from tests.incidents.resident.conftest import Hands
from tests.incidents.sources.test_councils import AREA, ISSUES, as_person, meeting

pytestmark = pytest.mark.django_db


def close(incident: Incident, *, at: Any) -> None:
    """Its unit settles it, and the check agrees."""
    actions.accept(number=incident.number, actor=SYSTEM, at=TUESDAY)
    done = {"outcome": ResolutionOutcome.SOLVED, "text": "已换新", "attested": True}
    actions.resolve(number=incident.number, actor=SYSTEM, at=at, **done)
    if Incident.objects.get(pk=incident.pk).status != "closed":
        actions.verify(number=incident.number, fixed=True, actor=SYSTEM, at=at)


@pytest.fixture
def first(operator: Person) -> CouncilMeeting:
    """Three issues were raised on the evening before."""
    return councils.hold(meeting(), user=operator.user, at=TUESDAY)


def sent_one(kept: CouncilMeeting) -> Incident:
    """The issue about the lamp, sent to its unit."""
    case = kept.issues.get(position=1).report.links.get().incident
    if case.status == "triage":
        sent = {"item_code": "0204-001", "unit_code": LAMP_UNIT, "reason": "路灯"}
        actions.dispatch(number=case.number, actor=SYSTEM, at=TUESDAY, **sent)
    return reload(case)


# --- members --------------------------------------------------------------------------------------


def test_members_come_and_go_and_their_names_are_sealed(operator: Person) -> None:
    added = {"area": AREA, "user": operator.user, "at": TUESDAY}
    chair = council_life.add_member(name="王秀英", duty="chair", **added)
    council_life.add_member(name="陈建国", duty="member", **added)
    assert council_life.add_member(name="王秀英", duty="chair", **added) == chair  # twice is once
    assert [one.name for one in council_life.members_of(AREA)] == ["王秀英", "陈建国"]
    assert b"\xe7\x8e\x8b" not in bytes(CouncilMember.objects.get(pk=chair.pk).name_sealed)
    council_life.end_member(area=AREA, member=chair.pk, user=operator.user, at=TUESDAY)
    assert [one.name for one in council_life.members_of(AREA)] == ["陈建国"]


@pytest.mark.parametrize(
    ("name", "duty", "field"), [("", "member", "name"), ("字" * 41, "member", "name"), ("王", "king", "duty")]
)
def test_what_breaks_a_rule_of_members(operator: Person, name: str, duty: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        council_life.add_member(area=AREA, name=name, duty=duty, user=operator.user, at=TUESDAY)
    assert refused.value.field == field


def test_another_streets_council_is_not_touched(street_supervisor: Person) -> None:
    with pytest.raises(ActionRefused):
        council_life.add_member(area=AREA, name="王", duty="member", user=street_supervisor.user, at=TUESDAY)
    client = as_person(street_supervisor)
    assert client.get(f"/councils/area/{AREA}/").status_code == 404
    assert client.post(f"/councils/area/{AREA}/members/", {"name": "王"}).status_code == 404


def test_who_came_is_ticked_and_shown(operator: Person) -> None:
    chair = council_life.add_member(area=AREA, name="王秀英", duty="chair", user=operator.user, at=TUESDAY)
    told = {
        "area": AREA,
        "council": AREA,
        "held_at": "2026-07-06T20:00",
        "attendance": "12",
        "present": [str(chair.pk)],
        "issue": ["秋千链子断了"],
        "issue_address": [""],
    }
    client = as_person(operator)
    assert "王秀英" in client.get(f"/councils/new/?area={AREA}").content.decode()
    answered = client.post("/councils/new/", told)
    assert answered.status_code == 302, answered.content.decode()
    assert "王秀英" in client.get(answered["Location"]).content.decode()


def test_more_members_than_people_are_refused(operator: Person) -> None:
    known = [
        council_life.add_member(area=AREA, name=name, duty="member", user=operator.user, at=TUESDAY).pk
        for name in ("王", "陈", "李")
    ]
    with pytest.raises(InvalidInput) as refused:
        councils.hold(meeting(attendance=2, present=known), user=operator.user, at=TUESDAY)
    assert refused.value.field == "attendance"


# --- the agenda -----------------------------------------------------------------------------------


def plan(operator: Person, **given: Any) -> CouncilMeeting:
    told = {"area": AREA, "held_at": TUESDAY + timedelta(days=7), "agenda": "1. 停车\n2. 路灯", "key": "p-1"}
    return council_life.plan(**{**told, **given}, user=operator.user, at=TUESDAY)


def test_a_planned_meeting_is_written_down_once(operator: Person) -> None:
    planned = plan(operator)
    assert plan(operator) == planned
    after = TUESDAY + timedelta(days=8)
    told = meeting(key="w-1", planned=planned.pk, held_at=TUESDAY + timedelta(days=7))
    for _press in range(2):
        kept = councils.hold(told, user=operator.user, at=after)
    assert (kept.pk, kept.attendance, kept.agenda.body) == (planned.pk, 12, "1. 停车\n2. 路灯")
    assert (CouncilMeeting.objects.count(), kept.issues.count()) == (1, len(ISSUES))
    with pytest.raises(ActionRefused):
        councils.hold(meeting(key="w-2", planned=planned.pk), user=operator.user, at=after)


def write_down(operator: Person, planned: CouncilMeeting, **given: Any) -> dict[str, Any]:
    """The form of its evening, as the page sends it."""
    told = {"area": AREA, "planned": str(planned.pk), "held_at": "2026-07-14T10:00", "attendance": "9"}
    return {**told, "issue": ["秋千链子断了"], "issue_address": [""], **given}


def test_a_second_person_who_writes_it_down_is_shown_the_first_ones(
    operator: Person, supervisor: Person, hands: Hands
) -> None:
    planned = plan(operator)
    hands.at = TUESDAY + timedelta(days=8)
    assert as_person(operator).post("/councils/new/", write_down(operator, planned)).status_code == 302
    second = as_person(supervisor).post("/councils/new/", write_down(operator, planned, attendance="10"))
    assert second.status_code == 409
    assert f'href="/councils/{planned.pk}/"' in second.content.decode()
    assert (CouncilMeeting.objects.count(), Report.objects.count()) == (1, 1)
    opened = as_person(supervisor).get(f"/councils/new/?planned={planned.pk}")
    assert opened["Location"] == f"/councils/{planned.pk}/"


def test_the_form_that_planned_it_plans_no_other_when_it_is_over(operator: Person) -> None:
    planned = plan(operator)
    after = TUESDAY + timedelta(days=8)
    told = meeting(key="w-1", planned=planned.pk, held_at=TUESDAY + timedelta(days=7))
    councils.hold(told, user=operator.user, at=after)
    assert plan(operator) == planned
    assert CouncilMeeting.objects.count() == 1


def test_a_planned_meeting_without_a_new_issue_is_written_down(operator: Person, hands: Hands) -> None:
    planned = plan(operator)
    hands.at = TUESDAY + timedelta(days=8)
    told = write_down(operator, planned, issue=[""])
    assert as_person(operator).post("/councils/new/", told)["Location"] == f"/councils/{planned.pk}/"
    assert council_life.figures(operator.user, area=AREA).meetings == 1
    assert Report.objects.count() == 0


def test_a_meeting_that_did_not_take_place_is_said_so(operator: Person, hands: Hands) -> None:
    planned = plan(operator)
    client = as_person(operator)
    for _press in range(2):
        assert client.post(f"/councils/{planned.pk}/cancel/").status_code == 302
    planned.refresh_from_db()
    assert (planned.cancelled_at, planned.cancelled_by) == (hands.at, operator.user)
    assert not planned.is_planned
    assert council_life.figures(operator.user, area=AREA).meetings == 0
    hands.at = TUESDAY + timedelta(days=8)
    assert client.post("/councils/new/", write_down(operator, planned)).status_code == 409
    for address in ("/councils/", f"/councils/{planned.pk}/", f"/councils/area/{AREA}/"):
        assert client.get(address).status_code == 200


def test_what_was_held_is_not_cancelled_and_another_streets_neither(
    first: CouncilMeeting, operator: Person, street_supervisor: Person
) -> None:
    as_person(operator).post(f"/councils/{first.pk}/cancel/")
    first.refresh_from_db()
    assert first.cancelled_at is None
    assert as_person(street_supervisor).post(f"/councils/{first.pk}/cancel/").status_code == 404


def test_what_has_passed_is_not_planned(operator: Person) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(operator, held_at=TUESDAY - timedelta(hours=1))
    assert refused.value.field == "held_at"


def test_the_pages_of_a_council_go_one_into_the_other(operator: Person) -> None:
    client: Client = as_person(operator)
    answered = client.post(
        f"/councils/area/{AREA}/plan/", {"held_at": "2026-07-20T20:00", "agenda": "1. 停车"}
    )
    page = client.get(answered["Location"]).content.decode()
    assert "1. 停车" in page
    planned = CouncilMeeting.objects.get()
    form = client.get(f"/councils/new/?planned={planned.pk}").content.decode()
    assert "1. 停车" in form
    assert client.get(f"/councils/area/{AREA}/").status_code == 200
    assert client.post(f"/councils/area/{AREA}/plan/", {"held_at": "", "agenda": ""}).status_code == 400


# --- what comes back ------------------------------------------------------------------------------


def test_the_next_meeting_reads_what_became_of_the_last(first: CouncilMeeting, operator: Person) -> None:
    settled = sent_one(first)
    close(settled, at=TUESDAY + timedelta(days=1))
    planned = plan(operator)
    back = council_life.carried(planned, council_life.before(planned))
    assert {issue.meeting_id for issue in back} == {first.pk}
    assert len(back) == len(ISSUES)
    assert back[-1].report.links.get().incident_id == settled.pk  # what is open comes first
    page = as_person(operator).get(f"/councils/{planned.pk}/")
    assert [line["is_open"] for line in page.context["carried"]] == [True] * (len(ISSUES) - 1) + [False]


def test_what_was_settled_before_the_last_meeting_is_no_news(first: CouncilMeeting, operator: Person) -> None:
    settled = sent_one(first)
    close(settled, at=TUESDAY + timedelta(hours=1))
    week = TUESDAY + timedelta(days=7)
    councils.hold(meeting(key="k-2", held_at=week, issues=ISSUES[:1]), user=operator.user, at=week)
    third = plan(operator, held_at=TUESDAY + timedelta(days=14))
    reports = {issue.report_id for issue in council_life.carried(third, council_life.before(third))}
    assert settled.links.get().report_id not in reports


def test_an_old_meetings_page_stays_as_it_was(first: CouncilMeeting, operator: Person) -> None:
    case = sent_one(first)
    weeks = [TUESDAY + timedelta(days=7 * number) for number in (1, 2)]
    second, _third = (
        councils.hold(meeting(key=f"k-{at}", held_at=at, minutes="。", issues=()), user=operator.user, at=at)
        for at in weeks
    )
    close(case, at=TUESDAY + timedelta(days=20))  # long after the second's following meeting
    page = as_person(operator).get(f"/councils/{second.pk}/")
    assert [line["is_open"] for line in page.context["carried"]] == [True] * len(ISSUES)


def test_the_figures_count_each_issue_once(first: CouncilMeeting, operator: Person) -> None:
    plan(operator)  # not held yet
    close(sent_one(first), at=TUESDAY + timedelta(days=1))
    for area in ("", AREA):
        found = council_life.figures(operator.user, area=area)
        assert (found.meetings, found.raised, found.settled, found.in_hand) == (1, 3, 1, 2)
    other = person("pinghu", Role.SUPERVISOR, "pinghu/operations")
    assert council_life.figures(other.user).raised == 0


# --- what is read aloud ---------------------------------------------------------------------------


def test_numbers_in_issues_agenda_and_minutes_are_starred_on_every_page(
    operator: Person, hands: Hands
) -> None:
    number, identity = "13812342207", "440307199001011234"
    planned = plan(operator, agenda=f"请王阿姨到会，电话{number}")
    issue = councils.Issue(f"井盖松了，身份证{identity}，请打{number}")
    after = TUESDAY + timedelta(days=8)
    told = {"planned": planned.pk, "held_at": TUESDAY + timedelta(days=7), "issues": (issue,)}
    kept = councils.hold(meeting(**told, minutes=f"联系{number}"), user=operator.user, at=after)
    hands.at = after
    following = plan(operator, key="p-2", held_at=TUESDAY + timedelta(days=20))
    for address in (f"/councils/{kept.pk}/", f"/councils/{following.pk}/", f"/councils/area/{AREA}/"):
        page = as_person(operator).get(address).content.decode()
        assert "井盖松了" in page
        assert number not in page
        assert identity not in page
    page = as_person(operator).get(f"/councils/{kept.pk}/").content.decode()
    assert page.count("138****2207") >= 3
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "7月14日" in title
    assert "time" not in title


def test_the_next_meeting_reads_what_was_done(first: CouncilMeeting, operator: Person, hands: Hands) -> None:
    case = sent_one(first)
    hands.at = TUESDAY + timedelta(hours=5)
    actions.accept(number=case.number, actor=SYSTEM, at=TUESDAY)
    words = "灯泡已换新，住户陈志强13812342207在场"
    done = {"outcome": ResolutionOutcome.SOLVED, "text": words, "attested": True}
    actions.resolve(number=case.number, actor=SYSTEM, at=hands.at, **done)
    following = plan(operator)
    page = f"/councils/{following.pk}/"
    if reload(case).status != "closed":
        assert "灯泡已换新" not in as_person(operator).get(page).content.decode()
        actions.verify(number=case.number, fixed=True, actor=SYSTEM, at=hands.at)
    read = as_person(operator).get(page).content.decode()
    assert "灯泡已换新" in read
    assert not any(secret in read for secret in ("陈志强", "13812342207"))
    # Of a case whose reporter is protected nothing is read aloud.
    Incident.objects.filter(pk=case.pk).update(nature="tip_off")
    assert "灯泡已换新" not in as_person(operator).get(page).content.decode()


def test_the_form_offers_no_day_to_come(operator: Person) -> None:
    page = as_person(operator).get("/councils/new/").content.decode()
    assert 'max="2026-07-07T23:59"' in page


def test_a_street_without_a_meeting_reaches_its_councils(operator: Person) -> None:
    own = person("own", Role.LEADER, "longgang")
    assert not CouncilMeeting.objects.exists()
    page = as_person(own).get("/councils/")
    (street,) = page.context["streets"]
    assert [one.area.code[:9] for one in street.councils] == [AREA[:9]] * len(street.councils)
    assert f'href="/councils/area/{AREA}/"' in page.content.decode()
    council_life.add_member(area=AREA, name="王秀英", duty="chair", user=operator.user, at=TUESDAY)
    council = next(one for one in council_life.by_street(own.user)[0].councils if one.area.code == AREA)
    assert (council.members, council.meetings) == (1, 0)
