"""What the tables of this room need for the audit log to be whole and for histories to stay as they were.

Compared by accounts/audit/watching.py; a migration that makes another trigger or function says so here.
"""

from accounts.audit.watching import Trigger, watch

watch(
    triggers=(
        Trigger(
            "accounts_acceptancechange",
            "accounts_acceptancechange_keeps_all",
            "accounts_refuse_change",
            "7b10966a875c9210",
        ),
        Trigger(
            "accounts_acceptancechange",
            "accounts_acceptancechange_keeps_rows",
            "accounts_refuse_change",
            "e26da908b0bc52d8",
        ),
        Trigger(
            "accounts_apiclient", "accounts_apiclient_audited", "accounts_audit_change", "5995ee9dad3ce59a"
        ),
        Trigger(
            "accounts_auditevent",
            "accounts_auditevent_keeps_all",
            "accounts_refuse_change",
            "47710668c6623d3b",
        ),
        Trigger(
            "accounts_auditevent", "accounts_auditevent_keeps_rows", "accounts_audit_old", "af1fff76e5988442"
        ),
        Trigger("accounts_auditevent", "accounts_auditevent_once", "accounts_audit_once", "54f870b4b26eb00f"),
        Trigger(
            "accounts_auditstub", "accounts_auditstub_keeps_all", "accounts_refuse_change", "98d992c2c21e97a8"
        ),
        Trigger(
            "accounts_auditstub",
            "accounts_auditstub_keeps_rows",
            "accounts_refuse_change",
            "437b28b52728c1c2",
        ),
        Trigger(
            "accounts_grouprole", "accounts_grouprole_audited", "accounts_audit_change", "93f3e9fcd72b847a"
        ),
        Trigger(
            "accounts_grouprole", "accounts_grouprole_ends", "accounts_group_role_ends", "9b0673c339512dfd"
        ),
        Trigger(
            "accounts_grouprole", "accounts_grouprole_keeps_all", "accounts_refuse_change", "4c94c920d5ff3447"
        ),
        Trigger(
            "accounts_grouprole",
            "accounts_grouprole_keeps_rows",
            "accounts_refuse_change",
            "e5fa7e04fb27b597",
        ),
        Trigger(
            "accounts_membership", "accounts_membership_apart", "accounts_keep_apart", "411cb64ca45ada96"
        ),
        Trigger(
            "accounts_membership", "accounts_membership_audited", "accounts_audit_change", "4564fdb842524d5d"
        ),
        Trigger(
            "accounts_oldtoken", "accounts_oldtoken_audited", "accounts_audit_old_token", "7ec135d2701cee4f"
        ),
        Trigger("accounts_orgunit", "accounts_orgunit_audited", "accounts_audit_change", "393298cb1b3df5b0"),
        Trigger(
            "accounts_providerlink",
            "accounts_providerlink_audited",
            "accounts_audit_change",
            "479330ef04302c27",
        ),
        Trigger(
            "accounts_providerlink",
            "accounts_providerlink_stays",
            "accounts_provider_link_stays",
            "26ce0924fd108874",
        ),
        Trigger(
            "accounts_signinevent",
            "accounts_signinevent_audited",
            "accounts_audit_sign_in",
            "7260dbeb7e6c411f",
        ),
        Trigger(
            "accounts_signinevent",
            "accounts_signinevent_keeps_all",
            "accounts_refuse_change",
            "a0ec1511adf115c8",
        ),
        Trigger(
            "accounts_signinevent",
            "accounts_signinevent_keeps_rows",
            "accounts_refuse_young",
            "b6686fb1aaa24379",
        ),
        Trigger(
            "accounts_signinevent",
            "accounts_signinevent_keeps_words",
            "accounts_refuse_change",
            "1625c3ea7a1e9434",
        ),
        Trigger(
            "accounts_systemchange",
            "accounts_systemchange_keeps_all",
            "accounts_refuse_change",
            "e93600457cc92f5d",
        ),
        Trigger(
            "accounts_systemchange",
            "accounts_systemchange_keeps_rows",
            "accounts_refuse_change",
            "a610ca1f3ca058d8",
        ),
        Trigger("accounts_user", "accounts_user_audited", "accounts_audit_change", "1f0c56de83681234"),
    ),
    functions={
        "accounts_audit_actor": "f89e73dcd77ff02e",
        "accounts_audit_change": "c6492841cf43c29d",
        "accounts_audit_history": "d6d968ba981f95e2",
        "accounts_audit_old": "a6b792658c7cc423",
        "accounts_audit_old_token": "e975f566239eee9e",
        "accounts_audit_once": "107733437e12ba51",
        "accounts_audit_sign_in": "14fa5321f27013fd",
        "accounts_audit_tell": "91285c80ce752d32",
        "accounts_group_role_ends": "7aac16617b9ded05",
        "accounts_keep_apart": "f4da6f4a9c198255",
        "accounts_provider_link_stays": "6961896c3f25570a",
        "accounts_refuse_change": "21656e85279c71a0",
        "accounts_refuse_young": "4096dab71d5081a3",
    },
)
