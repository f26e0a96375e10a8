"""Where many file at once: a proof of work for browsers, a wait for those without scripts, for one report."""

import base64
import json
from typing import Any

import altcha
import pytest
import time_machine

from incidents.models import Report
from incidents.pages import form_guard
from tests.incidents.resident.conftest import Resident, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(settings: Any) -> None:
    """So much is filed that everybody is asked; the sums are small."""
    settings.FORM_FREE_PER_MINUTE = 1
    settings.FORM_PROOF_HASHES = 20
    form_guard.ALL_FILINGS.count("*")


def solved(challenge: str) -> str:
    """What ALTCHA's worker in a browser answers."""
    asked = altcha.Challenge.from_dict(json.loads(challenge))
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    return altcha.Payload(asked, solution).to_base64()


def at_the_end(text: str = "人行道地砖碎了一大片，没法走") -> Resident:
    resident = Resident()
    resident.begin(text)
    resident.client.post(resident.url("place"), {"nowhere": "on"})
    return resident


def test_on_an_ordinary_day_nobody_is_asked(someone: Resident) -> None:
    resident = at_the_end()
    page = resident.client.get(resident.url("finish"))
    assert page.context["ask"] is None
    assert "data-challenge" not in page.content.decode()
    assert resident.finish().status_code == 302


@pytest.mark.usefixtures("busy")
def test_a_solved_challenge_files_and_an_unsolved_one_keeps_all_that_was_typed(someone: Resident) -> None:
    resident = at_the_end()
    page = resident.client.get(resident.url("finish"))
    refused = resident.finish(phone="13812342207", photos=[upload(picture())])
    assert refused.status_code == 429
    body = refused.content.decode()
    assert 'value="13812342207"' in body
    assert "tel:12345" in body
    assert len(refused.context["photos"]) == 1
    assert refused["Retry-After"].isdecimal()
    assert not Report.objects.exists()
    done = resident.finish(
        altcha=solved(page.context["ask"].challenge), photo=refused.context["photos"][0]["token"]
    )
    assert done.url == resident.url("received")
    assert Report.objects.get().attachments.count() == 1


@pytest.mark.usefixtures("busy")
def test_who_sends_the_same_again_is_told_one_thing_at_a_time(someone: Resident) -> None:
    resident = at_the_end()
    asked = resident.client.get(resident.url("finish")).context["ask"]
    resident.finish(altcha=solved(asked.challenge))
    resident.begin("人行道地砖碎了一大片，没法走")
    resident.client.post(resident.url("place"), {"nowhere": "on"})
    page = resident.finish()
    body = page.content.decode()
    assert page.status_code == 409
    assert 'name="again"' in body
    assert 'class="note proof" hidden' in body  # the sum is done meanwhile, and says nothing
    refused = resident.finish(again="1")
    body = refused.content.decode()
    assert refused.status_code == 429
    assert "the same words" not in body
    assert 'name="again"' in body
    assert 'class="note proof" hidden' not in body
    assert Report.objects.count() == 1


@pytest.mark.usefixtures("busy")
def test_a_proof_is_good_for_its_own_form_alone(someone: Resident) -> None:
    first, second = at_the_end(), at_the_end("路口的垃圾桶满了，没人清")
    proof = solved(first.client.get(first.url("finish")).context["ask"].challenge)
    assert second.finish(altcha=proof).status_code == 429
    assert first.finish(altcha=proof).status_code == 302
    # The same form again is the same report, proof or none.
    assert first.finish(altcha=proof).url == first.url("received")
    assert Report.objects.count() == 1


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("age", [0, 19, 20])
def test_without_scripts_one_waits_and_pressing_early_starts_nothing_anew(
    someone: Resident, settings: Any, age: int
) -> None:
    settings.FORM_WAIT_SECONDS = 20
    with time_machine.travel("2026-07-07T02:00:00Z", tick=False) as hands:
        resident = at_the_end()
        ticket = resident.client.get(resident.url("finish")).context["ask"].ticket
        hands.shift(age)
        answer = resident.finish(waited=ticket)
        if age == 20:
            assert answer.status_code == 302
            return
        assert answer.status_code == 429
        assert (answer.context["ask"].ticket, answer.context["ask"].seconds) == (ticket, 20 - age)
        hands.shift(20 - age)
        assert resident.finish(waited=answer.context["ask"].ticket).status_code == 302


@pytest.mark.usefixtures("busy")
def test_a_wait_is_for_one_form_and_ends(someone: Resident, settings: Any) -> None:
    settings.FORM_WAIT_SECONDS = 20
    with time_machine.travel("2026-07-07T02:00:00Z", tick=False) as hands:
        first, second = at_the_end(), at_the_end("路口的垃圾桶满了，没人清")
        ticket = first.client.get(first.url("finish")).context["ask"].ticket
        hands.shift(30)
        assert second.finish(waited=ticket).status_code == 429
        hands.shift(form_guard.GOOD_FOR_SECONDS)
        assert first.finish(waited=ticket).status_code == 429


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    "payload",
    [
        "x",
        "=" * 5_000,
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'{"challenge":{"parameters":{}},"solution":{}}').decode(),
        base64.b64encode(b'{"challenge":' + b"[" * 1_500 + b"}").decode(),
        base64.b64encode('{"challenge":"灯"}'.encode()).decode(),
    ],
)
def test_what_a_script_makes_up_is_no_proof_and_no_fault(someone: Resident, payload: str) -> None:
    assert at_the_end().finish(altcha=payload, waited=payload[:200]).status_code == 429


@pytest.mark.usefixtures("busy")
def test_a_challenge_of_one_s_own_making_is_none(someone: Resident) -> None:
    resident = at_the_end()
    told = altcha.create_challenge(
        "SHA-256", 1, counter=1, data={"form": resident.form}, hmac_secret="mine", hmac_key_secret="mine"
    )
    assert resident.finish(altcha=solved(json.dumps(told.to_dict()))).status_code == 429


def test_one_address_is_asked_before_it_is_refused(someone: Resident, settings: Any) -> None:
    settings.FORM_FREE_PER_ADDRESS = 1
    settings.FORM_PROOF_HASHES = 20
    assert at_the_end().finish().status_code == 302
    again = at_the_end("路口的垃圾桶满了，没人清")
    proof = solved(again.client.get(again.url("finish")).context["ask"].challenge)
    assert again.finish(altcha=proof).status_code == 302
    elsewhere = at_the_end("小区门口的水管爆了")
    elsewhere.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    assert elsewhere.finish().status_code == 302
