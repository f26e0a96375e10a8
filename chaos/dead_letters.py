"""`python -m chaos.dead_letters`: a supervisor puts every dead letter back; prints their keys."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from accounts.models import User  # noqa: E402
from config import clock  # noqa: E402
from incidents import delivery  # noqa: E402
from incidents.actor import Actor  # noqa: E402
from incidents.models import OutboxMessage, Parcel  # noqa: E402


def main() -> None:
    parcels = dict(Parcel.objects.dead().values_list("pk", "key"))
    messages = dict(OutboxMessage.objects.filter(dead_at__isnull=False).values_list("pk", "key"))
    supervisor = Actor.person(User.objects.get(username="supervisor"), "operations-centre")
    delivery.retry_dead(parcels=parcels, messages=messages, actor=supervisor, at=clock.now())
    print("\n".join([*parcels.values(), *messages.values()]))


if __name__ == "__main__":
    main()
