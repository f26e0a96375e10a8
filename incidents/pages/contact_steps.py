"""Steps of speaking with people: the reporter before and after, the unit in an emergency."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Action
from incidents import actions
from incidents.pages import contact_forms
from incidents.pages.doing import Doing, Step


def _contact(doing: Doing) -> str:
    given = doing.given
    actions.contact(
        reached=given["reached"],
        text=given["text"],
        happened_at=doing.happened(),
        **doing.common,
    )
    return _("Recorded: the reporter was reached.") if given["reached"] else _("Recorded: not reached.")


def _ask_reporter(doing: Doing) -> str:
    actions.ask_reporter(question=doing.given["question"], **doing.common)
    return _("Asked. The clock waits for the answer.")


def _phone(doing: Doing) -> str:
    given = doing.given
    actions.phone(
        reached=given["reached"],
        taken_by=given["form"].taken_by() if given["reached"] else "",
        happened_at=given["form"].happened(doing.at),
        text=given["text"],
        **doing.common,
    )
    return _("Recorded: the unit has accepted.") if given["reached"] else _("Recorded: nobody answered.")


def _call_back(doing: Doing) -> str:
    given = doing.given
    actions.call_back(
        report_id=given["report"],
        reached=given["form"].is_reached,
        outcome=given["outcome"],
        answers=given["form"].answers(),
        text=given["text"],
        recording=given["recording"],
        again_at=given["form"].again,
        **doing.common,
    )
    return _("The call is recorded.")


STEPS: Mapping[str, Step] = {
    "contact": Step(
        Action.CONTACT,
        gettext_lazy("Record a contact"),
        gettext_lazy("Record it"),
        _contact,
        contact_forms.ContactForm,
    ),
    "ask-reporter": Step(
        Action.ASK_REPORTER,
        gettext_lazy("Ask the reporter"),
        gettext_lazy("Ask"),
        _ask_reporter,
        contact_forms.AskReporterForm,
    ),
    "phone": Step(
        Action.PHONE,
        gettext_lazy("Record the emergency call"),
        gettext_lazy("Record it"),
        _phone,
        contact_forms.PhoneForm,
    ),
    "call-back": Step(
        Action.CALL_BACK,
        gettext_lazy("Record a callback"),
        gettext_lazy("Record it"),
        _call_back,
        contact_forms.CallBackForm,
    ),
}
