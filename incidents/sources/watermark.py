"""Up to which line of the timeline can be read on, so that no line appears later below it?

Ids are drawn before their transactions commit: a reader that goes by the highest id it saw would pass over
the lines of a transaction that was still at work. Two things are certain:

- Where no id is missing, nothing can appear in between.
- A missing id either belongs to a transaction that is still at work, or will never be there. Whoever writes
  a line has written to the database before (the lock of its case, the report's rows), so it has had its
  transaction id before it drew the line's. Note the highest id drawn, then draw a transaction id of our own:
  theirs are smaller. Once every transaction before ours has ended, whatever of those lines is not there
  will never be. (What a snapshot knows will not do for ours: its upper end is one past the last transaction
  that has *ended*, which may be the very one that is still at work.)

The note travels in the reader's own cursor, so that nothing is kept here and every reader goes on where it
was, after a restart, too. A long transaction holds readers up; it never makes them skip. One that works in
another database of the same server cannot have drawn a line here, and holds nobody up.
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
# Transactions are counted over the whole server. One that is found at work elsewhere is left out; one of
# which nothing is found has ended meanwhile, or is prepared: it counts until the next look.
_ENDED = """
SELECT pg_snapshot_xmax(now) >= %(xid)s::text::xid8 AND NOT EXISTS (
    SELECT FROM pg_snapshot_xip(now) AS working (id)
    WHERE id < %(xid)s::text::xid8 AND id::xid NOT IN (
        SELECT transactionid FROM pg_locks JOIN pg_stat_activity AS session USING (pid)
        WHERE transactionid IS NOT NULL AND granted AND session.datname <> current_database()
    )
)
FROM (SELECT pg_current_snapshot() AS now) AS snapshot
"""


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
    drawn = _highest_drawn()
    last = min(drawn, cursor.last + WINDOW)
    with connection.cursor() as db:
        db.execute(_CONTIGUOUS, {"after": cursor.last, "last": last})
        end: int = db.fetchone()[0]
    if end >= drawn:
        return end, Cursor(cursor.last)
    # The note that was made before is the one that is likelier to have come true; else one is made now.
    known = cursor.seen > max(cursor.last, end) and _was_given_out(cursor.xid)
    noted = cursor if known else Cursor(cursor.last, drawn, _own_xid())
    if end < last and _all_ended_before(noted.xid):
        return max(end, min(noted.seen, last)), Cursor(cursor.last)
    return end, noted


def _highest_drawn() -> int:
    with connection.cursor() as db:
        db.execute("SELECT pg_get_serial_sequence('incidents_timelineentry', 'id')")
        db.execute(_DRAWN.format(sequence=db.fetchone()[0]))
        return int(db.fetchone()[0])


def _own_xid() -> int:
    """A transaction id given out now, larger than any before. By itself it holds nobody up: without a
    transaction around it, it has ended with the statement. Only where lines are missing: not free."""
    with connection.cursor() as db:
        db.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(db.fetchone()[0])


def _was_given_out(xid: int) -> bool:
    """Is it of this database? After a restore a reader may come with one that was never given out here."""
    with connection.cursor() as db:
        db.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint > %s", [xid])
        return bool(db.fetchone()[0])


def _all_ended_before(xid: int) -> bool:
    with connection.cursor() as db:
        db.execute(_ENDED, {"xid": xid})
        return bool(db.fetchone()[0])


def _not_a_cursor() -> InvalidInput:
    return InvalidInput("cursor", "invalid", _("This is no cursor that was given out here."))
