"""Who reports and who acts: tokens, signed-in sessions and a stock of reports, written to a file.

`python -m chaos.people FILE RECEIVER` runs beside the stack's database, before anything is killed;
RECEIVER is where webhooks of every source go.
"""

import json
import os
import random
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from accounts.models import ApiClient, Membership, OrgUnit, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from config import clock  # noqa: E402
from config.management.commands.simulate import payload  # noqa: E402
from config.simulation.reports import Residents  # noqa: E402
from dispatch.vocabulary import Source  # noqa: E402
from incidents.models import Webhook  # noqa: E402
from incidents.models.contact import seal  # noqa: E402

STOCK = 600
_DESK = (
    ("dispatcher", Role.DISPATCHER),
    ("supervisor", Role.SUPERVISOR),
    # Nobody countersigns what they entered or answers what they asked for: somebody else has to.
    ("countersigner", Role.SUPERVISOR),
    ("admin", Role.ADMIN),
)


def main(path: Path, receiver: str) -> None:
    document = {"tokens": _tokens(), "desk": _desk(), "handlers": _handlers(), "stock": _stock()}
    _webhooks(receiver)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _tokens() -> dict[str, dict[str, object]]:
    """For each source its token, and the key of the client that owns it."""
    made = {}
    for source in Source.values:
        client, token = ApiClient.objects.issue(name=f"chaos {source}", source=source)
        made[source] = {"token": token, "client": client.pk}
    return made


def _webhooks(receiver: str) -> None:
    """Every source wants to hear about everything, signed with the secret that the driver knows."""
    for source in Source.values:
        webhook = Webhook(name=source, url=f"{receiver}/{source}", source=source, created_at=clock.now())
        webhook.secret_sealed = seal(os.environ["SMS_GATEWAY_SECRET"])
        webhook.save()


def _desk() -> dict[str, str]:
    desk = {name: _session(name, role, "operations-centre") for name, role in _DESK}
    desk["two-hats"] = _session("two-hats", Role.SUPERVISOR, "operations-centre")
    both = User.objects.get(username="two-hats")  # asks for a unit and could answer for the centre
    Membership.objects.bulk_create(
        Membership(user=both, unit_id=code, role=Role.HANDLER)
        for code in OrgUnit.objects.exclude(code="operations-centre").values_list("code", flat=True)
    )
    return desk


def _handlers() -> dict[str, str]:
    """A session for a handler of every unit."""
    return {
        code: _session(f"handler-{code}".replace("/", "-")[:150], Role.HANDLER, code)
        for code in OrgUnit.objects.order_by("code").values_list("code", flat=True)
    }


def _session(username: str, role: Role, unit: str) -> str:
    user = User.objects.create(username=username, password=make_password(None))
    Membership.objects.create(user=user, unit_id=unit, role=role)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _stock() -> list[dict[str, object]]:
    """Reports as the demo's residents file them; the driver gives each use an id of its own."""
    residents = Residents(random.Random(7), prefix="stock")
    return [payload(residents.report(clock.now()).draft) for _index in range(STOCK)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
