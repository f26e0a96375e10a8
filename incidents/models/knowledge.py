"""知识库: answers that may be given on the spot, each with a unit that owns it and a day on which it ends."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from dispatch.models import Category
from incidents.models.incident import Incident
from incidents.models.report import Text


class ArticleQuerySet(models.QuerySet["Article"]):
    def current(self) -> "ArticleQuerySet":
        """With a wording that was approved, and not taken out of use; it may have expired."""
        return self.filter(current__isnull=False, retired_at__isnull=True)

    def offered(self, day: date) -> "ArticleQuerySet":
        """What may be answered with on this day."""
        return self.current().filter(valid_until__gte=day)

    def expired(self, day: date) -> "ArticleQuerySet":
        """Said to be there, and not offered."""
        return self.current().filter(valid_until__lt=day)

    def ending(self, day: date, until: date) -> "ArticleQuerySet":
        """Still offered, but not beyond `until`."""
        return self.offered(day).filter(valid_until__lte=until)


class Article(models.Model):
    """One matter that people ask about. What it says is in its editions; the current one is in use."""

    owner_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="articles")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    current = models.OneToOneField(
        "ArticleEdition", on_delete=models.PROTECT, null=True, blank=True, related_name="in_use_by"
    )
    # Of the current edition, so that a list and a search need no join.
    title = models.CharField(max_length=80)
    valid_until = models.DateField(null=True, blank=True)
    head_grams = ArrayField(models.IntegerField(), default=list, blank=True)  # title and questions
    grams = ArrayField(models.IntegerField(), default=list, blank=True)  # the answer too
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_why = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = [
            # words of a question, found among those that are in use
            GinIndex(fields=["grams"], name="article_grams", condition=Q(retired_at__isnull=True)),
            # what expires next, and whose it is
            models.Index(
                fields=["valid_until", "id"], name="article_expiry", condition=Q(retired_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def is_offered(self, day: date) -> bool:
        """May somebody be answered with it on this day?"""
        usable = self.current_id is not None and self.retired_at is None
        return usable and self.valid_until is not None and self.valid_until >= day


class ArticleEdition(models.Model):
    """What an article says, as somebody wrote it and somebody else approved it."""

    class Verdict(models.TextChoices):
        WAITING = "", _("Waiting for its review")
        APPROVED = "approved", _("Approved")
        SENT_BACK = "sent_back", _("Sent back")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=80)
    questions = models.TextField(blank=True)  # other ways to ask it, one a line
    answer = models.TextField()
    basis = models.CharField(max_length=200, blank=True)  # the rule or the page that it rests on
    valid_until = models.DateField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True, default="")
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    remark = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="edition_number_once"),
            models.UniqueConstraint(
                fields=["article"], condition=Q(verdict=""), name="one_edition_waits_for_review"
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=models.F("written_by")), name="nobody_reviews_their_own"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.number}"


class ArticleUse(models.Model):
    """An answer that was given with an article, as it read then."""

    edition = models.ForeignKey(ArticleEdition, on_delete=models.PROTECT, related_name="uses")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="uses")
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="article_use")
    used_at = models.DateTimeField()
    used_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        # how often each was of use lately
        indexes = [models.Index(fields=["used_at", "article"], name="article_use_lately")]

    def __str__(self) -> str:
        return f"{self.article} · {self.incident}"
