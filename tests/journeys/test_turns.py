"""What takes several turns: a return agreed to, a ruling, three calls over a day, a shared queue."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import OrgUnit
from incidents import actions
from incidents.models import Callback, Incident, PhoneCall
from incidents.models.incident import Status
from tests.cast import NOWHERE, TUESDAY, Person, file_report, reload
from tests.incidents.centre.people import on_shift, share
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_desk import open_number
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
HOUR = timedelta(hours=1)


def test_a_return_names_a_unit_that_was_searched_for_and_is_agreed_to(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    lamp_case: Incident,
    handler: Person,
    dispatcher: Person,
) -> None:
    grid = OrgUnit.objects.get(code="power-grid")
    phone = open_page(f"/cases/{lamp_case.number}/request-return/")
    sign_in(phone, handler)
    keys_are_heard(phone)
    options = phone.locator("#id_proposed_unit option")
    whole = options.count()
    assert whole > 100
    search = phone.locator("[data-unit-select] input[type=search]")
    search.fill("没有这样的单位")
    expect(options).to_have_count(1)
    expect(phone.locator("[data-unit-none]")).not_to_be_empty()
    search.fill("供电")
    assert 1 < options.count() < 20
    assert_accessible(phone)
    shoot(phone, "return-search")
    search.fill(grid.name)
    expect(phone.locator("#id_proposed_unit")).to_have_value(grid.code)
    search.press("Enter")
    expect(phone.locator("#id_proposed_unit")).to_be_focused()
    search.fill("")
    expect(options).to_have_count(whole)
    expect(phone.locator("#id_proposed_unit")).to_have_value(grid.code)
    phone.fill("#id_cites", "0204-002")
    phone.fill("#id_reason", "整条线路停电")
    phone.click("form.card .btn-danger")
    phone.wait_for_url(f"**/cases/{lamp_case.number}/?done=request-return")

    desk = open_page("/desk/?tab=asked", **DESK)
    sign_in(desk, dispatcher)
    keys_are_heard(desk)
    desk.click(f'[data-row="{lamp_case.number}"]')
    desk.wait_for_selector(f'#desk-work[data-number="{lamp_case.number}"]')
    desk.goto(f"/cases/{lamp_case.number}/decide-return/?from=desk")
    keys_are_heard(desk)
    expect(desk.locator("main")).to_contain_text("整条线路停电")
    desk.check("input[name=agreed][value=yes]")
    shoot(desk, "return-decided")
    desk.click("form.card .form-actions .btn-primary")
    desk.wait_for_selector(".toast-line")
    case = reload(lamp_case)
    assert (case.status, case.return_count) == (Status.TRIAGE, 1)


def test_a_dispute_is_ruled_on(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    accepted_case: Incident,
    handler: Person,
    supervisor: Person,
) -> None:
    actions.raise_objection(
        number=accepted_case.number,
        reason="整条线路停电",
        cites="0204-002",
        proposed_unit="power-grid",
        actor=handler.actor,
        at=TUESDAY + timedelta(minutes=20),
    )
    hands.at = TUESDAY + HOUR
    page = open_page("/disputes/", **DESK)
    sign_in(page, supervisor)
    keys_are_heard(page)
    page.click(".dispute-act .btn-primary")
    page.wait_for_url("**/rule/")
    keys_are_heard(page)
    assert_accessible(page)
    page.check('input[name=choice][value*="power-grid"]')
    page.fill("#id_ruling", "产权在供电局,由供电局处置。")
    expect(page.locator("main")).to_contain_text("整条线路停电")
    shoot(page, "ruling")
    page.click("form.card .form-actions .btn")
    page.wait_for_selector(".toast-line")
    case = reload(accepted_case)
    assert (case.owner_unit_id, case.status) == ("power-grid", Status.HANDLING)
    page.goto("/disputes/")
    expect(page.locator(".dispute-row")).to_have_count(0)


def test_three_calls_over_a_day_and_nobody_answers(
    open_page: OpenPage, shoot: Shoot, hands: Hands, resolved_case: Incident, operator: Person
) -> None:
    actions.close(number=resolved_case.number, reason="照片齐全", actor=operator.actor, at=TUESDAY + 3 * HOUR)
    hands.at = TUESDAY + 5 * HOUR
    page = open_page("/callbacks/", **DESK)
    sign_in(page, operator)
    # Three in the afternoon, seven in the evening, nine the next morning.
    for tried, (hour, then) in enumerate([(5, "19:00"), (9, "09:00"), (23, "")], start=1):
        hands.at = TUESDAY + hour * HOUR
        page.goto("/callbacks/")
        keys_are_heard(page)
        page.keyboard.press("n")
        page.wait_for_selector("#call-form")
        keys_are_heard(page)
        page.check("input[name=outcome][value=no_answer]")
        page.locator("input[name=outcome][value=no_answer]").blur()
        page.keyboard.press("Enter")
        page.wait_for_selector(".call-overview")
        waits = Callback.objects.get()
        assert waits.attempts == tried
        hands.at += timedelta(minutes=10)
        page.goto("/callbacks/")
        keys_are_heard(page)
        page.keyboard.press("n")  # nobody is to be called at this hour
        expect(page.locator("#call-form")).to_have_count(0)
        if then:
            expect(page.locator("main")).to_contain_text(then)
        shoot(page, f"calls-tried-{tried}")
    assert (waits.end, PhoneCall.objects.count()) == (Callback.End.TRIED, 3)


def test_two_on_shift_share_a_queue_and_never_meet(
    open_page: OpenPage, hands: Hands, operator: Person, dispatcher: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    cases = [
        file_report(place=NOWHERE, address="", category=None, text=f"第{n}件说不清的事", external_id=f"q{n}")
        for n in range(6)
    ]

    def sits_down(who: Person) -> Page:
        page = open_page("/desk/", **DESK)
        sign_in(page, who)
        return page

    desks = [sits_down(operator), sits_down(dispatcher)]
    met: list[str] = []
    for _turn in range(3):
        numbers = [open_number(page) for page in desks]
        met += numbers
        assert len(set(met)) == len(met), met
        for page, number in zip(desks, numbers, strict=True):
            keys_are_heard(page)
            page.keyboard.press("r")
            page.wait_for_selector("#sheet-reject[open]")
            page.keyboard.type("内容无法辨认")
            page.keyboard.press("Control+Enter")
            page.wait_for_selector(f'#desk-work[data-number="{number}"]', state="detached")
    assert set(met) == {case.number for case in cases}
    assert set(Incident.objects.values_list("status", flat=True)) == {Status.REJECTED}
