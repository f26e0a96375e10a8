"""PostgreSQL, and how long it keeps what."""

from pathlib import Path

from config.settings.base import VAR_DIR, env

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
