"""From an alert's case to a case of the centre: its report filed through intake, its lines written."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts.models import ApiClient
from incidents import actions
from incidents.actor import Actor
from incidents.intake import Refusal, receive
from incidents.models import AlertCase, Incident, IncidentReport
from incidents.models.sensing import AlertChannel
from incidents.sensing.aside import set_aside
from incidents.sensing.drafting import report_of
from incidents.sensing.notice import Malformed

log = logging.getLogger(__name__)

# What intake fails at is tried again after so long, each time twice as long.
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)


def carry_on(ids: Iterable[int], *, at: datetime) -> int:
    """File what has no report yet and write the lines that wait; how many cases were gone on with.

    May be called again after any failure: a report is filed once by its id, lines are written once.
    """
    rows = list(AlertCase.objects.filter(pk__in=set(ids)).select_related("client").order_by("pk"))
    by_client: dict[int, list[AlertCase]] = defaultdict(list)
    for case in rows:
        if case.incident_id is None and not _waits(case, at):
            by_client[case.client_id].append(case)
    for cases in by_client.values():
        _file(cases, cases[0].client, at=at)
    for case in rows:
        if case.pending and case.incident_id is not None:
            actions.tell_of_alerts(alert_case=case.pk, actor=Actor(client=case.client), at=at)
    return len(rows)


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
    for case, answer in zip(cases, answers, strict=True):
        if isinstance(answer, Refusal) and answer.code == "conflict":
            # Filed before, and the place has moved since: it is that report.
            _link_to_known(case, at=at)
            continue
        if isinstance(answer, Refusal):
            # A rule names what the list does not know any more: the words alone still tell a person.
            log.warning("alert case %s refused: %s %s", case.pk, answer.field, answer.code)
            answer = receive([report_of(case, bare=True)], at=at, client=client)[0]
        if isinstance(answer, Refusal):
            _give_up(case, f"{answer.field}: {answer.code}", at=at)
        else:
            _link(case, answer.incident, at=at)


def _waits(case: AlertCase, at: datetime) -> bool:
    """Was it tried in vain, and not so long ago that it should be tried again?"""
    return bool(case.refused) and case.check_at is not None and case.check_at > at


def _give_up(case: AlertCase, why: str, *, at: datetime) -> None:
    """Show to staff what could not be filed, and try again later, ever more seldom: it may be us."""
    tries = int(case.refused.partition(" ")[0] or 0) + 1
    with transaction.atomic():
        AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(
            refused=f"{tries} {why}"[:40], check_at=at + min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE)
        )
        if tries > 1:
            return
        channel = case.alerts.values_list("channel", flat=True).first() or AlertChannel.MQTT
        set_aside(
            [(Malformed("not_filed", why), case.draft["text"].encode())],
            client=case.client,
            channel=channel,
            origin=case.external_id,
            at=at,
        )


def _link_to_known(case: AlertCase, *, at: datetime) -> None:
    links = IncidentReport.objects.filter(
        report__source=case.source, report__external_id=case.external_id, unlinked_at__isnull=True
    )
    _link(case, links.select_related("incident").get().incident, at=at)


def _link(case: AlertCase, incident: Incident, *, at: datetime) -> None:
    told: dict[str, object] = {"incident": incident}
    if case.refused:
        # Its time was that of another try; now it is that of its alerts.
        burns = case.alerts.filter(is_firing=True).exists()
        settled = at + timedelta(minutes=settings.ALERT_SETTLE_MINUTES)
        told |= {"refused": "", "check_at": None if burns else settled}
    case.incident = incident
    AlertCase.objects.filter(pk=case.pk, incident__isnull=True).update(**told)
