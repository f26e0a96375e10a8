"""Each transport against a real server: what it sends, what it takes for an error, and when it gives up."""

import email
import email.policy
import json
import logging
import socket
import subprocess
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from incidents.delivery import deliver, spread
from incidents.models import Channel, OutboxMessage, Parcel, Webhook
from incidents.transports import ConsoleTransport, Letter, TransportError, configured
from incidents.transports.mail import MailTransport
from incidents.transports.posting import READ_AT_MOST, SENT_AT_MOST, post_json
from incidents.transports.sms import SmsTransport
from incidents.transports.webhook import WebhookTransport
from incidents.transports.wework import WeworkTransport
from tests.cast import TUESDAY, file_report
from tests.incidents.servers import mail_server, web_server

SECONDS = 5.0


@pytest.fixture(autouse=True)
def this_machine(settings):
    """Whom webhooks may reach besides the public: the servers of these tests."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def web():
    with web_server() as server:
        yield server


@pytest.fixture
def post(settings):
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "一网 <notices@yiwang.example>"
        yield server


def letter(**given):
    facts = {
        "key": "stage:5:1:warn_80:webhook:3",
        "channel": "webhook",
        "kind": "timer.warned",
        "created_at": datetime(2026, 7, 7, 2, 0, tzinfo=UTC),
        "to": "",
        "subject": "【一网】20260709-000511 还剩 20%",
        "body": '{"kind":"timer.warned"}',
        "secret": "a-secret",
    }
    return Letter(**{**facts, **given})


def refused(transport, sent):
    with pytest.raises(TransportError) as caught:
        transport.send(sent)
    return caught.value


# --- webhooks -------------------------------------------------------------------------------------


def test_a_webhook_is_posted_with_its_key_and_a_signature_that_others_can_check(web):
    sent = letter(to=web.url)
    WebhookTransport(SECONDS).send(sent)
    posted = web.posted[0]
    assert posted.path == "/hook?place=1"
    assert posted.body == b'{"kind":"timer.warned"}'
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["Yiwang-Id"] == sent.key
    stamp = posted.headers["Yiwang-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    # By another program than ours.
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "a-secret", "-r"],
        input=stamp.encode() + b"." + posted.body,
        capture_output=True,
        check=True,
    )
    assert posted.headers["Yiwang-Signature"] == f"v1={digest.stdout.split()[0].decode()}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(web, status):
    web.status, web.body = status, b""
    WebhookTransport(SECONDS).send(letter(to=web.url))
    assert len(web.posted) == 1


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, False), (404, False), (409, False), (410, True), (429, False), (500, False)],
)
def test_only_410_says_that_nobody_wants_it_any_more(web, status, permanent):
    web.status = status
    error = refused(WebhookTransport(SECONDS), letter(to=web.url))
    assert (error.permanent, error.unwanted, error.unreachable) == (permanent, permanent, False)
    assert str(error) == f"answered {status}"


def test_a_redirect_is_not_followed(web):
    with web_server() as elsewhere:
        web.status, web.headers = 307, {"Location": elsewhere.url}
        error = refused(WebhookTransport(SECONDS), letter(to=web.url))
        assert str(error) == "answered 307"
        assert elsewhere.posted == []


def test_one_that_hangs_meets_its_time_out(web):
    web.silence = 3.0
    began = time.monotonic()
    error = refused(WebhookTransport(0.4), letter(to=web.url))
    assert time.monotonic() - began < 2
    assert (str(error), error.unreachable) == ("no answer: timed out", True)


def test_one_that_drips_meets_its_time_out_too(web):
    web.body, web.drip = b"x" * 100, 0.1  # never silent for as long as the time-out
    began = time.monotonic()
    error = refused(WebhookTransport(0.5), letter(to=web.url))
    assert time.monotonic() - began < 2
    assert str(error) == "no answer: timed out"


def test_one_that_drips_in_its_handshake_too():
    """TLS is waited for as everything is: each byte is in time, the whole of them never is."""
    over = threading.Event()

    def serve():
        wire, _from = server.accept()
        with suppress(OSError), wire:
            wire.sendall(b"\x16\x03\x03\x40\x00")  # a record that is long, and then byte by byte
            while not over.wait(0.1):
                wire.sendall(b"\x00")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        began = time.monotonic()
        try:
            url = f"https://127.0.0.1:{server.getsockname()[1]}/"
            error = refused(WebhookTransport(0.5), letter(to=url))
            assert str(error) == "no answer: timed out"
            assert time.monotonic() - began < 3
        finally:
            over.set()
            thread.join()


def test_where_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        error = refused(WebhookTransport(SECONDS), letter(to=url))
    assert (str(error), error.unreachable, error.permanent) == (
        "no answer: ConnectionRefusedError",
        True,
        False,
    )


def test_an_answer_without_end_is_read_up_to_a_bound(web):
    web.body = b"x" * (READ_AT_MOST * 4)
    assert len(post_json(web.url, b"{}", {}, seconds=SECONDS).body) == READ_AT_MOST


def test_what_is_too_large_is_not_sent(web):
    error = refused(WebhookTransport(SECONDS), letter(to=web.url, body="x" * (SENT_AT_MOST + 1)))
    assert error.permanent
    assert web.posted == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "http://", "nothing"])
def test_only_web_addresses_are_posted_to(url):
    assert refused(WebhookTransport(SECONDS), letter(to=url)).permanent


# --- text messages --------------------------------------------------------------------------------


def test_a_text_message_is_signed_and_has_a_request_id(web):
    sent = letter(channel="sms", to="13812342207", body="【一网】还剩 20%")
    SmsTransport(web.url, "gateway-secret", SECONDS).send(sent)
    posted = web.posted[0]
    assert json.loads(posted.body) == {"id": sent.key, "to": "13812342207", "text": "【一网】还剩 20%"}
    assert posted.headers["X-Request-Id"] == sent.key
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "gateway-secret", "-r"],
        input=posted.headers["X-Timestamp"].encode() + b"." + posted.body,
        capture_output=True,
        check=True,
    )
    assert posted.headers["X-Signature"] == digest.stdout.split()[0].decode()


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (422, True), (401, False), (429, False), (500, False), (503, False)],
)
def test_a_gateway_refuses_one_message_or_has_trouble_itself(web, status, permanent):
    web.status = status
    error = refused(SmsTransport(web.url, "s", SECONDS), letter(channel="sms", to="13812342207"))
    assert (error.permanent, error.unreachable) == (permanent, not permanent)
    assert "13812342207" not in str(error)


# --- WeChat Work ----------------------------------------------------------------------------------


def test_an_application_writes_to_one_person(web):
    web.body = b'{"errcode":0,"errmsg":"ok"}'
    WeworkTransport(web.url, 1000002, SECONDS).send(letter(channel="wework", to="huangzq", body="还剩 20%"))
    assert json.loads(web.posted[0].body) == {
        "touser": "huangzq",
        "agentid": 1000002,
        "msgtype": "text",
        "text": {"content": "还剩 20%"},
        "enable_duplicate_check": 1,
    }


def test_a_robot_mentions_the_person_in_its_group(web):
    web.body = b'{"errcode":0}'
    WeworkTransport(web.url, None, SECONDS).send(letter(channel="wework", to="huangzq", body="还剩 20%"))
    assert json.loads(web.posted[0].body)["text"] == {"content": "还剩 20%", "mentioned_list": ["huangzq"]}


@pytest.mark.parametrize(
    ("body", "reason", "permanent"),
    [
        (b'{"errcode":45009,"errmsg":"freq out of limit"}', "errcode 45009", False),
        (b'{"errcode":60111,"errmsg":"invalid userid huangzq"}', "errcode 60111", True),
        (b"<html>", "an answer without errcode", False),
        (b"[]", "an answer without errcode", False),
    ],
)
def test_a_200_with_an_errcode_is_an_error(web, body, reason, permanent):
    web.body = body
    error = refused(WeworkTransport(web.url, None, SECONDS), letter(channel="wework", to="huangzq"))
    assert (str(error), error.permanent) == (reason, permanent)


# --- e-mail ---------------------------------------------------------------------------------------


def test_a_mail_arrives_with_a_message_id_made_from_the_key(post):
    sent = letter(channel="email", to="huang@lamps.example", body="还剩 20%,请于 7月9日 18:00 前办结。\n")
    MailTransport(SECONDS).send(sent)
    MailTransport(SECONDS).send(sent)
    assert post.recipients == ["<huang@lamps.example>"] * 2
    mail = email.message_from_bytes(post.mails[0], policy=email.policy.default)
    assert mail["Message-ID"] == "<stage/5/1/warn_80/webhook/3@yiwang.example>"
    assert mail["Subject"] == sent.subject
    assert mail["To"] == "huang@lamps.example"
    assert mail.get_content().replace("\r", "") == sent.body
    assert post.mails[0] == post.mails[1]  # the same key is the same mail, to the last byte


@pytest.mark.parametrize(
    ("recipient", "data", "permanent"),
    [
        ("550 no such user", "250 ok", True),
        ("450 mailbox busy", "250 ok", False),
        ("250 ok", "554 spam", True),
        ("250 ok", "451 try later", False),
    ],
)
def test_a_mail_server_says_now_or_never(post, recipient, data, permanent):
    post.recipient, post.data = recipient, data
    error = refused(MailTransport(SECONDS), letter(channel="email", to="huang@lamps.example"))
    assert (error.permanent, error.unreachable) == (permanent, False)
    assert "huang" not in str(error)


def test_a_mail_server_that_hangs_meets_the_time_out(post):
    post.silent = True
    began = time.monotonic()
    error = refused(MailTransport(0.4), letter(channel="email", to="huang@lamps.example"))
    assert time.monotonic() - began < 3
    assert (str(error), error.unreachable) == ("no answer: timed out", True)


def test_a_subject_brings_no_headers_along(post):
    with pytest.raises(ValueError, match="newlines"):
        MailTransport(SECONDS).send(letter(channel="email", to="a@b.example", subject="x\nBcc: c@d.example"))
    assert post.mails == []


# --- choosing, and the console --------------------------------------------------------------------


def test_without_settings_everything_goes_to_the_console():
    assert {type(transport) for transport in configured().values()} == {ConsoleTransport}
    assert configured().keys() == set(Channel)


def test_settings_choose_the_real_ones(settings):
    settings.EMAIL_HOST = "mail.example"
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET = "https://sms.example/", "s"
    settings.WEWORK_URL = "https://wework.example/?key=1"
    settings.WEBHOOKS_ARE_SENT = True
    assert {channel: type(transport) for channel, transport in configured().items()} == {
        Channel.EMAIL: MailTransport,
        Channel.SMS: SmsTransport,
        Channel.WEWORK: WeworkTransport,
        Channel.WEBHOOK: WebhookTransport,
    }


def test_the_console_names_nobody(caplog):
    with caplog.at_level(logging.INFO, logger="outbox"):
        ConsoleTransport().send(letter(channel="sms", to="13812342207", body="给王小明"))
    assert "stage:5:1:warn_80" in caplog.text
    assert "13812342207" not in caplog.text
    assert "王小明" not in caplog.text


def test_a_letter_that_is_printed_shows_no_address_and_no_secret():
    shown = repr(letter(to="13812342207", body="给王小明"))
    for hidden in ("13812342207", "王小明", "a-secret"):
        assert hidden not in shown


# --- from a report to another system --------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_source_of_a_report_hears_of_it(web, settings):
    settings.WEBHOOKS_ARE_SENT = True
    webhook = Webhook(
        name="12345", url=web.url, source="hotline", kinds=["report.received"], created_at=TUESDAY
    )
    secret = webhook.new_secret()
    webhook.save()
    case = file_report(external_id="T-77")
    report = case.links.get().report
    while spread(at=TUESDAY):
        pass
    web.status = 503
    deliver(at=TUESDAY, transports=configured())
    web.status = 204
    web.body = b""
    later = Parcel.objects.get(channel="webhook").not_before
    deliver(at=later, transports=configured())
    first, second = web.posted
    assert first.body == second.body
    assert first.headers["Yiwang-Id"] == second.headers["Yiwang-Id"]
    assert json.loads(first.body) == {
        "id": f"report.received:{report.pk}:webhook:{webhook.pk}",
        "kind": "report.received",
        "at": TUESDAY.isoformat(),
        "incident": {"number": case.number},
        "report": {"id": report.pk, "source": "hotline", "external_id": "T-77"},
        "facts": {},
    }
    assert secret.encode() not in bytes(Webhook.objects.get().secret_sealed)
    assert OutboxMessage.objects.get(kind="report.received").recipients == 2  # and the reporter
