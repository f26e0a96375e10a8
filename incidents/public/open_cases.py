"""Public cases as everybody may read them: for the map and list, open data, and Open311."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import get_language

from grids.locate import geography
from incidents import releasing
from incidents.models import Incident, Timer
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.openness import public, told_point
from incidents.public.facts import Phase
from incidents.public.following import phase_of
from incidents.public.open_facts import (
    CasePage,
    CasesQuestion,
    Happening,
    PictureQuestion,
    PublicCase,
    PublicPicture,
)

MERGED = "merged"
_CLOSED = (Status.CLOSED, Status.REJECTED, Status.MERGED)
_METRES_PER_DEGREE = 111_320.0
# What moves a case on, as everybody may know it.
_MOVES = ("received_at", "dispatched_at", "accepted_at", "made_safe_at", "resolved_at", "closed_at")


def cases(question: CasesQuestion, *, at: datetime) -> CasePage:
    """The page of cases that a question asks for; three statements, however many, and a fourth where some
    were merged."""
    first = (question.page - 1) * question.page_size
    rows = list(_asked(question)[first : first + question.page_size + 1])
    page = rows[: question.page_size]
    return CasePage(_told(page, with_photos=question.with_photos), len(rows) > len(page))


def picture(question: PictureQuestion) -> bytes | None:
    """The released copy of a picture; None where there is none, or not any more."""
    found = (
        releasing.shown()
        .filter(attachment=question.id, incident__in=public(Incident.objects.all()).values("pk"))
        .first()
    )
    if found is None:
        return None
    try:
        with found.file.open("rb") as handle:
            return bytes(handle.read())
    except FileNotFoundError:
        return None


def _asked(question: CasesQuestion) -> QuerySet[Incident]:
    found: QuerySet[Incident] = public(Incident.objects.all())
    found = found.filter(number__in=question.numbers) if question.numbers else _filtered(found, question)
    return (
        found.select_related("category", "owner_unit", "public_words__text", "text")
        .defer("text__body")
        .order_by("-received_at", "-pk")
    )


def _filtered(found: QuerySet[Incident], question: CasesQuestion) -> QuerySet[Incident]:
    conditions = Q()
    if question.since is not None:
        conditions &= Q(received_at__gte=question.since)
    if question.until is not None:
        conditions &= Q(received_at__lte=question.until)
    if question.categories:
        conditions &= Q(category__in=question.categories)
    if question.groups:
        conditions &= Q(category__domain_code__in=question.groups)
    if question.is_open is not None:
        conditions &= Q(status__in=OPEN_STATUSES if question.is_open else _CLOSED)
    if question.street:
        conditions &= Q(street_code=question.street)
    if question.words:
        conditions &= _saying(question.words)
    found = found.filter(conditions)
    if question.updated_since is not None or question.updated_until is not None:
        found = found.annotate(moved_at=Greatest(*_MOVES))
        if question.updated_since is not None:
            found = found.filter(moved_at__gte=question.updated_since)
        if question.updated_until is not None:
            found = found.filter(moved_at__lte=question.updated_until)
    return found if question.near is None else _near(found, question.near, question.metres)


def _saying(words: str) -> Q:
    """Cases whose released words, category or place has these words."""
    folded = words.casefold()
    places = [
        code for code, names in geography().names.items() if any(folded in name.casefold() for name in names)
    ]
    streets = [code for code in places if geography().kinds[code] == "street"]
    communities = [code for code in places if geography().kinds[code] == "community"]
    return (
        Q(public_words__text__body__icontains=words)
        | Q(category__name_zh__icontains=words)
        | Q(category__name_en__icontains=words)
        | Q(category__domain_zh__icontains=words)
        | Q(category__domain_en__icontains=words)
        | Q(street_code__in=streets)
        | Q(community_code__in=communities)
    )


def _near(found: QuerySet[Incident], point: tuple[float, float], metres: float) -> QuerySet[Incident]:
    """Within a circle; over a district the earth is flat enough."""
    lon, lat = point
    narrower = max(0.1, math.cos(math.radians(lat)))
    north, east = metres / _METRES_PER_DEGREE, metres / _METRES_PER_DEGREE / narrower
    up = F("lat") - Value(lat, output_field=FloatField())
    aside = (F("lon") - Value(lon, output_field=FloatField())) * Value(narrower)
    return (
        found.filter(lat__range=(lat - north, lat + north), lon__range=(lon - east, lon + east))
        .annotate(apart=up * up + aside * aside)
        .filter(apart__lte=(metres / _METRES_PER_DEGREE) ** 2)
    )


def _told(rows: Sequence[Incident], *, with_photos: bool) -> tuple[PublicCase, ...]:
    known = [incident.pk for incident in rows]
    due = dict(
        Timer.objects.filter(
            incident__in=known, kind=Timer.Kind.HANDLING, stopped_at__isnull=True
        ).values_list("incident_id", "due_at")
    )
    photos: dict[int, list[PublicPicture]] = {}
    if with_photos:
        released = releasing.shown().filter(incident__in=known)
        for photo in released.select_related("attachment").order_by("attachment__uploaded_at", "pk"):
            shown = PublicPicture(photo.attachment_id, photo.attachment.stage, photo.width, photo.height)
            photos.setdefault(photo.incident_id, []).append(shown)
    merged = {incident.merged_into_id for incident in rows if incident.merged_into_id is not None}
    # Those that may be named themselves.
    into = dict(public(Incident.objects.filter(pk__in=merged)).values_list("pk", "number")) if merged else {}
    return tuple(
        _case(
            incident,
            due.get(incident.pk),
            photos.get(incident.pk, ()),
            into.get(incident.merged_into_id or 0, ""),
        )
        for incident in rows
    )


def _case(
    incident: Incident, due_at: datetime | None, photos: Iterable[PublicPicture], into: str
) -> PublicCase:
    category = incident.category
    assert category is not None
    happenings = _happenings(incident)
    names, english = geography().names, (get_language() or "").startswith("en")

    def named(code: str) -> str:
        return names[code][english] if code in names else ""

    is_open = incident.is_open
    return PublicCase(
        number=incident.number,
        category=category.code,
        category_name=category.name,
        group=category.domain,
        is_open=is_open,
        phase=_phase(incident),
        outcome=incident.outcome,
        merged_into=into,
        unit=incident.owner_unit.name if incident.dispatched_at else "",
        received_at=incident.received_at,
        updated_at=happenings[-1].at,
        due_at=due_at if is_open else None,
        community=named(incident.community_code),
        street=named(incident.street_code),
        district=named(geography().district or ""),
        area=incident.community_code or incident.street_code,
        lon=told_point(incident.lon),
        lat=told_point(incident.lat),
        reports=incident.report_count,
        words=_words(incident),
        photos=tuple(photos),
        happenings=happenings,
    )


def _words(incident: Incident) -> str:
    """What was released, unless it was erased since, here or where it was said."""
    released = getattr(incident, "public_words", None)
    if released is None or released.text is None or released.text.erased_at is not None:
        return ""
    return "" if incident.text.erased_at is not None else str(released.text.body)


def _phase(incident: Incident) -> str:
    return MERGED if incident.status == Status.MERGED else phase_of(incident)


def _happenings(incident: Incident) -> tuple[Happening, ...]:
    """By when it came into which phase, in order."""
    ended = _phase(incident) if not incident.is_open else Phase.SETTLED
    told = (
        (incident.received_at, "received"),
        (incident.dispatched_at, Phase.SENT),
        (incident.accepted_at, Phase.HANDLING),
        (incident.resolved_at, Phase.CHECKING),
        (incident.closed_at, ended),
    )
    return tuple(
        sorted((Happening(at, str(what)) for at, what in told if at is not None), key=lambda one: one.at)
    )
