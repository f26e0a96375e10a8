"""E-mail through an SMTP server."""

import re
import smtplib
from dataclasses import dataclass
from email.utils import format_datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from incidents.transports.letter import Letter, TransportError

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._/-]")


@dataclass(frozen=True, slots=True)
class MailTransport:
    """Django's SMTP backend with the settings' server; the Message-ID, made from the key, tells repeats."""

    seconds: float

    def send(self, letter: Letter) -> None:
        connection = get_connection(
            "django.core.mail.backends.smtp.EmailBackend", timeout=self.seconds, fail_silently=False
        )
        message = EmailMultiAlternatives(
            letter.subject,
            letter.body,
            settings.DEFAULT_FROM_EMAIL,
            [letter.to],
            headers={
                "Message-ID": f"<{message_id(letter.key)}>",
                # As of the notice, not of this try: the same key is the same mail to the last byte.
                "Date": format_datetime(letter.created_at),
                "Auto-Submitted": "auto-generated",
            },
            connection=connection,
        )
        if letter.html:
            message.attach_alternative(letter.html, "text/html")
        for enclosure in letter.enclosures:
            message.attach(enclosure.name, enclosure.content, enclosure.media_type)
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _text in error.recipients.values()]
            raise TransportError(
                f"recipient refused: {codes[0] if codes else ''}",
                permanent=all(code >= 500 for code in codes),
            ) from error
        except smtplib.SMTPDataError as error:
            raise TransportError(f"refused: {error.smtp_code}", permanent=error.smtp_code >= 500) from error
        except smtplib.SMTPResponseException as error:
            # About our own sign-in or sender: the next mail would fare no better.
            raise TransportError(f"the server answered {error.smtp_code}", unreachable=True) from error
        except (smtplib.SMTPException, OSError) as error:
            # smtplib says a time-out in words alone
            is_late = isinstance(error, TimeoutError) or "timed out" in str(error)
            why = "timed out" if is_late else type(error).__name__
            raise TransportError(f"no answer: {why}", unreachable=True) from error


def message_id(key: str) -> str:
    """The key as the local part of a Message-ID, at the sender's domain."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"
    return f"{_NOT_IN_AN_ID.sub('_', key.replace(':', '/'))}@{domain}"
