"""The words of a notice, short, as a person would write them: for staff, and for who reported.

Made from the message's kind and data and the instant `at` for which they are said, never from how the
case stands now: the same key always says the same. The caller chooses the language (`override`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.vocabulary import Urgency
from incidents import brief_sentences, data_sentences, list_sentences, scoring_sentences, warning_sentences
from incidents.models import Adjudication, CaseRequest, Notification, Timer
from incidents.stages import warning_share
from incidents.telling import Telling, moment, passed


@dataclass(frozen=True, slots=True)
class Words:
    """One line that says it all, and what stands under it in an e-mail."""

    subject: str
    body: str


def for_staff(telling: Telling) -> str:
    """One sentence that begins with the case's number, or says which version of the list it is about."""
    make = _STAFF.get(telling.kind, _news)
    if telling.kind in list_sentences.STAFF:
        words = _("%(name)s: %(words)s") % {"name": list_sentences.name(telling), "words": make(telling)}
    elif telling.kind in scoring_sentences.STAFF:
        words = _("%(name)s: %(words)s") % {"name": scoring_sentences.name(telling), "words": make(telling)}
    elif telling.kind in brief_sentences.STAFF:
        words = _("%(name)s: %(words)s") % {"name": brief_sentences.name(telling), "words": make(telling)}
    elif telling.kind in data_sentences.STAFF:
        words = _("%(name)s: %(words)s") % {"name": data_sentences.name(telling), "words": make(telling)}
    elif telling.kind in warning_sentences.STAFF:
        words = _("%(name)s: %(words)s") % {"name": warning_sentences.name(telling), "words": make(telling)}
    else:
        words = _("%(number)s: %(words)s") % {"number": telling.number, "words": make(telling)}
    if telling.urgency == Urgency.EMERGENCY:
        return _("Emergency: %(words)s") % {"words": words}
    return words


def for_reporter(telling: Telling, *, address: str) -> str:
    """One sentence with the address where everything else can be read; nothing that only staff may know."""
    make = _REPORTER.get(telling.kind, _reporter_news)
    return _("%(words)s See %(address)s") % {"words": make(telling), "address": address}


def of(notification: Notification) -> str:
    """The sentence of a row of the inbox (with its message and incident selected)."""
    message = notification.message
    return for_staff(
        Telling(
            kind=notification.kind,
            number=notification.incident.number if notification.incident else message.data["number"],
            data=message.data,
            at=notification.created_at,
            urgency=notification.urgency,
        )
    )


def digest(tellings: list[Telling], *, total: int) -> Words:
    """Everything of a day that was not worth an interruption."""
    subject = ngettext("%(count)d notice since yesterday", "%(count)d notices since yesterday", total)
    lines = [for_staff(telling) for telling in tellings]
    if total > len(lines):
        rest = total - len(lines)
        lines.append(ngettext("and %(count)d more", "and %(count)d more", rest) % {"count": rest})
    return Words(subject % {"count": total}, "\n".join(lines))


def signed(words: str) -> str:
    """The way a text message begins, so that everybody knows whom it is from."""
    return _("[Yiwang] %(words)s") % {"words": words}


def _do_by(clock: Any) -> Callable[[], str]:
    """What has to be done before this clock runs out."""
    return {
        Timer.Kind.DISPATCH: lambda: _("Dispatch it by %(due)s."),
        Timer.Kind.ACCEPTANCE: lambda: _("Accept it by %(due)s."),
        Timer.Kind.FIRST_CONTACT: lambda: _("Contact the reporter by %(due)s."),
        Timer.Kind.HANDLING: lambda: _("Settle it by %(due)s."),
        Timer.Kind.VERIFICATION: lambda: _("Verify it by %(due)s."),
        Timer.Kind.CALLBACK: lambda: _("Call the reporter back by %(due)s."),
        Timer.Kind.SUPERVISION: lambda: _("Answer the order by %(due)s."),
        Timer.Kind.SUPPORT: lambda: _("Do your part and answer by %(due)s."),
        Timer.Kind.ADJUDICATION: lambda: _("Rule on it by %(due)s."),
        Timer.Kind.UPSTREAM: lambda: _("The source should accept the result by %(due)s."),
    }.get(clock, lambda: _("Due %(due)s."))


def _was_due(clock: Any) -> Callable[[], str]:
    return {
        Timer.Kind.DISPATCH: lambda: _("It should have been dispatched by %(due)s."),
        Timer.Kind.ACCEPTANCE: lambda: _("It should have been accepted by %(due)s."),
        Timer.Kind.FIRST_CONTACT: lambda: _("The reporter should have been contacted by %(due)s."),
        Timer.Kind.HANDLING: lambda: _("It should have been settled by %(due)s."),
        Timer.Kind.VERIFICATION: lambda: _("It should have been verified by %(due)s."),
        Timer.Kind.CALLBACK: lambda: _("The reporter should have been called back by %(due)s."),
        Timer.Kind.SUPERVISION: lambda: _("The order should have been answered by %(due)s."),
        Timer.Kind.SUPPORT: lambda: _("Your part should have been answered by %(due)s."),
        Timer.Kind.ADJUDICATION: lambda: _("It should have been ruled on by %(due)s."),
        Timer.Kind.UPSTREAM: lambda: _("The source should have accepted the result by %(due)s."),
    }.get(clock, lambda: _("It was due %(due)s."))


def _warned(telling: Telling) -> str:
    told = {"due": moment(telling.data.get("due_at"))}
    clock = telling.data.get("clock")
    if passed(telling):  # told late: what was left then is left no more
        return _was_due(clock)() % told
    share = warning_share(str(telling.data.get("stage")))
    by = _do_by(clock)() % told
    if share is None:
        return by
    return _("%(left)d%% of the time is left. %(by)s") % {"left": 100 - share, "by": by}


def _breached(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    return _("Overdue. %(was)s") % {"was": _was_due(telling.data.get("clock"))() % due}


def _escalated(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    was = _was_due(telling.data.get("clock"))() % due
    return _("Still not done. %(was)s Please step in.") % {"was": was}


def _dispatched(telling: Telling) -> str:
    if telling.urgency == Urgency.EMERGENCY:
        return _("It is yours. Accept it at once and set out.")
    return _("New for your unit. Please accept it.")


def _assigned(telling: Telling) -> str:
    if telling.urgency == Urgency.EMERGENCY:
        return _("It is in your hands. Set out at once.")
    return _("It is in your hands now.")


def _support_asked(telling: Telling) -> str:
    if telling.urgency == Urgency.EMERGENCY:
        return _("Your unit is to support here. Set out at once, and answer.")
    return _("Your unit is asked to support. Please answer.")


def _raised(telling: Telling) -> str:
    if telling.urgency == Urgency.EMERGENCY:
        return _("It has moved up to you. Accept it at once and set out.")
    return _("It has moved up to you. Please accept it.")


def _asked(telling: Telling) -> str:
    return {
        CaseRequest.Kind.EXTENSION: lambda: _("The unit asks for more time. Please decide."),
        CaseRequest.Kind.SUSPENSION: lambda: _("The unit asks to suspend it. Please decide."),
        CaseRequest.Kind.APPEAL: lambda: _("The unit appeals against a breach. Please decide."),
        CaseRequest.Kind.RETURN: lambda: _("The unit asks to return it. Please decide."),
        CaseRequest.Kind.RAISE: lambda: _("The unit asks that it moves up a level. Please decide."),
    }.get(telling.data.get("request", ""), lambda: _("The unit asks for something. Please decide."))()


def _answered(telling: Telling) -> str:
    agreed = bool(telling.data.get("agreed"))
    due = moment(telling.data.get("due_at") or telling.data.get("until"))
    match telling.data.get("request"):
        case CaseRequest.Kind.EXTENSION if agreed and due:
            return _("More time was agreed: until %(due)s.") % {"due": due}
        case CaseRequest.Kind.EXTENSION:
            return _("More time was agreed.") if agreed else _("More time was refused. The old limit stands.")
        case CaseRequest.Kind.SUSPENSION:
            return _("The suspension was agreed.") if agreed else _("The suspension was refused.")
        case CaseRequest.Kind.RAISE if not agreed:
            return _("Moving it up was refused. It stays yours, and its clock runs.")
        case CaseRequest.Kind.APPEAL:
            return _("The appeal was upheld.") if agreed else _("The appeal was refused.")
        case _:
            return _("Your request was agreed.") if agreed else _("Your request was refused.")


def _ordered(telling: Telling) -> str:
    told = {
        "order": telling.data.get("supervision") or telling.data.get("number") or "",
        "due": moment(telling.data.get("answer_by") or telling.data.get("due_at")),
    }
    if told["due"]:
        return _("Order to act %(order)s. Answer it by %(due)s.") % told
    return _("Order to act %(order)s. Please answer it.") % told


def _deadline(telling: Telling) -> str:
    due = moment(telling.data.get("due_at"))
    if due:
        return _("The source sets a new deadline: %(due)s.") % {"due": due}
    return _("The source sets a new deadline.")


def _phoned(telling: Telling) -> str:
    if telling.data.get("reached"):
        return _("The emergency call was taken.")
    return _("Nobody took the emergency call. Accept it at once and set out.")


def _moved(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    return _("The work calendar has changed: now due %(due)s.") % due


def _resumed(telling: Telling) -> str:
    due = moment(telling.data.get("due_at"))
    if due:
        return _("The clock runs again. Settle it by %(due)s.") % {"due": due}
    return _("The clock runs again.")


def _late_answered(telling: Telling) -> str:
    if telling.data.get("agreed"):
        return _("The late entry was countersigned.")
    return _("The late entry was refused.")


def _disputed(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    if telling.data.get("cause") == Adjudication.Cause.OBJECTION:
        return _("The unit objects: it is not its job. Rule on it by %(due)s.") % due
    return _("Returned too often. Rule on it by %(due)s.") % due


def _ruled(telling: Telling) -> str:
    yours, in_time = bool(telling.data.get("yours")), bool(telling.data.get("in_time"))
    if yours and not in_time:
        return _("Nobody has ruled in time: it stays yours.")
    if yours:
        return _("It was ruled that it is yours.")
    return _("It was ruled that it is another unit's.") if in_time else _("It went to the fallback unit.")


def _instructed(telling: Telling) -> str:
    return _("A leader's instruction to your unit. Report by %(due)s.") % {
        "due": moment(telling.data.get("due_at"))
    }


def _report_due(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    if passed(telling):
        return _("The report on the instruction was due %(due)s.") % due
    return _("Report on the instruction by %(due)s.") % due


def _sent_back(telling: Telling) -> str:
    return _("Your report was sent back. Report again by %(due)s.") % {
        "due": moment(telling.data.get("due_at"))
    }


def _letter_due(telling: Telling) -> str:
    due = {"due": moment(telling.data.get("due_at"))}
    if passed(telling):
        return _("The secretary's reply was due %(due)s.") % due
    return _("The secretary's reply is due %(due)s.") % due


def _news(telling: Telling) -> str:
    return _("There is news. Please have a look.")


def _received(telling: Telling) -> str:
    unit = telling.data.get("unit_name")
    if not unit:
        return _("Your report has come in.")
    return _("Your report has come in and is with %(unit)s.") % {"unit": unit}


def _sent_to(telling: Telling) -> str:
    unit = telling.data.get("unit_name")
    if not unit:
        return _reporter_news(telling)
    return _("Your report is now with %(unit)s.") % {"unit": unit}


def _reporter_news(telling: Telling) -> str:
    return _("There is news about your report.")


def _plain(sentence: Callable[[], str]) -> Callable[[Telling], str]:
    return lambda telling: sentence()


_STAFF: dict[str, Callable[[Telling], str]] = {
    "case.dispatched": _dispatched,
    "case.phoned": _phoned,
    "case.assigned": _assigned,
    "case.raised": _raised,
    "case.recalled": _plain(lambda: _("The centre has taken the sending back: it is no longer yours.")),
    "case.relieved": _plain(lambda: _("It has moved up a level and is no longer yours.")),
    "case.repair": _plain(lambda: _("It has been made safe. The repair is yours: please accept it.")),
    "support.asked": _support_asked,
    "support.answered": _plain(lambda: _("A supporting unit has answered.")),
    "support.declined": _plain(lambda: _("A supporting unit declines. Please ask somebody else.")),
    "support.released": _plain(lambda: _("Your support is not needed any more.")),
    "support.ended": _plain(lambda: _("The case has moved on: your support is not asked for any more.")),
    "return.asked": _plain(lambda: _("The unit asks to return it. Please decide.")),
    "return.agreed": _plain(lambda: _("The return was agreed: it is no longer yours.")),
    "return.refused": _plain(lambda: _("The return was refused. It stays yours, and its clock runs.")),
    "verification.asked": _plain(lambda: _("Please check on the spot whether it is fixed.")),
    "report.answered": _plain(lambda: _("What you reported has been answered.")),
    "report.rejected": _plain(lambda: _("What you reported was not accepted. The reason is on the case.")),
    "report.resolved": _plain(lambda: _("What you reported has been dealt with and is being checked.")),
    "report.parked": _plain(lambda: _("What you reported cannot be settled yet. The case says until when.")),
    "report.closed": _plain(lambda: _("What you reported is settled.")),
    "report.supplemented": _plain(lambda: _("The source says more about it.")),
    "report.chased": _plain(lambda: _("The source presses for an answer.")),
    "report.deadline": _deadline,
    "case.rework": _plain(lambda: _("It was not over: it is yours again, as rework.")),
    "case.objected": _plain(lambda: _("Its reporter objects: it is being done again. Please look at it.")),
    "report.sent_back": _plain(lambda: _("The source does not accept the result: it is to be done again.")),
    "report.source_agreed": _plain(lambda: _("The source agrees to what was asked of it.")),
    "report.source_refused": _plain(lambda: _("The source refuses what was asked of it.")),
    "report.withdrawn": _plain(lambda: _("The reporter takes it back.")),
    "timer.warned": _warned,
    "timer.breached": _breached,
    "timer.escalated": _escalated,
    "timer.moved": _moved,
    "request.asked": _asked,
    "request.answered": _answered,
    "pause.ended": _resumed,
    "reporter.answered": _plain(lambda: _("The reporter has answered. The clock runs again.")),
    "case.ruled": _plain(lambda: _("It was ruled that it is yours, and it counts as accepted.")),
    "case.fallback": _plain(
        lambda: _("Nobody has ruled on it in time: it is yours now, and counts as accepted.")
    ),
    "adjudication.opened": _disputed,
    "adjudication.ruled": _ruled,
    "adjudication.missed": _plain(lambda: _("Nobody has ruled on the dispute in time.")),
    "supervision.ordered": _ordered,
    "supervision.raised": _plain(lambda: _("The order to act was not answered and goes up. Please step in.")),
    "supervision.nudged": _plain(lambda: _("A supervisor asks you to get on with it.")),
    "supervision.answered": _plain(lambda: _("The order to act was answered.")),
    "supervision.lifted": _plain(lambda: _("The order to act was lifted.")),
    "instruction.given": _instructed,
    "instruction.reported": _plain(lambda: _("A unit has reported on the instruction. Please answer.")),
    "instruction.accepted": _plain(lambda: _("Your report on the instruction was accepted.")),
    "instruction.sent_back": _sent_back,
    "instruction.withdrawn": _plain(lambda: _("The instruction was withdrawn: no report is owed any more.")),
    "instruction.due": _report_due,
    "instruction.overdue": _report_due,
    "letter.marked": _plain(lambda: _("A letter to the secretary has come in.")),
    "letter.drafted": _plain(lambda: _("A reply to a letter is ready to be signed.")),
    "letter.due": _letter_due,
    "letter.overdue": _letter_due,
    "late.waiting": _plain(lambda: _("A late entry waits to be countersigned.")),
    "late.answered": _late_answered,
    "webhook.unwanted": _plain(
        lambda: _("This webhook's receiver wants nothing any more (410): it was switched off.")
    ),
    **list_sentences.STAFF,
    **scoring_sentences.STAFF,
    **warning_sentences.STAFF,
    **data_sentences.STAFF,
    **brief_sentences.STAFF,
}

# What a resident is told: that it came in, that they are asked, that it is done or not, and where to look.
_REPORTER: dict[str, Callable[[Telling], str]] = {
    "report.received": _received,
    "report.sent": _sent_to,
    "report.answered": _plain(lambda: _("Your question has been answered.")),
    "report.rejected": _plain(lambda: _("Your report could not be accepted. The reason is there.")),
    "report.resolved": _plain(lambda: _("Your report has been dealt with and is being checked.")),
    "report.parked": _plain(lambda: _("Your report cannot be settled yet. There is an interim answer.")),
    "report.closed": _plain(lambda: _("Your report is settled. Please say how it went.")),
    "report.reopened": _plain(lambda: _("Your report is being worked on again.")),
    "reporter.written": _plain(lambda: _("There is a message about your report.")),
    "letter.signed": _plain(lambda: _("The secretary has answered your letter.")),
    "reporter.asked": _plain(lambda: _("We need to know more about your report. Please answer there.")),
}
