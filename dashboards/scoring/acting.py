"""What people do with scores: publish a period, appeal, rule, revise. Nothing that was published is changed.

Everything locks its period first, so that a publication, a ruling and the closing of the window never
overlap, and each edition's number follows the one before.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dashboards.models import Appeal, Edition, Exclusion, Ruling, ScoringPeriod, Standing
from dashboards.models.scoring import Reason, What
from dashboards.scope import Names
from dashboards.scoring import keeping, reach
from dashboards.scoring.apart import facts_of
from dashboards.scoring.ranking import VALUES
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from dispatch.vocabulary import Urgency
from incidents import cases, outbox
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, OutboxMessage, Text
from incidents.numbers import district_day

Status = ScoringPeriod.Status
# Appeals of one unit about one period that wait for a ruling at the same time.
APPEALS_MOST = 30
# Said in the answer to every appeal and revision.
WORDS_LEAST = 4


@transaction.atomic(durable=True)
def publish(*, period: int, actor: Actor, at: datetime) -> Edition:
    """Freeze a period: its figures, formula and bands become edition 0, and units may appeal from now on.

    Again, it answers the same edition and writes nothing. Raises ActionRefused before the period is over.
    """
    _refuse_all_but_publishers(actor)
    held = _hold(period)
    if held.is_published:
        return held.editions.get(number=0)
    if district_day(at) <= held.last:
        raise ActionRefused("not_over", _("The period is not over yet."))
    ranking = keeping.compute(held, Names(), at=at)
    if not any(ranking.rows.values()):
        raise ActionRefused("empty", _("Nothing was counted in this period."))
    held.formula = ranking.formula.version
    held.status = Status.PROVISIONAL
    held.published_at, held.published_by = at, actor.user
    held.appeals_until = appeal_window(at)
    held.save()
    edition = keeping.write(held, ranking, cause=Edition.Cause.PUBLISHED, actor=actor, at=at)
    units = [row.code for row in ranking.rows[Standing.League.UNIT]]
    tell_units("published", held, units, at=at, until=held.appeals_until.isoformat())
    return edition


@transaction.atomic(durable=True)
def appeal(
    *,
    period: int,
    unit: str,
    number: str = "",
    what: str = "",
    indicator: str = "",
    reason: str,
    words: str,
    actor: Actor,
    at: datetime,
) -> Appeal:
    """A unit's head asks that a case (`number`, `what`) be taken out, or that a figure be looked at again.

    Before publication too: what is agreed to then is never published. Raises ActionRefused, InvalidInput.
    """
    assert actor.user is not None
    held = _hold(period)
    speaks_for = OrgUnit.objects.filter(pk=unit).first()
    if speaks_for is None or reach.appealing_grant(actor.user, speaks_for) is None:
        raise ActionRefused("not_allowed", _("The head of the unit appeals for it."))
    if held.status == Status.FINAL or (held.appeals_until is not None and at >= held.appeals_until):
        raise ActionRefused("window_closed", _("The time for appeals is over."))
    if held.first > district_day(at):
        raise ActionRefused("not_begun", _("The period has not begun yet."))
    if reason not in Reason.values:
        raise InvalidInput("reason", "unknown", _("Choose a reason."))
    if held.appeals.waiting().filter(unit=speaks_for).count() >= APPEALS_MOST:
        raise ActionRefused("too_many", _("Too many of your appeals wait for a ruling."))
    incident = None
    if number:
        incident = _counted_case(held, speaks_for, number.strip(), what)
    elif indicator not in VALUES:
        raise InvalidInput("indicator", "unknown", _("Say which case or which figure it is about."))
    try:
        with transaction.atomic():  # the constraint decides between two clicks
            made = Appeal.objects.create(
                period=held,
                unit=speaks_for,
                incident=incident,
                what=what if incident else "",
                indicator="" if incident else indicator,
                reason=reason,
                words=cases.store_text(words, at=at, field="words"),
                by=actor.user,
                at=at,
            )
    except IntegrityError as error:
        raise ActionRefused("appealed_already", _("Your unit has appealed about this already.")) from error
    tell("appealed", held, ["supervisors"], f"{made.pk}", at=at, unit=speaks_for.code)
    return made


def _counted_case(period: ScoringPeriod, unit: OrgUnit, number: str, what: str) -> Incident:
    """The case, where something of it counts for the unit in the period."""
    if what not in What.values:
        raise InvalidInput("what", "unknown", _("Say what of the case should not count."))
    incident = Incident.objects.filter(number=number).first()
    facts = facts_of(incident.pk, keeping.span_of(period)) if incident else []
    within = set(OrgUnit.objects.within(unit).values_list("code", flat=True))
    if incident is None or not any(fact.unit_code in within for fact in facts):
        raise InvalidInput(
            "number", "not_counted", _("Nothing of such a case counts for your unit in this period.")
        )
    return incident


@transaction.atomic(durable=True)
def rule(*, appeal: int, upheld: bool, words: str, actor: Actor, at: datetime) -> Ruling:
    """Answer an appeal, from outside the unit's tree. What is upheld takes effect at once: a case is taken
    out, and where the period is published a revision is dated now. Nothing is answered twice."""
    assert actor.user is not None
    asked = Appeal.objects.select_related("unit", "incident").filter(pk=appeal).first()
    if asked is None:
        raise ActionRefused("not_found", _("There is no such appeal."))
    held = _hold(asked.period_id)
    grant = reach.ruling_grant(actor.user, asked)
    if grant is None:
        raise ActionRefused(
            "not_allowed", _("A supervisor of the district from another tree than the unit's rules on it.")
        )
    if Ruling.objects.filter(appeal=asked).exists():
        raise ActionRefused("ruled_already", _("Somebody has ruled on this appeal already."))
    given = Ruling.objects.create(
        appeal=asked,
        upheld=upheld,
        words=_said(words, at=at),
        by=actor.user,
        by_unit=grant.unit,
        at=at,
    )
    # Two units may ask the same of one case: it is taken out once.
    taken = held.exclusions.filter(incident=asked.incident, what=asked.what)
    if upheld and asked.incident is not None and not taken.exists():
        Exclusion.objects.create(
            period=held,
            incident=asked.incident,
            what=asked.what,
            reason=asked.reason,
            appeal=asked,
            at=at,
        )
    if upheld and held.is_published:
        _revise(held, Edition.Cause.APPEAL, actor=actor, at=at, appeal=asked)
    receivers = [f"head:{asked.unit_id}", f"unit:{asked.unit_id}"]
    tell("ruled", held, receivers, f"{asked.pk}", at=at, upheld=upheld, appeal=asked.pk)
    return given


@transaction.atomic(durable=True)
def revise(*, period: int, words: str, actor: Actor, at: datetime) -> Edition:
    """Date a revision: the figures as the facts have them now, beside what was published.

    Raises ActionRefused where nothing differs, or nothing was published.
    """
    _refuse_all_but_publishers(actor)
    held = _hold(period)
    if not held.is_published:
        raise ActionRefused("not_published", _("Nothing was published yet."))
    note = _said(words, at=at)
    made = _revise(held, Edition.Cause.LATE, actor=actor, at=at, note=note)
    if made is None:
        raise ActionRefused("nothing_to_revise", _("The figures are what was published."))
    return made


def _revise(
    period: ScoringPeriod,
    cause: Edition.Cause,
    *,
    actor: Actor,
    at: datetime,
    appeal: Appeal | None = None,
    note: Text | None = None,
) -> Edition | None:
    """The next edition of a locked period, and word to the units whose rows have changed; None where none
    has."""
    last = period.editions.order_by("number").last()
    assert last is not None
    ranking = keeping.compute(period, Names(), at=at)
    changed = keeping.differing(last, ranking)
    if not changed:
        return None
    edition = keeping.write(
        period,
        ranking,
        cause=cause,
        actor=actor,
        at=at,
        appeal=appeal,
        note=note,
    )
    rows = [new or old for old, new in changed]
    units = [row.code for row in rows if row is not None and row.league == Standing.League.UNIT]
    tell_units("revised", period, units, at=at, edition=edition.number)
    return edition


def appeal_window(at: datetime) -> datetime:
    """Until when units may appeal against what is published at `at`."""
    return due(at, Limit.parse(settings.SCORING_APPEALS), work_calendar())


# --- shared ---------------------------------------------------------------------------------------


def _hold(period: int) -> ScoringPeriod:
    held = ScoringPeriod.objects.select_for_update(no_key=True).filter(pk=period).first()
    if held is None:
        raise ActionRefused("not_found", _("There is no such period."))
    return held


def _refuse_all_but_publishers(actor: Actor) -> None:
    if actor.user is None or reach.publishing_grant(actor.user) is None:
        raise ActionRefused("not_allowed", _("A supervisor of the district publishes."))


def _said(words: str, *, at: datetime) -> Text:
    if 0 < len(words.strip()) < WORDS_LEAST:
        raise InvalidInput("words", "too_short", _("Say why in a sentence."))
    return cases.store_text(words, at=at, field="words")


def tell_units(
    what: str, period: ScoringPeriod, units: Iterable[str], *, at: datetime, **data: object
) -> None:
    """The same to the heads of units, and to whoever works there."""
    known = (
        OrgUnit.objects.open().filter(code__in=list(units)).order_by("path").values_list("code", flat=True)
    )
    receivers = [f"{family}:{unit}" for unit in known for family in ("head", "unit")]
    tell(what, period, receivers, str(data.get("edition", "")), at=at, **data)


def tell(
    what: str, period: ScoringPeriod, receivers: Iterable[str], key: str, *, at: datetime, **data: object
) -> None:
    """Queue a message about a period to each receiver; the same key again is the same message."""
    OutboxMessage.objects.bulk_create(
        [
            outbox.message(
                f"scoring.{what}",
                incident_id=None,
                receiver=receiver,
                key=f"scoring.{what}:{period.pk}:{key}:{receiver}",
                at=at,
                number=period.key,
                urgency=Urgency.ROUTINE,
                **data,
            )
            for receiver in receivers
        ],
        ignore_conflicts=True,
    )
