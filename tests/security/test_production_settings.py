"""As a production starts: Django's own list of what to look at finds nothing, and cookies are safe."""

import json
import os
import secrets
import subprocess
import sys

from django.conf import settings

KEYS = {
    "PRODUCTION": "1",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "CONTACT_KEYS": "ZGVtb25zdHJhdGlvbi1rZXktbm90LWEtc2VjcmV0ISE=",
    "CONTACT_INDEX_KEY": secrets.token_urlsafe(32),
    "AUDIT_KEYS": secrets.token_urlsafe(32),
}
COOKIES = """
import json
from django.conf import settings as s
ENDS = ("COOKIE_SECURE", "COOKIE_HTTPONLY", "COOKIE_SAMESITE", "SSL_REDIRECT", "HSTS_SECONDS", "_SUBDOMAINS")
print(json.dumps({name: getattr(s, name) for name in dir(s) if name.endswith(ENDS)}))
"""


def run(*told: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *told],
        cwd=settings.BASE_DIR,
        env=kept | KEYS,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_check_for_deployment_finds_nothing() -> None:
    done = run("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_cookies_travel_by_tls_alone_and_are_no_business_of_scripts() -> None:
    done = run("shell", "-v", "0", "-c", COOKIES)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert told[f"{cookie}_COOKIE_SECURE"] is True
        assert told[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    # A form that was filled in without a line takes the token of the day from its cookie.
    assert {name for name in told if name.endswith("HTTPONLY") and not told[name]} == {"CSRF_COOKIE_HTTPONLY"}
    assert told["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert told["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert told["SECURE_SSL_REDIRECT"] is True
