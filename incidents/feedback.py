"""满意度: what one reporter says about one handling. The first answer stands; silence is "unrated"."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from incidents import cases, outcomes, timeline
from incidents.actor import Actor
from incidents.calling import counted
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Feedback, Incident, Outcome, Report


@dataclass(frozen=True, slots=True)
class Answers:
    """The questions of a rating or a callback; None was not answered."""

    contacted: bool | None = None
    solved: bool | None = None
    speed: int | None = None
    result: int | None = None
    service: int | None = None
    text: str = ""

    @property
    def is_empty(self) -> bool:
        asked = (self.contacted, self.solved, self.speed, self.result, self.service)
        return all(answer is None for answer in asked)


def check(answers: Answers) -> None:
    """Raises InvalidInput for a score outside 1-5, or where nothing was answered."""
    scores = (("speed", answers.speed), ("result", answers.result), ("service", answers.service))
    for field, score in scores:
        if score is not None and not 1 <= score <= 5:
            raise InvalidInput(field, "range", _("A rating is between 1 and 5."))
    if answers.is_empty:
        raise InvalidInput("result", "required", _("Rate at least one thing."))


def give(incident: Incident, report: Report, answers: Answers, *, actor: Actor, at: datetime) -> Feedback:
    """Keep a reporter's answers about a locked case, and count them; saves the case.

    Raises ActionRefused where this reporter has rated this handling already.
    """
    kept = cases.store_optional_text(answers.text, at=at)
    try:
        with transaction.atomic():  # the constraint decides a race between two taps
            given = Feedback.objects.create(
                report=report,
                incident=incident,
                handling_run=incident.handling_run,
                contacted=answers.contacted,
                solved=answers.solved,
                speed=answers.speed,
                result=answers.result,
                service=answers.service,
                text=kept,
                asked_by=actor.user,
                given_at=at,
            )
    except IntegrityError as error:
        raise ActionRefused(
            "already_rated", _("You have rated this already. The first rating stands.")
        ) from error
    cases.save(incident)
    timeline.record(
        timeline.Kind.RATED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        feedback=given.pk,
        speed=answers.speed,
        result=answers.result,
        service=answers.service,
        text=kept.pk if kept else None,
    )
    outcomes.append(
        Outcome.Kind.RATED,
        incident,
        at=at,
        unit_code=incident.owner_unit_id,
        score=answers.result,
        solved=answers.solved,
        contacted=answers.contacted,
    )
    counted.answer(incident, report)
    return given
