"""Pictures are had from the host that the setting names, by its scheme, within a time; from no other."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from incidents.sources.wechat_pictures import fetch
from tests.incidents.servers import web_server

PICTURE = b"\xff\xd8" + bytes(400)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_picture_comes_whatever_scheme_the_message_names(settings: Any, slash: str) -> None:
    with web_server() as web:
        host = urlsplit(web.url).netloc
        settings.WECHAT_PICTURES, web.body = f"http://{host}/mmbiz_jpg{slash}", PICTURE
        for scheme in ("http", "https"):
            assert fetch(f"{scheme}://{host}/mmbiz_jpg/abc/0?wx_fmt=jpeg") == PICTURE
        # as callbacks write it, without a port
        assert fetch("http://127.0.0.1/mmbiz_jpg/abc/1") == PICTURE
    asked = [one.path for one in web.posted]
    assert asked == ["/mmbiz_jpg/abc/0?wx_fmt=jpeg"] * 2 + ["/mmbiz_jpg/abc/1"]


def test_nothing_else_is_asked_for(settings: Any) -> None:
    with web_server() as web:
        parts = urlsplit(web.url)
        settings.WECHAT_PICTURES, web.body = f"http://{parts.netloc}/mmbiz", PICTURE
        for url in (
            f"http://{parts.netloc}.evil.example/mmbiz/0",
            f"http://localhost:{parts.port}/mmbiz/0",
            f"http://somebody@{parts.netloc}/mmbiz/0",
            "http://127.0.0.1:6379/mmbiz/0",
            f"http://{parts.netloc}/mmbiz_jpg/0",
            f"http://{parts.netloc}/mmbiz/../admin",
            f"http://{parts.netloc}/mmbiz/%2e%2e/admin",
            f"ftp://{parts.netloc}/mmbiz/0",
            f"http://{parts.netloc}/mmbiz/\u00fc",
            f"http://{parts.netloc}/mmbiz/ HTTP/1.1",
            "http://[::1/mmbiz/0",
            "http://127.0.0.1:port/mmbiz/0",
        ):
            assert fetch(url) is None, url
        settings.WECHAT_PICTURES = ""
        assert fetch(f"http://{parts.netloc}/mmbiz/0") is None
    assert web.posted == []


def test_what_is_late_too_large_or_elsewhere_is_not_waited_for(settings: Any) -> None:
    with web_server() as web:
        host = urlsplit(web.url).netloc
        settings.WECHAT_PICTURES, url = f"http://{host}/", f"http://{host}/0"
        web.body, web.drip = PICTURE, 0.05  # each byte is in time, all of them take twenty seconds
        begun = time.monotonic()
        assert fetch(url, seconds=0.4) is None
        assert time.monotonic() - begun < 10
        web.drip = 0.0
        settings.ATTACHMENT_MAX_BYTES = len(PICTURE) - 1
        assert fetch(url) is None
        settings.ATTACHMENT_MAX_BYTES = len(PICTURE)
        assert fetch(url) == PICTURE
        web.status, web.headers = 302, {"Location": f"http://{host}/1"}
        assert fetch(url) is None
    assert "/1" not in [one.path for one in web.posted]
