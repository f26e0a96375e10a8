"""What came from outside, could not be taken over and is kept as it came: sealed, and still somebody's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from incidents.models import Report
from incidents.models.contact import blind_index
from incidents.models.outer import OuterArrival
from incidents.outer import keys, photos, taking, wire

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
    for arrival in OuterArrival.objects.exclude(kept=b"").order_by("taken_at", "pk"):
        try:
            told = wire.plain(bytes(arrival.kept))
            said = taking.opened(told, arrival.item, arrival.filed_at)
            if _index(said) == index:
                yield Aside(arrival, said, told)
        except (keys.NotOurs, ValueError, KeyError, TypeError, AttributeError):
            continue


def forget(index: str) -> int:
    """Take out what is set aside of this number; answers how many."""
    found = [one.arrival.pk for one in of_number(index)]
    return OuterArrival.objects.filter(pk__in=found).update(kept=b"")


def forget_old(*, at: datetime) -> int:
    """The same of what was set aside long ago; answers how many."""
    return OuterArrival.objects.exclude(kept=b"").filter(taken_at__lt=at - KEPT).update(kept=b"")


def _index(said: dict[str, Any]) -> str:
    if said["kind"] == taking.COMPLAINT:
        return blind_index(said["complaint"]["phone"])
    about = Report.objects.filter(tracking_code=taking.code_of(said)).select_related("contact").first()
    return about.contact.phone_index if about is not None and about.contact is not None else ""
