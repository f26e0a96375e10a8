"""`manage.py audit`: seal, look through, note and trim the audit log (docs/audit.md)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.audit import accepting, anchor, sealing, trimming, verifying
from accounts.audit.anchor import Head


class Command(BaseCommand):
    help = "Seal and verify the audit log. Exits with 1 where a row was changed, removed, put in or moved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--verify", action="store_true", help="look through the whole chain")
        what.add_argument("--seal", action="store_true", help="seal what waits, as the worker does")
        what.add_argument("--head", action="store_true", help="seal, and print the digest to note elsewhere")
        what.add_argument("--trim", type=int, metavar="DAYS", help="let go of sealed rows older than DAYS")
        what.add_argument(
            "--accept-head", action="store_true", help="after a restore: go on from what the database has"
        )
        parser.add_argument(
            "--noted", metavar="HEAD", help="with --verify: a head that --head printed before"
        )
        parser.add_argument("--reason", default="", help="with --accept-head: why, and who asked")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verify"]:
                self._verify(options["noted"])
            elif options["seal"] or options["head"]:
                count = self._seal()
                self.stdout.write(str(sealing.newest()) if options["head"] else f"{count} rows sealed.")
            elif options["accept_head"]:
                head = accepting.accept_head(reason=options["reason"], at=timezone.now())
                self.stdout.write(f"The chain goes on from {head}; it stands in the log.")
            else:
                self._seal()
                count = trimming.trim(days=options["trim"], at=timezone.now())
                self.stdout.write(f"{count} rows let go.")
        except sealing.HeadLost as lost:
            raise CommandError(
                f"Nothing is sealed: {lost}. Rows were taken from the end of the log, an older copy of the "
                "database is in use, or the file outside was spoilt. Where it was a restore or the file, and "
                "--verify finds no other fault: manage.py audit --accept-head --reason ..."
            ) from lost
        except (trimming.Refused, accepting.Refused) as refused:
            raise CommandError(str(refused)) from refused

    def _seal(self) -> int:
        total = 0
        while count := sealing.seal(at=timezone.now()):
            total += count
        return total

    def _verify(self, noted: str | None) -> None:
        try:
            head = Head.read(noted) if noted else None
        except ValueError as error:
            raise CommandError(f"--noted: {error}") from error
        at = timezone.now()
        report = verifying.verify(at=at, noted=head)
        verifying.keep(report, at=at)
        for fault in report.faults:
            self.stdout.write(self.style.ERROR(f"{fault.what}: {fault.says}"))
        told = f"{report.rows} rows until {report.head} in {report.seconds:.1f} s"
        if report.anchor is None:
            self.stdout.write(
                f"No head is kept in {anchor.path().parent}: a removed end shows only against a noted one "
                "(--noted)."
            )
        if head is not None and sealing.is_in_chain(head, sealing.newest()):
            self.stdout.write(f"The noted head stands in the chain: {head}.")
        if report.faults:
            count = f"{len(report.faults)} faults" + (
                " or more" if len(report.faults) == verifying.TOLD_MOST else ""
            )
            raise CommandError(f"{count} in {told}.")
        self.stdout.write(self.style.SUCCESS(f"All as it was written: {told}."))
