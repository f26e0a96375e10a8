"""What came from outside, could not be taken over and is kept as it came: sealed, and still somebody's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from incidents.errors import InvalidInput
from incidents.models import Report
from incidents.models.contact import blind_index
from incidents.models.outer import OuterArrival, OuterPushed
from incidents.outer import keys, photos, taking, wire
from incidents.outer.everybodys import Page
from incidents.outer.keys import CodeKey
from incidents.outer.zone import LANGUAGES, waiting
from incidents.public.facts import Complaint, Phase
from incidents.public.filing import clean_place

# Who minds the keys has so long to put one back; then it is gone, as nothing is kept for good.
KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Aside:
    """One that our keys open."""

    arrival: OuterArrival
    said: dict[str, Any]
    told: dict[str, Any]

    def pictures(self) -> Iterator[bytes]:
        """As they were sent; one that does not open is passed over."""
        held = taking.pictures_of(self.told)
        listed = self.said["complaint"] if self.said["kind"] == taking.COMPLAINT else self.said
        for one in listed["photos"]:
            secret = UUID(one)
            try:
                yield photos.opened(secret, held[photos.place_of(secret)])
            except (KeyError, keys.NotOurs):
                continue


def of_number(index: str) -> Iterator[Aside]:
    """What is set aside of who has the number with this blind index. Whose the ones are that no key opens,
    nobody can say: those go with time."""
    for one in _opened(OuterArrival.objects.exclude(kept=b"")):
        try:
            if _index(one.said) == index:
                yield one
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def forget(index: str, *, at: datetime) -> int:
    """Take out what is set aside of this number, and outside the pages of it; answers how many."""
    found = list(of_number(index))
    with transaction.atomic():
        for one in found:
            if place := _place(one):
                OuterPushed.objects.update_or_create(key=place, defaults={"wanted_at": at})
        return OuterArrival.objects.filter(pk__in=[one.arrival.pk for one in found]).update(kept=b"")


def pages_since(moments: Iterable[datetime]) -> dict[str, Page]:
    """The pages of the reports that were set aside at these instants, by their places."""
    found = OuterArrival.objects.exclude(kept=b"").filter(taken_at__in=set(moments))
    return {place: _page(place, one) for one in _opened(found) if (place := _place(one))}


def _opened(arrivals: QuerySet[OuterArrival]) -> Iterator[Aside]:
    for arrival in arrivals.order_by("taken_at", "pk"):
        try:
            told = wire.plain(bytes(arrival.kept))
            yield Aside(arrival, taking.opened(told, arrival.item, arrival.filed_at), told)
        except (keys.NotOurs, ValueError, KeyError, TypeError, AttributeError):
            continue


def _place(one: Aside) -> str:
    """Where outside the page of a report lies that was not taken in; empty for anything else."""
    if one.arrival.kind != taking.COMPLAINT:
        return ""
    code = taking.code_of(one.said)
    return "" if Report.objects.filter(tracking_code=code).exists() else CodeKey(code).place


def _page(place: str, one: Aside) -> Page:
    code = taking.code_of(one.said)
    street = community = None
    try:
        told = wire.read(Complaint, one.said["complaint"])
        where = clean_place(told)
        street, community = where.street, where.community
    except InvalidInput:
        pass
    except (ValueError, KeyError, TypeError, AttributeError):
        told = Complaint(form="", text="")
    shown = {}
    for language in LANGUAGES:
        with translation.override(language):
            shown[language] = replace(
                waiting(told, code, street, community, language, at=one.arrival.filed_at),
                phase=Phase.DECLINED,
                answer=_("It could not be taken in as it was sent. Please call 12345 and say it once more."),
                may_withdraw=False,
                may_add=False,
                version=f"aside.{one.arrival.taken_at.timestamp():.0f}",
            )
    written = wire.written(shown)
    return Page(place, keys.digest([written]), lambda: CodeKey(code).lock(written))


def forget_old(*, at: datetime) -> int:
    """The same of what was set aside long ago; answers how many."""
    return OuterArrival.objects.exclude(kept=b"").filter(taken_at__lt=at - KEPT).update(kept=b"")


def _index(said: dict[str, Any]) -> str:
    if said["kind"] == taking.COMPLAINT:
        return blind_index(said["complaint"]["phone"])
    about = Report.objects.filter(tracking_code=taking.code_of(said)).select_related("contact").first()
    return about.contact.phone_index if about is not None and about.contact is not None else ""
