"""质检: some of every operator's decisions of a week, drawn at random, and judged by somebody else.

The draw reads the timeline, which nobody can rewrite, once the week is over: who does not know which case
will be looked at decides all of them alike.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from accounts.viewer import viewer_of
from incidents import cases as case_rows
from incidents.actor import Actor
from incidents.centre.centres import Centre, centre_at, supervises
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import QualitySample, TimelineEntry
from incidents.numbers import DISTRICT_ZONE, district_day

Deed = QualitySample.Deed
# Of each operator and week.
SIZE = 5
WEEK = timedelta(days=7)
# A decision is made on a case that came in during the week, or lay on the desk since.
LONGEST_ON_DESK = timedelta(days=14)
# A week that nobody drew is made up for this long.
WEEKS_BACK = 4


def week_of(at: datetime) -> date:
    """The Monday of the week that an instant falls in, in the district."""
    day = district_day(at)
    return day - timedelta(days=day.weekday())


def bounds(week: date) -> tuple[datetime, datetime]:
    """When a week begins and when the next one does."""
    since = datetime.combine(week, time(), DISTRICT_ZONE)
    return since, since + WEEK


def last_week(at: datetime) -> date:
    """The newest week that is over."""
    return week_of(at) - WEEK


def draw_weeks(*, at: datetime, dice: random.Random | None = None) -> int:
    """Draw the samples of every recent week that is over and was not drawn; answers how many were drawn."""
    drawn = 0
    for back in range(WEEKS_BACK):
        week = last_week(at) - back * WEEK
        if not QualitySample.objects.filter(week=week).exists():
            drawn += draw(week=week, at=at, dice=dice)
    return drawn


@transaction.atomic(durable=True)
def draw(*, week: date, at: datetime, dice: random.Random | None = None) -> int:
    """Draw a week's samples, SIZE of each operator at each centre; again, nothing is drawn twice.

    Raises InvalidInput for a week that is not over, or not a Monday.
    """
    since, until = bounds(week)
    if week.weekday() != 0 or until > at:
        raise InvalidInput("week", "not_over", _("A sample is drawn once its week is over."))
    # Nobody can say beforehand which cases it will be; a test brings dice of its own.
    dice = dice or random.SystemRandom()
    made: list[QualitySample] = []
    for (operator, unit), deeds in _deeds(since, until).items():
        for position, line in enumerate(dice.sample(deeds, min(SIZE, len(deeds))), start=1):
            made.append(
                QualitySample(
                    unit_id=unit,
                    operator_id=operator,
                    week=week,
                    position=position,
                    incident_id=line.incident_id,
                    deed=line.kind,
                    done_at=line.at,
                    sent_to=line.data.get("unit") or "",
                    item_code=line.data.get("item") or "",
                    words_id=line.data.get("text"),
                    drawn_at=at,
                )
            )
    # Two workers at once: each place is taken once, whoever comes first.
    before = QualitySample.objects.filter(week=week).count()
    QualitySample.objects.bulk_create(made, ignore_conflicts=True, batch_size=500)
    return QualitySample.objects.filter(week=week).count() - before


def _deeds(since: datetime, until: datetime) -> dict[tuple[int, str], list[TimelineEntry]]:
    """What each person decided at each desk, in order; of several decisions on one case the last. Two
    queries.

    Who holds the role in a street's office sits at its sub-centre, as people_of has it.
    By the cases' day of receipt, which is indexed; the timeline is only indexed by case.
    """
    offices: dict[str | None, str] = dict(
        OrgUnit.objects.filter(code__endswith="/operations", kind=OrgUnit.Kind.STREET_TEAM).values_list(
            "parent", "code"
        )
    )
    lines = (
        TimelineEntry.objects.filter(
            incident__received_at__gte=since - LONGEST_ON_DESK,
            incident__received_at__lt=until,
            kind__in=Deed.values,
            at__gte=since,
            at__lt=until,
            actor__isnull=False,
        )
        .filter(
            Q(actor_unit=settings.TRIAGE_UNIT)
            | Q(actor_unit__code__endswith="/operations")
            | Q(actor_unit__in=offices)
            | Q(actor_unit__kind=OrgUnit.Kind.DISTRICT)
        )
        .order_by("pk")
    )
    found: dict[tuple[int, str], dict[int, TimelineEntry]] = defaultdict(dict)
    for line in lines:
        assert line.actor_id is not None
        unit = line.actor_unit_id or ""
        desk = unit if unit.endswith("/operations") else offices.get(unit, settings.TRIAGE_UNIT)
        found[line.actor_id, desk][line.incident_id] = line
    return {who: list(by_case.values()) for who, by_case in sorted(found.items())}


@transaction.atomic(durable=True)
def score(
    *,
    sample: int,
    right_unit: bool | None = None,
    right_words: bool | None = None,
    right_limit: bool | None = None,
    not_applicable: Collection[str] = (),
    note: str = "",
    actor: Actor,
    at: datetime,
) -> QualitySample:
    """Judge one sample: was it the right unit, were the words right, was the limit right?

    What does not arise is left out: an answer on the spot has no limit. What could arise and does not here
    is named in `not_applicable`, and counts in no share. A "no" says why.
    Raises ActionRefused: not_found, own_work, not_allowed, already_scored (by somebody else); InvalidInput.
    """
    assert actor.user is not None
    found = QualitySample.objects.filter(pk=sample).select_for_update(no_key=True, of=("self",)).first()
    if found is None:
        raise ActionRefused("not_found", _("There is no such sample."))
    if found.operator_id == actor.user.pk:
        raise ActionRefused("own_work", _("Nobody judges their own work."))
    centre = _centre_of(found)
    if centre is None or not supervises(viewer_of(actor.user), centre):
        raise ActionRefused("not_allowed", _("The supervisors of this centre judge its samples."))
    if found.scored_by_id not in (None, actor.user.pk):
        raise ActionRefused("already_scored", _("Somebody else has judged this one."))
    given = {"right_unit": right_unit, "right_words": right_words, "right_limit": right_limit}
    marks = {name: None if name in not_applicable else given[name] for name in asked_of(found)}
    for name, mark in marks.items():
        if mark is None and name not in not_applicable:
            raise InvalidInput(name, "required", _("Say yes or no."))
        setattr(found, name, mark)
    if False in marks.values() and not note.strip():
        raise InvalidInput("note", "required", _("Say what would have been right: the operator reads it."))
    found.note = case_rows.store_optional_text(note, at=at, field="note")
    found.scored_at, found.scored_by = at, actor.user
    found.save()
    return found


def asked_of(sample: QualitySample) -> tuple[str, ...]:
    """The questions that arise about a deed."""
    if sample.deed == Deed.DISPATCHED:
        return ("right_unit", "right_words", "right_limit")
    return ("right_unit", "right_words")


def _centre_of(sample: QualitySample) -> Centre | None:
    area = OrgUnit.objects.filter(code=sample.unit_id).values_list("area_code", flat=True).first()
    return centre_at(area) if area else None


@dataclass(frozen=True, slots=True)
class Result:
    """One operator's results over some weeks."""

    operator: User
    drawn: int
    scored: int
    units: float | None
    words: float | None
    limits: float | None
    all_right: float | None  # samples without any "no", of those judged in anything


def results(samples: QuerySet[QualitySample]) -> list[Result]:
    """By operator, the best known first; two queries."""
    wrong = Q(right_unit=False) | Q(right_words=False) | Q(right_limit=False)
    judged = Q(scored_at__isnull=False)
    applies = Q(right_unit__isnull=False) | Q(right_words__isnull=False) | Q(right_limit__isnull=False)
    rows = list(
        samples.order_by()
        .values("operator")
        .annotate(
            drawn=Count("pk"),
            scored=Count("pk", filter=judged),
            said=Count("pk", filter=judged & applies),
            faulty=Count("pk", filter=judged & wrong),
            **{
                f"{name}_{word}": Count("pk", filter=Q(**{f"right_{name}": value}))
                for name in ("unit", "words", "limit")
                for word, value in (("yes", True), ("no", False))
            },
        )
    )
    people = User.objects.in_bulk([row["operator"] for row in rows])
    found = [
        Result(
            operator=people[row["operator"]],
            drawn=row["drawn"],
            scored=row["scored"],
            units=_share(row, "unit"),
            words=_share(row, "words"),
            limits=_share(row, "limit"),
            all_right=1 - row["faulty"] / row["said"] if row["said"] else None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.all_right is None, one.all_right or 0.0, one.operator.pk))


def _share(row: Mapping[str, Any], name: str) -> float | None:
    yes, no = row[f"{name}_yes"], row[f"{name}_no"]
    return yes / (yes + no) if yes + no else None


def samples_of(unit_codes: Iterable[str], *, since: date, until: date) -> QuerySet[QualitySample]:
    """The samples of these centres from one Monday to another, both included."""
    return QualitySample.objects.filter(unit__in=list(unit_codes), week__gte=since, week__lte=until)
