"""Everything that can be done to a case: one public function per user action.

Each is keyword-only with an explicit `actor` and `at`, runs in one durable transaction, and does its
work in the same order: lock, settle the clocks, guard, write, timeline, outbox. They never call each
other; what they share is private or lives in a module of its own.
"""

from incidents.actions.closing import close, object_to, rate, reopen, verify
from incidents.actions.desk import answer, claim, dispatch, merge, reject, unmerge
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

__all__ = [
    "accept",
    "add_photo",
    "answer",
    "claim",
    "close",
    "decide_return",
    "dispatch",
    "merge",
    "note",
    "object_to",
    "rate",
    "redispatch",
    "reject",
    "reopen",
    "request_return",
    "resolve",
    "unmask",
    "unmerge",
    "verify",
]
