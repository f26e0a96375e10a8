"""From an alert's case to a case of the centre: its report filed through intake, its lines written."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from accounts.models import ApiClient
from incidents import actions
from incidents.actor import Actor
from incidents.intake import Refusal, receive
from incidents.models import AlertCase, Incident, IncidentReport
from incidents.models.sensing import AlertChannel
from incidents.sensing.aside import set_aside
from incidents.sensing.drafting import report_of
from incidents.sensing.notice import Malformed
from incidents.timeline import Kind

log = logging.getLogger(__name__)

# What intake fails at is tried again after so long, each time twice as long.
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_DOUBLED_MOST = 6
_LINES = frozenset(kind.value for kind in Kind)


def carry_on(ids: Iterable[int], *, at: datetime) -> int:
    """File what has no report yet and write the lines that wait; how many cases were gone on with.

    May be called again after any failure: a report is filed once by its id, lines are written once.
    What fails at one case is put off and told to staff; the others are gone on with.
    """
    rows = list(AlertCase.objects.filter(pk__in=set(ids)).select_related("client").order_by("pk"))
    by_client: dict[int, list[AlertCase]] = defaultdict(list)
    for case in rows:
        if case.incident_id is None and not _waits(case, at):
            by_client[case.client_id].append(case)
    for cases in by_client.values():
        _file(cases, cases[0].client, at=at)
    done = sum(case.incident_id is not None and not case.pending for case in rows)
    waiting: dict[int, list[AlertCase]] = defaultdict(list)
    for case in rows:
        if case.pending and case.incident_id is not None:
            waiting[case.client_id].append(case)
    return done + sum(_tell(cases, at=at) for cases in waiting.values())


def untold(at: datetime) -> Q:
    """Cases with lines that wait, and were not put off for longer than `at`."""
    now = int(at.timestamp())
    again = Q(pending__0__again__isnull=True) | Q(pending__0__again__lte=now)
    return ~Q(pending=[]) & Q(incident__isnull=False) & again


def _tell(some: list[AlertCase], *, at: datetime) -> int:
    """Write the lines of one client's cases, together where that goes; of how many were they written?"""
    for case in some:
        if any(line.get("kind") not in _LINES for line in case.pending):
            _take_out_unknown(case, at=at)
    try:
        told = actions.tell_of_alerts(
            alert_cases=[case.pk for case in some], actor=Actor(client=some[0].client), at=at
        )
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(some) > 1:
            log.exception("the lines of %s alert cases could not be written together; one by one", len(some))
            return sum(_tell([case], at=at) for case in some)
        log.exception("the lines of alert case %s could not be written", some[0].pk)
        _put_off_lines(some[0], f"{type(error).__name__}: {error}", at=at)
        return 0
    for case in some:
        if case.pk not in told:
            _put_off_lines(case, "its case is not to be found", at=at)
    return len(told)


@transaction.atomic
def _take_out_unknown(case: AlertCase, *, at: datetime) -> None:
    """Lines of a kind that this version does not know are shown to staff instead."""
    held = AlertCase.objects.select_for_update(no_key=True).get(pk=case.pk)
    unknown = [line for line in held.pending if line.get("kind") not in _LINES]
    held.pending = [line for line in held.pending if line.get("kind") in _LINES]
    held.save(update_fields=["pending"])
    _show(case, "not_told", [(orjson.dumps(line), "unknown kind of line") for line in unknown], at=at)


@transaction.atomic
def _put_off_lines(case: AlertCase, why: str, *, at: datetime) -> None:
    held = AlertCase.objects.select_for_update(no_key=True).get(pk=case.pk)
    if not held.pending:
        return  # another worker has written them
    first, *more = held.pending
    tries = int(first.get("tries", 0)) + 1
    held.pending = [{**first, "tries": tries, "again": int((at + pause_after(tries)).timestamp())}, *more]
    held.save(update_fields=["pending"])
    if tries == 1:
        _show(case, "not_told", [(orjson.dumps(held.pending), why)], at=at)


@transaction.atomic
def put_off_end(pk: int, why: str, *, at: datetime) -> None:
    """Its end failed: try again later, ever more seldom, and show it to staff."""
    held = AlertCase.objects.select_for_update(no_key=True).get(pk=pk)
    if held.ended_at is not None or held.check_at is None or held.check_at > at:
        return  # it burns again, or another worker was here
    tries = int(held.refused.partition(" ")[0] or 0) + 1
    held.refused, held.check_at = f"{tries} {why}"[:40], at + pause_after(tries)
    held.save(update_fields=["refused", "check_at"])
    if tries == 1:
        _show(held, "not_ended", [(held.draft["text"].encode(), why)], at=at)


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries in vain."""
    return min(_FIRST_PAUSE * 2 ** min(tries, _DOUBLED_MOST), _LONGEST_PAUSE)


def _file(cases: list[AlertCase], client: ApiClient, *, at: datetime) -> None:
    try:
        answers = receive([report_of(case) for case in cases], at=at, client=client)
    except (OperationalError, InterfaceError):
        raise  # whoever sent it sends it again, and the sweep goes on
    except Exception as error:
        if len(cases) > 1:
            log.exception("reports of alerts could not be filed together; one by one")
            for case in cases:
                _file([case], client, at=at)
            return
        log.exception("the report of alert case %s could not be filed", cases[0].pk)
        _give_up(cases[0], f"{type(error).__name__}: {error}", at=at)
        return
    filed: list[tuple[AlertCase, Incident]] = []
    known, refused = [], []
    for case, answer in zip(cases, answers, strict=True):
        if not isinstance(answer, Refusal):
            filed.append((case, answer.incident))
        elif answer.code == "conflict":
            # Filed before, and the place has moved since: it is that report.
            known.append(case)
        else:
            # A rule names what the list does not know any more: the words alone still tell a person.
            log.warning("alert case %s refused: %s %s", case.pk, answer.field, answer.code)
            refused.append(case)
    again = receive([report_of(case, bare=True) for case in refused], at=at, client=client) if refused else []
    for case, answer in zip(refused, again, strict=True):
        if isinstance(answer, Refusal):
            _give_up(case, f"{answer.field}: {answer.code}", at=at)
        else:
            filed.append((case, answer.incident))
    _link([*filed, *_known(known, client)], at=at)


def _known(cases: list[AlertCase], client: ApiClient) -> list[tuple[AlertCase, Incident]]:
    """The cases of the centre that the reports of these are in."""
    if not cases:
        return []
    links = IncidentReport.objects.filter(
        report__source=client.source,
        report__external_id__in=[case.external_id for case in cases],
        unlinked_at__isnull=True,
    ).select_related("incident", "report")
    found = {link.report.external_id: link.incident for link in links}
    return [(case, found[case.external_id]) for case in cases]


def _waits(case: AlertCase, at: datetime) -> bool:
    """Was it tried in vain, and not so long ago that it should be tried again?"""
    return bool(case.refused) and case.check_at is not None and case.check_at > at


def _give_up(case: AlertCase, why: str, *, at: datetime) -> None:
    """Show to staff what could not be filed, and try again later, ever more seldom: it may be us."""
    tries = int(case.refused.partition(" ")[0] or 0) + 1
    with transaction.atomic():
        AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(
            refused=f"{tries} {why}"[:40], check_at=at + pause_after(tries)
        )
        if tries == 1:
            _show(case, "not_filed", [(case.draft["text"].encode(), why)], at=at)


def _show(case: AlertCase, code: str, bodies: list[tuple[bytes, str]], *, at: datetime) -> None:
    """Let staff see what could not be done with it."""
    channel = case.alerts.values_list("channel", flat=True).first() or AlertChannel.MQTT
    problems = [(Malformed(code, why), body) for body, why in bodies]
    set_aside(problems, client=case.client, channel=channel, origin=case.external_id, at=at)


def _link(filed: list[tuple[AlertCase, Incident]], *, at: datetime) -> None:
    """Note the case of the centre on each: one statement, and one more for each that was refused before."""
    for case, incident in filed:
        case.incident = incident
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {AlertCase._meta.db_table} c SET incident_id = told.incident
                FROM unnest(%s::bigint[], %s::bigint[]) AS told(id, incident)
                WHERE c.id = told.id AND c.incident_id IS NULL""",
            [[case.pk for case, _incident in filed], [incident.pk for _case, incident in filed]],
        )
    for case, _incident in filed:
        if not case.refused:
            continue
        # Its time was that of another try; now it is that of its alerts.
        burns = case.alerts.filter(is_firing=True).exists()
        settled = at + timedelta(minutes=settings.ALERT_SETTLE_MINUTES)
        AlertCase.objects.filter(pk=case.pk).update(refused="", check_at=None if burns else settled)
