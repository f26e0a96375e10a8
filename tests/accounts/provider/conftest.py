"""A provider of OpenID Connect that runs for the test, over HTTP, and can be made to misbehave.

The provider is oidc-provider-mock's: it makes the codes and the tokens, and signs them. What a test changes
is changed on the way out of it, as an attacker or a broken provider would: another signature, other claims.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import oidc_provider_mock
import pytest
import requests
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from accounts.identity.provider import asking

Claims = dict[str, Any]


def _code_word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class House:
    """The other house: who is known there, and how it behaves."""

    url: str = ""
    claims: Callable[[Claims], Claims] = lambda claims: claims  # what its tokens say instead
    signature: str = "own"
    answer: tuple[int, str] | None = None  # instead of a token
    holds_to_pkce: bool = True
    keys: list[RSAKey] = field(default_factory=list)  # newest first
    asked: list[dict[str, str]] = field(default_factory=list)
    _challenges: dict[str, str] = field(default_factory=dict)

    def knows(self, subject: str, **claims: Any) -> None:
        """Tell it of somebody."""
        told = {"preferred_username": subject, "name": subject.title(), **claims}
        requests.put(f"{self.url}/users/{subject}", json=told, timeout=5).raise_for_status()

    # --- on the way in and out ---------------------------------------------------------------------

    def before(self) -> Any:
        request = flask.request
        if request.path != "/oauth2/token":
            return None
        self.asked.append(request.form.to_dict())
        if self.answer is not None:
            status, body = self.answer
            return flask.Response(body, status=status, content_type="application/json")
        verifier = request.form.get("code_verifier", "")
        challenge = _code_word(hashlib.sha256(verifier.encode()).digest())
        if self.holds_to_pkce and self._challenges.get(request.form.get("code", "")) != challenge:
            return flask.jsonify({"error": "invalid_grant"}), 400
        return None

    def after(self, response: flask.Response) -> flask.Response:
        request = flask.request
        storage = flask.g.oidc_provider_mock_storage
        if not self.keys:
            own = {**storage.jwk.as_dict(is_private=True), "kid": "first"}
            self.keys.append(RSAKey.import_key(own))
        if request.path == "/jwks":
            response.set_data(json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}))
        if (
            request.path == "/oauth2/authorize"
            and request.method == "POST"
            and "Location" in response.headers
        ):
            code = parse_qs(urlsplit(response.headers["Location"]).query).get("code", [""])[0]
            self._challenges[code] = request.args.get("code_challenge", "")
        if request.path == "/oauth2/token" and response.status_code == 200 and self.answer is None:
            told = json.loads(response.get_data())
            told["id_token"] = self._signed(told["id_token"])
            response.set_data(json.dumps(told))
        return response

    def _signed(self, token: str) -> str:
        body = token.split(".")[1]
        claims = self.claims(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
        header = {"alg": "RS256", "kid": self.keys[0].kid}
        if self.signature == "own":
            return jwt.encode(header, claims, self.keys[0])
        if self.signature == "stranger":  # somebody else's key under the name of theirs
            other = RSAKey.generate_key(2048, {"kid": str(self.keys[0].kid)})
            return jwt.encode(header, claims, other)
        told = _code_word(json.dumps(claims).encode())
        if self.signature == "none":
            return f"{_code_word(json.dumps({'alg': 'none'}).encode())}.{told}."
        # "hmac": the public key, which everybody knows, as if it were a secret
        signed = f"{_code_word(json.dumps({'alg': 'HS256', 'kid': header['kid']}).encode())}.{told}"
        secret = self.keys[0].as_pem(private=False)
        return f"{signed}.{_code_word(hmac.new(secret, signed.encode(), 'sha256').digest())}"


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[House]:
    """It runs, and Yiwang knows of it."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider's: it wants HTTPS of itself
    house = House()
    app = oidc_provider_mock.app()
    app.before_request(house.before)
    app.after_request(house.after)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    house.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.OIDC_DISCOVERY_URL = f"{house.url}/.well-known/openid-configuration"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "yiwang", "a secret between them"
    settings.OIDC_ISSUER = ""
    asking.forget()
    yield house
    asking.forget()
    server.shutdown()
    thread.join()
    server.server_close()


class Visitor:
    """A browser that goes to the provider and comes back."""

    def __init__(self) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.client.cookies["django_language"] = "en"

    def leave(self, next: str = "") -> str:
        """Press the button; where the browser is sent."""
        answer = self.client.get("/sign-in/provider/", {"next": next} if next else {})
        assert answer.status_code == 302, answer.content.decode()
        return str(answer["Location"])

    def at_provider(self, address: str, subject: str, action: str = "") -> str:
        """Say there who one is; the address that the provider sends back to."""
        told = {"sub": subject, **({"action": action} if action else {})}
        answer = requests.post(address, data=told, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def come_back(self, address: str) -> Any:
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, subject: str, next: str = "") -> Any:
        """All of it."""
        return self.come_back(self.at_provider(self.leave(next), subject))

    @property
    def is_in(self) -> bool:
        return self.client.get("/notices/").status_code == 200


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor()
