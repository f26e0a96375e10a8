"""Running a rehearsal: asked for by a steward, done in parts by whichever workers are there.

Nothing here writes a case. A worker holds a part's row by its lock while it works and writes what came
of it in the same transaction: killed at any instant, it leaves the part to the next worker as it was.
Two workers take two parts at once. A rehearsal that was called off, or whose draft has been edited, gets
no further part.

Nobody waits for a part: who forgets one passes by those in a worker's hands. So a worker may end the
rehearsal while it holds a part, and a person never waits for a worker.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch.comparing import CHANGES, Change, Tally, Turn, changed_categories, compare
from dispatch.edition import edition_of
from dispatch.errors import ListRefused
from dispatch.models import ResponsibilityList
from dispatch.normalise.backends import reader
from dispatch.stewards import is_steward
from incidents import past_cases, rehearsal_files
from incidents.models import Rehearsal, RehearsalPart, RehearsedCase

State = Rehearsal.State
ACTIVE: Final = (State.WAITING, State.RUNNING)

DAYS: Final = (30, 90, 180, 365)  # what is offered
LONGEST: Final = 730
PART = 2_000  # cases: about a second's work, hence how far behind the shown progress is
KEPT_MOST = 20_000  # changed cases that can be looked at one by one
TRIES = 3  # of a part that fails, before the rehearsal is given up
# No worker has taken it up for so long: the page says so.
STALLED_AFTER = timedelta(seconds=20)

_logger = logging.getLogger(__name__)


@transaction.atomic(durable=True)
def start(*, draft: ResponsibilityList, days: int, by: User, at: datetime) -> Rehearsal:
    """Rehearse the draft on the cases received in the `days` before `at`. Raises ListRefused.

    What already runs for the same revision and days is answered as it is; anything else is called off.
    """
    _refuse_unless_steward(by)
    if not 1 <= days <= LONGEST:
        raise ListRefused("days", _("Between 1 and %(most)d days.") % {"most": LONGEST})
    held, base = _hold(draft)
    running = Rehearsal.objects.filter(draft=held, state__in=ACTIVE).first()
    if running is not None and (running.revision, running.days) == (held.revision, days):
        return running
    _make_room(held, at=at)
    since = at - timedelta(days=days)
    found = past_cases.stretches(since=since, until=at, size=PART)
    made = Rehearsal.objects.create(
        draft=held,
        revision=held.revision,
        base=base,
        days=days,
        since=since,
        until=at,
        total=sum(count for *_ends, count in found),
        asked_by=by,
        asked_at=at,
    )
    RehearsalPart.objects.bulk_create(
        RehearsalPart(
            rehearsal=made,
            position=position,
            size=count,
            first_at=first_at,
            first_id=first_id,
            last_at=last_at,
            last_id=last_id,
        )
        for position, (first_at, first_id, last_at, last_id, count) in enumerate(found)
    )
    return made


@transaction.atomic(durable=True)
def start_with_file(
    *,
    draft: ResponsibilityList,
    rows: Sequence[Mapping[str, Any]],
    file_name: str,
    by: User,
    at: datetime,
) -> Rehearsal:
    """Rehearse the draft on rows of a file, as `rehearsal_files.read` has validated them."""
    _refuse_unless_steward(by)
    held, base = _hold(draft)
    _make_room(held, at=at)
    made = Rehearsal.objects.create(
        draft=held,
        revision=held.revision,
        base=base,
        file_name=file_name[:120] or "-",
        total=len(rows),
        asked_by=by,
        asked_at=at,
    )
    size = rehearsal_files.PART
    RehearsalPart.objects.bulk_create(
        RehearsalPart(
            rehearsal=made,
            position=position,
            size=len(rows[first : first + size]),
            rows=list(rows[first : first + size]),
        )
        for position, first in enumerate(range(0, len(rows), size))
    )
    return made


@transaction.atomic(durable=True)
def cancel(*, rehearsal: Rehearsal, by: User, at: datetime) -> None:
    """Call it off: no further part is begun. Over already: nothing happens."""
    _refuse_unless_steward(by)
    _end([rehearsal.pk], State.CANCELLED, at=at)


def progress(rehearsal: Rehearsal) -> int:
    """How many cases or rows are done."""
    done = rehearsal.parts.filter(done_at__isnull=False).aggregate(done=Sum("size"))["done"]
    return done or 0


def is_stale(rehearsal: Rehearsal) -> bool:
    """Has the draft been edited since?"""
    return rehearsal.revision != rehearsal.draft.revision


def newest(draft: ResponsibilityList) -> Rehearsal | None:
    """The last one of this draft, whatever became of it."""
    found = Rehearsal.objects.filter(draft=draft)
    return found.select_related("draft", "base", "asked_by").order_by("-pk").first()


def newest_result(draft: ResponsibilityList) -> Rehearsal | None:
    """The last one of this draft that came to an end."""
    found = Rehearsal.objects.filter(draft=draft, state=State.DONE)
    return found.select_related("draft", "base", "asked_by").order_by("-pk").first()


# --- what workers do ------------------------------------------------------------------------------------


def step(*, at: datetime) -> int:
    """Take one step of whatever waits: begin, finish, do a part, or forget. 0: there is nothing to do."""
    return _begin_one(at=at) or _finish_one(at=at) or _do_one_part(at=at) or _forget_left_words()


@transaction.atomic(durable=True)
def _begin_one(*, at: datetime) -> int:
    waiting = Rehearsal.objects.filter(state=State.WAITING).order_by("pk")
    found = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if found is None:
        return 0
    found.state, found.started_at = State.RUNNING, at
    found.save(update_fields=["state", "started_at"])
    return 1


@transaction.atomic(durable=True)
def _finish_one(*, at: datetime) -> int:
    """Add the parts of one up of which none is left to do."""
    left = RehearsalPart.objects.filter(rehearsal=OuterRef("pk"), done_at__isnull=True)
    running = Rehearsal.objects.filter(~Exists(left), state=State.RUNNING).order_by("pk")
    found = running.select_for_update(skip_locked=True, no_key=True).first()
    if found is None:
        return 0
    whole = Tally()
    for part in found.parts.order_by("position"):
        if part.result is not None:
            whole.add(Tally.from_json(part.result))
    found.result = whole.as_json()
    found.kept = found.cases.count()
    found.state, found.finished_at = State.DONE, at
    if found.started_at is not None:
        # By the district's clock, which a simulation moves: bounded by what the column holds.
        took = round((at - found.started_at).total_seconds() * 1000)
        found.took_ms = min(max(0, took), 2**31 - 1)
    found.save(update_fields=["result", "kept", "state", "finished_at", "took_ms"])
    return 1


def _do_one_part(*, at: datetime) -> int:
    part: RehearsalPart | None = None
    try:
        with transaction.atomic(durable=True):
            part = _claim()
            if part is not None:
                _do(part, at=at)
    except (OperationalError, InterfaceError):
        raise  # the database is away: no fault of the part's
    except Exception as error:
        if part is None:
            raise
        _logger.exception("part %s of a rehearsal failed", part)
        _note_failure(part, error, at=at)
    return int(part is not None)


def _claim() -> RehearsalPart | None:
    free = RehearsalPart.objects.filter(
        done_at__isnull=True, attempts__lt=TRIES, rehearsal__state=State.RUNNING
    )
    return (
        free.order_by("rehearsal_id", "position")
        .select_related("rehearsal__draft", "rehearsal__base")
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .first()
    )


def _do(part: RehearsalPart, *, at: datetime) -> None:
    rehearsal = part.rehearsal
    base, draft = edition_of(rehearsal.base), edition_of(rehearsal.draft)
    # The items were read in a statement of their own: that is this revision only if it still stands.
    rehearsal.draft.refresh_from_db(fields=["revision"])
    if is_stale(rehearsal):
        _end([rehearsal.pk], State.OVERTAKEN, at=at)
        return
    categories = changed_categories(base.index, draft.index)
    if part.rows is not None:
        told = rehearsal_files.cases_of(part.rows, base)
    else:
        told = list(past_cases.cases_of(part, categories))
    tally, changes = compare((case for _pk, case in told), base, draft, reader())
    ids = {case.key: pk for pk, case in told if case is not None}
    most = max(1, KEPT_MOST * part.size // max(1, rehearsal.total))
    RehearsedCase.objects.bulk_create(
        (_row(part, change, ids[change.case.key]) for change in _kept(changes, most)), batch_size=1_000
    )
    part.result, part.done_at, part.rows = tally.as_json(), at, None
    part.save(update_fields=["result", "done_at", "rows"])


def _kept(changes: Sequence[Change], most: int) -> Iterable[Change]:
    """At most so many, in their order; where not all can stay, those that turned wrong stay first."""
    if len(changes) <= most:
        return changes
    ranked = sorted(
        range(len(changes)),
        key=lambda at: (changes[at].turn != Turn.WRONGED, changes[at].kind not in CHANGES, at),
    )
    return (changes[at] for at in sorted(ranked[:most]))


def _row(part: RehearsalPart, change: Change, pk: int) -> RehearsedCase:
    case, (start_of_flow, end_of_flow) = change.case, change.flow
    of_file = part.rehearsal.file_name != ""
    return RehearsedCase(
        rehearsal=part.rehearsal,
        part=part,
        incident_id=None if of_file else pk,
        row=pk if of_file else None,
        kind=change.kind.value,
        turn=change.turn.value,
        from_pattern=start_of_flow,
        to_pattern=end_of_flow,
        settled_unit=case.settled_unit or "",
        sent_unit=case.sent_unit or "",
        returns=case.returns,
        before=change.before.as_json(),
        after=change.after.as_json(),
        facts=case.facts.as_json() if of_file else None,
    )


@transaction.atomic(durable=True)
def _note_failure(part: RehearsalPart, error: Exception, *, at: datetime) -> None:
    """Count a failure; the third gives the rehearsal up. What failed is in the log, here is its name."""
    told = type(error).__name__[:200]
    parts = RehearsalPart.objects.filter(pk=part.pk)
    parts.update(attempts=F("attempts") + 1, last_error=told)
    if parts.filter(attempts__gte=TRIES).exists():
        Rehearsal.objects.filter(pk=part.rehearsal_id).update(error=told)
        _end([part.rehearsal_id], State.FAILED, at=at)


def _end(pks: Iterable[int], state: State, *, at: datetime) -> None:
    """End those that are not over, and forget what was written in a file."""
    pks = list(pks)
    Rehearsal.objects.filter(pk__in=pks, state__in=ACTIVE).update(state=state, finished_at=at)
    _forget_words(RehearsalPart.objects.filter(rehearsal__in=pks))


@transaction.atomic(durable=True)
def _forget_left_words() -> int:
    """Forget what parts still hold that were in a worker's hands when their rehearsal ended."""
    over = Rehearsal.objects.exclude(state__in=ACTIVE)
    return _forget_words(RehearsalPart.objects.filter(rehearsal__in=over))


def _forget_words(parts: QuerySet[RehearsalPart]) -> int:
    found = parts.filter(rows__isnull=False).select_for_update(skip_locked=True, no_key=True)
    free = list(found.order_by().values_list("pk", flat=True))
    return RehearsalPart.objects.filter(pk__in=free).update(rows=None) if free else 0


def _refuse_unless_steward(by: User) -> None:
    if not is_steward(by):
        raise ListRefused("not_allowed", _("Your role does not allow this."))


def _hold(draft: ResponsibilityList) -> tuple[ResponsibilityList, ResponsibilityList]:
    """The version, held against a second start; and what it is compared with."""
    held = ResponsibilityList.objects.select_for_update(no_key=True, of=("self",)).get(pk=draft.pk)
    if held.based_on is None:
        raise ListRefused("no_base", _("This version is based on no other: there is nothing to compare."))
    return held, held.based_on


def _make_room(draft: ResponsibilityList, *, at: datetime) -> None:
    """Call off what runs, and forget all but the last result: that stays until the new one is there.

    What a worker still has a part of is forgotten the next time.
    """
    earlier = Rehearsal.objects.filter(draft=draft)
    _end(earlier.filter(state__in=ACTIVE).values_list("pk", flat=True), State.OVERTAKEN, at=at)
    kept = earlier.filter(state=State.DONE).order_by("-pk").values_list("pk", flat=True)[:1]
    forgotten = _without_busy(earlier.exclude(pk__in=list(kept)).values_list("pk", flat=True))
    RehearsedCase.objects.filter(rehearsal__in=forgotten).delete()
    RehearsalPart.objects.filter(rehearsal__in=forgotten).delete()
    Rehearsal.objects.filter(pk__in=forgotten).delete()


def _without_busy(pks: Iterable[int]) -> list[int]:
    """Those of which no worker has a part in its hands; nor will one take any up any more."""
    pks = list(pks)
    parts = RehearsalPart.objects.filter(rehearsal__in=pks)
    free = list(parts.order_by().select_for_update(skip_locked=True).values_list("pk", flat=True))
    busy = set(parts.exclude(pk__in=free).values_list("rehearsal_id", flat=True))
    return [pk for pk in pks if pk not in busy]
