"""What the tables of this room need for the audit log to be whole and for histories to stay as they were.

Compared by accounts/audit/watching.py; a migration that makes another trigger or function says so here.
"""

from accounts.audit.watching import Trigger, watch

watch(
    triggers=(
        Trigger("grids_areachange", "grids_areachange_audited", "grids_audit_areas", "2c1f199ae2493368"),
        Trigger("grids_areachange", "grids_areachange_keeps_all", "grids_refuse_change", "a6ae00a4786ada3d"),
        Trigger("grids_areachange", "grids_areachange_keeps_rows", "grids_refuse_change", "7637457dabb4a10b"),
        Trigger("grids_namedplace", "grids_namedplace_audited", "grids_audit_places", "4afab0c86ec85c45"),
        Trigger(
            "grids_namedplace", "grids_namedplace_change_audited", "grids_audit_places", "fc222d164ec57a65"
        ),
        Trigger(
            "grids_facilitychange",
            "grids_facilitychange_audited",
            "grids_audit_facilities",
            "953f694273339bab",
        ),
        Trigger(
            "grids_facilitychange",
            "grids_facilitychange_keeps_all",
            "grids_refuse_change",
            "5c03ef8ebc15aeb3",
        ),
        Trigger(
            "grids_facilitychange",
            "grids_facilitychange_keeps_rows",
            "grids_refuse_change",
            "d534e627e2c4d91a",
        ),
        Trigger("grids_placecode", "grids_placecode_audited", "accounts_audit_change", "70a958845d6a18c9"),
    ),
    functions={
        "grids_audit_areas": "4744962500f38619",
        "grids_audit_places": "ebfff7a78405ab2e",
        "grids_audit_facilities": "31302827853bede3",
        "grids_refuse_change": "21656e85279c71a0",
    },
)
