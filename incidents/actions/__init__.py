"""Everything that can be done to a case: one public function per user action.

Each is keyword-only with an explicit `actor` and `at`, runs in one durable transaction, and does its
work in the same order: lock, settle the clocks, guard, write, timeline, outbox. They never call each
other; what they share is private or lives in a module of its own.
"""

from incidents.actions.adjudication import (
    propose_change,
    raise_objection,
    rule,
    withdraw_objection,
)
from incidents.actions.alerts import end_cleared_alert, tell_of_alerts
from incidents.actions.assigning import assign
from incidents.actions.callbacks import call_back, leave_callback, take_callback
from incidents.actions.closing import close, object_to, rate, reopen, verify
from incidents.actions.cohandling import answer_support, decline_support, invite_support, release_support
from incidents.actions.contacts import ask_reporter, contact, message, phone, reply
from incidents.actions.correcting import correct
from incidents.actions.dangers import false_alarm
from incidents.actions.desk import answer, claim, dispatch, merge, reject, release, unmerge
from incidents.actions.documents import open_document
from incidents.actions.field import fix_on_spot
from incidents.actions.follow_up import make_safe
from incidents.actions.following import ask_code, resume_texts, stop_texts
from incidents.actions.handling import (
    accept,
    add_photo,
    decide_return,
    note,
    redispatch,
    request_return,
    resolve,
    unmask,
)
from incidents.actions.lateness import countersign
from incidents.actions.levels import decide_raise, request_raise
from incidents.actions.mediation import (
    add_party,
    add_scan,
    confirm_agreement,
    end_mediation,
    follow_up_mediation,
    hold_session,
    name_earlier,
    open_mediation,
    party_leaves,
    read_mediation,
    write_agreement,
)
from incidents.actions.opening import publish, withhold
from incidents.actions.placing import follow_map, set_place
from incidents.actions.recalling import recall
from incidents.actions.requests import (
    appeal,
    decide_appeal,
    decide_extension,
    decide_suspension,
    request_extension,
    request_suspension,
    resume,
)
from incidents.actions.secretary import draft_reply, sign_reply, to_secretary
from incidents.actions.splitting import split
from incidents.actions.succession import succeed, take_from_its_own
from incidents.actions.suggesting import ask_model
from incidents.actions.supervision import answer_order, lift_order, nudge, raise_order, supervise
from incidents.actions.upstream import answer_upstream, ask_upstream

__all__ = [
    "accept",
    "add_party",
    "add_photo",
    "add_scan",
    "answer",
    "answer_order",
    "answer_support",
    "answer_upstream",
    "appeal",
    "ask_code",
    "ask_model",
    "ask_reporter",
    "ask_upstream",
    "assign",
    "call_back",
    "claim",
    "close",
    "confirm_agreement",
    "contact",
    "correct",
    "countersign",
    "decide_appeal",
    "decide_extension",
    "decide_raise",
    "decide_return",
    "decide_suspension",
    "decline_support",
    "dispatch",
    "draft_reply",
    "end_cleared_alert",
    "end_mediation",
    "false_alarm",
    "fix_on_spot",
    "follow_map",
    "follow_up_mediation",
    "hold_session",
    "invite_support",
    "leave_callback",
    "lift_order",
    "make_safe",
    "merge",
    "message",
    "name_earlier",
    "note",
    "nudge",
    "object_to",
    "open_document",
    "open_mediation",
    "party_leaves",
    "phone",
    "propose_change",
    "publish",
    "raise_objection",
    "raise_order",
    "rate",
    "read_mediation",
    "recall",
    "redispatch",
    "reject",
    "release",
    "release_support",
    "reopen",
    "reply",
    "request_extension",
    "request_raise",
    "request_return",
    "request_suspension",
    "resolve",
    "resume",
    "resume_texts",
    "rule",
    "set_place",
    "sign_reply",
    "split",
    "stop_texts",
    "succeed",
    "supervise",
    "take_callback",
    "take_from_its_own",
    "tell_of_alerts",
    "to_secretary",
    "unmask",
    "unmerge",
    "verify",
    "withdraw_objection",
    "withhold",
    "write_agreement",
]
