"""What the doctor says of backups, of sign-ins and of what is sealed."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.utils import translation

from accounts.models import Membership, SecondFactor
from accounts.roles import Role
from accounts.sealing import seal
from config.backup import take
from config.doctor import Finding, Level, copies, trust, worst
from incidents.models import Contact
from tests.cast import TUESDAY, Person

NOW = datetime(2026, 7, 7, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_english() -> Iterable[None]:
    with translation.override("en"):
        yield


def one(findings: Iterable[Finding]) -> Finding:
    (found,) = findings
    assert bool(found.advice) == (found.level > Level.GOOD)
    return found


# --- copies -----------------------------------------------------------------------------------


@pytest.fixture
def var(settings, tmp_path: Path) -> Path:
    settings.PRODUCTION, settings.BACKUP_HOURS = True, 48.0
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT, settings.MODEL_DIR = tmp_path / "var" / "media", tmp_path / "var" / "models"
    (tmp_path / "var").mkdir()
    return tmp_path / "var"


def test_an_installation_that_was_never_backed_up(var: Path, settings) -> None:
    assert one(copies.backups(now=NOW)).level == Level.WARNING
    settings.BACKUP_HOURS = 0.0
    assert one(copies.backups(now=NOW)).level == Level.GOOD
    settings.PRODUCTION, settings.BACKUP_HOURS = False, 48.0
    assert one(copies.backups(now=NOW)).level == Level.GOOD


@pytest.mark.parametrize(
    ("hours", "level"), [(1, Level.GOOD), (47, Level.GOOD), (49, Level.WARNING), (193, Level.PROBLEM)]
)
@pytest.mark.django_db(transaction=True)
def test_no_backup_for_days(var: Path, tmp_path: Path, hours: int, level: Level) -> None:
    made = take(tmp_path / "backups", at=NOW - timedelta(hours=hours), say=lambda _words: None)
    assert made.exists()
    found = one(copies.backups(now=NOW))
    assert found.level == level
    assert "2026-0" in found.says


def record(var: Path, archive: Path) -> None:
    told = {"at": NOW.isoformat(), "path": str(archive)}
    (var / "last-backup.json").write_text(json.dumps(told))


def test_archives_that_were_broken_off_and_ones_that_are_gone(var: Path, tmp_path: Path) -> None:
    record(var, tmp_path / "elsewhere" / "yiwang-20260707-040000Z.tar")
    assert one(copies.backups(now=NOW)).level == Level.GOOD  # another machine's folder, not seen from here
    folder = tmp_path / "backups"
    folder.mkdir()
    record(var, folder / "yiwang-20260707-040000Z.tar")
    assert [found.check for found in copies.backups(now=NOW)] == ["backup", "backup-folder"]
    (folder / "yiwang-20260707-040000Z.tar").write_bytes(b"")
    young, old = folder / "yiwang-20260707-039999Z.tar.part", folder / "yiwang-20260701-040000Z.tar.part"
    for path, at in ((young, NOW), (old, NOW - timedelta(days=1))):
        path.write_bytes(b"half")
        os.utime(path, (at.timestamp(), at.timestamp()))
    _good, torn = copies.backups(now=NOW)
    assert torn.level == Level.WARNING
    assert old.name in torn.says
    assert young.name not in torn.says  # somebody is at it


def test_a_record_that_cannot_be_read(var: Path) -> None:
    for text in ("{", "[]", '{"at": "yesterday", "path": "x"}'):
        (var / "last-backup.json").write_text(text)
        assert one(copies.backups(now=NOW)).level == Level.WARNING


@pytest.mark.django_db
def test_what_a_killed_restore_left_behind(var: Path) -> None:
    assert one(copies.restores(now=NOW)).level == Level.GOOD
    left = var / ".media-restoring-abc"
    left.mkdir()
    os.utime(left, (NOW.timestamp(), NOW.timestamp()))
    assert one(copies.restores(now=NOW)).level == Level.GOOD  # it goes on
    found = one(copies.restores(now=NOW + timedelta(hours=7)))
    assert found.level == Level.WARNING
    assert str(left) in found.says


# --- sign-ins ---------------------------------------------------------------------------------


def test_strict_sign_in_is_off(settings) -> None:
    settings.PRODUCTION, settings.STRICT_SIGN_IN = True, False
    found = one(trust.strict_sign_in())
    assert found.level == Level.PROBLEM
    assert "STRICT_SIGN_IN" in found.says
    settings.STRICT_SIGN_IN = True
    assert one(trust.strict_sign_in()).level == Level.GOOD
    settings.PRODUCTION = settings.STRICT_SIGN_IN = False
    assert list(trust.strict_sign_in()) == []


@pytest.mark.django_db
def test_administrators_without_a_second_factor(operator: Person, settings) -> None:
    settings.STRICT_SIGN_IN = True
    assert worst(trust.second_factors()) == Level.GOOD
    Membership.objects.filter(user=operator.user).update(role=Role.STEWARD)
    found = one(trust.second_factors())
    assert found.level == Level.WARNING
    assert f"1 ({operator.user.username})" in found.says
    settings.STRICT_SIGN_IN = False
    assert list(trust.second_factors()) == []
    settings.STRICT_SIGN_IN = True
    SecondFactor.objects.create(user=operator.user, key_sealed=seal("key"), set_up_at=TUESDAY)
    assert one(trust.second_factors()).level == Level.GOOD
    SecondFactor.objects.all().delete()
    operator.user.is_active = False
    operator.user.save()
    assert one(trust.second_factors()).level == Level.GOOD


# --- what is sealed ---------------------------------------------------------------------------


def sealed_by_another(plain: str) -> bytes:
    return Fernet(Fernet.generate_key()).encrypt(plain.encode())


@pytest.mark.django_db
def test_keys_that_do_not_open_what_is_kept() -> None:
    assert "No resident" in one(trust.sealed_data()).says
    Contact.sealed(name="王小明", phone="13812342207", at=TUESDAY).save()
    assert "can be read" in one(trust.sealed_data()).says
    Contact.objects.create(name_sealed=sealed_by_another("王小明"), created_at=TUESDAY)
    found = one(trust.sealed_data())
    assert found.level == Level.PROBLEM
    assert "王" not in found.says + found.advice


@pytest.mark.django_db
def test_keys_that_do_not_open_second_factors(operator: Person) -> None:
    SecondFactor.objects.create(
        user=operator.user, key_sealed=sealed_by_another("JBSWY3DP"), set_up_at=TUESDAY
    )
    found = one(trust.sealed_data())
    assert found.level == Level.PROBLEM
    assert "accounts_secondfactor" in found.says
