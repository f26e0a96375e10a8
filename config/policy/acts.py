"""What may be done to a case: one rule for each deed, whether it is asked for by a page or by REST.

The words are those of `accounts.roles.Action`. The roles are written down here once more, on purpose: a role
added there opens nothing that this table does not know of. Whether a deed fits how the case stands, whether
its reporter is protected and who is party to a dispute is asked after that (incidents/policy.py).
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.rules import ABOVE, CONCERNED, DISTRICT, STREET, UNIT, People, Rule, each
from config.policy.sections import Section, both, writes
from incidents.api.acting import DEEDS as REST_DEEDS
from incidents.pages.steps import STEPS as CASE_STEPS

DESK: Final = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)
# Whose pages are about cases; by REST nobody is turned away for the role alone.
CASE_ROLES: Final = (*DESK, Role.HANDLER, Role.LEADER)
OVERSIGHT: Final = (*DESK, Role.LEADER, Role.STEWARD)
# Who sees a case: the centres above it and whoever oversees in its unit; and who works there.
SEEN: Final[People] = {**each(OVERSIGHT, CONCERNED), Role.HANDLER: UNIT, Role.PATROL: UNIT}

_UNITS: Final = {Role.HANDLER: UNIT}
_DESK: Final = each(DESK, ABOVE)
_DISTRICTS_DESK: Final = each(DESK, DISTRICT)
_RULING: Final = each((Role.DISPATCHER, Role.SUPERVISOR), DISTRICT)
_SUPERVISOR: Final = {Role.SUPERVISOR: ABOVE}
_CHECKERS: Final = _("Only the unit that was asked to check, and nobody of the unit that did the work.")
_ASKED: Final = _("Only the unit that was asked for help.")
_LATE: Final = _("Only a unit whose own time ran out.")
_FINDER: Final = _("Only the patrol whose own finding it is.")
_SECRETARYS: Final = _("Of the office that the letter went to.")

# Who may, by the deed's word.
DEEDS: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(
        (
            "claim",
            "release",
            "dispatch",
            "answer",
            "reject",
            "merge",
            "unmerge",
            "recall",
            "correct",
            "set-place",
            "ask-model",
            "reopen",
            "to-secretary",
            "publish",
            "withhold",
        ),
        Rule(_DESK, seen=SEEN),
    ),
    **dict.fromkeys(
        ("split", "false-alarm", "close", "call-back", "phone", "ask-upstream"),
        Rule(_DISTRICTS_DESK, seen=SEEN),
    ),
    **dict.fromkeys(("decide-return", "rule", "propose-change", "answer-upstream"), Rule(_RULING, seen=SEEN)),
    "decide-raise": Rule(
        _RULING, seen=SEEN, note=_("A street's centre too, where the case would come up to the street.")
    ),
    "redispatch": Rule(each((Role.DISPATCHER, Role.SUPERVISOR), ABOVE), seen=SEEN),
    **dict.fromkeys(
        ("decide-extension", "decide-suspension"),
        Rule(
            {Role.SUPERVISOR: DISTRICT},
            seen=SEEN,
            note=_("A street's supervisor too, for units of that street."),
        ),
    ),
    **dict.fromkeys(("decide-appeal", "countersign"), Rule({Role.SUPERVISOR: DISTRICT}, seen=SEEN)),
    **dict.fromkeys(
        (
            "accept",
            "request-return",
            "resolve",
            "request-extension",
            "request-suspension",
            "request-raise",
            "make-safe",
            "ask-reporter",
            "object",
            "withdraw-objection",
        ),
        Rule(_UNITS, seen=SEEN),
    ),
    **dict.fromkeys(
        ("invite-support", "release-support"),
        Rule({**_UNITS, **each((Role.DISPATCHER, Role.SUPERVISOR), ABOVE)}, seen=SEEN),
    ),
    "resume": Rule({**_UNITS, **_SUPERVISOR}, seen=SEEN),
    **dict.fromkeys(
        ("contact", "message", "note", "unmask", "open-document", "add-photo", "photo"),
        Rule({**_UNITS, **_DESK}, seen=SEEN),
    ),
    **dict.fromkeys(("supervise", "lift-order", "raise-order", "nudge"), Rule(_SUPERVISOR, seen=SEEN)),
    **dict.fromkeys(("answer-order", "assign"), Rule(each((Role.HANDLER, Role.LEADER), UNIT), seen=SEEN)),
    "draft-reply": Rule(each((Role.SUPERVISOR, Role.LEADER), STREET), seen=SEEN, note=_SECRETARYS),
    "sign-reply": Rule({Role.LEADER: STREET}, seen=SEEN, note=_SECRETARYS),
    "verify": Rule(seen=SEEN, note=_CHECKERS),
    "fix-on-spot": Rule(seen=SEEN, note=_FINDER),
    **dict.fromkeys(("answer-support", "decline-support"), Rule(seen=SEEN, note=_ASKED)),
    "appeal": Rule(seen=SEEN, note=_LATE),
}


def _of_page(rule: Rule) -> Rule:
    """The same deed on a page, which only people of cases open."""
    return Rule(rule.people, door=each(CASE_ROLES), seen=SEEN, note=rule.note)


_ON_PAGES: Final = {word: _of_page(rule) for word, rule in DEEDS.items()}

SECTIONS: Final = (
    Section(
        _("What is done to a case"),
        {
            **{
                key: row
                for word in CASE_STEPS
                if word in _ON_PAGES
                for key, row in both(_ON_PAGES[word], f"case-act[{word}]").items()
            },
            **{
                key: row
                for word, rule in DEEDS.items()
                if word in REST_DEEDS
                for key, row in writes(rule, f"api:incident-{word}").items()
            },
        },
    ),
)
