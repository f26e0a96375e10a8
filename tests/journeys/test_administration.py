"""A role is given and a unit with an open case is merged, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import OrgUnit, User
from config import clock
from incidents import succession
from tests.cast import LAMP_UNIT, PASSWORD, Person, file_report, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

HEIR = "water-affairs"


@pytest.fixture
def tree(transactional_db: None) -> Iterator[None]:
    """The units outlive a test: what it closes is opened again."""
    yield
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(is_open=True, successor=None)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1440, "en")])
def test_a_role_is_given_and_a_unit_is_merged(
    tree: None,
    open_page: OpenPage,
    admin: Person,
    handler: Person,
    shoot: Callable[[Page, str], None],
    width: int,
    language: str,
) -> None:
    case = file_report(at=clock.now())
    user = User.objects.create_user("wang", password=PASSWORD, display_name="王芳")
    page = open_page("/sign-in/?next=/installation/people/", width=width, language=language)
    page.fill("#id_username", admin.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page).to_have_url(re.compile("/people/$"))

    def look(name: str) -> None:
        shoot(page, f"administration-{name}-{width}-{language}")
        assert_accessible(page)
        if width < 1000:
            assert_fits(page)

    look("people")
    page.get_by_role("link", name="wang", exact=True).click()
    page.select_option("#give_role", "handler")
    page.select_option("#give_unit", HEIR)
    page.fill("#give_reason", "new in the team")
    look("person")
    page.locator("form[action$='/roles/'] button[type=submit]").click()
    expect(page.locator(".role-row")).to_have_count(1)
    assert user.memberships.get().unit_id == HEIR

    page.goto("/installation/units/")
    look("units")
    page.goto(f"/installation/units/of/{LAMP_UNIT}/")
    look("unit")
    page.locator("a[href$='/close/']").click()
    page.select_option("#id_successor", HEIR)
    page.fill("#id_reason", "merged by order 7")
    look("close")
    page.locator("form.card button[type=submit]").click()
    expect(page).to_have_url(re.compile(f"/of/{LAMP_UNIT}/$"))
    waiting = page.locator("#unit-waiting")
    expect(waiting).to_contain_text("1")
    due = reload(case).due_at
    while succession.step(at=clock.now()):
        pass
    # The page counts down by itself.
    expect(waiting.locator("[data-state=on]")).to_be_visible()
    look("closed")
    now = reload(case)
    assert (now.owner_unit_id, now.due_at) == (HEIR, due)
