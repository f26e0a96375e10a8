"""Who is at it, said to the database where no request of theirs says it (accounts.audit.acting)."""

import json

from django.db import connection

from accounts.identity.where import Where


def say(user_id: int, where: Where) -> None:
    """From now on in this transaction the lines of the audit log are this person's."""
    told = {"user": user_id, "address": where.address, "device": where.device}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('yiwang.actor', %s, true)", [json.dumps(told)])
