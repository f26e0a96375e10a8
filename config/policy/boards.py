"""Boards, screens, briefs, warnings, projects, scores, learning and data: who reads which numbers."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.rules import (
    ABOVE,
    ANYWHERE,
    CENTRES,
    CONCERNED,
    DISTRICT,
    DISTRICT_AND_UNIT,
    NOT_OTHER_STREETS,
    PUBLIC,
    UNIT,
    Rule,
    each,
)
from config.policy.sections import Section, apart, both, reads, writes

_CUT: Final = _("Everybody's own: the district's numbers, a street's, or a unit's.")
_LEADING: Final = (Role.LEADER, Role.SUPERVISOR)
_WATCHING: Final = (*_LEADING, Role.DISPATCHER, Role.OPERATOR)
_BOARDS: Final = (*_WATCHING, Role.HANDLER)

STAFF: Final = Rule(each(Role))
DATA_ASKED: Final = STAFF

NUMBERS: Final = Rule(each(_BOARDS), note=_CUT)
_A_STREETS: Final = {**each(_WATCHING, NOT_OTHER_STREETS), Role.HANDLER: ANYWHERE}

BRIEFS: Final = Rule(each(_LEADING), note=_CUT)
_BRIEF_SEEN: Final = each(_LEADING, ABOVE)
_BRIEF_DOOR: Final = each(_LEADING)
THE_BRIEF: Final = Rule(_BRIEF_SEEN, door=_BRIEF_DOOR, seen=_BRIEF_SEEN)
THE_BRIEF_WRITTEN: Final = Rule({Role.SUPERVISOR: ABOVE}, door=_BRIEF_DOOR, seen=_BRIEF_SEEN)
FORECAST: Final = Rule(each(_LEADING, CENTRES))
LEARNING: Final = Rule(each((Role.STEWARD, *_LEADING)), note=_CUT)

WARNINGS: Final = Rule(each(_WATCHING, CENTRES), note=_CUT)
RULES_KEPT: Final = Rule({Role.SUPERVISOR: CENTRES}, note=_("A street's supervisor for that street alone."))

_WARNED: Final = each(_WATCHING, CENTRES)
_WARNING_SEEN: Final = each(_WATCHING, ABOVE)
THE_WARNING: Final = Rule(_WARNING_SEEN, door=_WARNED, seen=_WARNING_SEEN)
THE_WARNING_ACTED: Final = Rule({Role.SUPERVISOR: ABOVE}, door=_WARNED, seen=_WARNING_SEEN)
_SUPERVISORS_DOOR: Final = {Role.SUPERVISOR: CENTRES}
_WARNING_PAGE_ACTED: Final = Rule({Role.SUPERVISOR: ABOVE}, door=_SUPERVISORS_DOOR, seen=_WARNING_SEEN)

# Whoever has no warnings at all sees none here either.
_WARNING_BEGUN: Final = Rule({Role.SUPERVISOR: ABOVE}, door=each((Role.SUPERVISOR,)), seen=_WARNING_SEEN)

_PROJECT_DOOR: Final = each(_BOARDS)
_PROJECT: Final = {**each(_WATCHING, CONCERNED), Role.HANDLER: UNIT}
PROJECT_SEEN: Final = Rule(_PROJECT, door=_PROJECT_DOOR, seen=_PROJECT)
PROJECT_WORKED: Final = Rule(
    {**each((Role.HANDLER, Role.LEADER), UNIT), Role.SUPERVISOR: ABOVE}, door=_PROJECT_DOOR, seen=_PROJECT
)
PROJECT_KEPT: Final = Rule({Role.SUPERVISOR: ABOVE}, door=_PROJECT_DOOR, seen=_PROJECT)
_PROJECT_PAGE_KEPT: Final = Rule({Role.SUPERVISOR: ABOVE}, door=each((Role.SUPERVISOR,)), seen=_PROJECT)

_PUBLISHING: Final = Rule({Role.SUPERVISOR: DISTRICT})
_APPEAL_SEEN: Final = {
    Role.HANDLER: UNIT,
    Role.LEADER: DISTRICT_AND_UNIT,
    Role.SUPERVISOR: DISTRICT,
}

_DATA_OWNER: Final = {Role.SUPERVISOR: DISTRICT}
DATA_OWNED: Final = Rule(_DATA_OWNER)
DATA_ANSWERED: Final = Rule(
    _DATA_OWNER, seen=_DATA_OWNER, note=_("Whoever owns the data set; a request is seen by who asked, too.")
)
DATA_CANCELLED: Final = Rule(seen=_DATA_OWNER, note=_("Only who asked."))
DATA_ROWS: Final = Rule(
    _DATA_OWNER, tokens=frozenset(), note=_("What is open, and what was granted to a person or a system.")
)

SECTIONS: Final = (
    Section(
        _("Boards and screens"),
        {
            **reads(NUMBERS, "board", "board-data", "board-values", "board-cases"),
            **reads(Rule(_A_STREETS, seen=_A_STREETS, door=_PROJECT_DOOR), "board-street"),
            **reads(Rule(each((*_BOARDS, Role.STEWARD))), "board-definitions"),
            **reads(
                Rule(
                    each(_WATCHING, CENTRES),
                    note=_("And a screen that was left running, without a sign-in, for its own area."),
                ),
                "screen",
            ),
            **reads(Rule(each(_WATCHING, ABOVE)), "screen-area", "screen-live"),
            **both(Rule(each(_LEADING, CENTRES)), "screen-running"),
            **writes(Rule(each(_LEADING, ABOVE)), "screen-end"),
            **reads(FORECAST, "forecast", "forecast-data"),
            **reads(Rule(each(_LEADING)), "simulation"),
        },
    ),
    Section(
        _("Briefs"),
        {
            **reads(BRIEFS, "briefs"),
            **reads(THE_BRIEF, "brief", "brief-pdf", "brief-xlsx"),
            **writes(THE_BRIEF, "brief-subscribe"),
            **both(
                Rule({Role.SUPERVISOR: ABOVE}, door=each((Role.SUPERVISOR,)), seen=_BRIEF_SEEN), "brief-write"
            ),
            **writes(
                Rule({Role.SUPERVISOR: ABOVE}, door=each((Role.SUPERVISOR,)), seen=_BRIEF_SEEN),
                "brief-issue",
                "brief-revise",
            ),
        },
    ),
    Section(
        _("Early warning and projects"),
        {
            **reads(WARNINGS, "warnings", "warnings-where", "warnings-where-values", "repeat-rules"),
            **apart(RULES_KEPT, Rule({Role.SUPERVISOR: ABOVE}), "repeat-rule-new"),
            **apart(WARNINGS, Rule({Role.SUPERVISOR: DISTRICT}), "repeat-rule"),
            **apart(WARNINGS, Rule({Role.SUPERVISOR: ABOVE}), "repeat-rule-street"),
            **reads(THE_WARNING, "warning"),
            **apart(THE_WARNING, THE_WARNING_ACTED, "warning-cases"),
            **writes(_WARNING_PAGE_ACTED, "warning-claim", "warning-release"),
            **both(_WARNING_PAGE_ACTED, "warning-judge", "warning-dismiss"),
            **both(_WARNING_BEGUN, "warning-project"),
            **reads(NUMBERS, "projects"),
            **apart(PROJECT_SEEN, PROJECT_WORKED, "project"),
            **reads(PROJECT_SEEN, "project-cases"),
            **writes(_PROJECT_PAGE_KEPT, "project-status"),
            **both(PROJECT_KEPT, "project-owner", "project-finish"),
            **both(PROJECT_WORKED, "project-item-drop"),
            **writes(PROJECT_WORKED, "project-item-done"),
        },
    ),
    Section(
        _("Scores"),
        {
            **reads(NUMBERS, "scoring", "scoring-period", "scoring-exclusions"),
            **both(Rule({Role.LEADER: ANYWHERE}, note=_("For the unit that one heads.")), "scoring-appeal"),
            **apart(
                Rule(_APPEAL_SEEN, door=_PROJECT_DOOR, seen=_APPEAL_SEEN),
                Rule({Role.SUPERVISOR: DISTRICT}, door=_PROJECT_DOOR, seen=_APPEAL_SEEN),
                "scoring-ruling",
            ),
            **writes(_PUBLISHING, "scoring-publish", "scoring-revise"),
            **reads(PUBLIC, "public-league"),
        },
    ),
    Section(
        _("Learning from cases"),
        {
            **reads(LEARNING, "learning", "learning-item", "learning-cases"),
            **both(Rule({Role.STEWARD: DISTRICT_AND_UNIT}), "learning-draft"),
        },
    ),
    Section(
        _("Data sets"),
        {
            **reads(STAFF, "data", "data-requests", "data-set"),
            **both(STAFF, "data-ask"),
            **both(DATA_ANSWERED, "data-request"),
            **reads(DATA_OWNED, "data-usage"),
            **both(DATA_OWNED, "data-rule"),
            **reads(DATA_ROWS, "data-file"),
        },
    ),
)
