"""Whose token is taken, from where, for how long; and what is written down of it."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiClient, OldToken
from accounts.systems import addresses, keeping
from tests.accounts.systems.conftest import OFFICE, Hours, System, code_of, issue

pytestmark = pytest.mark.django_db


def rotated(client: ApiClient, clock: Hours, **overlap: float) -> str:
    return keeping.rotate(
        client=client, overlap=timedelta(**overlap), expires_at=None, actor=None, at=clock.now
    )


# --- two tokens at once ---------------------------------------------------------------------------


def test_a_replaced_token_is_good_for_its_hours_and_no_longer(hours: Hours) -> None:
    client, before = issue()
    after = rotated(client, hours, hours=24)
    assert [System(token).get().status_code for token in (before, after)] == [200, 200]
    hours.pass_by(hours=23, minutes=59)
    assert System(before).get().status_code == 200
    hours.pass_by(minutes=1)
    refused = System(before).get()
    assert (refused.status_code, code_of(refused)) == (401, "token_replaced")
    assert refused["WWW-Authenticate"] == 'Bearer realm="yiwang"'
    assert System(after).get().status_code == 200


def test_it_can_be_ended_early(hours: Hours) -> None:
    client, before = issue()
    after = rotated(client, hours, hours=24)
    assert keeping.end_old(client=client, actor=None, at=hours.now) == 1
    assert [System(token).get().status_code for token in (before, after)] == [401, 200]
    assert keeping.end_old(client=client, actor=None, at=hours.now) == 0


def test_without_hours_it_ends_at_once(hours: Hours) -> None:
    client, before = issue()
    rotated(client, hours)
    assert code_of(System(before).get()) == "token_replaced"


def test_replacing_gives_an_old_token_no_more_time_than_it_had(hours: Hours) -> None:
    client, before = issue(expires_at=hours.now + timedelta(hours=2))
    rotated(client, hours, hours=24)
    hours.pass_by(hours=2)
    assert code_of(System(before).get()) == "token_replaced"


def test_replaced_twice_each_keeps_its_own_end(hours: Hours) -> None:
    client, first = issue()
    second = rotated(client, hours, hours=2)
    third = rotated(client, hours, hours=24)
    hours.pass_by(hours=2)
    assert [System(token).get().status_code for token in (first, second, third)] == [401, 200, 200]


def test_switched_off_none_of_them_is_taken(hours: Hours) -> None:
    client, before = issue()
    after = rotated(client, hours, hours=24)
    keeping.switch(client=client, on=False, actor=None, at=hours.now)
    assert [code_of(System(token).get()) for token in (before, after)] == ["authentication_failed"] * 2
    keeping.switch(client=client, on=True, actor=None, at=hours.now)
    assert System(after).get().status_code == 200


def test_a_token_ends_at_its_time(hours: Hours) -> None:
    _client, token = issue(expires_at=hours.now + timedelta(hours=1))
    assert System(token).get().status_code == 200
    hours.pass_by(hours=1)
    assert code_of(System(token).get()) == "token_expired"


def test_no_token_is_kept(hours: Hours) -> None:
    client, token = issue()
    rotated(client, hours, hours=1)
    kept = repr([list(ApiClient.objects.values()), list(OldToken.objects.values())])
    assert token not in kept


# --- from where -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        ([], "203.0.113.9", 200),
        (["198.51.100.0/24"], OFFICE, 200),
        (["198.51.100.7/32"], OFFICE, 200),
        (["198.51.100.8/32", "203.0.113.0/24"], OFFICE, 403),
        (["198.51.100.0/24"], "::ffff:198.51.100.7", 200),
        (["2001:db8:1:2::10/128"], "2001:db8:1:2::10", 200),
        (["2001:db8:1:2::10/128"], "2001:db8:1:2::11", 403),
    ],
)
def test_from_these_networks_alone(networks: list[str], address: str, status: int) -> None:
    _client, token = issue(addresses=networks)
    answer = System(token, address).get()
    assert answer.status_code == status
    if status == 403:
        assert code_of(answer) == "address_not_allowed"


def test_behind_a_proxy_it_is_the_address_that_the_proxy_saw(settings: Any) -> None:
    _client, token = issue(addresses=["198.51.100.0/24"])
    proxy = "10.0.0.1"
    settings.NUM_PROXIES = 1
    seen = System(token, proxy, {"X-Forwarded-For": OFFICE})
    made_up = System(token, proxy, {"X-Forwarded-For": f"{OFFICE}, 203.0.113.9"})
    assert [seen.get().status_code, made_up.get().status_code] == [200, 403]
    settings.NUM_PROXIES = 0
    assert seen.get().status_code == 403  # nobody in front is believed


def test_a_replaced_token_is_no_way_around_the_list(hours: Hours) -> None:
    client, before = issue(addresses=["198.51.100.0/24"])
    rotated(client, hours, hours=24)
    assert System(before, "203.0.113.9").get().status_code == 403


def test_an_app_s_key_is_held_to_its_list_too() -> None:
    _client, key = issue(source="city_app", scopes=["open311"], addresses=["198.51.100.0/24"])
    told = {"api_key": key, "service_code": "0204", "lat": "22.76488", "long": "114.26054"}
    told["description"] = "路灯坏了"
    inside = Client(REMOTE_ADDR=OFFICE).post("/open311/v2/requests.json", told)
    outside = Client(REMOTE_ADDR="203.0.113.9").post("/open311/v2/requests.json", told)
    assert [inside.status_code, outside.status_code] == [201, 403]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", []),
        ("10.1.2.3", ["10.1.2.3/32"]),
        ("10.1.2.3/24\n 10.1.2.0/24；2001:DB8::/32", ["10.1.2.0/24", "2001:db8::/32"]),
    ],
)
def test_networks_are_read_as_people_type_them(typed: str, read: list[str]) -> None:
    assert addresses.read(typed) == read


@pytest.mark.parametrize("typed", ["10.1.2", "10.1.2.3/33", "office", "0.0.0.0/0", "::/0", "10.1.2.3\x00"])
def test_what_is_no_network_is_refused(typed: str) -> None:
    with pytest.raises(addresses.NotANetwork):
        addresses.read(typed)


def test_no_address_is_in_no_network() -> None:
    assert not addresses.is_within("", ["10.0.0.0/8"])


# --- what is written down -------------------------------------------------------------------------


def test_its_use_is_written_down_once_a_minute(hours: Hours) -> None:
    client, token = issue()
    written = []
    for _request in range(3):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            System(token).get()
        written.append(sum(query["sql"].startswith("UPDATE") for query in asked))
        hours.pass_by(seconds=29)
    hours.pass_by(seconds=2)
    with CaptureQueriesContext(connection) as asked:
        System(token).get()
    written.append(sum(query["sql"].startswith("UPDATE") for query in asked))
    assert written == [1, 0, 0, 1]
    client.refresh_from_db()
    assert (client.last_used_at, client.last_used_from) == (hours.now, OFFICE)


def test_the_present_token_costs_one_query(hours: Hours) -> None:
    _client, token = issue()
    System(token).get()
    with CaptureQueriesContext(connection) as asked:
        System(token).get()
    about = [query["sql"] for query in asked if "apiclient" in query["sql"] or "oldtoken" in query["sql"]]
    assert len(about) == 1


def test_a_refusal_is_logged_without_the_token_and_told_on_its_row(
    hours: Hours, caplog: pytest.LogCaptureFixture
) -> None:
    client, token = issue(addresses=["10.0.0.0/8"])
    with caplog.at_level(logging.WARNING):
        System(token).get()
        System("made-up-token").get()
    said = [one.getMessage() for one in caplog.records if one.name == "accounts.systems.admitting"]
    assert said == [
        f"a token was refused: address_not_allowed, of system {client.pk}, from 198.51.100.*",
        "a token was refused: not known, from 198.51.100.*",
    ]
    assert token not in caplog.text
    client.refresh_from_db()
    told = (client.refused_at, client.refused_from, client.refused_why, client.last_used_at)
    assert told == (hours.now, OFFICE, "address_not_allowed", None)
