"""What people do about data: ask for a data set, take that back, grant, refuse, withdraw, change the rule.

Each locks what it changes first; what was done before is told to whoever comes second. Every step is an
event, which the database keeps.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import ApiClient, OrgUnit, Scope, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from dashboards.datasets import catalogue, reach
from dashboards.datasets.definition import DataSet, Mode
from dashboards.models import DataEvent, DataRequest, DataRule
from dispatch.vocabulary import Urgency
from incidents import cases, outbox
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage, Text
from incidents.numbers import district_day

Kind, State = DataEvent.Kind, DataRequest.State
# A purpose is a sentence that an owner can judge, a reason one that the other can learn from.
PURPOSE_LEAST: Final = 10
WORDS_LEAST: Final = 4
DAYS_MOST: Final = 365
WAITING_MOST: Final = 20


@transaction.atomic(durable=True)
def ask(
    *, dataset: str, purpose: str, days: int, client: int | None = None, actor: Actor, at: datetime
) -> DataRequest:
    """Ask its owner for a data set, for oneself or for a system that one answers for.

    Again while it waits, it answers the request that is there. Raises ActionRefused, InvalidInput.
    """
    user, wanted = _person(actor), _dataset(dataset, at)
    viewer = viewer_of(user)
    if not viewer.roles or viewer.home_unit is None:
        raise ActionRefused("not_allowed", _("Data sets are for the staff."))
    system = _system(client)
    if system is None and reach.look_up(user, wanted, at=at).may_have:
        raise ActionRefused("has_it", _("You may have it already."))
    if not 1 <= days <= DAYS_MOST:
        raise InvalidInput("days", "range", _("Between 1 and %(most)d days.") % {"most": DAYS_MOST})
    if len(purpose.strip()) < PURPOSE_LEAST:
        raise InvalidInput("purpose", "too_short", _("Say in a sentence what it is for."))
    mine = DataRequest.objects.filter(by=user).waiting()
    standing = mine.filter(dataset=dataset, client=system).first()
    if standing is not None:
        return standing
    if mine.count() >= WAITING_MOST:
        raise ActionRefused("too_many", _("Too many of your requests wait for an answer."))
    try:
        with transaction.atomic():  # the constraint decides between two clicks
            made = DataRequest.objects.create(
                dataset=dataset,
                by=user,
                unit=viewer.home_unit,
                client=system,
                purpose=cases.store_text(purpose, at=at, field="purpose"),
                days=days,
                at=at,
            )
    except IntegrityError:
        return mine.get(dataset=dataset, client=system)
    _event(made, Kind.ASKED, actor, at, days=days)
    _tell("asked", made, wanted, [f"user:{pk}" for pk in reach.owners(wanted)], at=at)
    return made


@transaction.atomic(durable=True)
def cancel(*, request: int, actor: Actor, at: datetime) -> DataRequest:
    """Take one's own request back before it is decided. Again, it changes nothing."""
    user, held = _person(actor), _hold(request)
    if held.by_id != user.pk:
        raise ActionRefused("not_allowed", _("Who asked takes it back."))
    if held.state == State.CANCELLED:
        return held
    _refuse_unless(held, State.WAITING)
    return _decide(held, State.CANCELLED, Kind.CANCELLED, actor, at)


@transaction.atomic(durable=True)
def grant(*, request: int, days: int, words: str = "", actor: Actor, at: datetime) -> DataRequest:
    """The owner grants it for so many days, as many as were asked for at most."""
    held, wanted = _owned(request, actor, at)
    _refuse_unless(held, State.WAITING)
    if not 1 <= days <= held.days:
        raise InvalidInput(
            "days", "range", _("Between 1 and the %(most)d days that were asked for.") % {"most": held.days}
        )
    if held.by_id == _person(actor).pk:
        raise ActionRefused("own_request", _("Nobody decides their own request: another owner does."))
    held.until = at + timedelta(days=days)
    done = _decide(held, State.GRANTED, Kind.GRANTED, actor, at, _said(words, at, required=False), days=days)
    _tell("granted", done, wanted, [f"user:{done.by_id}"], at=at, until=held.until.isoformat())
    return done


@transaction.atomic(durable=True)
def refuse(*, request: int, words: str, actor: Actor, at: datetime) -> DataRequest:
    """The owner refuses it, and says why."""
    held, wanted = _owned(request, actor, at)
    _refuse_unless(held, State.WAITING)
    done = _decide(held, State.REFUSED, Kind.REFUSED, actor, at, _said(words, at))
    _tell("refused", done, wanted, [f"user:{done.by_id}"], at=at)
    return done


@transaction.atomic(durable=True)
def withdraw(*, request: int, words: str, actor: Actor, at: datetime) -> DataRequest:
    """The owner takes a grant back before its day, and says why: from now on nothing is handed out by it."""
    held, wanted = _owned(request, actor, at)
    _refuse_unless(held, State.GRANTED)
    done = _decide(held, State.WITHDRAWN, Kind.WITHDRAWN, actor, at, _said(words, at))
    _tell("withdrawn", done, wanted, [f"user:{done.by_id}"], at=at)
    return done


@transaction.atomic(durable=True)
def change_rule(
    *,
    dataset: str,
    mode: str,
    roles: Sequence[str] = (),
    units: Sequence[str] = (),
    words: str,
    actor: Actor,
    at: datetime,
) -> DataRule:
    """The owner says who may have it without asking from now on. Grants stay as they are."""
    user, wanted = _person(actor), _dataset(dataset, at)
    _refuse_all_but_owners(user, wanted)
    if mode not in Mode.values:
        raise InvalidInput("mode", "unknown", _("Choose who may have it."))
    roles = sorted(set(roles)) if mode == Mode.ROLES else []
    units = sorted(set(units)) if mode == Mode.UNITS else []
    if mode == Mode.ROLES and (not roles or set(roles) - set(Role.values)):
        raise InvalidInput("roles", "required", _("Choose at least one role."))
    if mode == Mode.UNITS and (not units or OrgUnit.objects.filter(code__in=units).count() < len(units)):
        raise InvalidInput("units", "required", _("Choose at least one unit."))
    before = DataRule.objects.select_for_update(no_key=True).filter(dataset=dataset).first()
    if before is not None and (before.mode, before.roles, before.units) == (mode, roles, units):
        return before
    said = _said(words, at)
    row, _created = DataRule.objects.update_or_create(
        dataset=dataset,
        defaults={"mode": mode, "roles": roles, "units": units, "changed_by": user, "changed_at": at},
    )
    DataEvent.objects.create(
        dataset=dataset, kind=Kind.RULE, by=user, by_unit_id=actor.unit_code, at=at, words=said,
        data={"mode": mode, "roles": roles, "units": units,
              "before": before.mode if before is not None else wanted.access.mode},
    )  # fmt: skip
    return row


# --- shared ---------------------------------------------------------------------------------------


def _person(actor: Actor) -> User:
    if actor.user is None:
        raise ActionRefused("not_allowed", _("This is for people with a sign-in, not for tokens."))
    return actor.user


def _dataset(code: str, at: datetime) -> DataSet:
    found = catalogue.find(code, district_day(at))
    if found is None:
        raise ActionRefused("not_found", _("There is no such data set."))
    return found


def _system(client: int | None) -> ApiClient | None:
    if client is None:
        return None
    found = ApiClient.objects.filter(pk=client, is_active=True).first()
    if found is None or Scope.DATA not in found.scopes:
        raise InvalidInput("system", "unknown", _("No such system has a token for data sets."))
    return found


def _hold(request: int) -> DataRequest:
    held = DataRequest.objects.select_for_update(no_key=True).filter(pk=request).first()
    if held is None:
        raise ActionRefused("not_found", _("There is no such request."))
    return held


def _owned(request: int, actor: Actor, at: datetime) -> tuple[DataRequest, DataSet]:
    held = _hold(request)
    wanted = _dataset(held.dataset, at)
    _refuse_all_but_owners(_person(actor), wanted)
    return held, wanted


def _refuse_all_but_owners(user: User, wanted: DataSet) -> None:
    if reach.owner_grant(user, wanted) is None:
        raise ActionRefused("not_allowed", _("Who owns the data set decides."))


def _refuse_unless(held: DataRequest, state: str) -> None:
    if held.state != state:
        raise ActionRefused(
            "wrong_state", _("Somebody was quicker: it is %(state)s.") % {"state": held.get_state_display()}
        )


def _said(words: str, at: datetime, *, required: bool = True) -> Text | None:
    if not words.strip() and not required:
        return None
    if 0 < len(words.strip()) < WORDS_LEAST:
        raise InvalidInput("words", "too_short", _("Say why in a sentence."))
    return cases.store_text(words, at=at, field="words")


def _decide(
    held: DataRequest,
    state: str,
    kind: str,
    actor: Actor,
    at: datetime,
    words: Text | None = None,
    **data: Any,
) -> DataRequest:
    held.state, held.decided_by, held.decided_at = state, actor.user, at
    held.save(update_fields=["state", "until", "decided_by", "decided_at"])
    _event(held, kind, actor, at, words, **data)
    return held


def _event(
    request: DataRequest, kind: str, actor: Actor, at: datetime, words: Text | None = None, **data: Any
) -> None:
    DataEvent.objects.create(
        dataset=request.dataset,
        request=request,
        kind=kind,
        by=_person(actor),
        by_unit_id=actor.unit_code,
        at=at,
        words=words,
        data=data,
    )


def _tell(
    what: str, request: DataRequest, wanted: DataSet, receivers: Sequence[str], *, at: datetime, **data: Any
) -> None:
    """Queue a notice; the same again is the same notice."""
    names = {}
    for language, suffix in (("zh-hans", "zh"), ("en", "en")):
        with override(language):
            names[f"name_{suffix}"] = str(wanted.name)
    OutboxMessage.objects.bulk_create(
        [
            outbox.message(
                f"data.{what}",
                incident_id=None,
                receiver=receiver,
                key=f"data.{what}:{request.pk}:{receiver}",
                at=at,
                number=str(request.pk),
                urgency=Urgency.ROUTINE,
                **names,
                **data,
            )
            for receiver in receivers
        ],
        ignore_conflicts=True,
    )
