"""Up to which line of the timeline can be read on, so that no line appears later below it?

Ids are drawn before their transactions commit: a reader that goes by the highest id it saw would pass over
the lines of a transaction that was still at work. Two things are certain:

- Where no id is missing, nothing can appear in between.
- A missing id either belongs to a transaction that is still at work, or will never be there. Whoever writes
  a line has written to the database before (the lock of its case, the report's rows), so it has had its
  transaction id before it drew the line's. Note the highest id drawn, then the next transaction id: once
  every transaction before that one has ended, whatever of those lines is not there will never be.

The note travels in the reader's own cursor, so that nothing is kept here and every reader goes on where it
was, after a restart, too. A long transaction holds readers up; it never makes them skip.
"""

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext_lazy as _

from incidents.errors import InvalidInput
from incidents.models import TimelineEntry

# Lines looked at for one page, whoever they concern.
WINDOW = 20_000
_LARGEST = 2**63 - 1

_CONTIGUOUS = """
SELECT coalesce(max(id), %(after)s) FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM incidents_timelineentry
    WHERE id > %(after)s AND id <= %(last)s
) seen WHERE id - place = %(after)s
"""
_DRAWN = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last line read, and the note about lines beyond it: drawn up to `seen`, by transactions < `xid`."""

    last: int
    seen: int = 0
    xid: int = 0

    def __str__(self) -> str:
        return f"{self.last}.{self.seen}.{self.xid}" if self.seen > self.last else str(self.last)

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises InvalidInput for what was never given out."""
        parts = text.split(".")
        if len(parts) not in (1, 3) or not all(part.isascii() and part.isdigit() for part in parts):
            raise _not_a_cursor()
        numbers = [int(part) for part in parts if len(part) <= 19]
        if len(numbers) != len(parts) or max(numbers) > _LARGEST:
            raise _not_a_cursor()
        return cls(*numbers)


def beginning() -> Cursor:
    """Before the first line that there is."""
    first = TimelineEntry.objects.order_by("pk").values_list("pk", flat=True).first()
    return Cursor((first or 1) - 1)


def safe_end(cursor: Cursor) -> tuple[int, Cursor]:
    """The last line that may be read after `cursor` now, and the cursor with its note for the next time.

    At most WINDOW lines on. The cursor that is answered still stands where the given one does.
    """
    drawn, next_xid = _note()
    last = min(drawn, cursor.last + WINDOW)
    with connection.cursor() as db:
        db.execute(_CONTIGUOUS, {"after": cursor.last, "last": last})
        end: int = db.fetchone()[0]
    if end >= drawn:
        return end, Cursor(cursor.last)
    # The note that was made before is the one that is likelier to have come true; else one is made now.
    known = cursor.seen > max(cursor.last, end) and cursor.xid <= next_xid
    noted = cursor if known else Cursor(cursor.last, drawn, next_xid)
    if end < last and _all_ended_before(noted.xid):
        return max(end, min(noted.seen, last)), Cursor(cursor.last)
    return end, noted


def _note() -> tuple[int, int]:
    """The highest line drawn, and then, in this order, the next transaction id."""
    with connection.cursor() as db:
        db.execute("SELECT pg_get_serial_sequence('incidents_timelineentry', 'id')")
        db.execute(_DRAWN.format(sequence=db.fetchone()[0]))
        drawn = int(db.fetchone()[0])
        db.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return drawn, int(db.fetchone()[0])


def _all_ended_before(xid: int) -> bool:
    with connection.cursor() as db:
        db.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s", [xid])
        return bool(db.fetchone()[0])


def _not_a_cursor() -> InvalidInput:
    return InvalidInput("cursor", "invalid", _("This is no cursor that was given out here."))
