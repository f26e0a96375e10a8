"""What kinds of event there are, and what the sources call them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from accounts.models import User
from dispatch.vocabulary import Source


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_use(self) -> "CategoryQuerySet":
        """Those that new matters may be of."""
        return self.filter(ended_at__isnull=True)


class Category(models.Model):
    """事件类别: one of the district's kinds of event, in a domain (大类)."""

    code = models.CharField(max_length=8, primary_key=True)
    domain_code = models.CharField(max_length=4, db_index=True)
    domain_zh = models.CharField(max_length=40)
    domain_en = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=120)
    scope_zh = models.CharField(max_length=255, blank=True)
    # Switched off: its cases keep it, and what would be of it from now on is of its successor.
    ended_at = models.DateTimeField(null=True, blank=True)
    successor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, successor__isnull=True)
                | Q(ended_at__isnull=False, successor__isnull=False) & ~Q(successor=F("code")),
                name="category_ends_with_a_successor",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    @property
    def domain(self) -> str:
        """The domain's name in the reader's language."""
        return self.domain_en if (get_language() or "").startswith("en") else self.domain_zh


class CategoryChange(models.Model):
    """Who changed a category, and what of it. Rows are only added: the database refuses anything else."""

    category = models.CharField(max_length=8)  # its code
    # What changed, by the names of the fields.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["category", "-id"], name="category_changes")]

    def __str__(self) -> str:
        return f"{self.category}: {self.before} → {self.after}"


class SourceCategory(models.Model):
    """A source's own name for a category, and ours."""

    source = models.CharField(max_length=16, choices=Source.choices)
    name = models.CharField(max_length=120)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="source_names")
    # Who said so last; empty for what came with the installation.
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("source", "name")
        verbose_name_plural = "source categories"
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="source_name_once")]

    def __str__(self) -> str:
        return f"{self.source}: {self.name} → {self.category_id}"


class SourceCategoryChange(models.Model):
    """One change of that table: who said when what a source's name means. Rows are only added."""

    source = models.CharField(max_length=16, choices=Source.choices)
    name = models.CharField(max_length=120)
    # Codes; empty where the name meant nothing before, or means nothing any more.
    before = models.CharField(max_length=8, blank=True)
    after = models.CharField(max_length=8, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["source", "-id"], name="source_name_changes")]

    def __str__(self) -> str:
        return f"{self.source}: {self.name} {self.before} → {self.after}"
