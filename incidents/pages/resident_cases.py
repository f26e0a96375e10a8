"""Public cases: on a map and in a list, one by one, and to take away as open data."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from config import clock
from grids.locate import geography
from incidents.models.incident import ResolutionOutcome
from incidents.numbers import DISTRICT_ZONE
from incidents.pages.throttle import Throttle, address_of
from incidents.public import CasesQuestion, CatalogueQuestion, PublicCase, published
from incidents.public.facts import Phase
from incidents.public.open_cases import MERGED

SPAN: Final = timedelta(days=90)
PER_PAGE: Final = 20
PAGES_MOST: Final = 500
MAP_MOST: Final = 1_000
FILE_MOST: Final = 10_000
_CHUNK: Final = 1_000
WORDS_MOST: Final = 40
# Thousands of rows each: a few a minute are enough for anybody.
DOWNLOADS = Throttle(limit=10, seconds=60)
_STATES: Final = {"open": True, "closed": False}
# What a spreadsheet would run as a formula.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

COLUMNS: Final = (
    *("number", "category", "category_name", "group", "state", "phase", "outcome", "unit"),
    *("received_at", "updated_at", "due_at", "street", "community", "area", "lon", "lat"),
    *("reports", "photos", "words"),
)


@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of the last ninety days about public space, twenty at a time."""
    question, asked = _read(request)
    told = request.GET.get("page", "")
    number = min(int(told), PAGES_MOST) if told.isascii() and told.isdigit() and len(told) < 6 else 1
    number = max(1, number)
    page = published(replace(question, page=number, page_size=PER_PAGE), at=clock.now())
    chosen = {name: value for name, value in asked.items() if value}
    context = {
        "rows": [_row(case) for case in page.cases],
        "asked": asked,
        "is_asked": bool(chosen),
        "query": urlencode(chosen),
        "before": number - 1 if number > 1 else None,
        "after": number + 1 if page.has_more and number < PAGES_MOST else None,
        "number": number,
        "streets": _streets(),
        "groups": _groups(),
        "words_most": WORDS_MOST,
        "file_most": FILE_MOST,
    }
    return render(request, "resident/cases.html", context)


@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One public case: what it is, where, whose, how far; with the words and photos that were released."""
    page = published(CasesQuestion(numbers=(number[:20].replace("\x00", ""),), page_size=1), at=clock.now())
    if not page.cases:
        raise Http404
    found = page.cases[0]
    context = {
        "case": found,
        "row": _row(found),
        "steps": [{"at": one.at, "words": _happened(one.what)} for one in found.happenings],
    }
    return render(request, "resident/public_case.html", context)


@require_safe
@cache_control(public=True, max_age=60)
def points(request: HttpRequest) -> JsonResponse:
    """The newest thousand of them as points for the map."""
    question, _asked = _read(request)
    page = published(replace(question, page_size=MAP_MOST, with_photos=False), at=clock.now())
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [case.lon, case.lat]},
            "properties": {
                "number": case.number,
                "title": case.category_name,
                "sub": " · ".join(filter(None, (case.community, _phase(case)))),
                "state": "on" if case.is_open else "closed",
                "url": reverse("public-case", args=[case.number]),
            },
        }
        for case in page.cases
        if case.lon is not None and case.lat is not None
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The same cases as a file: UTF-8 with a byte order mark, so that spreadsheets read it."""
    rows = _rows(request)
    return (
        _file(_csv_lines(rows), "csv", "text/csv; charset=utf-8") if rows is not None else _too_many(request)
    )


@require_safe
def as_json(request: HttpRequest) -> HttpResponseBase:
    """The same cases as an array."""
    rows = _rows(request)
    return _file(_json_lines(rows), "json", "application/json") if rows is not None else _too_many(request)


def _rows(request: HttpRequest) -> Iterator[PublicCase] | None:
    """The cases to be written, newest first; None where this address has asked too often."""
    address = address_of(request)
    if DOWNLOADS.is_full(address):
        return None
    DOWNLOADS.count(address)
    question, _asked = _read(request)
    return _all(question, clock.now())


def _all(question: CasesQuestion, at: datetime) -> Iterator[PublicCase]:
    # What arrives meanwhile would push rows onto the next page a second time.
    question = replace(question, until=question.until or at, page_size=_CHUNK)
    for number in range(1, FILE_MOST // _CHUNK + 1):
        page = published(replace(question, page=number), at=at)
        yield from page.cases
        if not page.has_more:
            return


def _values(case: PublicCase) -> tuple[Any, ...]:
    return (
        *(case.number, case.category, case.category_name, case.group),
        *("open" if case.is_open else "closed", case.phase, case.outcome, case.unit),
        *(_instant(case.received_at), _instant(case.updated_at), _instant(case.due_at)),
        *(case.street, case.community, case.area, case.lon, case.lat),
        *(case.reports, len(case.photos), case.words),
    )


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(DISTRICT_ZONE).isoformat(timespec="seconds") if at is not None else None


def _csv_lines(rows: Iterator[PublicCase]) -> Iterator[str]:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    held.write("\ufeff")
    writer.writerow(COLUMNS)
    for case in rows:
        writer.writerow(
            f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
            for value in _values(case)
        )
        yield held.getvalue()
        held.seek(0)
        held.truncate()
    yield held.getvalue()


def _json_lines(rows: Iterator[PublicCase]) -> Iterator[str]:
    before = "[\n"
    for case in rows:
        yield before + json.dumps(dict(zip(COLUMNS, _values(case), strict=True)), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _file(lines: Iterator[str], ending: str, kind: str) -> StreamingHttpResponse:
    day = f"{clock.now().astimezone(DISTRICT_ZONE):%Y-%m-%d}"
    told = {"Content-Disposition": f'attachment; filename="public-cases-{day}.{ending}"'}
    return StreamingHttpResponse(lines, content_type=kind, headers=told)


def _too_many(request: HttpRequest) -> HttpResponse:
    words = _("That was often. Wait a minute, then take the file again.")
    return HttpResponse(
        words, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": "60"}
    )


def _read(request: HttpRequest) -> tuple[CasesQuestion, dict[str, str]]:
    """What was asked; what is none of the choices is not asked."""
    told = request.GET
    street, group = told.get("street", ""), told.get("group", "")
    asked = {
        "street": street if geography().kinds.get(street) == "street" else "",
        "group": group if group in dict(_groups()) else "",
        "state": told.get("state", "") if told.get("state") in _STATES else "",
        "q": told.get("q", "").replace("\x00", "").strip()[:WORDS_MOST],
    }
    question = CasesQuestion(
        groups=(asked["group"],) if asked["group"] else (),
        is_open=_STATES.get(asked["state"]),
        since=clock.now() - SPAN,
        words=asked["q"],
        street=asked["street"],
    )
    return question, asked


def _groups() -> list[tuple[str, str]]:
    """The domains that a public case can be of."""
    catalogue = published(CatalogueQuestion(), at=clock.now())
    return list(dict.fromkeys((one.code[:2], one.group) for one in catalogue.services if one.is_public))


def _streets() -> list[tuple[str, str]]:
    areas = geography()
    english = _is_english()
    return sorted((code, areas.names[code][english]) for code in areas.in_use("street"))


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


def _row(case: PublicCase) -> dict[str, Any]:
    return {
        "case": case,
        "state": _phase(case),
        "tone": "on" if case.is_open else "closed",
        "place": " · ".join(filter(None, (case.street, case.community))),
        "photo": next((one for one in case.photos if one.stage == "after"), None)
        or (case.photos[0] if case.photos else None),
    }


def _phase(case: PublicCase) -> str:
    """Where it stands, in two or three words."""
    if case.phase == Phase.SETTLED and case.outcome and case.outcome != ResolutionOutcome.SOLVED:
        return str(ResolutionOutcome(case.outcome).label)
    return {
        Phase.DECIDING: _("Finding out whose job it is"),
        Phase.SENT: pgettext("public case", "Sent"),
        Phase.HANDLING: pgettext("public case", "Being worked on"),
        Phase.CHECKING: pgettext("public case", "Being checked"),
        Phase.PARKED: pgettext("public case", "Put off to a date"),
        Phase.PAUSED: pgettext("public case", "Waiting"),
        Phase.SETTLED: pgettext("public case", "Settled"),
        Phase.ANSWERED: pgettext("public case", "Answered"),
        Phase.DECLINED: pgettext("public case", "Not accepted"),
        Phase.WITHDRAWN: pgettext("public case", "Taken back"),
        MERGED: pgettext("public case", "Joined with another"),
    }[case.phase]


def _happened(what: str) -> str:
    return {
        "received": pgettext("public case", "Reported"),
        Phase.SENT: pgettext("public case", "Sent to whoever has to deal with it"),
        Phase.HANDLING: pgettext("public case", "Taken on"),
        Phase.CHECKING: pgettext("public case", "Said to be done"),
        Phase.SETTLED: pgettext("public case", "Closed"),
        Phase.ANSWERED: pgettext("public case", "Answered"),
        Phase.DECLINED: pgettext("public case", "Not accepted"),
        Phase.WITHDRAWN: pgettext("public case", "Taken back"),
        MERGED: pgettext("public case", "Joined with another"),
    }[what]
