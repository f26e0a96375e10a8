"""Who may do what: one table of roles and actions. Place and ownership are asked on top of it."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a membership lets a person do in its unit."""

    OPERATOR = "operator", _("Operator")
    DISPATCHER = "dispatcher", _("Dispatcher")
    HANDLER = "handler", _("Handler")
    SUPERVISOR = "supervisor", _("Supervisor")
    LEADER = "leader", _("Leader")
    ADMIN = "admin", _("System administrator")
    STEWARD = "steward", _("List steward")
    PATROL = "patrol", _("Patrol and grid member")
    SECURITY = "security", _("Security administrator")
    AUDITOR = "auditor", _("Audit administrator")


# 三权分立: one keeps the installation (units, areas, sources, calendars), one keeps people (roles, sign-ins,
# API clients), one reads what both have done and changes nothing. None of them sees a case, and nobody is two
# of them: `accounts.separation` says who may hold what, and the database holds it.
ADMINISTRATORS = frozenset({Role.ADMIN, Role.SECURITY, Role.AUDITOR})


class Action(StrEnum):
    """Every thing a person can do to a case; the word is the last part of its REST address."""

    CLAIM = "claim"
    RELEASE = "release"
    DISPATCH = "dispatch"
    ANSWER = "answer"
    REJECT = "reject"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    RECALL = "recall"
    CORRECT = "correct"
    SET_PLACE = "set-place"
    FALSE_ALARM = "false-alarm"
    ASK_MODEL = "ask-model"
    ACCEPT = "accept"
    REQUEST_RETURN = "request-return"
    DECIDE_RETURN = "decide-return"
    REDISPATCH = "redispatch"
    RESOLVE = "resolve"
    VERIFY = "verify"
    CLOSE = "close"
    REOPEN = "reopen"
    REQUEST_EXTENSION = "request-extension"
    DECIDE_EXTENSION = "decide-extension"
    REQUEST_SUSPENSION = "request-suspension"
    DECIDE_SUSPENSION = "decide-suspension"
    ASK_REPORTER = "ask-reporter"
    ASSIGN = "assign"
    MESSAGE = "message"
    REQUEST_RAISE = "request-raise"
    DECIDE_RAISE = "decide-raise"
    INVITE_SUPPORT = "invite-support"
    ANSWER_SUPPORT = "answer-support"
    DECLINE_SUPPORT = "decline-support"
    RELEASE_SUPPORT = "release-support"
    MAKE_SAFE = "make-safe"
    RESUME = "resume"
    APPEAL = "appeal"
    DECIDE_APPEAL = "decide-appeal"
    CONTACT = "contact"
    CALL_BACK = "call-back"
    PHONE = "phone"
    COUNTERSIGN = "countersign"
    SUPERVISE = "supervise"
    ANSWER_ORDER = "answer-order"
    LIFT_ORDER = "lift-order"
    NUDGE = "nudge"
    RAISE_ORDER = "raise-order"
    TO_SECRETARY = "to-secretary"
    DRAFT_REPLY = "draft-reply"
    SIGN_REPLY = "sign-reply"
    OBJECT = "object"
    WITHDRAW_OBJECTION = "withdraw-objection"
    RULE = "rule"
    PROPOSE_CHANGE = "propose-change"
    FIX_ON_SPOT = "fix-on-spot"
    ASK_UPSTREAM = "ask-upstream"
    ANSWER_UPSTREAM = "answer-upstream"
    PUBLISH = "publish"
    WITHHOLD = "withhold"
    NOTE = "note"
    UNMASK = "unmask"
    MEDIATE = "mediate"
    READ_MEDIATION = "read-mediation"
    FOLLOW_MEDIATION = "follow-mediation"


_DESK = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR})

# An admin keeps the installation and never touches a case; a leader looks, instructs and signs.
ACTION_ROLES: dict[Action, frozenset[Role]] = {
    Action.CLAIM: _DESK,
    Action.RELEASE: _DESK,
    Action.DISPATCH: _DESK,
    Action.ANSWER: _DESK,
    Action.REJECT: _DESK,
    Action.MERGE: _DESK,
    Action.UNMERGE: _DESK,
    Action.SPLIT: _DESK,
    Action.RECALL: _DESK,
    Action.CORRECT: _DESK,
    Action.SET_PLACE: _DESK,
    Action.FALSE_ALARM: _DESK,
    Action.ASK_MODEL: _DESK,
    Action.ACCEPT: frozenset({Role.HANDLER}),
    Action.REQUEST_RETURN: frozenset({Role.HANDLER}),
    Action.DECIDE_RETURN: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.REDISPATCH: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.RESOLVE: frozenset({Role.HANDLER}),
    Action.VERIFY: frozenset({Role.HANDLER, Role.OPERATOR, Role.SUPERVISOR, Role.PATROL}),
    Action.CLOSE: _DESK,
    Action.REOPEN: _DESK,
    # A unit asks, a supervisor answers: of the district, or of the street whose unit it is.
    Action.REQUEST_EXTENSION: frozenset({Role.HANDLER}),
    Action.DECIDE_EXTENSION: frozenset({Role.SUPERVISOR}),
    Action.REQUEST_SUSPENSION: frozenset({Role.HANDLER}),
    Action.DECIDE_SUSPENSION: frozenset({Role.SUPERVISOR}),
    Action.REQUEST_RAISE: frozenset({Role.HANDLER}),
    Action.DECIDE_RAISE: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    # The lead asks others for their part, or the centre does for it; the others answer for themselves.
    Action.INVITE_SUPPORT: frozenset({Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.ANSWER_SUPPORT: frozenset({Role.HANDLER}),
    Action.DECLINE_SUPPORT: frozenset({Role.HANDLER}),
    Action.RELEASE_SUPPORT: frozenset({Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR}),
    Action.MAKE_SAFE: frozenset({Role.HANDLER}),
    Action.ASK_REPORTER: frozenset({Role.HANDLER}),
    # Inside the unit: whoever works there, or its head.
    Action.ASSIGN: frozenset({Role.HANDLER, Role.LEADER}),
    Action.MESSAGE: _DESK | {Role.HANDLER},
    Action.RESUME: frozenset({Role.HANDLER, Role.SUPERVISOR}),
    Action.APPEAL: frozenset({Role.HANDLER}),
    Action.DECIDE_APPEAL: frozenset({Role.SUPERVISOR}),
    Action.CONTACT: _DESK | {Role.HANDLER},
    Action.CALL_BACK: _DESK,
    Action.PHONE: _DESK,
    Action.COUNTERSIGN: frozenset({Role.SUPERVISOR}),
    # Orders to act come from above; the head of the unit answers for it, or who does the work.
    Action.SUPERVISE: frozenset({Role.SUPERVISOR}),
    Action.ANSWER_ORDER: frozenset({Role.HANDLER, Role.LEADER}),
    Action.LIFT_ORDER: frozenset({Role.SUPERVISOR}),
    Action.NUDGE: frozenset({Role.SUPERVISOR}),
    Action.RAISE_ORDER: frozenset({Role.SUPERVISOR}),
    # 书记在线: whoever hears it puts it there, an aide prepares the reply, the secretary alone signs.
    Action.TO_SECRETARY: _DESK,
    Action.DRAFT_REPLY: frozenset({Role.SUPERVISOR, Role.LEADER}),
    Action.SIGN_REPLY: frozenset({Role.LEADER}),
    # A unit objects; who rules is of none of the units that it is between.
    Action.OBJECT: frozenset({Role.HANDLER}),
    Action.WITHDRAW_OBJECTION: frozenset({Role.HANDLER}),
    Action.RULE: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.PROPOSE_CHANGE: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    # Found and put right in one round: a patrol's own finding, and nobody else's.
    Action.FIX_ON_SPOT: frozenset({Role.PATROL}),
    # The centre alone speaks with the source of a case.
    Action.ASK_UPSTREAM: _DESK,
    Action.ANSWER_UPSTREAM: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    # What everybody may read and see of a case is looked through by the centre, not by who handled it.
    Action.PUBLISH: _DESK,
    Action.WITHHOLD: _DESK,
    Action.NOTE: _DESK | {Role.HANDLER, Role.PATROL},
    Action.UNMASK: _DESK | {Role.HANDLER},
    # Who a dispute is between, and what they said: for the unit that mediates, and for supervisors.
    Action.MEDIATE: frozenset({Role.HANDLER}),
    Action.READ_MEDIATION: frozenset({Role.HANDLER, Role.SUPERVISOR}),
    Action.FOLLOW_MEDIATION: frozenset({Role.HANDLER, Role.SUPERVISOR}),
}
