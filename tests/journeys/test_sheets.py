"""A sheet of people and one of units are looked at and imported, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import OrgUnit, User
from tests.cast import LAMP_UNIT, PASSWORD, Person
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PEOPLE = "用户名,姓名,单位,角色,电话,状态\nwang.fang,王芳,{unit},handler,13812342207,\nhandler,黄强,,,,\n"
UNITS = "code,name_zh,name_en,kind,parent,area\n{unit},路灯公司,Street lamps,,,\n"


@pytest.fixture
def tree(transactional_db: None) -> Iterator[None]:
    """The units outlive a test."""
    was = OrgUnit.objects.filter(pk=LAMP_UNIT).values("name_zh", "name_en").get()
    yield
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(**was)


def sign_in(open_page: OpenPage, who: Person, to: str, width: int, language: str, scheme: str) -> Page:
    page = open_page(f"/sign-in/?next={to}", width=width, language=language, color_scheme=scheme)
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page).to_have_url(re.compile(f"{to}$"))
    return page


@pytest.mark.parametrize(("width", "language", "scheme"), [(390, "zh-hans", "light"), (1440, "en", "dark")])
def test_people_and_units_come_in_as_sheets(
    tree: None,
    open_page: OpenPage,
    admin: Person,
    security: Person,
    handler: Person,
    shoot: Callable[[Page, str], None],
    width: int,
    language: str,
    scheme: str,
) -> None:
    def look(page: Page, name: str) -> None:
        shoot(page, f"sheets-{name}-{width}-{language}")
        assert_accessible(page)
        if width < 1000:
            assert_fits(page)

    page = sign_in(open_page, security, "/installation/people/", width, language, scheme)
    look(page, "people")
    page.locator("a[href$='/people/sheet/']").click()
    look(page, "begin")
    wrong = PEOPLE.format(unit="nowhere")
    sheet = {"name": "people.csv", "mimeType": "text/csv", "buffer": wrong.encode()}
    page.set_input_files("#id_file", sheet)  # type: ignore[arg-type]
    page.fill("#id_reason", "order 7")
    page.locator("form.card button[type=submit]").click()
    expect(page.locator(".import-remarks tbody tr")).to_have_count(1)
    look(page, "problems")
    page.locator(".note a.btn-primary").click()
    page.set_input_files("#id_file", {**sheet, "buffer": PEOPLE.format(unit=LAMP_UNIT).encode()})  # type: ignore[arg-type]
    page.fill("#id_reason", "order 7")
    page.locator("form.card button[type=submit]").click()
    rows = page.locator(".told-rows tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("138****2207")
    look(page, "preview")
    page.locator("form[action$='/apply/'] button.btn-primary").click()
    expect(page.locator("[data-state=on]").first).to_be_visible()
    look(page, "applied")
    user = User.objects.get(username="wang.fang")
    assert (user.memberships.get().unit_id, user.has_usable_password()) == (LAMP_UNIT, False)
    # Back and again the button: it is done with, and nothing happens twice.
    page.go_back()
    page.goto(page.url)
    expect(page.locator("form[action$='/apply/'] button.btn-primary")).to_have_count(0)
    page.goto("/installation/people/?state=new")
    expect(page.locator("tbody tr")).to_have_count(1)

    page = sign_in(open_page, admin, "/installation/units/", width, language, scheme)
    look(page, "units")
    page.locator("a[href$='/units/import/']").click()
    look(page, "begin-units")
    sheet = {**sheet, "name": "units.csv", "buffer": UNITS.format(unit=LAMP_UNIT).encode()}
    page.set_input_files("#id_file", sheet)  # type: ignore[arg-type]
    page.locator("form.card button[type=submit]").click()
    expect(page.locator(".told-rows tbody tr")).to_have_count(1)
    look(page, "preview-units")
    page.locator("form[action$='/apply/'] button.btn-primary").click()
    expect(page.locator("[data-state=on]").first).to_be_visible()
    assert OrgUnit.objects.get(pk=LAMP_UNIT).name_zh == "路灯公司"
