"""What time does to alerts: what was quiet is over, what is silent is noted, what was left is finished."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from incidents import actions
from incidents.actor import SYSTEM
from incidents.models import Alert, AlertCase, AlertEpisode
from incidents.sensing import filing
from incidents.sensing.aside import prune
from incidents.sensing.following import Following, is_closed, root_of
from incidents.sensing.meaning import Book
from incidents.sensing.taking import forget_messages, lock
from incidents.timeline import Kind

log = logging.getLogger(__name__)

BATCH = 50
# An event's id is known for so long: nobody sends again what is older.
REMEMBERED = timedelta(days=8)
# So long each single time that something burned can be looked up, and a message that nobody could read.
KEPT = timedelta(days=400)
FORGOTTEN_AT_ONCE = 2_000


def settle(*, at: datetime) -> int:
    """One step of everything that is due at `at`; how much was done. Idempotent, and safe beside messages."""
    done = 0
    for step in (_finish_what_was_left, _calm_down, _note_silence, _release, _end_what_is_clear, _forget):
        try:
            done += step(at)
        except (OperationalError, InterfaceError):
            raise  # the database is away: for all of them
        except Exception:
            # What one of them stumbles over does not keep the others from what is theirs.
            log.exception("the sweep of alerts: %s failed", step.__name__)
    return done


def _forget(at: datetime) -> int:
    return forget_messages(before=at - REMEMBERED) + _forget_episodes(at - KEPT) + prune(before=at - KEPT)


def _forget_episodes(before: datetime) -> int:
    """Take away single times of burning that nobody asks after; an alert keeps how often it burned."""
    old = AlertEpisode.objects.filter(ended_at__lt=before, heard_at__lt=before)
    old = old.filter(Q(case__isnull=True) | Q(case__ended_at__isnull=False))
    ids = list(old.order_by("ended_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    gone, _by_model = AlertEpisode.objects.filter(pk__in=ids).delete()
    return gone


def _finish_what_was_left(at: datetime) -> int:
    """Reports and lines that whoever took the message in did not come to."""
    due = Q(refused="") | Q(check_at__isnull=True) | Q(check_at__lte=at)
    unfiled = Q(incident__isnull=True, ended_at__isnull=True) & due
    left = AlertCase.objects.filter(unfiled | filing.untold(at))
    return filing.carry_on(list(left.order_by("pk").values_list("pk", flat=True)[:BATCH]), at=at)


def _calm_down(at: datetime) -> int:
    """What flapped has been steady for long enough: another beginning is news again.

    What is steady because it burns, while people have closed its case over the flapping, is news now.
    """
    with transaction.atomic(durable=True):
        lock()
        steady = at - timedelta(minutes=settings.ALERT_QUIET_MINUTES)
        moved = Greatest("started_at", "ended_at")
        rows = list(
            Alert.objects.filter(flapping_since__isnull=False)
            .annotate(moved=moved)
            .filter(moved__lte=steady)
            .select_related("device", "case__incident__merged_into")
            .order_by("pk")[:BATCH]
        )
        for alert in rows:
            alert.flapping_since, alert.recent = None, []
        Alert.objects.bulk_update(rows, ["flapping_since", "recent"])
        cases = _begin_again([alert for alert in rows if alert.is_firing and not _has_open_case(alert)], at)
    filing.carry_on(cases, at=at)
    return len(rows)


def _has_open_case(alert: Alert) -> bool:
    """Has somebody its case, or is it held back by what has one?"""
    if alert.inhibited_by_id is not None:
        return True
    if alert.case is None or alert.case.ended_at is not None:
        return False
    incident = root_of(alert.case.incident)
    return incident is None or incident.is_open


@transaction.atomic(durable=True)
def _note_silence(at: datetime) -> int:
    """What burns and has not been heard of for long: its case learns that nobody knows how it stands."""
    lock()
    rows = list(
        Alert.objects.burning()
        .filter(stale_at__isnull=True, seen_at__lte=at - timedelta(hours=settings.ALERT_STALE_HOURS))
        .select_related("device")
        .order_by("seen_at", "pk")[:BATCH]
    )
    open_cases = AlertCase.objects.filter(pk__in={alert.case_id for alert in rows}, ended_at__isnull=True)
    cases = {case.pk: case for case in open_cases.order_by("pk").select_for_update(no_key=True)}
    for alert in rows:
        alert.stale_at = at
        case = cases.get(alert.case_id or 0)
        if case is None:
            continue
        device = alert.device.code if alert.device else ""
        said = {"device": device, "seen_at": alert.seen_at.isoformat()}
        line = {"kind": Kind.ALERT_SILENT.value, "at": at.isoformat(), "data": said}
        case.pending = [*case.pending, line]
    AlertCase.objects.bulk_update(cases.values(), ["pending"])
    Alert.objects.bulk_update(rows, ["stale_at"])
    return len(rows)


def _release(at: datetime) -> int:
    """What was held back and burns on, a while after its cause has gone: it has a cause of its own.

    Gone is also what nobody believes any more: silent, closed by people, or no cause since the rules changed.
    """
    with transaction.atomic(durable=True):
        lock()
        gone = at - timedelta(minutes=settings.ALERT_SETTLE_MINUTES)
        rows = list(
            Alert.objects.burning()
            .filter(
                Q(inhibited_by__is_firing=False, inhibited_by__ended_at__lte=gone)
                | Q(inhibited_by__can_inhibit=False)
                | Q(inhibited_by__stale_at__isnull=False)
                | is_closed("inhibited_by__", by=gone)
            )
            .select_related("device", "case")
            .order_by("pk")[: BATCH * 10]
        )
        cases = _begin_again(rows, at)
    filing.carry_on(cases, at=at)
    return len(rows)


def _begin_again(rows: list[Alert], at: datetime) -> set[int]:
    """Let these burn as if they had begun now; the cases to go on with. Under the lock."""
    if not rows:
        return set()
    alerts = {alert.pk: alert for alert in rows}
    burning = {}
    for episode in AlertEpisode.objects.filter(alert__in=alerts, ended_at__isnull=True):
        episode.alert = alerts[episode.alert_id]
        burning[episode.alert_id] = episode
    following = Following(book=Book.read(), alerts=alerts, burning=burning, at=at)
    for alert in rows:
        alert.inhibited_by = None
    following.began([alert for alert in rows if alert.pk in burning])
    AlertEpisode.objects.bulk_update(burning.values(), ["fate", "case"])
    fields = ["rule", "is_mapped", "can_inhibit", "street_code", "flapping_since", "inhibited_by", "case"]
    Alert.objects.bulk_update(rows, fields)
    return following.settle()


def _end_what_is_clear(at: datetime) -> int:
    due = AlertCase.objects.filter(ended_at__isnull=True, check_at__lte=at, incident__isnull=False)
    # What flaps still is not over, whenever it was last clear.
    due = due.exclude(alerts__flapping_since__isnull=False)
    done = 0
    for pk in list(due.order_by("check_at", "pk").values_list("pk", flat=True)[:BATCH]):
        try:
            actions.end_cleared_alert(alert_case=pk, actor=SYSTEM, at=at)
            done += 1
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("alert case %s could not be ended", pk)
            filing.put_off_end(pk, f"{type(error).__name__}: {error}", at=at)
    return done
