"""Adding a line to the audit log, where no row of another table says it already."""

from typing import Any

from django.db import connection
from django.http import HttpRequest

from accounts.audit.rows import AuditEvent
from accounts.identity.where import Where, where_of
from accounts.models import ApiClient, User

_TELL = "SELECT accounts_audit_tell(%s, %s, %s, %s, %s, %s, %s::jsonb, %s::inet, %s)"


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
