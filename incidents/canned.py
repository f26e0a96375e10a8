"""常用语: which canned answers somebody is offered, what their blanks are filled with, and who keeps them."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CannedAnswer, CannedUse, Incident

# More than this nobody reads through on a telephone.
MOST = 60
TITLE_MAX = 40
BODY_MAX = 1000
# What stands in for a fact of the case; said as they are typed.
BLANKS: Mapping[str, object] = {
    "number": gettext_lazy("the case's number"),
    "unit": gettext_lazy("the unit that has it"),
    "due": gettext_lazy("when it is due"),
    "place": gettext_lazy("the address"),
}
_BLANK = re.compile(r"\{([^{}]*)\}")
_DESK = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)


def offered(user: User, incident: Incident) -> dict[str, list[dict[str, str]]]:
    """By use, what this person is offered on a case, blanks filled; their own units' first. One query."""
    codes = {code for grant in viewer_of(user).grants for code in grant.unit.path.split(">")}
    known = CannedAnswer.objects.filter(ended_at=None, unit__in=codes).select_related("unit")
    found: dict[str, list[dict[str, str]]] = {use: [] for use in CannedUse.values}
    for answer in sorted(known, key=lambda one: (-one.unit.path.count(">"), one.title, one.pk)):
        told = {"id": str(answer.pk), "title": answer.title, "text": filled(answer.body, incident)}
        found[answer.use].append(told)
    return found


def filled(body: str, incident: Incident) -> str:
    """The words with the case's facts in their blanks; what is not known of the case leaves nothing."""
    due = incident.due_at and date_format(
        timezone.localtime(incident.due_at), pgettext("moment in a notice", "j M, H:i")
    )
    facts = {
        "number": incident.number,
        "unit": incident.owner_unit.name,
        "due": due or "",
        "place": incident.address,
    }
    return _BLANK.sub(lambda blank: facts.get(blank[1], blank[0]), body)


def kept_by(user: User) -> dict[str, OrgUnit]:
    """The units whose canned answers this person keeps, by code: one's own, and for a centre the street or
    the district that it sits in."""
    units: dict[str, OrgUnit] = {}
    for grant in viewer_of(user).grants:
        if grant.role in _DESK:
            unit = _around(grant.unit, grant.reach)
        elif grant.role in (Role.HANDLER, Role.LEADER):
            unit = grant.unit
        else:
            continue
        units[unit.code] = unit
    return units


def keep(
    *,
    user: User,
    unit: str,
    use: str,
    title: str,
    body: str,
    at: datetime,
    answer: CannedAnswer | None = None,
) -> CannedAnswer:
    """Add a canned answer, or change `answer`. Raises InvalidInput and ActionRefused."""
    own = kept_by(user)
    if unit not in own or (answer is not None and answer.unit_id not in own):
        raise ActionRefused("not_allowed", _("You keep the canned answers of your own unit."))
    if use not in CannedUse.values:
        raise InvalidInput("use", "unknown", _("Choose what it is for."))
    title, body = title.strip(), body.strip()
    for field, words, most in (("title", title, TITLE_MAX), ("body", body, BODY_MAX)):
        if not words:
            raise InvalidInput(field, "required", _("Write a sentence here."))
        if len(words) > most:
            raise InvalidInput(field, "max_length", _("At most %(max)d characters.") % {"max": most})
    strange = next((blank for blank in _BLANK.findall(body) if blank not in BLANKS), None)
    if strange is not None:
        known = _(", ").join(f"{{{name}}}" for name in BLANKS)
        raise InvalidInput(
            "body",
            "unknown_blank",
            _("There is no blank called %(name)s; there are %(known)s.")
            % {"name": f"{{{strange[:20]}}}", "known": known},
        )
    if answer is None:
        if CannedAnswer.objects.filter(unit=unit, ended_at=None).count() >= MOST:
            raise ActionRefused("too_many", _("A unit keeps at most %(max)d of them.") % {"max": MOST})
        answer = CannedAnswer()
    answer.unit_id, answer.use, answer.title, answer.body = unit, use, title, body
    answer.changed_at, answer.changed_by = at, user
    try:
        with transaction.atomic():
            answer.save()
    except IntegrityError as error:
        raise InvalidInput("title", "taken", _("The unit has one of this name for this use.")) from error
    return answer


def end(answer: CannedAnswer, *, user: User, at: datetime) -> None:
    """Take it out of use."""
    if answer.unit_id not in kept_by(user):
        raise ActionRefused("not_allowed", _("You keep the canned answers of your own unit."))
    CannedAnswer.objects.filter(pk=answer.pk, ended_at=None).update(
        ended_at=at, changed_at=at, changed_by=user
    )


def _around(unit: OrgUnit, reach: str) -> OrgUnit:
    if reach == Reach.DISTRICT:
        return OrgUnit.objects.filter(kind=OrgUnit.Kind.DISTRICT).first() or unit
    if reach == Reach.STREET and unit.kind != OrgUnit.Kind.STREET_OFFICE and unit.parent is not None:
        return unit.parent
    return unit
