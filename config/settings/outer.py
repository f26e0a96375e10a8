"""The outer zone: keys, addresses, and how often the core comes."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import PRODUCTION, ZONE, env
from config.zones import OUTER

# `manage.py outer_keys` makes the three keys. In both zones: what each signs with for the other.
OUTER_SECRET = env.str("OUTER_SECRET", default="")
# Outside: the public key that residents' words are sealed with. Inside: the private ones that open them, the
# newest first.
OUTER_SEAL_KEY = env.str("OUTER_SEAL_KEY", default="")
OUTER_OPEN_KEYS = env.list("OUTER_OPEN_KEYS", default=[])
# Inside: the outer zone's address, as the core reaches it; "": there is none, or files are carried.
OUTER_URL = env.str("OUTER_URL", default="")
# The authority that signed its certificate where it is none of the system's, and a certificate of our own for
# a proxy there that asks for one.
OUTER_CA_FILE = env.str("OUTER_CA_FILE", default="")
OUTER_CERT_FILE = env.str("OUTER_CERT_FILE", default="")
OUTER_KEY_FILE = env.str("OUTER_KEY_FILE", default="")
# How often, in seconds, the core comes, and looks at what everybody may see.
OUTER_REACH_SECONDS = env.float("OUTER_REACH_SECONDS", default=5.0)
OUTER_PUBLISH_SECONDS = env.float("OUTER_PUBLISH_SECONDS", default=300.0)
# Outside: so much waits for the core at most; then the form asks people to call.
OUTER_QUEUE_MOST = env.int("OUTER_QUEUE_MOST", default=50_000)
if ZONE == OUTER and not (OUTER_SECRET and OUTER_SEAL_KEY):
    raise ImproperlyConfigured("OUTER_SECRET and OUTER_SEAL_KEY must be set in the outer zone")
if OUTER_URL and not (OUTER_SECRET and OUTER_OPEN_KEYS):
    raise ImproperlyConfigured("OUTER_SECRET and OUTER_OPEN_KEYS must be set beside OUTER_URL")
if PRODUCTION and OUTER_URL and not OUTER_URL.startswith("https://"):
    raise ImproperlyConfigured("OUTER_URL must be HTTPS in production")
