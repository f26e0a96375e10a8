"""What an edition is made of: the numbers as they are now, and the working copy with its measures taken."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import override

from dashboards.briefs import figuring
from dashboards.briefs.measuring import Measure, beyond_chance
from dashboards.briefs.subjects import Subject, board_of
from dashboards.models import Brief, BriefAbout, BriefEdition, BriefEntry
from dashboards.reading import Span, one_state
from dashboards.scope import Names

Kind, State = BriefEntry.Kind, BriefEntry.State
PROBLEMS_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Material:
    """A brief that could be issued now: unsaved entries, and of which working copy they are."""

    version: int
    figures: dict[str, Any]
    entries: Sequence[BriefEntry]


def span_of(brief: Brief) -> Span:
    return Span(brief.first, brief.last)


def material(brief: Brief, *, at: datetime) -> Material:
    """Read everything anew. Where nobody has written, the rules propose the problems and nobody's words."""
    subject, span = Subject.of(brief), span_of(brief)
    with one_state():
        figures = figuring.read(subject, brief.kind, span, at=at)
        entries = working_copy(brief, at=at)
        names = both_names()
        for entry in entries:
            _measure(entry, brief, names, at=at)
    return Material(brief.version, figures, entries)


def working_copy(brief: Brief, *, at: datetime) -> list[BriefEntry]:
    """What the next edition would say, as unsaved rows: what people wrote, else what the rules propose."""
    if brief.version or brief.status == Brief.Status.ISSUED:
        found = list(entries_of(brief, None))
        for entry in found:
            entry.pk, entry._state.adding = None, True
        return found
    return [*proposed(brief, at=at), *owed(brief)]


def entries_of(brief: Brief, edition: BriefEdition | None) -> Iterable[BriefEntry]:
    """An edition's entries, or the working copy's."""
    return (
        BriefEntry.objects.filter(brief=brief, edition=edition)
        .select_related(
            "words", "cause", "advice", "unit", "follows__brief", "follows__words", "follows__unit"
        )
        .order_by("kind", "position", "pk")
    )


def proposed(brief: Brief, *, at: datetime) -> list[BriefEntry]:
    """The problems that the boards' rules find, each with the unit that has most of its cases. None where
    nothing stands out from chance: one late case of one is nobody's problem."""
    subject, span = Subject.of(brief), span_of(brief)
    board = board_of(subject, span, at=at)
    return [
        BriefEntry(
            brief=brief,
            kind=Kind.PROBLEM,
            position=position,
            indicator=measure.indicator,
            street_code=measure.street,
            category_code=measure.category,
            unit_id=_most_concerned(measure, subject, span, at=at),
        )
        for position, measure in enumerate(beyond_chance(board)[:PROBLEMS_MOST])
    ]


def _most_concerned(measure: Measure, subject: Subject, span: Span, *, at: datetime) -> str | None:
    if subject.about == BriefAbout.UNIT:
        return subject.code
    rows = measure.board(subject, span, at=at).units
    most = max(rows, key=lambda row: (row.late, row.now["handled"], row.code), default=None)
    return most.code if most is not None else None


def owed(brief: Brief) -> list[BriefEntry]:
    """What the last issued brief of the kind advised, to be followed up."""
    last = (
        Brief.objects.filter(
            kind=brief.kind,
            about=brief.about,
            code=brief.code,
            first__lt=brief.first,
            status=Brief.Status.ISSUED,
        )
        .order_by("-first")
        .first()
    )
    edition = last.editions.order_by("-number").first() if last else None
    if last is None or edition is None:
        return []
    problems = [one for one in entries_of(last, edition) if one.kind == Kind.PROBLEM]
    return [
        BriefEntry(brief=brief, kind=Kind.FOLLOWED, position=position, follows=problem, state=State.NOT_SAID)
        for position, problem in enumerate(problems[:PROBLEMS_MOST])
    ]


def measure_of(entry: BriefEntry) -> Measure | None:
    """What a problem, or what is followed up, is measured by."""
    origin = entry.follows if entry.kind == Kind.FOLLOWED else entry
    if origin is None or not origin.indicator:
        return None
    return Measure(origin.indicator, origin.street_code, origin.category_code)


def both_names() -> dict[str, Names]:
    """What places and matters are called, in both languages."""
    found = {}
    for short, language in figuring.LANGUAGES.items():
        with override(language):
            names = Names()
            _ = (names.streets, names.communities, names.categories)  # read while the language holds
            found[short] = names
    return found


def _measure(entry: BriefEntry, brief: Brief, names: dict[str, Names], *, at: datetime) -> None:
    measure = measure_of(entry)
    if measure is None:
        return
    subject, span = Subject.of(brief), span_of(brief)
    with override(settings.LANGUAGE_CODE):
        taken: dict[str, Any] = {"indicator": measure.indicator}
        try:
            taken |= measure.taken(subject, span, at=at)
            if entry.kind == Kind.FOLLOWED:
                assert entry.follows is not None
                then = entry.follows.measured
                days = (span_of(entry.follows.brief), span)
                taken |= {
                    "before": then.get("now"),
                    "came": measure.since(then, subject, days, at=at),
                }
        except LookupError:
            taken["came"] = "small"  # its unit or matter is no more: nothing to measure it by
    for short, called in names.items():
        with override(figuring.LANGUAGES[short]):
            taken[f"place_{short}"] = called.street(measure.street) if measure.street else ""
            taken[f"matter_{short}"] = called.category(measure.category) if measure.category else ""
    entry.measured = taken


def same(first: Material, edition: BriefEdition) -> bool:
    """Would the next edition say what this one says? When it was read does not count."""
    if _without_cut(first.figures) != _without_cut(edition.figures):
        return False
    old = [_said(entry) for entry in entries_of(edition.brief, edition)]
    return sorted(map(repr, old)) == sorted(repr(_said(entry)) for entry in first.entries)


def _without_cut(figures: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in figures.items() if name != "cut"}
    # What waits now is of the moment, not of the days that the brief is about.
    plain["counts"] = {k: v for k, v in plain["counts"].items() if k not in ("open", "overdue")}
    found: dict[str, Any] = json.loads(json.dumps(plain))
    return found


def _said(entry: BriefEntry) -> tuple[Any, ...]:
    return (
        entry.kind,
        entry.position,
        entry.words_id,
        entry.cause_id,
        entry.advice_id,
        entry.unit_id,
        entry.due,
        entry.indicator,
        entry.street_code,
        entry.category_code,
        entry.follows_id,
        entry.state,
    )
