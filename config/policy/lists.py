"""The responsibility list, its versions and imports, rehearsals, and the registers of places and things."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.rules import ANYWHERE, DISTRICT, PUBLIC, Rule, each
from config.policy.sections import Section, both, reads, writes
from dispatch.pages.steps import STEPS

_STAFF: Final = Rule(each(Role))
_DRAFTED: Final = each((Role.STEWARD, Role.ADMIN))
# What decides or decided is everybody's to read; what is being written, of those who write it.
_DRAFT: Final = Rule(
    _DRAFTED,
    seen=_DRAFTED,
    note=_(
        "A draft. A version that decides or has decided is read by the whole staff, and changed by nobody."
    ),
)
_STEWARDS: Final = Rule({Role.STEWARD: ANYWHERE})
_NEW: Final = Rule(each(Role), note=_("Begun by stewards alone: others are led back to the list."))
_IMPORT: Final = {Role.STEWARD: DISTRICT}
_ONES_IMPORT: Final = Rule(
    _IMPORT, door={Role.STEWARD: ANYWHERE}, seen=_IMPORT, note=_("And whoever sent the file.")
)
_REGISTERS: Final = each((Role.ADMIN, Role.STEWARD))
_KEPT: Final = {Role.ADMIN: ANYWHERE, Role.STEWARD: DISTRICT}
_REGISTER: Final = Rule(_REGISTERS)
_REGISTER_KEPT: Final = Rule(_KEPT)
_REGISTER_IMPORT: Final = Rule(_KEPT, door=_REGISTERS, seen=_KEPT)

SECTIONS: Final = (
    Section(
        _("Responsibility list"),
        {
            **both(_STAFF, "try-sentence"),
            **reads(_STAFF, "lists", "item-history"),
            **both(_NEW, "list-new"),
            **reads(Rule(each((Role.STEWARD, Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER))), "classifier"),
            **reads(
                _DRAFT,
                "list",
                "list-rows",
                "list-changes",
                "list-findings",
                "list-findings-panel",
                "list-export",
            ),
            **both(_DRAFT, "list-item-add", "list-item"),
            **writes(
                Rule({Role.STEWARD: ANYWHERE}, seen={Role.STEWARD: ANYWHERE}),
                "list-new-item-check",
                "list-item-check",
            ),
            **both(_DRAFT, *(f"list-step[{name}]" for name in STEPS)),
        },
    ),
    Section(
        _("Import of the list"),
        {
            **both(_STEWARDS, "list-import-begin"),
            **reads(_ONES_IMPORT, "list-import", "list-import-progress", "list-import-problems"),
            **both(_ONES_IMPORT, "list-import-columns"),
            **writes(_ONES_IMPORT, "list-import-apply", "list-import-check", "list-import-drop"),
        },
    ),
    Section(
        _("Rehearsal"),
        {
            **reads(_STEWARDS, "rehearsal", "rehearsal-panel", "rehearsal-export", "rehearsal-case"),
            **writes(_STEWARDS, "rehearsal-start", "rehearsal-cancel"),
            **both(_STEWARDS, "rehearsal-file"),
        },
    ),
    Section(
        _("Facilities and names"),
        {
            **reads(_REGISTER, "facilities", "named-places", "register-export"),
            **both(
                _REGISTER_KEPT,
                "facility-new",
                "facility",
                "named-place-new",
                "named-place",
                "register-import-begin",
            ),
            **reads(_REGISTER_IMPORT, "register-import", "register-import-problems"),
            **writes(_REGISTER_IMPORT, "register-import-apply"),
            **reads(PUBLIC, "grids:geojson"),
        },
    ),
)
