"""Since when anything is counted here: what lies before is not nothing, it is unknown."""

from datetime import date, timedelta

from incidents.models import Outcome


def first_whole_day() -> date | None:
    """The first day of which every case was counted; None before there is any. One look into an index."""
    first = (
        Outcome.objects.filter(kind=Outcome.Kind.RECEIVED)
        .order_by("day")
        .values_list("day", flat=True)
        .first()
    )
    # On its very first day a district begins at some hour.
    return first + timedelta(days=1) if first is not None else None
