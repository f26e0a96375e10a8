"""What each zone answers and refuses, and what its keys open."""

import os
import secrets
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as project
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from config import zones
from config.doctor import outer as doctor
from config.doctor.finding import Level, worst
from incidents.models.outer import OuterLink, OuterPhoto
from incidents.outer import exchange, keys, photos, wire
from incidents.outer.sessions import SessionStore
from incidents.public.facts import Complaint, Week
from incidents.public.following import tracked
from tests.incidents.resident.conftest import picture, upload

PRIVATE, PUBLIC = keys.new_pair()
SHARED = secrets.token_urlsafe(16)


@pytest.fixture
def outer(settings: Any) -> None:
    settings.ZONE = "outer"
    settings.OUTER_SECRET = SHARED
    settings.OUTER_SEAL_KEY = PUBLIC
    settings.OUTER_OPEN_KEYS = [PRIVATE]


# --- addresses ------------------------------------------------------------------------------------


def names() -> set[str]:
    """Of every address that there is."""

    def walk(resolver: Any, spaces: tuple[str, ...] = ()) -> Any:
        for one in resolver.url_patterns:
            if hasattr(one, "url_patterns"):
                yield from walk(one, (*spaces, one.namespace) if one.namespace else spaces)
            elif one.name:
                yield ":".join((*spaces, one.name))

    return set(walk(get_resolver()))


def test_each_name_that_a_zone_speaks_of_is_an_address() -> None:
    known = names()
    assert known >= zones.RESIDENTS
    assert known >= {"type-size", "set_language", "grids:geojson", "outer-exchange"}


CORE_ADDRESSES = (
    *(
        "/sign-in/",
        "/desk/",
        "/cases/",
        "/inbox/",
        "/installation/",
        "/api/v1/",
        "/api/v1/schema/",
        "/board/",
    ),
    *("/open311/v2/services.json", "/codes/", "/audit/", "/mine/reports/", "/public/league/", "/no-role/"),
)


@pytest.mark.django_db
@pytest.mark.parametrize("path", CORE_ADDRESSES)
@pytest.mark.usefixtures("outer")
def test_outside_there_is_nothing_of_the_core(path: str) -> None:
    assert Client().get(path).status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("outer")
def test_outside_the_way_in_leads_to_what_is_published() -> None:
    assert Client().get("/").headers["Location"] == "/public/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/report/", "/r/", "/r/ABCDE-FGHJK/", "/mine/", "/public/", "/public/cases/"]
)
def test_the_core_of_two_zones_has_no_pages_for_residents(path: str, settings: Any) -> None:
    assert Client().get(path).status_code != 404 or path.startswith("/r/A")
    settings.ZONE = "core"
    assert Client().get(path).status_code == 404
    assert Client().get("/sign-in/").status_code == 200


@pytest.mark.django_db
def test_in_the_core_nobody_exchanges(settings: Any) -> None:
    settings.OUTER_SECRET = SHARED
    body = b"{}"
    told = {"X-Yiwang-Signature": keys.signature(keys.CORE_SAYS, body)}
    answer = Client().post("/outer/exchange/", body, "application/json", headers=told)
    assert answer.status_code == 404


# --- settings -------------------------------------------------------------------------------------


def test_the_outer_zone_starts_with_nothing_of_the_cores() -> None:
    for name in zones.OF_THE_CORE:
        with pytest.raises(ImproperlyConfigured, match=name):
            zones.zone_of("outer", {name: "something"})
    assert zones.zone_of("core", {"CONTACT_KEYS": "something"}) == "core"
    with pytest.raises(ImproperlyConfigured):
        zones.zone_of("outside", {})


def test_the_outer_process_has_no_key_of_the_cores() -> None:
    told = {
        "ZONE": "outer",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "OUTER_SECRET": SHARED,
        "OUTER_SEAL_KEY": PUBLIC,
        "PATH": os.environ["PATH"],
    }
    say = (
        "from django.conf import settings as s; print(s.CONTACT_KEYS, s.CONTACT_INDEX_KEY, s.OUTER_OPEN_KEYS)"
    )
    command = [sys.executable, "-W", "ignore", "-c", say]
    done = subprocess.run(
        command,
        cwd=project.BASE_DIR,
        env=told | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[]  []", done.stderr


def test_the_outer_zone_does_not_start_with_the_demonstrations_key() -> None:
    """What waits there is locked under keys that come of SECRET_KEY: everybody knows that one."""
    told = {"ZONE": "outer", "OUTER_SECRET": SHARED, "OUTER_SEAL_KEY": PUBLIC, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import config.settings"],
        cwd=project.BASE_DIR,
        env=told,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr.rsplit("ImproperlyConfigured", 1)[-1]


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("outer")
def test_what_is_sealed_is_opened_by_the_private_key_alone(settings: Any) -> None:
    sealed = keys.seal("电话13812345678".encode(), about=b"1")
    assert b"138" not in sealed
    assert keys.unseal(sealed, about=b"1").decode() == "电话13812345678"
    with pytest.raises(keys.NotOurs):
        keys.unseal(sealed, about=b"2")
    settings.OUTER_OPEN_KEYS = [keys.new_pair()[0]]
    with pytest.raises(keys.NotOurs):
        keys.unseal(sealed, about=b"1")


@pytest.mark.usefixtures("outer")
def test_a_code_opens_its_own_page(settings: Any) -> None:
    key = keys.CodeKey("ABCDE-FGHJK")
    locked = key.lock(b"page")
    assert keys.CodeKey("ABCDE-FGHJK").unlock(locked) == b"page"
    with pytest.raises(keys.NotOurs):
        keys.CodeKey("ABCDE-FGHJM").unlock(locked)
    settings.OUTER_SECRET = secrets.token_urlsafe(16)
    assert keys.CodeKey("ABCDE-FGHJK").place != key.place


@pytest.mark.django_db
@pytest.mark.usefixtures("outer")
def test_a_session_is_read_by_its_cookie_alone() -> None:
    store = SessionStore()
    store["draft"] = "楼道里有烟"
    store.save()
    cookie = store.session_key
    assert cookie is not None
    row = Session.objects.get()
    assert row.session_key != cookie
    assert "烟" not in row.session_data
    assert SessionStore(cookie)["draft"] == "楼道里有烟"
    assert SessionStore(row.session_key).get("draft") is None
    SessionStore(cookie).delete()
    assert not Session.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("outer")
def test_a_picture_is_read_by_its_secret_alone() -> None:
    secret = photos.keep(upload(picture()), at=timezone.now())
    row = OuterPhoto.objects.get()
    assert row.pk != secret
    assert picture()[:100] not in bytes(row.body)
    assert (photos.shown(secret) or b"").startswith(b"\xff\xd8")
    assert photos.shown(uuid4()) is None


# --- on the wire ----------------------------------------------------------------------------------


def test_a_complaint_is_the_same_on_the_other_side() -> None:
    said = Complaint(form="f", text="t", lon=114.0, photos=(uuid4(),), filed_at=timezone.now())
    assert wire.read(Complaint, wire.plain(wire.written(said))) == said


def test_a_week_is_the_same_on_the_other_side() -> None:
    now = timezone.now()
    said = Week(now, now, 1, 0.5, 2.0, None, (), {"440307011": ("南联", 3)}, ())
    assert wire.read(Week, wire.plain(wire.written(said))) == said


def test_a_tracked_case_is_the_same_on_the_other_side(resolved_case: Any) -> None:
    said = tracked(resolved_case.links.get().report.tracking_code, at=timezone.now())
    assert wire.read(type(said), wire.plain(wire.written(said))) == said


# --- exchanges ------------------------------------------------------------------------------------


def message(**more: Any) -> bytes:
    told = {"serial": 5, "sent_at": timezone.now(), "made_at": timezone.now(), "acks": [], "pages": []}
    return wire.written({**told, "gone": [], "take": 5, "most_bytes": 10_000, **more})


@pytest.mark.django_db
@pytest.mark.usefixtures("outer")
def test_a_message_is_signed_fresh_and_new() -> None:
    now = timezone.now()

    def answered(body: bytes, **more: Any) -> Any:
        return exchange.answered(body, keys.signature(keys.CORE_SAYS, body), now=now, **more)

    with pytest.raises(exchange.Refused, match="signature"):
        exchange.answered(message(), keys.signature(keys.OUTER_SAYS, message()), now=now)
    with pytest.raises(exchange.Refused, match="age"):
        answered(message(sent_at=now - timedelta(minutes=11)))
    answered(message(sent_at=now - timedelta(hours=11)), is_live=False)
    with pytest.raises(exchange.Refused, match="serial"):
        answered(message())
    with pytest.raises(exchange.Refused, match="form"):
        answered(b"[]")
    answered(message(serial=6))


# --- the doctor -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_doctor_says_since_when_the_zone_is_not_reached() -> None:
    now = timezone.now()
    assert worst(doctor.from_inside(now=now)) == Level.PROBLEM
    OuterLink.objects.create(pk=1, reached_at=now - timedelta(minutes=10), problem="ConnectionRefusedError")
    told = list(doctor.from_inside(now=now))
    assert worst(told) == Level.WARNING
    assert "ConnectionRefusedError" in told[0].advice
    OuterLink.objects.update(reached_at=now, skew=-90.0)
    assert [one.check for one in doctor.from_inside(now=now)] == ["outer", "outer-clock"]


@pytest.mark.django_db
def test_the_doctor_outside_finds_what_does_not_belong_there(admin: Any) -> None:
    told = {one.check: one.level for one in doctor.from_outside(now=timezone.now())}
    assert told["outer-database"] == Level.PROBLEM


def test_the_compose_file_of_the_outer_zone_gives_it_nothing_of_the_cores() -> None:
    told = Path(project.BASE_DIR, "docker-compose.outer.yml").read_text()
    assert [name for name in zones.OF_THE_CORE if f" {name}:" in told] == []
