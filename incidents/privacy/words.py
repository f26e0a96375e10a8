"""Where the words of a case stand: every column that points at a text, by the way to its case."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import models
from django.db.models import Q

from incidents import timeline
from incidents.models import (
    Adjudication,
    Assignment,
    CaseRequest,
    EmergencyAlarm,
    Feedback,
    Incident,
    LateEntry,
    ModelSuggestion,
    Pause,
    PhoneCall,
    PublicWords,
    QualitySample,
    Report,
    ReportUpdate,
    SecretaryLetter,
    Supervision,
    Text,
    TimelineEntry,
    UpstreamRequest,
    UpstreamReview,
    Verification,
)

# What staff and units wrote about a case.
OF_CASE: Final[dict[type[models.Model], tuple[str, ...]]] = {
    Adjudication: ("reason", "ruling"),
    Assignment: ("asked", "resolution"),
    CaseRequest: ("reason", "answer_reason"),
    EmergencyAlarm: ("reason",),
    LateEntry: ("reason",),
    ModelSuggestion: ("explanation",),
    Pause: ("question",),
    PhoneCall: ("note",),
    PublicWords: ("text",),
    QualitySample: ("words", "note"),
    Supervision: ("words", "answer"),
    Verification: ("text",),
}
# What staff and other systems wrote about one report.
OF_REPORT: Final[dict[type[models.Model], tuple[str, ...]]] = {
    SecretaryLetter: ("draft", "reply"),
    UpstreamRequest: ("reason", "answer_reason"),
    UpstreamReview: ("reason",),
}
_BY_REPORTER: Final = (timeline.Kind.OBJECTED, timeline.Kind.REPORTER_ANSWERED)


def said_by(reports: Iterable[Report]) -> set[int]:
    """The ids of what these reporters said themselves: at first, later, and when they were asked."""
    known = [report.pk for report in reports]
    found = {report.text_id for report in reports}
    found |= _ids(ReportUpdate.objects.filter(report__in=known), "text")
    found |= _ids(Feedback.objects.filter(report__in=known), "text")
    lines = TimelineEntry.objects.filter(
        kind__in=_BY_REPORTER, incident__links__report__in=known, data__report__in=known
    )
    return found | {text for text in lines.values_list("data__text", flat=True) if isinstance(text, int)}


def answers_of(cases: Iterable[Incident]) -> set[int]:
    """What the reporters of these cases answered when they were asked for more: it says nobody's report."""
    return _ids(Pause.objects.filter(incident__in=list(cases)), "answer")


def written_about(cases: Iterable[Incident], reports: Iterable[Report]) -> set[int]:
    """The ids of all words in these cases, theirs and others'."""
    known, told = list(cases), list(reports)
    found = {case.text_id for case in known}
    for model, names in OF_CASE.items():
        for name in names:
            found |= _ids(model._base_manager.filter(incident__in=known), name)
    for model, names in OF_REPORT.items():
        for name in names:
            found |= _ids(model._base_manager.filter(report__in=told), name)
    lines = TimelineEntry.objects.filter(Q(incident__in=known), data__has_key="text")
    found |= {text for text in lines.values_list("data__text", flat=True) if isinstance(text, int)}
    return found | said_by(told) | answers_of(known)


def texts(ids: Iterable[int]) -> list[Text]:
    """Those that are not erased already."""
    return list(Text.objects.filter(pk__in=set(ids), erased_at__isnull=True).order_by("pk"))


def _ids(rows: models.QuerySet[Any], name: str) -> set[int]:
    return {found for found in rows.order_by().values_list(f"{name}_id", flat=True) if found is not None}
