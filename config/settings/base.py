"""What everything else hangs on: production or not, which zone, where things lie, keys, hosts, the clock."""

import os
import time
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from accounts.ciphers import SM3, SM4, why_not
from accounts.reachable import Network, networks
from config.zones import OUTER, zone_of

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()


def networks_of(name: str, given: list[str]) -> tuple[Network, ...]:
    """Addresses and networks as a setting has them; raises ImproperlyConfigured, which names it."""
    try:
        return networks(given)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be addresses or networks: {error}") from None


# PRODUCTION=1 refuses what only a demonstration may do: a default secret, a moved clock, DEBUG.
PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is refused in production: its error pages show settings and data")

# Which pages this process serves: all; core: all but the residents'; outer: the residents' alone, in a zone
# with a database of its own and nothing of the core's (docs/outer-zone.md).
ZONE = zone_of(env.str("ZONE", default="all"), os.environ)

# Where this installation keeps what is not code: embedded servers, uploads, the trained model.
VAR_DIR = Path(env.str("YIWANG_VAR", default=str(BASE_DIR / "var")))

# Signs sessions, tracking links and form tokens. `make run` writes one per machine into var/.
SECRET_KEY = env.str("SECRET_KEY", default="")
# The ones before it, newest first, for as long as what they signed is to be believed; what sealed the audit
# log before AUDIT_KEYS was set is made from them (docs/audit.md).
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Encrypts residents' names, phones and addresses (32 url-safe base64 bytes; the first encrypts,
# the rest still decrypt) and keys the blind index of phone numbers. A key of CONTACT_KEYS that begins with
# sm4: is for SM4, one of CONTACT_INDEX_KEY and AUDIT_KEYS with sm3: for SM3; docs/sm.md.
CONTACT_KEYS = env.list("CONTACT_KEYS", default=[])
CONTACT_INDEX_KEY = env.str("CONTACT_INDEX_KEY", default="")
if not SECRET_KEY:
    if ZONE == OUTER:  # what waits there is locked under keys that come of it
        raise ImproperlyConfigured("SECRET_KEY must be set in the outer zone, and be another than the core's")
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY must be set in production")
    SECRET_KEY = "insecure-demonstration-key-0000000000000000000000000000000000"
if ZONE != OUTER and not CONTACT_KEYS:
    if PRODUCTION:
        raise ImproperlyConfigured("CONTACT_KEYS must be set in production")
    CONTACT_KEYS = ["ZGVtb25zdHJhdGlvbi1rZXktbm90LWEtc2VjcmV0ISE="]
if ZONE != OUTER and not CONTACT_INDEX_KEY:
    if PRODUCTION:
        raise ImproperlyConfigured("CONTACT_INDEX_KEY must be set in production")
    CONTACT_INDEX_KEY = "demonstration-index-key"
if any(key.startswith(SM4) for key in CONTACT_KEYS) and (_no_sm := why_not()):
    raise ImproperlyConfigured(f"CONTACT_KEYS has a key for SM4. {_no_sm}")
# Seals the audit log (docs/audit.md): the first seals, all verify; without any, one is made from SECRET_KEY.
# The newest seal is kept outside the database as well, in a file of this folder.
AUDIT_KEYS = env.list("AUDIT_KEYS", default=[])
if any(key.startswith(SM3) for key in (CONTACT_INDEX_KEY, *AUDIT_KEYS)) and (_no_sm := why_not()):
    raise ImproperlyConfigured(f"CONTACT_INDEX_KEY or AUDIT_KEYS has a key for SM3. {_no_sm}")
AUDIT_ANCHOR_DIR = env.str("AUDIT_ANCHOR_DIR", default=str(VAR_DIR))

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The address that links in messages start with.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")

# The district's clock; see config/clock.py. All three are refused in production.
CLOCK_START = env.str("CLOCK_START", default="")  # ISO 8601 with offset
CLOCK_RATE = env.float("CLOCK_RATE", default=1.0)  # simulated seconds per second
CLOCK_EPOCH = env.float("CLOCK_EPOCH", default=time.time())  # UNIX time at which CLOCK_START held
CLOCK_FILE = env.str("CLOCK_FILE", default="")  # 8 bytes that a driver sets: a replay's clock
if PRODUCTION and (CLOCK_START or CLOCK_FILE or CLOCK_RATE != 1.0):
    raise ImproperlyConfigured("CLOCK_START, CLOCK_RATE and CLOCK_FILE are refused in production")
