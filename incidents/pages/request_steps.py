"""Steps about a case's time: ask for more, let it stand still, appeal, countersign; and the answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Action
from incidents import actions
from incidents.pages import contact_forms, request_forms
from incidents.pages.doing import Doing, Step


def _asked(doing: Doing, action: Any) -> str:
    action(until=doing.given["form"].chosen(), reason=doing.given["reason"], **doing.common)
    return _("Asked for. Until it is answered the clock runs on.")


def _decided(doing: Doing, action: Any) -> str:
    agreed = doing.given["agreed"]
    until = doing.given["form"].chosen() if agreed else None
    action(agreed=agreed, until=until, reason=doing.given["reason"], **doing.common)
    return _("Agreed.") if agreed else _("Refused.")


def _resume(doing: Doing) -> str:
    actions.resume(reason=doing.given["reason"], **doing.common)
    return _("Taken up again: the clock goes on.")


def _appeal(doing: Doing) -> str:
    actions.appeal(reason=doing.given["reason"], timer=doing.given["timer"], **doing.common)
    return _("Appealed. The district's supervisors answer.")


def _decide_appeal(doing: Doing) -> str:
    agreed = doing.given["agreed"]
    actions.decide_appeal(agreed=agreed, reason=doing.given["reason"], **doing.common)
    return _("Agreed: the breach does not count.") if agreed else _("Refused: the breach counts.")


def _countersign(doing: Doing) -> str:
    agreed = doing.given["agreed"]
    actions.countersign(fact=doing.given["fact"], agreed=agreed, reason=doing.given["reason"], **doing.common)
    return _("Countersigned.") if agreed else _("Refused.")


STEPS: Mapping[str, Step] = {
    "request-extension": Step(
        Action.REQUEST_EXTENSION,
        gettext_lazy("Ask for more time"),
        gettext_lazy("Ask for it"),
        lambda doing: _asked(doing, actions.request_extension),
        request_forms.RequestExtensionForm,
    ),
    "decide-extension": Step(
        Action.DECIDE_EXTENSION,
        gettext_lazy("Answer: more time"),
        gettext_lazy("Answer"),
        lambda doing: _decided(doing, actions.decide_extension),
        request_forms.DecideExtensionForm,
    ),
    "request-suspension": Step(
        Action.REQUEST_SUSPENSION,
        gettext_lazy("Ask to suspend it"),
        gettext_lazy("Ask for it"),
        lambda doing: _asked(doing, actions.request_suspension),
        request_forms.RequestSuspensionForm,
    ),
    "decide-suspension": Step(
        Action.DECIDE_SUSPENSION,
        gettext_lazy("Answer: suspension"),
        gettext_lazy("Answer"),
        lambda doing: _decided(doing, actions.decide_suspension),
        request_forms.DecideSuspensionForm,
    ),
    "resume": Step(
        Action.RESUME,
        gettext_lazy("Take it up again"),
        gettext_lazy("Take it up again"),
        _resume,
        contact_forms.ResumeForm,
    ),
    "appeal": Step(
        Action.APPEAL,
        gettext_lazy("Appeal a breach"),
        gettext_lazy("Appeal"),
        _appeal,
        request_forms.AppealForm,
    ),
    "decide-appeal": Step(
        Action.DECIDE_APPEAL,
        gettext_lazy("Answer the appeal"),
        gettext_lazy("Answer"),
        _decide_appeal,
        request_forms.DecideAppealForm,
    ),
    "countersign": Step(
        Action.COUNTERSIGN,
        gettext_lazy("Countersign a late entry"),
        gettext_lazy("Answer"),
        _countersign,
        request_forms.CountersignForm,
    ),
}
