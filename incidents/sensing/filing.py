"""From an alert's case to a case of the centre: its report filed through intake, its lines written."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from accounts.models import ApiClient
from incidents import actions
from incidents.actor import Actor
from incidents.intake import Receipt, Refusal, receive
from incidents.models import AlertCase, IncidentReport
from incidents.sensing.drafting import report_of

log = logging.getLogger(__name__)


def carry_on(ids: Iterable[int], *, at: datetime) -> int:
    """File what has no report yet and write the lines that wait; how many cases were gone on with.

    May be called again after any failure: a report is filed once by its id, lines are written once.
    """
    rows = list(AlertCase.objects.filter(pk__in=set(ids)).select_related("client").order_by("pk"))
    by_client: dict[int, list[AlertCase]] = defaultdict(list)
    for case in rows:
        if case.incident_id is None and not case.refused:
            by_client[case.client_id].append(case)
    for cases in by_client.values():
        _file(cases, cases[0].client, at=at)
    for case in rows:
        if case.pending and case.incident_id is not None:
            actions.tell_of_alerts(alert_case=case.pk, actor=Actor(client=case.client), at=at)
    return len(rows)


def _file(cases: list[AlertCase], client: ApiClient, *, at: datetime) -> None:
    answers = receive([report_of(case) for case in cases], at=at, client=client)
    for case, answer in zip(cases, answers, strict=True):
        if isinstance(answer, Refusal) and answer.code == "conflict":
            # Filed before, and the place has moved since: it is that report.
            _link_to_known(case)
            continue
        if isinstance(answer, Refusal):
            # A rule names what the list does not know any more: the words alone still tell a person.
            log.warning("alert case %s refused: %s %s", case.pk, answer.field, answer.code)
            answer = receive([report_of(case, bare=True)], at=at, client=client)[0]
        _link(case, answer)


def _link_to_known(case: AlertCase) -> None:
    links = IncidentReport.objects.filter(
        report__source=case.source, report__external_id=case.external_id, unlinked_at__isnull=True
    )
    case.incident = links.select_related("incident").get().incident
    AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(incident=case.incident)


def _link(case: AlertCase, answer: Receipt | Refusal) -> None:
    if isinstance(answer, Refusal):
        case.refused = f"{answer.field}:{answer.code}"[:40]
        AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(refused=case.refused)
        return
    case.incident = answer.incident
    AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(incident=answer.incident)
