"""The triage desk and what a centre does beside it: calls, release, councils, letters, knowledge, patrols."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.acts import CASE_ROLES, DESK, OVERSIGHT, SEEN
from config.policy.rules import (
    ABOVE,
    ANYWHERE,
    CENTRES,
    CONCERNED,
    DISTRICT,
    DISTRICT_AND_UNIT,
    STREET,
    UNIT,
    Rule,
    each,
)
from config.policy.sections import Section, apart, both, reads, writes

_DOOR: Final = each(DESK)
_CUT: Final = _("Of cases only those that one sees.")
_QUEUE: Final = Rule(_DOOR, note=_CUT)
# What lies on the desk is no unit's yet.
_ON_DESK: Final = Rule(each(DESK, ABOVE), door=_DOOR, seen=each(DESK, ABOVE))
_DISTRICTS: Final = Rule(each(DESK, DISTRICT), door=_DOOR, seen=each(DESK, ABOVE))
_RELEASED: Final = Rule(each(DESK, CONCERNED), door=_DOOR, seen=SEEN)
_RELEASE: Final = Rule(each(DESK, ABOVE), door=_DOOR, seen=SEEN)
_CALLS: Final = Rule(each(DESK, DISTRICT))
_IMPORTS: Final = Rule(each(DESK, DISTRICT), note=_("A file is seen by the centre that took it in."))
_PATROL: Final = Rule({Role.PATROL: ANYWHERE})

_COUNCILS: Final = (*DESK, Role.LEADER, Role.PATROL)
_COUNCIL: Final = Rule(each(_COUNCILS, ABOVE), door=each(_COUNCILS), seen=each(_COUNCILS, ABOVE))
_BLOCKS_DOOR: Final = each((Role.SUPERVISOR, Role.LEADER))
_BLOCKS: Final = Rule(
    each((Role.SUPERVISOR, Role.LEADER), ABOVE), door=_BLOCKS_DOOR, seen=each(_COUNCILS, ABOVE)
)
_KNOWLEDGE: Final = each((*CASE_ROLES, Role.STEWARD))
_STAFF: Final = each((*DESK, Role.HANDLER, Role.LEADER))
_WATCHED: Final = Rule({**each((*DESK, Role.LEADER), ABOVE)})
# How a desk works is for its own people, and for who answers for it; a centre of a street in these rows.
_SHARED: Final = Rule({**each((Role.OPERATOR, Role.DISPATCHER), STREET), Role.SUPERVISOR: ABOVE})
_SHARES_SET: Final = Rule({Role.SUPERVISOR: ABOVE})
_SAMPLED: Final = {
    **each((Role.OPERATOR, Role.DISPATCHER), STREET),
    **each((Role.SUPERVISOR, Role.LEADER), ABOVE),
}
_HANDED: Final = Rule(_SAMPLED)
_SAMPLE: Final = Rule(
    each((Role.SUPERVISOR, Role.LEADER), ABOVE),
    door=_SAMPLED,
    seen=each((Role.SUPERVISOR, Role.LEADER), ABOVE),
    note=_("And the operator whose work it is."),
)
_SAMPLE_SCORED: Final = Rule(
    {Role.SUPERVISOR: ABOVE}, door=_SAMPLED, seen=each((Role.SUPERVISOR, Role.LEADER), ABOVE)
)
_AUTHORS: Final = (Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER, Role.HANDLER)
_ARTICLE: Final = Rule(each(_AUTHORS, DISTRICT_AND_UNIT))
_PICKS: Final = Rule({**each(OVERSIGHT, CONCERNED), Role.HANDLER: UNIT}, door=_KNOWLEDGE, seen=SEEN)

_PRIVACY: Final = Rule(
    {Role.SUPERVISOR: DISTRICT}, note=_("Nobody carries out a request that they wrote down themselves.")
)

SECTIONS: Final = (
    Section(
        _("Triage desk"),
        {
            **reads(_QUEUE, "desk", "desk-queue"),
            **writes(_QUEUE, "desk-bulk", "desk-undo"),
            **reads(_ON_DESK, "desk-case", "desk-options"),
            **writes(_ON_DESK, "desk-here", "desk-gone"),
            **writes(_ON_DESK, "desk-send", "desk-claim", "desk-merge", "desk-talk"),
            **both(_ON_DESK, "desk-ask", "desk-correct", "desk-place"),
            **both(_DISTRICTS, "desk-split"),
            **reads(Rule(each((Role.DISPATCHER, Role.SUPERVISOR)), note=_CUT), "disputes"),
        },
    ),
    Section(
        _("Calls and release"),
        {
            **reads(_CALLS, "callbacks", "callback-queue"),
            **writes(_CALLS, "callback-take", "callback-leave"),
            **both(_CALLS, "callback"),
            **reads(_QUEUE, "release"),
            **apart(_RELEASED, _RELEASE, "release-case"),
        },
    ),
    Section(
        _("Residents' own data"),
        {
            **reads(_PRIVACY, "privacy", "privacy-one"),
            **both(_PRIVACY, "privacy-new"),
            **writes(_PRIVACY, "privacy-carry-out", "privacy-decline"),
        },
    ),
    Section(
        _("Letters, imports, councils"),
        {
            **reads(_CALLS, "petitions"),
            **both(_CALLS, "petition-new"),
            **both(_IMPORTS, "bulk-imports", "bulk-columns"),
            **reads(_IMPORTS, "bulk-sample", "bulk-import", "bulk-progress", "bulk-refused"),
            **writes(_IMPORTS, "bulk-act"),
            **reads(Rule(each(_COUNCILS), note=_("The blocks of one's own place.")), "councils"),
            **both(Rule(each(_COUNCILS)), "council-new"),
            **reads(_COUNCIL, "council-area", "council"),
            **writes(_COUNCIL, "council-plan", "council-members", "council-cancel"),
            **both(_BLOCKS, "council-blocks"),
            **writes(_BLOCKS, "council-blocks-undo", "council-role"),
        },
    ),
    Section(
        _("Centres"),
        {
            **reads(
                Rule(each((*DESK, Role.LEADER), CENTRES), note=_("And who works at a community's.")), "centre"
            ),
            **reads(_WATCHED, "centre-wall", "centre-board", "centre-line"),
            **reads(_HANDED, "centre-handover", "centre-quality"),
            **both(_HANDED, "centre-handover-write"),
            **writes(_HANDED, "centre-handover-take"),
            **apart(_SHARED, _SHARES_SET, "centre-shares"),
            **writes(_SHARED, "centre-share-away"),
            **writes(_SHARES_SET, "centre-quality-draw"),
            **apart(_SAMPLE, _SAMPLE_SCORED, "centre-quality-sample"),
        },
    ),
    Section(
        _("Knowledge base"),
        {
            **reads(Rule(_KNOWLEDGE), "knowledge", "knowledge-article"),
            **reads(_PICKS, "knowledge-picks"),
            **both(Rule(each(_AUTHORS)), "knowledge-new"),
            **both(_ARTICLE, "knowledge-edit"),
            **writes(_ARTICLE, "knowledge-retire"),
            **writes(Rule(each((Role.DISPATCHER, Role.SUPERVISOR), DISTRICT)), "knowledge-review"),
        },
    ),
    Section(
        _("Patrols"),
        {
            **reads(_PATROL, "patrol", "patrol-found"),
            **both(_PATROL, "patrol-report"),
            **writes(_PATROL, "patrol-guess"),
            **both(
                Rule(door={Role.PATROL: ANYWHERE}, seen={}, note=_("One's own finding alone.")), "patrol-fix"
            ),
            **both(Rule({Role.PATROL: UNIT}, door={Role.PATROL: ANYWHERE}, seen=SEEN), "patrol-check"),
            **reads(Rule(each((Role.PATROL, Role.HANDLER))), "patrol-offline"),
        },
    ),
)
