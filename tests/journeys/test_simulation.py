"""A simulated year in a real browser: at a desk, on a phone, in the dark, on paper, without scripts."""

import pytest

from accounts.roles import Role
from dashboards.models import SimulationRun
from tests.cast import TUESDAY, person
from tests.config.simulated import a_document
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_a_leader_reads_a_simulated_year(open_page: OpenPage, shoot: Shoot) -> None:
    told = a_document()
    SimulationRun.objects.create(
        digest=told["digest"], made_at=told["made_at"], loaded_at=TUESDAY, document=told
    )
    leader = person("a-leader", Role.LEADER, "district")
    desk = open_page("/simulation/", width=1440, height=1000)
    sign_in(desk, leader)
    keys_are_heard(desk)
    desk.wait_for_selector("#main canvas, .chart canvas")
    assert desk.locator(".compare-bar").count() == 8
    shoot(desk, "simulation")
    assert_accessible(desk)
    desk.emulate_media(media="print")
    shoot(desk, "simulation-print")

    phone = open_page("/simulation/", width=390, language="en", color_scheme="dark")
    sign_in(phone, leader)
    keys_are_heard(phone)
    shoot(phone, "simulation-phone")
    assert_fits(phone)
    assert_accessible(phone)

    plain = open_page("/simulation/", width=320, scripts=False)
    sign_in(plain, leader)
    assert plain.locator(".chart-table").count() >= 5
    assert plain.evaluate("document.documentElement.scrollWidth") <= 320
