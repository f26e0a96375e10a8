"""What the tables of this room need for the audit log to be whole and for histories to stay as they were.

Compared by accounts/audit/watching.py; a migration that makes another trigger or function says so here.
"""

from accounts.audit.watching import Trigger, watch

watch(
    triggers=(
        Trigger(
            "incidents_alertinhibition",
            "incidents_alertinhibition_audited",
            "accounts_audit_change",
            "fe948cad4b7a2bda",
        ),
        Trigger(
            "incidents_alertrule", "incidents_alertrule_audited", "accounts_audit_change", "1ff0ded422015882"
        ),
        Trigger(
            "incidents_blockchange",
            "incidents_blockchange_audited",
            "accounts_audit_history",
            "4c180487760850ec",
        ),
        Trigger(
            "incidents_clockrule", "incidents_clockrule_audited", "accounts_audit_change", "9e6f8c88fde7c51b"
        ),
        Trigger(
            "incidents_firedstage",
            "incidents_firedstage_keeps_all",
            "incidents_refuse_change",
            "9d98485fa209e875",
        ),
        Trigger(
            "incidents_firedstage",
            "incidents_firedstage_keeps_rows",
            "incidents_refuse_change",
            "fb2f0b1766ffaab5",
        ),
        Trigger(
            "incidents_incident",
            "incidents_incident_keeps_rows",
            "incidents_refuse_change",
            "c1aee298e379f0d8",
        ),
        Trigger(
            "incidents_outcome", "incidents_outcome_keeps_all", "incidents_refuse_change", "0177e8f25561e180"
        ),
        Trigger(
            "incidents_outcome", "incidents_outcome_keeps_rows", "incidents_refuse_change", "a9193df1429ee907"
        ),
        Trigger(
            "incidents_privacyask",
            "incidents_privacyask_asked",
            "incidents_audit_privacyask",
            "b9b8f700137bea08",
        ),
        Trigger(
            "incidents_privacyask",
            "incidents_privacyask_ended",
            "incidents_audit_privacyask",
            "c8051aa5ecd29124",
            restored="a7ebabde0889eb68",
        ),
        Trigger(
            "incidents_privacyrequest",
            "incidents_privacyrequest_audited",
            "incidents_audit_privacy",
            "56b174023f66e7cb",
        ),
        Trigger(
            "incidents_privacyrequest",
            "incidents_privacyrequest_keeps_all",
            "incidents_refuse_change",
            "273e421c1caf0e83",
        ),
        Trigger(
            "incidents_privacyrequest",
            "incidents_privacyrequest_keeps_rows",
            "incidents_refuse_change",
            "f8c0c65a4d2a7b66",
        ),
        Trigger(
            "incidents_timelineentry",
            "incidents_timelineentry_audited",
            "incidents_audit_look",
            "1a25351a87f279ed",
            restored="3c009d0d8c1892d6",
        ),
        Trigger(
            "incidents_timelineentry",
            "incidents_timelineentry_keeps_all",
            "incidents_refuse_change",
            "a75c257603cd0ad0",
        ),
        Trigger(
            "incidents_timelineentry",
            "incidents_timelineentry_keeps_rows",
            "incidents_refuse_change",
            "55b39bfa8ed6e709",
        ),
        Trigger(
            "incidents_timer", "incidents_timer_keeps_rows", "incidents_refuse_change", "83bdadb2defaabc2"
        ),
        Trigger(
            "incidents_webhook", "incidents_webhook_audited", "accounts_audit_change", "75185cfb589a68ce"
        ),
    ),
    functions={
        "incidents_audit_look": "1a9bb5087ce5e201",
        "incidents_audit_privacy": "44f9d048a5c4faaf",
        "incidents_audit_privacyask": "7ad10176d2719ef8",
        "incidents_refuse_change": "21656e85279c71a0",
    },
)
