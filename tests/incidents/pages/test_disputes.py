"""争议 on the pages: the list of what waits for a ruling, the case's own page, and the desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Role
from grids.locate import locate
from incidents import actions, public, sweeps
from incidents.models import Incident
from tests.browsers import As
from tests.cast import LAMP_POINT, LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db
URL = "/disputes/"
SOON, HOUR = TUESDAY + timedelta(minutes=20), timedelta(hours=1)


@pytest.fixture
def contested(accepted_case: Incident, handler: Person) -> Incident:
    """The lighting company has accepted at a quarter past ten, and objects at twenty past."""
    actions.raise_objection(
        number=accepted_case.number,
        reason="整条线路停电",
        cites="0204-002",
        proposed_unit="power-grid",
        actor=handler.actor,
        at=SOON,
    )
    return reload(accepted_case)


@pytest.fixture
def bounced(operator: Person, dispatcher: Person, handler: Person) -> Incident:
    """Returned by the lighting company after five minutes, and by the street's services an hour later."""
    case = file_report(text="桥下第二根路灯杆倾斜,快倒了", address="桥头", urgency="urgent")
    give_back(case, handler, dispatcher, TUESDAY + timedelta(minutes=5))
    actions.dispatch(
        number=case.number, item_code="0204-003", actor=operator.actor, at=TUESDAY + timedelta(minutes=5)
    )
    street = person("street-services", Role.HANDLER, reload(case).owner_unit_id)
    give_back(case, street, dispatcher, TUESDAY + timedelta(minutes=50))
    return reload(case)


def give_back(case: Incident, actor: Person, dispatcher: Person, at: Any) -> None:
    actions.request_return(number=case.number, reason="不归我们", cites="第三条", actor=actor.actor, at=at)
    actions.decide_return(number=case.number, agreed=True, actor=dispatcher.actor, at=at)


def act(case: Incident, step: str) -> str:
    return reverse("case-act", args=[case.number, step])


def page(client: Client, case: Incident) -> Any:
    return client.get(reverse("case", args=[case.number]))


# --- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("supervisor", 200),
        ("dispatcher", 200),
        ("street_supervisor", 200),
        ("operator", 403),
        ("leader", 403),
    ],
)
def test_who_rules_or_watches_opens_the_list(
    browse: As, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    assert browse(request.getfixturevalue(who)).get(URL).status_code == status


def test_what_burns_stands_first_with_its_own_clock_and_way(
    browse: As, supervisor: Person, contested: Incident, bounced: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    rows = browse(supervisor).get(URL).context["rows"]
    assert [row["case"].number for row in rows] == [bounced.number, contested.number]
    first, second = rows
    assert first["dispute"].timer.due_at == TUESDAY + timedelta(minutes=50) + 4 * HOUR
    assert [(hop.unit.code, hop.held, hop.is_now) for hop in first["hops"]] == [
        (LAMP_UNIT, timedelta(minutes=5), False),
        ("longgang/municipal-services", timedelta(minutes=45), False),
        ("operations-centre", timedelta(minutes=10), True),
    ]
    # 先办后议: before the desk nobody acts, on an objection the unit does
    assert (first["acting"], second["acting"].code) == (None, LAMP_UNIT)
    assert [unit.code for unit in second["parties"]] == [LAMP_UNIT, "power-grid"]


def test_who_is_party_looks_and_does_not_rule(
    browse: As, dispatcher: Person, contested: Incident, now: SetClock
) -> None:
    assert browse(dispatcher).get(URL).context["rows"][0]["may_rule"]
    Membership.objects.create(user=dispatcher.user, unit_id="power-grid", role=Role.HANDLER)
    assert not browse(dispatcher).get(URL).context["rows"][0]["may_rule"]


def test_a_streets_centre_sees_its_own_and_leaves_the_ruling_to_the_district(
    browse: As, street_supervisor: Person, contested: Incident
) -> None:
    assert browse(street_supervisor).get(URL).context["rows"] == []  # it lies in another street
    here = person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations")
    (row,) = browse(here).get(URL).context["rows"]
    assert not row["may_rule"]


def test_what_was_ruled_moves_down_to_the_rulings(
    browse: As, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    actions.rule(number=contested.number, ruling="属照明", actor=supervisor.actor, at=TUESDAY + HOUR)
    now.at = TUESDAY + 2 * HOUR
    context = browse(supervisor).get(URL).context
    assert context["rows"] == []
    assert [row["dispute"].outcome for row in context["lately"]] == ["confirmed"]


def test_a_poll_answers_304_until_something_changes(
    browse: As, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    client = browse(supervisor)
    headers = {"X-Requested-With": "poll"}
    first = client.get(URL, headers=headers)
    assert first.status_code == 200
    assert b"<html" not in first.content
    tagged = {**headers, "If-None-Match": first["ETag"]}
    assert client.get(URL, headers=tagged).status_code == 304
    actions.rule(number=contested.number, ruling="属照明", actor=supervisor.actor, at=SOON)
    assert client.get(URL, headers=tagged).status_code == 200


def test_the_list_costs_the_same_however_long_it_is(
    browse: As, supervisor: Person, handler: Person, contested: Incident
) -> None:
    client = browse(supervisor)
    client.get(URL)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        return len(queries)

    before = count()
    for n in range(4):
        place = locate(lon=LAMP_POINT[0], lat=LAMP_POINT[1] + 0.004 * (n + 1))
        case = file_report(external_id=f"D{n}", place=place, address=f"{n} 号杆")
        actions.accept(number=case.number, actor=handler.actor, at=SOON)
        actions.raise_objection(
            number=case.number, reason="不归我们", cites="第三条", actor=handler.actor, at=SOON
        )
    assert count() == before


# --- the case -------------------------------------------------------------------------------------


def test_a_unit_objects_from_the_case(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = SOON
    client = browse(handler)
    assert b"sheet-object" in page(client, accepted_case).content
    given = {"why": "duty", "reason": "线路停电", "cites": "0204-002", "proposed_unit": "power-grid"}
    assert client.post(act(accepted_case, "object"), given).status_code == 302
    dispute = accepted_case.adjudications.get()
    assert (dispute.cites, dispute.proposed_unit_id) == ("0204-002", "power-grid")
    shown = page(client, accepted_case)
    assert shown.context["dispute"] == dispute
    assert not shown.context["can"]["object"]
    assert shown.context["can"]["withdraw-objection"]
    assert shown.context["can"]["resolve"]  # 先办后议
    back = client.post(act(accepted_case, "withdraw-objection"), {"reason": "已协商"})
    assert back.status_code == 302
    assert accepted_case.adjudications.get().outcome == "withdrawn"


def test_an_objection_without_a_citation_keeps_what_was_typed(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    given = {"why": "duty", "reason": "不是我们的活", "cites": "", "proposed_unit": ""}
    shown = browse(handler).post(act(accepted_case, "object"), given)
    assert shown.status_code == 400
    assert "不是我们的活" in shown.content.decode()
    assert shown.context["form"].errors["cites"]


def test_the_adjudicator_chooses_among_the_parties(
    browse: As, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    client = browse(supervisor)
    form = client.get(act(contested, "rule")).context["form"]
    assert [value for value, _label in form.fields["choice"].choices] == [
        f"0204-001@{LAMP_UNIT}",
        "0204-001@power-grid",  # it leads no item of its own here: the case's
        "other",
    ]
    given = {"choice": form.fields["choice"].choices[0][0], "ruling": "由照明公司负责"}
    assert client.post(act(contested, "rule"), given).status_code == 302
    dispute = contested.adjudications.get()
    assert (dispute.outcome, dispute.unit_id) == ("confirmed", LAMP_UNIT)


def test_any_other_unit_may_be_named(browse: As, supervisor: Person, contested: Incident) -> None:
    client = browse(supervisor)
    nobody = client.post(act(contested, "rule"), {"choice": "other", "ruling": "由交通局负责"})
    assert nobody.status_code == 400
    given = {"choice": "other", "unit_code": "transport", "item_code": "0204-001", "ruling": "由交通局负责"}
    assert client.post(act(contested, "rule"), given).status_code == 302
    assert reload(contested).owner_unit_id == "transport"


def test_what_the_list_does_not_have_is_said_beside_the_form(
    browse: As, supervisor: Person, contested: Incident
) -> None:
    given = {"choice": "other", "item_code": "9999-001", "ruling": "由交通局负责"}
    shown = browse(supervisor).post(act(contested, "rule"), given)
    assert shown.status_code == 400
    assert "由交通局负责" in shown.content.decode()


def test_who_comes_second_is_told_what_happened(
    browse: As, supervisor: Person, dispatcher: Person, contested: Incident
) -> None:
    actions.rule(number=contested.number, ruling="属照明", actor=dispatcher.actor, at=SOON)
    given = {"choice": "other", "unit_code": "transport", "ruling": "由交通局负责"}
    shown = browse(supervisor).post(act(contested, "rule"), given)
    assert shown.status_code == 409
    assert shown.context["happened"]


def test_with_one_click_the_ruling_is_proposed_for_the_list(
    browse: As, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    actions.rule(
        number=contested.number,
        ruling="移交交通局",
        item_code="0204-001",
        unit_code="transport",
        actor=supervisor.actor,
        at=SOON,
    )
    now.at = SOON + HOUR
    client = browse(supervisor)
    change = page(client, contested).context["dispute_change"]
    assert change["item"] == "0204-001"
    assert change["before"] != change["after"]
    version = {"seen_version": reload(contested).version}
    assert client.post(act(contested, "propose-change"), version).status_code == 302
    shown = page(client, contested)
    assert shown.context["dispute_change"] is None
    assert shown.context["past_disputes"][0].suggested_item == "0204-001"


def test_nobody_but_the_centre_is_offered_the_change(
    browse: As, handler: Person, supervisor: Person, contested: Incident
) -> None:
    actions.rule(
        number=contested.number,
        ruling="移交",
        unit_code="transport",
        item_code="0204-001",
        actor=supervisor.actor,
        at=SOON,
    )
    assert page(browse(handler), contested).context["dispute_change"] is None


# --- the desk -------------------------------------------------------------------------------------


def test_the_desk_says_why_it_waits_and_rules_there(
    browse: As, dispatcher: Person, operator: Person, bounced: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    shown = browse(dispatcher).get(reverse("desk-case", args=[bounced.number]))
    assert shown.context["dispute"].cause == "returns"
    assert b'id="desk-send-button"' not in shown.content
    assert b"sheet-rule" in shown.content
    assert b"sheet-rule" not in browse(operator).get(reverse("desk-case", args=[bounced.number])).content
    given = {"from": "desk", "choice": "other", "unit_code": LAMP_UNIT, "ruling": "由照明公司负责"}
    assert browse(dispatcher).post(act(bounced, "rule"), given).status_code == 302
    assert reload(bounced).status == "handling"


def test_sending_past_the_ruling_is_refused_with_words(
    browse: As, operator: Person, bounced: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    shown = browse(operator).post(reverse("desk-send", args=[bounced.number]), {"choice": "0204-001"})
    assert shown.status_code == 409
    assert reload(bounced).status == "triage"


def test_supervision_shows_disputes_by_their_own_clock(
    browse: As, supervisor: Person, contested: Incident, bounced: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    context = browse(supervisor).get("/supervision/").context
    assert context["counts"].disputes == 2
    between = {row["case"].number: row["between"] for row in context["disputes"]}
    assert between[contested.number].adjudication == contested.adjudications.get()
    assert between[contested.number].acting.code == LAMP_UNIT
    assert {between[bounced.number].first.code, between[bounced.number].second.code} == {
        LAMP_UNIT,
        "longgang/municipal-services",
    }


def test_reporters_read_of_a_ruling_only_where_it_moves_their_case(
    client: Client, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    actions.rule(
        number=contested.number,
        ruling="属供电",
        item_code="0204-002",
        unit_code="power-grid",
        actor=supervisor.actor,
        at=SOON,
    )
    now.at = SOON + HOUR
    code = contested.links.get().report.tracking_code
    moved = public.status(code, at=now.at)
    assert [step.kind for step in moved.steps][:2] == ["ruled", "accepted"]
    assert moved.steps[0].unit == moved.unit
    assert "属供电" not in client.get(f"/r/{code}/").content.decode()  # what staff say to each other


def test_a_ruling_that_moves_nothing_is_no_news_for_who_reported(
    supervisor: Person, contested: Incident
) -> None:
    code = contested.links.get().report.tracking_code
    before = [step.kind for step in public.status(code, at=SOON).steps]
    actions.rule(number=contested.number, ruling="属照明", actor=supervisor.actor, at=SOON)
    assert [step.kind for step in public.status(code, at=SOON + HOUR).steps] == before


def test_reporters_see_by_when_it_is_decided_and_nothing_of_a_missed_ruling(
    client: Client, bounced: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + HOUR
    code = bounced.links.get().report.tracking_code
    due_at = bounced.adjudications.get().timer.due_at
    assert public.status(code, at=now.at).due_at == due_at
    assert client.get(f"/r/{code}/").status_code == 200
    sweeps.catch_up(at=due_at)
    now.at = due_at + HOUR
    told = public.status(code, at=now.at)
    assert (told.steps[0].kind, told.phase) == ("ruled", "handling")
    assert client.get(f"/r/{code}/").status_code == 200


def test_who_rules_reads_what_was_objected_on_the_page_of_the_ruling(
    browse: As, supervisor: Person, contested: Incident, now: SetClock
) -> None:
    """It is opened from the list of disputes: nothing else of the case stands there."""
    now.at = SOON + HOUR
    page = browse(supervisor).get(act(contested, "rule"))
    assert [one["words"] for one in page.context["asked"]] == ["整条线路停电"]
    assert "整条线路停电" in page.content.decode()
