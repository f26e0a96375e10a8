"""REST v1 and Open311: people with their sign-in, other systems with their tokens."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.models import Scope
from accounts.roles import Role
from config.policy.acts import DESK, OVERSIGHT, SEEN
from config.policy.boards import (
    BRIEFS,
    DATA_ANSWERED,
    DATA_ASKED,
    DATA_CANCELLED,
    DATA_ROWS,
    FORECAST,
    LEARNING,
    NUMBERS,
    PROJECT_KEPT,
    PROJECT_SEEN,
    PROJECT_WORKED,
    RULES_KEPT,
    STAFF,
    THE_BRIEF,
    THE_BRIEF_WRITTEN,
    THE_WARNING,
    THE_WARNING_ACTED,
    WARNINGS,
)
from config.policy.rules import (
    ABOVE,
    ANY_TOKEN,
    ANYWHERE,
    DISTRICT,
    DISTRICT_AND_UNIT,
    PUBLIC,
    UNIT,
    People,
    Rule,
    each,
)
from config.policy.sections import Section, apart, both, reads, writes
from dispatch.vocabulary import Source

# 城管: the city's management of public space.
_CITY: Final = Source.PATROL
FILING: Final = (*DESK, Role.HANDLER, Role.PATROL)
_FILE: Final = frozenset({Scope.REPORT})
_READ: Final = frozenset({Scope.READ})
_STAFF: Final = each(Role, ANYWHERE)

_REFERENCE: Final = Rule(_STAFF, tokens=ANY_TOKEN)
_FILES: Final = Rule(each(FILING), tokens=_FILE, note=_("Each role for the doors that it stands at."))
_READERS_SEEN: Final[People] = {role: where for role, where in SEEN.items() if role != Role.PATROL}
_CASE: Final = Rule(SEEN, seen=SEEN, tokens=_READ, own_only=True)
_CASE_READ: Final = Rule(_READERS_SEEN, door=each(_READERS_SEEN), seen=SEEN, tokens=_READ, own_only=True)
_TOLD: Final = Rule(each(DESK, DISTRICT), seen={}, tokens=_FILE, own_only=True)
_IMPORTED_NEW: Final = Rule(each(DESK, DISTRICT), tokens=_FILE)
_IMPORTED: Final = Rule(each(DESK, DISTRICT), tokens=_FILE, own_only=True)
_ITS_OWN: Final = _("Only the system whose words these are.")


def _of(source: str, scopes: frozenset[Scope]) -> Rule:
    return Rule(tokens=scopes, source=source, note=_ITS_OWN)


# Mediations: by whoever sees the dispute, but for a patrol.
_DOOR: Final = each((*OVERSIGHT, Role.HANDLER))
_MEDIATIONS: Final = Rule(_DOOR)
_FILE_SEEN: Final = Rule(_READERS_SEEN, door=_DOOR, seen=SEEN)
_FILE_KEPT: Final = Rule({Role.HANDLER: UNIT}, door=_DOOR, seen=SEEN)
_FILE_FOLLOWED: Final = Rule({Role.HANDLER: UNIT, Role.SUPERVISOR: ABOVE}, door=_DOOR, seen=SEEN)

# Instructions: the office that gives them, the units that report.
_INSTRUCTING: Final = (Role.LEADER, Role.SUPERVISOR)
_INSTRUCTED: Final = each((*_INSTRUCTING, Role.HANDLER))
INSTRUCTION_SEEN: Final = {
    Role.HANDLER: UNIT,
    **each(_INSTRUCTING, DISTRICT_AND_UNIT),
}
INSTRUCTIONS: Final = Rule(_INSTRUCTED)
INSTRUCTION: Final = Rule(INSTRUCTION_SEEN, seen=INSTRUCTION_SEEN)
INSTRUCTION_JUDGED: Final = Rule(each(_INSTRUCTING, DISTRICT), seen=INSTRUCTION_SEEN)

_OPEN: Final = Rule(public=True, note=_("What is published of cases, as on the public pages."))
_OPEN_FILES: Final = Rule(
    public=True, note=_("With a key that may file through Open311; others are refused.")
)

_DEEDS_OF_A_FILE: Final = ("parties", "leave", "sessions", "agreement", "confirm", "end")

SECTIONS: Final = (
    Section(
        _("REST: reports and cases"),
        {
            **writes(_FILES, "api:reports", "api:report-batch", "api:attachments"),
            **writes(_IMPORTED_NEW, "api:imports"),
            **reads(_CASE, "api:report", "api:incident", "api:incident-timeline"),
            **reads(_CASE_READ, "api:incident-decisions"),
            **writes(_TOLD, "api:report-updates"),
            **reads(_IMPORTED, "api:import", "api:import-refused"),
            **writes(_IMPORTED, "api:import-cancel"),
            **reads(
                Rule(_STAFF, tokens=_READ, note=_("Of cases only those that one sees.")), "api:incidents"
            ),
            **writes(Rule(each((*DESK, Role.HANDLER))), "api:incident-callers"),
            **writes(_REFERENCE, "api:decisions"),
        },
    ),
    Section(
        _("REST: mediations and instructions"),
        {
            **reads(_MEDIATIONS, "api:mediations"),
            **apart(_FILE_SEEN, _FILE_KEPT, "api:incident-mediations"),
            **reads(_FILE_SEEN, "api:mediation"),
            **writes(_FILE_KEPT, *(f"api:mediation-{deed}" for deed in _DEEDS_OF_A_FILE)),
            **writes(
                _FILE_FOLLOWED,
                "api:mediation-follow-up",
                "api:mediation-earlier",
                "api:mediation-read",
                "api:mediation-scans",
                "api:mediation-take-out",
                "api:mediation-pdf",
            ),
            **apart(INSTRUCTIONS, Rule(each(_INSTRUCTING)), "api:instructions"),
            **reads(INSTRUCTION, "api:instruction"),
            **writes(INSTRUCTION, "api:instruction-report"),
            **writes(INSTRUCTION_JUDGED, "api:instruction-judge", "api:instruction-withdraw"),
        },
    ),
    Section(
        _("REST: numbers, warnings, data"),
        {
            **reads(NUMBERS, "kpis", "api-scoring", "api-scores"),
            **reads(FORECAST, "api-forecast"),
            **reads(LEARNING, "api-learning"),
            **reads(BRIEFS, "api-briefs"),
            **reads(THE_BRIEF, "api-brief", "api-brief-pdf", "api-brief-xlsx"),
            **both(THE_BRIEF_WRITTEN, "api-brief-words"),
            **writes(THE_BRIEF_WRITTEN, "api-brief-issue", "api-brief-revise"),
            **writes(THE_BRIEF, "api-brief-subscription"),
            **reads(WARNINGS, "api-warnings", "api-repeat-rule-history"),
            **apart(WARNINGS, RULES_KEPT, "api-repeat-rules"),
            **reads(THE_WARNING, "api-warning"),
            **writes(
                THE_WARNING_ACTED,
                *(
                    f"api-warning-{act}"
                    for act in ("claim", "release", "judge", "dismiss", "supervise", "project", "join")
                ),
            ),
            **reads(NUMBERS, "api-projects"),
            **reads(PROJECT_SEEN, "api-project", "api-project-problems"),
            **writes(PROJECT_WORKED, "api-project-items", "api-project-done", "api-project-drop"),
            **writes(PROJECT_KEPT, "api-project-owner", "api-project-status", "api-project-finish"),
            **reads(Rule(_STAFF, tokens=frozenset({Scope.DATA})), "api-datasets", "api-dataset"),
            **reads(DATA_ROWS, "api-dataset-rows", "api-dataset-file"),
            **reads(STAFF, "api-data-requests"),
            **writes(DATA_ASKED, "api-dataset-ask"),
            **writes(DATA_ANSWERED, "api-data-request-grant", "api-data-request-refuse"),
            **writes(DATA_ANSWERED, "api-data-request-withdraw"),
            **writes(DATA_CANCELLED, "api-data-request-cancel"),
        },
    ),
    Section(
        _("REST: what the district consists of"),
        {
            **reads(_REFERENCE, "api:categories", "api:areas", "api:units", "api:responsibility-items"),
            **reads(PUBLIC, "api:schema", "api:docs"),
            "api:nothing-here": {},
        },
    ),
    Section(
        _("REST: systems in their own words"),
        {
            **writes(_of(Source.HOTLINE, _FILE), "api:city-12345-orders", "api:city-12345-notices"),
            **reads(_of(Source.HOTLINE, _READ), "api:city-12345-feed"),
            **writes(_of(_CITY, _FILE), "api:city-management-orders", "api:city-management-notices"),
            **reads(_of(_CITY, _READ), "api:city-management-feed"),
            **writes(_of(Source.SENSOR, _FILE), "api:alerts-alertmanager", "api:alerts-cloudevents"),
            **reads(Rule(tokens=_READ), "api:report-feed"),
            **both(Rule(closed=True, note=_("Signed by WeChat.")), "api:wechat"),
        },
    ),
    Section(
        "Open311",
        {
            **reads(_OPEN, "open311-root", "open311-discovery", "open311-services", "open311-definition"),
            **apart(_OPEN, _OPEN_FILES, "open311-requests"),
            **reads(_OPEN, "open311-request", "open311-token"),
            **both(Rule(closed=True, note=_("Nothing is here.")), "open311-nowhere"),
        },
    ),
)
