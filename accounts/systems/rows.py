"""What is kept of tokens beside the system itself: those that were replaced, and who changed what."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OldToken(models.Model):
    """A token that was replaced and is still good for a while, so that a system can be changed over."""

    client = models.ForeignKey("accounts.ApiClient", on_delete=models.CASCADE, related_name="old_tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    good_until = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-good_until", "-pk")

    def __str__(self) -> str:
        return f"{self.client_id}"


class SystemChange(models.Model):
    """One line of what was done to a system's token. Rows are only added: the database refuses to change or
    delete one."""

    class Kind(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("token", "Token issued")
        ROTATED = "rotated", pgettext_lazy("token", "Token replaced")
        OLD_ENDED = "old_ended", pgettext_lazy("token", "Old token ended early")
        CHANGED = "changed", pgettext_lazy("token", "Changed")
        SWITCHED_OFF = "switched_off", pgettext_lazy("token", "Switched off")
        SWITCHED_ON = "switched_on", pgettext_lazy("token", "Switched on")

    client = models.ForeignKey("accounts.ApiClient", on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    # Nobody: on the server.
    actor = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # field → [before, after], in codes; of a token its times alone.
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar = [models.Index(fields=["client", "-id"], name="system_change_of_client")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.kind}"


class Refusal(models.TextChoices):
    """Why a token was not let in, though it is one of ours."""

    EXPIRED = "token_expired", _("This token has expired.")
    REPLACED = "token_replaced", _("This token was replaced by another one, and its time is over.")
    ADDRESS = "address_not_allowed", _("This token may not be used from this address.")
