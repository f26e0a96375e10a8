"""A city's open clocks: a million of them, of which every tenth falls due at each full hour."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, models

from dispatch.edition import calendar_revision, work_calendar
from incidents.models import Incident, PendingStage, Text, Timer
from incidents.models.incident import Status

OPEN = 1_000_000
SLOTS = 10
STAGES = ("warn_50", "warn_80", "esc_head", "esc_street")
FIRST = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
KINDS = (Timer.Kind.HANDLING, Timer.Kind.FIRST_CONTACT)  # two clocks tick on each case


def due_hour(hour: int) -> datetime:
    """The instant by which the clocks of this hour are due: a tenth of all, over the minute before it.

    A stage's next one is due ten hours later, so every hour finds as many, and nothing runs out.
    """
    return FIRST + timedelta(hours=hour)


def make_clocks(count: int = OPEN) -> None:
    """Write `count` open clocks, two a case, as rows of the product's own tables.

    Which clock is due in which hour has nothing to do with where its row lies: the harshest order.
    """
    cases = count // len(KINDS)
    began = FIRST - timedelta(days=3)
    case = Incident.objects.create(
        number="bench",
        status=Status.HANDLING,
        nature="complaint",
        source="hotline",
        text=Text.objects.create(body="bench", created_at=began),
        address="植物园路公交站往北约 60 米",
        item_code="0204-001",
        owner_unit_id="lighting-company",
        community_code="440307012005",
        street_code="440307012",
        received_at=began,
        due_at=FIRST + timedelta(days=90),
    )
    copy_rows(
        Incident,
        case.pk,
        f"generate_series(1, {cases}) n",
        {
            "number": "'bench-' || n",
            "received_at": "received_at + n * interval '500 milliseconds'",
            "street_code": "'4403070' || (10 + mod(n, 11))",
            "level": "substr('ABC', 1 + mod(n, 3)::int, 1)",
        },
    )
    work_calendar()  # so that its revision is known
    timer = Timer.objects.create(
        incident=case,
        kind=Timer.Kind.CALLBACK,
        limit="5wd",
        unit_code="lighting-company",
        started_at=began,
        due_at=FIRST + timedelta(days=90),
        own_due_at=FIRST + timedelta(days=90),
        reckoned_from=began,
        calendar_revision=calendar_revision(),
        stage_names=list(STAGES),
        stage_times=[FIRST],
    )
    first = f"%(first)s::timestamptz + abs(hashint8(n * 2 + k) %% {SLOTS}) * interval '1 hour'"
    spread = "abs(hashint8(n * 2 + k + 7000000) %% 60000) * interval '1 millisecond'"
    times = ", ".join(f"{first} - {spread} + interval '{SLOTS * nth} hours'" for nth in range(len(STAGES)))
    copy_rows(
        Timer,
        timer.pk,
        "(SELECT id AS case_id, row_number() OVER (ORDER BY id) AS n FROM incidents_incident"
        " WHERE number LIKE 'bench-%%') cases, unnest(ARRAY[0, 1]) k",
        {
            "incident_id": "case_id",
            "kind": f"(ARRAY['{KINDS[0]}', '{KINDS[1]}'])[k + 1]",
            "stage_times": f"ARRAY[{times}]",
        },
        first=FIRST,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {PendingStage._meta.db_table}"
            " (timer_id, incident_id, run, position, fire_at, attempts, last_error)"
            " SELECT id, incident_id, run, 1, stage_times[1], 0, '' FROM incidents_timer WHERE id <> %s",
            [timer.pk],  # what the others were copied from
        )
        cursor.execute("VACUUM ANALYZE")


def copy_rows(
    model: type[models.Model], pk: int, times: str, other: Mapping[str, str], **parameters: datetime
) -> None:
    """Copy one row of a model for every row of `times`, with other values in some columns."""
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    assert not set(other) - set(columns)
    values = ", ".join(other.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names})"
            f" SELECT {values} FROM {model._meta.db_table} one, {times} WHERE one.id = %(pk)s",
            {"pk": pk, **parameters},
        )
