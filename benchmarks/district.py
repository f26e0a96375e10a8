"""A district of a million cases, written in SQL from what the list and the map hold: no action is run.

What the staff's pages read is there: texts, reports and reporters, decisions, sendings, clocks of open
cases and five lines of history each. Cases come evenly over three years; `open_cases` of the newest are
open, a hundredth of them on the desk and a fifteenth overdue. The same every time.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, models

from accounts.models import OrgUnit
from dispatch import service
from dispatch.models import Category, ResponsibilityItem, ResponsibilityList
from grids.models import Area
from incidents.models import (
    Assignment,
    Contact,
    DecisionRecord,
    Incident,
    IncidentReport,
    Report,
    Text,
    TimelineEntry,
    Timer,
)

DAYS = 3 * 365
# How many kinds of case there are: what unit, place and matter each is of. Prime, so that no column of
# the cases runs in step with another.
KINDS: Final = 20_011
_REPORTERS: Final = 200_003


def build(*, cases: int, open_cases: int, at: datetime) -> None:
    """Fill an empty database, as of `at`; a case's id is its place in time, from 1."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        kinds(cursor)
        cursor.execute(
            """
            CREATE TEMP TABLE made AS
            SELECT n AS id, n %% %(kinds)s AS kind, n * 7919 %% %(reporters)s + 1 AS contact,
                %(at)s - make_interval(secs => %(span)s * (1 - n / %(cases)s::float)) AS received,
                CASE WHEN n <= %(closed)s THEN 'closed' WHEN n * 37 %% 100 = 0 THEN 'triage'
                    WHEN n * 37 %% 100 < 12 THEN 'dispatched' WHEN n * 37 %% 100 < 20 THEN 'resolved'
                    ELSE 'handling' END AS status
            FROM generate_series(1, %(cases)s::bigint) n""",
            {
                "kinds": KINDS,
                "reporters": _REPORTERS,
                "at": at,
                "span": timedelta(days=DAYS).total_seconds(),
                "cases": cases,
                "closed": cases - open_cases,
            },
        )
        cursor.execute("ANALYZE made")
        _said(cursor, at)
        _cases(cursor, at)
        _sent(cursor, at)
        _clocks(cursor, at)
        _history(cursor)
        for table in _TABLES:
            name = table._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 1)) FROM {name}"
            )
        cursor.execute("SET synchronous_commit = on")
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"VACUUM ANALYZE {table._meta.db_table}")


_TABLES: Final = (
    Text,
    Contact,
    Incident,
    Report,
    IncidentReport,
    DecisionRecord,
    Assignment,
    Timer,
    TimelineEntry,
)


def kinds(cursor: Any) -> None:
    """Table `kinds`: for each the unit of a real item at a real place, and what somebody would say of it."""
    places = list(Area.objects.communities().values_list("code", "parent_id"))
    offices = dict(OrgUnit.objects.filter(kind=OrgUnit.Kind.STREET_OFFICE).values_list("area_code", "code"))
    stations = dict(
        OrgUnit.objects.filter(kind=OrgUnit.Kind.COMMUNITY_STATION).values_list("area_code", "code")
    )
    units = set(OrgUnit.objects.values_list("code", flat=True))
    names = dict(Category.objects.values_list("code", "name_zh"))
    items = list(
        ResponsibilityItem.objects.values_list("code", "category_id", "lead_unit", "urgency", "matter_zh")
    )
    cursor.execute(
        "CREATE TEMP TABLE kinds (kind int PRIMARY KEY, item text, category text, unit text, urgency text, "
        "street text, community text, said text)"
    )
    rows = []
    for kind in range(KINDS):
        item, category, lead, urgency, name = items[kind * 31 % len(items)]
        community, street = places[kind * 17 % len(places)]
        unit = lead
        if lead == "@community":
            unit = stations[community]
        elif lead.startswith("@street"):
            unit = offices[street] + lead.removeprefix("@street")
        unit = unit if unit in units else "urban-management"
        said = f"{name}，{names[category]}，{community}号楼下已经好几天了，请尽快处理"
        rows.append((kind, item, category, unit, urgency, street, community, said))
    arguments = ",".join(cursor.mogrify("(%s,%s,%s,%s,%s,%s,%s,%s)", row).decode() for row in rows)
    cursor.execute(f"INSERT INTO kinds VALUES {arguments.replace('%', '%%')}")


def _said(cursor: Any, at: datetime) -> None:
    from_made = "FROM made m JOIN kinds k USING (kind)"
    _write(
        cursor,
        Text,
        {"id": "m.id", "body": "k.said || '，第' || m.id || '号'", "created_at": "m.received"},
        from_made,
    )
    _write(
        cursor,
        Contact,
        {"id": "n", "created_at": "now()"},
        f"FROM generate_series(1, {_REPORTERS}) n",
    )
    _write(
        cursor,
        Report,
        {
            "id": "m.id",
            "source": "'hotline'",
            "external_id": "'bench-' || m.id",
            "tracking_code": "lpad(m.id::text, 11, '0')",
            "nature": "'complaint'",
            "text_id": "m.id",
            "contact_id": "m.contact",
            "received_at": "m.received",
        },
        from_made,
    )


def _cases(cursor: Any, at: datetime) -> None:
    sent = "m.status <> 'triage'"
    done = "m.status IN ('resolved', 'closed')"
    _write(
        cursor,
        Incident,
        {
            "id": "m.id",
            "number": "to_char(m.received AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD-') "
            "|| lpad(m.id::text, 7, '0')",
            "status": "m.status",
            "nature": "'complaint'",
            "source": "'hotline'",
            "category_id": "k.category",
            "text_id": "m.id",
            "item_code": "k.item",
            "urgency": "k.urgency",
            "level": "'C'",
            "first_level": "'C'",
            "owner_unit_id": f"CASE WHEN {sent} THEN k.unit ELSE 'operations-centre' END",
            "community_code": "k.community",
            "street_code": "k.street",
            "in_district": "true",
            "received_at": "m.received",
            "first_dispatched_at": f"CASE WHEN {sent} THEN m.received END",
            "dispatched_at": f"CASE WHEN {sent} THEN m.received END",
            "accepted_at": "CASE WHEN m.status IN ('handling', 'resolved', 'closed') THEN m.received END",
            "resolved_at": f"CASE WHEN {done} THEN m.received + interval '2 days' END",
            "closed_at": "CASE WHEN m.status = 'closed' THEN m.received + interval '3 days' END",
            "due_at": "CASE WHEN m.status <> 'closed' THEN "
            "%(at)s + make_interval(mins => (m.id * 6151 %% 21600)::int - 1440) END",
            "clock_kind": _CLOCK,
            "clock_started_at": "m.received",
            "triage_codes": "CASE WHEN m.status = 'triage' THEN '{low_confidence}'::varchar[] ELSE '{}' END",
            "outcome": f"CASE WHEN {done} THEN 'solved' ELSE '' END",
        },
        "FROM made m JOIN kinds k USING (kind)",
        {"at": at},
    )
    _write(
        cursor,
        IncidentReport,
        {"id": "m.id", "incident_id": "m.id", "report_id": "m.id", "linked_at": "m.received"},
        "FROM made m",
    )


_CLOCK = (
    "CASE m.status WHEN 'triage' THEN 'dispatch' WHEN 'dispatched' THEN 'acceptance' "
    "WHEN 'resolved' THEN 'verification' WHEN 'closed' THEN '' ELSE 'handling' END"
)


def _sent(cursor: Any, at: datetime) -> None:
    version = ResponsibilityList.objects.order_by("pk").values_list("pk", flat=True)[0]
    # One real answer with its candidates stands on every case: pages read it, and nothing compares them.
    decision = service.decide(text="路灯坏了,晚上不亮", source="hotline", at=at)
    detail = json.dumps(decision.as_json(), ensure_ascii=False)
    _write(
        cursor,
        DecisionRecord,
        {
            "id": "m.id",
            "incident_id": "m.id",
            "report_id": "m.id",
            "made_at": "m.received",
            "responsibility_list_id": str(version),
            "outcome": "CASE m.status WHEN 'triage' THEN 'triage' ELSE 'dispatched' END",
            "category_code": "k.category",
            "item_code": "k.item",
            "unit_code": "k.unit",
            "confidence": "0.9",
            "detail": "%(detail)s::jsonb",
        },
        "FROM made m JOIN kinds k USING (kind)",
        {"detail": detail},
    )
    _write(
        cursor,
        Assignment,
        {
            "id": "m.id",
            "incident_id": "m.id",
            "unit_id": "k.unit",
            "decision_id": "m.id",
            "item_code": "k.item",
            "level": "'C'",
            "handle_limit": "'5wd'",
            "accept_minutes": "240",
            "automatic": "true",
            "sent_at": "m.received",
            "accepted_at": "CASE WHEN m.status <> 'dispatched' THEN m.received END",
            "resolved_at": "CASE WHEN m.status IN ('resolved', 'closed') "
            "THEN m.received + interval '2 days' END",
            "ended_at": "CASE WHEN m.status = 'closed' THEN m.received + interval '3 days' END",
            "end_reason": "CASE WHEN m.status = 'closed' THEN 'closed' ELSE '' END",
        },
        "FROM made m JOIN kinds k USING (kind) WHERE m.status <> 'triage'",
    )


def _clocks(cursor: Any, at: datetime) -> None:
    running = "FROM made m JOIN incidents_incident i ON i.id = m.id WHERE m.status <> 'closed'"
    _write(
        cursor,
        Timer,
        {
            "id": "m.id",
            "incident_id": "m.id",
            "assignment_id": "CASE WHEN m.status <> 'triage' THEN m.id END",
            "kind": _CLOCK,
            "limit": "'5wd'",
            "unit_code": "i.owner_unit_id",
            "started_at": "m.received",
            "due_at": "i.due_at",
            "own_due_at": "i.due_at",
            "reckoned_from": "m.received",
            "stage_names": "'{breach}'",
            "stage_times": "ARRAY[i.due_at]",
        },
        running,
    )


def _history(cursor: Any) -> None:
    lines = (
        ("received", 0, "true"),
        ("dispatched", 0, "m.status <> 'triage'"),
        ("accepted", 1, "m.status NOT IN ('triage', 'dispatched')"),
        ("resolved", 48, "m.status IN ('resolved', 'closed')"),
        ("closed", 72, "m.status = 'closed'"),
    )
    for place, (kind, hours, where) in enumerate(lines):
        _write(
            cursor,
            TimelineEntry,
            {
                "id": f"m.id * {len(lines)} + {place}",
                "incident_id": "m.id",
                "at": f"m.received + interval '{hours} hours'",
                "recorded_at": "m.received",
                "kind": f"'{kind}'",
                "data": "jsonb_build_object('unit', k.unit, 'item', k.item)",
            },
            f"FROM made m JOIN kinds k USING (kind) WHERE {where}",
        )


def _write(
    cursor: Any,
    table: type[models.Model],
    values: Mapping[str, str],
    source: str,
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """INSERT … SELECT: `values` are SQL by column; what they leave out is the field's own default."""
    columns, told = dict(values), dict(parameters or {})
    for field in table._meta.concrete_fields:
        if field.column in columns or field.null or field.primary_key:
            continue
        columns[field.column] = f"%({field.column})s::{field.db_type(connection)}"
        default = field.get_default()
        told[field.column] = field.get_db_prep_save("" if default is None else default, connection)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"INSERT INTO {table._meta.db_table} ({names}) SELECT {', '.join(columns.values())} {source}", told
    )
