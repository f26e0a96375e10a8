"""A month's scores in a real browser: published, appealed against on a phone, ruled on, revised, printed."""

import pytest
from playwright.sync_api import ViewportSize, expect

from accounts.roles import Role
from dashboards.models import Appeal, ScoringPeriod
from tests.cast import Person, person
from tests.dashboards.scoring.months import JULY, LAMPS, WATER, june, work
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 700}


@pytest.fixture
def late_lamp(hands: Hands, transactional_db: None) -> str:
    """June is over; the lamp company was late with every third case. The number of one of them."""
    hands.at = JULY
    lamps = work(60, late=20, scores=[5] * 20, reworked=2, **LAMPS)
    work(200, late=3, unclosed=2, scores=[4] * 40, **WATER)
    work(90, late=5, owner_unit_id="police", street_code="440307005000", community_code="440307005002")
    work(6, owner_unit_id="pinghu/enforcement", street_code="440307003000", community_code="440307003010")
    june()
    return lamps[0].number


def test_from_publication_to_revision(
    open_page: OpenPage, shoot: Shoot, late_lamp: str, supervisor: Person
) -> None:
    head = person("lamps-head", Role.LEADER, "lighting-company", "罗明")
    desk = open_page("/scoring/", **DESK)
    sign_in(desk, supervisor)
    desk.goto("/scoring/2026-06/")
    keys_are_heard(desk)
    assert "▼" in desk.inner_text(".scoring-league")
    shoot(desk, "scoring-open")
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.click('form[action$="/publish/"] [type=submit]')
    desk.wait_for_selector("#revisions")
    assert ScoringPeriod.objects.get().status == "provisional"
    shoot(desk, "scoring-published")
    assert_accessible(desk)

    phone = open_page("/scoring/2026-06/", **PHONE)
    sign_in(phone, head)
    keys_are_heard(phone)
    shoot(phone, "scoring-phone")
    assert_fits(phone)
    assert_accessible(phone)
    phone.click('a[href$="/appeal/"]')
    phone.fill("#id_number", late_lamp)
    phone.select_option("#id_what", "due")
    phone.select_option("#id_reason", "force_majeure")
    phone.fill("#id_words", "台风停工期间,无法登高作业")
    shoot(phone, "scoring-appeal-phone")
    assert_fits(phone)
    assert_accessible(phone)
    phone.click("form.card [type=submit]")
    phone.wait_for_selector(".words")
    made = Appeal.objects.get()
    assert phone.locator("#id_words").count() == 0

    desk.goto("/scoring/")
    shoot(desk, "scoring-periods")
    assert_accessible(desk)
    desk.click(f'a[href="/scoring/appeals/{made.pk}/"]')
    desk.check('input[name=upheld][value="yes"]')
    desk.fill("#id_words", "经核对停工令,情况属实")
    shoot(desk, "scoring-ruling")
    assert_accessible(desk)
    desk.click(".card form [type=submit]")
    desk.wait_for_selector('a[href*="edition=1"]')
    desk.click('a[href*="edition=1"]')
    desk.wait_for_selector(".scoring-changes")
    assert "20 → 21" not in desk.inner_text(".scoring-changes")
    assert "60 → 59" in desk.inner_text(".scoring-changes")
    shoot(desk, "scoring-revised")
    assert_accessible(desk)
    # The number beside the rank opens what was taken out.
    desk.locator(".scoring-league a[href*='/excluded/']").first.click()
    expect(desk.locator("th.case-number").first).to_be_visible()
    expect(desk.locator("table")).to_contain_text(late_lamp)
    shoot(desk, "scoring-excluded")

    english = open_page(
        "/scoring/2026-06/?edition=0&league=street", **DESK, language="en", color_scheme="dark"
    )
    sign_in(english, supervisor)
    english.goto("/scoring/2026-06/?league=street")
    shoot(english, "scoring-en-dark")
    assert_accessible(english)
    english.emulate_media(media="print")
    shoot(english, "scoring-print")
    narrow = open_page("/scoring/", **NARROW, scripts=False)
    sign_in(narrow, head)
    narrow.goto("/scoring/2026-06/")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
