"""Apps, middleware, templates, languages, static files, maps, and what the browser is told."""

import sys
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.map_tiles import tile_source
from config.settings.base import BASE_DIR, DEBUG, PRODUCTION, VAR_DIR, ZONE, env
from config.zones import OUTER

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

# No cache server: sessions and throttles live in PostgreSQL or in the process (see DESIGN.md).
SESSION_ENGINE = "incidents.outer.sessions" if ZONE == OUTER else "django.contrib.sessions.backends.db"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

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
