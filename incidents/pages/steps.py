"""What a person can do to a case from its page: the form, the words and the one action of each step."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Action
from incidents import actions
from incidents.errors import InvalidInput
from incidents.models import Attachment, Incident
from incidents.pages import (
    contact_steps,
    dispute_steps,
    forms,
    handling_steps,
    level_steps,
    oversight_steps,
    request_steps,
    support_steps,
    upstream_steps,
)
from incidents.pages.doing import Doing, Step
from incidents.pages.step_photos import add_photos, kept_photos, photos_first


def _accept(doing: Doing) -> str:
    actions.accept(**doing.common)
    return _("Accepted. The handling clock runs.")


def _request_return(doing: Doing) -> str:
    form = doing.given["form"]
    unit = doing.given["proposed_unit"]
    actions.request_return(
        reason=form.sentence(),
        cites=doing.given["cites"],
        proposed_unit=unit.code if unit else "",
        **doing.common,
    )
    return _("Return asked for. Until the centre answers the case and its clock stay with you.")


def _decide_return(doing: Doing) -> str:
    agreed = doing.given["agreed"]
    actions.decide_return(agreed=agreed, reason=doing.given["reason"], **doing.common)
    return _("Return agreed: the case is on the desk.") if agreed else _("Return refused.")


def _verify(doing: Doing) -> str:
    fixed = doing.given["fixed"]
    photos_first(doing, Attachment.Stage.CHECK)
    actions.verify(fixed=fixed, text=doing.given["text"], **doing.common)
    return _("Verified: the case is closed.") if fixed else _("Sent back as rework.")


def _close(doing: Doing) -> str:
    actions.close(reason=doing.given["reason"], **doing.common)
    return _("Case closed.")


def _reopen(doing: Doing) -> str:
    actions.reopen(reason=doing.given["reason"], to_desk=doing.given["to_desk"], **doing.common)
    return _("Reopened.")


def _redispatch(doing: Doing) -> str:
    unit = doing.given["unit_code"]
    sent = actions.redispatch(
        item_code=doing.given["item_code"].strip(),
        unit_code=unit.code if unit else "",
        reason=doing.given["reason"],
        **doing.common,
    )
    return _("Sent on to %(unit)s.") % {"unit": sent.unit}


def _note(doing: Doing) -> str:
    actions.note(number=doing.incident.number, text=doing.given["text"], actor=doing.actor, at=doing.at)
    return _("Noted.")


def _supervise(doing: Doing) -> str:
    given = actions.supervise(words=doing.given["words"], answer_by=doing.given["answer_by"], **doing.common)
    return _("Order %(number)s given.") % {"number": given.number}


def _answer_order(doing: Doing) -> str:
    actions.answer_order(text=doing.given["text"], **doing.common)
    return _("Order answered.")


def _lift_order(doing: Doing) -> str:
    actions.lift_order(reason=doing.given["reason"], **doing.common)
    return _("Order lifted.")


def _nudge(doing: Doing) -> str:
    actions.nudge(number=doing.incident.number, actor=doing.actor, at=doing.at)
    return _("Urged.")


def _answer(doing: Doing) -> str:
    actions.answer(text=doing.given["text"], article=doing.given["article"], **doing.common)
    return _("%(number)s answered and closed.") % {"number": doing.incident.number}


def _reject(doing: Doing) -> str:
    actions.reject(reason=doing.given["reason"], **doing.common)
    return _("%(number)s turned away.") % {"number": doing.incident.number}


def _false_alarm(doing: Doing) -> str:
    actions.false_alarm(reason=doing.given["reason"], **doing.common)
    return _("Recorded as a false alarm; the words that raised it are counted.")


def _unmerge(doing: Doing) -> str:
    actions.unmerge(number=doing.incident.number, actor=doing.actor, at=doing.at)
    return _("Taken out again: the case is on the desk.")


def _photo(doing: Doing) -> str:
    photos = kept_photos(doing, doing.given["stage"])
    if not photos:
        raise InvalidInput("photos", "required", _("Choose at least one photo."))
    add_photos(doing, photos, doing.given["stage"])
    return _("Photos added.")


STEPS: dict[str, Step] = {
    **request_steps.STEPS,
    **contact_steps.STEPS,
    **handling_steps.STEPS,
    **dispute_steps.STEPS,
    **level_steps.STEPS,
    **support_steps.STEPS,
    **oversight_steps.STEPS,
    **upstream_steps.STEPS,
    "accept": Step(Action.ACCEPT, gettext_lazy("Accept"), gettext_lazy("Accept"), _accept),
    "request-return": Step(
        Action.REQUEST_RETURN,
        gettext_lazy("Ask to return"),
        gettext_lazy("Ask the centre to take it back"),
        _request_return,
        forms.ReturnForm,
        danger=True,
        warning=gettext_lazy("The clocks run on until the centre agrees. Two returns make it a dispute."),
    ),
    "decide-return": Step(
        Action.DECIDE_RETURN,
        gettext_lazy("Answer the return"),
        gettext_lazy("Answer"),
        _decide_return,
        forms.AnswerReturnForm,
    ),
    "verify": Step(
        Action.VERIFY,
        gettext_lazy("Verify"),
        gettext_lazy("Record the result"),
        _verify,
        forms.VerifyForm,
        photos=True,
    ),
    "close": Step(
        Action.CLOSE,
        gettext_lazy("Close without a check"),
        gettext_lazy("Close the case"),
        _close,
        forms.ReasonForm,
    ),
    "reopen": Step(
        Action.REOPEN, gettext_lazy("Reopen"), gettext_lazy("Reopen the case"), _reopen, forms.ReopenForm
    ),
    "redispatch": Step(
        Action.REDISPATCH,
        gettext_lazy("Send elsewhere"),
        gettext_lazy("Send it there"),
        _redispatch,
        forms.RedispatchForm,
    ),
    "supervise": Step(
        Action.SUPERVISE,
        gettext_lazy("Order to act"),
        gettext_lazy("Give the order"),
        _supervise,
        forms.SuperviseForm,
    ),
    "answer-order": Step(
        Action.ANSWER_ORDER,
        gettext_lazy("Answer the order"),
        gettext_lazy("Send the answer"),
        _answer_order,
        forms.AnswerOrderForm,
    ),
    "lift-order": Step(
        Action.LIFT_ORDER,
        gettext_lazy("Lift the order"),
        gettext_lazy("Lift the order"),
        _lift_order,
        forms.ReasonForm,
        danger=True,
    ),
    "nudge": Step(Action.NUDGE, gettext_lazy("Urge the unit"), gettext_lazy("Urge the unit"), _nudge),
    "note": Step(
        Action.NOTE, gettext_lazy("Internal note"), gettext_lazy("Save the note"), _note, forms.NoteForm
    ),
    "answer": Step(
        Action.ANSWER,
        gettext_lazy("Answer directly"),
        gettext_lazy("Answer and close"),
        _answer,
        forms.AnswerForm,
    ),
    "reject": Step(
        Action.REJECT,
        gettext_lazy("Not accepted"),
        gettext_lazy("Turn it away"),
        _reject,
        forms.RejectForm,
        danger=True,
    ),
    "false-alarm": Step(
        Action.FALSE_ALARM,
        gettext_lazy("False alarm"),
        gettext_lazy("There is no danger"),
        _false_alarm,
        forms.ReasonForm,
    ),
    "unmerge": Step(
        Action.UNMERGE,
        gettext_lazy("Take apart again"),
        gettext_lazy("Take apart again"),
        _unmerge,
        forms.UnmergeForm,
    ),
    "photo": Step(
        Action.NOTE,
        gettext_lazy("Add photos"),
        gettext_lazy("Save the photos"),
        _photo,
        forms.PhotoForm,
        photos=True,
    ),
}


def step_form(incident: Incident, step: str, *, user: User, at: datetime) -> forms.ActionForm:
    """A fresh form of that step, for a sheet on the case page."""
    return STEPS[step].form(
        incident=incident,
        user=user,
        at=at,
        initial={"seen_version": incident.version},
        auto_id=f"id_{step}_%s",
    )


def drafts_of(incident: Incident, step: str) -> str:
    """Names of the drafts that a device may forget once this step is done."""
    form = STEPS[step].form
    return " ".join(forms.draft_name(incident, form, name) for name in form.base_fields)
