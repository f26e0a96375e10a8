"""简报: a week or a month of the district, a street or a department, with what people say to it.

A brief is a draft until it is issued. An edition is what was issued at one moment: number 0 is the issue,
every later one a dated revision. Editions and their entries are only ever added to; the database refuses
changes (migration 0014). Entries without an edition are the working copy that the next edition is made of.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from incidents.models import Text


class BriefKind(models.TextChoices):
    """How many days a brief is about."""

    WEEK = "week", pgettext_lazy("brief", "Weekly")
    MONTH = "month", pgettext_lazy("brief", "Monthly")


class BriefAbout(models.TextChoices):
    """Whom a brief is about."""

    DISTRICT = "district", pgettext_lazy("brief", "The district")
    STREET = "street", pgettext_lazy("brief", "Street")
    UNIT = "unit", pgettext_lazy("brief", "Department")


class BriefRun(models.Model):
    """The briefs of one week or month have been begun: however often the clock asks, they are begun once."""

    kind = models.CharField(max_length=8, choices=BriefKind.choices)
    first = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["kind", "first"], name="brief_run_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first}"


class Brief(models.Model):
    """One brief. What it is about never changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("brief", "Draft")
        ISSUED = "issued", pgettext_lazy("brief", "Issued")

    kind = models.CharField(max_length=8, choices=BriefKind.choices)
    about = models.CharField(max_length=8, choices=BriefAbout.choices)
    code = models.CharField(max_length=64, blank=True)  # of the street's area or of the unit
    # As it was called then: units are renamed and closed.
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    first = models.DateField()
    last = models.DateField()
    number = models.PositiveIntegerField()  # 总第几期, of this kind about this subject
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    # Is it the newest of its kind when it is made? What is made up for later goes to nobody's mailbox.
    is_told = models.BooleanField(default=True)
    # When it goes out by itself; the sweep asks for drafts by this.
    issue_at = models.DateTimeField()
    # Rises with every change of the working copy, so that two people do not overwrite each other.
    version = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-first", "kind", "about", "code", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "code", "first"], name="brief_once"),
            models.UniqueConstraint(fields=["kind", "about", "code", "number"], name="brief_number_once"),
            models.CheckConstraint(condition=Q(first__lt=F("last")), name="brief_has_days"),
            models.CheckConstraint(
                condition=Q(about="district", code="") | (~Q(about="district") & ~Q(code="")),
                name="brief_about_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", issued_at__isnull=True)
                | Q(status="issued", issued_at__isnull=False),
                name="brief_issued_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["issue_at", "id"], name="brief_due", condition=Q(status="draft")),
            # the archive, newest first
            models.Index(fields=["-first", "-id"], name="brief_archive"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first} {self.code or 'district'}"


class BriefEdition(models.Model):
    """What was issued at one moment, every number with it. `by` is empty where the clock issued it."""

    brief = models.ForeignKey(Brief, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    # The numbers as they were read at `at`, which is the cut of the data (briefs/figuring.py).
    figures = models.JSONField()
    note = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("brief", "number")
        constraints = [
            models.UniqueConstraint(fields=["brief", "number"], name="brief_edition_once"),
            models.CheckConstraint(
                condition=Q(number=0, note__isnull=True) | Q(number__gt=0, note__isnull=False),
                name="brief_revision_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brief_id} · {self.number}"


class BriefPaper(models.Model):
    """An edition as PDF in one language: what was mailed is what is downloaded, whatever is laid out anew.

    Only once a sentence in it is erased the database takes it away (migration 0018), and it is drawn again.
    """

    edition = models.ForeignKey(BriefEdition, on_delete=models.PROTECT, related_name="papers")
    language = models.CharField(max_length=8)
    body = models.BinaryField()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["edition", "language"], name="brief_paper_once")]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.language}"


class BriefEntry(models.Model):
    """What a person says in a brief; a problem and what is followed up are measured as well."""

    class Kind(models.TextChoices):
        PROBLEM = "problem", pgettext_lazy("brief", "Problem")
        FOLLOWED = "followed", pgettext_lazy("brief", "Advice followed up")
        DECISION = "decision", pgettext_lazy("brief", "Decision asked for")
        OUTLOOK = "outlook", pgettext_lazy("brief", "What is coming")

    class State(models.TextChoices):
        DONE = "done", pgettext_lazy("brief advice", "Done")
        UNDER_WAY = "under_way", pgettext_lazy("brief advice", "Under way")
        NOT_DONE = "not_done", pgettext_lazy("brief advice", "Not done")
        NOT_SAID = "not_said", pgettext_lazy("brief advice", "No answer yet")

    brief = models.ForeignKey(Brief, on_delete=models.PROTECT, related_name="entries")
    edition = models.ForeignKey(
        BriefEdition, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )  # empty: the working copy
    kind = models.CharField(max_length=8, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(default=0)
    # Of a problem its name; empty where the rule that found it says it by its measure.
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    advice = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due = models.DateField(null=True, blank=True)
    # What it is measured by: an indicator of a place and a matter.
    indicator = models.CharField(max_length=32, blank=True)
    street_code = models.CharField(max_length=15, blank=True)
    category_code = models.CharField(max_length=4, blank=True)
    # Before, now and of how many cases, as read when the edition was issued.
    measured = models.JSONField(default=dict, blank=True)
    # Of what is followed up: the problem of an earlier brief, and how far its advice has come.
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, blank=True)

    class Meta:
        ordering = ("brief", "edition", "kind", "position", "pk")
        constraints = [
            models.CheckConstraint(
                condition=(~Q(kind="followed") & Q(follows__isnull=True, state=""))
                | (Q(kind="followed", follows__isnull=False) & ~Q(state="")),
                name="brief_followed_has_origin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brief_id} {self.kind}"


class BriefSubscription(models.Model):
    """Whether a person wants the briefs of a kind about somebody, whatever their role brings them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="brief_subscriptions")
    kind = models.CharField(max_length=8, choices=BriefKind.choices)
    about = models.CharField(max_length=8, choices=BriefAbout.choices)
    code = models.CharField(max_length=64, blank=True)
    wanted = models.BooleanField()
    since = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "about", "code"], name="brief_subscribed_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.code}"
