"""`manage.py personal_data copy|erase|repeat`: what is kept about one telephone number, on that person's
request; and once more after a restore."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from incidents.privacy import subject


class Command(BaseCommand):
    help = (
        "Copy or erase what is kept about one telephone number. The number is asked for, so that it stands "
        "in no history of the shell. Be sure that who asks has this number: call it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("copy", "erase", "repeat"))
        parser.add_argument("--by", required=True, help="who does this")
        parser.add_argument(
            "--reason", required=True, help="who asked and where that stands; no name or number"
        )
        parser.add_argument("--out", type=Path, help="of copy: the ZIP that is made; never over another file")

    def handle(self, *, what: str, by: str, reason: str, out: Path | None, **options: Any) -> None:
        by, reason = by.strip()[:80], reason.strip()[:200]
        if not by or not reason:
            raise CommandError("--by and --reason: say who and why; both are kept.")
        if (what == "copy") != (out is not None):
            raise CommandError("--out: the file to be made, of a copy and of nothing else.")
        if what == "repeat":
            self._repeat(by, reason)
            return
        phone = input("Telephone number: ")
        try:
            if out is not None:
                self._copy(phone, out, by, reason)
            else:
                self._erase(phone, by, reason)
        except subject.NotANumber as error:
            raise CommandError("That is no telephone number.") from error

    def _copy(self, phone: str, out: Path, by: str, reason: str) -> None:
        try:
            # Its owner's alone, and never in place of another file.
            file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}") from error
        try:
            body, request = subject.copy(phone, done_by=by, reason=reason, at=clock.now())
            with os.fdopen(file, "wb") as handle:
                handle.write(body)
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        self.stdout.write(f"{out}: copy {request.pk}, reports: {request.counts['reports']}.")

    def _repeat(self, by: str, reason: str) -> None:
        done = subject.repeat(done_by=by, reason=reason, at=clock.now())
        reports = sum(request.counts["reports"] for request in done)
        self.stdout.write(f"People erased again: {len(done)}, with {reports} reports.")

    def _erase(self, phone: str, by: str, reason: str) -> None:
        mediations = subject.mediations_of(phone)
        gone, still_open, request = subject.erase(phone, done_by=by, reason=reason, at=clock.now())
        self.stdout.write(
            f"Erasure {request.pk}: reports {gone.reports}, texts {gone.texts}, pictures {gone.pictures}, "
            f"scans {gone.scans}, in {gone.cases} cases."
        )
        if still_open:
            self.stdout.write(f"Still open, and needed until they are closed: {', '.join(still_open)}.")
        if mediations:
            self.stdout.write(f"Files of mediations that name this number and stay: {mediations}.")
        self.stdout.write("After a restore of an older backup: manage.py personal_data repeat.")
