"""What the tables of this room need for the audit log to be whole and for histories to stay as they were.

Compared by accounts/audit/watching.py; a migration that makes another trigger or function says so here.
"""

from accounts.audit.watching import Trigger, watch

watch(
    triggers=(
        Trigger(
            "dispatch_categorychange",
            "dispatch_categorychange_audited",
            "accounts_audit_history",
            "d4f128d461a3543d",
        ),
        Trigger(
            "dispatch_categorychange",
            "dispatch_categorychange_keeps_all",
            "accounts_refuse_change",
            "2ebc0ff9f29f5044",
        ),
        Trigger(
            "dispatch_categorychange",
            "dispatch_categorychange_keeps_rows",
            "accounts_refuse_change",
            "4c0c5c52c34269cd",
        ),
        Trigger(
            "dispatch_calendaryear",
            "dispatch_calendaryear_audited",
            "accounts_audit_change",
            "d0ffa23d303bac8b",
        ),
        Trigger(
            "dispatch_itemchange", "only_added_to", "dispatch_history_is_only_added_to", "884875d1ba577b86"
        ),
        Trigger(
            "dispatch_listevent", "dispatch_listevent_audited", "dispatch_audit_list", "9d0c823297398b7b"
        ),
        Trigger(
            "dispatch_responsibilityitem",
            "only_drafts_change",
            "dispatch_only_drafts_change",
            "2239b3e26200ad1d",
        ),
        Trigger(
            "dispatch_sourcecategorychange",
            "dispatch_sourcecategorychange_audited",
            "accounts_audit_history",
            "8dc852596cf6112d",
        ),
        Trigger(
            "dispatch_stoppage", "dispatch_stoppage_audited", "accounts_audit_change", "8392f7772b7f56d9"
        ),
        Trigger(
            "dispatch_workinghours",
            "dispatch_workinghours_audited",
            "accounts_audit_change",
            "755a78f9eb36fa16",
        ),
    ),
    functions={
        "dispatch_audit_list": "e3dc39dd73e1fada",
        "dispatch_history_is_only_added_to": "c18e5cc052019881",
        "dispatch_only_drafts_change": "cab6afaacebf5930",
    },
)
