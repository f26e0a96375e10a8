"""The API's document as a source of requests: each operation, with what the document says may be sent."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
import schemathesis
import yaml
from django.conf import settings
from django.http import FileResponse, StreamingHttpResponse
from django.test import Client
from schemathesis.checks import CHECKS, load_all_checks

from config.policy.resolving import addresses
from tests.cast import LAMP_UNIT
from tests.config.policy.addresses import address_of, named
from tests.dispatch.versions import LAMP_ITEM

HOST = "http://testserver"
# What an answer is held against.
HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@cache
def operations() -> Mapping[str, Any]:
    """Each operation of the committed document by its method and path."""
    raw = (Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    document = schemathesis.openapi.from_dict(yaml.load(raw, Loader=yaml.CSafeLoader))
    document.config.base_url = HOST
    told = [found.ok() for found in document.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in told}


@cache
def checks() -> list[Any]:
    load_all_checks()
    return CHECKS.get_by_names(list(HELD))


def real_parameters(things: SimpleNamespace) -> dict[str, dict[str, str]]:
    """For each path of the document, what stands for its open parts in a district with one of everything."""
    known = named(things)
    # A number in its place comes before an address that merely looks like it, as /reports/batch/ does.
    urls = sorted(
        (-len(one.parameters), address_of(one, known))
        for one in addresses()
        if one.is_rest and one.name != "api:nothing-here"
    )
    return {one.path: _parameters(one.path, [url for _count, url in urls]) for one in operations().values()}


def _parameters(path: str, urls: list[str]) -> dict[str, str]:
    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
    return next((hit.groupdict() for url in urls if (hit := pattern.fullmatch(url))), {})


def words_of(things: SimpleNamespace) -> dict[str, Any]:
    """What fields of these names may be said to hold, for a request to come further than its first field."""
    return {
        "number": things.case.number,
        "into": things.desk_case.number,
        "report": things.report.pk,
        "reports": [things.report.pk],
        "version": things.case.version,
        "unit": LAMP_UNIT,
        "owner_unit": LAMP_UNIT,
        "item": LAMP_ITEM,
        "category": "0204",
        "source": "hotline",
        "area": things.community,
        "street": things.street,
        "matter": "0204",
        "person": things.handler.user.username,
    }


def with_real_words(body: Any, words: Mapping[str, Any]) -> Any:
    """The body with what is really there in place of the first thing that came to mind."""
    if isinstance(body, dict):
        return {
            key: words[key]
            if key in words and isinstance(inner, type(words[key]))
            else with_real_words(inner, words)
            for key, inner in body.items()
        }
    return [with_real_words(inner, words) for inner in body] if isinstance(body, list) else body


def answer(case: Any, client: Client, **headers: str) -> Any:
    """Send it through the whole site, its middleware too."""
    told = case.as_transport_kwargs(base_url=HOST)
    told = {name: told.get(name) for name in ("method", "url", "headers", "params", "data", "json", "files")}
    asked = requests.Request(cookies=case.cookies, **told).prepare()
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
    answered = client.generic(
        asked.method,
        asked.path_url,
        data=body,
        content_type=asked.headers.get("Content-Type", ""),
        headers=headers,
    )
    return schemathesis.Response(
        status_code=answered.status_code,
        headers={name.lower(): [value] for name, value in answered.headers.items()},
        content=_content(answered),
        request=asked,
        elapsed=0.1,
        verify=False,
    )


def _content(answered: Any) -> bytes:
    if isinstance(answered, (StreamingHttpResponse, FileResponse)):
        return b"".join(answered)  # type: ignore[arg-type]
    return bytes(answered.content)


def failures(case: Any, response: Any) -> Iterator[str]:
    """In what the answer is not what the document says."""
    try:
        case.validate_response(response, checks=checks())
    except* schemathesis.checks.Failure as group:
        for one in group.exceptions:
            yield f"{type(one).__name__}: {one.title}"
