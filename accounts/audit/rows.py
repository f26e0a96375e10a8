"""The audit log: its rows, what is left of rows that were let go, and what each look-through found."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy


class AuditEvent(models.Model):
    """One thing that somebody did. Written by `accounts_audit_tell` in the transaction of the deed: by the
    triggers of the tables that hold it, and by `accounts.audit.telling` for what leaves no row.

    Rows are only added. The database refuses to change one, but for the seal that is put on once, and to
    delete one that is younger than 183 days or not sealed. No key refers to other tables: what a row says of
    a person stays true whatever becomes of theirs.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", pgettext_lazy("audit", "Signing in")
        PERSONAL = "personal", pgettext_lazy("audit", "Personal data looked at")
        EXPORT = "export", pgettext_lazy("audit", "Taken out as a file")
        ROLE = "role", pgettext_lazy("audit", "People and roles")
        CONFIG = "config", pgettext_lazy("audit", "Settings")
        LIST = "list", pgettext_lazy("audit", "Responsibility list and mapping")
        AUDIT = "audit", pgettext_lazy("audit", "The log itself")

    at = models.DateTimeField()  # the machine's clock
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # What of that kind: a word of ours, accounts.audit.words has it in the reader's language.
    what = models.CharField(max_length=64)
    # Who: a person, a system, or nobody (the server itself, or somebody who was not let in); by name as well.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    client = models.ForeignKey(
        "accounts.ApiClient",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    who = models.CharField(max_length=150, blank=True)
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=60, blank=True)
    # About what: "user" and a number, "case" and its number, "list" and its version, ...
    about_kind = models.CharField(max_length=16, blank=True)
    about = models.CharField(max_length=160, blank=True)
    # Codes, numbers and names of columns; nothing of a resident.
    details = models.JSONField(default=dict)
    # The seal: its place in the chain, the digest over the one before and this row, and under which key.
    seq = models.BigIntegerField(null=True, unique=True)
    digest = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar = [
            # the sealer: what it has not sealed yet, whatever its number
            models.Index(fields=["id"], name="audit_unsealed", condition=Q(seq__isnull=True)),
            # the page: by day, by kind, by who, and by what it is about
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["kind", "-id"], name="audit_by_kind"),
            models.Index(fields=["user", "-id"], name="audit_by_user"),
            models.Index(fields=["who", "-id"], name="audit_by_who", condition=~Q(who="")),
            models.Index(fields=["about_kind", "about", "-id"], name="audit_by_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.what} {self.who}"


class AuditStub(models.Model):
    """What is left of the oldest rows where they were let go: where the chain goes on, and a signature."""

    upto = models.BigIntegerField(unique=True)  # the place in the chain of the last row that went
    digest = models.CharField(max_length=64)  # of that row
    rows = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    at = models.DateTimeField()
    key = models.CharField(max_length=8)
    signature = models.CharField(max_length=64)

    class Meta:
        ordering = ("-upto",)

    def __str__(self) -> str:
        return f"{self.rows} until {self.upto}"


class AuditCheck(models.Model):
    """One look through the whole chain, and what it found."""

    at = models.DateTimeField()
    rows = models.BigIntegerField()
    seconds = models.FloatField()
    head = models.BigIntegerField()
    # [[what, place in the chain, words], ...]; empty: all as it was written.
    faults = models.JSONField(default=list)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {len(self.faults)}"
