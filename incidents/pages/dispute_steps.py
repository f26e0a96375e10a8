"""Steps about whose job a case is: object, take it back, rule, and propose the change of the list."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Action
from incidents import actions
from incidents.pages.dispute_forms import ObjectForm, RuleForm
from incidents.pages.doing import Doing, Step
from incidents.pages.forms import ReasonForm


def _object(doing: Doing) -> str:
    form, unit = doing.given["form"], doing.given["proposed_unit"]
    actions.raise_objection(
        reason=form.sentence(),
        cites=doing.given["cites"],
        proposed_unit=unit.code if unit else "",
        **doing.common,
    )
    return _("Objected. Go on working: the case and its clocks stay with you until the ruling.")


def _withdraw(doing: Doing) -> str:
    actions.withdraw_objection(reason=doing.given["reason"], **doing.common)
    return _("Taken back: the case is yours.")


def _rule(doing: Doing) -> str:
    item, unit = doing.given["form"].chosen()
    ruled = actions.rule(ruling=doing.given["ruling"], item_code=item, unit_code=unit, **doing.common)
    return _("Ruled: %(unit)s does it.") % {"unit": ruled.unit}


def _propose(doing: Doing) -> str:
    proposed = actions.propose_change(**doing.common)
    assert proposed.suggested_list is not None
    return _("Proposed for the list: draft %(version)s.") % {"version": proposed.suggested_list.version}


STEPS: Mapping[str, Step] = {
    "object": Step(
        Action.OBJECT,
        gettext_lazy("Object: not our job"),
        gettext_lazy("Ask for a ruling"),
        _object,
        ObjectForm,
    ),
    "withdraw-objection": Step(
        Action.WITHDRAW_OBJECTION,
        gettext_lazy("Take the objection back"),
        gettext_lazy("Take it back"),
        _withdraw,
        ReasonForm,
    ),
    "rule": Step(Action.RULE, gettext_lazy("Rule whose job it is"), gettext_lazy("Rule"), _rule, RuleForm),
    "propose-change": Step(
        Action.PROPOSE_CHANGE,
        gettext_lazy("Propose the change of the list"),
        gettext_lazy("Propose it"),
        _propose,
    ),
}
