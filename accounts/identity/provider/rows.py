"""Who is who at the provider, and what its groups mean here."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.roles import Role


class ProviderLink(models.Model):
    """A person here is that person there. The subject never changes. It is told when the person links
    themselves, or at the first sign-in of somebody who has nothing here to show: until then an administrator
    has said by which name the provider knows them."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="provider_links")
    issuer = models.CharField(max_length=200)
    # Nothing as long as it is not known: of nothings there may be many beside each other.
    subject = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    login_name = models.CharField(max_length=150, blank=True)
    linked_at = models.DateTimeField()
    # Nobody: by themselves, by the provider's name, or made at the first sign-in.
    linked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # The groups that the provider told of them last, and when: what follows from them holds for a while.
    groups = models.JSONField(default=list, db_default=[], blank=True)
    groups_at = models.DateTimeField(null=True, blank=True)
    # Somebody has come in by it, or made it, with all that they had to show here. Before that our second
    # factor is asked for whatever the provider says that it saw.
    is_proved = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="provider_subject_once"),
            models.UniqueConstraint(fields=["user", "issuer"], name="provider_link_once"),
            models.UniqueConstraint(
                fields=["issuer", "login_name"], condition=Q(subject=None), name="provider_name_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class GroupRole(models.Model):
    """Who is in this group at the provider has this role in this unit here. A row that ended stays: it tells
    who gave what when."""

    group = models.CharField(max_length=200)
    unit = models.ForeignKey("accounts.OrgUnit", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ("group", "unit", "role", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["group", "unit", "role"], condition=Q(ended_at=None), name="group_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} → {self.role} · {self.unit_id}"
