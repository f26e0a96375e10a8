"""What keeps the installation: three administrators, sources, sensors, clocks, printed codes."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from config.policy.rules import ABOVE, ANYWHERE, DISTRICT, Rule, each
from config.policy.sections import Section, apart, both, reads, writes

_ADMIN: Final = Rule({Role.ADMIN: ANYWHERE})
_SECURITY: Final = Rule(
    {Role.SECURITY: ANYWHERE},
    note=_("Until there is a security administrator, the system administrator."),
)
_AUDITOR: Final = Rule({Role.AUDITOR: ANYWHERE})
_ADMINISTRATORS: Final = Rule(each((Role.ADMIN, Role.SECURITY, Role.AUDITOR)))
_SOURCES_KEPT: Final = Rule({Role.ADMIN: ANYWHERE, Role.STEWARD: DISTRICT})
_SENSORS: Final = Rule(each((Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)))
_CODES_PRINTED: Final = Rule(
    {Role.ADMIN: ANYWHERE, Role.STEWARD: DISTRICT, **each((Role.SUPERVISOR, Role.DISPATCHER), ABOVE)}
)
_CODES: Final = Rule(each((Role.ADMIN, Role.STEWARD, Role.SUPERVISOR, Role.DISPATCHER)))

SECTIONS: Final = (
    Section(
        _("Installation"),
        {
            **reads(_ADMIN, "installation", "messages"),
            **writes(_ADMIN, "messages-retry", "webhook"),
            **both(_ADMIN, "webhook-add"),
            **reads(_ADMINISTRATORS, "permissions", "permissions-csv"),
        },
    ),
    Section(
        _("People and units"),
        {
            **reads(_ADMIN, "units"),
            **both(_ADMIN, "unit-new", "unit", "unit-close"),
            **writes(_ADMIN, "unit-open"),
            **reads(_ADMIN, "units-export"),
            **reads(_SECURITY, "people", "people-export", "people-sheet-run", "people-sheet-run-problems"),
            **both(_SECURITY, "person-new", "person", "people-move", "people-sheet"),
            **writes(_SECURITY, "people-sheet-run-apply"),
            **writes(_SECURITY, "person-role", "person-role-take", "person-switch", "person-password"),
        },
    ),
    Section(
        _("Sign-ins and other systems"),
        {
            **reads(_SECURITY, "sign-ins", "sign-ins-of"),
            **writes(
                _SECURITY,
                "sign-ins-end",
                "sign-ins-unlock",
                "sign-ins-reset",
                "sign-ins-link",
                "sign-ins-unlink",
                "provider-group-end",
            ),
            **both(_SECURITY, "provider"),
            **reads(_SECURITY, "systems"),
            **both(_SECURITY, "system-new", "system"),
            **writes(_SECURITY, "system-rotate", "system-end-old", "system-switch"),
        },
    ),
    Section(
        _("Audit log"),
        {
            **reads(_AUDITOR, "audit", "audit-file"),
        },
    ),
    Section(
        _("Areas and categories"),
        {
            **reads(_ADMIN, "areas", "areas-export", "area-import-map", "categories", "categories-export"),
            **both(_ADMIN, "area", "area-import", "category"),
        },
    ),
    Section(
        _("Clocks and working days"),
        {
            **reads(_ADMIN, "work-calendar", "clock-rules"),
            **writes(_ADMIN, "work-year-confirm"),
            **both(_ADMIN, "work-day", "work-hours", "stop-declare", "stop-revoke", "clock-rule"),
        },
    ),
    Section(
        _("Sources"),
        {
            **reads(_SOURCES_KEPT, "sources", "source-export"),
            **writes(_SOURCES_KEPT, "source-name", "source-sheet"),
            **writes(_ADMIN, "source-acceptance"),
        },
    ),
    Section(
        _("Sensors"),
        {
            **reads(_SENSORS, "sensors", "sensor-rules", "sensor-devices"),
            **writes(_SENSORS, "sensors-seen"),
            **both(
                _ADMIN,
                "sensor-rule-new",
                "sensor-rule",
                "sensor-inhibition-new",
                "sensor-inhibition",
                "sensor-sheet",
                "sensor-device",
            ),
        },
    ),
    Section(
        _("Printed codes"),
        {
            **apart(_CODES, _CODES_PRINTED, "place-codes"),
            **reads(_CODES_PRINTED, "place-code-sheet", "place-code-pdf"),
            **writes(_CODES_PRINTED, "place-code-retire", "place-code-restore"),
        },
    ),
)
