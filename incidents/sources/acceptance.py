"""Is what a system sent closed here, or once it has accepted our result? Said by an administrator."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AcceptanceChange, ApiClient, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from incidents.errors import ActionRefused


@transaction.atomic(durable=True)
def say_who_accepts(*, client: ApiClient, accepts: bool, user: User, at: datetime) -> ApiClient:
    """Say it from now on; cases that wait for a word already go on waiting. The same again is no change.

    Raises ActionRefused.
    """
    if not viewer_of(user).with_roles(Role.ADMIN):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    held = ApiClient.objects.select_for_update(no_key=True).get(pk=client.pk)
    if held.accepts_closing != accepts:
        AcceptanceChange.objects.create(
            client=held, before=held.accepts_closing, after=accepts, changed_by=user, changed_at=at
        )
        held.accepts_closing = accepts
        held.save(update_fields=["accepts_closing"])
    return held
