"""Reports that are addressed to a secretary as they come in."""

from collections.abc import Sequence
from datetime import datetime

from incidents import timeline
from incidents.actor import Actor
from incidents.intake.filing import Filing
from incidents.models import SecretaryLetter, TimelineEntry
from incidents.secretary.letters import DISTRICT, STREET, new_letter, office_for
from incidents.secretary.reminding import tell

# What a source says in a report's attributes: "district" or "street".
ATTRIBUTE = "secretary"


def mark_addressed(items: Sequence[Filing], *, at: datetime, actor: Actor) -> None:
    """Put those of a batch that say so before a secretary; no query where none does.

    A word that nobody knows goes to the district: a letter is never lost for how its door spells it.
    """
    addressed = [item for item in items if item.draft.attributes.get(ATTRIBUTE)]
    if not addressed:
        return
    letters = []
    for item in addressed:
        assert item.incident is not None
        assert item.report is not None
        wanted = STREET if item.draft.attributes[ATTRIBUTE] == STREET else DISTRICT
        office = office_for(wanted, item.incident.street_code)
        if office is not None:
            letters.append((item, new_letter(item.report, office, at=item.moment.at)))
    SecretaryLetter.objects.bulk_create(letter for _item, letter in letters)
    TimelineEntry.objects.bulk_create(
        timeline.entry(
            timeline.Kind.LETTER_MARKED,
            incident_id=item.incident.pk,  # type: ignore[union-attr]
            at=item.moment.at,
            actor=actor,
            letter=letter.pk,
            report=letter.report_id,
            unit=letter.office_id,
        )
        for item, letter in letters
    )
    for item, letter in letters:
        tell("marked", letter, incident_id=item.incident.pk, at=at)  # type: ignore[union-attr]
