"""回访: who is still to be asked how it was, one row for each reporter of a handling."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models.incident import Incident
from incidents.models.report import Report

# A call that somebody took up and forgot is free for others after this.
HOLD_LASTS = timedelta(minutes=15)


class CallbackQuerySet(models.QuerySet["Callback"]):
    def open(self) -> "CallbackQuerySet":
        """Still to be called."""
        return self.filter(ended_at__isnull=True)

    def ready(self, at: datetime, *, since: datetime | None = None) -> "CallbackQuerySet":
        """Still to be called, and it may be done now; with `since`, only who became due since then."""
        due = self.open().filter(next_at__lte=at)
        return due if since is None else due.filter(next_at__gte=since)

    def free_for(self, user: User, at: datetime) -> "CallbackQuerySet":
        """Nobody else is on the telephone with them."""
        return self.filter(Q(held_at__isnull=True) | Q(held_at__lte=at - HOLD_LASTS) | Q(held_by=user))

    def held_by_user(self, user: User, at: datetime) -> "CallbackQuerySet":
        """What this person has in hand now."""
        return self.open().filter(held_by=user, held_at__gt=at - HOLD_LASTS)

    def in_order(self) -> "CallbackQuerySet":
        """As they are called: what matters most, then what was closed first."""
        return self.order_by("rank", "opened_at", "pk")


class Callback(models.Model):
    """One reporter of one handling who is to be asked. Kept beside the callback clock of the case, in the
    same transactions; the clock says by when, this says whom and at which hour."""

    class End(models.TextChoices):
        ANSWERED = "answered", _("Answered the questions")
        RATED = "rated", _("Rated by themselves")
        DECLINED = "declined", _("Would rather not say")
        TRIED = "tried", _("Not reached in three attempts")
        WRONG = "wrong", _("Not the reporter's number")
        LAPSED = "lapsed", _("Nobody to call any more")

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="callbacks")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="callbacks")
    handling_run = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    # Who goes first: calling/rules.py has the reasons.
    rank = models.PositiveSmallIntegerField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    held_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    held_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=End.choices, blank=True)

    objects = CallbackQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["report", "incident", "handling_run"], name="callback_once_a_handling"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="callback_end_says_why",
            ),
        ]
        indexes = [
            # the queue in its order; a few thousand open rows beside all that are over
            models.Index(
                fields=["rank", "opened_at", "id"],
                name="callback_queue",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.report}"

    def is_held(self, at: datetime) -> bool:
        """Has somebody this call in hand?"""
        return self.held_at is not None and at - self.held_at < HOLD_LASTS
