"""One brief as it is laid out, on a page, on paper and in a mail: the same words in the same order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import OrgUnit
from dashboards.briefs import drawing, figuring, keeping, wording
from dashboards.briefs.drawing import Shape
from dashboards.briefs.subjects import Subject
from dashboards.charts import day_label, is_chinese
from dashboards.indicators import BY_CODE
from dashboards.models import Brief, BriefEdition, BriefEntry
from dashboards.reading import Span
from dashboards.story import SPOT_LEAST

Kind = BriefEntry.Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One of the six indicators."""

    code: str
    name: str
    unit: str
    base: str
    now: str
    target: str
    before: str
    year: str
    verdict: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem with who answers for it by when."""

    name: str
    place: str
    measured: str
    state: str
    cause: str
    advice: str
    unit: str
    due: str
    url: str


@dataclass(frozen=True, slots=True)
class FollowedLine:
    """What came of earlier advice."""

    mark: str
    name: str
    stage: str
    came: str
    state: str
    is_judged: bool
    words: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything on the page."""

    title: str
    period: str
    serial: str
    office: str
    dated: str
    edition: str  # what is said of a draft or a revision, else nothing
    verdict: Sequence[str]
    heads: tuple[str, str]
    rows: Sequence[Row]
    line_title: str
    line: Sequence[Shape]
    places_title: str
    places: Sequence[Shape]
    places_note: str
    problems: Sequence[ProblemLine]
    followed_title: str
    followed: Sequence[FollowedLine]
    outlook: str
    decision: str
    foot: str
    figures: Mapping[str, Any] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)

    @property
    def line_rows(self) -> list[tuple[str, str, str]]:
        """The line as a table."""
        return [
            (
                f"{step['first']} – {step['last']}",
                wording.number("handle_mean", step["handle_mean"]),
                f"{step['handled']:,}",
            )
            for step in self.figures["line"]["steps"]
        ]

    @property
    def place_rows(self) -> list[dict[str, str]]:
        """Every place, drawn or not, as a table."""
        rows = []
        for row in self.figures["places"]:
            value = row["adjusted"] if row["adjusted"] is not None else row["mean"]
            rows.append(
                {
                    "name": self.names.get(row["code"], row["code"]),
                    "value": wording.number("handle_mean", value),
                    "half": wording.number("handle_mean", row["half"]),
                    "handled": f"{row['handled']:,}",
                    "verdict": wording.verdict_of(row),
                }
            )
        return rows

    def figures_title(self, name: str) -> str:
        """What the rules found in a table that the page has no room for: matters, units or flow."""
        words: str = self.figures["words"]["zh" if is_chinese() else "en"][name]
        return words

    @property
    def verdict_line(self) -> str:
        """The verdict as one paragraph; Chinese sentences have no blank between them."""
        return ("" if is_chinese() else " ").join(self.verdict)

    @property
    def has_year(self) -> bool:
        """Is anything known of a year before? A column of dashes says nothing."""
        return any(row.year != "—" for row in self.rows)

    @property
    def has_advice(self) -> bool:
        """Has anybody written why, or what to do?"""
        return any(line.cause or line.advice for line in self.problems)

    @property
    def no_problem(self) -> str:
        """Said where none is named."""
        return _(
            "The rules name one where a place and a matter got worse, or have at least {least} late cases"
            " and more than chance would put there."
        ).format(least=SPOT_LEAST)

    @property
    def problems_title(self) -> str:
        if not self.problems:
            return _("No problem is named")
        if not self.has_advice:
            return ngettext("One problem", "{count} problems", len(self.problems)).format(
                count=len(self.problems)
            )
        return ngettext(
            "One problem, and what is advised", "{count} problems, and what is advised", len(self.problems)
        ).format(count=len(self.problems))


def of_edition(brief: Brief, edition: BriefEdition) -> Sheet:
    """An edition as it was issued, in the reader's language."""
    entries = list(keeping.entries_of(brief, edition))
    if edition.number:
        said = _("Revision {number}, {at}: {why}").format(
            number=edition.number, at=wording.stamp(edition.at), why=wording.said(edition.note)
        )
    else:
        said = ""
    return _sheet(brief, edition.figures, entries, said)


def of_draft(brief: Brief, *, at: datetime) -> Sheet:
    """What would be issued now."""
    return of_material(brief, keeping.material(brief, at=at), at=at)


def of_material(brief: Brief, held: keeping.Material, *, at: datetime) -> Sheet:
    """What would be issued of what has been read already."""
    entries = _with_relations(held.entries)
    if brief.status == Brief.Status.ISSUED:
        said = _("Correction, not issued: numbers as of {at}").format(at=wording.stamp(at))
    else:
        said = _("Draft: numbers as of {at}").format(at=wording.stamp(at))
    return _sheet(brief, held.figures, entries, said)


def _with_relations(entries: Iterable[BriefEntry]) -> list[BriefEntry]:
    """Unsaved rows with their units read in one query."""
    rows = list(entries)
    units = OrgUnit.objects.in_bulk({row.unit_id for row in rows if row.unit_id})
    for row in rows:
        if row.unit_id:
            row.unit = units[row.unit_id]
    return rows


def _sheet(brief: Brief, figures: Mapping[str, Any], entries: Sequence[BriefEntry], said: str) -> Sheet:
    words = figures["words"]["zh" if is_chinese() else "en"]
    target = next(one["target"] for one in figures["indicators"] if one["code"] == "handle_mean")
    by_kind: dict[str, list[BriefEntry]] = {kind: [] for kind in Kind.values}
    for entry in entries:
        by_kind[entry.kind].append(entry)
    followed = [_followed(entry) for entry in by_kind[Kind.FOLLOWED]]
    return Sheet(
        title=wording.title(wording.name_of(brief), brief.kind),
        period=wording.period(brief.kind, brief.first, brief.last),
        serial=_("No. {number}").format(number=brief.number),
        office=_office(),
        dated=_dated(figures),
        edition=said,
        verdict=words["finding"],
        heads=wording.heads(brief.kind),
        rows=_rows(brief, figures),
        line_title=wording.line_title(figures, brief.kind),
        line=drawing.line(figures, brief.kind, target),
        places_title=words["places"],
        places=drawing.places(figures, words["names"], words["whole"]),
        places_note=drawing.places_note(figures, words["whole"]),
        problems=[_problem(brief, entry) for entry in by_kind[Kind.PROBLEM]],
        followed_title=wording.followed_title(
            brief.kind,
            len(followed),
            better=sum(line.state == "on" for line in followed),
            judged=sum(line.is_judged for line in followed),
        )
        if followed
        else "",
        followed=followed,
        outlook=wording.said(by_kind[Kind.OUTLOOK][0].words) if by_kind[Kind.OUTLOOK] else "",
        decision=wording.said(by_kind[Kind.DECISION][0].words) if by_kind[Kind.DECISION] else "",
        foot=_foot(figures),
        figures=figures,
        names=words["names"],
    )


def _office() -> str:
    unit = OrgUnit.objects.filter(pk=settings.TRIAGE_UNIT).first()
    return unit.name if unit else ""


def _dated(figures: Mapping[str, Any]) -> str:
    words = _("data up to {at}").format(at=wording.stamp(figures["cut"]))
    if not settings.PRODUCTION:
        words += " · " + _("demo data, no official statistics")
    return words


def _rows(brief: Brief, figures: Mapping[str, Any]) -> list[Row]:
    by_code = {one["code"]: one for one in figures["indicators"]}
    subject, span = Subject.of(brief), Span(brief.first, brief.last)
    made = []
    for code in figuring.six(brief.about):
        one, indicator = by_code[code], BY_CODE[code]
        verdict, state = wording.judge(one, brief.kind)
        made.append(
            Row(
                code=code,
                name=str(indicator.name),
                unit=wording.unit(code),
                base=f"{one['base']:,}",
                now=wording.number(code, one["value"]),
                target=wording.target(one),
                before=wording.number(code, one["before"]),
                year=wording.number(code, one["year_before"]),
                verdict=verdict,
                state=state,
                url=_list_of_base(code, figures, subject, span),
            )
        )
    return made


# The list that is as long as a number's base; most indicators' own list is that. Of returns there is none.
_BASES: Final = {"automatic": "dispatched", "first_right": "handled", "rework": "handled", "returned": ""}


def _list_of_base(code: str, figures: Mapping[str, Any], subject: Subject, span: Span) -> str:
    name = _BASES.get(code, BY_CODE[code].drill)
    if code == "satisfied" and figures["counts"]["rated"] != figures["counts"]["scored"]:
        return ""  # somebody answered without a score: no list has just those that gave one
    return f"{reverse('board-cases')}?{subject.query(span, list=name)}" if name else ""


def _problem(brief: Brief, entry: BriefEntry) -> ProblemLine:
    measured, state = wording.measured(entry.measured)
    place = wording.place_and_matter(entry.measured)
    return ProblemLine(
        name=wording.name_of_problem(entry),
        place=place if entry.words is not None else "",
        measured=measured,
        state=state,
        cause=wording.said(entry.cause),
        advice=wording.said(entry.advice),
        unit=entry.unit.name if entry.unit else "",
        due=_by(entry.due),
        url=_list_of(brief, entry),
    )


def _list_of(brief: Brief, entry: BriefEntry) -> str:
    measure = keeping.measure_of(entry)
    if measure is None:
        return ""
    more = {"list": {"on_time": "late"}.get(measure.indicator, BY_CODE[measure.indicator].drill)}
    if measure.street and brief.about != "street":
        more["street"] = measure.street
    if measure.category:
        more["category"] = measure.category
    subject, span = Subject.of(brief), Span(brief.first, brief.last)
    return f"{reverse('board-cases')}?{subject.query(span, **more)}"


def _by(due: date | None) -> str:
    return _("by {day}").format(day=day_label(due)) if due else pgettext("brief", "no date set")


def _followed(entry: BriefEntry) -> FollowedLine:
    came, state = wording.came_of(entry.measured)
    is_judged = entry.measured.get("came") in ("better", "worse", "level")
    assert entry.follows is not None
    return FollowedLine(
        mark=wording.MARKS[entry.state],
        name=wording.name_of_problem(entry.follows),
        stage=str(entry.get_state_display()),
        came=came,
        state=state,
        is_judged=is_judged,
        words=wording.said(entry.words),
    )


def _foot(figures: Mapping[str, Any]) -> str:
    first, last = (date.fromisoformat(day) for day in figures["before"])
    return _(
        "Elapsed time; handling counts what was resolved in these days, on time what fell due in them."
        " Compared with {first} to {last}. ○ fewer than 30 cases, not judged; “level”: no more than chance."
        " Every number is computed from the cases' timelines and opens its list on the board."
    ).format(first=first.isoformat(), last=last.isoformat())
