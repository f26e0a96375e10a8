"""How long a sign-in holds, how many there may be, and who needs a second factor: one table by role."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of


@dataclass(frozen=True, slots=True)
class SignInRule:
    """What holds for somebody's sign-ins."""

    hours: int  # a sign-in ends after so long, whatever is done in it
    idle_minutes: int  # it ends after so long without a page opened by hand; 0: no such end
    at_once: int  # sign-ins at the same time; one more ends the oldest. 0: as many as they like
    second_factor: bool  # none goes without


# A shift is twelve hours, and whoever sits at a desk or walks a round must not be signed out in the middle of
# it. Who changes rules, people or the installation is at it for a while and then goes.
RULES: dict[str, SignInRule] = {
    Role.OPERATOR: SignInRule(hours=12, idle_minutes=0, at_once=2, second_factor=False),
    Role.DISPATCHER: SignInRule(hours=12, idle_minutes=0, at_once=2, second_factor=False),
    Role.HANDLER: SignInRule(hours=12, idle_minutes=0, at_once=3, second_factor=False),
    Role.PATROL: SignInRule(hours=12, idle_minutes=0, at_once=2, second_factor=False),
    Role.SUPERVISOR: SignInRule(hours=12, idle_minutes=120, at_once=3, second_factor=False),
    Role.LEADER: SignInRule(hours=12, idle_minutes=120, at_once=3, second_factor=False),
    Role.STEWARD: SignInRule(hours=8, idle_minutes=60, at_once=2, second_factor=True),
    Role.ADMIN: SignInRule(hours=8, idle_minutes=30, at_once=2, second_factor=True),
    Role.SECURITY: SignInRule(hours=8, idle_minutes=30, at_once=2, second_factor=True),
    Role.AUDITOR: SignInRule(hours=8, idle_minutes=30, at_once=2, second_factor=True),
}
# A role that the table forgot is no way around it.
STRICTEST = SignInRule(hours=8, idle_minutes=30, at_once=1, second_factor=True)
# Nobody's work: a sign-in without any role.
NO_ROLE = SignInRule(hours=8, idle_minutes=60, at_once=2, second_factor=False)
# Who sees sign-ins of others, ends them, unlocks and resets. Until a district has such a person, its system
# administrators are that too (accounts.viewer).
SECURITY_ROLES = (Role.SECURITY,)


def rule_of(user: User) -> SignInRule:
    """What holds for this person now: of several roles the strictest of each. Where STRICT_SIGN_IN is off, as
    in a demonstration whose sign-ins are shared, only the length holds. One query, or none in a request."""
    strictest = strictest_of(viewer_of(user).roles)
    if settings.STRICT_SIGN_IN:
        return strictest
    return SignInRule(hours=strictest.hours, idle_minutes=0, at_once=0, second_factor=False)


def strictest_of(roles: frozenset[str]) -> SignInRule:
    """Of several roles the strictest of each."""
    rules = [RULES.get(role, STRICTEST) for role in roles] or [NO_ROLE]
    return SignInRule(
        hours=min(rule.hours for rule in rules),
        idle_minutes=min((rule.idle_minutes for rule in rules if rule.idle_minutes), default=0),
        at_once=min((rule.at_once for rule in rules if rule.at_once), default=0),
        second_factor=any(rule.second_factor for rule in rules),
    )
