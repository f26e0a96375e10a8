"""A dispute from its case to the visit afterwards, as a mediator does it: on phones, without scripts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from incidents.mediation.writing import Party
from incidents.models import Incident, MediationFile
from tests.cast import PASSWORD, TUESDAY, Person, person
from tests.incidents.mediation.conftest import APPLICANT, RESPONDENT, SAID, TERMS, accepted, new_dispute
from tests.incidents.mediation.conftest import Hands as Mediating
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def at_noon(tmp_path: Path, settings: Any, hands: Hands) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    hands.at = TUESDAY + timedelta(hours=2)


@pytest.fixture
def dispute(hands: Hands) -> Incident:
    case = new_dispute()
    return accepted(case, person("mediator", Role.HANDLER, case.owner_unit_id, "孙调解"))


def signed_in(open_page: OpenPage, name: str, address: str, **told: Any) -> Page:
    page = open_page(f"/sign-in/?next={address}", **told)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[data-sign-in] button, main form button[type=submit], main form button")
    page.wait_for_url(f"**{address}")
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


def send(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("width", "scripts"), [(320, True), (390, False)])
def test_from_the_case_to_the_visit_afterwards(
    open_page: OpenPage, dispute: Incident, width: int, scripts: bool
) -> None:
    page = signed_in(
        open_page,
        "mediator",
        f"/cases/{dispute.number}/",
        width=width,
        height=720,
        scripts=scripts,
        language="en",
    )
    expect(page.locator(".loop .is-now")).to_contain_text("Taken on")
    press(page, "Take on for mediation")
    assert_fits(page)
    page.get_by_label("Name", exact=True).first.fill(APPLICANT.name)
    page.get_by_label("Telephone").first.fill(APPLICANT.phone)
    page.locator("[name=second-name]").fill(RESPONDENT.name)
    send(page, "Open the mediation")
    expect(page.get_by_role("heading", level=1)).to_contain_text("People's mediation")
    expect(page.locator("main")).not_to_contain_text(APPLICANT.name)

    press(page, "Write a session down")
    assert_fits(page)
    page.get_by_label("What was said").fill(SAID)
    page.get_by_text("They came to terms", exact=True).click()
    send(page, "Write it down")
    expect(page.locator("main")).to_contain_text("Session 1")

    press(page, "Write the agreement down")
    page.get_by_label("Terms").fill(TERMS)
    send(page, "Write it down")
    for left in (2, 1):
        expect(page.locator("main")).to_contain_text("has still to" if left == 1 else "have still to")
        press(page, "A party confirms")
        page.locator("[name=party]").first.check()
        page.get_by_text("Signed on paper", exact=True).click()
        send(page, "Write it down")
    expect(page.locator("main")).not_to_contain_text("still to confirm")

    press(page, "End the mediation")
    page.get_by_text("Settled", exact=True).click()
    send(page, "End it")
    expect(page.locator("main")).to_contain_text("How it ended")
    expect(page.locator(".loop .is-now")).to_contain_text("Answered")
    expect(page.get_by_role("link", name="Resolve the case")).to_be_visible()

    press(page, "Ask after the agreement")
    page.get_by_text("Telephone", exact=True).click()
    page.get_by_text("Kept in part", exact=True).click()
    page.get_by_label("What they said").fill("还差四百元")
    assert_fits(page)
    send(page, "Write it down")
    expect(page.locator("main")).to_contain_text("to be asked after again on 14 Jul 2026")
    expect(page.locator(".loop .is-now")).to_have_count(0)

    press(page, "Ask after the agreement")
    page.get_by_text("Visit", exact=True).click()
    page.get_by_text("It is kept", exact=True).click()
    send(page, "Write it down")
    expect(page.locator("main")).to_contain_text("It is kept")
    expect(page.locator("main")).not_to_contain_text("asked after again")
    page.get_by_role("button", name="Show them, recorded").click()
    expect(page.locator("main")).to_contain_text(APPLICANT.name)
    assert_fits(page)
    assert MediationFile.objects.get().state == "settled"
    assert dispute.timeline.filter(kind="mediation_read").count() == 1


def test_its_pages_are_accessible_and_fit_in_both_languages(
    open_page: OpenPage, dispute: Incident, supervisor: Person
) -> None:
    who = Mediating(Person(dispute.handler, dispute.owner_unit_id), at=TUESDAY + timedelta(hours=1))  # type: ignore[arg-type]
    open_one = who.open(dispute, APPLICANT, RESPONDENT, Party("third", "翠园小区物业服务中心李经理"))
    who.meet(open_one, "again", place="翠园社区人民调解室")
    who.agree(open_one)
    for language, width in (("en", 320), ("zh-hans", 1440)):
        page = signed_in(open_page, "mediator", "/mediation/", width=width, language=language)
        for address in (
            "/mediation/",
            "/mediation/?tab=follow",
            f"/mediation/{open_one.pk}/",
            f"/mediation/{open_one.pk}/session/",
            f"/mediation/{open_one.pk}/confirm/",
            f"/mediation/{open_one.pk}/end/",
            f"/mediation/{open_one.pk}/scans/",
            f"/cases/{dispute.number}/",
        ):
            page.goto(address)
            assert_accessible(page)
            if width < 500:
                assert_fits(page)
