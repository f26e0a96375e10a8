"""What people do with briefs: write in them, issue them, correct what was issued, and ask to be sent them.

Reading a year of numbers takes longer than a lock should be held, so they are read first; what is written
then is refused where somebody has changed the working copy meanwhile.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import OrgUnit
from dashboards.briefs import keeping, paper, reach, telling
from dashboards.briefs.keeping import Material
from dashboards.briefs.measuring import Measure
from dashboards.models import Brief, BriefEdition, BriefEntry, BriefSubscription
from dispatch.models import Category
from grids.models import Area
from incidents import cases
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Text

log = logging.getLogger(__name__)

Kind, State, Status = BriefEntry.Kind, BriefEntry.State, Brief.Status
# What fits on one page.
TITLE_MOST: Final = 40
WORDS_MOST: Final = 90
DECISION_MOST: Final = 220
NOTE_MOST: Final = 400
# A correction says why.
WORDS_LEAST: Final = 4
DUE_WITHIN: Final = timedelta(days=366)
SUBSCRIPTIONS_MOST: Final = 200
WHO_WRITES: Final = _("A supervisor of the district, or of the street that it is about, does this.")


@dataclass(frozen=True, slots=True)
class ProblemSaid:
    """One of the problems: what, why, what to do, who by when, and what it is measured by."""

    words: str = ""
    cause: str = ""
    advice: str = ""
    unit: str = ""
    due: date | None = None
    measure: str = ""  # Measure.key

    def __bool__(self) -> bool:
        return bool(self.words.strip() or self.measure)


@dataclass(frozen=True, slots=True)
class FollowedSaid:
    """How far the advice of an earlier brief's problem has come."""

    follows: int
    state: str
    words: str = ""


@transaction.atomic(durable=True)
def write(
    *,
    brief: int,
    problems: Sequence[ProblemSaid],
    followed: Sequence[FollowedSaid] = (),
    decision: str = "",
    outlook: str = "",
    actor: Actor,
    at: datetime,
    seen: int | None = None,
) -> Brief:
    """Replace the working copy. `seen` is the version that the writer had before their eyes.

    Raises ActionRefused, InvalidInput (fields are named problem-0-words, followed-1-state, decision …).
    """
    held = _hold(brief, actor)
    if seen is not None and held.version != seen:
        raise ActionRefused("stale", _("Somebody else has written in this brief since you opened it."))
    if len(problems) > keeping.PROBLEMS_MOST:
        raise InvalidInput("problems", "too_many", _("At most three problems fit on a page."))
    old = _texts_of(held)
    owed = {one.follows_id: one for one in keeping.owed(held)}
    rows = [
        _problem(held, place, number, said, old, at=at)
        for place, (number, said) in enumerate((n, one) for n, one in enumerate(problems) if one)
    ]
    rows += [_follow(held, number, said, owed, old, at=at) for number, said in enumerate(followed)]
    for kind, field, body, most in (
        (Kind.DECISION, "decision", decision, DECISION_MOST),
        (Kind.OUTLOOK, "outlook", outlook, DECISION_MOST),
    ):
        if text := _text(body, field, most, old, at=at):
            rows.append(BriefEntry(brief=held, kind=kind, words=text))
    held.entries.filter(edition=None).delete()
    BriefEntry.objects.bulk_create(rows)
    held.version += 1
    held.save(update_fields=["version"])
    return held


def issue(*, brief: int, actor: Actor, at: datetime, seen: int | None = None) -> BriefEdition:
    """Freeze a draft with its numbers, and send it out. Again, it answers the edition that was issued.

    An actor without a user is the clock. Raises ActionRefused.
    """
    found = _found(brief)
    _refuse_others(found, actor)
    if found.status == Status.ISSUED:
        return found.editions.get(number=0)
    if seen is not None and found.version != seen:
        raise ActionRefused("stale", _("Somebody else has written in this brief since you opened it."))
    return _drawn(_freeze(brief, keeping.material(found, at=at), actor=actor, at=at))


def revise(*, brief: int, words: str, actor: Actor, at: datetime, seen: int | None = None) -> BriefEdition:
    """Date a revision: the working copy and the numbers as they are now, beside what was issued.

    Raises ActionRefused where nothing was issued or nothing differs, InvalidInput where no reason is given.
    """
    found = _found(brief)
    _refuse_others(found, actor)
    if found.status != Status.ISSUED:
        raise ActionRefused("not_issued", _("It was not issued yet."))
    if seen is not None and found.version != seen:
        raise ActionRefused("stale", _("Somebody else has written in this brief since you opened it."))
    if len(words.strip()) < WORDS_LEAST:
        raise InvalidInput("words", "too_short", _("Say why in a sentence."))
    return _drawn(_revise(brief, keeping.material(found, at=at), words, actor=actor, at=at))


@transaction.atomic(durable=True)
def subscribe(*, kind: str, about: str, code: str, wanted: bool, actor: Actor, at: datetime) -> None:
    """Ask for the briefs of a kind about somebody, or to be spared them; twice is once."""
    assert actor.user is not None
    like = (
        Brief.objects.filter(reach.visible(actor.user), kind=kind, about=about, code=code)
        .order_by("-first")
        .first()
    )
    if like is None:
        raise ActionRefused("not_found", _("There is no such brief."))
    asked = BriefSubscription.objects.filter(user=actor.user)
    if wanted and asked.count() >= SUBSCRIPTIONS_MOST:
        raise ActionRefused("too_many", _("You are sent too many briefs already."))
    BriefSubscription.objects.update_or_create(
        user=actor.user, kind=kind, about=about, code=code, defaults={"wanted": wanted, "since": at}
    )


# --- shared ---------------------------------------------------------------------------------------


def _drawn(edition: BriefEdition) -> BriefEdition:
    """Draw the paper at once, outside every lock: who delivers fifty mails should find it ready.

    It is issued already: what cannot be drawn now is drawn when somebody asks for it.
    """
    try:
        with override(settings.LANGUAGE_CODE):
            paper.of_edition(edition)
    except Exception:
        log.exception("the paper of brief %s cannot be drawn", edition.brief_id)
    return edition


@transaction.atomic(durable=True)
def _freeze(brief: int, material: Material, *, actor: Actor, at: datetime) -> BriefEdition:
    held = _hold(brief, actor)
    if held.status == Status.ISSUED:
        return held.editions.get(number=0)
    _refuse_changed(held, material)
    edition = _write_edition(held, material, 0, None, actor=actor, at=at)
    # The working copy goes on from what was issued, also where the rules alone had spoken.
    if not held.version:
        _copy(material.entries, held, None)
        held.version = 1
    held.status, held.issued_at = Status.ISSUED, at
    held.save(update_fields=["status", "issued_at", "version"])
    if held.is_told:
        telling.tell_issued(held, edition, at=at)
    return edition


@transaction.atomic(durable=True)
def _revise(brief: int, material: Material, words: str, *, actor: Actor, at: datetime) -> BriefEdition:
    held = _hold(brief, actor)
    _refuse_changed(held, material)
    last = held.editions.order_by("-number").first()
    assert last is not None
    if keeping.same(material, last):
        raise ActionRefused("nothing_to_revise", _("Numbers and words are what was issued."))
    note = _text(words, "words", NOTE_MOST, {}, at=at)
    edition = _write_edition(held, material, last.number + 1, note, actor=actor, at=at)
    if held.is_told:  # who was not sent the brief is not sent its corrections
        telling.tell_issued(held, edition, at=at)
    return edition


def _write_edition(
    held: Brief, material: Material, number: int, note: Text | None, *, actor: Actor, at: datetime
) -> BriefEdition:
    edition = BriefEdition.objects.create(
        brief=held,
        number=number,
        figures=material.figures,
        note=note,
        by=actor.user,
        by_unit_id=actor.unit_code,
        at=at,
    )
    _copy(material.entries, held, edition)
    return edition


def _copy(entries: Sequence[BriefEntry], held: Brief, edition: BriefEdition | None) -> None:
    for entry in entries:
        entry.pk, entry._state.adding, entry.edition = None, True, edition
    BriefEntry.objects.bulk_create(entries)


def _refuse_changed(held: Brief, material: Material) -> None:
    if held.version != material.version:
        raise ActionRefused("stale", _("Somebody else has written in this brief since you opened it."))


def _found(brief: int) -> Brief:
    found = Brief.objects.filter(pk=brief).first()
    if found is None:
        raise ActionRefused("not_found", _("There is no such brief."))
    return found


def _hold(brief: int, actor: Actor) -> Brief:
    held = Brief.objects.select_for_update(no_key=True).filter(pk=brief).first()
    if held is None:
        raise ActionRefused("not_found", _("There is no such brief."))
    _refuse_others(held, actor)
    return held


def _refuse_others(brief: Brief, actor: Actor) -> None:
    if actor.user is not None and reach.writing_grant(actor.user, brief) is None:
        raise ActionRefused("not_allowed", WHO_WRITES)


def _texts_of(held: Brief) -> dict[str, Text]:
    """The sentences of the working copy by their words: what is not changed stays the same row."""
    found: dict[str, Text] = {}
    for entry in keeping.entries_of(held, None):
        for text in (entry.words, entry.cause, entry.advice):
            if text is not None and text.erased_at is None:
                found[text.body] = text
    return found


def _text(body: str, field: str, most: int, old: dict[str, Text], *, at: datetime) -> Text | None:
    body = " ".join(body.split())  # one paragraph: a page has no room for more
    if not body:
        return None
    if len(body) > most:
        raise InvalidInput(field, "max_length", _("At most %(max)d characters.") % {"max": most})
    return old.get(body) or cases.store_text(body, at=at, field=field)


def _problem(
    held: Brief, position: int, number: int, said: ProblemSaid, old: dict[str, Text], *, at: datetime
) -> BriefEntry:
    field = f"problem-{number}"
    measure = Measure.parse(said.measure) if said.measure else None
    if said.measure and (measure is None or not _is_known(measure)):
        raise InvalidInput(f"{field}-measure", "unknown", _("Choose what it is measured by."))
    unit = OrgUnit.objects.open().filter(pk=said.unit).first() if said.unit else None
    if said.unit and unit is None:
        raise InvalidInput(f"{field}-unit", "unknown", _("Choose the unit that answers for it."))
    if said.due is not None and not abs(said.due - held.last) <= DUE_WITHIN:
        raise InvalidInput(f"{field}-due", "range", _("Within a year."))
    return BriefEntry(
        brief=held,
        kind=Kind.PROBLEM,
        position=position,
        words=_text(said.words, f"{field}-words", TITLE_MOST, old, at=at),
        cause=_text(said.cause, f"{field}-cause", WORDS_MOST, old, at=at),
        advice=_text(said.advice, f"{field}-advice", WORDS_MOST, old, at=at),
        unit=unit,
        due=said.due,
        indicator=measure.indicator if measure else "",
        street_code=measure.street if measure else "",
        category_code=measure.category if measure else "",
    )


def _is_known(measure: Measure) -> bool:
    street = not measure.street or Area.objects.streets().filter(code=measure.street).exists()
    return street and (not measure.category or Category.objects.filter(code=measure.category).exists())


def _follow(
    held: Brief,
    number: int,
    said: FollowedSaid,
    owed: dict[int | None, BriefEntry],
    old: dict[str, Text],
    *,
    at: datetime,
) -> BriefEntry:
    origin = owed.get(said.follows)
    if origin is None:
        raise InvalidInput(f"followed-{number}-state", "unknown", _("The brief before did not advise that."))
    if said.state not in State.values:
        raise InvalidInput(f"followed-{number}-state", "unknown", _("Say how far it has come."))
    return BriefEntry(
        brief=held,
        kind=Kind.FOLLOWED,
        position=number,
        follows=origin.follows,
        state=said.state,
        words=_text(said.words, f"followed-{number}-words", WORDS_MOST, old, at=at),
    )
