"""Who has which case open on the desk at this moment: a glance, not a claim."""

from django.db import models

from accounts.models import User
from incidents.models.incident import Incident


class Presence(models.Model):
    """The case that somebody looks at, so that the desk offers it to nobody else meanwhile.

    Nothing depends on it: it says nothing on the timeline and is overwritten a few times a minute.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, related_name="lookers", db_constraint=False
    )
    seen_at = models.DateTimeField()  # the machine's clock: it is about a person at a screen

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.user} · {self.incident_id}"
