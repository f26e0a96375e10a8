"""Cases, and what people of units and centres have before them beside the desk."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.acts import CASE_ROLES, DESK, SEEN
from config.policy.rest import INSTRUCTION_SEEN
from config.policy.rules import ABOVE, ANYWHERE, CENTRES, DISTRICT, SIGNED_IN, UNIT, People, Rule, each
from config.policy.sections import Section, both, reads, writes
from incidents.pages.mediation_steps import STEPS as MEDIATION_STEPS

_READING: Final = each((*CASE_ROLES, Role.STEWARD))
_OF_CASES: Final = each(CASE_ROLES)
_CUT: Final = _("Of cases only those that one sees.")
_LISTS: Final = Rule(_READING, note=_CUT)
_READ: Final[People] = {role: where for role, where in SEEN.items() if role != Role.PATROL}
_CASE: Final = Rule(SEEN, door=each((*CASE_ROLES, Role.STEWARD, Role.PATROL)), seen=SEEN)
_CASE_READ: Final = Rule(_READ, door=_READING, seen=SEEN)
_UNMASKED: Final = Rule({**each(DESK, ABOVE), Role.HANDLER: UNIT}, door=_READING, seen=SEEN)
_SCANS: Final = Rule({**each(DESK, ABOVE), Role.HANDLER: UNIT}, door=_OF_CASES, seen=SEEN)
_INBOX: Final = Rule({Role.HANDLER: ANYWHERE}, note=_CUT)
_SUPERVISION: Final = Rule({Role.SUPERVISOR: ANYWHERE}, note=_CUT)
_OWN: Final = _("One's own alone.")

_FILE: Final = Rule(_READ, door=_READING, seen=SEEN)
_FILE_KEPT: Final = Rule({Role.HANDLER: UNIT}, door=_OF_CASES, seen=SEEN)
_FILE_FOLLOWED: Final = Rule({Role.HANDLER: UNIT, Role.SUPERVISOR: ABOVE}, door=_OF_CASES, seen=SEEN)
_FOLLOWED: Final = ("follow-up", "earlier", "scans")

_GIVING: Final = (Role.LEADER, Role.SUPERVISOR)
_INSTRUCTED: Final = each((*_GIVING, Role.HANDLER))

# Answers kept for a unit, by whoever works there.
_CANNED: Final = Rule(each(CASE_ROLES, UNIT), door=_OF_CASES, seen=each(CASE_ROLES, UNIT))
_ROSTER: Final = Rule(
    {**each((Role.HANDLER, Role.LEADER)), **each((Role.DISPATCHER, Role.SUPERVISOR), DISTRICT)}
)
_SHIFT: Final = Rule(
    {**each((Role.HANDLER, Role.LEADER), UNIT), **each((Role.DISPATCHER, Role.SUPERVISOR), DISTRICT)}
)
_NOTICE: Final = Rule(ones_own=True, note=_OWN)
_PICTURE: Final = Rule(
    public=True,
    note=_("By a signed address, or by whoever sees the case: for others there is no such picture."),
)
_LETTER: Final = Rule(each(_GIVING, ABOVE), door=each(_GIVING), seen=each(_GIVING, ABOVE))

SECTIONS: Final = (
    Section(
        _("Cases"),
        {
            **reads(_LISTS, "cases", "cases-map", "cases-map-points"),
            **both(_LISTS, "search"),
            **reads(_CASE, "case"),
            **reads(_CASE_READ, "case-why", "case-paper", "case-pdf"),
            **writes(_UNMASKED, "case-unmask"),
            **writes(_SCANS, "petition-scan"),
            **writes(Rule(_READING, note=_OWN), "view-save", "view-remove"),
            **reads(_PICTURE, "attachment"),
        },
    ),
    Section(
        _("Inbox, rosters, answers"),
        {
            **reads(_INBOX, "inbox", "inbox-map", "inbox-map-points"),
            **both(Rule(_OF_CASES), "canned"),
            **both(_CANNED, "canned-change"),
            **writes(_CANNED, "canned-remove"),
            **writes(SIGNED_IN, "submission-photo"),
            **reads(Rule(_OF_CASES), "duty"),
            **both(_ROSTER, "duty-add"),
            **writes(_ROSTER, "duty-copy"),
            **both(_SHIFT, "duty-change"),
            **writes(_SHIFT, "duty-remove"),
            **reads(_NOTICE, "notice"),
            **writes(_NOTICE, "notice-read"),
        },
    ),
    Section(
        _("Supervision"),
        {
            **reads(
                _SUPERVISION, "supervision", "supervision-map", "supervision-map-points", "joins", "orders"
            ),
            **writes(_SUPERVISION, "supervision-order", "supervision-urge"),
            **reads(Rule(each((Role.SUPERVISOR, Role.STEWARD)), note=_CUT), "alarms"),
        },
    ),
    Section(
        _("Instructions and letters to the secretary"),
        {
            **reads(Rule(_INSTRUCTED, note=_OWN), "instructions"),
            **both(Rule(each(_GIVING, CENTRES)), "instruction-new"),
            **reads(Rule(INSTRUCTION_SEEN, door=_INSTRUCTED, seen=INSTRUCTION_SEEN), "instruction"),
            **writes(Rule(INSTRUCTION_SEEN, door=_INSTRUCTED, seen=INSTRUCTION_SEEN), "instruction-report"),
            **writes(
                Rule(each(_GIVING, DISTRICT), door=each(_GIVING), seen=INSTRUCTION_SEEN),
                "instruction-judge",
                "instruction-withdraw",
            ),
            **reads(Rule(each(_GIVING), note=_OWN), "letters"),
            **reads(_LETTER, "letter"),
            **writes(_LETTER, "letter-reply"),
        },
    ),
    Section(
        _("Mediation"),
        {
            **reads(_LISTS, "mediations"),
            **reads(_FILE, "mediation"),
            **both(_FILE_KEPT, "mediation-new"),
            **writes(_FILE_FOLLOWED, "mediation-read", "mediation-pdf", "mediation-scan"),
            **both(
                _FILE_KEPT,
                *(f"mediation-act[{word}]" for word in MEDIATION_STEPS if word not in _FOLLOWED),
            ),
            **both(_FILE_FOLLOWED, *(f"mediation-act[{word}]" for word in _FOLLOWED)),
        },
    ),
)
