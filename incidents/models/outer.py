"""The public pages' own zone: what waits outside, what is shown there, and what the core knows of both.

Of these tables the first four have rows in the outer zone alone, the other three in the core alone.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidents.models.report import Report

# --- outside --------------------------------------------------------------------------------------


class OuterItem(models.Model):
    """Something that a resident sent, sealed for the core, until the core says that it has it."""

    item = models.UUIDField(unique=True)
    filed_at = models.DateTimeField()
    body = models.BinaryField()
    # Ids of the pictures that belong to it.
    photos = models.JSONField(default=list)

    class Meta:
        ordering = ("pk",)


class OuterPhoto(models.Model):
    """A picture under lock: its key is in the browser of whoever sent it, and sealed in their item."""

    id = models.UUIDField(primary_key=True)
    body = models.BinaryField()
    kept_at = models.DateTimeField(db_index=True)


class OuterPage(models.Model):
    """Something that the core has published here; a report's own is locked under its tracking code."""

    key = models.CharField(max_length=80, primary_key=True)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("key",)


class OuterState(models.Model):
    """One row: the last exchange, and a number that changes with what everybody may see."""

    serial = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    reached_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="outer_state_is_one")]


# --- in the core ----------------------------------------------------------------------------------


class OuterArrival(models.Model):
    """What was taken over from outside, so that it is taken over once."""

    item = models.UUIDField(primary_key=True)
    filed_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    # complaint, or the kind of an answer; empty where nobody could open it
    kind = models.CharField(max_length=16, blank=True)
    # Why nothing came of it: the code of the rule.
    problem = models.CharField(max_length=40, blank=True)
    # As it came, where it was set aside and somebody may try again.
    kept = models.BinaryField(default=b"")
    # The outer zone has been told, and has it no longer.
    is_told = models.BooleanField(default=False)
    # When it was said, as far as that is believed; null: taken over by an earlier version.
    counts_from = models.DateTimeField(null=True)

    class Meta:
        ordering = ("taken_at", "pk")
        indexes: ClassVar = [
            # what the next exchange tells, and what the doctor counts
            models.Index(fields=["item"], condition=Q(is_told=False), name="outer_arrival_untold"),
            models.Index(fields=["taken_at"], condition=~Q(kept=b""), name="outer_arrival_aside"),
        ]


class OuterPushed(models.Model):
    """A page that is, or is to be, outside: a report's own, or one for everybody."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, null=True, related_name="+")
    key = models.CharField(max_length=80, blank=True)  # of a report: once it was pushed
    digest = models.CharField(max_length=64, blank=True)  # of what the outer zone has said to hold
    expires_at = models.DateTimeField(null=True)
    # It is to be pushed (again), since then; null: as it is outside it is right, or nothing can be done now.
    wanted_at = models.DateTimeField(null=True)
    # Why it could not be brought there when that was tried last: too_large, refused.
    problem = models.CharField(max_length=20, blank=True, db_default="")

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=~Q(key=""), name="outer_pushed_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["wanted_at"], condition=Q(wanted_at__isnull=False), name="outer_wanted"),
            models.Index(fields=["expires_at"], name="outer_pushed_expires"),
        ]


class OuterLink(models.Model):
    """One row: how the core stands with the outer zone."""

    serial = models.BigIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    reached_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    waiting = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True)
    # By how much the outer zone's clock is ahead of ours, in seconds.
    skew = models.FloatField(default=0.0)
    # How far the timeline was read for pages that have changed; and when what is public was last looked at.
    cursor = models.CharField(max_length=60, blank=True)
    published_at = models.DateTimeField(null=True)
    # How often it was not reached since it was last, and until when it rests (by the machine's clock).
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    rests_until = models.DateTimeField(null=True)
    # The same of pages: what waits there may be had although nothing can be brought.
    pages_failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    pages_rest_until = models.DateTimeField(null=True)
    pages_problem = models.CharField(max_length=200, blank=True, db_default="")
    # By the core's clock: what came after that cannot have been filed (much) before it, for it was not there.
    drained_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="outer_link_is_one")]
