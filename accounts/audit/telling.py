"""Adding a line to the audit log, where no row of another table says it already."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.audit.rows import AuditEvent
from accounts.identity.where import Where, where_of
from accounts.models import ApiClient, User

_TELL = "SELECT accounts_audit_tell(%s, %s, %s, %s, %s, %s, %s::jsonb, %s::inet, %s)"


def taken_out_by(user: User, at: datetime) -> str:
    """What stands in a file of who took it, so that a copy says where it came from."""
    return _("Taken out by %(name)s (%(username)s) at %(at)s") % {
        "name": user,
        "username": user.username,
        "at": f"{at:%Y-%m-%d %H:%M:%S}",
    }


def tell(
    *,
    kind: AuditEvent.Kind,
    what: str,
    by: object,
    where: Where,
    about: tuple[str, str] = ("", ""),
    **details: Any,
) -> None:
    """Add a line, in the transaction of the deed where there is one. `by`: a person, a system, or nobody.

    `about`: of what kind, and which. `details` are codes and numbers, and nothing of a resident.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL,
            [
                kind,
                what[:64],
                by.pk if isinstance(by, User) else None,
                by.pk if isinstance(by, ApiClient) else None,
                about[0],
                about[1][:160],
                connection.ops.adapt_json_value(details, None),
                where.address,
                where.device,
            ],
        )


def tell_of(
    request: HttpRequest,
    *,
    kind: AuditEvent.Kind,
    what: str,
    about: tuple[str, str] = ("", ""),
    **details: Any,
) -> None:
    """The same, by whoever's request it is."""
    tell(kind=kind, what=what, by=request.user, where=where_of(request), about=about, **details)
