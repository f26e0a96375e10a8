"""Saved views: selections of cases that somebody keeps under a name. The address is the view."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User


class SavedView(models.Model):
    """A list's filters under a name, one's own or shared with a unit."""

    class Page(models.TextChoices):
        CASES = "cases", _("Cases")
        DESK = "desk", _("Desk")

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    # Whoever works in this unit sees it too.
    unit = models.ForeignKey(
        OrgUnit, on_delete=models.CASCADE, null=True, blank=True, related_name="saved_views"
    )
    page = models.CharField(max_length=8, choices=Page.choices)
    name = models.CharField(max_length=24)
    # What stands behind the "?" of the list's address, in the order of its filters.
    query = models.CharField(max_length=600)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="view_once_per_owner"),
        ]

    def __str__(self) -> str:
        return self.name
