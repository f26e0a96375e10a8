"""JSON as its standard means it: UTF-8, each key once, real numbers, no NUL; bounded in size and depth."""

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, Never

import orjson
from django.conf import settings
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.parsers import BaseParser

from incidents.api.errors import Problem

DEPTH_MAX = 32
_INTEGER_MAX = 2**63 - 1


class StrictJSONParser(BaseParser):
    """Refuses, with the field's path, what JSON leaves open and a database or a reader would trip over."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _only_utf8(media_type or "")
        return parse_json(_bounded(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE))


def parse_json(body: bytes) -> Any:
    """The value that `body` says. Raises Problem (400), naming the field at fault."""
    try:
        return _plainly(body)
    except (_Unsure, ValueError, RecursionError):
        return parse_carefully(body)


class _Unsure(Exception):
    """Somebody has to look closely."""


# A key's end. The same may stand inside of a text, so there are never fewer of these than keys.
_KEY = re.compile(rb'"[ \t\r\n]*:')
_LONG_NUMBER = re.compile(rb"[0-9]{16}")


def _plainly(body: bytes) -> Any:
    """What is plainly right, ten times as fast. Raises for what may not be, without saying why."""
    value = orjson.loads(body)
    if b"\\u0000" in body or _LONG_NUMBER.search(body):
        raise _Unsure
    # Where a key stands twice there are more of them in the text than in what was read.
    if _keys(value, 0) != len(_KEY.findall(body)):
        raise _Unsure
    return value


def _keys(value: Any, depth: int) -> int:
    """How many keys the objects in it have."""
    kind = type(value)
    if kind is dict or kind is list:
        if depth >= DEPTH_MAX:
            raise _Unsure
        inner = value.values() if kind is dict else value
        own = len(value) if kind is dict else 0
        return own + sum(_keys(one, depth + 1) for one in inner if type(one) is not str)
    if kind is float and not math.isfinite(value):
        raise _Unsure
    return 0


def parse_carefully(body: bytes) -> Any:
    """The same, or the Problem that says what is wrong and where."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("", "not_utf8", _("The body is not UTF-8 text.")) from error
    reader = _Reader()
    try:
        value = json.loads(text, object_pairs_hook=reader.read_object, parse_constant=reader.refuse_constant)
    except RecursionError as error:
        raise _too_deep("") from error
    except json.JSONDecodeError as error:
        detail = _("This is not JSON: line %(line)d, column %(column)d.") % {
            "line": error.lineno,
            "column": error.colno,
        }
        raise _refused("", "not_json", detail) from error
    except ValueError as error:  # an integer with thousands of digits
        raise _refused("", "number_too_large", _("This number is too large.")) from error
    _check(value, repeated=reader.repeated)
    return value


class _Reader:
    """Builds objects, remembering which of them named a key twice."""

    def __init__(self) -> None:
        self.repeated: dict[int, str] = {}
        self._kept: list[dict[str, Any]] = []  # so that no other object gets the same id

    def read_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        told = dict(pairs)
        if len(told) != len(pairs):
            seen: set[str] = set()
            for key, _value in pairs:
                if key in seen:
                    self.repeated[id(told)] = key
                    self._kept.append(told)
                    break
                seen.add(key)
        return told

    def refuse_constant(self, name: str) -> Never:
        raise _refused("", "not_a_number", _("%(name)s is not a number that JSON knows.") % {"name": name})


def _check(value: Any, *, repeated: Mapping[int, str]) -> None:
    """Walk the value once; the first thing at fault is named by its path."""
    waiting: list[tuple[str, int, Any]] = [("", 0, value)]
    while waiting:
        path, depth, node = waiting.pop()
        if isinstance(node, str):
            _check_text(path, node)
        elif isinstance(node, dict):
            if depth >= DEPTH_MAX:
                raise _too_deep(path)
            if id(node) in repeated:
                detail = _("The key “%(key)s” stands here twice.") % {"key": repeated[id(node)][:60]}
                raise _refused(_joined(path, repeated[id(node)]), "duplicate_key", detail)
            for key, inner in node.items():
                _check_text(path, key)
                waiting.append((_joined(path, key), depth + 1, inner))
        elif isinstance(node, list):
            if depth >= DEPTH_MAX:
                raise _too_deep(path)
            waiting.extend((_joined(path, str(index)), depth + 1, inner) for index, inner in enumerate(node))
        elif (isinstance(node, float) and not math.isfinite(node)) or (
            isinstance(node, int) and abs(node) > _INTEGER_MAX
        ):
            raise _refused(path, "number_too_large", _("This number is too large."))


def _check_text(path: str, text: str) -> None:
    if "\x00" in text:
        raise _refused(path, "null_characters", _("NUL characters are not text."))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair
            raise _refused(path, "not_text", _("This is not text: half a character is missing.")) from error


def _joined(path: str, key: str) -> str:
    name = key[:60].encode(errors="replace").decode().replace("\x00", "")
    return f"{path}.{name}" if path else name


def _only_utf8(content_type: str) -> None:
    charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
    if charset.lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
            "unsupported_charset",
            _("Send UTF-8; “%(charset)s” is not read.") % {"charset": charset[:40]},
            field="body",
        )


def _bounded(stream: IO[bytes], limit: int) -> bytes:
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    return body


def too_large(limit: int) -> Problem:
    """The 413 for a body beyond `limit` bytes."""
    return Problem(
        status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        _("At most %(max)d MB in one request.") % {"max": limit // (1024 * 1024)},
        field="body",
    )


def _refused(path: str, code: str, detail: str) -> Problem:
    return Problem(status.HTTP_400_BAD_REQUEST, code, detail, field=path or "body")


def _too_deep(path: str) -> Problem:
    return _refused(path, "too_deep", _("At most %(max)d levels deep.") % {"max": DEPTH_MAX})
