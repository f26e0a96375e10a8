"""Case numbers: yyyymmdd and a daily serial, drawn without a lock."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection

DISTRICT_ZONE = ZoneInfo("Asia/Shanghai")

_DRAW = """
SELECT nextval('incidents_serial') - base
FROM incidents_serialday, generate_series(1, %s)
WHERE day = %s
"""
# The same as an expression inside another statement: the next number of a day, by its prefix and its base.
NUMBER = "{prefix} || to_char(nextval('incidents_serial') - {base}, 'FM999000000')"
_OPEN_DAY = """
INSERT INTO incidents_serialday (day, base)
VALUES (%s, coalesce(pg_sequence_last_value('incidents_serial'::regclass), 0))
ON CONFLICT DO NOTHING
"""


def district_day(at: datetime) -> date:
    """The day that `at` falls on where the district is."""
    return at.astimezone(DISTRICT_ZONE).date()


def district_hour(at: datetime) -> int:
    """The hour of the day, 0-23, that `at` falls in where the district is."""
    return at.astimezone(DISTRICT_ZONE).hour


def day_prefix(at: datetime) -> str:
    """What the numbers of this day begin with."""
    return f"{district_day(at):%Y%m%d}-"


def open_day(at: datetime) -> int:
    """Fix the day's base before anything is drawn for it, so that its serials start near 1."""
    day = district_day(at)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_DAY, [day])
        cursor.execute("SELECT base FROM incidents_serialday WHERE day = %s", [day])
        return int(cursor.fetchone()[0])


def draw_numbers(count: int, *, at: datetime) -> list[str]:
    """`count` fresh case numbers of the day of `at`, ascending.

    The day's base is fixed before anything is drawn for it, so serials start near 1; a rolled back
    draw leaves a gap, which is allowed.
    """
    day = district_day(at)
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, [count, day])
        serials = [row[0] for row in cursor.fetchall()]
        if not serials:
            cursor.execute(_OPEN_DAY, [day])
            cursor.execute(_DRAW, [count, day])
            serials = [row[0] for row in cursor.fetchall()]
    return [f"{day:%Y%m%d}-{serial:06d}" for serial in serials]
