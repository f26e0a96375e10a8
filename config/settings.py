"""Every setting of Yiwang, read from the environment; each says what it does where it stands."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from accounts.ciphers import SM3, SM4, why_not
from accounts.reachable import Network, networks
from config.map_tiles import tile_source
from config.observing import start_sentry, start_tracing
from config.zones import OUTER, zone_of

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _networks(name: str, given: list[str]) -> tuple[Network, ...]:
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

INSTALLED_APPS = [
    "config",
    "dashboards",
    "incidents",
    "dispatch",
    "grids",
    "accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "config.headers.secured",
    "config.belonging.Named",  # before anything is written of a request
    "config.measuring.measured",  # around the rest: whatever happens inside is in the number
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.zones.Zoned",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "incidents.pages.body_limit.limited",  # before the token is looked for in the body
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.audit.acting.audited",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "accounts.identity.gate.gate",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    },
]

# PostgreSQL. `make run` starts an embedded one and sets this; otherwise point it at a real server.
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://postgres@127.0.0.1/yiwang")}
_database = DATABASES["default"]
# A socket folder arrives as ?host=; in HOST it serves dbshell and pg_dump as well.
if _socket := _database.get("OPTIONS", {}).pop("host", None):
    _database["HOST"] = _socket
# Our statements are many and short, or wide and over few rows: compiling one for the machine costs
# up to a second, and saves milliseconds. The few that are prepared (incidents/intake/statements.py) do
# the same whatever their parameters are, so their plans are made once.
_database.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off -c plan_cache_mode=force_generic_plan")
_database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
_database["CONN_HEALTH_CHECKS"] = True
_database["ATOMIC_REQUESTS"] = False  # every action opens its own durable transaction
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The broker only drives sweeps: with it down, reports still arrive and are still dispatched.
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


def _broker_url(url: str) -> str:
    """kombu's spelling of a redis-py URL: a socket needs another scheme and parameter."""
    if url.startswith("unix://"):
        return "redis+socket://" + url.removeprefix("unix://").replace("?db=", "?virtual_host=")
    return url


CELERY_BROKER_URL = _broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
# The clocks have a queue of their own, and should have a worker of their own (-Q clocks): a mail server
# that hangs then delays no deadline. What takes minutes (rehearsals, imports) has a third (-Q long). A
# worker that is told no queue works for all.
CELERY_TASK_QUEUES: tuple[Queue, ...] = (Queue("clocks"), Queue("telling"), Queue("long"))
CELERY_TASK_DEFAULT_QUEUE = "telling"
CELERY_TASK_ROUTES = {
    f"incidents.{task}": {"queue": "clocks"} for task in ("fire_stages", "perform_actions", "move_clocks")
} | {
    task: {"queue": "long"}
    for task in (
        "incidents.rehearse",
        "incidents.take_in_files",
        "dispatch.check_imports",
        "dashboards.build_datasets",
        "dashboards.make_briefs",
        "accounts.verify_audit",
    )
}
CELERY_TASK_ACKS_LATE = False  # a sweep that was lost is made up for by the next tick
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
# How often beat asks for each sweep, in seconds.
SWEEP_INTERVAL = env.float("SWEEP_INTERVAL", default=1.0)
# Each message expires before it could pile up: a worker that comes back after an hour finds a few of
# each, and the rows themselves say what is due.
CELERY_BEAT_SCHEDULE = {
    task: {
        "task": task,
        "schedule": SWEEP_INTERVAL,
        "options": {"expires": max(10.0, SWEEP_INTERVAL * 5)},
    }
    for task in ("incidents.fire_stages", "incidents.perform_actions", "incidents.deliver_messages")
} | {
    "incidents.send_digests": {
        "task": "incidents.send_digests",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # Boards count what is not folded yet as well, so this is about speed, not about freshness.
    "dashboards.fold": {"task": "dashboards.fold", "schedule": 5.0, "options": {"expires": 30.0}},
    "incidents.move_clocks": {
        "task": "incidents.move_clocks",
        "schedule": 30.0,
        "options": {"expires": 60.0},
    },
    # What came in is found by its words within 5 s.
    "incidents.fill_search_rows": {
        "task": "incidents.fill_search_rows",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    # The supervisors' page has what is said again a few seconds after it came in.
    "incidents.find_repeats": {
        "task": "incidents.find_repeats",
        "schedule": 5.0,
        "options": {"expires": 15.0},
    },
    # Alerts that have been quiet for long enough, and what a delivery left half done.
    "incidents.settle_alerts": {
        "task": "incidents.settle_alerts",
        "schedule": 10.0,
        "options": {"expires": 30.0},
    },
    # Of units that were merged: somebody watches the number go down.
    "incidents.hand_over_cases": {
        "task": "incidents.hand_over_cases",
        "schedule": 5.0,
        "options": {"expires": 15.0},
    },
    "incidents.remind": {"task": "incidents.remind", "schedule": 60.0, "options": {"expires": 120.0}},
    # Somebody looks on: it should begin at once.
    "incidents.rehearse": {"task": "incidents.rehearse", "schedule": 2.0, "options": {"expires": 4.0}},
    "incidents.take_in_files": {
        "task": "incidents.take_in_files",
        "schedule": 1.0,
        "options": {"expires": 4.0},
    },
    "dispatch.check_imports": {
        "task": "dispatch.check_imports",
        "schedule": 1.0,
        "options": {"expires": 4.0},
    },
    "incidents.remove_unused_pictures": {
        "task": "incidents.remove_unused_pictures",
        "schedule": 3600.0,
        "options": {"expires": 600.0},
    },
    # What was kept for as long as it may be: mostly nothing.
    "incidents.forget": {
        "task": "incidents.forget",
        "schedule": 3600.0,
        "options": {"expires": 600.0},
    },
    # A week's samples of decisions, on the Monday after; any other day makes up for a lost message.
    "incidents.draw_samples": {
        "task": "incidents.draw_samples",
        "schedule": crontab(hour=19, minute=10),
        "options": {"expires": 3600.0},
    },
    # Every full hour is looked at once; any later minute makes up for a lost message.
    "dashboards.find_bursts": {
        "task": "dashboards.find_bursts",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # At half past three in Shenzhen, when nobody looks.
    "dashboards.find_repeats": {
        "task": "dashboards.find_repeats",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    # Every quarter of the day is looked at once.
    "dashboards.find_themes": {
        "task": "dashboards.find_themes",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    # Once a day, soon after midnight in Shenzhen; any later run makes up for a lost message.
    "dashboards.make_forecast": {
        "task": "dashboards.make_forecast",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800.0},
    },
    # Opens new scoring periods, and closes the time for appeals where it is over.
    "dashboards.keep_scores": {
        "task": "dashboards.keep_scores",
        "schedule": 300.0,
        "options": {"expires": 600.0},
    },
    # Weekly and monthly briefs: what is due is begun once, and goes out once its draft's time is up.
    "dashboards.make_briefs": {
        "task": "dashboards.make_briefs",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # Files of the data sets: what is due says the table, mostly nothing.
    "dashboards.build_datasets": {
        "task": "dashboards.build_datasets",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    # Behind the writers of the audit log; once a night the whole of it is looked through.
    "accounts.seal_audit": {"task": "accounts.seal_audit", "schedule": 10.0, "options": {"expires": 30.0}},
    # Sessions that are over, and django-axes' logs after half a year: at night in Shenzhen.
    "accounts.tidy_sign_ins": {
        "task": "accounts.tidy_sign_ins",
        "schedule": crontab(hour=18, minute=40),
        "options": {"expires": 3600.0},
    },
    "accounts.verify_audit": {
        "task": "accounts.verify_audit",
        "schedule": crontab(hour=18, minute=40),
        "options": {"expires": 3600.0},
    },
    "dashboards.verify": {
        "task": "dashboards.verify",
        "schedule": crontab(hour=19, minute=30),
        "options": {"expires": 3600.0},
    },
    "dashboards.compact": {
        "task": "dashboards.compact",
        "schedule": crontab(hour=19, minute=10),
        "options": {"expires": 3600.0},
    },
}

# Pages of the staff say so when a sweep stands still. 0 where no sweep is meant to run, as in the tests.
WATCH_SWEEPS = env.bool("WATCH_SWEEPS", default="pytest" not in sys.modules)
# After so many hours without a backup the doctor says so; 0: backups are made in another way.
BACKUP_HOURS = env.float("BACKUP_HOURS", default=48.0)
# GET /metrics answers to these addresses and networks, this machine unless said otherwise, and never through
# a proxy; from elsewhere only to a bearer of this token ("": to nobody).
METRICS_FROM = _networks("METRICS_FROM", env.list("METRICS_FROM", default=["127.0.0.0/8", "::1"]))
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# Who is told when something breaks (Sentry, or what speaks like it), and as which environment and release;
# and the collector that gets spans of requests and tasks (OTLP over HTTP, up to /v1/traces), of which share.
# Packages: requirements/observe.txt; config/observing.py says what leaves the house, and nobody is in it.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production" if PRODUCTION else "demonstration")
SENTRY_RELEASE = env.str("SENTRY_RELEASE", default="")
OTLP_ENDPOINT = env.str("OTLP_ENDPOINT", default="")
OTLP_SHARE = env.float("OTLP_SHARE", default=0.1)
if SENTRY_DSN:
    start_sentry(SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release=SENTRY_RELEASE)
if OTLP_ENDPOINT:
    if not 0 <= OTLP_SHARE <= 1:
        raise ImproperlyConfigured(f"OTLP_SHARE must be from 0 to 1, not {OTLP_SHARE}")
    start_tracing(OTLP_ENDPOINT, share=OTLP_SHARE)
    # Inside what names the request, and around everything else.
    MIDDLEWARE.insert(MIDDLEWARE.index("config.measuring.measured"), "config.observing.traced")

# No cache server: sessions and throttles live in PostgreSQL or in the process (see DESIGN.md).
SESSION_ENGINE = "incidents.outer.sessions" if ZONE == OUTER else "django.contrib.sessions.backends.db"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# What a new password must be; docs/identity.md says why. PASSWORD_KINDS: of small letters, capitals, digits
# and other characters so many (0: any will do); PASSWORD_MAX_AGE_DAYS: then it is to be changed (0: never).
PASSWORD_LENGTH = env.int("PASSWORD_LENGTH", default=12)
PASSWORD_KINDS = env.int("PASSWORD_KINDS", default=3)
PASSWORD_MAX_AGE_DAYS = env.int("PASSWORD_MAX_AGE_DAYS", default=0)
_STRENGTH = "accounts.identity.strength"
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": f"{_STRENGTH}.Long", "OPTIONS": {"min_length": PASSWORD_LENGTH}},
    {"NAME": f"{_STRENGTH}.SeveralKinds", "OPTIONS": {"kinds": PASSWORD_KINDS}},
    {"NAME": f"{_STRENGTH}.NoRuns"},
    {"NAME": f"{_STRENGTH}.NotTheirName"},
    {"NAME": f"{_STRENGTH}.NotCommon"},
]
# Whether the table in accounts/identity/rules.py holds in full: a second factor for roles that need one, only
# so many sign-ins at once, an end when nothing is done. A demonstration's sign-ins are shared: off there.
STRICT_SIGN_IN = env.bool("STRICT_SIGN_IN", default=PRODUCTION)
# Signing in through another house's provider (OpenID Connect; docs/identity.md). Its discovery's address,
# https://id.example.org/realms/district/.well-known/openid-configuration; "": there is none.
OIDC_DISCOVERY_URL = env.str("OIDC_DISCOVERY_URL", default="")
# What the provider calls itself, where that is not its discovery's address without the end.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")  # "": a public client, held by PKCE alone
OIDC_SCOPES = env.str("OIDC_SCOPES", default="openid profile")
# What the button at the door says; "": in the reader's language "another account".
OIDC_NAME = env.str("OIDC_NAME", default="")
# The claims with somebody's name at the provider and with their groups; realm_access.roles is a path.
OIDC_NAME_CLAIM = env.str("OIDC_NAME_CLAIM", default="preferred_username")
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", default="groups")
# Who has the same name there and here is the same person: only where both get names from one register.
OIDC_SAME_NAMES = env.bool("OIDC_SAME_NAMES", default=False)
# Whoever comes with a group that has a role here gets a sign-in; otherwise unknown people are sent away.
OIDC_CREATE = env.bool("OIDC_CREATE", default=False)
# Values of amr or acr that say that two factors were shown: ours is not asked for then.
OIDC_TWO_FACTORS = env.list("OIDC_TWO_FACTORS", default=["mfa"])
# Roles by group hold so long after the provider last told somebody's groups: a weekend. Who comes in with a
# password, or never again, has lost them then; the next sign-in through the provider gives them anew.
OIDC_ROLES_HOURS = env.int("OIDC_ROLES_HOURS", default=72)
if OIDC_ROLES_HOURS < 12:
    raise ImproperlyConfigured("OIDC_ROLES_HOURS: 12 at least, as long as a sign-in lasts")
if PRODUCTION and OIDC_DISCOVERY_URL and not OIDC_DISCOVERY_URL.startswith("https://"):
    raise ImproperlyConfigured("OIDC_DISCOVERY_URL must be HTTPS in production: who comes in hangs on it")
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
# Lock a name at an address for an hour after ten wrong passwords.
AXES_FAILURE_LIMIT = env.int("AXES_FAILURE_LIMIT", default=10)
AXES_COOLOFF_TIME = timedelta(hours=1)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "incidents.pages.throttle.sign_in_address"
AXES_RESET_ON_SUCCESS = True
# Trying while it is locked is refused unseen, and makes the wait no longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "accounts.identity.pages.signing_in.locked_out"
AXES_VERBOSE = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
# static/dist is what the front-end build makes; where it is missing pages work without it.
STATICFILES_DIRS = [path for path in (BASE_DIR / "static",) if path.exists()]
MEDIA_ROOT = VAR_DIR / "media"
# Data sets: groups of fewer cases than this are told in none of them.
DATASETS_LEAST = env.int("DATASETS_LEAST", default=5)
# Snapshots of each data set that are kept, the one that is served among them.
DATASETS_KEPT = env.int("DATASETS_KEPT", default=3)
# Where a server in front hands out MEDIA_ROOT itself: its internal address for it, "/files/"; "": we do.
DATASETS_ACCEL = env.str("DATASETS_ACCEL", default="")
TESTING = "pytest" in sys.modules
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_MANIFEST_STRICT = False

# Bounded everything: a request body is 10 MB at most, a report's text 5,000 characters.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
REPORT_TEXT_MAX = 5_000
BATCH_MAX = 1_000
ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024

# How many months after its end a case keeps who reported it; then names, numbers and addresses go, its words
# are masked, and of its pictures what the camera said (docs/privacy.md). 0: for good. By category (four
# digits) or domain (two), as in "15=60;1401=120", other times hold.
RETENTION_MONTHS = env.int("RETENTION_MONTHS", default=36)
RETENTION_BY_CATEGORY = env.dict("RETENTION_BY_CATEGORY", cast={"value": int}, default={})
# Who was erased on request, by digest (docs/privacy.md): kept outside of the database and of its backups, as
# `manage.py personal_data repeat` erases them again after a restore.
ERASURES_FILE = Path(env.str("ERASURES_FILE", default=str(VAR_DIR / "erasures.jsonl")))
# Files of mediations after their end, and names of members of councils after they left.
RETENTION_MEDIATION_MONTHS = env.int("RETENTION_MEDIATION_MONTHS", default=120)
RETENTION_COUNCIL_MONTHS = env.int("RETENTION_COUNCIL_MONTHS", default=12)

# Pictures of streets under the maps: "tianditu" or "gaode", or the address of XYZ tiles with {z}, {x}, {y}
# (several, lowest first, with spaces between). Without it maps are drawn from the district's outlines, and
# nobody else is asked. A source learns which tiles are looked at, by whose address and from which site.
MAP_TILES = tile_source(
    env.str("MAP_TILES", default=""),
    key=env.str(
        "MAP_TILES_KEY", default=""
    ),  # for tianditu, or {key}; visible in pages, so bind it to the site
    datum=env.str("MAP_TILES_DATUM", default=""),  # WGS-84 or GCJ-02; the named services know theirs
    credit=env.str("MAP_TILES_CREDIT", default=""),  # shown in the map's corner, with the 审图号
    subdomains=env.str("MAP_TILES_SUBDOMAINS", default=""),  # for {s}: one letter or digit each
    max_zoom=env.int("MAP_TILES_MAX_ZOOM", default=18),
    secure=PRODUCTION,
)

# The browser loads nothing from elsewhere and runs no inline script; style attributes are the one
# exception, for bar lengths and ring angles; pictures for maps may come from where MAP_TILES says.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:", *(MAP_TILES.origins if MAP_TILES else ())],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # one shift; of who has signed in: accounts/identity/rules.py
# HTTPS=1 behind a TLS proxy: secure cookies, redirects and HSTS.
HTTPS = env.bool("HTTPS", default=PRODUCTION)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked directly
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
# Trusted proxies in front, each of which appends to X-Forwarded-For who spoke to it: throttles count the
# address that the first of them saw. Exactly as many as there are: with one too many everybody may make up
# an address, with one too few all residents share a proxy's. 0: the header is not believed.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "incidents.api.authentication.ApiClientAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["incidents.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["incidents.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "incidents.api.negotiation.JSONWhateverIsAsked",
    "DEFAULT_FILTER_BACKENDS": ["incidents.api.filters.StrictFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["incidents.api.throttles.PerMinute"],
    "DEFAULT_SCHEMA_CLASS": "incidents.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "incidents.api.errors.problem_handler",
    "NUM_PROXIES": NUM_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# Requests a minute that one token or person may make of one web process; 0: no limit.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=12_000)
# What signs the place inside printed codes, newest first. A plate hangs for years: when SECRET_KEY changes,
# or this does, the old one stays in the list, or the plates that it signed are no longer believed.
PLACE_CODE_KEYS = env.list("PLACE_CODE_KEYS", default=[]) or [SECRET_KEY]
# The residents' form. From so many reports of one address within ten minutes on, and from so many of all
# together within a minute on, a browser is asked for a proof of work before the next one (without scripts:
# to wait a little); 0: never. Counted by each web process for itself.
FORM_FREE_PER_ADDRESS = env.int("FORM_FREE_PER_ADDRESS", default=10)
FORM_FREE_PER_MINUTE = env.int("FORM_FREE_PER_MINUTE", default=60)
# Even so, one address files so many within ten minutes (many households share one address of their
# provider), and one telephone number within an hour; 0: no limit.
FORM_MOST_PER_ADDRESS = env.int("FORM_MOST_PER_ADDRESS", default=60)
FORM_MOST_PER_PHONE = env.int("FORM_MOST_PER_PHONE", default=10)
# Hashes that a proof takes on average: 65,536 are about half a second to three of a phone.
FORM_PROOF_HASHES = env.int("FORM_PROOF_HASHES", default=65_536)
# How long a browser without scripts waits instead.
FORM_WAIT_SECONDS = env.int("FORM_WAIT_SECONDS", default=20)
# Open311: requests a minute that one address may make of one web process, with a key or without; 0: no limit.
OPEN311_REQUESTS_PER_MINUTE = env.int("OPEN311_REQUESTS_PER_MINUTE", default=300)
# Addresses below which the media_url of a request may lie, like https://photos.example.org/reports/;
# none: pictures come as files only.
OPEN311_MEDIA = env.list("OPEN311_MEDIA", default=[])
# Whom to ask about the interface, and for a key.
OPEN311_CONTACT = env.str("OPEN311_CONTACT", default="")
SPECTACULAR_SETTINGS = {
    "TITLE": "Yiwang REST API",
    "DESCRIPTION": "Reports in, decisions and incidents out: one network for the whole district.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "TAGS": [
        {"name": "reports", "description": "Reports in, and what became of them."},
        {"name": "incidents", "description": "Cases, what happened to them, and what people do to them."},
        {"name": "kpis", "description": "What the cases add up to."},
        {"name": "datasets", "description": "Data sets to take away, and who may have them."},
        {"name": "reference", "description": "Categories, areas, units and the responsibility list."},
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Source": "dispatch.vocabulary.Source",
        "Nature": "dispatch.vocabulary.Nature",
        "Urgency": "dispatch.vocabulary.Urgency",
        "Level": "dispatch.vocabulary.Level",
        "PlaceType": "dispatch.vocabulary.PlaceType",
        "IncidentStatus": "incidents.models.incident.Status",
        "ResolutionOutcome": "incidents.models.incident.ResolutionOutcome",
        "DecisionOutcome": ["dispatched", "triage"],
        "PlaceHow": ["point", "address", "area", "none"],
        "AreaKind": "grids.models.Area.Kind",
        "UnitKind": "accounts.models.OrgUnit.Kind",
        "UpdateKind": "incidents.models.report.ReportUpdate.Kind",
        "AttachmentStage": "incidents.models.report.Attachment.Stage",
        "SupportAnswer": "incidents.models.assignment.Assignment.Answer",
        "SendingEnd": "incidents.models.assignment.Assignment.End",
        "OrderLevel": "incidents.models.supervision.Supervision.Level",
        "OrderEnd": "incidents.models.supervision.Supervision.End",
        "OrderCause": "incidents.models.supervision.Supervision.Cause",
        "InstructionEnd": "incidents.models.instructing.Instruction.End",
        "InstructionPartState": "incidents.models.instructing.InstructionPart.State",
        "DisputeCause": "incidents.models.adjudication.Adjudication.Cause",
        "DisputeOutcome": "incidents.models.adjudication.Adjudication.Outcome",
        "StandingVerdict": "dashboards.models.scoring.Standing.Verdict",
        "ClockKind": "incidents.models.timers.Timer.Kind",
        "ClockState": ["running", "paused", "stopped"],
        "ProjectLine": "dashboards.models.projects.ProjectItem.Kind",
        "PauseKind": "incidents.models.incident.PauseKind",
        "PauseEnd": "incidents.models.timers.Pause.End",
        "RequestKind": "incidents.models.assignment.CaseRequest.Kind",
        "RequestAnswer": "incidents.models.assignment.CaseRequest.Answer",
        "LateFact": "incidents.models.calls.LateEntry.Fact",
        "LateState": "incidents.models.calls.LateEntry.State",
        "CallPurpose": "incidents.models.calls.PhoneCall.Purpose",
        "BriefEntryKind": ["problem", "followed", "decision", "outlook"],
        "MediationKind": "incidents.models.mediation.Mediation.Kind",
        "MediationState": "incidents.models.mediation_file.MediationFile.State",
        "MediationSide": "incidents.models.mediation_file.MediationParty.Side",
        "MediationNext": "incidents.models.mediation_file.MediationFile.Next",
        "MediationSessionResult": "incidents.models.mediation_file.MediationSession.Result",
        "MediationConfirmedHow": "incidents.models.mediation_file.MediationConfirmation.How",
        "MediationFollowUpHow": "incidents.models.mediation_file.MediationFollowUp.How",
        "MediationFollowUpResult": "incidents.models.mediation_file.MediationFollowUp.Result",
        "Crs": "grids.coordinates.SYSTEMS",
    },
}

# --- the outer zone ---------------------------------------------------------------------------
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
if OUTER_URL:
    # A queue and a worker of its own: a line that drips delays no notice, and no notice a report.
    CELERY_TASK_QUEUES = (*CELERY_TASK_QUEUES, Queue("outer"))
    CELERY_TASK_ROUTES["incidents.reach_outer"] = {"queue": "outer"}
    CELERY_BEAT_SCHEDULE["incidents.reach_outer"] = {
        "task": "incidents.reach_outer",
        "schedule": OUTER_REACH_SECONDS,
        "options": {"expires": max(10.0, OUTER_REACH_SECONDS * 3)},
    }

# --- deciding ---------------------------------------------------------------------------------
# How often a report that goes out by itself must go to the right unit: by its words alone, and with its
# category given. The probability from which on that was so is measured on held-out texts, and stands
# with its coverage on the model's card (`manage.py train` prints it); where the texts are too few to be
# sure of it, nothing goes out by itself unless the list leaves one unit only.
AUTO_DISPATCH_PRECISION = env.float("AUTO_DISPATCH_PRECISION", default=0.95)
AUTO_DISPATCH_PRECISION_GIVEN = env.float("AUTO_DISPATCH_PRECISION_GIVEN", default=0.95)
# A version of the responsibility list is adopted by somebody else than who proposed it. A district with
# one steward may turn this off; the history then shows the same name twice.
LIST_FOUR_EYES = env.bool("LIST_FOUR_EYES", default=True)
# The normaliser may name an item as the matter, in place of its keywords, from this probability on.
MATTER_CONFIDENCE = env.float("MATTER_CONFIDENCE", default=0.60)
# Where the trained model lies (`manage.py train` writes it).
MODEL_DIR = Path(env.str("MODEL_DIR", default=str(VAR_DIR / "models")))
# What reads texts: linear (built in, needs nothing), onnx (a sentence encoder beside it), or chat (a model
# behind an OpenAI-compatible endpoint is asked about a single report that the built-in scorer is unsure
# of; refused until `manage.py train --backend chat` has measured it at AUTO_DISPATCH_PRECISION).
CLASSIFIER_BACKEND = env.str("CLASSIFIER_BACKEND", default="linear")
# Of onnx: the model, and the tokenizer.json made with it (bge-small-zh and the like); packages:
# requirements/encoder.txt. Pooling cls or mean; empty: as the file 1_Pooling/config.json beside it says.
ENCODER_MODEL = env.str("ENCODER_MODEL", default="")
ENCODER_TOKENIZER = env.str("ENCODER_TOKENIZER", default="")
ENCODER_POOLING = env.str("ENCODER_POOLING", default="")
ENCODER_MAX_LENGTH = env.int("ENCODER_MAX_LENGTH", default=256)
ENCODER_THREADS = env.int("ENCODER_THREADS", default=1)
# Of chat: the address up to /v1, the model's name there and the key. Set, operators may ask it for a
# suggestion on the desk, whatever the backend. Seconds are for the whole exchange. json_object is for
# servers that know no JSON schema.
CHAT_URL = env.str("CHAT_URL", default="")
CHAT_MODEL = env.str("CHAT_MODEL", default="")
CHAT_KEY = env.str("CHAT_KEY", default="")
CHAT_SECONDS = env.float("CHAT_SECONDS", default=8.0)
CHAT_CANDIDATES = env.int("CHAT_CANDIDATES", default=8)
CHAT_ANSWER_FORMAT = env.str("CHAT_ANSWER_FORMAT", default="json_schema")
# The unit that owns what nobody owns yet: the district's triage desk.
TRIAGE_UNIT = "operations-centre"
# With so many agreed returns a case goes before adjudication, by itself.
ADJUDICATE_AFTER_RETURNS = env.int("ADJUDICATE_AFTER_RETURNS", default=2)
# 兜底单位: who gets a case that nobody has ruled on in time, by the case's place as in the list (a unit's
# code, @street, @street/TEAM, @community, @owner); where that is nobody, whoever had it first.
FALLBACK_UNIT = env.str("FALLBACK_UNIT", default="@street")
# 后续修复: the repair after a place was made safe is a sending of its own, under this limit; and so many
# working minutes until its unit is deemed to have accepted.
FOLLOW_UP_LIMIT = env.str("FOLLOW_UP_LIMIT", default="5wd")
FOLLOW_UP_ACCEPT_MINUTES = env.int("FOLLOW_UP_ACCEPT_MINUTES", default=240)

# 自办自结: the share of what patrols found and put right themselves that somebody else looks at again.
SELF_FIXED_CHECKED = env.float("SELF_FIXED_CHECKED", default=0.05)

# --- sensors ----------------------------------------------------------------------------------
# docs/sensors.md tells what these do. A case closes by itself when its alerts have been clear for so many
# minutes and nobody has acted; what was held back opens its own case so long after its cause has gone.
ALERT_SETTLE_MINUTES = env.int("ALERT_SETTLE_MINUTES", default=10)
# Flapping: so many beginnings within so many minutes; over when it was steady for so long.
ALERT_FLAP_TIMES = env.int("ALERT_FLAP_TIMES", default=4)
ALERT_FLAP_MINUTES = env.int("ALERT_FLAP_MINUTES", default=60)
ALERT_QUIET_MINUTES = env.int("ALERT_QUIET_MINUTES", default=60)
# Devices below one parent whose alerts of one kind begin within so many minutes are one case.
ALERT_STORM_MINUTES = env.int("ALERT_STORM_MINUTES", default=10)
# What burns without a word for so long is marked as silent.
ALERT_STALE_HOURS = env.int("ALERT_STALE_HOURS", default=24)
# The broker that devices publish to: mqtt://user:password@host:1883, or mqtts:// for TLS. Empty: none.
# `manage.py mqtt` reads it; `make run` starts that where this is set.
MQTT_URL = env.str("MQTT_URL", default="")
MQTT_USERNAME = env.str("MQTT_USERNAME", default="")  # where they do not stand in the address
MQTT_PASSWORD = env.str("MQTT_PASSWORD", default="")
# One name for ever: the broker keeps for it what came while nobody listened. Two consumers need two.
MQTT_CLIENT_ID = env.str("MQTT_CLIENT_ID", default="yiwang")
# For TLS: the authority's certificate where it is none of the system's, and a certificate of our own.
MQTT_CA_FILE = env.str("MQTT_CA_FILE", default="")
MQTT_CERT_FILE = env.str("MQTT_CERT_FILE", default="")
MQTT_KEY_FILE = env.str("MQTT_KEY_FILE", default="")

# --- telling ----------------------------------------------------------------------------------
# How notices leave the house. What is not set here has a console twin, which writes into the log that
# something would have been sent. docs/running.md tells how to try them.
# E-mail: the SMTP server, and the address that mails come from.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)  # STARTTLS, mostly on port 587
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)  # TLS from the first byte, mostly on port 465
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="yiwang@localhost")
# Text messages: the gateway's address, and the secret that signs what is posted there.
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_SECRET = env.str("SMS_GATEWAY_SECRET", default="")
if SMS_GATEWAY_URL and not SMS_GATEWAY_SECRET:
    raise ImproperlyConfigured("SMS_GATEWAY_SECRET must be set beside SMS_GATEWAY_URL")
# WeChat Work: the address of a group's robot, or (with the agent's number) of an application, key included.
WEWORK_URL = env.str("WEWORK_URL", default="")
WEWORK_AGENT = env.int("WEWORK_AGENT", default=None)
# Webhooks' addresses and secrets are rows that an administrator keeps; here is whether they are called.
WEBHOOKS_ARE_SENT = env.bool("WEBHOOKS", default=PRODUCTION)
# Webhooks go to public addresses alone. Networks that they may reach besides, where other systems of the
# house stand: "10.20.0.0/16,fd00:1::/64". As few as can be: who enters webhooks can knock at all of these.
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
_networks("WEBHOOK_NETWORKS", WEBHOOK_NETWORKS)
# Seconds that one letter may take, from the first byte to the last.
TRANSPORT_TIMEOUT = env.float("TRANSPORT_TIMEOUT", default=10.0)

# --- WeChat -----------------------------------------------------------------------------------
# The token of the district's account, as entered there beside the address …/api/v1/callbacks/wechat/.
# Without one the address does not exist.
WECHAT_TOKEN = env("WECHAT_TOKEN", default="")
# What the door is called among the systems.
WECHAT_CLIENT = env("WECHAT_CLIENT", default="WeChat")
# Where pictures may be fetched from, as in "https://mmbiz.qpic.cn/": by this scheme, whichever the message
# names, and below this path. Empty: none are fetched, and people are asked to describe what they show.
WECHAT_PICTURES = env("WECHAT_PICTURES", default="")

# --- counting ---------------------------------------------------------------------------------
# What the boards judge by. The two durations are what Longgang published for itself after its own
# platform had started (before it: 5.4 h and 12.06 days); the two shares are Shenzhen's best published.
BOARD_TARGETS = {
    "dispatch_mean": env.float("TARGET_DISPATCH_HOURS", default=1.22),
    "handle_mean": env.float("TARGET_HANDLE_DAYS", default=6.64),
    "on_time": env.float("TARGET_ON_TIME", default=0.99),
    "satisfied": env.float("TARGET_SATISFIED", default=0.99),
    # Shenzhen's best published, and the 70 % of Shanghai's Tangqiao.
    "first_right": env.float("TARGET_FIRST_RIGHT", default=0.98),
    "automatic": env.float("TARGET_AUTOMATIC", default=0.70),
}
# The colour grades of the composite score, from the best: the least of each; what has less is "poor".
BOARD_GRADES = tuple(
    zip(
        ("excellent", "good", "fair"), env.list("GRADES", cast=float, default=[95.0, 85.0, 70.0]), strict=True
    )
)

# 突发预警: false alarms to be expected a week at most, all places, matters and windows together. Fewer
# make it slower and blinder: docs/warning.md has what was measured.
WARNING_FALSE_ALARMS_PER_WEEK = env.float("WARNING_FALSE_ALARMS_PER_WEEK", default=1.0)

# 苗头: the same for phrases that begin to be said.
WARNING_FALSE_THEMES_PER_WEEK = env.float("WARNING_FALSE_THEMES_PER_WEEK", default=1.0)

# How many hours the draft of a brief waits for somebody's words before it goes out by itself: the weekly
# one is mailed as it is made, on Monday at eight; the monthly one, of the 1st at eight, after three days.
BRIEF_DRAFT_HOURS = {
    "week": env.int("BRIEF_WEEK_HOURS", default=0),
    "month": env.int("BRIEF_MONTH_HOURS", default=72),
}

# How long units may appeal against a published score: working days end when the offices close.
SCORING_APPEALS = env("SCORING_APPEALS", default="5wd")

# --- the demo ---------------------------------------------------------------------------------
# SEED=0 starts with the reference data and no cases.
SEED = env.bool("SEED", default=True)
# How many days of history are played behind the demo's pages, once they are open.
DEMO_DAYS = env.int("DEMO_DAYS", default=85)

# Lines for people, or a JSON object a line for machines; gunicorn's own follow it (config/weblog.py).
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be line or json, not {LOG_FORMAT}")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        # Without tracking codes and other keys that stand in addresses, and without people's numbers.
        "line": {
            "()": "config.logs.LineFormatter",
            "fmt": "{asctime} {levelname} {name} {message}{belonging}",
            "style": "{",
        },
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # A line for every sweep of every second tells nothing; what the sweeps do, they say themselves.
    "loggers": {"celery": {"level": "WARNING"}},
}
