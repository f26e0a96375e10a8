"""Which transport carries which channel: what the settings name, and the console twin of the rest."""

from collections.abc import Mapping

from django.conf import settings

from incidents.models import Channel
from incidents.transports.console import ConsoleTransport
from incidents.transports.letter import Transport
from incidents.transports.mail import MailTransport
from incidents.transports.sms import SmsTransport
from incidents.transports.webhook import WebhookTransport
from incidents.transports.wework import WeworkTransport

Transports = Mapping[str, Transport]


def configured() -> dict[str, Transport]:
    """A transport for every channel."""
    seconds = settings.TRANSPORT_TIMEOUT
    found: dict[str, Transport] = {str(channel): ConsoleTransport() for channel in Channel}
    if settings.EMAIL_HOST:
        found[Channel.EMAIL] = MailTransport(seconds)
    if settings.SMS_GATEWAY_URL:
        found[Channel.SMS] = SmsTransport(settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET, seconds)
    if settings.WEWORK_URL:
        found[Channel.WEWORK] = WeworkTransport(settings.WEWORK_URL, settings.WEWORK_AGENT, seconds)
    if settings.WEBHOOKS_ARE_SENT:
        found[Channel.WEBHOOK] = WebhookTransport(seconds)
    return found
