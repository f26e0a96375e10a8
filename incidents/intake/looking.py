"""What a batch asks first, in one statement: what came before, the ids of its rows, where the day's numbers
begin."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import models

from incidents.intake.filing import Filing
from incidents.intake.rows import DRAWN, sequence_of
from incidents.intake.statements import Prepared
from incidents.models import Assignment, Contact, DecisionRecord, Incident, Report, Text, Timer
from incidents.numbers import district_day, open_day

# A sending starts the clocks of acceptance and handling, and perhaps that of the first contact.
_CLOCKS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The answer."""

    reports: Mapping[tuple[str, str], Report]  # that came before, by source and external id
    ids: Mapping[type[models.Model], Iterator[int]]  # enough for every row; what is left over is a gap
    base: int  # of the day's case numbers

    def next(self, model: type[models.Model]) -> int:
        """A fresh id."""
        return next(self.ids[model])


def look(items: Sequence[Filing], *, at: datetime) -> Found:
    """Ask for a batch. Ids that it turns out not to need are lost, which is allowed."""
    asked = _wanted(items)
    told = _statement().run(
        [
            [item.draft.source for item in items],
            [item.draft.external_id for item in items],
            district_day(at),
            *(asked[model] for model in DRAWN),
        ]
    )
    known, base, *ids = told[0]
    reports = Report.objects.filter(pk__in=known) if known else ()
    return Found(
        reports={(report.source, report.external_id): report for report in reports},
        ids={model: iter(drawn) for model, drawn in zip(DRAWN, ids, strict=True)},
        base=base if base is not None else open_day(at),
    )


def _wanted(items: Sequence[Filing]) -> dict[type[models.Model], int]:
    """How many ids of each table these could need."""
    sent = [item.decision for item in items if item.decision and item.decision.is_dispatched]
    # An emergency takes its supporting units with it.
    supports = sum(len(decision.support_units) for decision in sent)
    return {
        **dict.fromkeys((Text, Report, Incident, DecisionRecord), len(items)),
        Contact: sum(1 for item in items if item.draft.reporter),
        Assignment: len(sent) + supports,
        Timer: (_CLOCKS - 1) * len(sent) + len(items) + supports,
    }


@lru_cache(maxsize=1)
def _statement() -> Prepared:
    draws = ", ".join(
        f"ARRAY(SELECT nextval('{sequence_of(model)}') FROM generate_series(1, ${at}))"
        for at, model in enumerate(DRAWN, 4)
    )
    return Prepared(
        "intake_look",
        ("text[]", "text[]", "date", *["int"] * len(DRAWN)),
        f"""SELECT
            ARRAY(
                SELECT report.id
                FROM unnest($1, $2) AS asked (source, external_id), LATERAL (
                    SELECT id FROM incidents_report
                    WHERE source = asked.source AND external_id = asked.external_id OFFSET 0
                ) AS report
            ),
            (SELECT base FROM incidents_serialday WHERE day = $3),
            {draws}""",
    )
