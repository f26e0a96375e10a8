"""What people do with warnings: take one over, judge it, set it aside, have its cases supervised.

Each locks the warning first, so of two people at once one wins and the other is told. What was measured is
never touched. Nothing but the trail says who did what: it is only ever added to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Action
from accounts.viewer import Reach
from dashboards.models import Warning, WarningEvent
from dashboards.warning import reach
from incidents import cases, policy, supervising
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, Text

Status = Warning.Status
Kind = WarningEvent.Kind
# Orders that one press may give.
ORDERS_MOST: Final = 50
# A reason is a sentence: what is learnt from judgements is learnt from these.
WORDS_LEAST: Final = 4
WHO_ACTS: Final = _("A supervisor of the district, or of its street, does this.")


@transaction.atomic(durable=True)
def claim(*, warning: int, actor: Actor, at: datetime) -> Warning:
    """认领: this person looks at it from now on. Again, it changes nothing.

    Raises ActionRefused `claimed` where somebody else has it, `wrong_state` where it is past that.
    """
    held, user = hold(warning, actor)
    if held.status == Status.CLAIMED and held.claimed_by_id == user.pk:
        return held
    if held.status == Status.CLAIMED:
        raise ActionRefused("claimed", _("%(name)s has taken it over already.") % {"name": held.claimed_by})
    if held.status != Status.OPEN:
        raise ActionRefused("wrong_state", _("Something has been done about it already."))
    held.status, held.claimed_by, held.claimed_at = Status.CLAIMED, user, at
    return done(held, Kind.CLAIMED, actor=actor, at=at)


@transaction.atomic(durable=True)
def release(*, warning: int, actor: Actor, at: datetime) -> Warning:
    """Give it back: whoever has it, or a supervisor of the district for them."""
    held, user = hold(warning, actor)
    if held.status != Status.CLAIMED:
        raise ActionRefused("wrong_state", _("Nobody has taken it over."))
    grant = reach.acting_grant(user, held)
    if held.claimed_by_id != user.pk and (grant is None or grant.reach != Reach.DISTRICT):
        raise ActionRefused(
            "not_allowed", _("Whoever has it gives it back, or a supervisor of the district.")
        )
    held.status, held.claimed_by, held.claimed_at = Status.OPEN, None, None
    return done(held, Kind.RELEASED, actor=actor, at=at)


@transaction.atomic(durable=True)
def judge(
    *, warning: int, useful: bool, words: str, actor: Actor, at: datetime, seen: int | None = None
) -> Warning:
    """Was it worth looking? The last word stands, every word stays in the trail.

    `seen`: the trail's length when it was shown; raises ActionRefused `stale` where somebody was quicker.
    What was set aside and is found useful after all waits to be looked at again.
    """
    held, _user = hold(warning, actor, seen=seen)
    # What was useful, and set aside since as dealt with, is called useful again to be taken up again.
    if held.useful is useful and not (useful and held.status == Status.DISMISSED):
        raise ActionRefused("judged_already", _("It has been judged so already."))
    text = said(words, at=at)
    held.useful = useful
    if useful and held.status == Status.DISMISSED:
        held.status = Status.OPEN
    return done(held, Kind.USEFUL if useful else Kind.USELESS, actor=actor, at=at, words=text)


@transaction.atomic(durable=True)
def dismiss(*, warning: int, words: str, actor: Actor, at: datetime, seen: int | None = None) -> Warning:
    """不是问题: set it aside, and why. While it lasts no second is made.

    Where nobody has judged it, it counts as not useful; who has judged it keeps their word.
    """
    held, user = hold(warning, actor, seen=seen)
    if held.status == Status.CLAIMED and held.claimed_by_id != user.pk:
        raise ActionRefused("claimed", _("%(name)s has taken it over already.") % {"name": held.claimed_by})
    if held.status not in (Status.OPEN, Status.CLAIMED):
        raise ActionRefused("wrong_state", _("Something has been done about it already."))
    text = said(words, at=at)
    held.status = Status.DISMISSED
    held.useful = False if held.useful is None else held.useful
    held.claimed_by = held.claimed_at = None
    return done(held, Kind.DISMISSED, actor=actor, at=at, words=text)


@transaction.atomic(durable=True)
def supervise(
    *, warning: int, numbers: Sequence[str], words: str, actor: Actor, at: datetime, seen: int | None = None
) -> list[str]:
    """督办: order the units that have these of its cases to act; answers the orders' numbers.

    All or nothing: a case that has an order open, or lies with no unit, is named in what is raised.
    """
    held, user = hold(warning, actor, seen=seen)
    if held.status == Status.CLAIMED and held.claimed_by_id != user.pk:
        raise ActionRefused("claimed", _("%(name)s has taken it over already.") % {"name": held.claimed_by})
    if held.status == Status.DISMISSED:
        raise ActionRefused("wrong_state", _("It has been set aside."))
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        raise InvalidInput("numbers", "required", _("Choose at least one case."))
    if len(wanted) > ORDERS_MOST:
        raise InvalidInput("numbers", "too_many", _("Choose at most fifty cases at a time."))
    known = set(
        Incident.objects.filter(
            policy.visible(user), pk__in=held.cases.values("incident"), number__in=wanted
        ).values_list("number", flat=True)
    )
    if strange := [number for number in wanted if number not in known]:
        raise InvalidInput(
            "numbers", "unknown", _("%(number)s is no case of this warning.") % {"number": strange[0]}
        )
    orders = []
    for incident in cases.hold_all(*wanted, actor=actor, action=None, at=at):
        policy.check(actor, Action.SUPERVISE, incident)
        if supervising.open_order(incident) is not None:
            raise ActionRefused(
                "already_ordered",
                _("On %(number)s an order is open already.") % {"number": incident.number},
            )
        if incident.status not in supervising.ORDERABLE:
            raise ActionRefused(
                "not_assigned",
                _("No unit has %(number)s in hand: there is nobody to order.") % {"number": incident.number},
            )
        text = cases.store_text(words, at=at, field="words")  # each order's own: texts are erased by case
        orders.append(supervising.order(incident, actor=actor, at=at, words=text).number)
    held.status = Status.SUPERVISED
    done(held, Kind.SUPERVISED, actor=actor, at=at, orders=orders)
    return orders


# --- shared ---------------------------------------------------------------------------------------


def hold(warning: int, actor: Actor, *, seen: int | None = None) -> tuple[Warning, User]:
    """The locked warning, where the actor may act on it and nobody did anything since it was shown."""
    assert actor.user is not None
    held = Warning.objects.select_for_update(no_key=True, of=("self",)).filter(pk=warning).first()
    if held is None:
        raise ActionRefused("not_found", _("There is no such warning."))
    if reach.acting_grant(actor.user, held) is None:
        raise ActionRefused("not_allowed", WHO_ACTS)
    if seen is not None and held.events.count() != seen:
        raise ActionRefused(
            "stale", _("Somebody has done something about it meanwhile. Look again before you decide.")
        )
    return held, actor.user


def said(words: str, *, at: datetime) -> Text:
    """A reason that says something; raises InvalidInput."""
    if 0 < len(words.strip()) < WORDS_LEAST:
        raise InvalidInput("words", "too_short", _("Say why in a sentence."))
    return cases.store_text(words, at=at, field="words")


def done(
    held: Warning, kind: str, *, actor: Actor, at: datetime, words: Text | None = None, **data: Any
) -> Warning:
    """Write down what people decided, and who did it."""
    assert actor.user is not None
    # Only what people decide: a sweep may be measuring it at this moment.
    held.save(update_fields=["status", "useful", "claimed_by", "claimed_at", "project"])
    WarningEvent.objects.create(
        warning=held, kind=kind, by=actor.user, by_unit_id=actor.unit_code, at=at, words=words, data=data
    )
    return held
