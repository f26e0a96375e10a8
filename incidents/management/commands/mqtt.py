"""`manage.py mqtt`: take in what devices publish, until it is stopped."""

import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import clock
from incidents.api.errors import Problem
from incidents.api.parsers import parse_json
from incidents.sensing.consumer import Broker, Consumer
from incidents.sensing.notice import Malformed


class Command(BaseCommand):
    help = "Listen to the broker of MQTT_URL and take alerts in; see docs/sensors.md."

    def handle(self, **options: Any) -> None:
        if not settings.MQTT_URL:
            raise CommandError("MQTT_URL is not set: there is no broker to listen to.")
        broker = Broker.of(
            settings.MQTT_URL,
            username=settings.MQTT_USERNAME,
            password=settings.MQTT_PASSWORD,
            client_id=settings.MQTT_CLIENT_ID,
            ca_file=settings.MQTT_CA_FILE,
            cert_file=settings.MQTT_CERT_FILE,
            key_file=settings.MQTT_KEY_FILE,
        )
        consumer = Consumer(broker, now=clock.now, parse=parse)

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            consumer.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        consumer.run()


def parse(body: bytes) -> Any:
    """JSON as the API reads it; Malformed where it is none."""
    try:
        return parse_json(body)
    except Problem as error:
        raise Malformed(str(error.get_codes()), f"{error.field}: {error.detail}") from error
