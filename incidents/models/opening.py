"""What a person has released of a case for everybody to read and see."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import User
from incidents.models.incident import Incident
from incidents.models.report import Attachment, Text


class PublicWords(models.Model):
    """A case that somebody has looked through for the public. No row: nobody has, and nothing is told."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="public_words")
    # What may be read; empty: its words are withheld.
    text = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.incident} · {'released' if self.text_id else 'withheld'}"


class PublicPhoto(models.Model):
    """A copy of a picture with what somebody covered, or the word that it is not shown.

    The copy is smaller than the original and has nothing of what the camera wrote; the original stays as
    it is.
    """

    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, related_name="public_photo")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="public_photos")
    # Empty: withheld.
    file = models.FileField(upload_to="public/%Y/%m/%d", blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    # Tiles of the picture, by row and column (incidents/covering.py), that are covered.
    covered = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.attachment} · {'released' if self.file else 'withheld'}"
