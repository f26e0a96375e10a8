"""Versions of the list as the tests of it arrange them, through the domain's own functions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import editing, lists
from dispatch.errors import ListRefused
from dispatch.item_rules import values_of
from dispatch.models import ItemChange, ListTerm, ResponsibilityList
from tests.cast import TUESDAY, Person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Led by the lighting company, and by somebody else.
LAMP_ITEM, FOREIGN_ITEM = "0204-001", "0101-001"


def refused(code: str, action: Callable[[], object]) -> None:
    """The action is refused, by this code."""
    with pytest.raises(ListRefused) as caught:
        action()
    assert caught.value.code == code


def live_list(at: datetime = TUESDAY) -> ResponsibilityList:
    return ResponsibilityList.objects.live(at).get()


def new_draft(by: Person, title: str = "草稿", at: datetime = TUESDAY) -> ResponsibilityList:
    """A draft of what is live."""
    return lists.draft_from(base=live_list(at), title=title, by=by.user, at=at)


def item_values(version: ResponsibilityList, code: str = LAMP_ITEM, **changed: Any) -> dict[str, Any]:
    return {**values_of(version.items.get(code=code)), **changed}


def change(
    draft: ResponsibilityList,
    by: Person,
    code: str = LAMP_ITEM,
    *,
    why: str = "与灯杆招标合同一致",
    at: datetime = TUESDAY,
    **changed: Any,
) -> ItemChange:
    """Change fields of an item of the draft (its limit, where nothing is said)."""
    values = item_values(draft, code, **(changed or {"handle_limit": "9wd"}))
    return editing.save_item(draft=draft, code=code, values=values, why=why, by=by.user, at=at)


def proposal(by: Person, at: datetime = TUESDAY, **changed: Any) -> ResponsibilityList:
    """A draft with one change, proposed."""
    draft = new_draft(by, at=at)
    change(draft, by, at=at, **changed)
    return lists.propose(draft=draft, remark="请审", by=by.user, at=at)


def adopted(
    by: Person, other: Person, at: datetime = TUESDAY, starts_at: datetime | None = None, **changed: Any
) -> ListTerm:
    """A version proposed by one and adopted by another."""
    return lists.adopt(proposed=proposal(by, at, **changed), starts_at=starts_at, by=other.user, at=at)
