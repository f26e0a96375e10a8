"""The chain: rows are sealed in the order of their sealing, and whatever is done to them later is found."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation

from accounts.audit import anchor, sealing, trimming
from accounts.audit.anchor import Head
from accounts.audit.rows import AuditCheck, AuditEvent, AuditStub
from accounts.audit.state import seal_state
from accounts.tasks import seal_audit
from config.doctor.audit import audit_log
from tests.accounts.audit.conftest import faults, looked_through, seal_all, write

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., int]


def command(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("audit", *args, stdout=out, **options)
    return out.getvalue()


def test_a_chain_as_it_was_written_holds() -> None:
    write(7)
    assert seal_all() == 7
    write(3)
    assert seal_all() == 3
    assert list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 11))
    report = looked_through()
    assert (report.faults, report.rows, report.head) == ([], 10, sealing.newest())
    assert anchor.read() == report.head
    assert "All as it was written: 10 rows" in command(verify=True)
    assert AuditCheck.objects.get().faults == []


def test_nothing_to_seal_is_nothing_wrong() -> None:
    assert seal_all() == 0
    assert looked_through().faults == []
    assert command(head=True).strip() == f"0:{'0' * 64}"


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 second'",
        "kind = 'config'",
        "what = 'other'",
        "user_id = 77",
        "client_id = 77",
        "who = 'somebody'",
        "address = '203.0.113.9'",
        "address = NULL",
        "device = 'Firefox'",
        "about_kind = 'case'",
        "about = '20260704-000123'",
        "details = '{\"number\": 4}'",
        "id = 999999",
        "digest = repeat('0', 64)",
        "digest = ''",
        "key = '00000000'",
    ],
)
def test_a_tampered_row_is_found(behind_the_guards: Run, change: str) -> None:
    write(6)
    seal_all()
    assert behind_the_guards(f"UPDATE accounts_auditevent SET {change} WHERE seq = 3") == 1
    found = faults()
    assert found[0] in (("changed", 3), ("key", 3))
    # A changed digest spoils what is chained to it, and nothing further.
    assert {seq for _what, seq in found} <= {3, 4}
    with pytest.raises(CommandError, match="faults in 6 rows"):
        command(verify=True)
    assert AuditCheck.objects.get().faults


def test_removed_rows_are_found_and_counted(behind_the_guards: Run) -> None:
    write(9)
    seal_all()
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq IN (1, 4, 5)")
    assert faults() == [("removed", 1), ("removed", 4)]
    says = [fault.says for fault in looked_through().faults]
    assert "1 removed" in says[0]
    assert "places 4 to 5: 2 removed" in says[1]


def test_a_removed_end_is_found_by_the_head_that_is_kept_outside(behind_the_guards: Run) -> None:
    write(9)
    seal_all()
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq > 6")
    assert faults() == [("end", 7)]
    assert "3 removed from the end" in looked_through().faults[0].says


def test_a_removed_end_is_found_by_a_head_that_was_noted(behind_the_guards: Run) -> None:
    write(4)
    noted = command(head=True).strip()
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq > 2")
    anchor.path().unlink()
    assert looked_through().faults == []
    assert "only against a noted one" in command(verify=True)
    with pytest.raises(CommandError, match="1 faults"):
        command(verify=True, noted=noted)
    assert looked_through(noted=Head.read(noted)).faults[0].what == "end"


def test_everything_gone_is_found(behind_the_guards: Run) -> None:
    write(4)
    seal_all()
    behind_the_guards("DELETE FROM accounts_auditevent")
    assert faults() == [("end", 1)]


def test_rows_that_changed_places_are_found(behind_the_guards: Run) -> None:
    write(6)
    seal_all()
    behind_the_guards("UPDATE accounts_auditevent SET seq = 1000 WHERE seq = 2")
    behind_the_guards("UPDATE accounts_auditevent SET seq = 2 WHERE seq = 5")
    behind_the_guards("UPDATE accounts_auditevent SET seq = 5 WHERE seq = 1000")
    assert {("changed", 2), ("changed", 5)} <= set(faults())


def test_a_row_put_in_is_found(behind_the_guards: Run) -> None:
    write(3)
    seal_all()
    behind_the_guards("UPDATE accounts_auditevent SET seq = 4 WHERE seq = 3")
    behind_the_guards(
        "INSERT INTO accounts_auditevent"
        " (at, kind, what, who, device, about_kind, about, details, seq, digest, key)"
        " SELECT at, kind, what, 'somebody', device, about_kind, about, details, 3, digest, key"
        " FROM accounts_auditevent WHERE seq = 4"
    )
    assert ("changed", 3) in faults()


def test_who_has_the_database_and_not_the_key_cannot_make_the_chain_anew(
    behind_the_guards: Run, settings: Any
) -> None:
    write(5)
    seal_all()
    behind_the_guards("UPDATE accounts_auditevent SET who = 'somebody' WHERE seq = 2")
    behind_the_guards("UPDATE accounts_auditevent SET seq = NULL, digest = '' WHERE seq >= 2")
    settings.AUDIT_KEYS, kept = ["a guess"], settings.AUDIT_KEYS
    anchor.path().unlink()
    seal_all()
    settings.AUDIT_KEYS = kept
    assert {what for what, _seq in faults()} == {"key"}


def test_keys_follow_each_other(settings: Any) -> None:
    settings.AUDIT_KEYS = ["first key"]
    write(2)
    seal_all()
    settings.AUDIT_KEYS = ["second key", "first key"]
    write(2)
    seal_all()
    assert looked_through().faults == []
    assert AuditEvent.objects.values("key").distinct().count() == 2
    settings.AUDIT_KEYS = ["second key"]
    assert faults() == [("key", 1), ("key", 2)]


def test_keys_follow_the_one_that_was_made_of_the_secret_key(settings: Any) -> None:
    """Nobody can put that one behind theirs: they have never seen it."""
    for keys in ([], ["sm3:" + "n" * 40], []):
        settings.AUDIT_KEYS = keys
        write(2)
        seal_all()
    settings.AUDIT_KEYS = ["sm3:" + "n" * 40]
    assert looked_through().faults == []
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    assert looked_through().faults == []
    settings.SECRET_KEY_FALLBACKS = []
    assert {what for what, _seq in faults()} == {"key"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET who = 'somebody'",
        "UPDATE accounts_auditevent SET digest = ''",
        "UPDATE accounts_auditevent SET seq = NULL",
        "UPDATE accounts_auditevent SET seq = seq + 100",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
        "UPDATE accounts_auditstub SET rows = 0",
        "DELETE FROM accounts_auditstub",
        "TRUNCATE accounts_auditstub",
    ],
)
def test_the_database_refuses_what_is_not_adding(statement: str) -> None:
    write(2)
    seal_all()
    AuditStub.objects.create(
        upto=1, digest="", rows=1, first_at=timezone.now(), last_at=timezone.now(), at=timezone.now(), key=""
    )
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET seq = 1, who = 'somebody'",
        "UPDATE accounts_auditevent SET digest = repeat('0', 64)",
        "DELETE FROM accounts_auditevent",
    ],
)
def test_a_row_that_waits_is_guarded_as_well(statement: str) -> None:
    write(1)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_guards_that_are_off_are_told() -> None:
    write(1)
    seal_all()
    with connection.cursor() as cursor:
        try:
            cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER accounts_auditevent_once")
            cursor.execute("ALTER TABLE accounts_membership DISABLE TRIGGER accounts_membership_audited")
            assert [fault.says for fault in looked_through().faults] == [
                "the trigger accounts_auditevent_once on accounts_auditevent is switched off",
                "the trigger accounts_membership_audited on accounts_membership is switched off",
            ]
        finally:
            cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER accounts_auditevent_once")
            cursor.execute("ALTER TABLE accounts_membership ENABLE TRIGGER accounts_membership_audited")


def test_rows_that_nobody_seals_are_told(behind_the_guards: Run) -> None:
    write(2)
    assert faults() == []
    behind_the_guards("UPDATE accounts_auditevent SET at = at - interval '11 minutes'")
    assert faults() == [("waiting", 0)]


def test_nothing_is_sealed_over_an_end_that_is_gone_until_somebody_says_why(behind_the_guards: Run) -> None:
    write(5)
    seal_all()
    kept = anchor.read()
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq > 2")
    write(1)
    with pytest.raises(sealing.HeadLost):
        seal_all()
    assert anchor.read() == kept
    with pytest.raises(CommandError, match="Nothing is sealed"):
        command(seal=True)
    with pytest.raises(CommandError, match="--reason"):
        command(accept_head=True)
    assert "goes on from 2:" in command(accept_head=True, reason="restored the copy of last night")
    assert seal_all() == 2
    assert faults() == []
    line = AuditEvent.objects.get(what="head_accepted")
    assert line.details["given_up"] == str(kept)
    assert line.details["reason"] == "restored the copy of last night"
    with pytest.raises(CommandError, match="Nothing is missing"):
        command(accept_head=True, reason="again")


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[1]", b'{"seq": 2}', b'{"seq": 2, "digest": "x"}', b"\xff"])
def test_a_spoilt_file_outside_is_told_and_got_past(spoilt: bytes) -> None:
    write(3)
    seal_all()
    anchor.path().write_bytes(spoilt)
    write(1)
    with pytest.raises(CommandError, match="spoilt"):
        command(seal=True)
    assert seal_audit() == 0  # the worker says so in its log, and goes on
    assert faults() == [("anchor", 0)]
    state = seal_state(at=timezone.now())
    assert (state.spoilt, state.lost, state.is_broken) == (True, False, True)
    with translation.override("en"):
        assert "cannot be read" in " ".join(finding.says for finding in audit_log(now=timezone.now()))
    assert "goes on from 3:" in command(accept_head=True, reason="the disk was full")
    assert seal_all() == 2
    assert faults() == []
    assert AuditEvent.objects.get(what="head_accepted").details["given_up"] == "spoilt"


# --- retention ------------------------------------------------------------------------------------


def old_rows(run: Run, count: int, days: int) -> None:
    write(count)
    run(f"UPDATE accounts_auditevent SET at = at - interval '{days} days' WHERE seq IS NULL")
    seal_all()


def test_old_rows_go_and_the_chain_still_holds(behind_the_guards: Run) -> None:
    old_rows(behind_the_guards, 4, 400)
    old_rows(behind_the_guards, 3, 190)
    write(2)
    seal_all()
    assert "4 rows let go." in command(trim=365)
    assert AuditEvent.objects.filter(seq__isnull=False).count() == 5
    stub = AuditStub.objects.get()
    assert (stub.upto, stub.rows) == (4, 4)
    assert faults() == []
    assert "3 rows let go." in command(trim=183)
    assert "0 rows let go." in command(trim=183)
    seal_all()
    report = looked_through()
    assert report.faults == []
    assert AuditEvent.objects.filter(what="trimmed").count() == 2


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE accounts_auditevent SET who = 'somebody' WHERE seq = 2", "was changed"),
        ("DELETE FROM accounts_auditevent WHERE seq = 2", "removed"),
        ("DELETE FROM accounts_auditevent WHERE seq = 1", "removed"),
    ],
)
def test_what_is_not_as_it_was_written_is_not_let_go(
    behind_the_guards: Run, statement: str, says: str
) -> None:
    old_rows(behind_the_guards, 4, 400)
    write(1)
    seal_all()
    behind_the_guards(statement)
    before = AuditEvent.objects.count()
    with pytest.raises(CommandError, match=says):
        command(trim=365)
    assert (AuditEvent.objects.count(), AuditStub.objects.count()) == (before, 0)


def test_six_months_are_kept_whoever_asks(behind_the_guards: Run) -> None:
    old_rows(behind_the_guards, 2, 182)
    with pytest.raises(CommandError, match="183 days at least"):
        command(trim=182)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditevent WHERE seq = 1")
    assert trimming.trim(days=183, at=timezone.now()) == 0


def test_old_rows_that_went_without_a_stub_are_found(behind_the_guards: Run) -> None:
    old_rows(behind_the_guards, 3, 200)
    write(1)
    seal_all()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditevent WHERE seq <= 3")  # the database lets them go
    assert faults() == [("removed", 1)]


@pytest.mark.parametrize("change", ["upto = 3", "rows = 9", "digest = repeat('1', 64)", "first_at = now()"])
def test_a_forged_stub_is_found(behind_the_guards: Run, change: str) -> None:
    old_rows(behind_the_guards, 4, 200)
    write(2)
    seal_all()
    trimming.trim(days=183, at=timezone.now())
    assert faults() == []
    behind_the_guards(f"UPDATE accounts_auditstub SET {change}")
    assert faults()[0][0] == "stub"


def test_a_head_that_was_noted_before_rows_went_still_counts(behind_the_guards: Run) -> None:
    old_rows(behind_the_guards, 4, 200)
    noted = sealing.newest()
    write(1)
    seal_all()
    trimming.trim(days=183, at=timezone.now())
    assert looked_through(noted=noted).faults == []
    assert f"The noted head stands in the chain: {noted}." in command(verify=True, noted=str(noted))
    assert looked_through(noted=Head(2, "0" * 64)).faults == []  # gone: the stub vouches for it
    wrong = looked_through(noted=Head(4, "0" * 64)).faults
    assert [fault.what for fault in wrong] == ["anchor"]


def test_a_young_row_before_an_old_one_stays(behind_the_guards: Run) -> None:
    write(1)
    seal_all()
    old_rows(behind_the_guards, 2, 200)
    assert trimming.trim(days=183, at=timezone.now()) == 0
    assert AuditEvent.objects.filter(at__lt=timezone.now() - timedelta(days=190)).count() == 2


def test_a_head_is_read_as_it_is_printed() -> None:
    head = Head(12, "ab" * 32)
    assert Head.read(f" {head}\n") == head
    for bad in ("", "12", "12:xy", f"x:{'a' * 64}", f"12:{'A' * 64}"):
        with pytest.raises(ValueError, match=r"."):
            Head.read(bad)
    with pytest.raises(CommandError, match="--noted"):
        command(verify=True, noted="12")


def test_a_chain_goes_on_under_a_key_for_sm3_and_back(settings: Any) -> None:
    old, new = "k" * 40, "sm3:" + "n" * 40
    for keys in ([old], [new, old], [old, new]):
        settings.AUDIT_KEYS = keys
        write(2)
        assert seal_all() == 2
    assert len(set(AuditEvent.objects.values_list("key", flat=True))) == 2
    assert looked_through().faults == []
    # The same letters without the sign are another key.
    settings.AUDIT_KEYS = [old, new.removeprefix("sm3:")]
    assert looked_through().faults
