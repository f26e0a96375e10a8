"""What a picture proves: whether it was taken at the place, and whether it has been used before."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import policy
from incidents.intake.same_thing import metres_between
from incidents.models import Attachment, Incident

# A telephone between tall houses is this far out.
NEAR_M = 200.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on a case's page, with what can be said for it or against it."""

    photo: Attachment
    words: str = ""
    state: str = ""


def shown(incident: Incident, photos: Sequence[Attachment], reader: User) -> list[Shown]:
    """The pictures in their order, each judged; one query for those that other cases have too. A case that
    the reader may not open is not named."""
    prints = {photo.fingerprint for photo in photos if photo.stage != Attachment.Stage.REPORT}
    used = (
        dict(
            Attachment.objects.filter(fingerprint__in=prints, incident__isnull=False)
            .exclude(incident=incident)
            .alias(may_read=Q(incident__in=Incident.objects.filter(policy.visible(reader))))
            .annotate(number=Case(When(may_read=True, then="incident__number"), default=Value("")))
            .order_by("may_read", "-pk")  # the last one stays: the oldest that may be named
            .values_list("fingerprint", "number")
        )
        if prints
        else {}
    )
    return [_judged(incident, photo, used.get(photo.fingerprint)) for photo in photos]


def _judged(incident: Incident, photo: Attachment, other: str | None) -> Shown:
    if photo.stage == Attachment.Stage.REPORT:
        return Shown(photo)
    if other == "":
        return Shown(photo, _("Same picture as in another case"), "overdue")
    if other is not None:
        return Shown(photo, _("Same picture as in %(number)s") % {"number": other}, "overdue")
    if photo.lon is None or photo.lat is None or incident.lon is None or incident.lat is None:
        return Shown(photo)
    metres = metres_between(incident.lon, incident.lat, photo.lon, photo.lat)
    told = {"distance": distance(metres)}
    if metres <= NEAR_M:
        return Shown(photo, _("At the place, %(distance)s") % told, "on")
    return Shown(photo, _("%(distance)s from the place") % told, "warned")


def distance(metres: float) -> str:
    """Metres below a kilometre, else kilometres with one decimal."""
    if metres < 1000:
        return _("%(count)d m") % {"count": round(metres)}
    return _("%(count)s km") % {"count": f"{metres / 1000:.1f}"}
