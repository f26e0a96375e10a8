"""What a system administrator does to units: added, changed, moved in the tree, closed, opened again.

Nothing is deleted: a closed unit keeps its history and figures, and takes nothing new. Its successor goes on
with whatever still comes for it.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit.reasons import REASON_MOST, because
from accounts.models import Membership, OrgUnit, User
from accounts.people.keeping import hold_administrators
from accounts.refusals import NotAllowed as NotAllowed
from accounts.refusals import NotTaken as NotTaken
from accounts.roles import Role
from accounts.viewer import viewer_of

CODE: Final = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?")
AREA_CODE: Final = re.compile(r"\d{12}(\d{3})?")
# Chains of successors are short; a circle in the data must not hold anybody.
_CHAIN_MOST: Final = 20
_NAMED: Final = 5  # of those that stand in the way, so many by name
_TREE_LOCK: Final = 8  # of this product's advisory locks: the tree is changed by one at a time


@dataclass(frozen=True, slots=True)
class Terms:
    """What a unit is."""

    kind: str
    name_zh: str
    name_en: str
    parent: str | None
    area_code: str


def terms_of(unit: OrgUnit) -> Terms:
    """As it is now."""
    return Terms(unit.kind, unit.name_zh, unit.name_en, unit.parent_id, unit.area_code)


def stamp_of(unit: OrgUnit) -> str:
    """How a unit stood when a page was made; changed meanwhile, a form of that page is refused."""
    terms = terms_of(unit)
    told = (terms.kind, terms.name_zh, terms.name_en, terms.parent or "", terms.area_code)
    return "\x1f".join((*told, str(unit.is_open), unit.successor_id or ""))


def may_keep(user: User) -> bool:
    """Does this person keep units?"""
    return bool(viewer_of(user).with_roles(Role.ADMIN))


def heir_of(unit: OrgUnit) -> OrgUnit | None:
    """The open unit that goes on with a closed one's work, over however many closings."""
    found: OrgUnit | None = unit
    for _step in range(_CHAIN_MOST):
        found = found.successor if found is not None else None
        if found is None or found.is_open:
            return found
    return None


@transaction.atomic(durable=True)
def add(*, code: str, terms: Terms, actor: User) -> OrgUnit:
    """A new unit. Raises NotAllowed, NotTaken."""
    begin(actor)
    return make(code, terms)


def make(code: str, terms: Terms) -> OrgUnit:
    """The same in the caller's transaction, who has begun. Raises NotTaken."""
    if not CODE.fullmatch(code):
        raise NotTaken("code", code_words())
    if OrgUnit.objects.filter(pk=code).exists():
        raise NotTaken("code", _("There is a unit with this code already."))
    if fixed := why_fixed(None, terms):
        raise NotTaken(*fixed)
    parent = _parent(terms)
    unit = OrgUnit(pk=code, path=f"{parent.path}>{code}" if parent else code)
    _apply(unit, terms)
    check_path(unit.path)
    try:
        with transaction.atomic():
            unit.save(force_insert=True)
    except IntegrityError as error:
        raise NotTaken("code", _("There is a unit with this code already.")) from error
    return unit


@transaction.atomic(durable=True)
def change(*, code: str, terms: Terms, seen: str, actor: User) -> bool:
    """Name it otherwise, move it in the tree with all below it; was there anything new?

    Raises NotAllowed, NotTaken.
    """
    begin(actor)
    unit = locked(code)
    if terms_of(unit) == terms:
        return False
    _refuse_stale(unit, seen)
    write(unit, terms)
    return True


def write(unit: OrgUnit, terms: Terms) -> None:
    """The same of a locked unit, in the transaction of a caller who has begun. Raises NotTaken."""
    if fixed := why_fixed(unit, terms):
        raise NotTaken(*fixed)
    parent = _parent(terms, of=unit)
    was_path = unit.path
    _apply(unit, terms)
    unit.path = f"{parent.path}>{unit.pk}" if parent else unit.pk
    below = list(OrgUnit.objects.filter(path__startswith=f"{was_path}>"))
    for one in below:
        one.path = unit.path + one.path.removeprefix(was_path)
        check_path(one.path)
    check_path(unit.path)
    unit.save()
    if unit.path != was_path:
        OrgUnit.objects.bulk_update(below, ["path"])


def why_fixed(unit: OrgUnit | None, terms: Terms) -> tuple[str, str] | None:
    """The field at fault and why a unit cannot be this; None where it can. How far a role reaches follows
    from the unit that it is held in, and who keeps units does not say who reaches how far."""
    if unit is not None and (unit.parent_id is None or unit.pk == settings.TRIAGE_UNIT):
        was = terms_of(unit)
        for name in ("kind", "parent", "area_code"):
            if getattr(was, name) != getattr(terms, name):
                return name, _(
                    "The district and its operations centre keep their kind, place and area: every case "
                    "begins there, and roles held there reach everywhere."
                )
        return None
    is_new = unit is None or unit.kind != terms.kind
    if is_new and terms.kind == OrgUnit.Kind.DISTRICT and terms.parent is not None:
        return "kind", _("There is one district, and it stands above all: roles held there reach everywhere.")
    return None


def code_words() -> str:
    """What a code may be made of."""
    return _("Small letters, digits and hyphens; a street's team after one stroke.")


@transaction.atomic(durable=True)
def close(*, code: str, successor: str | None, reason: str, seen: str, actor: User) -> OrgUnit:
    """撤并: take a unit out of use; `successor` goes on with its work. Nothing below it may be open.

    Raises NotAllowed, NotTaken.
    """
    begin(actor)
    hold_administrators()  # before the unit, as whoever gives and takes roles
    unit = locked(code)
    if not unit.is_open:
        raise NotTaken("", _("It is closed already."))
    _refuse_stale(unit, seen)
    if why := why_not_closed(unit):
        raise NotTaken("", why)
    heir = OrgUnit.objects.filter(pk=successor, is_open=True).first() if successor else None
    if successor and (heir is None or heir.pk == code):
        raise NotTaken("successor", _("There is no open unit with this code."))
    unit.is_open, unit.successor = False, heir
    unit.closed_by, unit.closed_why = actor, reason.strip()[:REASON_MOST]
    with because(reason):
        unit.save(update_fields=["is_open", "successor", "closed_by", "closed_why"])
    return unit


def why_not_closed(unit: OrgUnit) -> str:
    """What stands in the way of closing it; empty where nothing does."""
    if unit.pk == settings.TRIAGE_UNIT or unit.kind == OrgUnit.Kind.DISTRICT:
        return _("The district and its operations centre cannot be closed: every case begins there.")
    below = OrgUnit.objects.open().filter(parent=unit).order_by("path")
    if below.exists():
        names = _(", ").join(str(one) for one in below[:_NAMED])
        if (more := below.count() - _NAMED) > 0:
            told = {"names": names, "count": more}
            return (
                ngettext(
                    "First close or move what stands below it: %(names)s and %(count)d more.",
                    "First close or move what stands below it: %(names)s and %(count)d more.",
                    more,
                )
                % told
            )
        return _("First close or move what stands below it: %(names)s.") % {"names": names}
    able = Membership.objects.able(timezone.now())
    for role in (Role.ADMIN, Role.SECURITY, Role.AUDITOR):
        keepers = able.filter(role=role)
        if keepers.filter(unit=unit).exists() and not keepers.exclude(unit=unit).exists():
            told = {"role": Role(role).label}
            return _("Nobody would be %(role)s any more: their role is in this unit alone.") % told
    return ""


@transaction.atomic(durable=True)
def reopen(*, code: str, reason: str, actor: User) -> bool:
    """Take a closed unit into use again; what has gone to its successor stays there. Raises NotAllowed,
    NotTaken."""
    begin(actor)
    unit = locked(code)
    if unit.is_open:
        return False
    if unit.parent is not None and not unit.parent.is_open:
        raise NotTaken("", _("The unit above it is closed: open that one first."))
    unit.is_open, unit.successor, unit.closed_by, unit.closed_why = True, None, None, ""
    with because(reason):
        unit.save(update_fields=["is_open", "successor", "closed_by", "closed_why"])
    return True


def begin(actor: User) -> None:
    """Hold the tree for who may change it, until the transaction ends. Raises NotAllowed."""
    if not may_keep(actor):
        raise NotAllowed
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_TREE_LOCK])


def locked(code: str) -> OrgUnit:
    """Raises NotTaken."""
    found = OrgUnit.objects.select_for_update(no_key=True, of=("self",)).filter(pk=code).first()
    if found is None:
        raise NotTaken("", _("There is no unit with this code."))
    return found


def _refuse_stale(unit: OrgUnit, seen: str) -> None:
    if stamp_of(unit) != seen:
        raise NotTaken("", _("Somebody else has changed this meanwhile. Look again, then change it."))


def _parent(terms: Terms, of: OrgUnit | None = None) -> OrgUnit | None:
    if not AREA_CODE.fullmatch(terms.area_code):
        raise NotTaken("area_code", _("The code of an area has 12 or 15 digits."))
    if terms.parent is None:
        root = OrgUnit.objects.filter(parent=None).exclude(pk=of.pk if of else "").first()
        if root is not None:
            raise NotTaken("parent", _("Every unit but %(root)s stands below another one.") % {"root": root})
        return None
    parent = OrgUnit.objects.filter(pk=terms.parent).first()
    if parent is None or not parent.is_open:
        raise NotTaken("parent", _("There is no open unit with this code."))
    if of is not None and parent.is_within(of):
        raise NotTaken("parent", _("A unit cannot stand below itself."))
    return parent


def check_path(path: str) -> None:
    """Raises NotTaken."""
    most: Any = OrgUnit._meta.get_field("path").max_length
    if len(path) > most:
        raise NotTaken("parent", _("This lies too deep in the tree."))


def _apply(unit: OrgUnit, terms: Terms) -> None:
    unit.kind, unit.name_zh, unit.name_en = terms.kind, terms.name_zh, terms.name_en
    unit.parent_id, unit.area_code = terms.parent, terms.area_code
