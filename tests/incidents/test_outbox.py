"""From the outbox to people: at least once, in order, at a decent hour, and a failing one stays visible."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import NoticePreference
from accounts.notice_preferences import NoticeMode
from accounts.roles import Role
from config import clock
from incidents import delivery, notices, outbox, tasks
from incidents.actor import Actor
from incidents.delivery import (
    FIRST_RETRY,
    GIVE_UP_AFTER,
    LONGEST_RETRY,
    back_off,
    deliver,
    retry_dead,
    spread,
)
from incidents.driving import drive_clocks
from incidents.errors import ActionRefused
from incidents.models import Notification, OutboxMessage, Parcel, SweepBeat
from incidents.transports import TransportError
from tests.cast import NOWHERE, TUESDAY, file_report, person
from tests.incidents.test_field import find

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = TUESDAY - timedelta(days=365)
NIGHT = datetime(2026, 7, 7, 15, 30, tzinfo=UTC)  # half past eleven at night in the district
MORNING = datetime(2026, 7, 7, 23, 0, tzinfo=UTC)  # the next day, seven o'clock


class Recorder:
    """A transport that keeps what it carried, and fails for the letters whose key holds a word."""

    def __init__(self, broken="", error=None):
        self.sent, self.letters = [], []
        self.broken = broken
        self.error = error or TransportError("line is down")

    def send(self, letter):
        if self.broken and self.broken in letter.key:
            raise self.error
        self.sent.append(letter.key)
        self.letters.append(letter)

    def __getitem__(self, channel):  # carries every channel
        return self


@pytest.fixture
def quiet_case(lamp_case, handler):
    """A case whose own messages are out of the way, and a handler with an e-mail address."""
    OutboxMessage.objects.all().delete()
    handler.user.email = "huang@lamps.example"
    handler.user.save()
    return lamp_case


def tell(case, key, receiver="unit:lighting-company", at=TUESDAY, kind="report.chased", **data):
    outbox.tell(kind, incident_id=case.pk, receiver=receiver, key=key, at=at, **data)


def another_case():
    """Nobody said where, so that it is no other case's matter."""
    return file_report(place=NOWHERE, address="")


def go(line, at=TUESDAY):
    spread(at=at)
    deliver(at=at, transports=line)


# --- spreading ------------------------------------------------------------------------------------


def test_a_message_is_a_row_in_the_inbox_and_a_parcel(quiet_case, handler):
    tell(quiet_case, "k1")
    assert spread(at=TUESDAY) == 1
    assert spread(at=TUESDAY) == 0
    note = Notification.objects.get()
    assert (note.user, note.incident, note.kind, note.read_at) == (
        handler.user,
        quiet_case,
        "report.chased",
        None,
    )
    parcel = Parcel.objects.get()
    assert (parcel.key, parcel.channel) == (f"k1:email:user:{handler.user.pk}", "email")
    message = OutboxMessage.objects.get()
    assert (message.sent_at, message.recipients) == (TUESDAY, 1)


def test_the_same_key_is_the_same_message(quiet_case):
    tell(quiet_case, "k1")
    tell(quiet_case, "k1")
    assert OutboxMessage.objects.count() == 1


def test_nothing_personal_is_kept_in_a_parcel(handler):
    handler.user.email, handler.user.phone = "huang@lamps.example", "13911112222"
    handler.user.save()
    case = file_report(urgency="emergency")
    report = case.links.get().report
    spread(at=TUESDAY)
    assert set(Parcel.objects.values_list("channel", flat=True)) == {"email", "sms"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(p::text, ' ') FROM incidents_parcel p")
        kept = cursor.fetchone()[0]
    for personal in ("huang", "13911112222", "13812342207", "王小明", report.tracking_code):
        assert personal not in kept


def test_a_patrol_hears_what_became_of_their_finding_and_has_no_emergency_of_it(db):
    patrol = person("patrol", Role.PATROL, "longgang/grid-station")
    patrol.user.phone = "13911112222"
    patrol.user.save()
    case = find(patrol, urgency="emergency")
    receiver = f"report:{case.links.get().report_id}"
    OutboxMessage.objects.all().delete()
    for kind in ("report.received", "report.resolved", "report.reopened", "reporter.written"):
        tell(case, kind, receiver, kind=kind)
    while spread(at=TUESDAY):
        pass
    note = Notification.objects.get(user=patrol.user)
    assert (note.kind, note.urgency, Parcel.objects.count()) == ("report.resolved", "routine", 0)
    assert case.number in notices.of(note)


def test_a_receiver_with_nobody_left_is_marked(quiet_case, handler):
    handler.user.is_active = False
    handler.user.save()
    tell(quiet_case, "k1")
    spread(at=TUESDAY)
    message = OutboxMessage.objects.get()
    assert (message.sent_at, message.recipients) == (TUESDAY, 0)


def test_a_poisoned_message_backs_off_and_the_others_go_on(quiet_case):
    other = another_case()
    OutboxMessage.objects.all().delete()
    tell(quiet_case, "bad", receiver="nobody:knows")
    tell(quiet_case, "good")
    tell(other, "fine")
    assert spread(at=TUESDAY) == 2
    bad = OutboxMessage.objects.get(key="bad")
    assert bad.sent_at is None
    assert (bad.attempts, bad.dead_at) == (1, None)
    assert "nobody:knows" in bad.last_error
    assert OutboxMessage.objects.get(key="fine").sent_at == TUESDAY
    # It held its own case's other messages up for this one try.
    spread(at=TUESDAY)
    assert OutboxMessage.objects.get(key="good").sent_at == TUESDAY
    at = TUESDAY
    for _try in range(GIVE_UP_AFTER - 1):
        at += LONGEST_RETRY
        spread(at=at)
    bad.refresh_from_db()
    assert (bad.attempts, bad.dead_at) == (GIVE_UP_AFTER, at)


def test_messages_of_a_case_are_spread_in_their_order(quiet_case, handler, dispatcher):
    dispatcher.user.email = "lin@centre.example"
    dispatcher.user.save()
    tell(quiet_case, "k1")
    tell(quiet_case, "k2", receiver=f"user:{handler.user.pk}")
    tell(quiet_case, "k3", receiver="unit:operations-centre")
    while spread(at=TUESDAY):
        pass
    assert list(Parcel.objects.values_list("message__key", flat=True)) == ["k1", "k2", "k3"]


def test_two_who_spread_at_once_do_it_once(quiet_case):
    for number in range(20):
        case = another_case()
        tell(case, f"k{number}")
    OutboxMessage.objects.exclude(key__startswith="k").delete()

    def work():
        try:
            while spread(at=TUESDAY, limit=3):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert OutboxMessage.objects.filter(sent_at=TUESDAY).count() == 20
    assert Notification.objects.count() == Parcel.objects.count() == 20


def test_a_batch_costs_a_handful_of_statements(quiet_case, handler, django_assert_max_num_queries):
    for number in range(30):
        tell(another_case(), f"k{number}")
    OutboxMessage.objects.exclude(key__startswith="k").delete()
    with django_assert_max_num_queries(20):
        assert spread(at=TUESDAY) == 30


# --- delivering -----------------------------------------------------------------------------------


def test_what_is_queued_is_sent_once(quiet_case):
    tell(quiet_case, "k1")
    line = Recorder()
    go(line)
    go(line)
    assert len(line.sent) == 1
    assert Parcel.objects.get().sent_at == TUESDAY


def test_a_later_parcel_waits_for_the_earlier_one(quiet_case, dispatcher):
    dispatcher.user.email = "lin@centre.example"
    dispatcher.user.save()
    tell(quiet_case, "k1")
    tell(quiet_case, "k2")
    tell(quiet_case, "k3", receiver="unit:operations-centre")
    while spread(at=TUESDAY):
        pass
    line = Recorder(broken="k1:")
    deliver(at=TUESDAY, transports=line)
    assert [key[:2] for key in line.sent] == ["k3"]
    line.broken = ""
    later = TUESDAY + timedelta(minutes=5)
    deliver(at=later, transports=line)
    deliver(at=later, transports=line)
    assert [key[:2] for key in line.sent] == ["k3", "k1", "k2"]


def test_the_wait_doubles_up_to_the_cap():
    for attempts in range(1, 40):
        plain = min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY)
        assert 0.79 * plain <= back_off(attempts) <= min(1.21 * plain, LONGEST_RETRY)
    assert len({back_off(3) for _try in range(10)}) > 1  # not all at the same instant


def test_a_failing_one_ends_as_a_dead_letter_and_can_be_put_back(quiet_case, handler, supervisor):
    tell(quiet_case, "k1")
    line, at = Recorder(broken="k1"), TUESDAY
    spread(at=at)
    for _attempt in range(GIVE_UP_AFTER):
        deliver(at=at, transports=line)
        at = Parcel.objects.get().not_before
    parcel = Parcel.objects.dead().get()
    assert (parcel.attempts, parcel.sent_at, parcel.last_error) == (GIVE_UP_AFTER, None, "line is down")
    line.broken = ""
    deliver(at=at + timedelta(days=1), transports=line)
    assert line.sent == []
    with pytest.raises(ActionRefused):
        retry_dead(parcels=[parcel.pk], actor=handler.actor, at=at)
    assert retry_dead(parcels=[parcel.pk], actor=supervisor.actor, at=at) == 1
    deliver(at=at, transports=line)
    assert line.sent == [parcel.key]
    assert Parcel.objects.get().dead_at is None


def test_an_administrator_puts_a_dead_message_back(quiet_case, admin):
    tell(quiet_case, "k1")
    OutboxMessage.objects.update(dead_at=TUESDAY, attempts=GIVE_UP_AFTER)
    message = OutboxMessage.objects.get()
    assert retry_dead(messages=[message.pk], actor=admin.actor, at=TUESDAY) == 1
    spread(at=TUESDAY)
    message.refresh_from_db()
    assert (message.recipients, message.dead_at) == (1, None)


def test_nobody_but_people_put_letters_back(quiet_case):
    with pytest.raises(ActionRefused):
        retry_dead(parcels=[1], actor=Actor(), at=TUESDAY)


def test_what_is_refused_for_good_is_not_tried_again(quiet_case):
    tell(quiet_case, "k1")
    go(Recorder(broken="k1", error=TransportError("no such mailbox", permanent=True)))
    parcel = Parcel.objects.get()
    assert (parcel.dead_at, parcel.attempts, parcel.last_error) == (TUESDAY, 1, "no such mailbox")


def test_an_address_that_is_gone_is_a_dead_letter(quiet_case, handler):
    tell(quiet_case, "k1")
    spread(at=TUESDAY)
    handler.user.email = ""
    handler.user.save()
    deliver(at=TUESDAY, transports=Recorder())
    assert Parcel.objects.dead().get().last_error == "no address any more"


def test_a_dead_letter_does_not_hold_up_the_next(quiet_case):
    tell(quiet_case, "k1")
    tell(quiet_case, "k2")
    while spread(at=TUESDAY):
        pass
    line = Recorder(broken="k1:", error=TransportError("no", permanent=True))
    deliver(at=TUESDAY, transports=line)
    deliver(at=TUESDAY, transports=line)
    assert [key[:2] for key in line.sent] == ["k2"]


def test_a_lease_that_its_holder_lost_is_taken_over(quiet_case):
    tell(quiet_case, "k1")

    class Dies(Recorder):
        def send(self, letter):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(Dies())
    line = Recorder()
    deliver(at=TUESDAY, transports=line)
    assert line.sent == []  # somebody may still be sending it
    Parcel.objects.update(leased_until=LONG_AGO)
    deliver(at=TUESDAY, transports=line)
    assert len(line.sent) == 1


@pytest.mark.parametrize("error", [TransportError("line is down"), None])
def test_who_held_the_lease_too_long_marks_nothing(quiet_case, error):
    tell(quiet_case, "k1")
    later = TUESDAY + timedelta(minutes=1)

    class Slow(Recorder):
        """Is overtaken while it sends: the lease runs out and another process delivers."""

        def send(self, letter):
            try:
                Parcel.objects.update(leased_until=LONG_AGO)
                deliver(at=later, transports=Recorder())
            finally:
                connection.close()  # of this thread
            if error:
                raise error

    go(Slow())
    parcel = Parcel.objects.get()
    assert (parcel.sent_at, parcel.attempts, parcel.dead_at) == (later, 0, None)


def test_two_deliverers_at_once_send_each_parcel_once(quiet_case):
    for number in range(40):
        tell(
            another_case(),
            f"k{number}",
        )
    OutboxMessage.objects.exclude(key__startswith="k").delete()
    while spread(at=TUESDAY):
        pass
    line = Recorder()

    def work():
        try:
            while deliver(at=TUESDAY, limit=5, transports=line):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(line.sent) == len(set(line.sent)) == 40
    assert not Parcel.objects.waiting().exists()


def test_any_fault_of_a_transport_is_that_parcels_alone(quiet_case, dispatcher):
    dispatcher.user.email = "lin@centre.example"
    dispatcher.user.save()
    tell(quiet_case, "k1")
    tell(quiet_case, "k2", receiver="unit:operations-centre")
    while spread(at=TUESDAY):
        pass
    line = Recorder(broken="k1", error=ZeroDivisionError("huang@lamps.example"))
    deliver(at=TUESDAY, transports=line)
    assert [key[:2] for key in line.sent] == ["k2"]
    # Of an error that we did not word ourselves only the name is kept: it may hold an address.
    assert Parcel.objects.failing().get().last_error == "ZeroDivisionError"


def test_where_nobody_listens_is_tried_once_a_round(quiet_case, monkeypatch):
    monkeypatch.setattr(delivery, "_THREADS", 1)
    for number in range(3):
        tell(
            another_case(),
            f"k{number}",
        )
    OutboxMessage.objects.exclude(key__startswith="k").delete()
    while spread(at=TUESDAY):
        pass
    tried = []

    class Down(Recorder):
        def send(self, letter):
            tried.append(letter.key)
            raise TransportError("no answer", unreachable=True)

    deliver(at=TUESDAY, transports=Down())
    assert len(tried) == 1
    assert sorted(Parcel.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert not Parcel.objects.filter(leased_until__isnull=False).exists()
    line = Recorder()
    deliver(at=TUESDAY + timedelta(minutes=1), transports=line)
    assert len(line.sent) == 3


def test_what_there_was_no_time_for_goes_back_untried(quiet_case, monkeypatch):
    monkeypatch.setattr(delivery, "SENDING", -1.0)
    tell(quiet_case, "k1")
    line = Recorder()
    go(line)
    parcel = Parcel.objects.get()
    assert (line.sent, parcel.attempts, parcel.leased_until) == ([], 0, None)


def test_a_lease_outlasts_everything_that_happens_under_it(settings):
    assert delivery.lease().total_seconds() > delivery.SENDING + settings.TRANSPORT_TIMEOUT


# --- the hour -------------------------------------------------------------------------------------


def test_at_night_a_parcel_waits_for_the_end_of_quiet_hours(quiet_case):
    tell(quiet_case, "k1", at=NIGHT)
    line = Recorder()
    go(line, at=NIGHT)
    assert Parcel.objects.get().not_before == MORNING
    assert Notification.objects.count() == 1  # the inbox is never quiet
    deliver(at=MORNING - timedelta(seconds=1), transports=line)
    assert line.sent == []
    deliver(at=MORNING, transports=line)
    assert len(line.sent) == 1


def test_quiet_hours_before_midnight_and_after_it_are_one_night(quiet_case):
    after_midnight = NIGHT + timedelta(hours=3)
    tell(quiet_case, "k1", at=after_midnight)
    spread(at=after_midnight)
    assert Parcel.objects.get().not_before == MORNING


def test_by_day_one_may_have_quiet_hours_too(quiet_case, handler):
    NoticePreference.objects.create(user=handler.user, quiet_from=time(9), quiet_until=time(12))
    tell(quiet_case, "k1")
    spread(at=TUESDAY)  # ten o'clock
    assert Parcel.objects.get().not_before == TUESDAY + timedelta(hours=2)


def test_an_emergency_waits_for_no_hour_and_no_digest(quiet_case, handler):
    handler.user.phone = "13911112222"
    handler.user.save()
    NoticePreference.objects.create(
        user=handler.user, email_mode=NoticeMode.DIGEST, sms_mode=NoticeMode.OFF, wework_mode=NoticeMode.OFF
    )
    tell(quiet_case, "k1", at=NIGHT, kind="case.dispatched", urgency="emergency")
    spread(at=NIGHT)
    assert set(Parcel.objects.values_list("channel", "not_before")) == {("email", NIGHT), ("sms", NIGHT)}


def test_an_emergency_takes_along_what_waited_for_the_morning_in_order(quiet_case, handler):
    tell(quiet_case, "k1", at=NIGHT)
    spread(at=NIGHT)
    later = NIGHT + timedelta(hours=1)
    tell(quiet_case, "k2", at=later, urgency="emergency")
    spread(at=later)
    line = Recorder()
    deliver(at=later, transports=line)
    deliver(at=later, transports=line)
    assert [key[:2] for key in line.sent] == ["k1", "k2"]


def test_a_routine_notice_is_not_texted_unless_asked_for(quiet_case, handler):
    handler.user.phone = "13911112222"
    handler.user.save()
    tell(quiet_case, "k1")
    spread(at=TUESDAY)
    assert [parcel.channel for parcel in Parcel.objects.all()] == ["email"]


def test_who_wants_nothing_still_finds_it_in_the_inbox(quiet_case, handler):
    NoticePreference.objects.create(user=handler.user, email_mode=NoticeMode.OFF)
    tell(quiet_case, "k1")
    spread(at=TUESDAY)
    assert Notification.objects.unread().filter(user=handler.user).count() == 1
    assert not Parcel.objects.exists()


def test_a_resident_hears_at_once_that_it_came_in_and_of_the_rest_by_day(lamp_case):
    OutboxMessage.objects.all().delete()
    report = lamp_case.links.get().report
    for kind in ("report.received", "report.closed"):
        tell(lamp_case, kind, receiver=f"report:{report.pk}", kind=kind, at=NIGHT)
    while spread(at=NIGHT):
        pass
    assert dict(Parcel.objects.values_list("kind", "not_before")) == {
        "report.received": NIGHT,
        "report.closed": MORNING,
    }


# --- the words ------------------------------------------------------------------------------------


def letters_of(line, at):
    while spread(at=at):
        pass
    while deliver(at=at, transports=line):
        pass
    return [letter.body for letter in line.letters]


def test_a_warning_in_both_languages(quiet_case, handler, other_handler):
    due = datetime(2026, 7, 9, 10, 0, tzinfo=UTC).isoformat()
    for who, language in ((handler, "zh-hans"), (other_handler, "en")):
        who.user.phone = "13911112222"
        who.user.save()
        NoticePreference.objects.create(
            user=who.user, language=language, sms_mode=NoticeMode.NOW, email_mode=NoticeMode.OFF
        )
        tell(
            quiet_case,
            f"warn:{language}",
            receiver=f"user:{who.user.pk}",
            kind="timer.warned",
            clock="handling",
            stage="warn_80",
            due_at=due,
        )
    number = quiet_case.number
    assert letters_of(Recorder(), TUESDAY) == [
        f"【一网】{number} 还剩 20%,请于 7月9日 18:00 前办结。",
        f"[Yiwang] {number}: 20% of the time is left. Settle it by 9 Jul, 18:00.",
    ]


def test_a_warning_that_is_told_after_the_due_time_says_so(quiet_case, handler):
    NoticePreference.objects.create(user=handler.user, language="en")
    due = (TUESDAY + timedelta(hours=1)).isoformat()
    tell(quiet_case, "k1", kind="timer.warned", clock="handling", stage="warn_80", due_at=due)
    body = letters_of(Recorder(), TUESDAY + timedelta(days=3))[0]
    assert "It should have been settled by 7 Jul, 11:00." in body
    assert "left" not in body


def test_a_reporter_reads_their_own_language_and_the_way_to_their_page(settings):
    settings.PUBLIC_URL = "https://yiwang.example"
    case = file_report()
    report = case.links.get().report
    report.language = "en"
    report.save()
    line = Recorder()
    letters_of(line, TUESDAY)
    letter = next(letter for letter in line.letters if letter.kind == "report.received")
    assert letter.to == "13812342207"
    assert letter.body == (
        f"[Yiwang] Your report has come in and is with {case.owner_unit.name_en}."
        f" See https://yiwang.example/r/{report.tracking_code}/"
    )


def test_a_letter_says_the_same_whenever_it_is_made(quiet_case, handler):
    tell(quiet_case, "k1", kind="timer.warned", clock="handling", stage="warn_50", due_at=MORNING.isoformat())
    spread(at=TUESDAY)

    class Refusing(Recorder):
        def send(self, letter):
            self.letters.append(letter)
            raise TransportError("later")

    line = Refusing()
    deliver(at=TUESDAY, transports=line)
    NoticePreference.objects.create(user=handler.user, language="en")
    quiet_case.urgency, quiet_case.due_at = "emergency", MORNING + timedelta(days=2)
    quiet_case.save()
    deliver(at=MORNING + timedelta(days=1), transports=line)
    first, second = line.letters
    assert first == second


def test_leases_run_on_the_machines_clock(quiet_case):
    tell(quiet_case, "k1")
    spread(at=TUESDAY)
    seen = []

    class Looks(Recorder):
        def send(self, letter):
            seen.append(Parcel.objects.get().leased_until)
            connection.close()

    deliver(at=TUESDAY, transports=Looks())
    assert seen[0] > timezone.now()


# --- the tasks ------------------------------------------------------------------------------------


def test_the_task_spreads_and_sends_and_leaves_a_beat(quiet_case, caplog, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: TUESDAY)  # by night letters wait for the morning
    tell(quiet_case, "k1")
    with caplog.at_level("INFO", logger="outbox"):
        assert tasks.deliver_messages() == 2  # spread, and handed to the console
    assert "k1:email:user:" in caplog.text
    assert SweepBeat.objects.get(name="outbox").done == 2
    tasks.send_digests()
    assert SweepBeat.objects.filter(name="digests").exists()


def test_while_a_past_is_played_nothing_is_told(quiet_case):
    tell(quiet_case, "k1")
    held, done = threading.Event(), threading.Event()

    def play():
        try:
            with drive_clocks():
                held.set()
                done.wait(10)
        finally:
            connection.close()

    player = threading.Thread(target=play)
    player.start()
    held.wait(10)
    assert tasks.deliver_messages() == 0
    done.set()
    player.join()
    assert not Notification.objects.exists()


def test_what_a_past_had_to_say_was_said_in_its_time(quiet_case):
    tell(quiet_case, "old")
    tell(quiet_case, "new", at=MORNING)
    assert delivery.leave_untold(before=MORNING) == 1
    spread(at=MORNING)
    assert list(Notification.objects.values_list("message__key", flat=True)) == ["new"]
