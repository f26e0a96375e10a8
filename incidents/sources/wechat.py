"""A district's WeChat account: its signed callbacks in, an answer in words within the five seconds it waits.

Somebody writes, sends a picture or a place, as often as they like, and says 提交 when that is all; then it is
a report, and the answer holds its code. Who they are on WeChat is known by a keyed digest alone.

The plain mode of the platform is spoken, in XML or JSON. Encrypted callbacks are refused, and said so.
Pictures are not fetched from outside unless WECHAT_PICTURES says where from; else they are counted, and the
resident is told to describe what they show.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext_lazy as _

from incidents.errors import InvalidInput

BODY_MOST = 64 * 1024
# Older callbacks were sent by somebody who listened.
FRESH = 600
_FIELD_MOST = 10_000
_HALF = re.compile("[\ud800-\udfff]")
_KINDS = frozenset({"text", "image", "location", "voice", "video", "shortvideo", "link", "event"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message of somebody, as the platform sent it."""

    id: str
    sender: str
    account: str
    kind: str
    words: str = ""
    lon: float | None = None
    lat: float | None = None
    label: str = ""
    picture: str = ""
    is_json: bool = False


def is_signed(token: str, *, signature: str, timestamp: str, nonce: str) -> bool:
    """Did the platform send this just now? SHA-1 over token, timestamp and nonce, sorted, as it says."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(time.time() - int(timestamp)) > FRESH:
        return False
    wanted = sign(token, timestamp=timestamp, nonce=nonce)
    return hmac.compare_digest(wanted.encode(), signature.encode())


def sign(token: str, *, timestamp: str, nonce: str) -> str:
    """The signature that the platform makes."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce))).encode()).hexdigest()


def read(body: bytes) -> Message:
    """A message from XML or JSON; raises InvalidInput naming the element at fault."""
    if len(body) > BODY_MOST:
        raise InvalidInput("body", "too_large", _("The request is too large."))
    is_json = body.lstrip()[:1] == b"{"
    told = _json(body) if is_json else _xml(body)
    if "Encrypt" in told:
        message = _("Encrypted callbacks are not read here: set the account to plain mode.")
        raise InvalidInput("Encrypt", "encrypted", message)
    kind = _needed(told, "MsgType")
    if kind not in _KINDS:
        raise InvalidInput("MsgType", "unknown", _("This value is not known."))
    sender, written = _needed(told, "FromUserName"), _needed(told, "CreateTime")
    return Message(
        # An event has no number of its own: who and when stand for it, as the platform says.
        id=(told.get("MsgId") or f"{sender[-20:]}:{written}")[:64],
        sender=sender,
        account=_needed(told, "ToUserName"),
        kind=told.get("Event", "").lower() if kind == "event" else kind,
        words=told.get("Content") or told.get("Recognition", ""),
        lat=_degrees(told, "Location_X") if kind == "location" else None,
        lon=_degrees(told, "Location_Y") if kind == "location" else None,
        label=told.get("Label", "")[:200],
        picture=told.get("PicUrl", ""),
        is_json=is_json,
    )


def answer(message: Message, words: str, *, at: float) -> tuple[str, bytes]:
    """The content type and body of a passive answer in words."""
    told: dict[str, str | int] = {
        "ToUserName": message.sender,
        "FromUserName": message.account,
        "CreateTime": int(at),
        "MsgType": "text",
        "Content": words,
    }
    if message.is_json:
        return "application/json", json.dumps(told, ensure_ascii=False).encode()
    lines = (
        f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}>{_cdata(value)}</{name}>"
        for name, value in told.items()
    )
    return "application/xml", f"<xml>{''.join(lines)}</xml>".encode()


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _xml(body: bytes) -> Mapping[str, str]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InvalidInput("body", "not_xml", _("This is not XML that can be read.")) from error
    return _fields([(child.tag, child.text or "") for child in root])


def _json(body: bytes) -> Mapping[str, str]:
    try:
        told = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", "not_json", _("This is not JSON that can be read.")) from error
    pairs = told.items() if isinstance(told, dict) else ()
    return _fields([(name, str(value)) for name, value in pairs if isinstance(value, (str, int, float))])


def _fields(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    for name, value in pairs:
        # Half a character can be neither kept nor answered.
        if len(value) > _FIELD_MOST or "\x00" in value or _HALF.search(name + value):
            raise InvalidInput(name[:60], "invalid", _("This value is not known."))
    return {name: value.strip() for name, value in pairs}


def _needed(told: Mapping[str, str], name: str) -> str:
    value = told.get(name, "")
    if not value or len(value) > 200:
        raise InvalidInput(name, "required", _("This is needed."))
    return value


def _degrees(told: Mapping[str, str], name: str) -> float:
    try:
        return float(_needed(told, name))
    except ValueError as error:
        raise InvalidInput(name, "not_a_number", _("This must be a number of degrees.")) from error
