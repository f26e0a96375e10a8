"""A warning in a browser: claimed by a key, a case supervised, judged; read on a phone without scripts."""

import pytest
from playwright.sync_api import ViewportSize

from dashboards.models import Project, Warning, WarningCase
from incidents.models import Incident, Supervision
from tests.cast import Person
from tests.dashboards.warning.found import found
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 700}


@pytest.mark.usefixtures("hands")
def test_from_the_finding_to_the_judgement(
    open_page: OpenPage, shoot: Shoot, supervisor: Person, accepted_case: Incident
) -> None:
    burst = found(cases=8)
    WarningCase.objects.create(warning=burst, incident=accepted_case)
    theme = found(
        cases=2,
        kind="theme",
        terms=["无人配送车", "占用盲道"],
        category_code="",
        reporter_count=11,
        evidence={"days": [["2026-07-05", 3], ["2026-07-07", 8]]},
    )
    repeat = found(
        cases=1, kind="repeat", expected=5, evidence={"by": "place"}, reporter_count=4, useful=True
    )
    desk = open_page("/warnings/", **DESK)
    sign_in(desk, supervisor)
    desk.goto("/warnings/")
    keys_are_heard(desk)
    desk.wait_for_selector(".warning-board canvas")
    shoot(desk, "warnings")
    assert_accessible(desk)
    desk.keyboard.press("a")
    desk.wait_for_selector("#trail li")
    assert Warning.objects.get(pk=burst.pk).claimed_by == supervisor.user
    desk.click(f'a[href="/warnings/{burst.pk}/cases/#order"]')
    desk.check(f'input[value="{accepted_case.number}"]')
    desk.fill("#id_words", "连片熄灯，今晚必须恢复")
    shoot(desk, "warning-cases")
    assert_accessible(desk)
    desk.click("#order [type=submit]")
    desk.wait_for_selector("#trail li:nth-child(2)")
    assert Supervision.objects.get().incident == accepted_case
    desk.goto(f"/warnings/{theme.pk}/")
    keys_are_heard(desk)
    desk.keyboard.press("n")
    desk.fill("#id_words", "是演练，不是真的")
    shoot(desk, "warning-no-problem")
    assert_accessible(desk)
    desk.click("form.card [type=submit]")
    desk.wait_for_selector("#trail li")
    assert Warning.objects.get(pk=theme.pk).useful is False

    desk.goto(f"/warnings/{repeat.pk}/")
    keys_are_heard(desk)
    desk.keyboard.press("p")
    desk.fill("#id_name", "路灯反复熄灭整治")
    desk.fill("#id_problem", "同一处路灯一再熄灭")
    desk.fill("#id_start", "2026-06-16")
    desk.fill("#id_end", "2026-09-01")
    shoot(desk, "project-begin")
    assert_accessible(desk)
    desk.click("form.card [type=submit]")
    desk.wait_for_selector("#lists")
    desk.fill("#id_words", "更换控制箱")
    desk.fill("#id_due", "2026-07-20")
    desk.click(".project-add [type=submit]")
    desk.wait_for_selector("#lists table")
    shoot(desk, "project")
    assert_accessible(desk)
    made = Project.objects.get()
    desk.emulate_media(media="print")
    shoot(desk, "project-print")

    dark = open_page(f"/warnings/{burst.pk}/", **DESK, language="en", color_scheme="dark")
    sign_in(dark, supervisor)
    dark.goto(f"/warnings/{burst.pk}/?status=hand")
    dark.wait_for_selector(".warning-board canvas")
    shoot(dark, "warning-en-dark")
    assert_accessible(dark)
    for size in (PHONE, NARROW):
        phone = open_page("/warnings/", **size, scripts=False)
        sign_in(phone, supervisor)
        phone.goto("/warnings/?status=hand")
        shoot(phone, f"warnings-{size['width']}")
        assert_fits(phone)
        phone.click(f'a[data-row="{burst.pk}"]')
        phone.wait_for_selector("#warning-title")
        shoot(phone, f"warning-{size['width']}")
        assert_fits(phone)
        phone.click(f'a[href="/warnings/{burst.pk}/judge/"]')
        phone.wait_for_url(f"**/warnings/{burst.pk}/judge/")
        assert_fits(phone)
    phone.goto(f"/projects/{made.pk}/")
    assert_fits(phone)
    phone.goto(f"/warnings/{burst.pk}/judge/")
    phone.check('input[name=useful][value="yes"]')
    phone.fill("#id_words", "确有大面积熄灯")
    phone.click("form.card [type=submit]")
    phone.wait_for_selector("#trail li:nth-child(3)")
    assert Warning.objects.get(pk=burst.pk).useful is True
