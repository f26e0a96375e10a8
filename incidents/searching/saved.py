"""Views that people keep of a list: its filters under a name, for themselves or for their unit."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.masking import holds_personal
from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import SavedView

MOST = 20
# Of all its people: tabs that nobody can read any more help nobody.
MOST_OF_UNIT = 30
NAME_MAX = 24
QUERY_MAX = 600
# Where on the list one is, who called, and what the page says once: no part of a view.
_PASSING = frozenset({"before", "after", "caller", "done", "number", "page"})


def canonical(query: str, *, without: tuple[str, ...] = ()) -> str:
    """A list's address as a view has it: what narrows it, in one order, and nothing of anybody's."""
    pairs = [
        (name, value)
        for name, value in parse_qsl(query[: 2 * QUERY_MAX])
        if value and name not in _PASSING and name not in without and not _is_personal(name, value)
    ]
    return urlencode(sorted(set(pairs)))


def _is_personal(name: str, value: str) -> bool:
    """Is it a search for somebody's number? A case's own number is no such thing."""
    return name == "q" and holds_personal(value) and not value.startswith("20")


def views_of(user: User, *pages: str) -> list[SavedView]:
    """The views of these pages that `user` is offered: their own, then those of their units; one query."""
    units = {grant.unit.code for grant in viewer_of(user).grants}
    found = SavedView.objects.filter(Q(owner=user) | Q(unit__in=units), page__in=pages).select_related(
        "owner", "unit"
    )
    return sorted(found.order_by("pk"), key=lambda view: view.owner_id != user.pk)


@transaction.atomic(durable=True)
def save_view(
    *, user: User, page: str, name: str, query: str, unit_code: str = "", at: datetime
) -> SavedView:
    """Keep a list's address under a name, shared with a unit of one's own where one is named.

    The same name again changes that view. Raises InvalidInput or ActionRefused.
    """
    name, query = " ".join(name.split()), canonical(query)
    if not name:
        raise InvalidInput("name", "required", _("Give the view a name."))
    if len(name) > NAME_MAX:
        raise InvalidInput("name", "max_length", _("At most %(max)d characters.") % {"max": NAME_MAX})
    if "\x00" in name or "\x00" in query:
        raise InvalidInput("name", "null_characters", _("NUL characters are not text."))
    if not query:
        raise InvalidInput("query", "required", _("Narrow the list first: all of it is no view of its own."))
    if len(query) > QUERY_MAX:
        raise InvalidInput("query", "max_length", _("These are more filters than a view can hold."))
    if page not in SavedView.Page.values:
        raise InvalidInput("page", "invalid_choice", _("There is no such list."))
    if page == SavedView.Page.DESK and "q" in dict(parse_qsl(query)):
        raise InvalidInput(
            "query", "words", _("A tab of the desk looks for no words: clear the search first.")
        )
    unit = _shared_with(user, unit_code)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one view at a time is counted
    if unit is not None:
        OrgUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)  # and one of the unit's
    known = SavedView.objects.filter(owner=user, page=page)
    view = known.filter(name=name).first()
    if view is None and known.count() >= MOST:
        raise ActionRefused(
            "too_many", _("You keep %(max)d views already: remove one first.") % {"max": MOST}
        )
    if unit is not None and (view is None or view.unit_id != unit.pk):
        shared = SavedView.objects.filter(unit=unit)
        if shared.count() >= MOST_OF_UNIT:
            raise ActionRefused(
                "too_many_shared",
                _("%(unit)s shares %(max)d views already: keep this one for yourself, or remove one first.")
                % {"unit": unit, "max": MOST_OF_UNIT},
            )
    view = view or SavedView(owner=user, page=page, name=name, created_at=at)
    view.query, view.unit = query, unit
    view.save()
    return view


@transaction.atomic(durable=True)
def remove_view(*, user: User, pk: int) -> SavedView:
    """Remove one's own view, or as a supervisor or leader one that is shared below. Raises ActionRefused."""
    view = SavedView.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=pk).first()
    if view is None or not may_remove(user, view):
        raise ActionRefused("not_found", _("There is no such view of yours."))
    view.delete()
    return view


def may_remove(user: User, view: SavedView) -> bool:
    """Is it theirs, or shared with a unit that they head?"""
    if view.owner_id == user.pk:
        return True
    heads = viewer_of(user).with_roles(Role.SUPERVISOR, Role.LEADER)
    return view.unit is not None and any(grant.covers(view.unit) for grant in heads)


def _shared_with(user: User, code: str) -> OrgUnit | None:
    if not code:
        return None
    for grant in viewer_of(user).grants:
        if grant.unit.code == code:
            return grant.unit
    raise ActionRefused("not_allowed", _("A view is shared with a unit that you work in."))
