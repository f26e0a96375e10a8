"""Passwords, second factors, lock-out, and another house's provider."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import PRODUCTION, env

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
