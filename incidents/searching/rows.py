"""What a case is found by, written beside the work: intake pays for one narrow row in a queue, no more.

Triggers put a case into the queue in the transaction that changes its words (migration search_rows) or
whose it is (search_within_a_unit), so nothing is forgotten, whatever dies next; the sweep takes a batch
out and writes its rows in one transaction.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import connection, transaction

from incidents.models import (
    Assignment,
    Incident,
    IncidentReport,
    ReportUpdate,
    SearchPending,
    SearchRow,
    Verification,
)
from incidents.models.incident import Status
from incidents.searching.grams import filed_under, grams, serial

BATCH = 500
# Of one case: a crowd's matter has hundreds of reports that all say the same. Of these no more are read than
# can be kept, so that what was said later, and what units did, has its room.
TEXTS_MOST, REPORTS_MOST = 60, 20

_KEY = (2, 3)  # of this product's advisory locks
_TAKE = """
DELETE FROM incidents_searchpending WHERE id IN (
    SELECT id FROM incidents_searchpending ORDER BY id LIMIT %s
) RETURNING incident_id
"""


# The first reports of each case and the last: what came newly is looked for, too (incident_reports by pk).
_FIRST_LINKS = """
SELECT l.id FROM unnest(%(cases)s::bigint[]) AS c(id) CROSS JOIN LATERAL (
    (SELECT id FROM incidents_incidentreport WHERE incident_id = c.id AND unlinked_at IS NULL
     ORDER BY id LIMIT %(half)s)
    UNION
    (SELECT id FROM incidents_incidentreport WHERE incident_id = c.id AND unlinked_at IS NULL
     ORDER BY id DESC LIMIT %(half)s)
) AS l
"""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a case that it can be found by."""

    kind: str  # report, address, supplement or result
    words: str


def fill(*, limit: int = BATCH) -> int:
    """Write the rows of up to `limit` changes; answers how many it took from the queue.

    One filler at a time: of two, the one that had read a case's words first could write its row last.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _KEY)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_TAKE, [limit])
        taken = [row[0] for row in cursor.fetchall()]
        if taken:
            write(taken)
        return len(taken)


def write(cases: Iterable[int]) -> None:
    """Write the rows of these cases anew, by what their words are now; nine statements."""
    numbers = dict(Incident.objects.filter(pk__in=set(cases)).order_by().values_list("pk", "number"))
    said, files = said_in(numbers), _files_of(numbers)
    SearchRow.objects.bulk_create(
        [
            SearchRow(incident_id=pk, grams=sorted(_grams(number, said.get(pk, [])) | files.get(pk, set())))
            for pk, number in sorted(numbers.items())
        ],
        update_conflicts=True,
        unique_fields=["incident"],
        update_fields=["grams"],
    )


def said_in(cases: Iterable[int]) -> dict[int, list[Said]]:
    """The sentences that each of these cases is found by, as they stand now; five statements.

    What its first and its latest reporters said, then and later, where, and what units said that they did.
    Not the staff's notes among themselves; of what was merged away, nothing: the case that answers it is
    found.
    """
    known = list(cases)
    found: dict[int, list[Said]] = defaultdict(list)
    case_of: dict[int, int] = {}
    standing = Incident.objects.filter(pk__in=known).exclude(status=Status.MERGED).order_by()
    for case, address, words, erased_at in standing.values_list(
        "pk", "address", "text__body", "text__erased_at"
    ):
        _add(found[case], "report", words if erased_at is None else "")
        _add(found[case], "address", address)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_LINKS, {"cases": known, "half": REPORTS_MOST // 2})
        nearest = [row[0] for row in cursor.fetchall()]
    links = IncidentReport.objects.filter(pk__in=nearest).order_by("pk")
    for case, report, address, words, erased_at in links.values_list(
        "incident_id", "report_id", "report__address", "report__text__body", "report__text__erased_at"
    ):
        case_of[report] = case
        _add(found[case], "report", words if erased_at is None else "")
        _add(found[case], "address", address)
    supplements = ReportUpdate.objects.filter(report__in=case_of, text__erased_at__isnull=True)
    for report, words in supplements.exclude(text=None).order_by("pk").values_list("report_id", "text__body"):
        _add(found[case_of[report]], "supplement", words)
    results = Assignment.objects.filter(incident__in=known, resolution__erased_at__isnull=True)
    for case, words in (
        results.exclude(resolution=None).order_by("pk").values_list("incident_id", "resolution__body")
    ):
        _add(found[case], "result", words)
    return found


def _files_of(cases: Iterable[int]) -> dict[int, set[int]]:
    """Under which units and street each case is filed: whoever has it, had it, or was asked to check it.

    They only narrow a search (policy.filed_under); who may see a case is asked again of what is found.
    """
    known = list(cases)
    found: dict[int, set[int]] = {}
    places = Incident.objects.filter(pk__in=known).order_by().values_list("pk", "owner_unit", "street_code")
    for case, *codes in places:
        found[case] = {filed_under(code) for code in codes if code}
    for model in (Assignment, Verification):
        had = model.objects.filter(incident__in=known).order_by()
        for case, unit in had.values_list("incident_id", "unit_id"):
            found.setdefault(case, set()).add(filed_under(unit))
    return found


def _add(said: list[Said], kind: str, words: str) -> None:
    one = Said(kind, words)
    if words and one not in said[:2]:  # a case's own words are its first report's
        said.append(one)


def behind(most: int) -> int:
    """How many changes wait for the sweep, but never more than `most` + 1."""
    return SearchPending.objects.order_by()[: most + 1].count()


def _grams(number: str, said: list[Said]) -> set[int]:
    found = grams(*(one.words for one in islice(said, TEXTS_MOST)))
    _day, _line, last = number.rpartition("-")
    return found | {serial(last)} if last.isdigit() else found
