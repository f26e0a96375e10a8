"""The consumer of what devices publish: acknowledged only once it is in the database.

A persistent session and quality of service 1: what comes while nobody listens waits at the broker, and what
was not acknowledged comes again; taking it in twice changes nothing. The network has a thread of its own
(paho's), which hands messages on through a bounded queue; one thread takes them in, in batches.
"""

import logging
import queue
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import Q
from django.utils import timezone
from paho.mqtt.enums import CallbackAPIVersion

from accounts.models import ApiClient, Scope
from dispatch.vocabulary import Source
from incidents.models import AlertFeed
from incidents.models.sensing import AlertChannel
from incidents.sensing import taking, topics
from incidents.sensing.aside import set_aside
from incidents.sensing.notice import Malformed, Notice

log = logging.getLogger(__name__)

BATCH_MOST = 200
QUEUE_MOST = 2_000  # beyond it the network waits, and with it the broker
KEEPALIVE = 30
LONGEST_PAUSE = 60
SOURCES = (Source.SENSOR, Source.AI_VIDEO)
_WAIT = 0.5
# No client is called so: a topic's level cannot hold it.
_FEED = "#"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are there."""

    host: str
    port: int
    tls: bool = False
    username: str = ""
    password: str = ""
    client_id: str = "yiwang"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    @classmethod
    def of(cls, url: str, **given: str) -> "Broker":
        """From mqtt://user:password@host:port or mqtts://; raises ImproperlyConfigured."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ImproperlyConfigured("MQTT_URL must be mqtt://HOST:PORT or mqtts://HOST:PORT")
        try:
            port = parts.port
        except ValueError as error:
            raise ImproperlyConfigured(f"MQTT_URL: {error}") from error
        tls = parts.scheme == "mqtts"
        given["username"] = unquote(parts.username or "") or given.get("username", "")
        given["password"] = unquote(parts.password or "") or given.get("password", "")
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, **given)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came over one connection: its number means nothing on another."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int


class Consumer:
    """Runs until it is stopped; whatever fails outside is waited for."""

    def __init__(
        self,
        broker: Broker,
        *,
        now: Callable[[], datetime],
        parse: Callable[[bytes], Any],
        pause: float = 1.0,
    ) -> None:
        self._broker, self._now, self._parse, self._pause = broker, now, parse, pause
        self._queue: queue.Queue[Message] = queue.Queue(QUEUE_MOST)
        self._stop = threading.Event()
        self._connection = 0
        self._news: queue.SimpleQueue[tuple[bool, str]] = queue.SimpleQueue()
        self.taken = 0  # messages acknowledged so far
        self._client = self._make_client()

    def run(self) -> None:
        """Connect, and take messages in until `stop`."""
        broker = self._broker
        log.info("connecting to %s:%s as %s", broker.host, broker.port, broker.client_id)
        self._client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE)
        self._client.loop_start()
        try:
            while not self._stop.is_set():
                self._tell_feed()
                batch = self._next_batch()
                if batch:
                    self._take_in(batch)
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def stop(self) -> None:
        """End after the batch in hand; what is not acknowledged comes again."""
        self._stop.set()

    def _make_client(self) -> mqtt.Client:
        broker = self._broker
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=False,
            manual_ack=True,
            protocol=mqtt.MQTTv311,
        )
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        if broker.tls:
            context = ssl.create_default_context(cafile=broker.ca_file or None)
            if broker.cert_file:
                context.load_cert_chain(broker.cert_file, broker.key_file or None)
            client.tls_set_context(context)
        client.reconnect_delay_set(min_delay=1, max_delay=LONGEST_PAUSE)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._came
        return client

    # --- the network's thread: nothing here touches the database ---

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.warning("the broker refuses: %s", reason)
            self._news.put((False, str(reason)))
            return
        self._connection += 1
        client.subscribe(topics.FILTER, qos=1)
        log.info("connected, listening to %s", topics.FILTER)
        self._news.put((True, ""))

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._news.put((False, str(reason)))
        if not self._stop.is_set():
            log.warning("disconnected: %s; trying again", reason)

    def _came(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        one = Message(topic, bytes(message.payload), message.mid, message.qos, self._connection)
        while not self._stop.is_set():
            try:
                self._queue.put(one, timeout=_WAIT)
            except queue.Full:
                continue
            return

    # --- the thread that takes in ---

    def _next_batch(self) -> list[Message]:
        try:
            batch = [self._queue.get(timeout=_WAIT)]
        except queue.Empty:
            return []
        while len(batch) < BATCH_MOST:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _take_in(self, batch: list[Message]) -> None:
        """In, then acknowledged; while the database is away, waited for with the batch in hand."""
        pause = self._pause
        while not self._stop.is_set():
            try:
                self._keep(batch)
            except (OperationalError, InterfaceError) as error:
                log.warning("the database is away (%s); %s messages wait", error, len(batch))
                close_old_connections()
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            except Exception as error:
                if len(batch) > 1:
                    log.exception("a batch failed; its messages are taken in one by one")
                    for one in batch:
                        self._take_in([one])
                    return
                log.exception("a message on %s failed and is set aside", batch[0].topic)
                self._set_aside_failed(batch[0], error)
                return
            self._acknowledge(batch)
            return

    def _keep(self, batch: list[Message]) -> None:
        at = self._now()
        clients = _clients({topic.tenant for one in batch if (topic := _topic_of(one)) is not None})
        notices: dict[int, list[Notice]] = defaultdict(list)
        unread: list[tuple[Malformed, Message, ApiClient | None]] = []
        by_id = {client.pk: client for client in clients.values()}
        for one in batch:
            client: ApiClient | None = None
            try:
                topic = topics.read_topic(one.topic)
                client = clients.get(topic.tenant)
                if client is None:
                    raise Malformed(
                        "unknown_tenant", f"no token of a sensor's source is called {topic.tenant}"
                    )
                notice = topics.read(topic, one.payload, at=at, parse=self._parse)
            except Malformed as error:
                unread.append((error, one, client))
                continue
            if notice is not None:
                notices[client.pk].append(notice)
        for pk, told in notices.items():
            taking.take(told, client=by_id[pk], at=at)
        # Last: what fails above comes here again, message by message, and each is set aside once.
        with transaction.atomic():
            for problem, one, client in unread:
                set_aside(
                    [(problem, one.payload)],
                    client=client,
                    channel=AlertChannel.MQTT,
                    origin=one.topic,
                    at=at,
                )

    def _set_aside_failed(self, one: Message, error: Exception) -> None:
        problem = Malformed("failed", f"{type(error).__name__}: {error}"[:300])
        while not self._stop.is_set():
            try:
                set_aside(
                    [(problem, one.payload)],
                    client=None,
                    channel=AlertChannel.MQTT,
                    origin=one.topic,
                    at=self._now(),
                )
            except (OperationalError, InterfaceError):
                close_old_connections()
                self._stop.wait(self._pause)
                continue
            self._acknowledge([one])
            return

    def _acknowledge(self, batch: list[Message]) -> None:
        for one in batch:
            # Over another connection the number may be another message's; this one comes again then.
            if one.qos and one.connection == self._connection:
                self._client.ack(one.mid, one.qos)
        self.taken += len(batch)

    def _tell_feed(self) -> None:
        """Write down whether the line is up, for the page; missed while the database is away."""
        last: tuple[bool, str] | None = None
        while not self._news.empty():
            last = self._news.get()
        if last is None:
            return
        is_up, error = last
        told = {"is_up": is_up, "error": error[:200], "since": self._now()}
        try:
            AlertFeed.objects.update_or_create(channel=AlertChannel.MQTT, name=_FEED, defaults=told)
        except (OperationalError, InterfaceError):
            close_old_connections()
            self._news.put(last)
            time.sleep(min(self._pause, _WAIT))


def _topic_of(one: Message) -> topics.Topic | None:
    try:
        return topics.read_topic(one.topic)
    except Malformed:
        return None


def _clients(tenants: set[str]) -> dict[str, ApiClient]:
    """The tenants' tokens: a tenant is a client of a sensor's or AI video's source, by its name.

    As over HTTP, one that has expired says nothing any more, nor does one that may only read.
    """
    rows = ApiClient.objects.filter(name__in=tenants, is_active=True, source__in=SOURCES)
    # Tokens go by the machine's clock, whatever a demonstration has made of the district's.
    valid = rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
    return {client.name: client for client in valid if Scope.REPORT in client.scopes}
