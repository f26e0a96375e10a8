"""A webhook's address is a stranger's word: it leads out of the house, or to where somebody allowed it."""

import ipaddress
import socket
from typing import Any

import pytest

from accounts.reachable import may_be_reached, networks, says_private
from incidents import webhooks
from incidents.errors import InvalidInput
from incidents.models import Webhook
from incidents.transports import TransportError
from incidents.transports.webhook import WebhookTransport
from tests.cast import TUESDAY, Person
from tests.incidents.servers import web_server
from tests.incidents.test_transports import SECONDS, letter

REFUSED = "no answer: the address lies in a network that nothing is sent to"
INSIDE = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0"),
    *("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200"),
    *("192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]"),
    *("[::ffff:a9fe:a9fe]", "[2002:7f00:1::]", "[64:ff9b::127.0.0.1]", "[::127.0.0.1]", "[2001:db8::1]"),
]
OUTSIDE = ["93.184.216.34", "2130706434.example.org", "[2606:2800:220:1:248:1893:25c8:1946]"]


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Every name resolves to these addresses, one after the other; which names were asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_more: Any) -> Any:
        if host[0].isdecimal():
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found.split()]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_is_sent_inside_in_whatever_spelling(host: str) -> None:
    with pytest.raises(TransportError) as caught:
        WebhookTransport(SECONDS).send(letter(to=f"http://{host}:1/"))
    assert str(caught.value) in (REFUSED, "no answer: gaierror")
    assert says_private(f"http://{host}/", ())


@pytest.mark.parametrize("host", OUTSIDE)
def test_what_lies_outside_is_not_held_back_at_the_door(host: str) -> None:
    assert not says_private(f"https://{host}/hook", ())


def test_every_address_behind_a_name_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "93.184.216.34 127.0.0.1")
    with pytest.raises(TransportError, match="nothing is sent to"):
        WebhookTransport(SECONDS).send(letter(to="http://two-faced.example/"))


def test_a_name_that_answers_otherwise_a_moment_later_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Rebinding: what was judged is what is connected to, and nobody is asked twice."""
    with web_server() as allowed, web_server() as inside:
        settings.WEBHOOK_NETWORKS = ["127.0.0.1/32"]
        asked = names(monkeypatch, "127.0.0.1", "127.0.0.2")
        port = allowed.url.split(":")[2].split("/")[0]
        WebhookTransport(SECONDS).send(letter(to=f"http://rebound.example:{port}/hook"))
        assert asked == ["rebound.example"]
        assert allowed.posted[0].headers["Host"] == f"rebound.example:{port}"
        assert inside.posted == []


def test_a_network_can_be_allowed_and_no_more_than_that(settings: Any) -> None:
    with web_server() as web:
        settings.WEBHOOK_NETWORKS = ["127.0.0.0/30"]
        WebhookTransport(SECONDS).send(letter(to=web.url))
        assert len(web.posted) == 1
        settings.WEBHOOK_NETWORKS = ["127.0.1.0/24"]
        with pytest.raises(TransportError, match="nothing is sent to"):
            WebhookTransport(SECONDS).send(letter(to=web.url))
        assert len(web.posted) == 1


def test_what_clouds_tell_their_own_machines_is_never_allowed() -> None:
    everything = networks(["0.0.0.0/0"])
    assert not may_be_reached(ipaddress.ip_address("100.100.100.200"), everything)
    assert may_be_reached(ipaddress.ip_address("10.0.0.1"), everything)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/", "private_address"),
        ("http://2130706433/", "private_address"),
        ("http://localhost:8000/", "private_address"),
        ("https://user:secret@example.org/hook", "credentials"),
        ("http://up.example.org/hook", "plain"),
        ("http://93.184.216.34/hook", "plain"),
        ("https://example.com:22/", "port"),
        ("https://example.com:6379/", "port"),
        ("https://example.com:99999/", "port"),
    ],
)
def test_the_door_refuses_what_can_be_seen_at_once(admin: Person, url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        webhooks.add(name="x", url=url, source="hotline", kinds=[], actor=admin.actor, at=TUESDAY)
    assert (caught.value.field, caught.value.code) == ("url", code)
    assert not Webhook.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "code"), [("http://10.21.0.1/", "private_address"), ("http://93.184.216.34/", "plain")]
)
def test_plain_http_is_for_what_was_allowed_alone(admin: Person, settings: Any, url: str, code: str) -> None:
    settings.WEBHOOK_NETWORKS = ["10.20.0.0/16"]
    with pytest.raises(InvalidInput) as caught:
        webhooks.add(name="x", url=url, source="hotline", kinds=[], actor=admin.actor, at=TUESDAY)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://out.example/", "plain http goes nowhere but to networks that were allowed"),
        ("https://out.example:22/", "the port is another service's"),
    ],
)
def test_nor_is_either_sent_out_where_an_address_was_taken_before(
    monkeypatch: pytest.MonkeyPatch, settings: Any, url: str, why: str
) -> None:
    settings.WEBHOOK_NETWORKS = ["10.20.0.0/16"]
    names(monkeypatch, "93.184.216.34")
    with pytest.raises(TransportError) as caught:
        WebhookTransport(SECONDS).send(letter(to=url))
    assert str(caught.value) == f"no answer: {why}"


@pytest.mark.django_db
def test_the_door_takes_what_is_outside_or_allowed(admin: Person, settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["10.20.0.0/16"]
    for number, url in enumerate(("https://up.example.org/hook", "http://10.20.3.4:8080/hook")):
        webhooks.add(name=f"x{number}", url=url, source="hotline", kinds=[], actor=admin.actor, at=TUESDAY)
    assert Webhook.objects.count() == 2
