"""What the machine has: disk, folders, keys, a trained model; and what the district has to decide."""

import base64
import binascii
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.ciphers import SM4, sealer
from config.doctor.finding import Finding, Level
from dispatch.models import CalendarYear
from dispatch.normalise.model import current_folder, load

GB = 1024**3
# Free space that is enough whatever the size of the disk, and the share of it that is enough on a small one.
ROOM_WARNING, ROOM_PROBLEM = (20 * GB, 0.10), (2 * GB, 0.03)
# The State Council's notice of the next year comes out in November, or a little before.
NOTICE_MONTH = 11
# As Django's own check asks (security.W009).
LEAST_KEY_LENGTH, LEAST_KEY_CHARACTERS = 50, 5


def demonstration_settings() -> Iterator[Finding]:
    """What only a demonstration may do."""
    found = []
    level = Level.PROBLEM if settings.PRODUCTION else Level.WARNING
    if settings.DEBUG:
        said = _("DEBUG is on: pages show the inside of the program to whoever makes them fail.")
        found.append(Finding("debug", level, said, _("Set DEBUG=0 and start again.")))
    if "*" in settings.ALLOWED_HOSTS:
        said = _("ALLOWED_HOSTS has “*”: links can be made to lead to somebody else's site.")
        found.append(Finding("hosts", level, said, _("Name the addresses of this site in ALLOWED_HOSTS.")))
    if not settings.PRODUCTION:
        said = _(
            "This is no production (PRODUCTION=0): cookies travel without TLS, and the demo says who may "
            "sign in."
        )
        advice = _("Where real people are served, set PRODUCTION=1.")
        found.append(Finding("production", Level.WARNING, said, advice))
    yield from found or [Finding("settings", Level.GOOD, _("The settings are those of a production."))]


def keys() -> Iterator[Finding]:
    """Are the keys secrets, and are they keys?"""
    level = Level.PROBLEM if settings.PRODUCTION else Level.WARNING
    wrong = [Finding("keys", Level.PROBLEM, said, advice) for said, advice in _broken_keys()] + [
        Finding("keys", level, said, advice) for said, advice in _weak_keys()
    ]
    yield from wrong or [Finding("keys", Level.GOOD, _("The keys are this installation's own."))]


def _broken_keys() -> Iterator[tuple[str, str]]:
    for number, key in enumerate(settings.CONTACT_KEYS, start=1):
        try:
            sealer(key)
        except (ValueError, binascii.Error):
            yield (
                _("CONTACT_KEYS: number %(number)s is no key (32 bytes in url-safe base64).")
                % {"number": number},
                _(
                    "Residents' names cannot be kept until it is mended; docs/running.md says how to make "
                    "one."
                ),
            )


def _weak_keys() -> Iterator[tuple[str, str]]:
    secret = settings.SECRET_KEY
    if (
        secret.startswith("insecure-")
        or len(secret) < LEAST_KEY_LENGTH
        or len(set(secret)) < LEAST_KEY_CHARACTERS
    ):
        yield (
            _("SECRET_KEY is the one of the demonstration, or weak: sessions and links can be forged."),
            _(
                "Set a random one of 50 characters (docs/running.md); everybody signs in again, and the old "
                "one goes behind it in PLACE_CODE_KEYS."
            ),
        )
    if any(_is_demonstration(key) for key in settings.CONTACT_KEYS):
        yield (
            _("CONTACT_KEYS has the key of the demonstration, which everybody can read."),
            _("Put a key of your own in front of it; docs/running.md says how to make one."),
        )
    if len(settings.CONTACT_INDEX_KEY) < 32:
        yield (
            _(
                "CONTACT_INDEX_KEY is the one of the demonstration, or short: telephone numbers can be "
                "guessed from a copy of the database."
            ),
            _(
                "Set a random one before the first report; changed later, residents are no longer known by "
                "their number."
            ),
        )


def _is_demonstration(key: str) -> bool:
    try:
        return base64.urlsafe_b64decode(key.removeprefix(SM4)).startswith(b"demonstration-key")
    except (ValueError, binascii.Error):
        return False


def writable(folder: Path) -> Iterator[Finding]:
    """Can pictures and documents be kept?"""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"ok")
            file.flush()
    except OSError as error:
        told = {"folder": folder, "error": error.strerror}
        yield Finding(
            "media",
            Level.PROBLEM,
            _("The folder for pictures and documents cannot be written (%(folder)s): %(error)s") % told,
            _("Give the folder to the user that Yiwang runs as, or set YIWANG_VAR to another one."),
        )
        return
    yield Finding("media", Level.GOOD, _("Pictures and documents can be kept."))


def disk(
    folders: Iterable[Path], statvfs: Callable[[Path], os.statvfs_result] = os.statvfs
) -> Iterator[Finding]:
    """Is there room, in bytes and in files, wherever something of ours grows?"""
    seen = set()
    for folder in folders:
        there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
        if (device := there.stat().st_dev) in seen:
            continue
        seen.add(device)
        yield _room(there, statvfs(there))


def _room(folder: Path, told: os.statvfs_result) -> Finding:
    size, free = told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize
    # Some file systems make room for files as they come, and then say 0 of 0.
    share = told.f_favail / told.f_files if told.f_files else 1.0
    level = Level.GOOD
    for worse, (room, least) in ((Level.WARNING, ROOM_WARNING), (Level.PROBLEM, ROOM_PROBLEM)):
        if free < min(room, size * least) or share < least:
            level = worse
    says = _(
        "Free on the disk of %(folder)s: %(free)s of %(size)s GB; of the files that it can hold: "
        "%(share)s %%."
    ) % {
        "folder": folder,
        "free": f"{free / GB:.1f}",
        "size": f"{size / GB:.1f}",
        "share": f"{share * 100:.0f}",
    }
    advice = _(
        "Make room (old backups, logs), or give it a bigger disk: when it is full nothing is taken in."
    )
    return Finding("disk", level, says, advice if level else "")


def model() -> Iterator[Finding]:
    """Can reports be read?"""
    try:
        version = load(current_folder()).version
    except ImproperlyConfigured as error:
        yield Finding(
            "model",
            Level.PROBLEM,
            _("The classifier is not there: %(error)s") % {"error": error},
            _("Run: manage.py train --if-needed. Until then no report can be taken in."),
        )
        return
    yield Finding("model", Level.GOOD, _("The classifier is there (%(version)s).") % {"version": version})


def calendar(*, at: datetime) -> Iterator[Finding]:
    """Do limits in working days end on the right day?"""
    today = timezone.localtime(at)
    confirmed = dict(CalendarYear.objects.values_list("year", "confirmed"))
    for year in (today.year, today.year + 1):
        if confirmed.get(year):
            yield Finding(
                "calendar", Level.GOOD, _("The work calendar of %(year)s is confirmed.") % {"year": year}
            )
            continue
        is_due = year == today.year or today.month >= NOTICE_MONTH or year not in confirmed
        level = (Level.PROBLEM if year == today.year else Level.WARNING) if is_due else Level.GOOD
        says = (
            _("The work calendar of %(year)s is a forecast: holidays and make-up days are not confirmed.")
            if year in confirmed
            else _("There is no work calendar of %(year)s.")
        )
        advice = _(
            "When the State Council's notice is out, enter its days on the page of the work calendar and "
            "confirm the year; or bring Yiwang up to date and run: manage.py load_calendar."
        )
        yield Finding("calendar", level, says % {"year": year}, advice if level else "")
