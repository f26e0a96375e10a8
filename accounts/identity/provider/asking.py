"""The conversation with the provider: what it is, where to send somebody, what their code is worth.

The library (Authlib, joserfc) makes the requests and checks signatures and claims; here stands what we ask
of them, which is more than the standard does: one issuer, signatures with a public key alone, a nonce and
PKCE always. Everything that can go wrong is one of two exceptions; the words of the provider are logged and
never shown.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from urllib3.exceptions import HTTPError

# Of a secret that both know (HS256) whoever knows it could make a token; "none" is no signature at all.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT = (5, 10)  # seconds to be heard, and to be answered
LEEWAY = 60  # seconds that their clock may be wrong
_KEPT_SECONDS = 3600
# Keys are asked for anew where a signature fits none of them, and not more often than this.
_KEYS_AGAIN_SECONDS = 30
_NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
NAME_MOST, GROUPS_MOST = 150, 500
# No document of a provider is longer or takes longer, however slowly it comes.
_ANSWER_MOST, _ANSWER_SECONDS = 1024 * 1024, 20


class Unreachable(Exception):
    """The provider does not answer, or not as one; try later."""


class Unbelievable(Exception):
    """What came back is not what we asked for: another's code, an old or a forged token."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes with somebody to the provider and must come back with them."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def fresh(cls) -> "Asked":
        return cls(generate_token(40), generate_token(40), generate_token(64))


@dataclass(frozen=True, slots=True)
class Asserted:
    """What the provider says of somebody, once its token was checked. `groups`: nothing at all where it has
    not said which, which is something else than being in none."""

    issuer: str
    subject: str
    login_name: str
    name: str
    groups: frozenset[str] | None
    has_second_factor: bool
    id_token: str


def is_configured() -> bool:
    """Is there a provider?"""
    return bool(settings.OIDC_DISCOVERY_URL and settings.OIDC_CLIENT_ID)


def issuer() -> str:
    """Who the provider says it is, in every token: its discovery's address without the end."""
    return str(settings.OIDC_ISSUER or settings.OIDC_DISCOVERY_URL.removesuffix(DISCOVERY))


def address_to_ask(asked: Asked, *, back: str, language: str) -> str:
    """Where the browser is sent. Raises Unreachable."""
    endpoint = _known().metadata["authorization_endpoint"]
    with _session(back) as session:
        url, _state = session.create_authorization_url(
            endpoint,
            state=asked.state,
            code_verifier=asked.verifier,
            nonce=asked.nonce,
            ui_locales=language,
        )
    return str(url)


def redeem(code: str, asked: Asked, *, back: str) -> Asserted:
    """Who the code is about. Raises Unreachable, Unbelievable."""
    known = _known()
    _refuse_while_silent()
    try:
        with _session(back, known.metadata) as session:
            token = session.fetch_token(
                known.metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=asked.verifier,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                hooks={"response": _read_within_bounds},
            )
    except AuthlibBaseError as error:  # it answered that it does not know the code, or us
        raise Unbelievable(f"token: {error}") from error
    except (requests.RequestException, ValueError) as error:
        _note(error)
        raise Unreachable(f"token: {error}") from error
    id_token, access = token.get("id_token"), token.get("access_token")
    if not isinstance(id_token, str):
        raise Unbelievable("no id token came")
    claims = _checked(id_token, asked.nonce, access, known)
    if settings.OIDC_GROUPS_CLAIM and _at(claims, settings.OIDC_GROUPS_CLAIM) is None:
        claims = {**_more_of(claims, access, known), **claims}
    return _asserted(claims, id_token)


def address_to_leave(id_token: str, *, back: str) -> str:
    """Where the browser ends its sign-in at the provider too; empty where it has no such address, or is not
    there."""
    known = _kept.get(settings.OIDC_DISCOVERY_URL)  # nobody waits for it in order to leave
    endpoint = known.metadata.get("end_session_endpoint") if known is not None else None
    if not isinstance(endpoint, str) or not _is_address(endpoint):
        return ""
    told = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": back}
    if id_token:
        told["id_token_hint"] = id_token
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(told)}"


# --- what is known of the provider, kept for an hour ------------------------------------------------


@dataclass(slots=True)
class _Known:
    metadata: dict[str, Any]
    keys: KeySet
    read_at: float
    keys_read_at: float


_kept: dict[str, _Known] = {}
# When it last did not answer: for so long nobody else waits for it, as reports come in by the same processes.
_silent: dict[str, float] = {}
_SILENT_SECONDS = 30
_lock = threading.Lock()


def forget() -> None:
    """Ask the provider anew."""
    _kept.clear()
    _silent.clear()


def _known() -> _Known:
    """What it said of itself within the hour; or before, while it does not answer."""
    address, now = settings.OIDC_DISCOVERY_URL, time.monotonic()
    with _lock:
        found = _kept.get(address)
    if found is not None and now - found.read_at < _KEPT_SECONDS:
        return found
    try:
        _refuse_while_silent()
        return _read(address)
    except Unreachable:
        if found is None:
            raise
        return found


def _refuse_while_silent() -> None:
    since = _silent.get(settings.OIDC_DISCOVERY_URL)
    if since is not None and time.monotonic() - since < _SILENT_SECONDS:
        raise Unreachable("it did not answer a moment ago")


def _note(error: Exception) -> None:
    """No answer at all is remembered; a wrong one costs nobody time."""
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        _silent[settings.OIDC_DISCOVERY_URL] = time.monotonic()


def _read(address: str) -> _Known:
    metadata = _document(address)
    if any(not isinstance(metadata.get(name), str) for name in _NEEDED):
        raise Unreachable("discovery: it lacks what a provider has")
    if metadata["issuer"] != issuer():
        raise Unreachable(f"discovery: it calls itself {metadata['issuer'][:200]!r}, not {issuer()!r}")
    if not all(_is_address(metadata[name]) for name in _NEEDED[1:]):
        raise Unreachable("discovery: an address in it is none, or not HTTPS")
    now = time.monotonic()
    found = _Known(metadata, _keys_at(metadata["jwks_uri"]), now, now)
    with _lock:
        _kept[address] = found
    return found


def _is_address(told: object) -> bool:
    allowed = ("https",) if settings.PRODUCTION else ("https", "http")
    return isinstance(told, str) and urlsplit(told).scheme in allowed and bool(urlsplit(told).netloc)


def _document(address: str, **headers: str) -> dict[str, Any]:
    try:
        answer = requests.get(
            address,
            timeout=TIMEOUT,
            headers={"Accept": "application/json", **headers},
            allow_redirects=False,  # it was said where it is, and that was looked at
            stream=True,
            hooks={"response": _read_within_bounds},
        )
        answer.raise_for_status()
        if answer.status_code != 200:
            raise Unreachable(f"{urlsplit(address).path}: answered {answer.status_code}")
        told = answer.json()
    except (requests.RequestException, ValueError) as error:
        _note(error)
        raise Unreachable(f"{urlsplit(address).path}: {error}") from error
    if not isinstance(told, dict):
        raise Unreachable(f"{urlsplit(address).path}: no JSON object")
    return told


def _read_within_bounds(answer: requests.Response, **_of_requests: Any) -> None:
    """As the library's own reading, but no more than so much and no longer: one that drips a byte a second
    never meets a time-out that is about each wait. Raises RequestException."""
    ends, told = time.monotonic() + _ANSWER_SECONDS, bytearray()
    try:
        # Whatever has come, and not so much or so much: that would wait for it.
        while part := answer.raw.read1(16 * 1024, decode_content=True):
            told += part
            if len(told) > _ANSWER_MOST:
                raise requests.RequestException("its answer is too long")
            if time.monotonic() > ends:
                raise requests.Timeout("its answer takes too long")
    except HTTPError as error:
        raise requests.ConnectionError(f"its answer broke off: {error}") from error
    finally:
        answer.close()
    answer._content = bytes(told)


def _keys_at(address: str) -> KeySet:
    document = _document(address)
    try:
        return KeySet.import_key_set(document)  # type: ignore[arg-type]  # it looks for itself
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"keys: {error}") from error


def _session(back: str, metadata: Mapping[str, Any] | None = None) -> OAuth2Session:
    return OAuth2Session(
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET or None,
        scope=settings.OIDC_SCOPES,
        redirect_uri=back,
        code_challenge_method="S256",
        token_endpoint_auth_method=_how_we_say_who_we_are(metadata or {}),
    )


def _how_we_say_who_we_are(metadata: Mapping[str, Any]) -> str:
    if not settings.OIDC_CLIENT_SECRET:
        return "none"
    known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"


# --- what a token says ------------------------------------------------------------------------------


def _checked(id_token: str, nonce: str, access: object, known: _Known) -> dict[str, Any]:
    """The claims of a token that is theirs, for us, about this very request and still good."""
    told = known.metadata.get("id_token_signing_alg_values_supported")
    algorithms = [name for name in ALGORITHMS if not isinstance(told, list) or name in told]
    if not algorithms:  # for the library an empty list means its own
        raise Unbelievable("discovery: none of the signatures that it makes is believed here")
    try:
        token = _opened(id_token, algorithms, known)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": issuer()},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
                "exp": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            {"nonce": nonce, "client_id": settings.OIDC_CLIENT_ID, "access_token": access},
        )
        claims.validate(now=int(time.time()), leeway=LEEWAY)
    except (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unbelievable(f"id token: {type(error).__name__} {error}") from error
    return dict(claims)


def _opened(id_token: str, algorithms: list[str], known: _Known) -> jwt.Token:
    try:
        return jwt.decode(id_token, known.keys, algorithms=algorithms)
    except (JoseError, ValueError):
        # They may have new keys since.
        if time.monotonic() - known.keys_read_at < _KEYS_AGAIN_SECONDS:
            raise
        known.keys, known.keys_read_at = _keys_at(known.metadata["jwks_uri"]), time.monotonic()
        return jwt.decode(id_token, known.keys, algorithms=algorithms)


def _more_of(claims: Mapping[str, Any], access: object, known: _Known) -> dict[str, Any]:
    """What the provider tells on asking alone; nothing where that is about somebody else."""
    endpoint = known.metadata.get("userinfo_endpoint")
    if not _is_address(endpoint) or not isinstance(access, str):
        return {}
    told = _document(str(endpoint), Authorization=f"Bearer {access}")
    return told if told.get("sub") == claims["sub"] else {}


def _asserted(claims: Mapping[str, Any], id_token: str) -> Asserted:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject or len(subject) > 255 or "\x00" in subject:
        raise Unbelievable("id token: its subject is none")
    amr = claims.get("amr") or []
    has_second_factor = bool(set(_words(amr)) & set(settings.OIDC_TWO_FACTORS)) or (
        claims.get("acr") in settings.OIDC_TWO_FACTORS
    )
    return Asserted(
        issuer=issuer(),
        subject=subject,
        login_name=_word(claims.get(settings.OIDC_NAME_CLAIM)),
        name=_word(claims.get("name")),
        groups=_groups(_at(claims, settings.OIDC_GROUPS_CLAIM)),
        has_second_factor=has_second_factor,
        id_token=id_token,
    )


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or a path into it: realm_access.roles."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _groups(told: object) -> frozenset[str] | None:
    """Nothing where the claim is missing, as where a provider leaves it out because there are too many."""
    if not isinstance(told, str | list) or len(told) > GROUPS_MOST:
        return None
    return frozenset(_words(told))


def _words(told: object) -> list[str]:
    rows = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return [word for word in map(_word, rows[:GROUPS_MOST]) if word]


def _word(told: object) -> str:
    """A name, whole or not at all: half of one may be another's."""
    if not isinstance(told, str) or len(told) > NAME_MOST or not told.isprintable():
        return ""
    return told.strip()
