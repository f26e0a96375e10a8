"""权责清单: its versions, when each one decides, its items, and who changed what and why."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dispatch.models.category import Category
from dispatch.vocabulary import Level, Urgency


def _words(length: int) -> ArrayField:
    """A column of short words, empty by default."""
    return ArrayField(models.CharField(max_length=length), default=list, blank=True)


class ResponsibilityListQuerySet(models.QuerySet["ResponsibilityList"]):
    def live(self, at: datetime) -> "ResponsibilityListQuerySet":
        """The version that decides at this instant: none before the first list, else exactly one."""
        return self.filter(pk=ListTerm.objects.at(at).values("list")[:1])


class ResponsibilityList(models.Model):
    """权责清单: one version of the whole list. Only a draft's items can be changed; the database holds
    that (a trigger), so what a case was decided by stays as it was."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PROPOSED = "proposed", _("Proposed")
        # It decides, will decide or has decided: its terms say when.
        ADOPTED = "adopted", _("Adopted")
        DROPPED = "dropped", _("Dropped")

    class Standing(models.TextChoices):
        """The state as a person sees it at an instant: an adopted list waits, decides or has decided."""

        DRAFT = "draft", _("Draft")
        PROPOSED = "proposed", _("Proposed")
        SCHEDULED = "scheduled", _("Live from a date")
        LIVE = "live", pgettext_lazy("of a list", "Live")
        SUPERSEDED = "superseded", _("Superseded")
        DROPPED = "dropped", _("Dropped")

    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    title = models.CharField(max_length=120)
    # The version that it was copied from: what the draft changes is told against it.
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Raised by every edit: findings and rehearsals of an earlier one are stale.
    revision = models.PositiveIntegerField(default=0)
    # Collects what rulings and returns suggest; at most one such draft is open.
    for_suggestions = models.BooleanField(default=False)
    # SHA-256 of the items as loaded from a file: loading the same file again changes nothing.
    content_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    # Empty: loaded from a file.
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Why it was proposed, sent back or dropped: the last word on it.
    remark = models.TextField(blank=True)

    objects = ResponsibilityListQuerySet.as_manager()

    class Meta:
        ordering = ("version",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "proposed", "adopted", "dropped"]), name="list_state_known"
            ),
            models.UniqueConstraint(
                fields=["for_suggestions"],
                condition=Q(for_suggestions=True, state="draft"),
                name="one_draft_of_suggestions",
            ),
            models.CheckConstraint(
                condition=~Q(state="proposed") | Q(proposed_at__isnull=False), name="proposed_says_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.version}"

    def standing(self, at: datetime) -> Standing:
        """Where this version stands at an instant."""
        if self.state != self.State.ADOPTED:
            return self.Standing(self.state)
        live = ListTerm.objects.at(at).first()
        if live is not None and live.list_id == self.pk:
            return self.Standing.LIVE
        waits = self.terms.filter(cancelled_at__isnull=True, starts_at__gt=at).exists()
        return self.Standing.SCHEDULED if waits else self.Standing.SUPERSEDED


class ListTermQuerySet(models.QuerySet["ListTerm"]):
    def standing(self) -> "ListTermQuerySet":
        """Terms that count, the latest first; the one from the beginning is the last."""
        return self.filter(cancelled_at__isnull=True).order_by(F("starts_at").desc(nulls_last=True), "-pk")

    def at(self, at: datetime) -> "ListTermQuerySet":
        """The terms begun by then, the one that holds first."""
        return self.standing().filter(Q(starts_at__isnull=True) | Q(starts_at__lte=at))


class ListTerm(models.Model):
    """From when on a version decides: until the next term begins.

    That is why exactly one version is live at any instant: no two terms begin at once (the constraint),
    and the first list's has no beginning. A version that is made live again gets another term.
    """

    list = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="terms")
    starts_at = models.DateTimeField(null=True, blank=True)  # empty: from the beginning
    decided_at = models.DateTimeField()
    # Empty: loaded from a file.
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ListTermQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["starts_at"],
                condition=Q(cancelled_at__isnull=True),
                nulls_distinct=False,
                name="one_live_list_at_any_instant",
            ),
            # What has begun has decided cases: only a term to come can be taken back.
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(starts_at__gt=F("cancelled_at")),
                name="only_a_term_to_come_is_cancelled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.list_id} from {self.starts_at}"


class ListEvent(models.Model):
    """What happened to a version, for those who have to hear of it; only added to, but for `told_at`.

    This room knows nobody's inbox. Another one reads what is untold and tells it (docs/decisions/0019).
    """

    class Kind(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        SENT_BACK = "sent_back", pgettext_lazy("of a list", "Sent back")
        DROPPED = "dropped", _("Dropped")
        ADOPTED = "adopted", _("Adopted")
        # Its beginning was taken back before it came.
        WITHDRAWN = "withdrawn", pgettext_lazy("of a list", "Beginning taken back")
        # It begins to decide: `at` may be to come, and the term may be cancelled before.
        BEGAN = "began", pgettext_lazy("of a list", "Went live")
        # An earlier version decides again, at once.
        ROLLED_BACK = "rolled_back", pgettext_lazy("of a list", "Live again")

    list = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="events")
    term = models.ForeignKey(ListTerm, on_delete=models.PROTECT, null=True, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    # Empty: loaded from a file.
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = [
            # the sweep that tells (incidents.list_news): what has happened and is untold
            models.Index(fields=["at", "id"], name="list_event_untold", condition=Q(told_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.list_id} {self.kind}"


class ResponsibilityItemQuerySet(models.QuerySet["ResponsibilityItem"]):
    def live(self, at: datetime) -> "ResponsibilityItemQuerySet":
        """The items of the version that decides at this instant."""
        return self.filter(list__in=ResponsibilityList.objects.live(at))


class ResponsibilityItem(models.Model):
    """权责事项: a matter, the conditions under which it is this matter, its unit and its limits.

    Units are codes, or relative to the place (`@street/enforcement`): see dispatch.units.
    """

    list = models.ForeignKey(ResponsibilityList, on_delete=models.CASCADE, related_name="items")
    code = models.CharField(max_length=16)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="items")
    matter_zh = models.CharField(max_length=120)
    filing_condition_zh = models.TextField(blank=True)
    closing_condition_zh = models.TextField(blank=True)
    keywords = _words(40)
    owners = _words(64)
    place_types = _words(24)
    sources = _words(16)
    hours = models.CharField(max_length=11, blank=True)
    lead_unit = models.CharField(max_length=64)
    support_units = _words(64)
    follow_up_unit = models.CharField(max_length=64, blank=True)
    supervising_unit = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=1, choices=Level.choices)
    urgency = models.CharField(max_length=10, choices=Urgency.choices)
    dispatch_minutes = models.PositiveIntegerField()
    accept_minutes = models.PositiveIntegerField()
    handle_limit = models.CharField(max_length=8)
    legal_basis = models.TextField(blank=True)

    objects = ResponsibilityItemQuerySet.as_manager()

    class Meta:
        ordering = ("list", "code")
        constraints = [
            models.UniqueConstraint(fields=["list", "code"], name="item_once_per_list"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="item_level_known"),
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="item_urgency_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.matter_zh}"

    @property
    def is_catch_all(self) -> bool:
        """The category's item without conditions."""
        return not (self.keywords or self.owners or self.place_types or self.sources or self.hours)


class ItemChange(models.Model):
    """One change of one item in one draft: what, who, when and why. Only added to."""

    class Kind(models.TextChoices):
        ADDED = "added", pgettext_lazy("of an item", "Added")
        CHANGED = "changed", pgettext_lazy("of an item", "Changed")
        REMOVED = "removed", pgettext_lazy("of an item", "Removed")
        # Back to what it was in the version that the draft is based on.
        RESTORED = "restored", _("Restored")
        # Taken over from what went live while the draft was being written.
        TAKEN_OVER = "taken_over", _("Taken over")

    list = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="changes")
    item_code = models.CharField(max_length=16)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # Field → [before, after]; of an added or removed item, every field that says something.
    changes = models.JSONField(default=dict)
    why = models.CharField(max_length=200)
    # What it goes back to: a case's number, a file's name.
    reference = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # one item's history through all versions
            models.Index(fields=["item_code", "-id"], name="item_history"),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.kind}"
