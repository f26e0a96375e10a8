"""Somebody from the street plans a council's meeting, writes it down, and reads what came of the last one."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from grids.models import Area
from incidents import blocks
from incidents.models import BlockCell, CouncilMeeting, Incident
from incidents.sources import councils
from tests.cast import TUESDAY, Person, person
from tests.incidents.sources.test_councils import AREA, meeting
from tests.journeys.axe import axe_finds
from tests.journeys.conftest import Hands, OpenPage, assert_fits
from tests.journeys.test_staff import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def blocks_are_gone_afterwards(transactional_db: None) -> Iterator[None]:
    """The map is kept from test to test, and a block is part of it."""
    yield
    Area.objects.of_kind(Area.Kind.BLOCK).delete()
    blocks.forget()


@pytest.mark.parametrize(("width", "scripts"), [(390, True), (1440, True), (320, False)])
def test_from_the_agenda_to_the_next_meeting(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    operator: Person,
    supervisor: Person,
    width: int,
    scripts: bool,
) -> None:
    councils.hold(meeting(), user=operator.user, at=TUESDAY)
    page = open_page("/", width=width, scripts=scripts)
    sign_in(page, operator)
    page.goto(f"/councils/area/{AREA}/")
    page.fill("#members input[name=name]", "王秀英")
    page.click("#members form:last-of-type .btn")
    expect(page.locator("#members .council-role")).to_have_count(1)
    shoot(page, f"council-{width}")
    if scripts and width < 700:
        assert_fits(page)
    if scripts:
        assert axe_finds(page) == []
    page.fill("#next [name=held_at]", "2026-07-20T20:00")
    page.fill("#next [name=agenda]", "1. 上次议题")
    page.click("#next .btn-primary")
    expect(page.locator("#carried li")).to_have_count(
        3
    )  # the last meeting's issues stand on the next one's page
    shoot(page, f"council-next-{width}")
    if scripts and width < 700:
        assert_fits(page)
    if scripts:
        assert axe_finds(page) == []
    hands.at = TUESDAY.replace(day=21)
    page.click(".page-actions .btn-primary")
    page.check(".council-present input")
    page.fill("[name=attendance]", "9")
    page.fill("#issue-1", "小区门口的井盖松了")
    if scripts and width < 700:
        assert_fits(page)
    if scripts:
        assert axe_finds(page) == []
    page.click("main form .btn-primary")
    expect(page.locator(".council-issues > li")).to_have_count(4)
    expect(page.locator(".page-head")).to_contain_text("王秀英")
    assert CouncilMeeting.objects.count() == 2
    page.goto("/councils/")
    expect(page.locator(".council-figures")).to_be_visible()
    page.locator("#councils details", has_text="龙岗街道").locator("summary").click()
    expect(page.locator(f'#councils a[href="/councils/area/{AREA}/"]')).to_be_visible()
    shoot(page, f"councils-{width}")
    if scripts and width < 700:
        assert_fits(page)
    if scripts:
        assert axe_finds(page) == []


def test_who_answers_for_a_block_stands_on_its_cases(
    open_page: OpenPage, shoot: Shoot, hands: Hands, supervisor: Person, lamp_case: Incident
) -> None:
    block = blocks.cut(
        name_zh="植物园街区", name_en="Garden block", cells=[lamp_case.cell_code], by=None, at=TUESDAY
    )
    worker = person("head", Role.PATROL, "longgang/grid-station", "张街区")
    page = open_page("/", width=390)
    sign_in(page, supervisor)
    page.goto(f"/councils/area/{block.code}/")
    page.select_option("#role-head", str(worker.user.pk))
    page.click("#roles .council-role:last-of-type .btn")
    expect(page.locator("#roles")).to_contain_text("张街区")
    assert_fits(page)
    assert axe_finds(page) == []
    shoot(page, "council-block-390")
    page.goto(f"/cases/{lamp_case.number}/")
    expect(page.locator(".case-block")).to_contain_text("张街区")
    shoot(page, "case-block-390")


@pytest.mark.parametrize(("width", "scripts"), [(320, True), (390, True), (320, False), (1440, True)])
def test_a_community_is_cut_into_a_block_and_the_block_is_taken_apart(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    supervisor: Person,
    width: int,
    scripts: bool,
) -> None:
    page = open_page("/", width=width, scripts=scripts)
    sign_in(page, supervisor)
    page.goto(f"/councils/area/{AREA}/")
    page.click("#blocks .btn")
    page.fill("[name=name_zh]", "东区街区")
    page.fill("[name=name_en]", "East block")
    for box in range(3):
        page.check(f"#id_cells_{box}")
    is_small = scripts and width < 700
    if scripts:
        assert axe_finds(page) == []
    if is_small:
        assert_fits(page)
    page.click("#cut .btn-primary")
    expect(page.locator("#blocks .council-role")).to_have_count(1)
    expect(page.locator(".block-map .is-taken")).to_have_count(3)
    shoot(page, f"blocks-{width}")
    if scripts:
        assert axe_finds(page) == []
    if is_small:
        assert_fits(page)
    page.click("#blocks .line a")
    expect(page.locator("#id_cells_0")).to_be_checked()
    page.uncheck("#id_cells_0")
    page.click("#cut .btn-primary")
    expect(page.locator(".block-map .is-taken")).to_have_count(2)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#blocks form .btn")
    expect(page.locator("#blocks")).to_have_count(0)
    assert not BlockCell.objects.exists()
