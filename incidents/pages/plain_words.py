"""A case in plain words for the person who reported it: no department's language, no blame, no promises
that nobody made. Facts come from incidents.public; here they become sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.templatetags.ui import spoken
from incidents.models.incident import ResolutionOutcome
from incidents.pages.plain_times import by_when, is_english, limit, on_day, short_time
from incidents.pages.resident_forms import RatingForm
from incidents.public import AlikeCase, TrackedCase
from incidents.public.facts import Phase
from incidents.timeline import Kind


@dataclass(frozen=True, slots=True)
class Headline:
    """The coloured panel: whose it is, what that means, and by when."""

    state: str  # the colour: primary, on, overdue, paused, closed
    head: str
    what: str
    detail: str = ""
    when: str = ""
    note: str = ""  # beside the clock, where no clock runs


# --- the panel ------------------------------------------------------------------------------------


def headline(case: TrackedCase, *, at: datetime) -> Headline:
    """Whose turn it is, and by when."""
    return _HEADLINES[Phase(case.phase)](case)


def _due(case: TrackedCase, sentence: str) -> str:
    return sentence % {"when": by_when(case.due_at)} if case.due_at else ""


def _running(case: TrackedCase) -> str:
    return "overdue" if case.overdue else "primary"


def _received(case: TrackedCase) -> Headline:
    return Headline(
        "primary",
        pgettext("resident", "Received"),
        _("It waits to be fetched"),
        _(
            "What you sent is sealed: only the operations centre can open it, and comes every minute "
            "while the line is up."
        ),
    )


def _deciding(case: TrackedCase) -> Headline:
    if case.objected_at is not None:
        detail = _("You said that it is not over. A person decides who goes on with it.")
    elif case.returns:
        detail = _("The unit that was asked first says it is not theirs. A person is looking again.")
    elif case.in_district is False:
        detail = _("The place is outside the district. A person is looking how to pass it on.")
    else:
        detail = _("A person is reading what you wrote.")
    return Headline(
        _running(case),
        _("Who deals with it"),
        _("We are finding out whose job this is"),
        detail,
        _due(case, _("Settled by %(when)s")),
    )


def _sent(case: TrackedCase) -> Headline:
    return Headline(
        _running(case),
        _("Whose job it is now"),
        case.unit,
        _("They have been told and have not answered yet."),
        _due(case, _("To be done by %(when)s")),
    )


def _handling(case: TrackedCase) -> Headline:
    detail = (
        _("It was not over, so they are at it again.")
        if case.rework
        else _("They have taken it on and are working on it.")
    )
    return Headline(
        _running(case),
        _("Whose job it is now"),
        case.unit,
        detail,
        _due(case, _("To be done by %(when)s")),
    )


def _checking(case: TrackedCase) -> Headline:
    what = (
        _("%(unit)s says that it is done")
        if case.outcome == ResolutionOutcome.SOLVED
        else _("%(unit)s has answered you")
    ) % {"unit": case.unit}
    return Headline(
        _running(case),
        _("Being checked"),
        what,
        _("Somebody who does not work for them looks whether that is so."),
        _due(case, _("Checked by %(when)s")),
    )


def _parked(case: TrackedCase) -> Headline:
    return Headline(
        "paused",
        pgettext("resident", "Waiting"),
        _("It cannot be settled at once"),
        _("%(unit)s keeps it, and has told you why below.") % {"unit": case.unit},
        note=_("They come back to it on %(day)s.") % {"day": on_day(case.parked_until)}
        if case.parked_until
        else "",
    )


def _paused(case: TrackedCase) -> Headline:
    waiting = case.waiting
    if waiting is not None and waiting.for_reporter:
        return Headline(
            "paused",
            pgettext("resident", "Waiting"),
            _("%(unit)s asks you something") % {"unit": case.unit},
            _("They cannot go on without your answer, so their time stands still."),
            note=_("It goes on with your answer, or at the latest on %(when)s.")
            % {"when": by_when(waiting.until)},
        )
    return Headline(
        "paused",
        pgettext("resident", "Waiting"),
        case.unit,
        _("Work stands still for a reason that was approved; the clock goes on afterwards."),
        note=_("It goes on at the latest on %(when)s.") % {"when": by_when(waiting.until)} if waiting else "",
    )


def _settled(case: TrackedCase) -> Headline:
    what, detail = {
        ResolutionOutcome.SOLVED: (
            _("It is done, and it was checked") if _was_checked(case) else _("It is done"),
            "",
        ),
        ResolutionOutcome.EXPLAINED: (
            _("It could not be done"),
            _("The rules do not allow it; the reason stands below."),
        ),
        ResolutionOutcome.LEGAL_ROUTE: (
            _("It has its own legal way"),
            _("Where to go with it stands below."),
        ),
        ResolutionOutcome.UNFOUNDED: (
            _("They looked, and did not find it"),
            _("What they saw stands below."),
        ),
        ResolutionOutcome.UNREACHABLE: (
            _("They could not reach you"),
            _("Report it again with more detail if it is still so."),
        ),
    }.get(ResolutionOutcome(case.outcome or ResolutionOutcome.SOLVED), (_("It is closed"), ""))
    if case.may_rate and not detail:
        detail = _("Have a look, and say how it was.")
    return Headline(
        "on" if case.outcome == ResolutionOutcome.SOLVED else "closed",
        _("Now it is your turn") if case.may_rate else pgettext("resident", "Closed"),
        what,
        detail,
        note=_objection_note(case),
    )


def _was_checked(case: TrackedCase) -> bool:
    return any(step.kind == Kind.VERIFIED for step in case.steps)


def _was_left_unchecked(case: TrackedCase) -> bool:
    """Was it closed although somebody was to look first?"""
    closed = next((step for step in case.steps if step.kind == Kind.CLOSED), None)
    return case.phase == Phase.SETTLED and closed is not None and bool(closed.params.get("unchecked"))


def _objection_note(case: TrackedCase) -> str:
    if not case.may_object or case.object_until is None:
        return ""
    return _("Not right? You can object until %(when)s.") % {"when": by_when(case.object_until)}


def _answered(case: TrackedCase) -> Headline:
    return Headline(
        "on",
        pgettext("resident", "Answered"),
        _("The operations centre has answered you"),
        _("The answer stands below."),
        note=_objection_note(case),
    )


def _declined(case: TrackedCase) -> Headline:
    return Headline(
        "closed",
        _("Not taken up"),
        _("This could not be taken up here"),
        _("The reason stands below."),
    )


def _withdrawn(case: TrackedCase) -> Headline:
    detail = _("Others have reported it too, so it goes on for them.") if case.reports > 1 else ""
    return Headline("closed", pgettext("resident", "Closed"), _("You took this report back"), detail)


_HEADLINES: dict[Phase, Callable[[TrackedCase], Headline]] = {
    Phase.RECEIVED: _received,
    Phase.DECIDING: _deciding,
    Phase.SENT: _sent,
    Phase.HANDLING: _handling,
    Phase.CHECKING: _checking,
    Phase.PARKED: _parked,
    Phase.PAUSED: _paused,
    Phase.SETTLED: _settled,
    Phase.ANSWERED: _answered,
    Phase.DECLINED: _declined,
    Phase.WITHDRAWN: _withdrawn,
}


def stages(case: TrackedCase) -> list[dict[str, str]]:
    """Received, taken on, at work, checked, your turn; none for what went another way."""
    reached = {
        Phase.RECEIVED: 1,
        Phase.DECIDING: 1,
        Phase.SENT: 1,
        Phase.HANDLING: 2,
        Phase.PARKED: 2,
        Phase.PAUSED: 2,
        Phase.CHECKING: 3,
        Phase.SETTLED: 4,
    }.get(Phase(case.phase))
    if reached is None:
        return []
    names = [
        pgettext("stage", "Received"),
        _("Taken on"),
        _("At work"),
        _("Not checked") if _was_left_unchecked(case) else pgettext("resident", "Checked"),
        pgettext("stage", "You"),
    ]
    if case.phase == Phase.SETTLED and not case.may_rate:
        reached = len(names)
    return [
        {"name": name, "state": "done" if index < reached else "now" if index == reached else ""}
        for index, name in enumerate(names)
    ]


# --- why, and how it went -------------------------------------------------------------------------


def why_in_short(case: TrackedCase) -> str:
    """Why it is this unit's job, in one sentence; empty where the words alone did not decide it."""
    if case.why is None or not case.why.words or case.why.by_person:
        return ""
    return _("You wrote “%(word)s”, and here that is theirs.") % {"word": case.why.words[0]}


def why(case: TrackedCase) -> str:
    """Why it is this unit's job, in a few sentences; empty where nobody has been named."""
    told = case.why
    if told is None or not told.unit:
        return ""
    sentences = []
    if told.by_person:
        sentences.append(_("A person at the operations centre decided it."))
    elif told.words:
        said = _(", ").join(_("“%(word)s”") % {"word": word} for word in told.words)
        sentences.append(_("You wrote %(words)s.") % {"words": said})
    if told.place:
        sentences.append(_("The place is in %(place)s.") % {"place": told.place})
    matter = case.category if is_english() else told.matter  # the list is written in Chinese
    if matter:
        sentences.append(
            _("By the district's list, “%(matter)s” is for %(unit)s to settle within %(limit)s.")
            % {"matter": matter, "unit": told.unit, "limit": limit(told.limit)}
        )
    if told.supervisor:
        sentences.append(_("%(unit)s watches over them.") % {"unit": told.supervisor})
    return (" " if is_english() else "").join(sentences)


def length_of_handling(case: TrackedCase) -> str:
    """用了 1 天 2 小时，比期限早 2 天 19 小时."""
    if case.handled_seconds is None:
        return ""
    took = spoken(case.handled_seconds)
    if case.spare_seconds is None:
        return _("It took %(took)s in all.") % {"took": took}
    spare = spoken(abs(case.spare_seconds))
    if case.spare_seconds >= 0:
        return _("It took %(took)s in all, %(spare)s less than allowed.") % {"took": took, "spare": spare}
    return _("It took %(took)s in all, %(spare)s more than allowed.") % {"took": took, "spare": spare}


def marks() -> dict[str, list[str]]:
    """The words of one to five stars, for each of the three things that are rated."""
    return {
        "speed": [_("very slow"), _("slow"), _("all right"), _("quick"), _("very quick")],
        "result": [_("very bad"), _("bad"), _("all right"), _("good"), _("very good")],
        "service": [_("very rude"), _("rude"), _("all right"), _("friendly"), _("very friendly")],
    }


def ratings(case: TrackedCase, form: RatingForm | None = None) -> list[dict[str, Any]]:
    """The three lines of stars: as given, or as chosen in a form that was not valid."""
    questions = {"speed": _("Was it quick?"), "result": _("Is it good?"), "service": _("Were they friendly?")}
    given = {mark.name: mark.score for mark in case.marks}
    chosen = {name: str(form[name].value() or "") for name in questions} if form else {}
    words = marks()
    lines = []
    for name, question in questions.items():
        score = given.get(name)
        lines.append(
            {
                "name": name,
                "question": question,
                "score": score,
                "word": words[name][score - 1] if score else "",
                # Five to one: the stylesheet fills the stars before the chosen one.
                "stars": [
                    {
                        "value": value,
                        "word": words[name][value - 1],
                        "checked": chosen.get(name) == str(value),
                    }
                    for value in range(5, 0, -1)
                ],
            }
        )
    return lines


# --- the same thing? ------------------------------------------------------------------------------


def _in_the_same_area(case: AlikeCase) -> str:
    if not case.roads:
        return _("In the same area")
    return _("In the same area: %(roads)s") % {"roads": pgettext("between names", ", ").join(case.roads)}


def alike(case: AlikeCase, *, at: datetime) -> dict[str, Any]:
    """An open case nearby, as a choice: what, how far, since when, who has it; nobody's words."""
    with_whom = {
        Phase.DECIDING: _("Being decided whose job it is"),
        Phase.SENT: _("%(unit)s has been told"),
        Phase.HANDLING: _("%(unit)s is working on it"),
        Phase.CHECKING: _("%(unit)s says that it is done; it is being checked"),
        Phase.PARKED: _("%(unit)s comes back to it later"),
        Phase.PAUSED: _("%(unit)s is waiting"),
    }[Phase(case.phase)]
    return {
        "category": case.category,
        "distance": _in_the_same_area(case)
        if case.metres is None
        else _("%(metres)d m from your place") % {"metres": max(10, round(case.metres, -1))},
        "since": _("first reported %(when)s") % {"when": short_time(case.reported_at, at)},
        "reports": ngettext("%(count)d report", "%(count)d reports", case.reports) % {"count": case.reports},
        "who": with_whom % {"unit": case.unit},
        "when": _("To be done by %(when)s") % {"when": by_when(case.due_at)} if case.due_at else "",
        "due_at": case.due_at,
        "clock_from": case.clock_from,
    }
