"""A hundred thousand past cases, each with its text, its decision as it was recorded, and its sendings.

The product's own reading of the example texts is recorded for each (place and hour vary), so documents
are as large, and guesses as faint and as many, as they are in a district.
"""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection

from accounts.models import OrgUnit
from benchmarks.sweeps_data import copy_rows
from dispatch.edition import edition
from dispatch.facts import PlaceFacts
from dispatch.service import Request, decide_many
from grids.models import Area
from incidents.models import Assignment, DecisionRecord, Incident, Report, Text
from incidents.models.incident import Status

DAYS = 90
UNTIL = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=DAYS)


def make_cases(count: int) -> None:
    """Write `count` cases of the last 90 days; a tenth is open, a seventh went to a wrong unit first."""
    templates = _read_texts()
    now = edition()
    text = Text.objects.create(body="bench", created_at=SINCE)
    report = Report.objects.create(
        source="hotline",
        external_id="bench",
        content_hash="",
        nature="complaint",
        text=text,
        received_at=SINCE,
        tracking_code="bench",
    )
    incident = Incident.objects.create(
        number="bench",
        status=Status.CLOSED,
        nature="complaint",
        source="hotline",
        text=text,
        owner_unit_id=settings.TRIAGE_UNIT,
        received_at=SINCE - timedelta(days=900),
        closed_at=UNTIL,
        outcome="solved",
    )
    record = DecisionRecord.objects.create(
        incident=incident,
        report=report,
        made_at=SINCE,
        responsibility_list_id=now.list_id,
        outcome="triage",
        confidence=0,
        detail={},
    )
    sent = Assignment.objects.create(
        incident=incident,
        unit_id=settings.TRIAGE_UNIT,
        decision=record,
        handle_limit="5wd",
        accept_minutes=60,
        automatic=True,
        sent_at=SINCE,
        resolved_at=UNTIL,
        ended_at=UNTIL,
        end_reason="closed",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE template (n int PRIMARY KEY, body text, detail jsonb, unit text, item text,"
            " dispatched boolean, other text)"
        )
        cursor.executemany("INSERT INTO template VALUES (%s, %s, %s, %s, %s, %s, %s)", templates)
    step = f"interval '{DAYS * 86_400 / count} seconds'"
    case = (
        f"(SELECT g, template.* FROM generate_series(1, {count}) g"
        f" JOIN template ON template.n = mod(g, {len(templates)})) t"
    )
    at = f"(%(since)s::timestamptz + (t.g - 0.5) * {step})"
    base = {name: _next(name) for name in ("incidents_text", "incidents_report", "incidents_incident")}
    base["incidents_decisionrecord"] = _next("incidents_decisionrecord")
    copy_rows(Text, text.pk, case, {"body": "t.body"})
    copy_rows(
        Report,
        report.pk,
        case,
        {
            "external_id": "'bench-' || t.g",
            "tracking_code": "'b' || t.g",
            "text_id": f"{base['incidents_text']} + t.g",
        },
    )
    copy_rows(
        Incident,
        incident.pk,
        case,
        {
            "number": "'bench-' || t.g",
            "text_id": f"{base['incidents_text']} + t.g",
            "received_at": at,
            "status": "CASE WHEN mod(t.g, 10) = 0 THEN 'parked' ELSE 'closed' END",
            "item_code": "t.item",
            "return_count": "CASE WHEN mod(t.g, 7) = 0 AND mod(t.g, 3) > 0 THEN 1 ELSE 0 END",
        },
        since=SINCE,
    )
    copy_rows(
        DecisionRecord,
        record.pk,
        case,
        {
            "incident_id": f"{base['incidents_incident']} + t.g",
            "report_id": f"{base['incidents_report']} + t.g",
            "outcome": "CASE WHEN t.dispatched THEN 'dispatched' ELSE 'triage' END",
            "detail": "jsonb_set(t.detail, '{facts,at}',"
            f" to_jsonb(to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')))",
        },
        since=SINCE,
    )
    for condition, unit, resolved in (
        ("mod(t.g, 7) = 0", "t.unit", "NULL"),  # to the wrong one first
        ("mod(t.g, 7) = 0", "t.other", "one.resolved_at"),
        ("mod(t.g, 7) > 0", "t.unit", "one.resolved_at"),
    ):
        copy_rows(
            Assignment,
            sent.pk,
            f"(SELECT * FROM {case} WHERE {condition}) t",
            {
                "incident_id": f"{base['incidents_incident']} + t.g",
                "decision_id": f"{base['incidents_decisionrecord']} + t.g",
                "unit_id": unit,
                "item_code": "t.item",
                "automatic": "t.dispatched" if resolved == "NULL" or "> 0" in condition else "FALSE",
                "resolved_at": resolved,
            },
        )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE template")
        cursor.execute("VACUUM ANALYZE")


def _next(table: str) -> int:
    """The id that the first copied row's comes right after."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT last_value FROM {table}_id_seq")
        return int(cursor.fetchone()[0])


def _read_texts() -> list[tuple[object, ...]]:
    """What is recorded of each example text, somewhere in the district."""
    dice = random.Random(4)
    places = list(Area.objects.communities().order_by("code").values_list("code", "parent_id"))
    units = list(OrgUnit.objects.order_by("code").values_list("code", flat=True))
    path = Path(settings.BASE_DIR) / "dispatch/data/example_texts.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        texts = [(row["text"], row["source"]) for row in csv.DictReader(handle)]
    requests = []
    for text, source in texts:
        community, street = dice.choice(places)
        place = PlaceFacts(None, community, street, True)
        requests.append(Request(text=text, source=source, at=SINCE, place=place))
    told = []
    for nth, (request, decision) in enumerate(zip(requests, decide_many(requests), strict=True)):
        detail = decision.as_json()
        detail["facts"].pop("attributes", None)
        unit, other = decision.unit or settings.TRIAGE_UNIT, dice.choice(units)
        told.append(
            (
                nth,
                request.text,
                orjson.dumps(detail).decode(),
                unit,
                decision.item or "",
                decision.is_dispatched,
                other,
            )
        )
    return told
