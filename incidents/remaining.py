"""What a case still says: its words without those that were split off into cases of their own."""

from django.db.models.fields.json import KeyTextTransform

from dispatch.normalise import matters
from incidents import timeline
from incidents.models import Incident, TimelineEntry


def left_before(incident: Incident) -> list[str]:
    """The words of each matter that was split off this very case, in that order; one query."""
    splits = TimelineEntry.objects.filter(incident=incident, kind=timeline.Kind.SPLIT, data__reports=0)
    numbers = splits.values_list(KeyTextTransform("number", "data"), flat=True)
    cases = Incident.objects.filter(number__in=numbers).select_related("text").order_by("pk")
    return [case.text.body for case in cases]


def words_of(incident: Incident) -> str:
    """The case's words as they are to be weighed; the report keeps what it said."""
    return matters.without(incident.text.body, left_before(incident))
