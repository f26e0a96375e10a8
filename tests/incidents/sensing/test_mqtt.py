"""The consumer at a real broker: kept before it is acknowledged, again after whatever happened."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import paho.mqtt.publish as publish
import pytest
from amqtt.broker import Broker as RealBroker
from amqtt.contexts import BrokerConfig, ListenerConfig
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

from accounts.models import ApiClient, Scope
from incidents.management.commands.mqtt import parse
from incidents.models import Alert, AlertFeed, AlertSetAside, Incident
from incidents.sensing import taking
from incidents.sensing.consumer import Broker, Consumer
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0
TOPIC = "yiwang/v1/lamps/L-1/lamp_fault"


class BrokerThread:
    """A broker in a thread of its own, on a port of its own."""

    def __init__(self, port: int = 0) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = port
        self._call(self._start())

    def unacknowledged(self, client_id: str) -> int:
        """Messages that the broker has sent to this client and that wait for its word."""
        session, _handler = self._broker.sessions[client_id]
        return len(session.inflight_out)

    def stop(self) -> None:
        self._call(self._broker.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _start(self) -> None:
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": False}}
        listener = ListenerConfig(bind=f"127.0.0.1:{self.port}")
        self._broker = RealBroker(BrokerConfig(listeners={"default": listener}, plugins=plugins))
        await self._broker.start()
        server = self._broker._servers["default"].instance
        self.port = server.sockets[0].getsockname()[1]

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerThread]:
    running = BrokerThread()
    yield running
    running.stop()


class Running:
    """A consumer in a thread, and the waiting for what it does."""

    def __init__(self, port: int, client_id: str) -> None:
        self.client_id = client_id
        self.consumer = Consumer(
            Broker("127.0.0.1", port, username="yiwang", client_id=client_id),
            now=lambda: TUESDAY,
            parse=parse,
            pause=0.05,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.consumer.run()
        finally:
            connections.close_all()

    def stop(self) -> None:
        self.consumer.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def until(self, held: Callable[[], bool]) -> None:
        tick = threading.Event()
        for _try in range(int(PATIENCE / 0.05)):
            if held():
                return
            tick.wait(0.05)
        raise AssertionError("not within the patience of the test")

    def connected(self) -> "Running":
        self.until(lambda: AlertFeed.objects.filter(channel="mqtt", name="#", is_up=True).exists())
        self.until(self.consumer._client.is_connected)
        return self


@pytest.fixture
def run(broker: BrokerThread, request) -> Iterator[Callable[[], Running]]:
    started: list[Running] = []

    def start() -> Running:
        started.append(Running(broker.port, request.node.name[:20]))
        return started[-1].connected()

    yield start
    for one in started:
        if one._thread.is_alive():
            one.stop()


@pytest.fixture
def lamps(rules: None, lamp) -> ApiClient:
    return ApiClient.objects.issue(name="lamps", source="sensor")[0]


def say(broker: BrokerThread, *messages: tuple[str, bytes]) -> None:
    publish.multiple(
        [{"topic": topic, "payload": payload, "qos": 1} for topic, payload in messages],
        hostname="127.0.0.1",
        port=broker.port,
        client_id="device",
        auth={"username": "device"},
    )


@pytest.mark.parametrize(
    "told", [{"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"scopes": [Scope.READ]}, {"is_active": False}]
)
def test_a_token_that_is_over_or_may_only_read_says_nothing_here_either(broker, run, lamps, told):
    ApiClient.objects.filter(pk=lamps.pk).update(**told)
    running = run()
    say(broker, (TOPIC, b"ON"))
    running.until(lambda: running.consumer.taken == 1)
    assert not Alert.objects.exists()
    assert AlertSetAside.objects.get().reason == "unknown_tenant"


def test_what_a_device_publishes_is_a_case_and_what_cannot_be_read_is_set_aside(broker, run, lamps):
    running = run()
    say(
        broker,
        (TOPIC, b'{"state":"firing","value":0}'),
        (TOPIC, b"\xff not json"),
        ("yiwang/v1/strangers/L-1/lamp_fault", b"1"),
        (TOPIC, b"ON"),
    )
    running.until(lambda: running.consumer.taken == 4)
    assert Incident.objects.get().source == "sensor"
    assert Alert.objects.get().repeats == 1
    aside = AlertSetAside.objects.order_by("pk")
    assert list(aside.values_list("reason", "origin")) == [
        ("not_utf8", TOPIC),
        ("unknown_tenant", "yiwang/v1/strangers/L-1/lamp_fault"),
    ]
    say(broker, (TOPIC, b"OFF"))
    running.until(lambda: running.consumer.taken == 5)
    assert not Alert.objects.get().is_firing


def test_what_came_while_nobody_listened_waits_at_the_broker(broker, run, lamps):
    run().stop()
    say(broker, (TOPIC, b"ON"))
    running = run()
    running.until(lambda: running.consumer.taken == 1)
    assert Incident.objects.count() == 1


def test_while_the_database_is_away_the_message_waits_and_only_then_is_acknowledged(
    broker, run, lamps, monkeypatch
):
    tried = threading.Semaphore(0)
    keep = taking.lock
    is_away = threading.Event()
    is_away.set()

    def lock() -> None:
        tried.release()
        if is_away.is_set():
            raise OperationalError("the database is away")
        keep()

    monkeypatch.setattr(taking, "lock", lock)
    running = run()
    say(broker, (TOPIC, b"ON"))
    assert all(tried.acquire(timeout=PATIENCE) for _try in range(3))
    assert running.consumer.taken == 0
    assert broker.unacknowledged(running.client_id) == 1
    is_away.clear()
    running.until(lambda: running.consumer.taken == 1)
    running.until(lambda: broker.unacknowledged(running.client_id) == 0)
    assert Incident.objects.count() == 1


def test_a_message_that_breaks_us_is_set_aside_and_the_others_go_on(broker, run, lamps, monkeypatch):
    keep = taking.take

    def breaks(notices, **more):
        if any(one.value == "666" for one in notices):
            raise ZeroDivisionError
        return keep(notices, **more)

    monkeypatch.setattr(taking, "take", breaks)
    running = run()
    say(broker, (TOPIC, b'{"state":"on","value":666}'), (TOPIC, b"ON"))
    running.until(lambda: running.consumer.taken == 2)
    assert AlertSetAside.objects.get().reason == "failed"
    assert Incident.objects.count() == 1


def test_a_broker_that_comes_back_is_listened_to_again(lamps):
    own = BrokerThread()
    running = Running(own.port, "restarted").connected()
    own.stop()
    running.until(lambda: AlertFeed.objects.filter(name="#", is_up=False).exists())
    back = BrokerThread(own.port)
    try:
        running.connected()
        say(back, (TOPIC, b"ON"))
        running.until(lambda: running.consumer.taken == 1)
        assert Incident.objects.count() == 1
    finally:
        running.stop()
        back.stop()


def test_the_address_of_a_broker():
    told = Broker.of("mqtts://us%40er:p%2Fw@broker.example:8884", client_id="x")
    assert (told.host, told.port, told.tls) == ("broker.example", 8884, True)
    assert (told.username, told.password, told.client_id) == ("us@er", "p/w", "x")
    assert Broker.of("mqtts://broker.example", username="u").port == 8883
    assert Broker.of("mqtt://broker.example", username="u").username == "u"
    for wrong in ("http://broker.example", "broker.example", "mqtt://", "mqtt://x:99999"):
        with pytest.raises(ImproperlyConfigured):
            Broker.of(wrong)
